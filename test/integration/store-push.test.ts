import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type GitServer, refusePush, startRemote } from '../helpers/git-http.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

const ID = '20261120T104455Z-00000001'
const FOLDER = `runs/review/2026/11/20/${ID}`
const TOKENS = {
  'write-token': { login: 'bot[bot]', write: true },
  'read-token': { login: 'reader[bot]', write: false },
}

let repository: TestRepository
let server: GitServer
let bare: string

/** A clone of the remote with one commit pushed. */
beforeEach(async () => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
  ;({ server, bare } = await startRemote(repository, { tokens: TOKENS }))
})
afterEach(async () => {
  await server.close()
  repository.remove()
})

const push = { remote: 'origin', token: 'write-token' }
/** A process of another machine. */
const FAR = { pid: 4242, hostname: 'far' }
const remoteRefs = () => repository.git('-C', bare, 'for-each-ref', '--format=%(refname)').split('\n')
const onRemote = (...args: string[]) => repository.git('-C', bare, ...args)

describe('a run whose record is pushed', () => {
  test('is claimed, checkpointed, finished and published; the user’s repository keeps its configuration', async () => {
    const config = repository.git('config', '--local', '--list')
    const store = await openTestStore(repository, { push })
    const writer = await store.claim(newRun())
    expect(remoteRefs()).toEqual([`refs/codemie/live/${ID}`, 'refs/heads/main'])
    expect(onRemote('log', '--format=%s', `refs/codemie/live/${ID}`)).toBe(`review ${ID} running`)

    const events = eventsOf(ID, { a: 'x', b: 'y' })
    for (const event of events.slice(0, 4)) await writer.append(event)
    await writer.checkpoint()
    expect(onRemote('rev-list', '--count', `refs/codemie/live/${ID}`)).toBe('1')
    store.wait(61_000)
    await writer.checkpoint()
    expect(onRemote('rev-list', '--count', `refs/codemie/live/${ID}`)).toBe('2')
    expect(onRemote('show', `refs/codemie/live/${ID}:steps/a/1/output.md`)).toBe('x')

    const place = await play(writer, events.slice(4))
    expect(place).toMatchObject({
      isPublished: true,
      pushedTo: 'origin',
      path: FOLDER,
      ref: 'refs/heads/codemie/runs',
    })
    expect(remoteRefs()).toEqual(['refs/heads/codemie/runs', 'refs/heads/main'])
    expect(onRemote('show', `codemie/runs:${FOLDER}/steps/b/1/output.md`)).toBe('y')
    expect(onRemote('log', '--format=%s', 'codemie/runs')).toBe(`review ${ID} succeeded`)
    expect(onRemote('fsck', '--full', '--strict', '--no-dangling')).toBe('')
    expect(repository.git('config', '--local', '--list')).toBe(config)
    expect(existsSync(join(repository.root, '.git/shallow'))).toBe(false)
    expect(store.warnings).toEqual([])
  })

  test('stays readable here before the branch is fetched, and once after', async () => {
    const store = await openTestStore(repository, { push })
    await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }))
    expect(await store.list()).toMatchObject([{ id: ID, status: 'succeeded' }])
    expect((await store.read('latest')).manifest.id).toBe(ID)
    repository.git('fetch', '-q', bare, 'codemie/runs:refs/remotes/origin/codemie/runs')
    expect(await store.list()).toHaveLength(1)
  })

  test('a remote that is named by a path takes runs that this repository has no contents of', async () => {
    const other = makeRepository({})
    repository.git('remote', 'set-url', 'origin', bare)
    other.git('remote', 'add', 'origin', bare)
    const later = await openTestStore(repository, { push: { remote: 'origin', publish: 'later' } })
    const writer = await later.claim(newRun())
    await play(writer, eventsOf(writer.id, { a: 'x' }))
    const store = await openTestStore(other, { push: { remote: 'origin' }, seed: 50 })
    const own = await store.claim(newRun())
    expect(await play(own, eventsOf(own.id, { a: 'y' }))).toMatchObject({ isPublished: true })
    expect(store.warnings).toEqual([])
    expect(onRemote('log', '--format=%B', 'codemie/runs').match(/^Run: /gm)).toHaveLength(2)
    other.remove()
  })

  test('several runs one after the other make a linear branch', async () => {
    for (const seed of [1, 2, 3]) {
      const store = await openTestStore(repository, { push, seed })
      const writer = await store.claim(newRun())
      await play(writer, eventsOf(writer.id, { a: String(seed) }))
    }
    expect(onRemote('log', '--format=%s', '--first-parent', 'codemie/runs').split('\n')).toEqual([
      'review 20261120T104455Z-00000003 succeeded',
      'review 20261120T104455Z-00000002 succeeded',
      'review 20261120T104455Z-00000001 succeeded',
    ])
    expect(onRemote('rev-list', '--merges', '--count', 'codemie/runs')).toBe('0')
  })

  test('that was killed here and went on elsewhere goes on here from there', async () => {
    const other = makeRepository({ files: { b: 'b' } })
    try {
      other.git('remote', 'add', 'origin', `${server.origin}/acme/app.git`)
      const store = await openTestStore(repository, { push, holder: FAR })
      const killed = await store.claim(newRun())
      const [started, ...events] = eventsOf(ID, { a: 'x', b: 'y' })
      if (started) await killed.append(started)
      await killed.abandon()
      const elsewhere = await openTestStore(other, { push })
      const { writer } = await elsewhere.resume(ID, { takeOver: true })
      for (const event of events.slice(0, 4)) await writer.append(event)
      await writer.finish({ status: 'paused' })
      const again = await store.resume(ID)
      expect(again.events).toEqual(events.slice(0, 4))
      await again.writer.abandon()
    } finally {
      other.remove()
    }
  })

  test('two machines finish at the same moment: both runs are on the branch once', async () => {
    const other = makeRepository({ files: { b: 'b' } })
    try {
      other.git('remote', 'add', 'origin', `${server.origin}/acme/app.git`)
      const stores = [
        await openTestStore(repository, { push, seed: 1 }),
        await openTestStore(other, { push, seed: 2 }),
      ]
      const writers = await Promise.all(stores.map((store) => store.claim(newRun())))
      await Promise.all(writers.map((writer) => play(writer, eventsOf(writer.id, { a: 'x' }))))
      // Whoever lost every race left its run as `done`; any later publication takes it along.
      const last = await openTestStore(repository, { push, seed: 3 })
      const writer = await last.claim(newRun())
      await play(writer, eventsOf(writer.id, { a: 'x' }))
      expect(
        onRemote('ls-tree', '--name-only', 'codemie/runs', 'runs/review/2026/11/20/').split('\n'),
      ).toHaveLength(3)
      expect(remoteRefs()).toEqual(['refs/heads/codemie/runs', 'refs/heads/main'])
    } finally {
      other.remove()
    }
  })

  test('20 contenders for the run of one event: one wins', async () => {
    const id = '20261120T104455Z-0badcafe'
    const machines = Array.from({ length: 20 }, () => makeRepository())
    try {
      const results = await Promise.allSettled(
        machines.map(async (machine, seed) => {
          machine.git('remote', 'add', 'origin', bare)
          const store = await openTestStore(machine, { push: { remote: 'origin' }, seed })
          return await store.claim(newRun({ id, trigger: { event: 'schedule', eventId: '7' } }))
        }),
      )
      expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
      const codes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
      expect(new Set(codes)).toEqual(new Set(['run-claimed']))
    } finally {
      for (const machine of machines) machine.remove()
    }
  })

  test('with publish: later it stays as done until another run is published', async () => {
    const lazy = await openTestStore(repository, { push: { ...push, publish: 'later' } })
    const place = await play(await lazy.claim(newRun()), eventsOf(ID, { a: 'x' }))
    expect(place).toMatchObject({ isPublished: false, pushedTo: 'origin', ref: `refs/codemie/done/${ID}` })
    expect(remoteRefs()).toEqual([`refs/codemie/done/${ID}`, 'refs/heads/main'])
    const store = await openTestStore(repository, { push, seed: 2 })
    const writer = await store.claim(newRun())
    await play(writer, eventsOf(writer.id, { a: 'x' }))
    expect(remoteRefs()).toEqual(['refs/heads/codemie/runs', 'refs/heads/main'])
    expect(onRemote('log', '-1', '--format=%B', 'codemie/runs').match(/^Run: /gm)).toHaveLength(2)
  })

  test('the remote has no branch yet: ours does not become the default one', async () => {
    const empty = server.createBare('acme/empty')
    repository.git('remote', 'set-url', 'origin', `${server.origin}/acme/empty.git`)
    const store = await openTestStore(repository, { push })
    const place = await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }))
    expect(place.isPublished).toBe(false)
    expect(store.warnings.map((warning) => warning.code)).toEqual(['branch-would-be-first'])
    expect(repository.git('-C', empty, 'for-each-ref', '--format=%(refname)')).toBe(`refs/codemie/done/${ID}`)
  })
})

describe('a paused run', () => {
  test('is resumed on another machine, and only there', async () => {
    const here = await openTestStore(repository, { push })
    const writer = await here.claim(newRun())
    const events = eventsOf(ID, { a: 'x', b: 'y' })
    for (const event of events.slice(0, 4)) await writer.append(event)
    await writer.append({ type: 'run-paused', at: events[3]?.at ?? '', before: ['b'], reason: 'approval' })
    const paused = await writer.finish()
    expect(paused).toMatchObject({ status: 'paused', ref: `refs/codemie/live/${ID}`, pushedTo: 'origin' })

    const other = makeRepository({ files: { b: 'b' } })
    try {
      other.git('remote', 'add', 'origin', `${server.origin}/acme/app.git`)
      const there = await openTestStore(other, { push })
      const resumed = await there.resume(ID)
      expect(resumed.writer.fence).toBe(2)
      expect(resumed.events.filter((event) => event.type === 'step-finished')).toHaveLength(1)
      expect(resumed.inputs).toEqual({ a: 'one', b: 2 })
      await play(resumed.writer, [
        { type: 'run-resumed', at: events[4]?.at ?? '', runId: ID, finishedSteps: 1 },
        ...events.slice(4),
      ])
      expect(onRemote('show', `codemie/runs:${FOLDER}/run.json`)).toContain('"fence": 2')
      expect(onRemote('show', `codemie/runs:${FOLDER}/steps/a/1/output.md`)).toBe('x')
    } finally {
      other.remove()
    }
  })

  test('a machine that was overtaken cannot write any more', async () => {
    const here = await openTestStore(repository, { push, holder: FAR })
    const writer = await here.claim(newRun())
    const [started] = eventsOf(ID, {})
    if (started === undefined) throw new Error('no event')
    await writer.append(started)
    const other = makeRepository({ files: { b: 'b' } })
    try {
      other.git('remote', 'add', 'origin', `${server.origin}/acme/app.git`)
      const there = await openTestStore(other, { push })
      await there.resume(ID, { takeOver: true })
      here.wait(61_000)
      await expect(writer.checkpoint()).rejects.toMatchObject({ code: 'run-taken-over' })
    } finally {
      other.remove()
    }
  })
})

describe('a remote that refuses', () => {
  test.each([
    ['no credentials', { remote: 'origin' }, 'push-unauthorized'],
    ['an unknown token', { remote: 'origin', token: 'stale' }, 'push-unauthorized'],
    ['a token that may only read', { remote: 'origin', token: 'read-token' }, 'push-read-only'],
  ])('%s: nothing is executed and nothing stays', async (_name, options, code) => {
    const store = await openTestStore(repository, { push: options })
    await expect(store.claim(newRun())).rejects.toMatchObject({ code, exitStatus: 6 })
    expect(await store.list()).toEqual([])
    expect(repository.git('for-each-ref', 'refs/codemie')).toBe('')
  })

  test('a repository that is not there', async () => {
    repository.git('remote', 'set-url', 'origin', `${server.origin}/acme/nothing.git`)
    const store = await openTestStore(repository, { push })
    await expect(store.claim(newRun())).rejects.toMatchObject({ code: 'push-not-found' })
  })

  test('a remote that is not configured', async () => {
    await expect(openTestStore(repository, { push: { remote: 'upstream' } })).rejects.toMatchObject({
      code: 'no-such-remote',
    })
  })

  test('a token never shows in a message', async () => {
    repository.git(
      'remote',
      'set-url',
      'origin',
      server.origin.replace('//', '//bot:stale-token@').concat('/acme/app.git'),
    )
    const store = await openTestStore(repository, { push: { remote: 'origin' } })
    const error = await store.claim(newRun()).catch((reason: Error & { help?: string }) => reason)
    expect(error).toMatchObject({ code: 'push-unauthorized' })
    expect(JSON.stringify([error, (error as Error).message])).not.toContain('stale-token')
  })

  test('a protected branch: the run is done on the remote, and the warning says what to allow', async () => {
    refusePush(bare, 'refs/heads/codemie/*', 'GH006: Protected branch update failed')
    const store = await openTestStore(repository, { push })
    const place = await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }))
    expect(place).toMatchObject({ isPublished: false, pushedTo: 'origin' })
    expect(remoteRefs()).toEqual([`refs/codemie/done/${ID}`, 'refs/heads/main'])
    expect(store.warnings).toMatchObject([{ code: 'record-not-published' }])
    expect(store.warnings[0]?.message).toContain('GH006')
  })

  test('a server in trouble for a moment is asked again', async () => {
    const store = await openTestStore(repository, { push })
    server.failNext(503, 1)
    const writer = await store.claim(newRun())
    expect((await play(writer, eventsOf(ID, { a: 'x' }))).isPublished).toBe(true)
  })

  test('a server that stays away at the end: the run is kept here and sent with the next one', async () => {
    const store = await openTestStore(repository, { push })
    const writer = await store.claim(newRun())
    server.failNext(503, 100)
    await expect(play(writer, eventsOf(ID, { a: 'x' }))).rejects.toMatchObject({
      code: 'push-server-trouble',
      exitStatus: 6,
      help: expect.stringContaining(`.git/codemie/bundles/${ID}.bundle`),
    })
    server.failNext(503, 0)
    const next = await openTestStore(repository, { push, seed: 2 })
    const second = await next.claim(newRun())
    await play(second, eventsOf(second.id, { a: 'x' }))
    expect(onRemote('show', `codemie/runs:${FOLDER}/steps/a/1/output.md`)).toBe('x')
  })

  test('a host that cannot change several refs as one', async () => {
    onRemote('config', 'receive.advertiseAtomic', 'false')
    const store = await openTestStore(repository, { push })
    const place = await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }))
    expect(place.isPublished).toBe(true)
    expect(remoteRefs()).toEqual(['refs/heads/codemie/runs', 'refs/heads/main'])
  })
})
