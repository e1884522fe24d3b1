// @ts-check
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeRepository, PROGRAMS } from '../context.mjs'
import { cheapChain, WORKFLOWS } from '../definitions.mjs'
import { measure } from '../measure.mjs'
import { ends, meanStep } from '../per-step.mjs'
import { interleave } from '../rounds.mjs'

/**
 * W6: what it costs to keep a step, at the beginning of a run and at its end: a run with a record minus one without.
 * @param {import('../context.mjs').Bench} bench
 * @returns {Promise<import('../table.mjs').Row[]>}
 */
export async function measureDurableSteps(bench) {
  const steps = bench.size(1000, 100)
  const cwd = makeRepository(bench, 'durable-steps', { [`${WORKFLOWS}/notes.yaml`]: cheapChain(steps) })
  const call = { cwd, env: bench.env }
  const file = join(bench.folder, 'lines.ndjson')
  const rounds = await interleave(bench.rounds(9), {
    floor() {
      rmSync(file, { force: true })
      return measure([process.execPath, PROGRAMS.appendLines, file, String(steps)], call)
    },
    kept: () => measure([process.execPath, PROGRAMS.engineSteps, 'notes', 'keep'], call),
    forgotten: () => measure([process.execPath, PROGRAMS.engineSteps, 'notes', 'forget'], call),
  })
  const floorMs = rounds.map(({ floor }) => meanStep(floor.stdout))
  const floor = `a line and \`fdatasync\`, ${(floorMs.reduce((a, b) => a + b, 0) / floorMs.length).toFixed(2)} ms`
  const more = (/** @type {'early' | 'late'} */ end) =>
    rounds.map(({ kept, forgotten }) => ends(kept.stdout)[end] - ends(forgotten.stdout)[end])
  return [
    {
      workload: 'W6',
      what: 'keeping a step, early in a run, CPU',
      values: more('early'),
      unit: 'ms',
      goal: { most: 0.2 },
      floor,
    },
    {
      workload: 'W6',
      what: `keeping a step, near step ${steps}, CPU`,
      values: more('late'),
      unit: 'ms',
      goal: { most: 0.2 },
      floor,
    },
  ]
}
