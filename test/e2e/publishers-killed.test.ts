import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildIfStale, CLI } from '../helpers/built-cli.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { seededRandom } from '../helpers/interleaving.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

const RUNS = 20
const PUBLISHERS = 24
const SEED = Number(process.env['KILL_SEED'] ?? 20_261_120)

let repository: TestRepository
let bare: string

beforeAll(buildIfStale, 60_000)
beforeEach(() => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
  bare = repository.beside('remote.git')
  repository.git('init', '-q', '--bare', bare)
  repository.git('-C', bare, 'config', 'uploadpack.allowFilter', 'true')
  repository.git('remote', 'add', 'origin', bare)
  repository.git('push', '-q', 'origin', 'main')
})
afterEach(() => repository.remove())

/** A publisher with its children in a group of their own. */
const sweep = () =>
  spawn(process.execPath, [CLI, 'sweep', '--push'], {
    cwd: repository.root,
    env: repository.env,
    stdio: 'ignore',
    detached: true,
  })

/** A server that lives on would remove what a killed `receive-pack` had locked. */
function unlock(): void {
  for (const name of readdirSync(bare, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.lock')) rmSync(join(bare, name), { force: true })
}

test(`${PUBLISHERS} publishers are killed at random, while git collects garbage: every run is on the branch once and whole`, async () => {
  const random = seededRandom(SEED)
  const store = await openTestStore(repository, { push: { remote: 'origin', publish: 'later' } })
  const trees = new Map<string, string>()
  for (let run = 0; run < RUNS; run++) {
    const writer = await store.claim(newRun())
    const place = await play(writer, eventsOf(writer.id, { a: `answer ${run}` }))
    trees.set(writer.id, repository.git('-C', bare, 'rev-parse', `${place.ref}^{tree}`))
  }
  let isOver = false
  const collect = async () => {
    while (!isOver) {
      await new Promise((resolve) => execFile('git', ['-C', bare, 'gc', '-q'], resolve))
      await setTimeout(50)
    }
  }
  const collecting = collect()
  const killed = Array.from({ length: PUBLISHERS }, async () => {
    await setTimeout(random() * 4000)
    const child = sweep()
    const ended = new Promise((resolve) => child.once('close', resolve))
    await setTimeout(150 + random() * 900)
    // With its children: a machine that loses power.
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // It was faster.
    }
    await ended
    unlock()
  })
  await Promise.all(killed)
  isOver = true
  await collecting
  unlock()
  const last = sweep()
  const status = await new Promise((resolve) => last.once('close', resolve))
  expect(status, `seed ${SEED}`).toBe(0)

  const onRemote = (...args: string[]) => repository.git('-C', bare, ...args)
  expect(onRemote('for-each-ref', '--format=%(refname)', 'refs/codemie')).toBe('')
  const folders = onRemote('ls-tree', 'codemie/runs', 'runs/review/2026/11/20/').split('\n')
  expect(folders.map((line) => line.replace(/^040000 tree (\S+)\t.*\/(\S+)$/, '$2 $1')).sort()).toEqual(
    [...trees].map(([id, tree]) => `${id} ${tree}`).sort(),
  )
  const trailers = onRemote('log', '--format=%B', 'codemie/runs').match(/^Run: \S+/gm) ?? []
  expect(trailers).toHaveLength(RUNS)
  expect(onRemote('fsck', '--full', '--strict', '--no-dangling')).toBe('')
  expect(existsSync(join(bare, 'shallow'))).toBe(false)
}, 120_000)
