import { isAncestor } from '../git/ancestry.ts'
import type { StoreContext } from './context.ts'
import { claimedLease, type Lease } from './lease.ts'
import type { RunManifest } from './manifest.ts'
import { readRecord, type StoredRun, treeOnBranch } from './read-run.ts'
import { DONE, fetchedBranch, LIVE, listRefs, RUNS_BRANCH, updateRefs } from './refs.ts'
import type { RecordRemote } from './remote.ts'
import { fetchRefs, listRemoteRefs } from './remote-refs.ts'
import { rejectionOf, remoteRefusal } from './remote-refusal.ts'

/** What a remote has of a run besides the branch. */
export interface RefsThere {
  readonly live: string | undefined
  readonly done: string | undefined
}

/**
 * Brings a run's live and `done` refs from a remote, which is all that resuming it on another machine needs, and the
 * branch when it has neither: the run may have come to its end elsewhere. The live ref becomes that of the remote; an end
 * that this repository has not sent yet is left as it is.
 *
 * @returns tips of the run's live and `done` refs on the remote; `undefined`: it has none.
 */
export async function fetchRun(remote: RecordRemote, id: string): Promise<RefsThere> {
  try {
    // Asked first: naming a ref in a fetch that the remote lacks is an error.
    const there = await listRemoteRefs(remote, [`${LIVE}${id}`, `${DONE}${id}`, RUNS_BRANCH])
    const [live, done] = [there.get(`${LIVE}${id}`), there.get(`${DONE}${id}`)]
    const isOurs = done !== undefined && (await isAhead(remote, id, done))
    const own = [
      ...(live === undefined ? [] : [`+${LIVE}${id}:${LIVE}${id}`]),
      ...(done === undefined || isOurs ? [] : [`${DONE}${id}:${DONE}${id}`]),
    ]
    const wanted =
      own.length > 0 ? own : there.has(RUNS_BRANCH) ? [`+${RUNS_BRANCH}:${fetchedBranch(remote.name)}`] : []
    if (wanted.length > 0) await fetchRefs(remote.git, remote, wanted)
    return { live, done: isOurs ? undefined : done }
  } catch (error) {
    throw remoteRefusal(
      remote,
      rejectionOf(error),
      'Without --push a run is resumed from what is on this machine.',
    )
  }
}

/**
 * Whether this repository has an end of a run that goes on from the one that the remote has, and has not sent it yet. Any
 * other end of it here is out of date, and is replaced.
 */
async function isAhead(remote: RecordRemote, id: string, done: string): Promise<boolean> {
  const { git } = remote
  const ref = `${DONE}${id}`
  const [unsent] = await listRefs(git, [ref])
  if (unsent === undefined || unsent.commit === done) return false
  const aside = `${THERE}${id}`
  await fetchRefs(git, remote, [`+${ref}:${aside}`])
  const isOlder = await isAncestor(git, done, unsent.commit)
  await updateRefs(git, [
    { ref: aside, from: done },
    ...(isOlder ? [] : [{ ref, from: unsent.commit, to: done }]),
  ]).catch(() => {})
  return isOlder
}

/** Where a remote's end of a run is looked at beside our own. */
const THERE = 'refs/codemie/there/'

/**
 * What was fetched of a run that has gone on since it was here: by somebody else, or by a process of this machine whose
 * record arrived, and which had no time to put its directory away. `undefined`: nothing newer. Its live ref counts as long
 * as the remote has one, then its `done` ref, then the branch.
 */
export async function findContinued(
  context: StoreContext,
  remote: RecordRemote,
  { manifest, directory, where, tree: ownTree }: StoredRun,
  there: RefsThere,
): Promise<StoredRun | undefined> {
  const { id, fence } = manifest
  const { git } = context.repository
  const place = there.live !== undefined ? 'live' : there.done !== undefined ? 'done' : 'branch'
  const refs = { live: `${LIVE}${id}`, done: `${DONE}${id}`, branch: fetchedBranch(remote.name) }
  const [tip] = await listRefs(git, [refs[place]])
  if (!tip) return undefined
  const { commit } = tip
  const tree = place === 'branch' ? await treeOnBranch(git, commit, id) : tip.tree
  if (tree === undefined) return undefined
  const record = await readRecord(context, git, { id, tree, commit, where: place })
  const isNewer =
    place === 'live'
      ? directory === undefined
        ? record.manifest.fence > fence
        : isOfAnother(record.manifest, claimedLease(directory))
      : where === 'branch'
        ? record.manifest.fence > fence
        : // It came to an end that what is here does not go on from.
          tree !== ownTree && tree !== manifest.previousTree
  return isNewer ? record : undefined
}

/** Whether a live record was written by a holder after that of a directory, or by one that won against it. */
function isOfAnother({ fence, lease }: RunManifest, own: Lease | undefined): boolean {
  if (own === undefined || fence !== own.fence) return fence > (own?.fence ?? 0)
  return lease !== undefined && (lease.hostname !== own.hostname || lease.pid !== own.pid)
}
