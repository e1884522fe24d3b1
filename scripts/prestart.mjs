// @ts-check
// Runs before `npm start`: installs and builds what is missing or out of date. Silent when nothing is, and loads no
// package to find that out. What it says goes to stderr, because stdout belongs to the command that follows.
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isBuilt, isInstalled } from './freshness.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * One line for people, then the command; its failure is ours.
 * @param {string} reason
 * @param {string} command
 * @param {string[]} args
 */
function run(reason, command, args) {
  console.error(reason)
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (error) console.error(`Cannot run ${command}: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}

if (!isInstalled(root)) {
  // npm says where it lives; without it (started by hand) the one on the PATH is as good. Run through node, npm needs
  // no shell on Windows.
  const npm = process.env.npm_execpath
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]]
  // Without scripts: the only one that matters is our own build, which comes next.
  run('Installing packages (once) …', command, [...before, 'ci', '--ignore-scripts'])
}
if (!isBuilt(root)) run('Building …', process.execPath, ['scripts/build.mjs'])
