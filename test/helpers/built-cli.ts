import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const CLI = join(ROOT, 'dist', 'cli.cjs')

/**
 * Builds `dist/` when it does not belong to the sources as they are. Test files run side by side, and a build replaces
 * the whole folder, so one of them builds and the others wait for it.
 */
export async function buildIfStale(): Promise<void> {
  const { digestSources, stampPath } = await import('../../scripts/freshness.mjs')
  const digest = digestSources(ROOT)
  const isFresh = () => {
    try {
      return readFileSync(stampPath(ROOT), 'utf8').trim() === digest
    } catch {
      return false
    }
  }
  const lock = join(tmpdir(), `codemie-ci-build-${digest.slice(0, 16)}`)
  const giveUpAt = Date.now() + 45_000
  while (!isFresh()) {
    try {
      mkdirSync(lock)
    } catch {
      // Left behind by a build that was killed, when it takes that long.
      if (Date.now() > giveUpAt) rmSync(lock, { recursive: true, force: true })
      await setTimeout(100)
      continue
    }
    try {
      execFileSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs')])
      return
    } finally {
      rmSync(lock, { recursive: true, force: true })
    }
  }
}

/** A command line that runs as a process of its own. */
export interface RunningCli {
  readonly process: ChildProcess
  /** What it wrote so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves when standard output holds the text; rejects when the process ends without. */
  waitFor(text: string): Promise<void>
  /** Exit status, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>
}

/** Starts the built command line. `env` is its whole environment; `prefix` a program that starts it, e.g. a shell. */
export function startCli(
  args: readonly string[],
  options: {
    readonly cwd: string
    readonly env: Readonly<Record<string, string>>
    readonly prefix?: readonly string[]
  },
): RunningCli {
  const [program = process.execPath, ...rest] = [...(options.prefix ?? []), process.execPath, CLI, ...args]
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  let hasEnded = false
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece
    tell()
  })
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece
  })
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      hasEnded = true
      tell()
      resolve(code ?? signal ?? '')
    })
  })
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    waitFor: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (stdout.includes(text)) resolve()
          else if (hasEnded) reject(new Error(`it ended without '${text}':\n${stdout}\n${stderr}`))
        }
        listeners.add(look)
        look()
      }),
  }
}

/** Runs the built command line to its end. */
export async function runBuiltCli(...parameters: Parameters<typeof startCli>) {
  const cli = startCli(...parameters)
  const status = await cli.ended
  return { status, stdout: cli.stdout(), stderr: cli.stderr() }
}
