// Not through the index of the room, which would load all of it.
import { workflowIdOf } from '../schema/read.ts'
import type { RunStatus } from './events.ts'
import type { FileCommit } from './file-history.ts'
import { slugOf } from './store/file-name.ts'
import type { RunSummary } from './store/list-runs.ts'
import type { ManifestStart } from './store/manifest.ts'
import type { RunReader } from './store/reader.ts'

/** How runs of one version came out. */
export interface RunCounts {
  /** All of them, those that go on, wait or were interrupted included. */
  readonly total: number
  /** Those that came to an end, whatever it was: of these a share is told. */
  readonly ended: number
  readonly succeeded: number
}

/** A run, and what its record says it was started with. */
export interface RecordedRun {
  readonly run: RunSummary
  readonly start: ManifestStart
}

/**
 * The runs of a workflow, under all the names that its history gives it, newest first.
 *
 * @param history as `historyOf` gives it. @param id of the workflow now, which is not the name of its file where that holds several. A record that cannot be read is left out.
 */
export async function runsOf(
  reader: RunReader,
  history: readonly FileCommit[],
  id: string,
): Promise<RecordedRun[]> {
  const files = new Set(history.map(({ file }) => file))
  const slugs = new Set([id, ...[...files].map(workflowIdOf)].map(slugOf))
  // git takes longer to find the commits of one workflow than to print those of all.
  const runs = (await reader.list()).filter(({ workflow }) => slugs.has(workflow))
  const starts = await reader.starts(runs)
  // Of a file that holds several only those of this one; of any other the file says it.
  const isOf = (one: ManifestStart['workflow']) => one.id === id || one.id === workflowIdOf(one.file)
  return runs.flatMap((run, index) => {
    const start = starts[index]
    return start !== undefined && files.has(start.workflow.file) && isOf(start.workflow)
      ? [{ run, start }]
      : []
  })
}

const ENDS: ReadonlySet<RunStatus> = new Set(['succeeded', 'failed', 'aborted', 'budget-exceeded'])

/** Whether a run came to an end, so that it goes on no more by itself or by an answer. */
export function hasEnded({ run }: RecordedRun): boolean {
  return ENDS.has(run.status)
}

/**
 * Counts runs by the object id of the definition that they were executed with. Versions with the same content share
 * their runs. Pure.
 *
 * @returns `other`: runs of a definition that no version has, such as one that was never committed.
 */
export function countRuns(
  runs: readonly RecordedRun[],
  history: readonly FileCommit[],
): { readonly byBlob: ReadonlyMap<string, RunCounts>; readonly other: number } {
  const byBlob = new Map<string, RunCounts>()
  const blobs = new Set(history.map(({ blob }) => blob))
  let other = 0
  for (const one of runs) {
    const { blob } = one.start.workflow
    if (!blobs.has(blob)) {
      other++
      continue
    }
    const { total, ended, succeeded } = byBlob.get(blob) ?? { total: 0, ended: 0, succeeded: 0 }
    byBlob.set(blob, {
      total: total + 1,
      ended: ended + (hasEnded(one) ? 1 : 0),
      succeeded: succeeded + (one.run.status === 'succeeded' ? 1 : 0),
    })
  }
  return { byBlob, other }
}
