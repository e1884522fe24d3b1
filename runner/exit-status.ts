import { BUDGET_EXCEEDED } from './engine/budget.ts'
import type { RunStatus } from './events.ts'
import type { Blame, FailureInfo } from './failure.ts'

/**
 * Exit status of a run; `docs/exit-status.md` is for people. 0 done, 1 the workflow failed, 3 waiting for a person,
 * 4 budget, 5 refused by policy, 6 provider or infrastructure, 130 interrupted. 2, could not start, belongs to refusals.
 */
export function exitStatusOf(status: RunStatus, failure: FailureInfo | undefined): number {
  switch (status) {
    case 'succeeded':
      return 0
    case 'paused':
      return 3
    case 'budget-exceeded':
      return 4
    case 'interrupted':
    case 'running':
      return 130
    case 'aborted':
      return 1
    case 'failed':
      return failure ? statusOfBlame(failure) : 1
  }
}

/** A key that a provider refuses is the person's to mend, and still the provider that did not do its part. */
function statusOfBlame({ blame, status }: FailureInfo): number {
  return blame === 'user' && status !== undefined ? STATUS_OF_BLAME.provider : STATUS_OF_BLAME[blame]
}

const STATUS_OF_BLAME: Readonly<Record<Blame, number>> = {
  workflow: 1,
  user: 1,
  model: 1,
  tool: 1,
  policy: 5,
  provider: 6,
  infrastructure: 6,
}

/** The status that a failure ends a run with. */
export function statusOfFailure(failure: FailureInfo): RunStatus {
  return failure.code === BUDGET_EXCEEDED ? 'budget-exceeded' : 'failed'
}
