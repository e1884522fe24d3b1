// @ts-check
// `npm test`: every check of the project. All of them run, even after one failed, and the last line is the count:
// "N passed, N failed, N skipped". A check counts as one; the tests count as themselves. Arguments go to vitest.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addCounts, formatCounts, readVitestCounts } from './counts.mjs'
import { isBuilt } from './freshness.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** @param {string[]} parts */
const folder = (...parts) => join(root, 'node_modules', ...parts)

/**
 * What is checked before the tests. `needs` names a program that is not one of our packages: without it the check is
 * skipped, and counted so.
 * @typedef {{ name: string, command: string, args: string[], needs?: string }} Check
 * @type {Check[]}
 */
const CHECKS = [
  {
    name: 'types',
    command: process.execPath,
    args: [folder('typescript', 'bin', 'tsc'), '--noEmit', '-p', '.'],
  },
  {
    name: 'lint and format',
    command: process.execPath,
    args: [folder('@biomejs', 'biome', 'bin', 'biome'), 'ci', '--error-on-warnings', '--colors=off'],
  },
  { name: 'unused code and packages', command: process.execPath, args: [folder('knip', 'bin', 'knip.js')] },
  { name: 'generated files', command: process.execPath, args: ['scripts/generate.mjs', '--check'] },
  { name: 'workflow syntax', needs: 'actionlint', command: 'actionlint', args: [] },
  {
    name: 'workflow security',
    needs: 'zizmor',
    command: 'zizmor',
    // Strict: a file that it cannot read is a finding, not a warning.
    args: ['--offline', '--quiet', '--strict-collection', '--color=never', '.github', 'action'],
  },
]

/** What Linux calls a file system in memory. */
const TMPFS = 0x01021994
/** What the tests leave until they end is far below it. */
const NEEDED_BYTES = 4 * 1024 ** 3

let total = { passed: 0, failed: 0, skipped: 0 }

// The end-to-end tests use dist/; an old one would prove nothing.
if (!isBuilt(root)) await report({ name: 'build', command: process.execPath, args: ['scripts/build.mjs'] })

for (const pending of CHECKS.map((check) => ({ ...check, outcome: start(check) }))) await report(pending)
await runTests(process.argv.slice(2))

console.log(formatCounts(total))
process.exitCode = total.failed === 0 ? 0 : 1

/**
 * Runs a check to its end and keeps what it said.
 * @param {Check} check
 * @returns {Promise<{ status: number | null, output: string, isSkipped?: boolean }>}
 */
function start({ needs, command, args }) {
  if (needs !== undefined && !isOnPath(needs))
    return Promise.resolve({ isSkipped: true, status: null, output: '' })
  return new Promise((resolve) => {
    /** @type {Buffer[]} */
    const chunks = []
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.on('data', (chunk) => chunks.push(chunk))
    child.on('error', (error) => resolve({ status: -1, output: String(error) }))
    child.on('close', (status) => resolve({ status, output: Buffer.concat(chunks).toString() }))
  })
}

/**
 * Prints and counts a check, which was started before or is now.
 * @param {Check & { outcome?: ReturnType<typeof start> }} check
 */
async function report(check) {
  const { isSkipped, status, output } = await (check.outcome ?? start(check))
  if (isSkipped) {
    console.log(`- ${check.name}: skipped, ${check.needs} is not installed`)
    total.skipped += 1
  } else if (status === 0) {
    console.log(`✓ ${check.name}`)
    total.passed += 1
  } else {
    console.log(`✗ ${check.name}\n${output.trimEnd()}\n`)
    total.failed += 1
  }
}

/**
 * Runs vitest with its own output, and adds its counts.
 * @param {string[]} args
 */
async function runTests(args) {
  const memory = process.env.TMPDIR ? undefined : memoryFolder()
  const scratch = mkdtempSync(join(memory ?? tmpdir(), 'codemie-ci-test-'))
  // A database does not run as root, so it runs as somebody who has to get to its folder.
  chmodSync(scratch, 0o711)
  const results = join(scratch, 'vitest.json')
  const options = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  // In CI vitest colours even a file.
  if (!process.stdout.isTTY) options.push('--no-color')
  console.log('\nTests')
  try {
    const status = await new Promise((resolve) => {
      const child = spawn(process.execPath, [folder('vitest', 'vitest.mjs'), 'run', ...options, ...args], {
        cwd: root,
        env: { ...process.env, ...(memory === undefined ? {} : { TMPDIR: scratch }) },
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      child.on('error', () => resolve(-1))
      child.on('close', resolve)
    })
    total = addCounts(total, readVitestCounts(results, status))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/**
 * A folder in memory for repositories that live for a second: making and removing their many small files takes a fifth of the
 * time of the tests on a disc. `undefined`: there is none that is large enough and runs programs.
 */
function memoryFolder() {
  const folder = '/dev/shm'
  try {
    const { type, bavail, bsize } = statfsSync(folder)
    if (type !== TMPFS || bavail * bsize < NEEDED_BYTES) return undefined
    const probe = mkdtempSync(join(folder, 'codemie-ci-probe-'))
    try {
      const program = join(probe, 'program')
      writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 })
      return spawnSync(program).status === 0 ? folder : undefined
    } finally {
      rmSync(probe, { recursive: true, force: true })
    }
  } catch {
    return undefined
  }
}

/** @param {string} program */
function isOnPath(program) {
  const names = process.platform === 'win32' ? [`${program}.exe`] : [program]
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.some((path) => names.some((name) => existsSync(join(path, name))))
}
