// @ts-check
// The floor of durability: lines of a journal, each on the disc before the next. Prints the processor time in ms after
// each, as JSON. Arguments: file, count.
import { closeSync, fdatasync, openSync, write } from 'node:fs'
import { promisify } from 'node:util'

const [path = '', count = '0'] = process.argv.slice(2)
const append = promisify(write)
const sync = promisify(fdatasync)
const file = openSync(path, 'ax')
const times = new Float64Array(Number(count))
for (let i = 0; i < times.length; i++) {
  const event = {
    at: '2026-01-01T00:00:00.000Z',
    type: 'step-finished',
    path: `step-${i}`,
    output: 'A line of text',
  }
  await append(file, `${JSON.stringify(event)}\n`)
  await sync(file)
  const { user, system } = process.cpuUsage()
  times[i] = (user + system) / 1000
}
closeSync(file)
console.log(JSON.stringify([...times]))
