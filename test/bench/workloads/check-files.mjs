// @ts-check
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CLI, makeRepository, PROGRAMS } from '../context.mjs'
import { reviewWorkflow } from '../definitions.mjs'
import { measure } from '../measure.mjs'
import { interleave } from '../rounds.mjs'

/**
 * W5: what checking one more file costs, start-up taken off.
 * @param {import('../context.mjs').Bench} bench
 * @returns {Promise<import('../table.mjs').Row[]>}
 */
export async function measureChecks(bench) {
  const files = bench.size(1000, 50)
  const cwd = makeRepository(bench, 'check-files', { 'README.md': 'Workflows.\n' })
  const one = writeWorkflows(cwd, 'one', 1)
  const all = writeWorkflows(cwd, 'all', files)
  const call = { cwd, env: bench.env }
  const node = (/** @type {string[]} */ ...args) => measure([process.execPath, ...args], call)
  const rounds = await interleave(bench.rounds(7), {
    floorOne: () => node(PROGRAMS.checkFiles, one),
    floorAll: () => node(PROGRAMS.checkFiles, all),
    one: () => node(CLI, 'validate', one),
    all: () => node(CLI, 'validate', all),
  })
  const perFile = rounds.map(({ floorAll, floorOne }) => (floorAll.cpuMs - floorOne.cpuMs) / (files - 1))
  return [
    {
      workload: 'W5',
      what: `check of ${files} files, CPU per file`,
      values: rounds.map((r) => (r.all.cpuMs - r.one.cpuMs) / (r.floorAll.cpuMs - r.floorOne.cpuMs)),
      wall: rounds.map((r) => (r.all.wallMs - r.one.wallMs) / (r.floorAll.wallMs - r.floorOne.wallMs)),
      unit: 'x',
      goal: { most: 1.5 },
      floor: `\`yaml\` and Ajv, ${(perFile.reduce((a, b) => a + b, 0) / perFile.length).toFixed(2)} ms a file`,
    },
  ]
}

/**
 * @param {string} cwd
 * @param {string} name
 * @param {number} count
 */
function writeWorkflows(cwd, name, count) {
  const folder = join(cwd, name)
  mkdirSync(folder)
  for (let i = 0; i < count; i++) writeFileSync(join(folder, `review-${i}.yaml`), reviewWorkflow(i))
  return folder
}
