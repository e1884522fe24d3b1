import { writeCommits } from '../git/fast-import.ts'
import type { Git } from '../git/git.ts'
import { BRANCH_README } from './branch-readme.ts'
import { type PendingRun, pendingOf, planGrafts } from './graft.ts'
import {
  DONE,
  LIVE,
  listRefs,
  publishMessage,
  type RefUpdate,
  RUNS_BRANCH,
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

/** Tries before a run is left as `done`; each lost one means that somebody else got through. */
const MAX_TRIES = 12

/**
 * Commits a finished run to the branch of this repository, together with all runs that were left as `done`, and removes
 * their refs. Two or three git processes.
 *
 * The branch moves only forward from what was seen. A lost race is tried again from the new tip; after
 * {@link MAX_TRIES} the run is kept as its own `done` ref, which nobody else writes.
 *
 * @param remote continue the branch of this remote when there is no local one yet.
 * @param branchInUse somebody works in a checkout of the branch: do not move it under them.
 */
export async function publishLocally(
  git: Git,
  own: FinishedRun,
  world: PublishWorld,
  options: { readonly remote?: string | undefined; readonly branchInUse: boolean },
): Promise<PublishedLocally> {
  const committedAt = Math.floor(world.now() / 1000)
  const remoteBranch =
    options.remote === undefined ? undefined : `refs/remotes/${options.remote}/codemie/runs`
  for (let attempt = 1; !options.branchInUse && attempt <= MAX_TRIES; attempt++) {
    const refs = await listRefs(git, [
      RUNS_BRANCH,
      ...(remoteBranch === undefined ? [] : [remoteBranch]),
      DONE,
      `${LIVE}${own.id}`,
    ])
    const at = (name: string | undefined) => refs.find((one) => one.ref === name)?.commit
    const base = at(RUNS_BRANCH) ?? at(remoteBranch)
    const helped = refs.filter((one) => one.ref.startsWith(DONE) && !one.ref.endsWith(`/${own.id}`))
    const pending = helped.map(pendingOf).filter((one) => one !== undefined)
    const ownPath = runPath(own.workflow, own.id)
    const checked = await planGrafts(git, base, own.mayExist ? [own, ...pending] : pending, world.warn)
    const place = own.mayExist
      ? checked.place
      : [{ run: own, path: ownPath, replaces: false }, ...checked.place]
    const mine = place.find((one) => one.run === own)
    const files = new Map<string, Uint8Array>()
    if (base === undefined) files.set('README.md', Buffer.from(BRANCH_README))
    for (const [path, content] of mine === undefined ? [] : own.files)
      files.set(`${mine?.path}/${path}`, content)
    const commits =
      place.length === 0
        ? [base ?? '']
        : await writeCommits(git, [
            {
              ref: RUNS_BRANCH,
              parent: base,
              message: publishMessage(place.map((one) => one.run)),
              committedAt,
              remove: place.filter((one) => one.replaces).map((one) => one.path),
              trees: new Map(place.filter((one) => one.run !== own).map((one) => [one.path, one.run.tree])),
              files,
            },
          ])
    if (commits === undefined) {
      // Full jitter: those who lost together must not come back together.
      await world.sleep(world.random() * Math.min(1000, 10 * 2 ** attempt))
      continue
    }
    await dropRefs(git, [
      ...helped.filter((one) => pendingOf(one) !== undefined),
      ...refs.filter((one) => one.ref === `${LIVE}${own.id}` || one.ref === `${DONE}${own.id}`),
    ])
    return { onBranch: true, ref: RUNS_BRANCH, commit: commits[0] ?? '', path: mine?.path ?? ownPath }
  }
  return { ...(await writeDone(git, own, committedAt)), onBranch: false, path: '' }
}

/** Makes a finished run durable under its own ref and takes its live ref away. */
export async function writeDone(
  git: Git,
  run: FinishedRun,
  committedAt: number,
): Promise<{ readonly ref: string; readonly commit: string }> {
  const ref = `${DONE}${run.id}`
  const before = await listRefs(git, [ref, `${LIVE}${run.id}`])
  const old = before.find((one) => one.ref === ref)
  const live = before.filter((one) => one.ref.startsWith(LIVE))
  if (old?.tree !== run.tree) {
    const commits = await writeCommits(git, [
      {
        ref,
        // A later version of the same run continues the earlier one, so that the ref moves forward.
        parent: old?.commit,
        message: runMessage(run),
        committedAt,
        startsEmpty: old !== undefined,
        files: run.files,
      },
    ])
    if (commits?.[0] === undefined) throw new Error(`${ref} was written by somebody else at the same time`)
    await dropRefs(git, live)
    return { ref, commit: commits[0] }
  }
  await dropRefs(git, live)
  return { ref, commit: old.commit }
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
