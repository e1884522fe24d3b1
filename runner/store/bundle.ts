import { join, resolve } from 'node:path'
import { writeCommits } from '../git/fast-import.ts'
import type { Git } from '../git/git.ts'
import type { StoreContext } from './context.ts'
import { entryOf } from './figures.ts'
import { dropRefs } from './publish-local.ts'
import { readRun } from './read-run.ts'
import { DONE, LIVE, listRefs, PUSHED, runIdOfRef, runMessage } from './refs.ts'

/** Where bundles of runs lie that could not be pushed. */
export function bundleDirectory({ repository }: Pick<StoreContext, 'repository'>): string {
  return join(repository.commonDir, 'codemie', 'bundles')
}

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

/**
 * Writes a run to a bundle, wherever it is: one that is only on the branch, or only in its directory, gets a ref of its
 * own for as long as that takes.
 *
 * @param directory as for {@link writeBundle}. Returns the file.
 */
export async function bundleRun(context: StoreContext, id: string, directory: string): Promise<string> {
  const { git } = context.repository
  const [known] = await listRefs(git, [`${LIVE}${id}`, `${DONE}${id}`, `${PUSHED}${id}`])
  if (known !== undefined) return await writeBundle(git, known.ref, directory)
  const { manifest, tree, files } = await readRun(context, id)
  const isOpen =
    manifest.status === 'running' || manifest.status === 'paused' || manifest.status === 'interrupted'
  const ref = `${isOpen && tree === undefined ? LIVE : PUSHED}${id}`
  const commits = await writeCommits(git, [
    {
      ref,
      parent: undefined,
      message: runMessage(entryOf(manifest)),
      committedAt: Math.floor(context.now() / 1000),
      ...(tree === undefined ? { files } : { trees: new Map([['', tree]]) }),
    },
  ])
  const [commit] = commits ?? []
  // Somebody else has given it one in this instant.
  if (commit === undefined) return await bundleRun(context, id, directory)
  try {
    return await writeBundle(git, ref, directory)
  } finally {
    await dropRefs(git, [{ ref, commit }])
  }
}
