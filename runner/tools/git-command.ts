import { devNull } from 'node:os'
import { dirname } from 'node:path'
import { StepFailure } from '../failure.ts'
import { CHILD_ENV_NAMES, pickChildEnv } from '../process/child-env.ts'
import { runProcess } from '../process/run-process.ts'
import { badArgument, toolFailed } from './define-tool.ts'
import type { ToolContext } from './tool.ts'

/**
 * Settings that a repository may carry and that would start a program or change the output. The repository under
 * review is not trusted to choose them.
 */
const SAFE_SETTINGS = [
  'core.fsmonitor=false',
  `core.hooksPath=${devNull}`,
  'core.pager=cat',
  'core.quotePath=false',
  'core.attributesFile=',
  'log.showSignature=false',
  'log.mailmap=true',
  'log.follow=false',
  'diff.external=',
  'diff.renames=true',
  'diff.noprefix=false',
  'diff.mnemonicPrefix=false',
  'color.ui=false',
  'submodule.recurse=false',
]

/** Variables that make git ask nobody and read no configuration but the repository's. */
export function isolatedGitEnv(ceiling: string): Readonly<Record<string, string>> {
  return {
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: devNull,
    GIT_NO_LAZY_FETCH: '1',
    // A folder that is no repository must not be taken for part of one above it.
    GIT_CEILING_DIRECTORIES: ceiling,
  }
}

/** What git printed. `text` is cut at `maxBytes`; then `isCut` is true. */
export interface GitOutput {
  readonly text: string
  readonly isCut: boolean
}

/** One call of a git command that only reads. */
export interface GitCall {
  /** The tool on whose behalf, for messages. */
  readonly tool: string
  readonly args: readonly string[]
  readonly stdin?: string
  /** Default: the policy's output limit. */
  readonly maxBytes?: number
  /** Exit statuses that are no failure. Default: only 0. */
  readonly okCodes?: readonly number[]
}

/**
 * Runs a reading git command in the repository: no pager, hooks, external diff, text conversion or prompt, and none of
 * the user's or system's configuration, so that the same repository gives the same output everywhere.
 *
 * Fails with a `StepFailure` blamed on the tool, carrying git's own words.
 */
export async function runGit(context: ToolContext, call: GitCall): Promise<GitOutput> {
  const settings = [...SAFE_SETTINGS, `safe.directory=${context.root}`].flatMap((value) => ['-c', value])
  const outcome = await runProcess({
    program: 'git',
    args: ['--no-pager', '--literal-pathspecs', '--no-optional-locks', ...settings, ...call.args],
    cwd: context.root,
    env: pickChildEnv(context.env, CHILD_ENV_NAMES, isolatedGitEnv(dirname(context.root))),
    ...(call.stdin === undefined ? {} : { stdin: call.stdin }),
    timeoutMs: context.policy.timeoutMs,
    maxOutputBytes: call.maxBytes ?? context.policy.maxOutputBytes,
    signal: context.signal,
  })
  switch (outcome.kind) {
    case 'not-started':
      throw toolFailed(
        call.tool,
        `git could not be started (${outcome.code})`,
        'Install git and put it on the PATH.',
      )
    case 'timed-out':
      throw new StepFailure(
        'tool-timeout',
        `${call.tool}: git took longer than ${context.policy.timeoutMs} ms`,
        { blame: 'tool', retryable: true, help: 'Ask for less, e.g. with a limit or paths.' },
      )
    case 'exited':
      if (outcome.code === null || !(call.okCodes ?? [0]).includes(outcome.code)) {
        const words = outcome.stderr.text.trim().split('\n').slice(0, 3).join(' ')
        throw toolFailed(call.tool, words || `git ended with status ${outcome.code ?? outcome.signal}`)
      }
      return { text: outcome.stdout.text, isCut: outcome.stdout.droppedBytes > 0 }
  }
}

/** Letters that revisions are made of: names, `~2`, `^`, `@{1}`; no option, range, path or blank. */
const REVISION = /^[A-Za-z0-9_][A-Za-z0-9._/~^@{}+#-]*$/

/**
 * The commit that a revision (branch, tag, hash, `HEAD~2`) stands for, as a full hash.
 *
 * Fails with a `StepFailure` when it is not written like one revision or is not in this clone; in a shallow clone the
 * message says how to fetch more.
 */
export async function resolveCommit(
  context: ToolContext,
  revision: string,
  use: { tool: string; argument: string },
): Promise<string> {
  if ((!REVISION.test(revision) && revision !== '@') || revision.includes('..')) {
    throw badArgument(
      use.tool,
      use.argument,
      `"${revision}" is not a revision`,
      'Give a branch, a tag or a hash.',
    )
  }
  const found = await runGit(context, {
    tool: use.tool,
    args: ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`],
    okCodes: [0, 1, 128],
  })
  const hash = found.text.trim()
  if (/^[0-9a-f]{40,64}$/.test(hash)) return hash
  if (revision === 'HEAD' || revision === '@') {
    throw toolFailed(use.tool, 'there is no commit yet on the current branch', 'Commit something first.')
  }
  throw toolFailed(
    use.tool,
    `argument "${use.argument}": "${revision}" is not in this clone`,
    (await isShallow(context, use.tool))
      ? 'The clone is shallow. Fetch the history: `fetch-depth: 0` in actions/checkout, or `git fetch --unshallow --tags`.'
      : 'Check the spelling, or fetch it first; tags are fetched with `git fetch --tags`.',
  )
}

/** Whether history was cut when this repository was cloned. */
export async function isShallow(context: ToolContext, tool: string): Promise<boolean> {
  const answer = await runGit(context, { tool, args: ['rev-parse', '--is-shallow-repository'] })
  return answer.text.trim() === 'true'
}
