import { GitError } from '../git/git.ts'
import type { StoreContext } from './context.ts'
import { readRecord, type StoredRun, treeOnBranch } from './read-run.ts'
import { DONE, fetchedBranch, LIVE, listRefs, RUNS_BRANCH } from './refs.ts'
import type { RecordRemote } from './remote.ts'
import { fetchRefs, listRemoteRefs } from './remote-refs.ts'
import { rejectionOf, remoteRefusal } from './remote-refusal.ts'

/**
 * Brings a run's live and `done` refs from a remote, which is all that resuming it on another machine needs, and the
 * branch when it has neither: the run may have come to its end elsewhere. The local refs move forward only.
 *
 * @returns tip of the live ref on the remote; `undefined`: it has none.
 */
export async function fetchRun(remote: RecordRemote, id: string): Promise<string | undefined> {
  try {
    // Asked first: naming a ref in a fetch that the remote lacks is an error.
    const there = await listRemoteRefs(remote, [`${LIVE}${id}`, `${DONE}${id}`, RUNS_BRANCH])
    const own = [`${LIVE}${id}`, `${DONE}${id}`].filter((ref) => there.has(ref))
    const wanted =
      own.length > 0
        ? own.map((ref) => `${ref}:${ref}`)
        : there.has(RUNS_BRANCH)
          ? [`+${RUNS_BRANCH}:${fetchedBranch(remote.name)}`]
          : []
    if (wanted.length > 0) await fetchRefs(remote.git, remote, wanted)
    return there.get(`${LIVE}${id}`)
  } catch (error) {
    if (!(error instanceof GitError) || error.kind === 'not-started') throw error
    throw remoteRefusal(
      remote,
      rejectionOf(error),
      'Without --push a run is resumed from what is on this machine.',
    )
  }
}

/**
 * What was fetched of a run that somebody else has gone on with since; `undefined`: nothing newer. Its live ref counts as
 * long as the remote has one; after that what is here of it is left over, and the branch counts.
 */
export async function findContinued(
  context: StoreContext,
  remote: RecordRemote,
  { manifest }: StoredRun,
  isLive: boolean,
): Promise<StoredRun | undefined> {
  const { id, fence } = manifest
  const { git } = context.repository
  const [tip] = await listRefs(git, [isLive ? `${LIVE}${id}` : fetchedBranch(remote.name)])
  if (!tip) return undefined
  const { commit } = tip
  const tree = isLive ? tip.tree : await treeOnBranch(git, commit, id)
  if (tree === undefined) return undefined
  const record = await readRecord(context, git, { id, tree, commit, where: isLive ? 'live' : 'branch' })
  return record.manifest.fence > fence ? record : undefined
}
