import { Refusal } from '../failure.ts'
import { type Git, GitError } from './git.ts'

/** The commit that a revision names. Refuses with `unknown-revision`. */
export async function resolveCommit(git: Git, name: string): Promise<string> {
  try {
    // To git this is all that is not in a commit, which it also says to be a revision.
    if (name.startsWith('^')) throw new GitError(`${name} is no commit`, { kind: 'exited' })
    const { stdout } = await git.run({
      args: ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`],
    })
    return stdout.toString().trim()
  } catch (error) {
    if (!(error instanceof GitError) || error.kind !== 'exited') throw error
    throw new Refusal('unknown-revision', `There is no revision '${name}' here${await shallowNote(git)}`, {
      help: 'A branch, a tag or a commit; `git fetch` brings those of the remote.',
    })
  }
}

/** What to add to a refusal where a clone is shallow, which may be why; `''` elsewhere. */
export async function shallowNote(git: Git): Promise<string> {
  const { stdout } = await git.run({ args: ['rev-parse', '--is-shallow-repository'] })
  return stdout.toString().trim() === 'true'
    ? '; this clone is shallow, and `git fetch --unshallow` brings the rest of its history'
    : ''
}
