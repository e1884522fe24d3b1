// @ts-check
import { CLI, makeRepository } from '../context.mjs'
import { reviewWorkflow, WORKFLOWS } from '../definitions.mjs'
import { measure } from '../measure.mjs'
import { interleave } from '../rounds.mjs'

/**
 * W1: how long it takes until something can begin.
 * @param {import('../context.mjs').Bench} bench
 * @returns {Promise<import('../table.mjs').Row[]>}
 */
export async function measureStartUp(bench) {
  const file = `${WORKFLOWS}/review.yaml`
  const cwd = makeRepository(bench, 'start-up', { [file]: reviewWorkflow(3) })
  const node = (/** @type {string[]} */ ...args) =>
    measure([process.execPath, ...args], { cwd, env: bench.env })
  const rounds = await interleave(bench.rounds(21), {
    floor: () => node('-e', '0'),
    version: () => node(CLI, '--version'),
    validate: () => node(CLI, 'validate', file),
  })
  const floor = '`node -e 0`'
  return [
    {
      workload: 'W1',
      what: '`--version`, CPU',
      values: rounds.map(({ version, floor }) => version.cpuMs / floor.cpuMs),
      wall: rounds.map(({ version, floor }) => version.wallMs / floor.wallMs),
      unit: 'x',
      goal: { most: 1.15 },
      floor,
    },
    {
      workload: 'W1',
      what: '`validate` of one file, CPU',
      values: rounds.map(({ validate, floor }) => validate.cpuMs / floor.cpuMs),
      wall: rounds.map(({ validate, floor }) => validate.wallMs / floor.wallMs),
      unit: 'x',
      goal: { most: 2 },
      floor,
    },
  ]
}
