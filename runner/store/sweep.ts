import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Git } from '../git/git.ts'
import { bundleDirectory } from './bundle.ts'
import { localBranch, type StoreContext } from './context.ts'
import { rememberPushed } from './finish-remote.ts'
import { currentLease, isLeaseAlive } from './lease.ts'
import { dropRefs, publishPending } from './publish-local.ts'
import { publishRemotely } from './publish-remote.ts'
import { DONE, fetchedBranch, LIVE, listRefs, PUSHED, readTrailers, SHARD } from './refs.ts'
import { openScratch, type RecordRemote } from './remote.ts'
import { fetchRefs, listRemoteRefs, pushTo } from './remote-refs.ts'
import { remoteRefusal } from './remote-refusal.ts'
import { listRunDirectories } from './run-home.ts'
import { isRunId } from './run-id.ts'
import { sendLeftOver } from './send-done.ts'

/** What a sweep put in order, and what it found that somebody has to decide. */
export interface Swept {
  /** Ids of the runs that are on the branch now and were not before. */
  readonly published: readonly string[]
  /** Refs of shards whose run is gone. */
  readonly removedShards: readonly string[]
  /** Runs under way or waiting, with their last sign of life, milliseconds since 1970. */
  readonly live: readonly { readonly id: string; readonly seenAt: number }[]
}

/** How long the shards of a run that is gone are kept, in milliseconds. */
const SHARD_TTL_MS = 7 * 24 * 3_600_000

/**
 * Finishes what other processes left: runs that ended and are not on the branch get there, and shards without a run
 * go. May be repeated at any time by anybody. Refuses with the remote's answer when it cannot be read or written.
 */
export async function sweep(context: StoreContext): Promise<Swept> {
  const { remote } = context
  if (remote !== undefined) return await sweepRemote(context, remote)
  const published = await publishPending(context.repository.git, context, await localBranch(context))
  return { published, removedShards: [], live: await liveHere(context) }
}

async function liveHere(context: StoreContext): Promise<Swept['live']> {
  const { git } = context.repository
  const refs = await datedRefs(git, [LIVE])
  const seen = new Map(refs.map(({ ref, at }) => [ref.slice(LIVE.length), at]))
  for (const { id, directory } of listRunDirectories(context.home)) {
    const lease = currentLease(directory)
    if (lease === undefined) continue
    const isAlive = isLeaseAlive(lease, context.holder) === true
    const at = isAlive ? context.now() : Date.parse(lease.releasedAt ?? lease.startedAt)
    seen.set(id, Math.max(at, seen.get(id) ?? 0))
  }
  return [...seen].map(([id, seenAt]) => ({ id, seenAt }))
}

async function sweepRemote(context: StoreContext, remote: RecordRemote): Promise<Swept> {
  // Which names the refs have there is seen in the answer.
  await listRemoteRefs(remote, [`${LIVE}*`, `${DONE}*`, `${SHARD}*`]).catch(() => {})
  await sendLeftOver(context, remote)
  const { objectFormat } = await context.state()
  const published = await publishRemotely(context.repository, remote, objectFormat, context)
  if (published.rejected !== undefined) {
    throw remoteRefusal(remote, published.rejected, 'Nothing is lost: what was not published stays as it is.')
  }
  const ids = [...published.paths.keys()]
  await rememberPushed(context, ids)
  await tidy(context, remote)
  const scratch = openScratch(context.repository, remote, objectFormat)
  try {
    const refspecs = [`+${LIVE}*:${LIVE}*`, `+${SHARD}*:${SHARD}*`]
    await fetchRefs(scratch.git, remote, refspecs, ['--filter=tree:0'])
    const refs = await datedRefs(scratch.git, [LIVE, SHARD])
    const live = refs
      .filter(({ ref }) => ref.startsWith(LIVE))
      .map(({ ref, at }) => ({ id: ref.slice(LIVE.length), seenAt: at }))
    const removedShards: string[] = []
    for (const { ref, commit, at } of refs) {
      const [id = ''] = ref.startsWith(SHARD) ? ref.slice(SHARD.length).split('/') : []
      const isOrphan = isRunId(id) && !live.some((run) => run.id === id)
      if (!isOrphan || context.now() - at < SHARD_TTL_MS) continue
      // One by one: a host may limit the refs of one push.
      const rejected = await pushTo(scratch.git, remote, [{ ref, from: commit }], context.warn, {
        isAtomic: false,
      })
      if (rejected === undefined) removedShards.push(ref)
    }
    return { published: ids, removedShards, live }
  } finally {
    scratch.remove()
  }
}

/**
 * Takes away what only stood in for the remote's branch until that was fetched, and bundles of runs that arrived after all.
 */
async function tidy(context: StoreContext, remote: RecordRemote): Promise<void> {
  const { git } = context.repository
  const copy = fetchedBranch(remote.name)
  const refs = await listRefs(git, [PUSHED, LIVE, DONE, copy])
  const pushed = refs.filter(({ ref }) => ref.startsWith(PUSHED))
  const directory = bundleDirectory(context)
  const bundles = existsSync(directory)
    ? readdirSync(directory).filter((name) => name.endsWith('.bundle'))
    : []
  if (pushed.length === 0 && bundles.length === 0) return
  const tip = refs.find(({ ref }) => ref === copy)
  const onBranch = tip === undefined ? [] : await readTrailers(git, tip.commit)
  const fetched = new Set(onBranch.map(({ id, tree }) => `${id} ${tree}`))
  await dropRefs(
    git,
    pushed.filter(({ ref, tree }) => fetched.has(`${ref.slice(PUSHED.length)} ${tree}`)),
  )
  const arrived = new Set([
    ...onBranch.map(({ id }) => id),
    ...pushed.map(({ ref }) => ref.slice(PUSHED.length)),
  ])
  const isOpen = (id: string) => refs.some(({ ref }) => ref === `${LIVE}${id}` || ref === `${DONE}${id}`)
  for (const name of bundles) {
    const id = name.slice(0, -'.bundle'.length)
    if (arrived.has(id) && !isOpen(id)) rmSync(join(directory, name), { force: true })
  }
}

/** Refs with the time of their commits, in milliseconds since 1970. */
async function datedRefs(git: Git, prefixes: readonly string[]) {
  const { stdout } = await git.run({
    args: ['for-each-ref', '--format=%(refname) %(objectname) %(committerdate:unix)', ...prefixes],
  })
  return stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [ref = '', commit = '', at = ''] = line.split(' ')
      return { ref, commit, at: Number(at) * 1000 }
    })
}
