import type { RunStatus } from '../events.ts'
import type { Git } from '../git/git.ts'
import type { StoreContext } from './context.ts'
import { digestRun } from './digest-run.ts'
import { slugOf } from './file-name.ts'
import { currentLease, isLeaseAlive } from './lease.ts'
import { DONE, LIVE, listRefs, PUSHED, parseTrailers, RUNS_BRANCH, type RunRef } from './refs.ts'
import { readRunFacts, readRunJournal } from './run-directory.ts'
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
}

/** Which runs to list. */
export interface ListFilter {
  /** Id of a workflow. Default: all. */
  readonly workflow?: string
  readonly status?: RunStatus
  /** Default: all. */
  readonly limit?: number
}

/**
 * Lists runs, newest first: those in progress on this machine, live and finished refs, and the branch. Each run once, in
 * its newest version. Of the branch only the commits' messages are read, and only as many as the limit needs.
 */
export async function listRuns(context: StoreContext, filter: ListFilter = {}): Promise<RunSummary[]> {
  const { git } = context.repository
  const slug = filter.workflow === undefined ? undefined : slugOf(filter.workflow)
  const limit = filter.limit ?? Number.POSITIVE_INFINITY
  const matches = (run: RunSummary) =>
    (slug === undefined || run.workflow === slug) &&
    (filter.status === undefined || run.status === filter.status)
  const runs = new Map<string, RunSummary>()
  const add = (run: RunSummary) => {
    if (!runs.has(run.id)) runs.set(run.id, run)
  }
  for (const run of localRuns(context)) add(run)
  const refs = await listRefs(git, ['refs/codemie', 'refs/heads/codemie', 'refs/remotes'])
  for (const prefix of [LIVE, DONE, PUSHED]) {
    for (const ref of refs)
      if (ref.ref.startsWith(prefix)) addRef(ref, prefix === LIVE ? 'live' : 'done', add)
  }
  for (const branch of branchesOf(refs)) await addBranch(git, branch, slug, limit, matches, add)
  const all = [...runs.values()].filter(matches).sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0))
  return filter.limit === undefined ? all : all.slice(0, filter.limit)
}

/** The branch here and the copies of it that were fetched, as commits; each commit once. */
export function branchesOf(refs: readonly RunRef[]): string[] {
  const commits = refs
    .filter((one) => one.ref === RUNS_BRANCH || /^refs\/remotes\/[^/]+\/codemie\/runs$/.test(one.ref))
    .map((one) => one.commit)
  return [...new Set(commits)]
}

/** Runs in progress on this machine, and those whose process died. */
function localRuns(context: {
  readonly home: RunHome
  readonly holder: StoreContext['holder']
}): RunSummary[] {
  return listRunDirectories(context.home).flatMap(({ id, directory }): RunSummary[] => {
    const facts = readRunFacts(directory)
    if (facts === undefined) return []
    const lease = currentLease(directory)
    const isAlive = lease !== undefined && isLeaseAlive(lease, context.holder) !== false
    const status = isAlive ? 'running' : statusOf(directory)
    return [
      {
        id,
        workflow: slugOf(facts.start.workflow.id),
        status,
        startedAt: startOfRun(id),
        where: 'directory',
        tree: undefined,
      },
    ]
  })
}

function statusOf(directory: string): RunStatus {
  try {
    const { status } = digestRun(readRunJournal(directory).events)
    return status === 'running' ? 'interrupted' : status
  } catch {
    // A damaged journal is told in full by whoever opens the run; a list goes on.
    return 'interrupted'
  }
}

function addRef(ref: RunRef, where: 'live' | 'done', add: (run: RunSummary) => void): void {
  const { entry } = ref
  if (entry === undefined || !ref.ref.endsWith(`/${entry.id}`)) return
  add({ ...entry, startedAt: startOfRun(entry.id), where, tree: ref.tree })
}

/** Reads messages in growing portions until enough runs are found. */
async function addBranch(
  git: Git,
  commit: string,
  slug: string | undefined,
  limit: number,
  matches: (run: RunSummary) => boolean,
  add: (run: RunSummary) => void,
): Promise<void> {
  let found = 0
  let portion = Number.isFinite(limit) ? limit + 20 : 0
  for (let skip = 0; ; skip += portion, portion *= 4) {
    const { stdout } = await git.run({
      args: [
        'log',
        '-z',
        '--format=%B',
        ...(portion === 0 ? [] : [`--max-count=${portion}`, `--skip=${skip}`]),
        commit,
        ...(slug === undefined ? [] : ['--', `runs/${slug}`]),
      ],
    })
    // Trailers are plain ASCII; reading bytes as characters is the fastest way to a string.
    const messages = stdout.toString('latin1')
    for (const { id, workflow, status, tree } of parseTrailers(messages)) {
      const run: RunSummary = { id, workflow, status, startedAt: startOfRun(id), where: 'branch', tree }
      if (!matches(run)) continue
      found++
      add(run)
    }
    const commits = stdout.length === 0 ? 0 : messages.split('\0').length
    if (portion === 0 || commits < portion || found >= limit + 20) return
  }
}
