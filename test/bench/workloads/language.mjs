// @ts-check
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { PROGRAMS, ROOT } from '../context.mjs'
import { EXPRESSIONS, TEMPLATES, VARIABLES } from '../language-cases.mjs'
import { measure } from '../measure.mjs'
import { interleave } from '../rounds.mjs'

const PYTHON = '/usr/bin/python3'

/**
 * @typedef {object} Comparison
 * @property {'expressions' | 'templates'} kind
 * @property {'again' | 'anew'} how Each text compiled once and used again and again, or a new text in every turn.
 * @property {number} least Turns whose time is taken off as the start: each text once, or those that V8 compiles in.
 * @property {number} turns
 * @property {string} what
 * @property {{ readonly most: number }} [goal]
 * @property {string} needs A Python module without which there is nothing to compare with.
 * @property {string} floor
 */

/**
 * W7: the expression and the template language against the ones they stand for, start-up taken off.
 * @param {import('../context.mjs').Bench} bench
 * @returns {Promise<import('../table.mjs').Row[]>}
 */
export async function measureLanguage(bench) {
  /** @type {readonly Comparison[]} */
  const comparisons = [
    {
      kind: 'expressions',
      how: 'again',
      least: EXPRESSIONS.length,
      turns: bench.size(100_000, 3000),
      what: 'expressions evaluated, CPU',
      goal: { most: 1 },
      needs: 'sys',
      floor: "CPython's `eval` of compiled code",
    },
    {
      kind: 'expressions',
      how: 'again',
      least: bench.size(100_000, 3000),
      turns: bench.size(1_000_000, 6000),
      what: 'expressions evaluated, CPU after the first tenth',
      needs: 'sys',
      floor: "CPython's `eval` of compiled code",
    },
    {
      kind: 'expressions',
      how: 'anew',
      least: EXPRESSIONS.length,
      turns: bench.size(6000, 300),
      what: 'new expressions, each compiled and evaluated once, CPU',
      needs: 'sys',
      floor: "CPython's `compile` and `eval`",
    },
    {
      kind: 'templates',
      how: 'again',
      least: TEMPLATES.length,
      turns: bench.size(10_000, 120),
      what: 'templates rendered, CPU',
      goal: { most: 1 },
      needs: 'jinja2',
      floor: 'compiled templates of Jinja2',
    },
    {
      kind: 'templates',
      how: 'anew',
      least: TEMPLATES.length,
      turns: bench.size(600, 60),
      what: 'new templates, each compiled and rendered once, CPU',
      needs: 'jinja2',
      floor: 'Jinja2, compiling and rendering',
    },
  ]
  const cases = join(bench.folder, 'language-cases.json')
  writeFileSync(
    cases,
    JSON.stringify({ variables: VARIABLES, expressions: EXPRESSIONS, templates: TEMPLATES }),
  )
  const bundle = bundleLanguage(bench)
  const rows = []
  for (const comparison of comparisons) {
    if (hasModule(bench, comparison.needs)) rows.push(await compare(bench, comparison, { bundle, cases }))
    else
      process.stderr.write(
        `W7: no ${comparison.what}: ${PYTHON} with the module '${comparison.needs}' is needed to compare with\n`,
      )
  }
  return rows
}

/**
 * @param {import('../context.mjs').Bench} bench
 * @param {Comparison} comparison
 * @param {{ bundle: string, cases: string }} files
 * @returns {Promise<import('../table.mjs').Row>}
 */
async function compare(bench, { kind, how, least, turns, what, goal, floor }, { bundle, cases }) {
  const call = { cwd: bench.folder, env: bench.env }
  const ours = (/** @type {number} */ times) =>
    measure([process.execPath, PROGRAMS.language, bundle, cases, kind, `${times}`, how], call)
  const theirs = (/** @type {number} */ times) =>
    measure([PYTHON, PROGRAMS.languageFloor, cases, kind, `${times}`, how], call)
  const rounds = await interleave(bench.rounds(9), {
    floorLeast: () => theirs(least),
    floorAll: () => theirs(turns),
    least: () => ours(least),
    all: () => ours(turns),
  })
  for (const round of rounds)
    for (const [mine, other] of [
      [round.least, round.floorLeast],
      [round.all, round.floorAll],
    ])
      if (mine?.stdout !== other?.stdout)
        throw new Error(`W7: ${kind} (${how}) came out otherwise than in Python, so the times mean nothing`)
  const perTurn = rounds.map((r) => (1000 * (r.floorAll.cpuMs - r.floorLeast.cpuMs)) / (turns - least))
  return {
    workload: 'W7',
    what: `${turns} ${what}`,
    values: rounds.map((r) => (r.all.cpuMs - r.least.cpuMs) / (r.floorAll.cpuMs - r.floorLeast.cpuMs)),
    wall: rounds.map((r) => (r.all.wallMs - r.least.wallMs) / (r.floorAll.wallMs - r.floorLeast.wallMs)),
    unit: 'x',
    ...(goal ? { goal } : {}),
    floor: `${floor}, ${(perTurn.reduce((a, b) => a + b, 0) / perTurn.length).toFixed(2)} µs each`,
  }
}

/**
 * The languages as one file, built as dist/ is, where they are inside the library and not exported.
 * @param {import('../context.mjs').Bench} bench
 */
function bundleLanguage(bench) {
  const outfile = join(bench.folder, 'language.mjs')
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: ['schema/language/index.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    charset: 'utf8',
    minifySyntax: true,
    logLevel: 'warning',
  })
  return outfile
}

/**
 * @param {import('../context.mjs').Bench} bench
 * @param {string} name
 */
function hasModule(bench, name) {
  return spawnSync(PYTHON, ['-c', `import ${name}`], { env: bench.env }).status === 0
}
