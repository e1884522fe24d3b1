import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { outsideOf } from '../../runner/store/retention.ts'
import { type GitServer, startRemote } from '../helpers/git-http.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

let repository: TestRepository
let server: GitServer
let bare: string
const DAY = 24 * 3_600_000
/** The command line's clock, 20 days after the first run. */
const NOW = String((Date.UTC(2026, 10, 20, 10, 44, 55) + 20 * DAY) / 1000)

beforeEach(async () => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
  ;({ server, bare } = await startRemote(repository, { token: 't' }))
})
afterEach(async () => {
  await server.close()
  repository.remove()
})

/** Records a run every five days: three of `review`, one of `other`. */
async function record(push?: { readonly remote: string }) {
  const store = await openTestStore(repository, push === undefined ? {} : { push })
  for (const id of ['review', 'review', 'other', 'review']) {
    const workflow = { id, name: id, file: `.codemie/workflows/${id}.yaml`, text: 'states: []\n' }
    const writer = await store.claim(newRun({ workflow }))
    await play(writer, eventsOf(writer.id, { a: `answer of ${writer.id}` }))
    store.wait(5 * DAY)
  }
}
const FIRST = '20261120T104455Z-00000001'
const SECOND = '20261125T104455Z-00000003'
const cli = (...args: string[]) =>
  runInProcess(args, { cwd: repository.root, env: { ...repository.env, SOURCE_DATE_EPOCH: NOW } })
const foldersAt = (where: string, root = repository.root) =>
  repository
    .git('-C', root, 'ls-tree', '-r', '--name-only', where)
    .split('\n')
    .flatMap((path) => (path.endsWith('/run.json') ? [path.split('/')[5]] : []))

describe('prune', () => {
  test('shows what would leave the tip, and changes nothing', async () => {
    await record()
    const tip = repository.git('rev-parse', 'codemie/runs')
    expect(await cli('runs', 'prune', '--keep-days', '12')).toEqual({
      status: 0,
      stdout:
        '2 records would leave the tip of codemie/runs, 2 stay\n  review  2 runs, 2026-11-20 to 2026-11-25\n',
      stderr: 'This was a preview; --yes does it. `codemie-ci show` reads the records after that, too.\n',
    })
    expect(repository.git('rev-parse', 'codemie/runs')).toBe(tip)
  })

  test('takes them from the tip; they are listed, read, verified and not written again', async () => {
    await record()
    expect(await cli('prune', '--keep-runs', '1', '--yes')).toMatchObject({
      status: 0,
      stdout: '2 records left the tip of codemie/runs, 2 stay\n  review  2 runs, 2026-11-20 to 2026-11-25\n',
    })
    expect(foldersAt('codemie/runs')).toHaveLength(2)
    expect((await cli('show', FIRST, 'a')).stdout).toBe(`answer of ${FIRST}\n`)
    expect((await cli('runs', '--json')).stdout.match(/"id"/g)).toHaveLength(4)
    expect(await cli('verify')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('2 records verified'),
    })
    expect((await cli('prune', '--keep-runs', '1', '--yes')).stdout).toBe(
      'Nothing leaves codemie/runs: 2 records there, all of them stay\n',
    )
    const message = repository.git('log', '-1', '--format=%B', 'codemie/runs')
    expect(message).toMatch(
      /^prune 2 records; the history keeps them\n\n\[skip ci\]\n\nPruned: 20261120T104455Z-00000001 review [0-9a-f]{40}\nPruned: /,
    )
  })

  test('on the remote, without forcing anything; later runs are published on top', async () => {
    await record({ remote: 'origin' })
    const before = repository.git('-C', bare, 'rev-parse', 'codemie/runs')
    expect((await cli('prune', '--keep-days', '12', '--push', '--yes')).stdout).toContain(
      '2 records left the tip of codemie/runs of origin, 2 stay\n',
    )
    expect(foldersAt('codemie/runs', bare)).toHaveLength(2)
    repository.git('-C', bare, 'merge-base', '--is-ancestor', before, 'codemie/runs')
    const store = await openTestStore(repository, { push: { remote: 'origin' }, seed: 50 })
    const writer = await store.claim(newRun())
    await play(writer, eventsOf(writer.id, { a: 'x' }))
    expect(foldersAt('codemie/runs', bare)).toHaveLength(3)
    expect((await cli('show', FIRST, 'a')).stdout).toBe(`answer of ${FIRST}\n`)
  })

  test('begins the branch anew and keeps what it was; nothing is lost to readers', async () => {
    await record({ remote: 'origin' })
    const before = repository.git('-C', bare, 'rev-parse', 'codemie/runs')
    repository.git('fetch', '-q', bare, 'refs/heads/codemie/runs:refs/remotes/origin/codemie/runs')
    const done = await cli('prune', '--keep-days', '12', '--archive', '2026', '--push', '--yes')
    expect(done).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('  the branch as it was is kept as refs/codemie/archive/2026\n'),
    })
    expect(repository.git('-C', bare, 'rev-parse', 'refs/codemie/archive/2026')).toBe(before)
    expect(repository.git('-C', bare, 'rev-list', '--count', 'codemie/runs')).toBe('1')
    expect(foldersAt('codemie/runs', bare)).toHaveLength(2)
    expect((await cli('runs', '--json')).stdout.match(/"id"/g)).toHaveLength(4)
    expect((await cli('show', FIRST, 'a')).stdout).toBe(`answer of ${FIRST}\n`)
    expect(await cli('verify')).toEqual({ status: 0, stdout: '✓ 4 records verified\n', stderr: '' })
    // A clone that fetched the branch before, and not the archive, is not told that commits are lost.
    const clone = repository.beside('clone')
    repository.git('clone', '-q', bare, clone)
    repository.git('-C', clone, 'update-ref', '--create-reflog', 'refs/remotes/origin/codemie/runs', before)
    repository.git(
      '-C',
      clone,
      'fetch',
      '-q',
      '-f',
      'origin',
      '+refs/heads/codemie/*:refs/remotes/origin/codemie/*',
    )
    const verified = await runInProcess(['verify'], { cwd: clone, env: repository.env })
    expect([verified.status, verified.stdout]).toEqual([0, '✓ 2 records verified\n'])
    // What the archive has is found there by its whole id.
    const shown = await runInProcess(['show', SECOND, 'a'], { cwd: clone, env: repository.env })
    expect(shown.stdout).toBe(`answer of ${SECOND}\n`)
    expect(await cli('prune', '--archive', '2026', '--push', '--yes')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('error archive-exists: refs/codemie/archive/2026 exists already'),
    })
  })

  test('an archive of a branch that is only here', async () => {
    await record()
    await cli('prune', '--keep-runs', '1', '--archive', 'old', '--yes')
    expect(foldersAt('codemie/runs')).toHaveLength(2)
    expect(foldersAt('refs/codemie/archive/old')).toHaveLength(4)
    expect(await cli('verify')).toMatchObject({ status: 0 })
    expect((await cli('runs', '--json')).stdout.match(/"id"/g)).toHaveLength(4)
  })

  test('a host that does not let the branch be forced keeps it as it is', async () => {
    await record({ remote: 'origin' })
    repository.git('-C', bare, 'config', 'receive.denyNonFastForwards', 'true')
    const before = repository.git('-C', bare, 'for-each-ref')
    expect(await cli('prune', '--archive', '2026', '--push', '--yes')).toMatchObject({
      status: 6,
      stderr: expect.stringMatching(/^error push-protected: .*\n.*The branch is as it was\.\n$/),
    })
    expect(repository.git('-C', bare, 'for-each-ref')).toBe(before)
  })

  test('windows of the config are those of prune and of sweep', async () => {
    await record()
    expect(await cli('prune')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('error nothing-to-prune-by'),
    })
    repository.write('.codemie/config.yaml', 'results: { keep_runs: 2 }\n')
    expect((await cli('prune')).stdout).toContain('1 record would leave the tip')
    expect((await cli('sweep')).stdout).toBe(`${FIRST} left the tip of codemie/runs; the history keeps it\n`)
    expect((await cli('sweep')).stderr).toBe('Everything is in order.\n')
  })

  test.each([
    [['--keep-days', '0'], "--keep-days takes a whole number from 1, and not '0'."],
    [['--keep-runs', 'x'], "--keep-runs takes a whole number from 1, and not 'x'."],
    [['--archive', '../x'], '"../x" cannot name an archive'],
  ])('refuses %j', async (args, message) => {
    await record()
    expect(await cli('prune', ...args)).toMatchObject({ status: 2, stderr: expect.stringContaining(message) })
  })

  test('a branch that is checked out is not moved', async () => {
    await record()
    repository.git('checkout', '-q', 'codemie/runs')
    expect(await cli('prune', '--keep-runs', '1', '--yes')).toMatchObject({
      status: 6,
      stderr: expect.stringContaining('error branch-in-use'),
    })
    expect(repository.git('for-each-ref', 'refs/codemie/next/')).toBe('')
  })
})

test('a window takes by age and by number, of each workflow for itself', () => {
  const run = (day: string, workflow: string) => ({
    id: `202611${day}T000000Z-00000000`,
    workflow,
    tree: day,
  })
  const runs = [run('01', 'a'), run('02', 'b'), run('03', 'a'), run('20', 'a'), run('21', 'a')]
  const now = Date.UTC(2026, 10, 21, 12)
  const days = (window: Parameters<typeof outsideOf>[0]) =>
    outsideOf(window, runs, now).map(({ tree }) => tree)
  expect(days({})).toEqual([])
  expect(days({ keepDays: 19 })).toEqual(['01', '02'])
  expect(days({ keepRuns: 2 })).toEqual(['01', '03'])
  expect(days({ keepDays: 19, keepRuns: 1 })).toEqual(['01', '02', '03', '20'])
})
