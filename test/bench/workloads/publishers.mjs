// @ts-check
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CLI, git, makeRepository } from '../context.mjs'
import { cheapChain, WORKFLOWS } from '../definitions.mjs'
import { copyRun, fillBranch, readNewestRun } from '../full-branch.mjs'
import { measure } from '../measure.mjs'
import { interleave, middle } from '../rounds.mjs'

/** @typedef {import('../table.mjs').Row} Row */

/** What people write first: commit, and pull until the push gets through. */
const PULL_AND_PUSH = `
git add -A && git commit -q -m "Run $0"
until git push -q origin HEAD:codemie/runs 2>/dev/null; do git pull -q --rebase origin codemie/runs; done
`

/**
 * W4: many jobs that end at the same time and put their runs on one branch of one remote.
 * @param {import('../context.mjs').Bench} bench
 * @returns {Promise<Row[]>}
 */
export async function measurePublishers(bench) {
  const writers = bench.size(50, 4)
  const files = { [`${WORKFLOWS}/note.yaml`]: cheapChain(1) }
  const source = makeRepository(bench, 'many', files)
  await measure([process.execPath, CLI, 'run', 'note'], { cwd: source, env: bench.env })
  const sample = readNewestRun(bench, source)
  fillBranch(bench, source, sample, bench.size(200, 20))
  const remotes = join(bench.folder, 'many-remotes')
  mkdirSync(remotes)
  const server = await bench.gitServer(remotes)
  let round = 0
  const rounds = await interleave(bench.rounds(1), {
    async ours() {
      const name = `ours-${++round}.git`
      git(bench, bench.folder, ['clone', '-q', '--bare', source, join(remotes, name)])
      const machines = range(writers).map((machine) => {
        const folder = join(bench.folder, `ours-${round}-${machine}`)
        git(bench, bench.folder, [
          'clone',
          '-q',
          '--single-branch',
          '-b',
          'main',
          join(remotes, name),
          folder,
        ])
        git(bench, folder, ['remote', 'set-url', 'origin', `${server.origin}/${name}`])
        return folder
      })
      return await timed(() =>
        Promise.all(
          machines.map((cwd) =>
            measure([process.execPath, CLI, 'run', 'note', '--push'], { cwd, env: bench.env }),
          ),
        ),
      ).then((wallMs) => ({ wallMs, missing: missing(bench, join(remotes, name), source, writers) }))
    },
    async naive() {
      const name = `naive-${++round}.git`
      git(bench, bench.folder, ['clone', '-q', '--bare', source, join(remotes, name)])
      const first = join(bench.folder, `naive-${round}`)
      git(bench, bench.folder, [
        'clone',
        '-q',
        '--single-branch',
        '-b',
        'codemie/runs',
        join(remotes, name),
        first,
      ])
      git(bench, first, ['remote', 'set-url', 'origin', `${server.origin}/${name}`])
      const machines = range(writers).map((machine) => {
        const folder = join(bench.folder, `naive-${round}-${machine}`)
        cpSync(first, folder, { recursive: true })
        const run = copyRun(sample, Date.now(), 100_000 + machine)
        for (const [path, content] of run.files) {
          mkdirSync(dirname(join(folder, run.path, path)), { recursive: true })
          writeFileSync(join(folder, run.path, path), content)
        }
        return folder
      })
      return await timed(() =>
        Promise.all(
          machines.map((cwd, machine) =>
            measure(['bash', '-c', PULL_AND_PUSH, String(machine)], { cwd, env: bench.env }),
          ),
        ),
      ).then((wallMs) => ({ wallMs, missing: missing(bench, join(remotes, name), source, writers) }))
    },
  })
  for (const { ours, naive } of rounds)
    if (ours.missing !== 0 || naive.missing !== 0)
      throw new Error('a run was lost, so the times mean nothing')
  const naive = middle(rounds.map((one) => one.naive.wallMs)).median / 1000
  return [
    {
      workload: 'W4',
      what: `${writers} runs that end at once, until all are on one branch of a remote, wall; ours runs the workflow, too`,
      values: rounds.map(({ ours, naive: floor }) => ours.wallMs / floor.wallMs),
      unit: 'x',
      goal: { most: 0.2 },
      floor: `\`git pull --rebase\` and push until it works: ${naive.toFixed(0)} s`,
    },
  ]
}

/** @param {number} count */
function range(count) {
  return Array.from({ length: count }, (_, index) => index)
}

/**
 * Runs that the branch of a remote lacks.
 * @param {import('../context.mjs').Bench} bench
 * @param {string} remote
 * @param {string} source
 * @param {number} writers
 */
function missing(bench, remote, source, writers) {
  const count = (/** @type {string} */ cwd) =>
    git(bench, cwd, ['ls-tree', '-r', '--name-only', 'refs/heads/codemie/runs'])
      .split('\n')
      .filter((path) => path.endsWith('/run.json')).length
  return count(source) + writers - count(remote)
}

/** @param {() => Promise<unknown>} action */
async function timed(action) {
  const from = performance.now()
  await action()
  return performance.now() - from
}
