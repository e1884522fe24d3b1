import { devNull } from 'node:os'
import { Refusal } from '../failure.ts'
import { CHILD_ENV_NAMES, pickChildEnv } from '../process/child-env.ts'
import { type ProcessOutcome, type ProcessRequest, runProcess } from '../process/run-process.ts'

const HELP = {
  exited: "These are git's own words. `codemie-ci doctor` looks at the repository.",
  'timed-out': 'Something may hold it up: a lock, a slow disc, a network drive. Then try again.',
  'not-started': 'Install git, or put it into PATH.',
} as const

/**
 * A git command that did not do what was asked. `kind` tells why it ended; `stderr` holds git's own words (C locale)
 * and `stdout` what it had printed before, which for `push --porcelain` is the per-ref answer.
 */
export class GitError extends Refusal {
  readonly kind: 'exited' | 'timed-out' | 'not-started'
  /** `null` when a signal ended it or it never ran. */
  readonly exitCode: number | null
  readonly stderr: string
  readonly stdout: string

  constructor(
    message: string,
    details: {
      readonly kind: 'exited' | 'timed-out' | 'not-started'
      readonly exitCode?: number | null
      readonly stderr?: string
      readonly stdout?: string
    },
  ) {
    super('git-failed', message, { exitStatus: 6, help: HELP[details.kind] })
    this.kind = details.kind
    this.exitCode = details.exitCode ?? null
    this.stderr = details.stderr ?? ''
    this.stdout = details.stdout ?? ''
  }
}

/** One call of git. */
export interface GitCall {
  /** The command and its arguments, e.g. `['for-each-ref', '--format=…']`. */
  readonly args: readonly string[]
  /** Of several pieces none is copied. */
  readonly stdin?: string | readonly Uint8Array[]
  /** Exit statuses that are no failure. Default: only 0. */
  readonly okCodes?: readonly number[]
  /** Default: {@link DEFAULT_TIMEOUT_MS}. */
  readonly timeoutMs?: number
  /** Bytes kept of stdout and of stderr. Default: 64 MiB. More is a failure, never a silent cut. */
  readonly maxOutputBytes?: number
  readonly signal?: AbortSignal
}

/** What git printed. */
export interface GitReply {
  readonly stdout: Buffer
  readonly stderr: string
  readonly exitCode: number
}

/** The one way to call git: bound to a directory and an environment. */
export interface Git {
  /** Where git runs: a directory of the repository, or a bare repository. */
  readonly cwd: string
  /** Runs one command. Fails with a {@link GitError}, or the reason of the call's signal. */
  run(call: GitCall): Promise<GitReply>
  /** The same git in another repository, with further settings that no other process sees. */
  at(cwd: string, settings?: readonly GitSetting[]): Git
}

/** Name and value of a git setting, passed in memory only. */
export type GitSetting = readonly [key: string, value: string]

/** Limit of one git command in milliseconds. Network commands set their own. */
export const DEFAULT_TIMEOUT_MS = 60_000

/** Variables that git needs to reach a remote the way its user has set it up; added to {@link CHILD_ENV_NAMES}. */
const GIT_ENV_NAMES: readonly string[] = [
  ...CHILD_ENV_NAMES,
  'XDG_CONFIG_HOME',
  'SSH_AUTH_SOCK',
  'SSH_AGENT_PID',
  'GIT_SSL_CAINFO',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
]

/** Settings that must not come from a repository: each of them can start a program or follow another protocol. */
const SAFE_ARGS: readonly string[] = [
  '--no-pager',
  '-c',
  `core.hooksPath=${devNull}`,
  '-c',
  'core.fsmonitor=false',
  '-c',
  'protocol.ext.allow=never',
]

/** How git is started: watched, or with everything else waiting for it. */
export type RunGit = (request: ProcessRequest) => Promise<ProcessOutcome> | ProcessOutcome

/**
 * A git bound to `cwd`. Of `env` only what git needs is passed on: `GIT_DIR` and its kind (set inside hooks) would
 * redirect every command, and an editor, pager or prompt would wait for a person who is not there.
 *
 * @param run how it is started. Default: `runProcess`.
 */
export function createGit(
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
  settings: readonly GitSetting[] = [],
  run: RunGit = runProcess,
): Git {
  const childEnv = pickChildEnv(env, GIT_ENV_NAMES, {
    LANG: 'C',
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    ...settingsAsEnv(settings),
  })
  return {
    cwd,
    run: (call) => runGit(cwd, childEnv, call, run),
    at: (other, more = []) => createGit(other, env, [...settings, ...more], run),
  }
}

/** Settings as `GIT_CONFIG_COUNT`, `GIT_CONFIG_KEY_0`, …: unlike `-c` they do not show in the process list. */
function settingsAsEnv(settings: readonly GitSetting[]): Record<string, string> {
  if (settings.length === 0) return {}
  const variables: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.length) }
  settings.forEach(([key, value], index) => {
    variables[`GIT_CONFIG_KEY_${index}`] = key
    variables[`GIT_CONFIG_VALUE_${index}`] = value
  })
  return variables
}

async function runGit(
  cwd: string,
  env: Readonly<Record<string, string>>,
  call: GitCall,
  run: RunGit,
): Promise<GitReply> {
  const outcome = await run({
    program: 'git',
    args: [...SAFE_ARGS, ...call.args],
    cwd,
    env,
    ...(call.stdin === undefined ? {} : { stdin: call.stdin }),
    timeoutMs: call.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxOutputBytes: call.maxOutputBytes ?? 64 * 1024 * 1024,
    signal: call.signal ?? new AbortController().signal,
  })
  const name = `git ${commandOf(call.args)}`
  if (outcome.kind === 'not-started') {
    const why = outcome.code === 'ENOENT' ? 'git was not found in PATH' : outcome.message
    throw new GitError(`${name} could not be started: ${why}`, { kind: 'not-started' })
  }
  const stderr = outcome.stderr.text
  const stdout = outcome.stdout.text
  if (outcome.kind === 'timed-out') {
    throw new GitError(
      `${name} took longer than ${call.timeoutMs ?? DEFAULT_TIMEOUT_MS} ms and was stopped`,
      {
        kind: 'timed-out',
        stderr,
        stdout,
      },
    )
  }
  if (outcome.code === null || !(call.okCodes ?? [0]).includes(outcome.code)) {
    const how = outcome.code === null ? `was ended by ${outcome.signal}` : `ended with status ${outcome.code}`
    throw new GitError(`${name} ${how}: ${lastLines(stderr)}`, {
      kind: 'exited',
      exitCode: outcome.code,
      stderr,
      stdout,
    })
  }
  if (outcome.stdout.droppedBytes > 0) {
    throw new GitError(`${name} printed more than the limit of ${call.maxOutputBytes ?? 0} bytes`, {
      kind: 'exited',
      exitCode: outcome.code,
      stderr,
    })
  }
  return { stdout: outcome.stdout.bytes, stderr, exitCode: outcome.code }
}

/** The command's own name: settings and options may stand before it. */
function commandOf(args: readonly string[]): string {
  return args.find((arg, index) => !arg.startsWith('-') && args[index - 1] !== '-c') ?? ''
}

/** Lines that say nothing about the reason. */
const NOISE = /^(?:hint:|fast-import: dumping crash report|warning: die\(\) called many times|\s*$)/

/** The end of what git said, on one line: the beginning is progress, the end is the reason. */
function lastLines(stderr: string): string {
  const lines = new Set(stderr.split('\n').filter((line) => !NOISE.test(line)))
  return [...lines].slice(-4).join(' | ') || 'without a word'
}
