import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runCli } from '../../cli/cli.ts'
import type { Cli } from '../../cli/context.ts'
import { makePalette } from '../../cli/ui/palette.ts'
import { realWorld } from '../../runner/world.ts'

/** What a command line wrote and how it ended. */
export interface CliResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunCliOptions {
  readonly cwd: string
  /** Added to an environment that holds only what git needs. */
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Pretend that both outputs are a terminal of this width, without colours. */
  readonly columns?: number
  /** Hands out the function that sends a Ctrl-C. */
  readonly onInterruptible?: (interrupt: () => void) => void
}

/** 2026-01-02 03:04:05 UTC, the time of every command line under test. */
const FIXED_TIME = '1767323045'

/** Runs a command line in this process, with captured streams, an own environment and a clock that stands still. */
export async function runInProcess(argv: readonly string[], options: RunCliOptions): Promise<CliResult> {
  const written: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] }
  let status: number | undefined
  const env = { ...gitEnvironment(), SOURCE_DATE_EPOCH: FIXED_TIME, ...options.env }
  const palette = makePalette({ color: false, unicode: true })
  const isTerminal = options.columns !== undefined
  const listeners = new Set<() => void>()
  options.onInterruptible?.(() => {
    for (const listener of listeners) listener()
  })
  const cli: Cli = {
    version: '9.9.9',
    world: realWorld({ cwd: () => options.cwd, env }),
    stdout: { write: (text) => written.stdout.push(text), isTerminal, columns: options.columns },
    stderr: { write: (text) => written.stderr.push(text), isTerminal, columns: options.columns },
    readStdin: async () => options.stdin ?? '',
    canAsk: false,
    canRedraw: false,
    look: { stdout: palette, stderr: palette },
    onInterrupt: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    exitNow: (code) => {
      status ??= code
    },
  }
  const returned = await runCli(argv, cli)
  return { status: status ?? returned, stdout: written.stdout.join(''), stderr: written.stderr.join('') }
}

/** A git repository in a fresh folder. */
export interface TestRepository {
  readonly root: string
  readonly git: (...args: readonly string[]) => string
  readonly write: (files: Readonly<Record<string, string>>) => void
  /** Adds and commits everything. */
  readonly commit: (message: string) => void
  readonly remove: () => void
}

/** Makes a repository with these files in its working tree; nothing is committed yet. */
export function makeRepository(files: Readonly<Record<string, string>> = {}): TestRepository {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'codemie-ci-cli-')))
  const git = (...args: readonly string[]) =>
    execFileSync('git', [...args], { cwd: root, env: gitEnvironment(), encoding: 'utf8', stdio: 'pipe' })
  const write = (more: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(more)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
  }
  git('init', '--quiet', '--initial-branch=main')
  git('config', 'user.name', 'Ada')
  git('config', 'user.email', 'ada@example.org')
  write(files)
  return {
    root,
    git,
    write,
    commit: (message) => {
      git('add', '--all')
      git('commit', '--quiet', '--allow-empty', '--message', message)
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

/** Enough to find git, and nothing of the person who runs the tests. */
function gitEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_DATE: `${FIXED_TIME} +0000`,
    GIT_COMMITTER_DATE: `${FIXED_TIME} +0000`,
    TMPDIR: tmpdir(),
  }
}
