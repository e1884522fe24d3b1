import type { RunStatus } from '../runner/events.ts'
import type { Refusal } from '../runner/failure.ts'
import { nameDefinition } from './definition-name.ts'
import type { ExecutedRun } from './execute.ts'
import { readFindings } from './findings.ts'

/** What became of one workflow on an event. */
export interface Outcome {
  /** See `nameDefinition`. */
  readonly id: string
  readonly name: string
  readonly status: RunStatus | 'invalid' | 'skipped' | 'refused'
  /** As for a step that does nothing else. */
  readonly exitStatus: number
  /** Present when it was executed. */
  readonly run?: ExecutedRun
  /** Present when it could not start. */
  readonly refusal?: Refusal
  /** A sentence, where it was not run for another reason. */
  readonly why?: string
  /** What it would do, a line each, where it was not run for want of keys. */
  readonly plan?: readonly string[]
}

/** Of a workflow that was executed. @param changed files of the change, where it is about one; see {@link readFindings}. */
export function outcomeOf(run: ExecutedRun, changed: readonly string[] | undefined): Outcome {
  const { workflow, digest, exitStatus } = run
  return {
    id: nameDefinition(workflow.file),
    name: workflow.name,
    status: digest.status,
    exitStatus,
    run: { ...run, findings: readFindings(digest.output, changed) },
  }
}

/** From good to bad. */
const RANKS: readonly Outcome['status'][] = [
  'skipped',
  'succeeded',
  'paused',
  'running',
  'interrupted',
  'aborted',
  'budget-exceeded',
  'failed',
  'invalid',
  'refused',
]

/** The outcome that the whole step is judged by: one that fails it, and of these the worst; the first of equals. */
export function worstOf(outcomes: readonly Outcome[]): Outcome {
  const rank = ({ status, exitStatus }: Outcome) =>
    RANKS.indexOf(status) + (exitStatus === 0 ? 0 : RANKS.length)
  return outcomes.reduce((worst, one) => (rank(one) > rank(worst) ? one : worst))
}
