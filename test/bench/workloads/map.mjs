// @ts-check
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CLI, makeRepository, PROGRAMS } from '../context.mjs'
import { MODEL_MAP, WORKFLOWS } from '../definitions.mjs'
import { measure, measurePeak } from '../measure.mjs'
import { interleave, middle } from '../rounds.mjs'

const AT_ONCE = 50
const LATENCY_MS = 20

/**
 * W3: one model step for each item of a list, many at once.
 * @param {import('../context.mjs').Bench} bench
 * @returns {Promise<import('../table.mjs').Row[]>}
 */
export async function measureMap(bench) {
  const url = `${await bench.modelServer()}/late/v1`
  const cwd = makeRepository(bench, 'map', { [`${WORKFLOWS}/map.yaml`]: MODEL_MAP })
  const call = { cwd, env: { ...bench.env, OPENAI_BASE_URL: url } }
  const ours = (/** @type {number} */ items) => [
    CLI,
    'run',
    'map',
    '--max-concurrency',
    String(AT_ONCE),
    '--input-file',
    writeItems(bench, items),
  ]
  const pool = (/** @type {number} */ items) => [PROGRAMS.fetchLoop, url, String(items), String(AT_ONCE)]
  const some = bench.size(1000, 100)
  const many = bench.size(10_000, 500)
  const cpu = await interleave(bench.rounds(7), {
    floor: () => measure([process.execPath, ...pool(some)], call),
    kept: () => measure([process.execPath, ...ours(some)], call),
  })
  const peakFile = join(bench.folder, 'peak')
  const large = await interleave(bench.rounds(3), {
    floor: () => measurePeak(pool(many), call, peakFile),
    kept: () => measurePeak(ours(many), call, peakFile),
  })
  const ideal = (many / AT_ONCE) * LATENCY_MS
  const floorShare = middle(large.map(({ floor }) => ideal / floor.wallMs)).median.toFixed(2)
  const floorPeak = middle(large.map(({ floor }) => floor.peakMb)).median.toFixed(0)
  return [
    {
      workload: 'W3',
      what: `map of ${some} items, ${AT_ONCE} at a time, ${LATENCY_MS} ms each, CPU`,
      values: cpu.map(({ kept, floor }) => kept.cpuMs / floor.cpuMs),
      wall: cpu.map(({ kept, floor }) => kept.wallMs / floor.wallMs),
      unit: 'x',
      goal: { most: 1.1 },
      floor: 'pool of `fetch`',
    },
    {
      workload: 'W3',
      what: `map of ${many} items, ideal time over time`,
      values: large.map(({ kept }) => ideal / kept.wallMs),
      wall: large.map(({ kept, floor }) => kept.wallMs / floor.wallMs),
      unit: '',
      goal: { least: 0.6 },
      floor: `pool of \`fetch\`: ${floorShare}`,
    },
    {
      workload: 'W3',
      what: 'the same, peak memory',
      values: large.map(({ kept }) => kept.peakMb),
      unit: 'MB',
      goal: { most: 170 },
      floor: `pool of \`fetch\`: ${floorPeak} MB`,
    },
  ]
}

/**
 * @param {import('../context.mjs').Bench} bench
 * @param {number} count
 */
function writeItems(bench, count) {
  const file = join(bench.folder, `items-${count}.json`)
  writeFileSync(file, JSON.stringify({ items: Array.from({ length: count }, (_, i) => i) }))
  return file
}
