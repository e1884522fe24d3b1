import { Refusal } from './failure.ts'
import { openRecords, type RecordsOptions, warnThrough, withConfiguredPush } from './records.ts'
import type { Pruned, RetentionPlan, RetentionWindow } from './store/retention.ts'

export interface PruneOptions extends RecordsOptions, RetentionPlan {
  readonly onEvent: Parameters<typeof warnThrough>[0]['onEvent']
}

/**
 * Takes old records from the tip of the branch, by the window that is given or else the one of the config.
 * Refuses with `nothing-to-prune-by` when there is neither.
 */
export async function pruneRuns(given: PruneOptions): Promise<Pruned> {
  const options = withConfiguredPush(given)
  const { archive, isPreview } = options
  const window = windowOf({ ...options.project.config.results, ...options })
  if (window === undefined && archive === undefined) {
    throw new Refusal('nothing-to-prune-by', 'Nothing says which records are to stay', {
      help: 'Give --keep-days or --keep-runs, or set results.keep_days or results.keep_runs in .codemie/config.yaml.',
    })
  }
  const records = await openRecords(options, warnThrough(options))
  return await records.prune({
    isPreview,
    ...window,
    ...(archive === undefined ? {} : { archive }),
  })
}

/** The window that settings ask for; `undefined`: none, so that everything stays. */
export function windowOf({ keepDays, keepRuns }: RetentionWindow): RetentionWindow | undefined {
  if (keepDays === undefined && keepRuns === undefined) return undefined
  return {
    ...(keepDays === undefined ? {} : { keepDays }),
    ...(keepRuns === undefined ? {} : { keepRuns }),
  }
}
