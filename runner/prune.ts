import { Refusal } from './failure.ts'
import { openRecords, type RecordsOptions, warnThrough, withConfiguredPush } from './records.ts'
import type { Pruned, RetentionPlan } from './store/retention.ts'

export interface PruneOptions extends RecordsOptions, RetentionPlan {
  readonly onEvent: Parameters<typeof warnThrough>[0]['onEvent']
}

/**
 * Takes old records from the tip of the branch, by the window that is given or else the one of the config.
 * Refuses with `nothing-to-prune-by` when there is neither.
 */
export async function pruneRuns(given: PruneOptions): Promise<Pruned> {
  const options = withConfiguredPush(given)
  const { results } = options.project.config
  const { keepDays = results.keepDays, keepRuns = results.keepRuns, archive, isPreview } = options
  if (keepDays === undefined && keepRuns === undefined && archive === undefined) {
    throw new Refusal('nothing-to-prune-by', 'Nothing says which records are to stay', {
      help: 'Give --keep-days or --keep-runs, or set results.keep_days or results.keep_runs in .codemie/config.yaml.',
    })
  }
  const records = await openRecords(options, warnThrough(options))
  return await records.prune({
    isPreview,
    ...(keepDays === undefined ? {} : { keepDays }),
    ...(keepRuns === undefined ? {} : { keepRuns }),
    ...(archive === undefined ? {} : { archive }),
  })
}
