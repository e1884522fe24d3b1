// @ts-check
import { CLI, makeRepository, PROGRAMS } from '../context.mjs'
import { modelChain, WORKFLOWS } from '../definitions.mjs'
import { measure } from '../measure.mjs'
import { ends, meanStep } from '../per-step.mjs'
import { interleave } from '../rounds.mjs'

/**
 * W2: model steps in a row, answered at once: what a step costs beside its call.
 * @param {import('../context.mjs').Bench} bench
 * @returns {Promise<import('../table.mjs').Row[]>}
 */
export async function measureModelSteps(bench) {
  const url = `${await bench.modelServer()}/now/v1`
  const few = bench.size(100, 10)
  const many = bench.size(1000, 100)
  const cwd = makeRepository(bench, 'model-steps', {
    [`${WORKFLOWS}/chain.yaml`]: modelChain(few),
    [`${WORKFLOWS}/long-chain.yaml`]: modelChain(many),
  })
  const call = { cwd, env: { ...bench.env, OPENAI_BASE_URL: url } }
  const node = (/** @type {string[]} */ ...args) => measure([process.execPath, ...args], call)
  return [...(await wholeProcess(bench, node, few, url)), ...(await engineAlone(bench, node, many, url))]
}

/**
 * @param {import('../context.mjs').Bench} bench
 * @param {(...args: string[]) => Promise<import('../measure.mjs').Cost>} node
 * @param {number} steps
 * @param {string} url
 * @returns {Promise<import('../table.mjs').Row[]>}
 */
async function wholeProcess(bench, node, steps, url) {
  const rounds = await interleave(bench.rounds(11), {
    floor: () => node(PROGRAMS.fetchLoop, url, String(steps), '1'),
    kept: () => node(CLI, 'run', 'chain'),
    forgotten: () => node(CLI, 'run', 'chain', '--no-commit'),
  })
  const floor = `loop of \`fetch\`, ${steps} calls`
  return [
    {
      workload: 'W2',
      what: `${steps} model steps, whole process with journal and record, CPU`,
      values: rounds.map(({ kept, floor }) => kept.cpuMs / floor.cpuMs),
      wall: rounds.map(({ kept, floor }) => kept.wallMs / floor.wallMs),
      unit: 'x',
      goal: { most: 1.5 },
      floor,
    },
    {
      workload: 'W2',
      what: 'the same with `--no-commit`, CPU',
      values: rounds.map(({ forgotten, floor }) => forgotten.cpuMs / floor.cpuMs),
      wall: rounds.map(({ forgotten, floor }) => forgotten.wallMs / floor.wallMs),
      unit: 'x',
      floor,
    },
  ]
}

/**
 * @param {import('../context.mjs').Bench} bench
 * @param {(...args: string[]) => Promise<import('../measure.mjs').Cost>} node
 * @param {number} steps
 * @param {string} url
 * @returns {Promise<import('../table.mjs').Row[]>}
 */
async function engineAlone(bench, node, steps, url) {
  const rounds = await interleave(bench.rounds(7), {
    own: () => node(PROGRAMS.openaiLoop, url, String(steps), 'own'),
    light: () => node(PROGRAMS.openaiLoop, url, String(steps), 'light'),
    engine: () => node(PROGRAMS.engineSteps, 'long-chain', 'forget'),
  })
  return [
    {
      workload: 'W2',
      what: `engine alone, ${steps} steps, CPU per step more than \`openai\` with a light transport`,
      values: rounds.map(({ engine, light }) => meanStep(engine.stdout) - meanStep(light.stdout)),
      unit: 'ms',
      goal: { most: 0.35 },
      floor: `loop of \`openai\` over \`node:http\`, ${perStep(rounds.map(({ light }) => light.stdout))}`,
    },
    {
      workload: 'W2',
      what: 'the same, more than `openai` as it comes',
      values: rounds.map(({ engine, own }) => meanStep(engine.stdout) - meanStep(own.stdout)),
      unit: 'ms',
      goal: { most: 0.35 },
      floor: `loop of \`openai\`, ${perStep(rounds.map(({ own }) => own.stdout))}`,
    },
    {
      workload: 'W2',
      what: 'late steps over early steps, CPU',
      values: rounds.map(({ engine }) => ends(engine.stdout).late / ends(engine.stdout).early),
      unit: 'x',
      goal: { most: 1.2 },
      floor: `steps ${steps / 10} to ${steps * 0.3} of the same run`,
    },
  ]
}

/** @param {readonly string[]} printed */
function perStep(printed) {
  return `${(printed.reduce((sum, one) => sum + meanStep(one), 0) / printed.length).toFixed(2)} ms a call`
}
