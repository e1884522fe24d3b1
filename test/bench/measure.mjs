// @ts-check
// What a program costs: processor time of its whole process tree, wall time, peak memory.
import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * @typedef {object} Cost
 * @property {number} cpuMs User and system time of the program and of every child it waited for.
 * @property {number} wallMs
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * @typedef {object} Call
 * @property {string} cwd
 * @property {Readonly<Record<string, string>>} env All of it; nothing is inherited.
 * @property {readonly number[]} [okStatuses] Default: only 0.
 * @property {(line: string) => void} [onLine] Hears each whole line of standard output when it arrives.
 */

// The shell's `time` adds up all children that were waited for, which Node itself cannot ask for. It forks once for it,
// on both sides of every comparison. The program's own standard error goes to descriptor 3, apart from the numbers.
const TIMED = 'TIMEFORMAT="%R %U %S"; time "$@" 2>&3 3>&-'

/**
 * Runs a program to its end in a fresh process. Fails when its exit status is not expected.
 * @param {readonly [string, ...string[]]} command
 * @param {Call} call
 * @returns {Promise<Cost>}
 */
export function measure(command, { cwd, env, okStatuses = [0], onLine }) {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', TIMED, 'bash', ...command], {
      cwd,
      env: { ...env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    const [, stdout, numbers, stderr] = child.stdio.map(collect)
    if (onLine && child.stdout) listenForLines(child.stdout, onLine)
    child.on('error', reject)
    child.on('close', (status) => {
      const said = stderr?.() ?? ''
      // Of a program that was killed the shell says so first.
      const last = (numbers?.() ?? '').trim().split('\n').at(-1) ?? ''
      const [wall, user, system] = last.split(' ').map(Number)
      if (status === null || !okStatuses.includes(status) || wall === undefined || Number.isNaN(wall)) {
        reject(
          new Error(`${command.join(' ')} ended with status ${status}:\n${said || stdout?.()}${numbers?.()}`),
        )
        return
      }
      resolve({
        wallMs: wall * 1000,
        cpuMs: ((user ?? 0) + (system ?? 0)) * 1000,
        stdout: stdout?.() ?? '',
        stderr: said,
      })
    })
  })
}

/** @param {unknown} stream */
function collect(stream) {
  /** @type {Buffer[]} */
  const chunks = []
  if (stream) {
    const readable = /** @type {import('node:stream').Readable} */ (stream)
    if (typeof readable.on === 'function') readable.on('data', (chunk) => chunks.push(chunk))
  }
  return () => Buffer.concat(chunks).toString()
}

/**
 * @param {import('node:stream').Readable} stream
 * @param {(line: string) => void} onLine
 */
function listenForLines(stream, onLine) {
  let rest = ''
  stream.on('data', (chunk) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
}

const PEAK_HOOK = fileURLToPath(new URL('./programs/write-peak.mjs', import.meta.url))

/**
 * The same for a Node program, with the peak of its resident memory.
 * @param {readonly string[]} args Of `node`.
 * @param {Call} call
 * @param {string} scratch A file that may be written.
 * @returns {Promise<Cost & { peakMb: number }>}
 */
export async function measurePeak(args, call, scratch) {
  rmSync(scratch, { force: true })
  const cost = await measure([process.execPath, '--import', PEAK_HOOK, ...args], {
    ...call,
    env: { ...call.env, BENCH_PEAK_FILE: scratch },
  })
  return { ...cost, peakMb: Number(readFileSync(scratch, 'utf8')) }
}
