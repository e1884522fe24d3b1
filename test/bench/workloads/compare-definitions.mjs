// @ts-check
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { PROGRAMS, ROOT } from '../context.mjs'
import { longReview } from '../definitions.mjs'
import { measure } from '../measure.mjs'
import { interleave } from '../rounds.mjs'

/**
 * W9: what it costs to say what a change of a workflow means, against checking the two files.
 * @param {import('../context.mjs').Bench} bench
 * @returns {Promise<import('../table.mjs').Row[]>}
 */
export async function measureComparison(bench) {
  const states = 100
  const turns = bench.size(100, 10)
  const bundle = bundleComparison(bench)
  const before = writeDefinition(bench, 'before', longReview(states))
  const small = writeDefinition(bench, 'small', longReview(states).replace('Say what', 'Say exactly what'))
  const large = writeDefinition(bench, 'large', longReview(states, 'part'))
  const run = async (/** @type {string} */ after, /** @type {'read' | 'compare'} */ what) => {
    const args = [process.execPath, PROGRAMS.compareDefinitions, bundle, before, after, what, `${turns}`]
    const { stdout } = await measure(/** @type {[string, ...string[]]} */ (args), {
      cwd: bench.folder,
      env: bench.env,
    })
    return JSON.parse(stdout)
  }
  const rounds = await interleave(bench.rounds(7), {
    floorSmall: () => run(small, 'read'),
    small: () => run(small, 'compare'),
    floorLarge: () => run(large, 'read'),
    large: () => run(large, 'compare'),
  })
  for (const { small: few, large: many } of rounds)
    if (few.changes === 0 || many.changes < states) throw new Error('W9: the definitions do not differ')
  const perTurn = rounds.map(({ floorSmall }) => floorSmall.cpuMs / (turns - Math.floor(turns / 10)))
  const floor = `reading and checking both, ${(perTurn.reduce((a, b) => a + b, 0) / perTurn.length).toFixed(1)} ms`
  return [
    {
      workload: 'W9',
      what: `what a change means, ${states} states, one prompt of all, CPU with reading`,
      values: rounds.map((r) => r.small.cpuMs / r.floorSmall.cpuMs),
      unit: 'x',
      goal: { most: 2 },
      floor,
    },
    {
      workload: 'W9',
      what: 'the same, every state called otherwise and changed',
      values: rounds.map((r) => r.large.cpuMs / r.floorLarge.cpuMs),
      unit: 'x',
      floor,
    },
  ]
}

/**
 * @param {import('../context.mjs').Bench} bench
 * @param {string} name
 * @param {string} text
 */
function writeDefinition(bench, name, text) {
  const file = join(bench.folder, `${name}.yaml`)
  writeFileSync(file, text)
  return file
}

/**
 * What reads and compares as one file, built as dist/ is, where it is inside the library and not exported.
 * @param {import('../context.mjs').Bench} bench
 */
function bundleComparison(bench) {
  const outfile = join(bench.folder, 'compare.mjs')
  buildSync({
    absWorkingDir: ROOT,
    stdin: {
      contents: "export * from './schema/read.ts'\nexport * from './schema/diff/compare.ts'\n",
      resolveDir: ROOT,
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    charset: 'utf8',
    minifySyntax: true,
    logLevel: 'warning',
    // Packages that are no ES modules ask for `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
  })
  return outfile
}
