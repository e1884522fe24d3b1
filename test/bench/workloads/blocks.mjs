// @ts-check
import { CLI, makeRepository, PROGRAMS } from '../context.mjs'
import { layerForEach, roleLoop, WORKFLOWS } from '../definitions.mjs'
import { measure } from '../measure.mjs'
import { interleave } from '../rounds.mjs'

/**
 * W11: blocks of Octomind's files, answered at once: what a round and an item cost beside their call.
 * @param {import('../context.mjs').Bench} bench
 * @returns {Promise<import('../table.mjs').Row[]>}
 */
export async function measureBlocks(bench) {
  const url = `${await bench.modelServer()}/now/v1`
  const many = bench.size(100, 10)
  const cwd = makeRepository(bench, 'blocks', {
    [`${WORKFLOWS}/rounds.toml`]: roleLoop(many),
    [`${WORKFLOWS}/items.config.toml`]: layerForEach(),
  })
  const items = Array.from({ length: many }, (_, i) => `${i + 1}. Say something about it.`).join('\n')
  const call = { cwd, env: { ...bench.env, OPENAI_BASE_URL: url } }
  const node = (/** @type {string[]} */ ...args) => measure([process.execPath, ...args], call)
  const rounds = await interleave(bench.rounds(11), {
    floor: () => node(PROGRAMS.fetchLoop, url, String(many), '1'),
    loop: () => node(CLI, 'run', 'rounds', '--input', 'Begin'),
    items: () => node(CLI, 'run', 'items', '--input', items),
  })
  /** @type {import('../table.mjs').Row[]} */
  const rows = []
  for (const [key, what] of /** @type {const} */ ([
    ['loop', `a loop of ${many} rounds in a file of its own`],
    ['items', `a foreach over ${many} items in a configuration`],
  ])) {
    rows.push({
      workload: 'W11',
      what: `${what}, whole process with journal and record, CPU`,
      values: rounds.map((round) => round[key].cpuMs / round.floor.cpuMs),
      wall: rounds.map((round) => round[key].wallMs / round.floor.wallMs),
      unit: 'x',
      goal: { most: 1.5 },
      floor: `loop of \`fetch\`, ${many} calls`,
    })
  }
  return rows
}
