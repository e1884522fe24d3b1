import { type Git, GitError } from '../runner/git/git.ts'
import { parseNameStatus } from '../runner/git/name-status.ts'
import type { ReadEvent } from './read-event.ts'

/** What a pull request or a push changes. */
export interface Change {
  /** Paths that differ, before and after; sorted. */
  readonly files: readonly string[]
  /** The change as `git diff` shows it; `undefined`: it is too large. */
  readonly diff: string | undefined
}

/** Bytes of a diff that are read. */
const MOST_DIFF = 8 * 1024 * 1024

/** Commits that have to be there for {@link readChange}. */
export function commitsOf({ pull, pushed }: ReadEvent): readonly string[] {
  if (pull !== undefined) return [...new Set([pull.base, pull.head, pull.merge])]
  const { before, after } = pushed ?? {}
  return [before, after].filter((commit) => commit !== undefined && !commit.endsWith('^')) as string[]
}

/**
 * Reads what a pull request or a push changes; `undefined` when the event is about none, or when the clone does not hold
 * enough history to tell.
 *
 * @param open gives a git that has some commits.
 */
export async function readChange(
  event: ReadEvent,
  open: (commits: readonly string[]) => Promise<Git>,
): Promise<Change | undefined> {
  try {
    const git = await open(commitsOf(event))
    const range = await rangeOf(event, git, open)
    return range && { files: await filesIn(range), diff: await diffIn(range) }
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

async function rangeOf(
  { pull, pushed }: ReadEvent,
  git: Git,
  open: (commits: readonly string[]) => Promise<Git>,
): Promise<Range | undefined> {
  if (pushed?.before !== undefined) return { git, from: pushed.before, to: pushed.after }
  if (pull === undefined) return undefined
  const [base, head] = await parentsOf(git, pull.merge)
  // What the forge merged tells the change without any history.
  if (base !== undefined && head === pull.head) {
    return { git: await open([base, pull.merge]), from: base, to: pull.merge }
  }
  const { stdout } = await git.run({ args: ['merge-base', pull.base, pull.head] })
  return { git, from: stdout.toString().trim(), to: pull.head }
}

/** Also in a shallow clone, where `^2` finds nothing. */
async function parentsOf(git: Git, commit: string): Promise<readonly string[]> {
  const { stdout } = await git.run({ args: ['cat-file', 'commit', commit] })
  const [head = ''] = stdout.toString().split('\n\n', 1)
  return [...head.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, parent = '']) => parent)
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
