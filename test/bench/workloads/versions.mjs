// @ts-check
import { CLI, git, makeRepository } from '../context.mjs'
import { reviewWorkflow, WORKFLOWS } from '../definitions.mjs'
import { measure } from '../measure.mjs'
import { interleave } from '../rounds.mjs'

/**
 * W8: the history of a workflow that was renamed half-way, with what its versions mean.
 * @param {import('../context.mjs').Bench} bench
 * @returns {Promise<import('../table.mjs').Row[]>}
 */
export async function measureVersions(bench) {
  const versions = bench.size(1000, 30)
  const cwd = makeRepository(bench, 'versions', { 'README.md': 'Workflows.\n' })
  const file = addVersions(bench, cwd, versions)
  const call = { cwd, env: bench.env }
  const ours = (/** @type {string[]} */ ...args) => measure([process.execPath, CLI, ...args], call)
  const rounds = await interleave(bench.rounds(9), {
    node: () => measure([process.execPath, '-e', '0'], call),
    follow: () => measure(['git', 'log', '--follow', '--format=%H %aI %an %s', '--', file], call),
    last: () => ours('versions', 'review'),
    all: () => ours('versions', 'review', '--all'),
  })
  /** @type {{ what: string, side: 'last' | 'all', most?: number }[]} */
  const readings = [
    { what: 'the last 20', side: 'last', most: 3 },
    { what: 'all of them', side: 'all' },
  ]
  return readings.map(({ what, side, most }) => ({
    workload: 'W8',
    what: `a workflow with ${versions} versions: ${what}, CPU`,
    values: rounds.map((r) => r[side].cpuMs / (r.node.cpuMs + r.follow.cpuMs)),
    wall: rounds.map((r) => r[side].wallMs / (r.node.wallMs + r.follow.wallMs)),
    unit: 'x',
    ...(most === undefined ? {} : { goal: { most } }),
    floor: '`node -e 0` and `git log --follow`',
  }))
}

/**
 * Commits that each change the workflow; the one in the middle also moves it. Returns where it is in the end.
 * @param {import('../context.mjs').Bench} bench
 * @param {string} cwd
 * @param {number} count
 */
function addVersions(bench, cwd, count) {
  const [before, after] = [`${WORKFLOWS}/check.yaml`, `${WORKFLOWS}/team/review.yaml`]
  const middle = Math.floor(count / 2)
  const stream = Array.from({ length: count }, (_, i) => {
    const text = reviewWorkflow(i)
    const words = `Change ${i}`
    return [
      'commit refs/heads/main',
      `committer Bench <bench@example.com> ${1_700_000_000 + i} +0000`,
      `data ${words.length}\n${words}`,
      ...(i === 0 ? ['from refs/heads/main^0'] : []),
      ...(i === middle ? [`D ${before}`] : []),
      `M 100644 inline ${i < middle ? before : after}`,
      `data ${Buffer.byteLength(text)}\n${text}\n`,
    ].join('\n')
  })
  git(bench, cwd, ['fast-import', '--quiet'], stream.join(''))
  git(bench, cwd, ['reset', '-q', '--hard'])
  git(bench, cwd, ['repack', '-adq'])
  return after
}
