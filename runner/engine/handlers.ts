import type { ErrorHandler } from '../../schema/workflow.ts'
import type { FailureInfo } from '../failure.ts'
import { BUDGET_EXCEEDED } from './budget.ts'

/** The first of a state's error handlers that catches a failure; `undefined`: none does. */
export function handlerOf(
  handlers: readonly ErrorHandler[],
  failure: Pick<FailureInfo, 'code' | 'blame'>,
): ErrorHandler | undefined {
  return handlers.find(({ catches }) =>
    catches.length === 0 ? failure.blame !== 'policy' : catches.some((name) => names(name, failure)),
  )
}

/** Whether a name in `catch` means a failure: its code, the beginning of it, or who is to blame. */
function names(name: string, { code, blame }: Pick<FailureInfo, 'code' | 'blame'>): boolean {
  if (name.endsWith('*')) return code.startsWith(name.slice(0, -1))
  // Who catches what policy forbids does not mean to go on without money.
  if (code === BUDGET_EXCEEDED) return name === 'budget' || name === BUDGET_EXCEEDED
  return name === code || name === blame
}

/** What stands for the output of a step that failed: the states after it read `error` like any other key. */
export function failureOutput(
  failure: FailureInfo,
  step: { readonly path: string; readonly state: string },
): string {
  const { code, blame, message } = failure
  return JSON.stringify({ error: { code, blame, message, state: step.state, path: step.path } })
}
