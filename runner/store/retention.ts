import { Refusal } from '../failure.ts'
import { isAncestor } from '../git/ancestry.ts'
import { writeCommits } from '../git/fast-import.ts'
import { type Git, GitError } from '../git/git.ts'
import type { PushRejected, PushUpdate } from '../git/push.ts'
import { BRANCH_README } from './branch-readme.ts'
import { localBranch, type StoreContext } from './context.ts'
import {
  ARCHIVE,
  epochMessage,
  fetchedBranch,
  isSlug,
  listRefs,
  type PrunedEntry,
  pruneMessage,
  RUNS_BRANCH,
  readTrailers,
  updateRefs,
} from './refs.ts'
import { openScratch, type RecordRemote } from './remote.ts'
import { fetchRefs, pushTo, TIP, TIP_REFSPEC } from './remote-refs.ts'
import { isTransient, remoteRefusal } from './remote-refusal.ts'
import { isRunId, runPath, startOfRun } from './run-id.ts'

/** Which records stay at the tip of the branch. What leaves it stays in the history, and readable. */
export interface RetentionWindow {
  /** Started this many days ago or later. Default: whenever. */
  readonly keepDays?: number
  /** The newest so many of each workflow. Default: all. */
  readonly keepRuns?: number
}

export interface RetentionPlan extends RetentionWindow {
  /** Begin the branch anew, and keep what it was under `refs/codemie/archive/<name>`. Default: the branch goes on. */
  readonly archive?: string
  /** Only say what would happen. */
  readonly isPreview: boolean
}

/** What a window takes from the tip, or would take. */
export interface Pruned {
  /** Oldest first. */
  readonly pruned: readonly PrunedEntry[]
  /** Records that stay at the tip. */
  readonly kept: number
  /** Name of the remote whose branch it is; `undefined`: the one of this repository. */
  readonly remote?: string
  /** Tip of the branch afterwards. Absent: nothing was to do, or it was a preview. */
  readonly commit?: string
  /** Ref that keeps the branch as it was. */
  readonly archive?: string
}

const MAX_TRIES = 3
const DAY_MS = 24 * 3_600_000
/** A ref of its own for each attempt, gone when it is over: fast-import writes nothing without one. */
const NEXT = 'refs/codemie/next/'

/**
 * Takes records from the tip of the branch by one commit that names each of them; links to earlier commits stay good and
 * nothing is forced. With `archive` the branch begins anew with what stays: that is what makes clones small, and the
 * host must allow to force the branch.
 *
 * Refuses with `archive-exists`, with `branch-in-use`, and with the remote's answer.
 */
export async function prune(context: StoreContext, plan: RetentionPlan): Promise<Pruned> {
  if (plan.archive !== undefined && !isSlug(plan.archive)) {
    throw new Refusal('bad-archive-name', `"${plan.archive}" cannot name an archive`, {
      help: 'Use small letters, digits, - and _, for example 2026.',
    })
  }
  return context.remote === undefined
    ? await pruneHere(context, plan)
    : await pruneThere(context, context.remote, plan)
}

/** Which of the records at a tip a window takes, oldest first. Pure. */
export function outsideOf(
  window: RetentionWindow,
  records: readonly PrunedEntry[],
  now: number,
): PrunedEntry[] {
  const { keepDays = Number.POSITIVE_INFINITY, keepRuns = Number.POSITIVE_INFINITY } = window
  const counts = new Map<string, number>()
  const newestFirst = [...records].sort((a, b) => (a.id < b.id ? 1 : -1))
  const pruned = newestFirst.filter(({ id, workflow }) => {
    const place = (counts.get(workflow) ?? 0) + 1
    counts.set(workflow, place)
    return place > keepRuns || now - Date.parse(startOfRun(id)) > keepDays * DAY_MS
  })
  return pruned.reverse()
}

interface Prepared {
  readonly outcome: Pruned
  /** The next tip, made and not yet put in place. Absent: nothing is to do. */
  readonly next?: { readonly ref: string; readonly made: string }
}

async function pruneHere(context: StoreContext, plan: RetentionPlan): Promise<Pruned> {
  const { git } = context.repository
  for (let attempt = 1; ; attempt++) {
    const refs = await listRefs(git, [RUNS_BRANCH, ...archiveRef(plan)])
    const tip = refs.find(({ ref }) => ref === RUNS_BRANCH)?.commit
    refuseTaken(plan, refs)
    if (tip === undefined) return { pruned: [], kept: 0 }
    if (!plan.isPreview && (await localBranch(context)).branchInUse) {
      throw new Refusal('branch-in-use', 'codemie/runs is checked out here', {
        exitStatus: 6,
        help: 'Check another branch out first: the branch is not moved under somebody who works in it.',
      })
    }
    const { outcome, next } = await prepare(context, git, tip, plan)
    if (next === undefined) return outcome
    const { made } = next
    const zero = '0'.repeat(tip.length)
    try {
      await updateRefs(git, [
        { ref: RUNS_BRANCH, from: tip, to: made },
        { ref: next.ref, from: made },
        ...archiveRef(plan).map((ref) => ({ ref, from: zero, to: tip })),
      ])
      return { ...outcome, commit: made }
    } catch (error) {
      await updateRefs(git, [{ ref: next.ref, from: made }]).catch(() => {})
      if (!(error instanceof GitError) || attempt >= MAX_TRIES) throw error
    }
  }
}

async function pruneThere(context: StoreContext, remote: RecordRemote, plan: RetentionPlan): Promise<Pruned> {
  const { objectFormat } = await context.state()
  for (let attempt = 1; ; attempt++) {
    const scratch = openScratch(context.repository, remote, objectFormat)
    try {
      // A new beginning names all that stays, as the messages of the old commits do; else the tip is enough.
      const depth = plan.archive === undefined ? ['--depth=1'] : []
      const refspecs = [TIP_REFSPEC, `+${ARCHIVE}*:${ARCHIVE}*`]
      await fetchRefs(scratch.git, remote, refspecs, [...depth, '--filter=blob:none'])
      const refs = await listRefs(scratch.git, [TIP, ...archiveRef(plan)])
      const tip = refs.find(({ ref }) => ref === TIP)?.commit
      refuseTaken(plan, refs)
      if (tip === undefined) return { pruned: [], kept: 0, remote: remote.name }
      const { outcome, next } = await prepare(context, scratch.git, tip, plan)
      if (next === undefined) return { ...outcome, remote: remote.name }
      const { made } = next
      const archive = archiveRef(plan).map((ref) => ({ ref, to: tip }))
      const rejected = await moveBranch(
        scratch.git,
        remote,
        archive,
        { ref: RUNS_BRANCH, from: tip, to: made },
        context.warn,
      )
      if (rejected === undefined) {
        await fetchOutcome(context, remote, plan)
        return { ...outcome, commit: made, remote: remote.name }
      }
      if (attempt >= MAX_TRIES || !isTransient(rejected.problem))
        throw remoteRefusal(remote, rejected, 'The branch is as it was.')
    } finally {
      scratch.remove()
    }
  }
}

/** Creates the archive and moves the branch, both or neither; on a host that cannot do that at once, one after the other. */
async function moveBranch(
  git: Git,
  remote: RecordRemote,
  archive: readonly PushUpdate[],
  branch: PushUpdate,
  warn: StoreContext['warn'],
): Promise<PushRejected | undefined> {
  const rejected = await pushTo(git, remote, [...archive, branch], warn)
  if (rejected?.problem !== 'no-atomic') return rejected
  const one = (update: PushUpdate) => pushTo(git, remote, [update], warn, { isAtomic: false })
  for (const update of archive) {
    const refused = await one(update)
    if (refused !== undefined) return refused
  }
  const refused = await one(branch)
  if (refused === undefined) return undefined
  for (const { ref, to } of archive) await one({ ref, ...(to === undefined ? {} : { from: to }) })
  return refused
}

/** Makes the commit that the branch is to move to. */
async function prepare(context: StoreContext, git: Git, tip: string, plan: RetentionPlan): Promise<Prepared> {
  const records = await recordsAt(git, tip)
  const pruned = outsideOf(plan, records, context.now())
  const gone = new Set(pruned.map(({ id, workflow }) => runPath(workflow, id)))
  const stays = records.filter(({ id, workflow }) => !gone.has(runPath(workflow, id)))
  const [archive] = archiveRef(plan)
  const outcome = { pruned, kept: stays.length, ...(archive === undefined ? {} : { archive }) }
  if (plan.isPreview || (pruned.length === 0 && archive === undefined)) return { outcome }
  const ref = `${NEXT}${context.randomHex(16)}`
  const committedAt = Math.floor(context.now() / 1000)
  const commits = await writeCommits(git, [
    archive === undefined
      ? { ref, parent: tip, committedAt, message: pruneMessage(pruned), remove: [...gone] }
      : {
          ref,
          parent: undefined,
          committedAt,
          message: epochMessage(tip, await trailersOf(git, tip, stays)),
          files: new Map([['README.md', Buffer.from(BRANCH_README)]]),
          trees: new Map(stays.map(({ id, workflow, tree }) => [runPath(workflow, id), tree])),
        },
  ])
  const [made] = commits ?? []
  if (made === undefined) throw new Error(`${ref} is not new`)
  return { outcome, next: { ref, made } }
}

/** What the branch says of the records that stay, newest word first. */
async function trailersOf(git: Git, tip: string, stays: readonly PrunedEntry[]) {
  const wanted = new Set(stays.map(({ id, tree }) => `${id} ${tree}`))
  return (await readTrailers(git, tip)).filter(({ id, tree }) => wanted.delete(`${id} ${tree}`))
}

/** Folders of runs at a tip; second records of a run, which only a person can judge, stay where they are. */
async function recordsAt(git: Git, tip: string): Promise<PrunedEntry[]> {
  const { stdout } = await git.run({
    args: ['ls-tree', '-r', '-d', '-z', '--full-tree', tip, '--', 'runs/'],
    maxOutputBytes: 512 * 1024 * 1024,
  })
  return stdout
    .toString()
    .split('\0')
    .flatMap((line): PrunedEntry[] => {
      const [, tree = '', workflow = '', id = ''] =
        /^040000 tree ([0-9a-f]+)\truns\/([^/]+)\/\d+\/\d+\/\d+\/([^/]+)$/.exec(line) ?? []
      return isRunId(id) && isSlug(workflow) ? [{ id, workflow, tree }] : []
    })
}

function archiveRef({ archive }: RetentionPlan): string[] {
  return archive === undefined ? [] : [`${ARCHIVE}${archive}`]
}

function refuseTaken(plan: RetentionPlan, refs: readonly { readonly ref: string }[]): void {
  const [taken] = archiveRef(plan)
  if (taken === undefined || !refs.some(({ ref }) => ref === taken)) return
  throw new Refusal('archive-exists', `${taken} exists already`, {
    help: 'Give another name: an archive is never replaced.',
  })
}

/** Readers here look at the copy of the branch and at archives; a branch of our own that has nothing more moves along. */
async function fetchOutcome(context: StoreContext, remote: RecordRemote, plan: RetentionPlan): Promise<void> {
  const { git } = context.repository
  const copy = fetchedBranch(remote.name)
  const archives = archiveRef(plan).map((ref) => `+${ref}:${ref}`)
  await fetchRefs(remote.git, remote, [`+${RUNS_BRANCH}:${copy}`, ...archives]).catch(() => {})
  if (archives.length === 0 || (await localBranch(context)).branchInUse) return
  const refs = await listRefs(git, [RUNS_BRANCH, copy, ...archiveRef(plan)])
  const at = (name: string | undefined) => refs.find(({ ref }) => ref === name)?.commit
  const [here, there, archive] = [at(RUNS_BRANCH), at(copy), at(archiveRef(plan)[0])]
  if (here === undefined || there === undefined || archive === undefined) return
  if (await isAncestor(git, here, archive))
    await updateRefs(git, [{ ref: RUNS_BRANCH, from: here, to: there }]).catch(() => {})
}
