import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RunEvent } from '../../runner/events.ts'
import { findRepository } from '../../runner/git/repository.ts'
import { openReader } from '../../runner/store/reader.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { at, eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

let repository: TestRepository
beforeEach(() => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
})
afterEach(() => repository.remove())

const ID = '20261120T104455Z-00000001'

function show(line: string, cwd = repository.root, onInterruptible?: (interrupt: () => void) => void) {
  const env = { ...repository.env, SOURCE_DATE_EPOCH: '1795257895' }
  return runInProcess(['show', ...line.split(' ')], {
    cwd,
    env,
    ...(onInterruptible === undefined ? {} : { onInterruptible }),
  })
}

const reading = (root = repository.root) =>
  openReader(findRepository(root, repository.env), { env: repository.env }, () => {})

/** A run whose step `a` failed twice before it was done. */
function retried(): RunEvent[] {
  const [first, started, ...rest] = eventsOf(ID, { a: '{"b": 1, "a": [2]}', 'b/inner': 'in' })
  const failed = (attempt: number, message: string): RunEvent => ({
    type: 'attempt-failed',
    at: at(0),
    path: 'a',
    state: 'a',
    attempt,
    failure: { code: 'provider-overloaded', blame: 'provider', message },
    durationMs: 400,
    retryInMs: 1000,
  })
  return [first, started, failed(1, 'busy \u001b[31mred'), failed(2, 'busy again'), ...rest].map((event) =>
    event?.type === 'step-finished' && event.path === 'a' ? { ...event, attempt: 3 } : event,
  ) as RunEvent[]
}

async function keepRetried() {
  const store = await openTestStore(repository)
  await play(await store.claim(newRun()), retried())
}

describe('a step with several attempts', () => {
  beforeEach(keepRetried)

  test('its output is the last one; standard error tells of the others', async () => {
    expect(await show('latest a')).toEqual({
      status: 0,
      stdout: '{\n  "b": 1,\n  "a": [\n    2\n  ]\n}\n',
      stderr:
        '3 attempts: 1 failed (provider-overloaded), 2 failed (provider-overloaded), 3 finished. --attempt N shows one of them.\n',
    })
    expect(await show('latest b/inner')).toEqual({ status: 0, stdout: 'in\n', stderr: '' })
  })
})

test.each([
  'latest a --follow',
  'latest --follow --journal',
  'latest --jsonl',
  'latest --follow --json --jsonl',
])('show %s makes no sense', async (line) => {
  expect(await show(line)).toMatchObject({ status: 2, stdout: '' })
})

test('names of steps that are longer than the terminal has room for keep the columns', async () => {
  const store = await openTestStore(repository)
  const long = `refine[2]/${'long-'.repeat(8)}name`
  const writer = await store.claim(newRun())
  await play(writer, eventsOf(writer.id, { short: 'x', [long]: 'y', [`${long}-${'x'.repeat(60)}`]: 'z' }))
  const steps = (await show('latest')).stdout.split('\n').filter((line) => /short|long-|^ {8}/.test(line))
  expect(steps).toEqual([
    `  ✓ short${' '.repeat(49)}  1.0s`,
    `  ✓ ${long}  1.0s`,
    `  ✓ ${long}-${'x'.repeat(60)}`,
    `    ${' '.repeat(54)}  1.0s`,
  ])
})

describe('reading for showing', () => {
  test('finds what reading the whole record finds, also in several segments and beside hostile folders', async () => {
    const limits = { fileBytes: 4096, files: 200, runBytes: 1024 * 1024 }
    const store = await openTestStore(repository, { limits })
    const outputs = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`s${index}`, 'x'.repeat(100)]),
    )
    await play(await store.claim(newRun()), eventsOf(ID, outputs))
    // The branch is open to whoever can push.
    const [blob, tree] = [repository.git('hash-object', '-w', 'a.txt'), 'codemie/runs^{tree}']
    repository.git('read-tree', tree)
    for (const name of ['runs/a\nb/x', 'runs/Upper/x', 'runs/file', 'runs/-dash/x'])
      repository.git('update-index', '--add', '--cacheinfo', `100644,${blob},${name}`)
    const commit = repository.git(
      'commit-tree',
      repository.git('write-tree'),
      '-p',
      'codemie/runs',
      '-m',
      'x',
    )
    repository.git('update-ref', 'refs/heads/codemie/runs', commit)
    const whole = await store.read(ID)
    expect([...whole.files.keys()].filter((path) => path.startsWith('journal/')).length).toBeGreaterThan(3)
    expect(await reading().read(ID)).toEqual({
      manifest: whole.manifest,
      events: whole.events,
      inputs: whole.files.get('inputs.json'),
      where: 'branch',
    })
    expect(await reading().read('latest')).toMatchObject({ where: 'branch' })
  })

  test('in a repository of sha256 objects', async () => {
    const other = repository.beside('sha256')
    repository.git('init', '-q', '--object-format=sha256', '-b', 'main', other)
    const store = await openTestStore(repository, { root: other })
    await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }))
    expect(await reading(other).read(ID)).toMatchObject({
      where: 'branch',
      manifest: { status: 'succeeded' },
    })
  })

  test('a run that was removed from the tip, one that waits, one that is not there', async () => {
    const store = await openTestStore(repository)
    await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }))
    repository.git('checkout', '-q', 'codemie/runs')
    repository.git('rm', '-r', '-q', 'runs')
    repository.git('commit', '-q', '-m', 'Remove old runs')
    repository.git('checkout', '-q', 'main')
    expect(await reading().read(ID)).toMatchObject({ where: 'branch', manifest: { status: 'succeeded' } })
    const writer = await store.claim(newRun())
    await writer.append({ type: 'run-paused', at: at(1), before: ['b'], reason: 'approval' })
    await writer.finish()
    expect(await reading().read(writer.id)).toMatchObject({ manifest: { status: 'paused' } })
    await expect(reading().read('20200101T000000Z-ffffffff')).rejects.toMatchObject({ code: 'no-such-run' })
  })
})

describe('following', () => {
  test('a run on this machine, to its end', async () => {
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    const events = eventsOf(writer.id, { a: 'x', b: 'the result' })
    for (const event of events.slice(0, 4)) await writer.append(event)
    const following = show('latest --follow')
    await new Promise((resolve) => setTimeout(resolve, 400))
    await play(writer, events.slice(4))
    const { status, stdout, stderr } = await following
    expect(status).toBe(0)
    expect(stderr).toMatchInlineSnapshot(`
      "Review · run 20261120T104455Z-00000001
        ▸ a
        ✓ a         1.0s  1,230 tokens  $0.0025
        ▸ b
        ✓ b         1.0s  1,230 tokens  $0.0025
      "
    `)
    expect(stdout).toMatch(/^✓ succeeded Review · run /)
    expect(stdout).toContain('the result')
  })

  test('a run that comes to wait, as lines of JSON', async () => {
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    const [started] = eventsOf(writer.id, {})
    if (started !== undefined) await writer.append(started)
    const following = show(`${writer.id} --follow --jsonl`)
    await new Promise((resolve) => setTimeout(resolve, 400))
    await writer.append({ type: 'run-paused', at: at(1), before: ['b'], reason: 'approval' })
    await writer.finish()
    const { status, stdout } = await following
    expect(status).toBe(3)
    const types = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as RunEvent).type)
    expect(types).toEqual(['run-started', 'run-paused'])
  })

  test('a run that failed long ago: its events, and its status', async () => {
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    await play(writer, eventsOf(writer.id, { a: 'x' }, 'failed'))
    expect(await show('latest --follow')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Review'),
      stdout: expect.stringMatching(/^✗ failed/),
    })
  })

  test('Ctrl-C ends following, and the run goes on', async () => {
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    let interrupt = () => {}
    const following = show('latest --follow', repository.root, (send) => {
      interrupt = send
    })
    const again = setInterval(() => interrupt(), 50)
    const result = await following
    clearInterval(again)
    expect(result).toEqual({
      status: 130,
      stdout: '',
      stderr: '  stopped following; the run goes on\n',
    })
    expect(await play(writer, eventsOf(writer.id, { a: 'x' }))).toMatchObject({ status: 'succeeded' })
  })

  describe('from another clone', () => {
    let clone: string
    beforeEach(() => {
      const bare = repository.beside('bare.git')
      clone = repository.beside('clone')
      repository.git('clone', '-q', '--bare', repository.root, bare)
      repository.git('remote', 'add', 'origin', bare)
      repository.git('clone', '-q', bare, clone)
    })

    test('by the live ref, while the writer goes on', { timeout: 30_000 }, async () => {
      const store = await openTestStore(repository, { push: { remote: 'origin' } })
      const writer = await store.claim(newRun())
      const events = eventsOf(writer.id, { a: 'x', b: 'the result' })
      for (const event of events.slice(0, 4)) await writer.append(event)
      await writer.checkpoint({ force: true })
      const following = show(`${writer.id} --follow`, clone)
      const liveRefs = () => repository.git('-C', clone, 'for-each-ref', 'refs/codemie/live')
      await vi.waitFor(() => expect(liveRefs()).not.toBe(''), { timeout: 10_000 })
      // It reads what it has fetched before it looks again, two seconds later.
      await new Promise((resolve) => setTimeout(resolve, 500))
      for (const event of events.slice(4)) await writer.append(event)
      await writer.finish()
      const { status, stdout, stderr } = await following
      expect(status).toBe(0)
      expect(stderr).toMatchInlineSnapshot(`
        "Review · run 20261120T104455Z-00000001
          ▸ a
          ✓ a         1.0s  1,230 tokens  $0.0025
          ! last sign of life 2026-11-20 10:44 UTC, 24h 00m ago: its machine may be gone, and resume takes the run over
          ▸ b
          ✓ b         1.0s  1,230 tokens  $0.0025
        "
      `)
      expect(stdout).toContain('the result')
      // What was fetched of it while it went on is gone.
      expect(repository.git('-C', clone, 'for-each-ref', '--format=%(refname)', 'refs/codemie')).toBe('')
      expect((await show(writer.id, clone)).stdout).toMatch(/^✓ succeeded/)
    })

    test('a run that the remote does not know', async () => {
      expect(await show(`${ID} --follow`, clone)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining(
          `error not-going-on: Run ${ID} is neither going on nor finished on origin`,
        ),
      })
    })

    test('a run that goes on elsewhere is shown with its last sign of life', async () => {
      const store = await openTestStore(repository, { push: { remote: 'origin' } })
      const writer = await store.claim(newRun())
      repository.git('-C', clone, 'fetch', '-q', 'origin', 'refs/codemie/live/*:refs/codemie/live/*')
      expect((await show('latest', clone)).stdout).toContain(
        '  seen      last sign of life 2026-11-20 10:44 UTC, 24h 00m ago\n',
      )
      await writer.abandon()
    })

    test('without a remote there is nobody to ask', async () => {
      repository.git('-C', clone, 'remote', 'remove', 'origin')
      expect(await show(`${ID} --follow`, clone)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('no-such-remote'),
      })
    })
  })
})
