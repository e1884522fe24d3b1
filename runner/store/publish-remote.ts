import { writeCommits } from '../git/fast-import.ts'
import type { ObjectFormat } from '../git/object-id.ts'
import { isOutdated, type PushRejected, type PushUpdate } from '../git/push.ts'
import type { Repository } from '../git/repository.ts'
import { BRANCH_README } from './branch-readme.ts'
import type { ForgeApi } from './forge-api.ts'
import { type GraftPlan, graftCommit, pendingOf, planGrafts } from './graft.ts'
import type { PublishWorld } from './publish-local.ts'
import { DONE, listRefs, RUNS_BRANCH } from './refs.ts'
import { openScratch, type RecordRemote } from './remote.ts'
import { fetchTips, hasBranches, listRemoteRefs, pushTo, TIP, TIP_DONE } from './remote-refs.ts'
import { isTransient } from './remote-refusal.ts'

/** Tries of one push before it is given up. */
const MAX_TRIES = 3

/** What became of a publication on a remote. */
export interface PublishedRemotely {
  /** Commit that is the branch's tip now. `undefined`: the runs stay as `done`. */
  readonly commit: string | undefined
  /** Folder of each run that was put there, by id. */
  readonly paths: ReadonlyMap<string, string>
  /** Why not, where it did not work. */
  readonly rejected?: PushRejected
}

/**
 * Puts all finished runs of a remote on its branch in one commit and removes their refs in the same push. Contents do
 * not travel: the commit names the trees that the remote has already. May be repeated at any time by anybody: what one
 * publisher left, the next one finishes.
 */
export async function publishRemotely(
  repository: Repository,
  remote: RecordRemote,
  format: ObjectFormat,
  world: PublishWorld,
): Promise<PublishedRemotely> {
  const scratch = openScratch(repository, remote, format)
  try {
    let last: PushRejected | undefined
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      // Full jitter: 200 ms x 2^n, at most 5 s.
      if (attempt > 0) await world.sleep(world.random() * Math.min(5000, 200 * 2 ** attempt))
      last = await fetchTips(scratch.git, remote)
      if (last !== undefined) {
        if (isTransient(last.problem)) continue
        break
      }
      const done = await tryOnce(scratch.git, remote, world, attempt)
      if (!('problem' in done)) return done
      last = done
      if (!isTransient(last.problem)) break
    }
    return { commit: undefined, paths: new Map(), ...(last === undefined ? {} : { rejected: last }) }
  } finally {
    scratch.remove()
  }
}

async function tryOnce(
  git: Repository['git'],
  remote: RecordRemote,
  world: PublishWorld,
  attempt: number,
): Promise<PublishedRemotely | PushRejected> {
  const refs = await listRefs(git, [TIP, TIP_DONE])
  const tip = refs.find((one) => one.ref === TIP)?.commit
  const done = refs.filter((one) => one.ref.startsWith(TIP_DONE) && pendingOf(one) !== undefined)
  if (done.length === 0) return { commit: tip, paths: new Map() }
  if (tip === undefined && !(await hasBranches(git, remote))) {
    world.warn({
      code: 'branch-would-be-first',
      message: `The remote ${remote.name} has no branch yet, and codemie/runs would become its default one. The run stays under refs/codemie/done/ until another branch is pushed.`,
    })
    return { commit: undefined, paths: new Map() }
  }
  const { place } = await planGrafts(
    git,
    tip,
    done.flatMap((one) => pendingOf(one) ?? []),
    world.warn,
  )
  let commit = tip
  if (place.length > 0) {
    const commits = await writeCommits(git, [
      {
        ref: `refs/next/${attempt}`,
        parent: tip,
        committedAt: Math.floor(world.now() / 1000),
        ...graftCommit(place),
        files: tip === undefined ? new Map([['README.md', Buffer.from(BRANCH_README)]]) : new Map(),
      },
    ])
    commit = commits?.[0]
  }
  if (commit === undefined) return { problem: 'lost-race', words: 'the scratch repository moved' }
  const branch: PushUpdate[] =
    place.length === 0 ? [] : [{ ref: RUNS_BRANCH, to: commit, ...(tip === undefined ? {} : { from: tip }) }]
  const removals = done.map(
    (one): PushUpdate => ({
      ref: `${DONE}${one.ref.slice(TIP_DONE.length)}`,
      from: one.commit,
    }),
  )
  const rejected = await pushTogether(git, remote, branch, removals, world.warn)
  if (rejected?.problem === 'protected' && place.length > 0 && world.api !== undefined) {
    const made = await throughApi(git, world.api, tip, place)
    // What the host says of pushes tells more than what it says of its API.
    if (typeof made !== 'string') return made.problem === 'lost-race' ? made : rejected
    commit = made
    for (const update of removals) await pushTo(git, remote, [update], world.warn, { isAtomic: false })
  } else if (rejected !== undefined) return rejected
  return { commit, paths: new Map(place.map((one) => [one.run.id, one.path])) }
}

/** Where pushes of the branch are refused, its forge may still take what it makes itself. */
async function throughApi(
  git: Repository['git'],
  api: ForgeApi,
  tip: string | undefined,
  place: GraftPlan['place'],
): Promise<string | PushRejected> {
  const { publishThroughApi } = await import('./publish-api.ts')
  if (tip === undefined) return await publishThroughApi(api, undefined, place)
  const { stdout } = await git.run({ args: ['rev-parse', `${tip}^{tree}`] })
  return await publishThroughApi(api, { commit: tip, tree: stdout.toString().trim() }, place)
}

/**
 * Two groups of changes in one atomic push; on a host without such, the first group first and then the second one by
 * one. Safe because what the second removes is only what the first has made superfluous.
 */
export async function pushTogether(
  git: Repository['git'],
  remote: RecordRemote,
  first: readonly PushUpdate[],
  then: readonly PushUpdate[],
  warn: PublishWorld['warn'],
): Promise<PushRejected | undefined> {
  const rejected = await pushTo(git, remote, [...first, ...then], warn)
  // Some hosts limit the refs of one push by a rule; apart they may pass.
  const mayPassApart =
    rejected?.problem === 'no-atomic' ||
    (rejected?.problem === 'protected' && first.length > 0 && then.length > 0)
  if (!mayPassApart) return rejected
  if (first.length > 0) {
    const refused = await pushTo(git, remote, first, warn, { isAtomic: false })
    if (refused !== undefined) return refused
  }
  for (const update of then) await pushTo(git, remote, [update], warn, { isAtomic: false })
  return undefined
}

/** Pushes with a few tries while the trouble may pass. */
export async function pushPatiently(
  remote: RecordRemote,
  first: readonly PushUpdate[],
  then: readonly PushUpdate[],
  world: PublishWorld,
): Promise<PushRejected | undefined> {
  let mayHaveArrived = false
  for (let attempt = 1; ; attempt++) {
    const rejected = await pushTogether(remote.git, remote, first, then, world.warn)
    if (rejected === undefined || !isTransient(rejected.problem)) return rejected
    if (rejected.problem === 'lost-race' && mayHaveArrived && (await hasArrived(remote, first)))
      return undefined
    // A lease that does not hold will not hold later: only the server's own races are worth another try.
    if (attempt >= MAX_TRIES || isOutdated(rejected)) return rejected
    mayHaveArrived ||= rejected.problem !== 'lost-race'
    await world.sleep(world.random() * Math.min(5000, 200 * 2 ** attempt))
  }
}

/** After an answer that got lost: whether the remote has what was pushed. */
async function hasArrived(remote: RecordRemote, updates: readonly PushUpdate[]): Promise<boolean> {
  const there = await listRemoteRefs(
    remote,
    updates.map(({ ref }) => ref),
  )
  return updates.every(({ ref, to }) => there.get(ref) === to)
}
