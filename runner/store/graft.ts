import type { CommitPlan } from '../git/fast-import.ts'
import type { Git } from '../git/git.ts'
import { readObjects } from './objects.ts'
import { publishMessage, type RunRef, type TrailerEntry } from './refs.ts'
import type { Warn } from './run-home.ts'
import { conflictPath, runPath } from './run-id.ts'

/** A finished run that is to get its folder on the branch. */
export interface PendingRun extends TrailerEntry {
  /** Tree of the record that it continues; `undefined`: none, or not known yet. */
  readonly previousTree?: string | undefined
}

/** What becomes of pending runs on top of one tip of the branch. */
export interface GraftPlan {
  /** Runs whose trees are new, with the folder each goes to. */
  readonly place: readonly { readonly run: PendingRun; readonly path: string; readonly replaces: boolean }[]
}

/** The pending run that a `done` ref stands for; `undefined` when the ref was not written by a runner. */
export function pendingOf(ref: RunRef): PendingRun | undefined {
  const id = ref.ref.slice(ref.ref.lastIndexOf('/') + 1)
  if (ref.entry === undefined || ref.entry.id !== id) return undefined
  return { ...ref.entry, tree: ref.tree }
}

/**
 * Decides for each pending run where it goes. A folder that is there already is replaced only by a run that says it
 * continues exactly that folder's content; the same content needs nothing; any other content is a mistake or
 * tampering, and is never overwritten: the run goes beside it as `<id>.conflict-<8 hex>`.
 *
 * @param tip commit of the branch; `undefined`: there is no branch yet.
 */
export async function planGrafts(
  git: Git,
  tip: string | undefined,
  runs: readonly PendingRun[],
  warn: Warn,
): Promise<GraftPlan> {
  if (runs.length === 0) return { place: [] }
  const existing = tip === undefined ? new Map<string, string>() : await treesAt(git, tip, runs.map(folderOf))
  const place: { run: PendingRun; path: string; replaces: boolean }[] = []
  for (const run of runs) {
    const path = folderOf(run)
    const there = existing.get(path)
    if (there === run.tree) continue
    if (there === undefined || there === (run.previousTree ?? (await previousTreeOf(git, run.tree)))) {
      place.push({ run, path, replaces: there !== undefined })
      continue
    }
    const beside = conflictPath(path, run.tree)
    warn({
      code: 'record-conflict',
      message: `${path} on the branch holds another record of run ${run.id}. It was left alone; this one is at ${beside}.`,
    })
    place.push({ run, path: beside, replaces: false })
  }
  return { place }
}

/** What a commit says and removes that puts runs on the branch; their trees go where the plan says. */
export function graftCommit(place: GraftPlan['place']): Pick<CommitPlan, 'message' | 'remove' | 'trees'> {
  return {
    message: publishMessage(place.map(({ run }) => run)),
    remove: place.filter(({ replaces }) => replaces).map(({ path }) => path),
    trees: new Map(place.map(({ path, run }) => [path, run.tree])),
  }
}

function folderOf(run: PendingRun): string {
  return runPath(run.workflow, run.id)
}

async function treesAt(git: Git, tip: string, paths: readonly string[]): Promise<Map<string, string>> {
  const { stdout } = await git.run({ args: ['ls-tree', '-z', '--full-tree', tip, '--', ...paths] })
  const trees = new Map<string, string>()
  for (const line of stdout.toString().split('\0')) {
    const match = /^\d+ tree ([0-9a-f]+)\t(.+)$/.exec(line)
    if (match?.[1] !== undefined && match[2] !== undefined) trees.set(match[2], match[1])
  }
  return trees
}

async function previousTreeOf(git: Git, tree: string): Promise<string | undefined> {
  const [text] = await readObjects(git, [`${tree}:run.json`])
  if (text === undefined) return undefined
  try {
    const manifest = JSON.parse(Buffer.from(text).toString()) as { previousTree?: unknown }
    return typeof manifest.previousTree === 'string' ? manifest.previousTree : undefined
  } catch {
    return undefined
  }
}
