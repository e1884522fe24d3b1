import type { RunSummary } from './list-runs.ts'
import type { ReadContext } from './read-run.ts'
import { readStarts } from './read-starts.ts'

/** More records than this are not opened to tell which of them started first. */
const MOST_OPENED = 200

/**
 * Orders runs, newest first. An id tells the second; runs of one second come in the order of the starts that their
 * records tell, and of one millisecond in that of their ids. Only such records are opened, the newest 200 at most.
 *
 * @param limit how many are wanted. Default: all.
 */
export async function newestFirst<Run extends Pick<RunSummary, 'id' | 'startedAt' | 'tree'>>(
  context: Pick<ReadContext, 'repository' | 'home'>,
  runs: readonly Run[],
  limit = runs.length,
): Promise<Run[]> {
  const sorted = [...runs].sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0))
  const isOfSecondAt = (index: number, { startedAt }: Run) => sorted[index]?.startedAt === startedAt
  // Any of those that started in the second of the last wanted one may be wanted.
  const wanted = sorted.filter((run, index) => index < limit || isOfSecondAt(limit - 1, run))
  const close = wanted.filter((run, index) => isOfSecondAt(index - 1, run) || isOfSecondAt(index + 1, run))
  if (close.length === 0) return wanted
  const opened = close.slice(0, MOST_OPENED)
  const starts = await readStarts(context, opened)
  const startOf = new Map(opened.map(({ id }, index) => [id, Date.parse(starts[index]?.startedAt ?? '')]))
  // One that is not opened, or cannot be read, comes after the others of its second.
  const startIn = ({ id }: Run) => startOf.get(id) || 0
  return wanted.sort((a, b) => (a.startedAt === b.startedAt ? startIn(b) - startIn(a) : 0)).slice(0, limit)
}
