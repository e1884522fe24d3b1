import { type AbortOptions, abortRun } from './abort.ts'
import { windowOf } from './prune.ts'
import { openRecords, warnThrough, withConfiguredPush } from './records.ts'
import type { Swept } from './store/sweep.ts'

export interface SweepOptions extends Omit<AbortOptions, 'runId' | 'reason' | 'takeOver'> {
  /** A run without a sign of life for this long is aborted, in milliseconds. Default: {@link ABANDON_AFTER_MS}. */
  readonly abandonAfterMs?: number
}

/** What a sweep did. */
export interface SweepResult extends Omit<Swept, 'live'> {
  /** Runs whose process had died before their record was committed. */
  readonly committed: readonly string[]
  /** Runs that were aborted because nobody went on with them. */
  readonly abandoned: readonly string[]
  /** Runs that left the tip of the branch, by the window of the config. */
  readonly pruned: readonly string[]
  /** Runs that are under way, or wait. */
  readonly live: readonly string[]
}

/** 30 days: as long as GitHub lets a job wait for an approval. */
export const ABANDON_AFTER_MS = 30 * 24 * 3_600_000

/**
 * Puts the records in order: commits runs that ended and whose process died before it could, publishes what others left,
 * and aborts what nobody has gone on with for long. What is under way is left alone.
 */
export async function sweepRuns(given: SweepOptions): Promise<SweepResult> {
  const options = withConfiguredPush(given)
  const { world } = options
  const records = await openRecords(options, warnThrough(options))
  const committed: string[] = []
  for (const { id, status, where } of await records.list({ isHere: true })) {
    const hasEnded = ['succeeded', 'failed', 'aborted', 'budget-exceeded'].includes(status)
    if (where !== 'directory' || !hasEnded) continue
    const { writer } = await records.resume(id, { evenEnded: true })
    await writer.finish()
    committed.push(id)
  }
  const { live, ...swept } = await records.sweep()
  const window = windowOf(options.project.config.results)
  const pruned = window ? (await records.prune({ isPreview: false, ...window })).pruned : []
  const limit = options.abandonAfterMs ?? ABANDON_AFTER_MS
  const silent = live.filter(({ seenAt }) => world.now() - seenAt > limit).map(({ id }) => id)
  for (const runId of silent) {
    await abortRun({
      ...options,
      runId,
      reason: `abandoned: no sign of life for ${Math.floor(limit / (24 * 3_600_000))} days`,
      takeOver: true,
    })
  }
  return {
    ...swept,
    committed,
    abandoned: silent,
    pruned: pruned.map(({ id }) => id),
    live: live.flatMap(({ id }) => (silent.includes(id) || committed.includes(id) ? [] : [id])),
  }
}
