import { writeCommits } from '../git/fast-import.ts'
import type { Git } from '../git/git.ts'
import { BRANCH_README } from './branch-readme.ts'
import type { ForgeApi } from './forge-api.ts'
import { type GraftPlan, graftCommit, type PendingRun, pendingOf, planGrafts } from './graft.ts'
import {
  DONE,
  fetchedBranch,
  LIVE,
  listRefs,
  type RefUpdate,
  RUNS_BRANCH,
  type RunRef,
  runMessage,
  updateRefs,
} from './refs.ts'
import type { Warn } from './run-home.ts'
import { runPath } from './run-id.ts'

/** A finished run with its files, to be committed. */
export interface FinishedRun extends PendingRun {
  readonly files: ReadonlyMap<string, Uint8Array>
  /** The folder may be there already: the run was resumed, or its id comes from an event. */
  readonly mayExist: boolean
}

/** What publishing needs of the world. */
export interface PublishWorld {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly warn: Warn
  /** The forge's API, for a branch that takes no pushes; `undefined`: none is known. */
  readonly api: ForgeApi | undefined
}

/** Where a run ended up in the local repository. */
export interface PublishedLocally {
  /** `false`: durable under `refs/codemie/done/`, and the next publication takes it along. */
  readonly onBranch: boolean
  readonly ref: string
  readonly commit: string
  /** Folder on the branch; `''` when the ref holds the run at its root. */
  readonly path: string
}

/** Where the branch of a repository comes from and whether it may move. */
export interface LocalBranch {
  /** Continue the branch of this remote when there is no local one yet. */
  readonly remote?: string | undefined
  /** Somebody works in a checkout of the branch: do not move it under them. */
  readonly branchInUse: boolean
}

/** Tries before runs are left as `done`; each lost one means that somebody else got through. */
const MAX_TRIES = 12

/**
 * Commits a finished run to the branch of this repository, together with all runs that were left as `done`, and removes
 * their refs. Two or three git processes. When the branch cannot be moved, the run is kept as its own `done` ref, which
 * nobody else writes.
 */
export async function publishLocally(
  git: Git,
  own: FinishedRun,
  world: PublishWorld,
  branch: LocalBranch,
): Promise<PublishedLocally> {
  const grafted = await graftLocally(git, own, world, branch)
  if (grafted === undefined) {
    const { ref, commit, superseded } = await writeDone(git, own, Math.floor(world.now() / 1000))
    await dropRefs(git, superseded)
    return { ref, commit, onBranch: false, path: '' }
  }
  const path = grafted.place.find(({ run }) => run === own)?.path ?? runPath(own.workflow, own.id)
  return { onBranch: true, ref: RUNS_BRANCH, commit: grafted.commit, path }
}

/** Commits the runs that were left as `done` to the branch of this repository. Returns the ids of those that were not there. */
export async function publishPending(git: Git, world: PublishWorld, branch: LocalBranch): Promise<string[]> {
  return (await graftLocally(git, undefined, world, branch))?.place.map(({ run }) => run.id) ?? []
}

/**
 * Puts a finished run, if there is one, and all that were left as `done` on the branch in one commit. The branch moves only
 * forward from what was seen; a lost race is tried again from the new tip. `undefined`: it could not be moved.
 */
async function graftLocally(
  git: Git,
  own: FinishedRun | undefined,
  world: PublishWorld,
  { remote, branchInUse }: LocalBranch,
): Promise<{ readonly commit: string; readonly place: GraftPlan['place'] } | undefined> {
  const copy = remote === undefined ? undefined : fetchedBranch(remote)
  for (let attempt = 1; !branchInUse && attempt <= MAX_TRIES; attempt++) {
    const refs = await listRefs(git, [
      RUNS_BRANCH,
      ...(copy === undefined ? [] : [copy]),
      DONE,
      ...(own === undefined ? [] : [`${LIVE}${own.id}`]),
    ])
    const at = (name: string | undefined) => refs.find((one) => one.ref === name)?.commit
    const base = at(RUNS_BRANCH) ?? at(copy)
    const done = refs.filter((one) => one.ref.startsWith(DONE) && one.ref !== `${DONE}${own?.id}`)
    const pending = done.map(pendingOf).filter((one) => one !== undefined)
    const checked = await planGrafts(git, base, own?.mayExist ? [own, ...pending] : pending, world.warn)
    const place =
      own === undefined || own.mayExist
        ? checked.place
        : [{ run: own, path: runPath(own.workflow, own.id), replaces: false }, ...checked.place]
    const mine = place.find(({ run }) => run === own)
    const files = new Map<string, Uint8Array>()
    if (base === undefined) files.set('README.md', Buffer.from(BRANCH_README))
    for (const [path, content] of (mine && own?.files) ?? []) files.set(`${mine?.path}/${path}`, content)
    const commits =
      place.length === 0
        ? [base ?? '']
        : await writeCommits(git, [
            {
              ref: RUNS_BRANCH,
              parent: base,
              committedAt: Math.floor(world.now() / 1000),
              ...graftCommit(place),
              trees: new Map(place.filter(({ run }) => run !== own).map(({ path, run }) => [path, run.tree])),
              files,
            },
          ])
    if (commits === undefined) {
      // Full jitter: those who lost together must not come back together.
      await world.sleep(world.random() * Math.min(1000, 10 * 2 ** attempt))
      continue
    }
    await dropRefs(git, [
      ...done.filter((one) => pendingOf(one) !== undefined),
      ...(own === undefined
        ? []
        : refs.filter((one) => one.ref === `${LIVE}${own.id}` || one.ref === `${DONE}${own.id}`)),
    ])
    return { commit: commits[0] ?? '', place }
  }
  return undefined
}

/** A finished run under its own ref. */
export interface WrittenDone extends RunRef {
  /** What the ref was before. */
  readonly previous?: string
  /** The run's live ref here, which it takes the place of: to be dropped when the run is safe. */
  readonly superseded: readonly { readonly ref: string; readonly commit: string }[]
}

/**
 * Makes a finished run durable under its own ref.
 *
 * @param live tips of its live ref: on the remote, where it is to go when this arrives there, so that whoever sends it
 *   has to know; and here, where the caller knows it.
 */
export async function writeDone(
  git: Git,
  run: FinishedRun,
  committedAt: number,
  live: { readonly there?: string | undefined; readonly here?: string | undefined } = {},
): Promise<WrittenDone> {
  const ref = `${DONE}${run.id}`
  const liveRef = `${LIVE}${run.id}`
  // A new run has no earlier end, and who has written its live ref need not look for it.
  const before = run.mayExist || live.here === undefined ? await listRefs(git, [ref, liveRef]) : []
  const old = before.find((one) => one.ref === ref)
  const superseded =
    live.here === undefined
      ? before.filter((one) => one.ref === liveRef)
      : [{ ref: liveRef, commit: live.here }]
  if (old?.tree === run.tree) return { ...old, superseded }
  const commits = await writeCommits(git, [
    {
      ref,
      // A later version of the same run continues the earlier one, so that the ref moves forward.
      parent: old?.commit,
      message: runMessage(run, live.there === undefined ? [] : [`Live: ${live.there}`]),
      committedAt,
      startsEmpty: old !== undefined,
      files: run.files,
    },
  ])
  if (commits?.[0] === undefined) throw new Error(`${ref} was written by somebody else at the same time`)
  return {
    ref,
    commit: commits[0],
    tree: run.tree,
    entry: run,
    superseded,
    ...(live.there === undefined ? {} : { live: live.there }),
    ...(old === undefined ? {} : { previous: old.commit }),
  }
}

/** Takes refs away that are no longer needed. One that moved meanwhile stays, and the next publication sees to it. */
export async function dropRefs(
  git: Git,
  refs: readonly { readonly ref: string; readonly commit: string }[],
): Promise<void> {
  const updates: RefUpdate[] = refs.map((one) => ({ ref: one.ref, from: one.commit }))
  await updateRefs(git, updates).catch(async () => {
    for (const update of updates) await updateRefs(git, [update]).catch(() => {})
  })
}
