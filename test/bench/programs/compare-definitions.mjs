// @ts-check
// Reads two definitions so many times, and compares them when asked to. Prints the processor time in ms of all turns but
// the first tenth, in which V8 compiles. Arguments: a bundle of what reads and compares, the two files, `read` or
// `compare`, how many times.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [bundle = '', before = '', after = '', what = '', times = ''] = process.argv.slice(2)
/** @type {typeof import('../../../schema/read.ts') & typeof import('../../../schema/diff/compare.ts')} */
const { readWorkflow, compareWorkflows } = await import(pathToFileURL(bundle).href)
const turns = Number(times)
let start = process.cpuUsage()
let changes = 0
for (let turn = 0; turn < turns; turn++) {
  if (turn === Math.floor(turns / 10)) start = process.cpuUsage()
  const [old, now] = [before, after].map((file) => {
    const { workflow } = readWorkflow({ file, text: readFileSync(file, 'utf8') })
    if (!workflow) throw new Error(`${file} is not valid`)
    return workflow
  })
  if (what === 'compare' && old && now) changes = compareWorkflows(old, now).length
}
const { user, system } = process.cpuUsage(start)
console.log(JSON.stringify({ cpuMs: (user + system) / 1000, changes }))
