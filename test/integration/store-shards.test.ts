import { afterEach, beforeEach, expect, test } from 'vitest'
import { type GitServer, startRemote } from '../helpers/git-http.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore } from '../helpers/test-store.ts'

let repository: TestRepository
let server: GitServer
let bare: string

beforeEach(async () => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
  ;({ server, bare } = await startRemote(repository))
})
afterEach(async () => {
  await server.close()
  repository.remove()
})

const push = { remote: 'origin', token: 't' }
const STEP = 'each'
const OF = 3
const onRemote = (...args: string[]) => repository.git('-C', bare, ...args)
const shardRefs = () => onRemote('for-each-ref', '--format=%(refname)', 'refs/codemie/shard')
const part = (run: string, number: number, text = `item ${number}\n`, key = 'k') => ({
  run,
  step: STEP,
  number,
  of: OF,
  key,
  files: new Map([['items.ndjson', Buffer.from(text)]]),
})
/** A machine with a clone of its own. */
async function onMachine<T>(
  body: (store: Awaited<ReturnType<typeof openTestStore>>) => Promise<T>,
): Promise<T> {
  const clone = makeRepository({})
  clone.git('remote', 'add', 'origin', repository.git('remote', 'get-url', 'origin'))
  try {
    return await body(await openTestStore(clone, { push }))
  } finally {
    clone.remove()
  }
}

test('shards of several machines come together in the order of their numbers, and go with the push that finishes the run', async () => {
  const store = await openTestStore(repository, { push })
  const writer = await store.claim(newRun())
  for (const number of [2, 3, 1]) await onMachine((machine) => machine.keepShard(part(writer.id, number)))
  expect(shardRefs().split('\n')).toEqual(
    ['0001', '0002', '0003'].map((number) => `refs/codemie/shard/${writer.id}/${STEP}/${number}`),
  )
  const { shards, refs } = await store.collectShards({ run: writer.id, step: STEP, of: OF })
  expect(shards.map(({ number, files }) => [number, files.get('items.ndjson')?.toString()])).toEqual([
    [1, 'item 1\n'],
    [2, 'item 2\n'],
    [3, 'item 3\n'],
  ])
  for (const event of eventsOf(writer.id, { each: 'all' })) await writer.append(event)
  expect(await writer.finish({ shards: refs })).toMatchObject({ isPublished: true })
  expect(onRemote('for-each-ref', '--format=%(refname)', 'refs/codemie')).toBe('')
  expect(repository.git('for-each-ref', 'refs/codemie/shard')).toBe('')
})

test('a shard that is missing is named, and the others are kept', async () => {
  const store = await openTestStore(repository, { push })
  const writer = await store.claim(newRun())
  await onMachine((machine) => machine.keepShard(part(writer.id, 2)))
  await expect(store.collectShards({ run: writer.id, step: STEP, of: OF })).rejects.toMatchObject({
    code: 'shard-missing',
    message: 'Of 3 shards of each these are not there: 1, 3',
  })
  expect(shardRefs()).toMatch(/0002$/)
})

test('the same shard may arrive twice; another one under its name is refused', async () => {
  const store = await openTestStore(repository, { push })
  const writer = await store.claim(newRun())
  await onMachine((machine) => machine.keepShard(part(writer.id, 1)))
  await onMachine(async (machine) => {
    machine.wait(5000)
    await machine.keepShard(part(writer.id, 1))
  })
  await expect(
    onMachine((machine) => machine.keepShard(part(writer.id, 1, 'other\n'))),
  ).rejects.toMatchObject({
    code: 'shard-differs',
  })
  await expect(store.keepShard(part(writer.id, 1, 'other\n'))).rejects.toMatchObject({
    code: 'shard-differs',
  })
})

test('one of other work, or with something else in it than it lists, is not taken', async () => {
  const store = await openTestStore(repository, { push })
  const writer = await store.claim(newRun())
  await store.keepShard(part(writer.id, 1))
  await store.keepShard(part(writer.id, 2, 'x\n', 'other'))
  await store.keepShard(part(writer.id, 3))
  const collect = () => store.collectShards({ run: writer.id, step: STEP, of: OF })
  await expect(collect()).rejects.toMatchObject({
    code: 'shard-damaged',
    message: expect.stringContaining('other work'),
  })
  const ref = `refs/codemie/shard/${writer.id}/${STEP}/0002`
  onRemote('update-ref', ref, 'refs/heads/main')
  await expect(collect()).rejects.toMatchObject({ code: 'shard-damaged' })
})

test('without a remote they are kept in the repository', async () => {
  const store = await openTestStore(repository)
  const writer = await store.claim(newRun())
  for (const number of [1, 2, 3]) await store.keepShard(part(writer.id, number))
  const { refs } = await store.collectShards({ run: writer.id, step: STEP, of: OF })
  for (const event of eventsOf(writer.id, { each: 'all' })) await writer.append(event)
  await writer.finish({ shards: refs })
  expect(repository.git('for-each-ref', 'refs/codemie')).toBe('')
})
