import type { Repository } from './git/repository.ts'

/** What was done to files of the working tree; nothing is committed. */
export interface FileChange {
  /** Every path that differs now, relative to the root. Empty: nothing was to do. */
  readonly files: readonly { readonly path: string; readonly what: 'written' | 'changed' | 'removed' }[]
  /** For the commit that somebody may make of it. */
  readonly message: string
}

/** A line of git, as arguments. */
export type GitLine = readonly string[]

/** The lines of git that commit a change and nothing else: files that git does not know yet are added first. */
export async function commitLines(
  { git }: Pick<Repository, 'git'>,
  { files, message }: FileChange,
): Promise<readonly GitLine[]> {
  const paths = files.map(({ path }) => path)
  if (paths.length === 0) return []
  const { stdout } = await git.run({ args: ['--literal-pathspecs', 'ls-files', '-z', '--', ...paths] })
  const known = new Set(stdout.toString().split('\0'))
  const fresh = files.filter(({ path, what }) => what !== 'removed' && !known.has(path))
  const named = files.filter(({ path, what }) => what !== 'removed' || known.has(path))
  return [
    ...(fresh.length > 0 ? [['git', 'add', '--', ...fresh.map(({ path }) => path)]] : []),
    ...(named.length > 0 ? [['git', 'commit', '-m', message, '--', ...named.map(({ path }) => path)]] : []),
  ]
}
