// @ts-check
// A run by the built library, without the command line around it. Prints the processor time in ms after each step, as
// JSON. Runs in a repository. Arguments: name of the workflow, `keep` or `forget` (a record).
import { openProject, realWorld, startRun } from '../../../dist/runner.mjs'

const [name = '', record = 'forget'] = process.argv.slice(2)
const world = realWorld(process)
const project = await openProject(world)
const { workflow } = await project.find(name)
if (!workflow) throw new Error(`${name} is not valid`)
/** @type {number[]} */
const times = []
const result = await startRun({
  project,
  workflow,
  world,
  input: '',
  signal: new AbortController().signal,
  commit: record === 'keep',
  push: false,
  onEvent(/** @type {{ type: string }} */ event) {
    if (event.type !== 'step-finished') return
    const { user, system } = process.cpuUsage()
    times.push((user + system) / 1000)
  },
})
if (result.exitStatus !== 0) throw new Error(`the run ended with status ${result.exitStatus}`)
console.log(JSON.stringify(times))
process.exit()
