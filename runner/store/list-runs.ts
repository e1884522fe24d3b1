import type { RunStatus } from '../events.ts'
import type { Git } from '../git/git.ts'
import { countFinished, digestRun, type RunDigest } from './digest-run.ts'
import { figuresOf, parseFigures, type RunFigures } from './figures.ts'
import { isShortened, slugOf } from './file-name.ts'
import { currentLease, isLeaseAlive } from './lease.ts'
import { newestFirst } from './newest-first.ts'
import { readObjects } from './objects.ts'
import type { ReadContext } from './read-run.ts'
import {
  ARCHIVE,
  DONE,
  isSlug,
  LIVE,
  listRefs,
  PUSHED,
  parseTrailers,
  RUNS_BRANCH,
  type RunRef,
} from './refs.ts'
import { parseManifest, readRunFacts, readRunJournal } from './run-directory.ts'
import { listRunDirectories, type RunHome } from './run-home.ts'
import { startOfRun } from './run-id.ts'

/** One run in a list: what is known without opening its record. */
export interface RunSummary {
  readonly id: string
  /** Slug of the workflow: its id, where that is a plain name. */
  readonly workflow: string
  readonly status: RunStatus
  /** ISO 8601 to the second, UTC; part of the id. */
  readonly startedAt: string
  /** Where the newest version of it is. */
  readonly where: 'directory' | 'live' | 'done' | 'branch'
  /** Tree of its record; `undefined` for a run that is only in its directory. */
  readonly tree: string | undefined
  /** `undefined`: they could not be read; the record says why. */
  readonly figures: RunFigures | undefined
}

/** Which runs to list. */
export interface ListFilter {
  /** Id of a workflow, or the slug of one as {@link RunSummary} has it. Default: all. */
  readonly workflow?: string
  /** One of them. Default: any. */
  readonly statuses?: readonly RunStatus[]
  /** Name of the branch that was checked out. */
  readonly branch?: string
  /** A piece of the name of who started it; capitals do not count. */
  readonly actor?: string
  /** `manual`, or the event that started it. */
  readonly event?: string
  /** Started at this moment or later, in milliseconds since 1970. */
  readonly since?: number
  /** Started before this moment, in milliseconds since 1970. */
  readonly until?: number
  /** US dollars; a run whose cost is not known does not match. */
  readonly minCostUsd?: number
  /** US dollars; a run whose cost is not known, or only a part of it, does not match. */
  readonly maxCostUsd?: number
  /** Default: all. */
  readonly limit?: number
  /** Only runs that have a directory on this machine: nothing of git is read. */
  readonly isHere?: boolean
}

/**
 * Lists runs, newest first: those in progress on this machine, live and finished refs, and the branch. Each run once, in
 * its newest version. Of the branch only the commits' messages are read, and only as many as the limit needs, and the
 * records of those that started within one second.
 */
export async function listRuns(context: ReadContext, filter: ListFilter = {}): Promise<RunSummary[]> {
  const { git } = context.repository
  const slugs = filter.workflow === undefined ? undefined : slugsOf(filter.workflow)
  const limit = filter.limit ?? Number.POSITIVE_INFINITY
  const runs = new Map<string, FoundRun>()
  for (const run of localRuns(context)) runs.set(run.id, run)
  if (filter.isHere) return await withFigures(git, await select(git, [...runs.values()], filter, slugs))
  const refs = await listRefs(git, ['refs/codemie', 'refs/heads/codemie', 'refs/remotes'])
  for (const prefix of [LIVE, DONE, PUSHED]) {
    for (const ref of refs) {
      const run = ref.ref.startsWith(prefix) ? runOfRef(ref, prefix === LIVE ? 'live' : 'done') : undefined
      if (run !== undefined && !runs.has(run.id)) runs.set(run.id, run)
    }
  }
  const elsewhere = [...runs.values()]
  const newest = new Map<string, FoundRun>()
  for (const run of await select(git, elsewhere, filter, slugs)) newest.set(run.id, run)
  for (const branch of branchesOf(refs)) {
    let found = 0
    for await (const portion of readBranch(git, branch, slugs, limit)) {
      const fresh: FoundRun[] = []
      for (const run of portion) {
        // The newest version of a run comes first.
        if (runs.has(run.id)) continue
        runs.set(run.id, run)
        fresh.push(run)
      }
      const matching = await select(git, fresh, filter, slugs)
      for (const run of matching) newest.set(run.id, run)
      // Runs are published in the order of their ends, and are listed by their starts.
      found += matching.length
      if (found >= limit + 20) break
    }
  }
  return await withFigures(git, await newestFirst(context, [...newest.values()], filter.limit))
}

/** More records than this are not opened for figures that nobody asked for. */
const MOST_OPENED = 200

/** A run before its figures are understood: of ten thousand only those that are shown need to be. */
interface FoundRun extends Omit<RunSummary, 'figures'> {
  /** As in the message of a commit. */
  readonly figures: string | RunFigures | undefined
}

/** Folder names that stand for a text: of the workflow of that id, and the text itself where it looks like such a name. */
function slugsOf(text: string): readonly string[] {
  return isSlug(text) && isShortened(text) ? [slugOf(text), text] : [slugOf(text)]
}

/** Those that a filter asks for. */
async function select(
  git: Git,
  runs: readonly FoundRun[],
  filter: ListFilter,
  slugs: readonly string[] | undefined,
): Promise<readonly FoundRun[]> {
  const { statuses, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter
  const candidates = runs.filter((run) => {
    if (slugs !== undefined && !slugs.includes(run.workflow)) return false
    if (statuses !== undefined && !statuses.includes(run.status)) return false
    if (filter.since === undefined && filter.until === undefined) return true
    const startedAt = Date.parse(run.startedAt)
    return startedAt >= since && startedAt < until
  })
  if (!asksForFigures(filter)) return candidates
  const known = await withFigures(git, candidates, Number.POSITIVE_INFINITY)
  return known.filter(({ figures }) => matchesFigures(figures, filter))
}

/** Understands figures, and opens the records that have them nowhere else. */
async function withFigures(
  git: Git,
  runs: readonly FoundRun[],
  mostOpened = MOST_OPENED,
): Promise<RunSummary[]> {
  const known = runs.map(({ figures }) => (typeof figures === 'string' ? parseFigures(figures) : figures))
  const unknown = runs.flatMap(({ tree }, index) =>
    known[index] === undefined && tree !== undefined ? [{ index, name: `${tree}:run.json` }] : [],
  )
  const texts =
    unknown.length > mostOpened
      ? []
      : await readObjects(
          git,
          unknown.map(({ name }) => name),
        )
  unknown.forEach(({ index }, at) => {
    const { id } = runs[index] ?? { id: '' }
    const text = texts[at]
    if (text !== undefined) known[index] = figuresIn(Buffer.from(text).toString(), id)
  })
  return runs.map((run, index) => ({ ...run, figures: known[index] }))
}

function figuresIn(manifest: string, id: string): RunFigures | undefined {
  try {
    return figuresOf(parseManifest(manifest, id))
  } catch {
    // A damaged record is told by whoever opens it; a list goes on.
    return undefined
  }
}

function asksForFigures({ branch, actor, event, minCostUsd, maxCostUsd }: ListFilter): boolean {
  return [branch, actor, event, minCostUsd, maxCostUsd].some((wish) => wish !== undefined)
}

function matchesFigures(figures: RunFigures | undefined, filter: ListFilter): boolean {
  const { branch, actor, event, minCostUsd, maxCostUsd } = filter
  if (figures === undefined) return false
  if (branch !== undefined && figures.branch !== branch) return false
  if (event !== undefined && figures.event !== event) return false
  if (actor !== undefined && !(figures.actor ?? '').toLowerCase().includes(actor.toLowerCase())) return false
  // A lower bound that is high enough is enough; one that is low enough says nothing.
  if (minCostUsd !== undefined && !(costOf(figures) >= minCostUsd)) return false
  return maxCostUsd === undefined || (!figures.costUnknown && costOf(figures) <= maxCostUsd)
}

/** US dollars; without a model nothing was spent; `NaN`: not known. */
function costOf({ costUsd, costUnknown, inputTokens }: RunFigures): number {
  return costUsd ?? (costUnknown || inputTokens !== undefined ? Number.NaN : 0)
}

/** The branch here and the copies of it that were fetched, as commits; each commit once. */
export function branchesOf(refs: readonly RunRef[]): string[] {
  const commits = refs
    .filter(
      (one) =>
        one.ref === RUNS_BRANCH ||
        one.ref.startsWith(ARCHIVE) ||
        /^refs\/remotes\/[^/]+\/codemie\/runs$/.test(one.ref),
    )
    .map((one) => one.commit)
  return [...new Set(commits)]
}

/** Runs in progress on this machine, and those whose process died. */
function localRuns(context: { readonly home: RunHome; readonly holder: ReadContext['holder'] }): FoundRun[] {
  return listRunDirectories(context.home).flatMap(({ id, directory }): FoundRun[] => {
    const facts = readRunFacts(directory)
    if (facts === undefined) return []
    const lease = currentLease(directory)
    const isAlive = lease !== undefined && isLeaseAlive(lease, context.holder) !== false
    const digest = digestOf(directory)
    const status = isAlive ? 'running' : digest?.status === 'running' ? 'interrupted' : digest?.status
    return [
      {
        id,
        workflow: slugOf(facts.start.workflow.id),
        status: status ?? 'interrupted',
        startedAt: startOfRun(id),
        where: 'directory',
        tree: undefined,
        figures: digest && figuresOf({ ...facts.start, ...digest, steps: countFinished(digest) }),
      },
    ]
  })
}

function digestOf(directory: string): RunDigest | undefined {
  try {
    return digestRun(readRunJournal(directory).events)
  } catch {
    // A damaged journal is told in full by whoever opens the run; a list goes on.
    return undefined
  }
}

function runOfRef(ref: RunRef, where: 'live' | 'done'): FoundRun | undefined {
  const { entry } = ref
  if (entry === undefined || !ref.ref.endsWith(`/${entry.id}`)) return undefined
  return { ...entry, startedAt: startOfRun(entry.id), where, tree: ref.tree, figures: entry.figures }
}

/** Reads messages in growing portions: a list of twenty needs few of ten thousand. */
async function* readBranch(
  git: Git,
  commit: string,
  slugs: readonly string[] | undefined,
  limit: number,
): AsyncGenerator<FoundRun[]> {
  let portion = Number.isFinite(limit) ? limit + 20 : 0
  for (let skip = 0; ; skip += portion, portion *= 4) {
    const { stdout } = await git.run({
      args: [
        'log',
        '-z',
        '--format=%B',
        ...(portion === 0 ? [] : [`--max-count=${portion}`, `--skip=${skip}`]),
        commit,
        ...(slugs === undefined ? [] : ['--', ...slugs.map((slug) => `runs/${slug}`)]),
      ],
    })
    // Trailers are plain ASCII; reading bytes as characters is the fastest way to a string.
    const messages = stdout.toString('latin1')
    yield parseTrailers(messages).map(({ id, workflow, status, tree, figures }) => ({
      id,
      workflow,
      status,
      startedAt: startOfRun(id),
      where: 'branch',
      tree,
      figures,
    }))
    const commits = stdout.length === 0 ? 0 : messages.split('\0').length
    if (portion === 0 || commits < portion) return
  }
}
