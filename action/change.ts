import { commonCommit, parentsOf } from '../runner/git/ancestry.ts'
import { type Git, GitError } from '../runner/git/git.ts'
import { parseNameStatus } from '../runner/git/name-status.ts'
import type { PullRequest, ReadEvent } from './read-event.ts'

/** What a pull request or a push changes. */
export interface Change {
  /** Paths that differ, before and after; sorted. */
  readonly files: readonly string[]
  /** The change as `git diff` shows it; `undefined`: it is too large. */
  readonly diff: string | undefined
}

/** Bytes of a diff that are read. */
const MOST_DIFF = 8 * 1024 * 1024

type Open = (commits: readonly string[]) => Promise<Git>

/**
 * Reads what a pull request or a push changes; `undefined` when the event is about none, or when the clone does not hold
 * enough history to tell.
 *
 * @param open gives a git that has some commits.
 */
export async function readChange({ pull, pushed }: ReadEvent, open: Open): Promise<Change | undefined> {
  const range = pull
    ? ((await orUndefined(mergedRange(pull, open))) ?? (await orUndefined(partedRange(pull, open))))
    : pushed?.before === undefined
      ? undefined
      : await orUndefined(pushedRange(pushed.before, pushed.after, open))
  return range && (await orUndefined(readRange(range)))
}

/** What git does not tell is not known. */
async function orUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof GitError) return undefined
    throw error
  }
}

interface Range {
  readonly git: Git
  readonly from: string
  readonly to: string
}

/** What the forge merged tells the change without any history. */
async function mergedRange({ head, merge }: PullRequest, open: Open): Promise<Range | undefined> {
  const [base, merged] = await parentsOf(await open([merge]), merge)
  if (base === undefined || merged !== head) return undefined
  return { git: await open([base, merge]), from: base, to: merge }
}

/** Since where the head parted from its base. */
async function partedRange({ base, head }: PullRequest, open: Open): Promise<Range | undefined> {
  const git = await open([base, head])
  const from = await commonCommit(git, base, head)
  return from === undefined ? undefined : { git, from, to: head }
}

async function pushedRange(before: string, after: string, open: Open): Promise<Range> {
  const commits = before.endsWith('^') ? [after] : [before, after]
  return { git: await open(commits), from: before, to: after }
}

async function readRange(range: Range): Promise<Change> {
  return { files: await filesIn(range), diff: await diffIn(range) }
}

async function filesIn({ git, from, to }: Range): Promise<readonly string[]> {
  const { stdout } = await git.run({
    args: ['diff', '--name-status', '-M', '-z', '--end-of-options', from, to, '--'],
  })
  const paths = parseNameStatus(stdout.toString()).flatMap(({ before, after }) => [before, after])
  return [...new Set(paths.filter((path) => path !== undefined))].sort()
}

async function diffIn({ git, from, to }: Range): Promise<string | undefined> {
  try {
    const { stdout } = await git.run({
      args: [
        'diff',
        '--no-color',
        '--no-ext-diff',
        '--no-textconv',
        '-M',
        '--end-of-options',
        from,
        to,
        '--',
      ],
      maxOutputBytes: MOST_DIFF,
    })
    return stdout.toString()
  } catch (error) {
    if (error instanceof GitError && error.kind === 'exited') return undefined
    throw error
  }
}
