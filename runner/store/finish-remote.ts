import { mkdirSync } from 'node:fs'
import type { PushRejected } from '../git/push.ts'
import { bundleDirectory, writeBundle } from './bundle.ts'
import type { StoreContext } from './context.ts'
import { dropRefs, type FinishedRun, writeDone } from './publish-local.ts'
import { type PublishedRemotely, publishRemotely } from './publish-remote.ts'
import { DONE, listRefs, PUSHED, RUNS_BRANCH, updateRefs } from './refs.ts'
import type { RecordRemote } from './remote.ts'
import { listRemoteRefs } from './remote-refs.ts'
import { isTransient, rejectionOf, remoteRefusal } from './remote-refusal.ts'
import { runPath } from './run-id.ts'
import { pushDone, sendLeftOver } from './send-done.ts'
import type { CollectedShards } from './shard.ts'
import { lookAt, overtaken, type RecordPlace } from './writer.ts'

/**
 * Ends a run on a remote: one atomic push creates `done` and removes `live`; from then on the run is durable. Then it is
 * put on the branch, together with every other finished run found there. If that does not work out, somebody else's
 * publication takes it along, and this one has still succeeded.
 *
 * Refuses with the remote's answer when the first push does not get through: the run is then `done` in this repository.
 */
export async function finishOnRemote(
  context: StoreContext,
  remote: RecordRemote,
  run: FinishedRun,
  live: { readonly there: string | undefined; readonly here: string | undefined },
  shards: CollectedShards['refs'] = [],
): Promise<RecordPlace> {
  const { git } = context.repository
  const done = await writeDone(git, run, Math.floor(context.now() / 1000), live)
  const rejected = await pushDone(context, remote, run.id, done, shards)
  await dropRefs(git, [...done.superseded, ...(rejected === undefined ? shards : [])])
  if (rejected !== undefined) {
    // Somebody took the run over while this process went on: its version counts, and this one must not be sent later.
    if (rejected === 'overtaken') {
      await dropRefs(git, [done])
      throw overtaken(run.id, `${remote.name} has another version of it`)
    }
    const bundle = await bundleOf(context, done.ref)
    throw remoteRefusal(
      remote,
      rejected,
      `The run is kept in this repository${bundle === undefined ? '' : `, and in ${bundle}, which \`codemie-ci import\` brings into any clone`}. The next run with --push publishes it, and so does \`codemie-ci sweep --push\`.`,
    )
  }
  await sendLeftOver(context, remote, done.ref)
  const place = {
    runId: run.id,
    status: run.status,
    pushedTo: remote.name,
  }
  const published = context.publish === 'later' ? undefined : await publishInTurn(context, remote, run.id)
  if (published?.rejected !== undefined) {
    context.warn({
      code: 'record-not-published',
      message: `The record is on ${remote.name} as ${done.ref}, and not on codemie/runs yet: ${remoteRefusal(remote, published.rejected, '').message}`,
    })
  }
  if (published?.commit === undefined) {
    return {
      ...place,
      ref: done.ref,
      commit: done.commit,
      path: '',
      isPublished: false,
      look: [lookAt(done.ref, '')],
    }
  }
  await rememberPushed(context, [...published.paths.keys(), run.id])
  const path = published.paths.get(run.id) ?? runPath(run.workflow, run.id)
  return {
    ...place,
    ref: RUNS_BRANCH,
    commit: published.commit,
    path,
    isPublished: true,
    look: [
      lookAt(`${PUSHED}${run.id}`, ''),
      `git fetch ${remote.name} codemie/runs && ${lookAt('FETCH_HEAD', path)}`,
    ],
  }
}

/** Looks at who is first that often; then publishes whoever else is waiting. */
const MOST_POLLS = 10
/** When the same one is first that often, its publisher is gone. */
const MOST_POLLS_ALIKE = 3

/**
 * Puts the run on the branch, or sees to it that somebody does. Of many runs that end at the same time the one with the
 * smallest id publishes all of them in one commit; the others wait, and publish only when it does not. So fifty runs
 * make a few commits, and hardly any push is in vain.
 */
async function publishInTurn(
  context: StoreContext,
  remote: RecordRemote,
  id: string,
): Promise<PublishedRemotely> {
  let first: string | undefined
  for (let poll = 0, alike = 0; poll < MOST_POLLS; poll++) {
    const pending = await pendingOn(remote)
    if ('problem' in pending) {
      if (poll + 1 === MOST_POLLS_ALIKE || !isTransient(pending.problem))
        return { commit: undefined, paths: new Map(), rejected: pending }
      await context.sleep(700 + context.random() * 600)
      continue
    }
    const { done, tip } = pending
    if (!done.includes(id)) return { commit: tip, paths: new Map() }
    alike = done[0] === first ? alike + 1 : 0
    first = done[0]
    if (first === id || alike >= MOST_POLLS_ALIKE) break
    await context.sleep(700 + context.random() * 600)
  }
  return await publishRemotely(context.repository, remote, (await context.state()).objectFormat, context)
}

/** Ids of the runs that wait for a publisher, sorted, and the branch's tip; or why the remote does not say. */
async function pendingOn(
  remote: RecordRemote,
): Promise<{ readonly done: readonly string[]; readonly tip: string | undefined } | PushRejected> {
  const refs = await listRemoteRefs(remote, [`${DONE}*`, RUNS_BRANCH]).catch(rejectionOf)
  if ('problem' in refs) return refs
  return {
    done: [...refs.keys()].flatMap((ref) => (ref.startsWith(DONE) ? [ref.slice(DONE.length)] : [])).sort(),
    tip: refs.get(RUNS_BRANCH),
  }
}

/** A file that outlives this machine when somebody takes it along; `undefined`: it cannot be written either. */
async function bundleOf(context: StoreContext, ref: string): Promise<string | undefined> {
  const directory = bundleDirectory(context)
  try {
    mkdirSync(directory, { recursive: true })
    return await writeBundle(context.repository.git, ref, directory)
  } catch {
    return undefined
  }
}

/** What the remote's branch has now is no longer `done` here, but stays readable until the branch is fetched. */
export async function rememberPushed(context: StoreContext, ids: readonly string[]): Promise<void> {
  const { git } = context.repository
  const refs = await listRefs(git, [DONE, PUSHED])
  const updates = [...new Set(ids)].flatMap((id) => {
    const done = refs.find((one) => one.ref === `${DONE}${id}`)
    if (done === undefined) return []
    const old = refs.find((one) => one.ref === `${PUSHED}${id}`)
    const zero = '0'.repeat(done.commit.length)
    return [
      { ref: done.ref, from: done.commit },
      { ref: `${PUSHED}${id}`, from: old?.commit ?? zero, to: done.commit },
    ]
  })
  await updateRefs(git, updates).catch(() => {})
}
