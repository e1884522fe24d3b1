import { existsSync, statSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeCommits } from '../../runner/git/fast-import.ts'
import { findRepository } from '../../runner/git/repository.ts'
import { writeBundle } from '../../runner/store/bundle.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore } from '../helpers/test-store.ts'

const ID = '20261120T104455Z-00000001'

let repository: TestRepository
let other: TestRepository

beforeEach(() => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
  other = makeRepository({ files: { 'b.txt': 'b\n' } })
})
afterEach(() => {
  repository.remove()
  other.remove()
})

const gitOf = ({ root, env }: TestRepository) => findRepository(root, env).git

test('a paused run goes on in another repository from its bundle', async () => {
  const here = await openTestStore(repository)
  const writer = await here.claim(newRun())
  const events = eventsOf(ID, { a: 'x', b: 'y' })
  for (const event of events.slice(0, 4)) await writer.append(event)
  await writer.append({ type: 'run-paused', at: events[3]?.at ?? '', before: ['b'], reason: 'approval' })
  await writer.finish()

  const ref = `refs/codemie/live/${ID}`
  const file = await writeBundle(gitOf(repository), ref, repository.beside('.'))
  expect(file).toBe(repository.beside(`${ID}.bundle`))
  expect(statSync(file).size).toBeLessThan(20_000)
  other.git('bundle', 'verify', '-q', file)
  expect(other.git('bundle', 'list-heads', file).split(' ')[1]).toBe(ref)
  other.git('fetch', '-q', file, `${ref}:${ref}`)
  const resumed = await (await openTestStore(other)).resume(ID)
  expect(resumed.events.filter((event) => event.type === 'step-finished')).toHaveLength(1)
  await resumed.writer.abandon()
})

test('a tree of 250 files and 10 MiB arrives byte for byte; a second bundle replaces the first', async () => {
  const ref = `refs/codemie/done/${ID}`
  const files = new Map(
    Array.from({ length: 250 }, (_, index) => [`steps/s${index}/1/output.md`, Buffer.alloc(41_944, index)]),
  )
  const plan = { ref, parent: undefined, message: `review ${ID} failed\n`, committedAt: 1_700_000_000, files }
  await writeCommits(gitOf(repository), [plan])
  await writeBundle(gitOf(repository), ref, repository.beside('.'))
  const file = await writeBundle(gitOf(repository), ref, repository.beside('.'))
  other.git('fetch', '-q', file, `${ref}:${ref}`)
  expect(other.git('rev-parse', `${ref}^{tree}`)).toBe(repository.git('rev-parse', `${ref}^{tree}`))
  other.git('fsck', '--full', '--strict', '--no-dangling')
})

test.each(['refs/heads/main', '--all', `refs/codemie/done/${ID}/x`, 'refs/codemie/done/x'])(
  '%s is not the ref of a run',
  async (ref) => {
    await expect(writeBundle(gitOf(repository), ref, repository.beside('.'))).rejects.toThrow(RangeError)
  },
)

test('a run that is not here leaves no file', async () => {
  const ref = `refs/codemie/done/${ID}`
  await expect(writeBundle(gitOf(repository), ref, repository.beside('.'))).rejects.toMatchObject({
    code: 'git-failed',
  })
  expect(existsSync(repository.beside(`${ID}.bundle`))).toBe(false)
})
