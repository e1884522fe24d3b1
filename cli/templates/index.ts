import { analysis } from './analysis.ts'
import { approval } from './approval.ts'
import { blank } from './blank.ts'
import type { BuiltInTemplate } from './built-in.ts'
import { dataProcessing } from './data-processing.ts'
import { dependencyAudit } from './dependency-audit.ts'
import { documentationCheck } from './documentation-check.ts'
import { incidentSummary } from './incident-summary.ts'
import { integration } from './integration.ts'
import { mapExecutor } from './map-executor.ts'
import { mapPlanner } from './map-planner.ts'
import { pullRequestReview } from './pull-request-review.ts'
import { releaseNotes } from './release-notes.ts'
import { report } from './report.ts'
import { review } from './review.ts'
import { summary } from './summary.ts'
import { testGeneration } from './test-generation.ts'
import { triage } from './triage.ts'

export type { BuiltInTemplate } from './built-in.ts'

/** The templates that `init` offers: all their parameters have defaults. The one that is taken without a choice is first. */
export const STARTERS: readonly [BuiltInTemplate, ...BuiltInTemplate[]] = [
  releaseNotes,
  review,
  triage,
  summary,
]

/** The template of `new` where nobody chose one. */
export const BLANK = blank

/** All templates that come with the program. */
export const BUILT_IN: readonly BuiltInTemplate[] = [
  ...STARTERS,
  pullRequestReview,
  incidentSummary,
  report,
  dataProcessing,
  analysis,
  integration,
  approval,
  testGeneration,
  documentationCheck,
  dependencyAudit,
  mapPlanner,
  mapExecutor,
  blank,
]
