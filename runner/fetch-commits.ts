import type { Git } from './git/git.ts'
import { objectFormatOf } from './git/object-id.ts'
import type { Repository } from './git/repository.ts'
import { openRemote, openScratch } from './store/remote.ts'
import { fetchRefs } from './store/remote-refs.ts'

/** Commits with all their files, wherever they came from. */
export interface OpenCommits {
  /** git where all of them are; the user's repository keeps its refs, its configuration and its depth. */
  readonly git: Git
  close(): void
}

/** Which of some objects a repository lacks, by name: an id, `<id>^{commit}`, … */
export async function missingObjects(git: Git, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return []
  const { stdout } = await git.run({
    args: ['cat-file', '--batch-check'],
    stdin: `${names.join('\n')}\n`,
  })
  const lines = stdout.toString().split('\n')
  return names.filter((_, index) => lines[index]?.endsWith(' missing') ?? true)
}

/**
 * Opens commits by id; those that the clone lacks are fetched from `origin` without their history. Fails with a
 * `GitError` when it does not give them, and refuses with `no-such-remote`.
 *
 * @param token for the fetch. Default: the credentials that git has.
 */
export async function openCommits(
  repository: Repository,
  commits: readonly string[],
  options: { readonly token?: string | undefined; readonly tmp?: string | undefined } = {},
): Promise<OpenCommits> {
  const missing = await missingObjects(repository.git, commits)
  if (missing.length === 0) return { git: repository.git, close: () => {} }
  const remote = await openRemote(repository, 'origin', options.token)
  const scratch = openScratch(repository, remote, objectFormatOf(missing[0] ?? ''), options.tmp)
  try {
    const refspecs = missing.map((commit) => `+${commit}:refs/commits/${commit}`)
    await fetchRefs(scratch.git, remote, refspecs, ['--depth=1'])
    return { git: scratch.git, close: () => scratch.remove() }
  } catch (error) {
    scratch.remove()
    throw error
  }
}
