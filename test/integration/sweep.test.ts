import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type GitServer, startRemote } from '../helpers/git-http.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

const ID = '20261120T104455Z-00000001'
/** A process of another machine. */
const FAR = { pid: 4242, hostname: 'far' }
/** The command line's clock at least a month after the store's. */
const LATER = String(Date.UTC(2026, 11, 25) / 1000)
let repository: TestRepository
let server: GitServer
let bare: string

beforeEach(async () => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
  ;({ server, bare } = await startRemote(repository, { token: 't' }))
})
afterEach(async () => {
  await server.close()
  repository.remove()
})

const push = { remote: 'origin' }
const refsOf = (root: string) =>
  repository.git('-C', root, 'for-each-ref', '--format=%(refname)', 'refs/codemie')
const sweep = (args: string[] = [], env: Record<string, string> = {}) =>
  runInProcess(['sweep', ...args], { cwd: repository.root, env: { ...repository.env, ...env } })

describe('sweep', () => {
  test('finds everything in order', async () => {
    expect(await sweep()).toEqual({ status: 0, stdout: '', stderr: 'Everything is in order.\n' })
    expect(await sweep(['--push'])).toEqual({ status: 0, stdout: '', stderr: 'Everything is in order.\n' })
  })

  test('puts what another publisher left on the remote’s branch', async () => {
    const lazy = await openTestStore(repository, { push: { ...push, publish: 'later' } })
    await play(await lazy.claim(newRun()), eventsOf(ID, { a: 'x' }))
    expect(refsOf(bare)).toBe(`refs/codemie/done/${ID}`)
    expect(await sweep(['--push'])).toEqual({
      status: 0,
      stdout: `${ID} was put on codemie/runs\n`,
      stderr: '1 thing put in order.\n',
    })
    expect(refsOf(bare)).toBe('')
    expect(repository.git('-C', bare, 'log', '--format=%s', 'codemie/runs')).toBe(`review ${ID} succeeded`)
  })

  test('takes away what stood in for the branch until it was fetched, and bundles of runs that arrived', async () => {
    const store = await openTestStore(repository, { push })
    const writer = await store.claim(newRun())
    server.failNext(503, 100)
    await expect(play(writer, eventsOf(ID, { a: 'x' }))).rejects.toMatchObject({ exitStatus: 6 })
    server.failNext(503, 0)
    const bundle = join(repository.root, '.git/codemie/bundles', `${ID}.bundle`)
    expect(existsSync(bundle)).toBe(true)
    await sweep(['--push'])
    expect([refsOf(repository.root), existsSync(bundle)]).toEqual([`refs/codemie/pushed/${ID}`, false])
    repository.git('fetch', '-q', bare, 'refs/heads/codemie/runs:refs/remotes/origin/codemie/runs')
    await sweep(['--push'])
    expect(refsOf(repository.root)).toBe('')
    const shown = await runInProcess(['show', ID, 'a'], { cwd: repository.root, env: repository.env })
    expect(shown.stdout).toBe('x\n')
  })

  test('sends what could not be pushed when it ended', async () => {
    const store = await openTestStore(repository, { push })
    const writer = await store.claim(newRun())
    server.failNext(503, 100)
    await expect(play(writer, eventsOf(ID, { a: 'x' }))).rejects.toMatchObject({
      code: 'push-server-trouble',
    })
    server.failNext(503, 0)
    expect((await sweep(['--push'])).stdout).toBe(`${ID} had ended and was committed\n`)
    expect(repository.git('-C', bare, 'log', '--format=%s', 'codemie/runs')).toBe(`review ${ID} succeeded`)
    expect((await sweep()).stderr).toBe('Everything is in order.\n')
  })

  test('commits a run whose process died between its end and its record', async () => {
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    for (const event of eventsOf(ID, { a: 'x' })) await writer.append(event)
    await writer.abandon()
    expect((await sweep()).stdout).toBe(`${ID} had ended and was committed\n`)
    expect(repository.git('log', '--format=%s', 'codemie/runs')).toBe(`review ${ID} succeeded`)
  })

  test('puts runs on the branch here that could not be put there because it was checked out', async () => {
    await play(await (await openTestStore(repository)).claim(newRun()), eventsOf(ID, { a: 'x' }))
    repository.git('checkout', '-q', 'codemie/runs')
    const store = await openTestStore(repository, { seed: 2 })
    const second = await store.claim(newRun())
    await play(second, eventsOf(second.id, { a: 'x' }))
    repository.git('checkout', '-q', 'main')
    expect((await sweep()).stdout).toBe(`${second.id} was put on codemie/runs\n`)
    expect(repository.git('for-each-ref', '--format=%(refname)', 'refs/codemie')).toBe('')
  })

  test('leaves alone what is under way, and aborts what nobody went on with for a month', async () => {
    const other = makeRepository()
    try {
      other.git('remote', 'add', 'origin', bare)
      const store = await openTestStore(other, { push, holder: FAR })
      const writer = await store.claim(newRun())
      for (const event of eventsOf(ID, { a: 'x' }).slice(0, 3)) await writer.append(event)
      await writer.checkpoint({ force: true })
      const soon = { SOURCE_DATE_EPOCH: String(Date.UTC(2026, 10, 21) / 1000) }
      expect(await sweep(['--push'], soon)).toMatchObject({ stdout: `${ID} is under way or waits\n` })
      const later = await sweep(['--push', '--json'], { SOURCE_DATE_EPOCH: LATER })
      expect(JSON.parse(later.stdout)).toEqual({
        abandoned: [ID],
        pruned: [],
        committed: [],
        live: [],
        published: [],
        removedShards: [],
      })
      expect(refsOf(bare)).toBe('')
      expect(repository.git('-C', bare, 'log', '--format=%s', 'codemie/runs')).toBe(`review ${ID} aborted`)
      // The one that was thought gone wakes up.
      await expect(writer.finish()).rejects.toMatchObject({ code: 'run-taken-over' })
      expect(other.git('for-each-ref', 'refs/codemie/done')).toBe('')
    } finally {
      other.remove()
    }
  })

  test('removes shards of a run that is gone after a week', async () => {
    const shard = `refs/codemie/shard/${ID}/each/0001`
    repository.git('push', '-q', bare, `main:${shard}`)
    const at = (day: number) => ({ SOURCE_DATE_EPOCH: String(1_700_000_000 + day * 86_400) })
    expect((await sweep(['--push'], at(6))).stdout).toBe('')
    expect((await sweep(['--push'], at(8))).stdout).toBe(`${shard} belonged to no run, and was removed\n`)
    expect(refsOf(bare)).toBe('')
  })

  test('several at once do no harm', async () => {
    const lazy = { ...push, publish: 'later' as const }
    for (const seed of [1, 2, 3]) {
      const store = await openTestStore(repository, { push: lazy, seed })
      const writer = await store.claim(newRun())
      await play(writer, eventsOf(writer.id, { a: 'x' }))
    }
    const all = await Promise.all([sweep(['--push']), sweep(['--push']), sweep(['--push'])])
    expect(all.map(({ status }) => status)).toEqual([0, 0, 0])
    expect(refsOf(bare)).toBe('')
    const folders = repository.git(
      '-C',
      bare,
      'ls-tree',
      '--name-only',
      'codemie/runs',
      'runs/review/2026/11/20/',
    )
    expect(folders.split('\n')).toHaveLength(3)
  })

  test('a remote that cannot be read is said', async () => {
    repository.git('remote', 'set-url', 'origin', `${server.origin}/acme/nothing.git`)
    expect(await sweep(['--push'])).toMatchObject({
      status: 6,
      stderr: expect.stringMatching(/^error push-unauthorized: /),
    })
  })
})

describe('a run that another machine executes', () => {
  const start = async (holder: typeof FAR) => {
    const other = makeRepository()
    other.git('remote', 'add', 'origin', bare)
    const store = await openTestStore(other, { push, holder })
    const writer = await store.claim(newRun())
    for (const event of eventsOf(ID, { a: 'x' }).slice(0, 4)) await writer.append(event)
    await writer.checkpoint({ force: true })
    return other
  }

  test('is not taken over while it shows signs of life, and is after a while, or when told to', async () => {
    const other = await start(FAR)
    try {
      const store = await openTestStore(repository, { push })
      await expect(store.resume(ID)).rejects.toMatchObject({
        code: 'run-is-live',
        message: `This run is being executed by process 4242 on far, whose last sign of life is 0 s old`,
      })
      store.wait(11 * 60_000)
      const resumed = await store.resume(ID)
      expect(resumed.writer.fence).toBe(2)
      expect(resumed.events.map((event) => event.type)).toContain('step-finished')
    } finally {
      other.remove()
    }
  })

  test('with a clock that is ahead counts as alive', async () => {
    const other = await start(FAR)
    try {
      const store = await openTestStore(repository, { push })
      store.wait(-3_600_000)
      await expect(store.resume(ID)).rejects.toMatchObject({ code: 'run-is-live' })
      expect((await store.resume(ID, { takeOver: true })).writer.fence).toBe(2)
    } finally {
      other.remove()
    }
  })

  test('on this machine, in another clone, by a process that is gone: taken over at once, by one', async () => {
    const { hostname } = await import('node:os')
    const other = await start({ pid: 2 ** 22 + 1, hostname: hostname() })
    const clones = Array.from({ length: 4 }, () => makeRepository())
    try {
      const results = await Promise.allSettled(
        clones.map(async (clone, index) => {
          clone.git('remote', 'add', 'origin', bare)
          const store = await openTestStore(clone, { push, seed: 10 + index })
          return await store.resume(ID)
        }),
      )
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const codes = results.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
      for (const code of codes) expect(['run-claimed', 'run-is-live']).toContain(code)
    } finally {
      for (const one of [other, ...clones]) one.remove()
    }
  })
})
