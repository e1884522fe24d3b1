// @ts-check
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CLI, git, makeRepository } from '../context.mjs'
import { cheapChain, WORKFLOWS } from '../definitions.mjs'
import { commitOf, copyRun, fillBranch, readNewestRun } from '../full-branch.mjs'
import { measure } from '../measure.mjs'
import { interleave, middle } from '../rounds.mjs'

/** @typedef {import('../table.mjs').Row} Row */

/**
 * W4: a record more on a branch that has many already, here and on a remote, and reading that branch.
 * @param {import('../context.mjs').Bench} bench
 * @returns {Promise<Row[]>}
 */
export async function measureHistory(bench) {
  const runs = bench.size(10_000, 200)
  const files = { [`${WORKFLOWS}/note.yaml`]: cheapChain(1) }
  const cwd = makeRepository(bench, 'records', files)
  await runOnce(bench, cwd)
  fillBranch(bench, cwd, readNewestRun(bench, cwd), runs)
  mkdirSync(join(bench.folder, 'remotes'))
  const remote = join(bench.folder, 'remotes', 'origin.git')
  git(bench, bench.folder, ['clone', '-q', '--bare', cwd, remote])
  const server = await bench.gitServer(join(bench.folder, 'remotes'))
  const sender = makeRepository(bench, 'sender', files)
  git(bench, sender, ['remote', 'add', 'origin', `${server.origin}/origin.git`])
  await runOnce(bench, cwd)
  return [
    ...(await localRecord(bench, cwd, runs)),
    ...(await remoteRecord(bench, sender, remote, server.pushes)),
    ...(await reading(bench, cwd, runs)),
  ]
}

/**
 * @param {import('../context.mjs').Bench} bench
 * @param {string} cwd
 */
function runOnce(bench, cwd) {
  return measure([process.execPath, CLI, 'run', 'note'], { cwd, env: bench.env })
}

/**
 * @param {import('../context.mjs').Bench} bench
 * @param {string} cwd
 * @param {number} runs
 * @returns {Promise<Row[]>}
 */
async function localRecord(bench, cwd, runs) {
  const call = { cwd, env: bench.env }
  const sample = readNewestRun(bench, cwd)
  const branch = 'refs/heads/floor'
  git(bench, cwd, ['update-ref', branch, 'refs/heads/codemie/runs'])
  const stream = join(bench.folder, 'stream')
  let made = 0
  const rounds = await interleave(bench.rounds(15), {
    floor() {
      const now = Date.now()
      writeFileSync(stream, commitOf(copyRun(sample, now, made++), branch, now, branch))
      return measure(['sh', '-c', 'exec git fast-import --quiet < "$0"', stream], call)
    },
    kept: () => runOnce(bench, cwd),
    forgotten: () => measure([process.execPath, CLI, 'run', 'note', '--no-commit'], call),
  })
  return [
    {
      workload: 'W4',
      what: `one more run on a branch of ${runs}, CPU with record minus without, git included`,
      values: rounds.map(({ kept, forgotten }) => kept.cpuMs - forgotten.cpuMs),
      wall: rounds.map(({ kept, forgotten, floor }) => (kept.wallMs - forgotten.wallMs) / floor.wallMs),
      unit: 'ms',
      goal: { most: 30 },
      floor: `one bare \`git fast-import\`: ${middle(rounds.map(({ floor }) => floor.cpuMs)).median.toFixed(0)} ms`,
    },
  ]
}

/**
 * @param {import('../context.mjs').Bench} bench
 * @param {string} cwd
 * @param {string} remote Folder of the bare repository.
 * @param {readonly number[]} pushes When the remote carried pushes out.
 * @returns {Promise<Row[]>}
 */
async function remoteRecord(bench, cwd, remote, pushes) {
  const call = { cwd, env: bench.env }
  const ref = 'refs/codemie/done/floor'
  let made = 0
  const rounds = await interleave(bench.rounds(9), {
    async floor() {
      const tree = git(bench, cwd, ['rev-parse', 'HEAD^{tree}']).trim()
      const commit = git(bench, cwd, ['commit-tree', tree, '-m', `Orphan ${made++}`]).trim()
      const cost = await measure(['git', 'push', '-q', '--porcelain', 'origin', `${commit}:${ref}`], call)
      git(bench, remote, ['update-ref', '-d', ref])
      return cost
    },
    async finish() {
      let finishedAt = Number.POSITIVE_INFINITY
      await measure([process.execPath, CLI, 'run', 'note', '--push', '--jsonl'], {
        ...call,
        onLine(line) {
          if (JSON.parse(line).type === 'run-finished') finishedAt = Date.now()
        },
      })
      const endedAt = Date.now()
      // The first push after the last step makes the run durable; what follows puts it on the branch.
      const safeAt = pushes.find((time) => time >= finishedAt) ?? Number.NaN
      return { safeMs: safeAt - finishedAt, wallMs: endedAt - finishedAt }
    },
  })
  const push = middle(rounds.map(({ floor }) => floor.wallMs)).median.toFixed(0)
  const floor = `push of one orphan ref over HTTP: ${push} ms`
  return [
    {
      workload: 'W4',
      what: 'the same to a remote: from the last step until it is safe there, wall',
      values: rounds.map(({ finish, floor }) => finish.safeMs / floor.wallMs),
      unit: 'x',
      goal: { most: 1.5 },
      floor,
    },
    {
      workload: 'W4',
      what: 'the same until it is on the branch and the process ends, wall',
      values: rounds.map(({ finish, floor }) => finish.wallMs / floor.wallMs),
      unit: 'x',
      floor,
    },
  ]
}

/**
 * @param {import('../context.mjs').Bench} bench
 * @param {string} cwd
 * @param {number} runs
 * @returns {Promise<Row[]>}
 */
async function reading(bench, cwd, runs) {
  const call = { cwd, env: bench.env }
  const { id, path, files } = readNewestRun(bench, cwd)
  const file = [...files.keys()].find((name) => name.startsWith('steps/')) ?? 'run.json'
  const branch = 'refs/heads/codemie/runs'
  const ours = (/** @type {string[]} */ ...args) => measure([process.execPath, CLI, ...args], call)
  const rounds = await interleave(bench.rounds(11), {
    node: () => measure([process.execPath, '-e', '0'], call),
    gitLast: () => measure(['git', 'log', '-20', '--format=%B', branch], call),
    last: () => ours('runs'),
    gitAll: () => measure(['git', 'log', '--format=%B', branch], call),
    all: () => ours('runs', '-n', String(runs)),
    gitFile: () => measure(['git', 'cat-file', 'blob', `${branch}:${path}/${file}`], call),
    file: () => ours('show', id, 'step-1'),
  })
  /** @type {{ what: string, ours: 'last' | 'all' | 'file', git: 'gitLast' | 'gitAll' | 'gitFile', most: number }[]} */
  const readings = [
    { what: 'the last 20', ours: 'last', git: 'gitLast', most: 1.4 },
    { what: `all ${runs}`, ours: 'all', git: 'gitAll', most: 2.5 },
    { what: 'the output of one step', ours: 'file', git: 'gitFile', most: 1.4 },
  ]
  return readings.map(({ what, ours: side, git: plain, most }) => ({
    workload: 'W4',
    what: `history: ${what}, CPU`,
    values: rounds.map((r) => r[side].cpuMs / (r.node.cpuMs + r[plain].cpuMs)),
    wall: rounds.map((r) => r[side].wallMs / (r.node.wallMs + r[plain].wallMs)),
    unit: 'x',
    goal: { most },
    floor: '`node -e 0` and git',
  }))
}
