import { join, resolve } from 'node:path'
import type { Git } from '../git/git.ts'
import { runIdOfRef } from './refs.ts'

/**
 * Writes one run to a file that travels without a remote: a git bundle of the run's ref alone, complete in itself.
 * `git bundle verify` checks it in any repository, and `git fetch <file> <ref>:<ref>` brings the run there.
 *
 * @param git in the repository that has the ref.
 * @param ref `refs/codemie/live/<run id>`, or the same under `done` or `pushed`; anything else is a `RangeError`.
 * @param directory where the file goes; it must exist. A bundle of the same run there is replaced as a whole.
 * @returns absolute path of the file, `<directory>/<run id>.bundle`. Fails with a `GitError` when git cannot write it, or
 *   there is no such ref.
 */
export async function writeBundle(git: Git, ref: string, directory: string): Promise<string> {
  const id = runIdOfRef(ref)
  if (id === undefined) throw new RangeError(`not the ref of a run: ${ref}`)
  const file = resolve(git.cwd, join(directory, `${id}.bundle`))
  await git.run({ args: ['bundle', 'create', '--quiet', file, ref] })
  return file
}
