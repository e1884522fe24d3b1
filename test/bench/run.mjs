// @ts-check
// Measures this project against its floors: `npm run bench -- --help`. What is measured and why: docs/performance.md.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { isBuilt } from '../../scripts/freshness.mjs'
import { EXTRA_CERTIFICATES, openBench, ROOT } from './context.mjs'
import { renderTable } from './table.mjs'

/** Loaded when chosen; each file says what its workload is. */
const WORKLOADS = {
  W1: async () => (await import('./workloads/start-up.mjs')).measureStartUp,
  W2: async () => (await import('./workloads/model-steps.mjs')).measureModelSteps,
  W3: async () => (await import('./workloads/map.mjs')).measureMap,
  W4: async () => {
    const { measureHistory } = await import('./workloads/history.mjs')
    const { measurePublishers } = await import('./workloads/publishers.mjs')
    /** @param {import('./context.mjs').Bench} bench */
    return async (bench) => [...(await measureHistory(bench)), ...(await measurePublishers(bench))]
  },
  W5: async () => (await import('./workloads/check-files.mjs')).measureChecks,
  W6: async () => (await import('./workloads/durable-steps.mjs')).measureDurableSteps,
  W7: async () => (await import('./workloads/language.mjs')).measureLanguage,
  W8: async () => (await import('./workloads/versions.mjs')).measureVersions,
  W9: async () => (await import('./workloads/compare-definitions.mjs')).measureComparison,
  W10: async () => (await import('./workloads/action-start.mjs')).measureActionStart,
  W11: async () => (await import('./workloads/blocks.mjs')).measureBlocks,
}

const HELP = `npm run bench -- [W1 … W11] [--rounds N] [--quick]

  W1  start-up: --version, validate of one file
  W2  model steps in a row: the whole process, and the engine alone
  W3  a map of 1,000 and of 10,000 items
  W4  the record of a run on a branch of 10,000 runs; a remote; history; 50 publishers at once
  W5  checking 1,000 files
  W6  keeping a step durable
  W7  expressions and templates, against CPython and Jinja2
  W8  the versions of a workflow that has 1,000
  W9  what a change of a workflow of 100 states means
  W10 start of the action, until a model is asked; on CODEMIE_TEST_NODE24 when that is set
  W11 a loop of 100 rounds and a foreach over 100 items in files of Octomind

  --rounds N  measure each side N times instead of the usual number
  --quick     small sizes, one round: only shows that everything works
`

process.exitCode = await main()

async function main() {
  const { values, positionals } = parseArgs({
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const unknown = positionals.find((name) => !Object.hasOwn(WORKLOADS, name))
  if (unknown !== undefined) return refuse(`There is no workload '${unknown}'.\n\n${HELP}`)
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1))
    return refuse(`--rounds takes a whole number from 1, and not '${values.rounds}'.\n`)
  if (process.platform === 'win32')
    return refuse("The bench needs a POSIX system: it reads times from bash's `time`.\n")
  if (!isBuilt(ROOT))
    return refuse('dist/ is missing or older than the sources. Build it first: npm run build\n')
  const isQuick = values.quick === true
  const bench = openBench({ isQuick, rounds })
  const stop = () => {
    bench.close()
    process.exit(130)
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    const chosen = Object.entries(WORKLOADS).filter(
      ([name]) => positionals.length === 0 || positionals.includes(name),
    )
    const rows = []
    for (const [name, load] of chosen) {
      process.stderr.write(`${name} …\n`)
      const run = await load()
      rows.push(...(await run(bench)))
    }
    process.stdout.write(`${renderTable(rows, { judges: !isQuick })}\n`)
    process.stdout.write(`Node ${process.versions.node}, ${process.platform}, ${cpus().length} processors.\n`)
    if (EXTRA_CERTIFICATES !== undefined) {
      process.stdout.write(
        'NODE_EXTRA_CA_CERTS is set, which makes every start of Node dearer, the floor included.\n',
      )
    }
    return 0
  } finally {
    bench.close()
  }
}

/** @param {string} words */
function refuse(words) {
  process.stderr.write(words)
  return 2
}
