import type { RunEvent } from '../events.ts'
import { Refusal } from '../failure.ts'
import type { Git } from '../git/git.ts'
import type { StoreContext } from './context.ts'
import { readJournal } from './journal.ts'
import { claimedLease } from './lease.ts'
import { branchesOf, listRuns } from './list-runs.ts'
import type { RunManifest } from './manifest.ts'
import { readObjects, readTree } from './objects.ts'
import { textsByDigest } from './payload.ts'
import { buildRecord } from './record.ts'
import { DONE, isSlug, LIVE, listRefs, PUSHED, parseTrailers } from './refs.ts'
import { parseManifest, readRunFacts, readRunJournal, restoreEvents } from './run-directory.ts'
import { findKeptDirectory, findRunDirectory } from './run-home.ts'
import { isRunId, runPath } from './run-id.ts'

/** What reading records needs of a store. */
export type ReadContext = Pick<StoreContext, 'repository' | 'home' | 'holder' | 'limits' | 'warn'>

/** A run as it was found. */
export interface StoredRun {
  readonly manifest: RunManifest
  /** Content by path below the run's folder. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** All events; where a text was too large for the record and is not on this machine, an excerpt stands for it. */
  readonly events: readonly RunEvent[]
  /** The events that a resumption can rely on: those without excerpts. */
  readonly wholeEvents: readonly RunEvent[]
  /** Segments of the journal that end in half a line. */
  readonly torn: readonly string[]
  readonly where: 'directory' | 'live' | 'done' | 'branch'
  /** The run's directory, where it is on this machine. */
  readonly directory: string | undefined
  /** Tree of the record and the commit it was read from; `undefined` for a directory. */
  readonly tree: string | undefined
  readonly commit: string | undefined
}

/**
 * Finds the id of a run by what a person types: the id, the beginning or the end of it, or `latest`.
 *
 * Refuses with `no-such-run`, and with `ambiguous-run` when several match.
 */
export async function resolveRunId(context: ReadContext, given: string): Promise<string> {
  if (isRunId(given)) return given
  if (given === 'latest') {
    const [latest] = await listRuns(context, { limit: 1 })
    if (latest === undefined) throw noSuchRun(given, 'this repository holds no run yet')
    return latest.id
  }
  const runs = /^[0-9a-zA-Z-]{2,}$/.test(given) ? await listRuns(context) : []
  const found = runs.filter((run) => run.id.startsWith(given) || run.id.endsWith(given)).map((run) => run.id)
  if (found.length === 1 && found[0] !== undefined) return found[0]
  if (found.length === 0) throw noSuchRun(given, 'no run has an id that begins or ends so')
  throw new Refusal(
    'ambiguous-run',
    `"${given}" fits ${found.length} runs: ${found.slice(0, 5).join(', ')}`,
    {
      help: 'Give more of the id.',
    },
  )
}

function noSuchRun(given: string, why: string): Refusal {
  return new Refusal('no-such-run', `No run "${given}": ${why}`, {
    help: '`codemie-ci runs` lists the runs of this repository. Runs of others arrive with `git fetch <remote> codemie/runs`; one that is under way or waits is found on the remote by its whole id.',
  })
}

/** Reads a run from the newest place that has it: its directory, its live ref, its `done` ref, the branch. */
export async function readRun(context: ReadContext, id: string): Promise<StoredRun> {
  const directory = findRunDirectory(context.home, id)
  const local = directory === undefined ? undefined : readDirectory(context, directory)
  if (local !== undefined) return local
  const { git } = context.repository
  const refs = await listRefs(git, ['refs/codemie', 'refs/heads/codemie', 'refs/remotes'])
  for (const [prefix, where] of [
    [LIVE, 'live'],
    [DONE, 'done'],
    [PUSHED, 'done'],
  ] as const) {
    const ref = refs.find((one) => one.ref === `${prefix}${id}`)
    if (ref !== undefined)
      return await readRecord(context, git, { id, tree: ref.tree, commit: ref.commit, where })
  }
  for (const commit of branchesOf(refs)) {
    const tree = await treeOnBranch(git, commit, id)
    if (tree !== undefined) return await readRecord(context, git, { id, tree, commit, where: 'branch' })
  }
  throw noSuchRun(id, 'neither a directory, a ref nor the branch has it')
}

function readDirectory(context: ReadContext, directory: string): StoredRun | undefined {
  const facts = readRunFacts(directory)
  if (facts === undefined) return undefined
  const journal = readRunJournal(directory)
  const { graph, ...rest } = facts
  const record = buildRecord(
    {
      ...rest,
      ...(graph === undefined ? {} : { graph }),
      events: journal.events,
      fence: claimedLease(directory)?.fence ?? 1,
    },
    context.limits,
  )
  // Excerpts are here only where the run was continued from a record.
  const { all, whole } = restoreEvents(journal.events, keptTexts(context, facts.start.id))
  return {
    manifest: record.manifest,
    files: record.files,
    events: all,
    wholeEvents: whole,
    torn: journal.torn,
    where: 'directory',
    directory,
    tree: undefined,
    commit: undefined,
  }
}

/** Reads a record out of a tree. */
export async function readRecord(
  context: ReadContext,
  git: Git,
  source: {
    readonly id: string
    readonly tree: string
    readonly commit: string
    readonly where: 'live' | 'done' | 'branch'
  },
): Promise<StoredRun> {
  const files = await readTree(git, source.tree)
  const manifest = parseManifest(Buffer.from(files.get('run.json') ?? []).toString('utf8'), source.id)
  const segments = new Map(
    [...files].flatMap(([path, content]) =>
      path.startsWith('journal/') ? [[path.slice('journal/'.length), content] as const] : [],
    ),
  )
  const journal = readJournal(segments)
  const { all, whole } = restoreEvents(journal.events, keptTexts(context, source.id))
  return {
    manifest,
    files,
    events: all,
    wholeEvents: whole,
    torn: journal.torn,
    where: source.where,
    directory: undefined,
    tree: source.tree,
    commit: source.commit,
  }
}

/** Tree of a run on the branch: at the tip, or where a trailer in the history names it. */
export async function treeOnBranch(git: Git, commit: string, id: string): Promise<string | undefined> {
  const { stdout } = await git.run({
    args: ['ls-tree', '-z', '--name-only', '--full-tree', commit, '--', 'runs/'],
  })
  const slugs = stdout
    .toString()
    .split('\0')
    .map((path) => path.slice('runs/'.length))
    .filter(isSlug)
  const manifests = await readObjects(
    git,
    slugs.map((slug) => `${commit}:${runPath(slug, id)}/run.json`),
  )
  const slug = slugs[manifests.findIndex((content) => content !== undefined)]
  if (slug !== undefined) {
    const found = await git.run({ args: ['rev-parse', '--verify', `${commit}:${runPath(slug, id)}`] })
    return found.stdout.toString().trim()
  }
  const log = await git.run({
    args: ['log', '--max-count=1', '--format=%B', '--fixed-strings', `--grep=Run: ${id} `, commit],
  })
  return parseTrailers(log.stdout.toString()).find((run) => run.id === id)?.tree
}

/** Whole texts of a run that was put aside on this machine; read when the first one is asked for. */
export function keptTexts(context: ReadContext, id: string): (digest: string) => Uint8Array | undefined {
  let texts: Map<string, Uint8Array> | undefined
  return (digest) => {
    if (texts === undefined) {
      const kept = findKeptDirectory(context.home, id)
      texts = kept === undefined ? new Map() : textsByDigest(readRunJournal(kept).events)
    }
    return texts.get(digest)
  }
}
