import { isOutdated, type PushRejected } from '../git/push.ts'
import type { StoreContext } from './context.ts'
import { dropRefs } from './publish-local.ts'
import { pushPatiently } from './publish-remote.ts'
import { treeOnBranch } from './read-run.ts'
import { DONE, fetchedBranch, LIVE, listRefs, RUNS_BRANCH, type RunRef } from './refs.ts'
import type { RecordRemote } from './remote.ts'
import { fetchRefs, listRemoteRefs } from './remote-refs.ts'
import { rejectionOf } from './remote-refusal.ts'
import type { CollectedShards } from './shard.ts'

/**
 * Sends a finished run and takes its live ref away, both or neither. May be done by anybody, and by several at once: what
 * somebody else has sent already has arrived.
 *
 * @returns `undefined` when the remote has it; `overtaken`: somebody else went on with the run, and theirs counts.
 */
export async function pushDone(
  context: StoreContext,
  remote: RecordRemote,
  id: string,
  done: RunRef & { readonly previous?: string },
  shards: CollectedShards['refs'] = [],
): Promise<'overtaken' | PushRejected | undefined> {
  const { ref, commit: to, tree, live, previous } = done
  const push = (from?: string) =>
    pushPatiently(
      remote,
      [{ ref, to, ...(from === undefined ? {} : { from }) }],
      [
        ...(live === undefined ? [] : [{ ref: `${LIVE}${id}`, from: live }]),
        ...shards.map((shard) => ({ ref: shard.ref, from: shard.commit })),
      ],
      context,
    )
  const rejected = await push()
  if (rejected === undefined || !isOutdated(rejected)) return rejected
  try {
    const there = await listRemoteRefs(remote, [ref, `${LIVE}${id}`])
    if (there.get(ref) === to) return undefined
    // It was resumed before its first end got onto the branch.
    if (previous !== undefined && there.get(ref) === previous) return await push(previous)
    const isStillOurs = live !== undefined && there.get(`${LIVE}${id}`) === live
    // Then it was one of the shards that somebody has moved; a sweep removes what is left of them.
    if (shards.length > 0 && isStillOurs && !there.has(ref)) return await pushDone(context, remote, id, done)
    if (there.size > 0) {
      // A live ref of ours that nobody has taken over since would stay for ever.
      if (isStillOurs) await pushPatiently(remote, [], [{ ref: `${LIVE}${id}`, from: live }], context)
      return 'overtaken'
    }
    // Nobody has it any more: somebody else's version is on the branch, or ours already.
    const copy = fetchedBranch(remote.name)
    await fetchRefs(remote.git, remote, [`+${RUNS_BRANCH}:${copy}`])
    const [tip] = await listRefs(context.repository.git, [copy])
    const published = tip && (await treeOnBranch(context.repository.git, tip.commit, id))
    return published === tree ? undefined : 'overtaken'
  } catch (error) {
    return rejectionOf(error)
  }
}

/** Runs that an earlier process could not push go along now. */
export async function sendLeftOver(
  context: StoreContext,
  remote: RecordRemote,
  except?: string,
): Promise<void> {
  const { git } = context.repository
  const left = (await listRefs(git, [DONE])).filter((one) => one.ref !== except)
  for (const one of left) {
    const outcome = await pushDone(context, remote, one.ref.slice(DONE.length), one)
    if (outcome === 'overtaken') await dropRefs(git, [one])
  }
}
