import { StepFailure } from '../failure.ts'
import type { ToolContext } from './tool.ts'

/**
 * Does work that must end within `policy.timeoutMs`. `work` gets a context whose signal ends it, and may not outlast it.
 *
 * Fails with `tool-timeout`, or with the reason of the caller's own signal, whatever `work` itself makes of its end.
 *
 * @param options.what that which takes too long, for messages.
 */
export async function withinTimeLimit<Result>(
  { tool, what, retryable }: { readonly tool: string; readonly what: string; readonly retryable: boolean },
  context: ToolContext,
  work: (limited: ToolContext) => Promise<Result>,
): Promise<Result> {
  const { timeoutMs } = context.policy
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([context.signal, timeout])
  try {
    signal.throwIfAborted()
    return await work({ ...context, signal })
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason
    if (!timeout.aborted) throw error
    throw new StepFailure('tool-timeout', `${tool}: ${what} took longer than ${timeoutMs} ms`, {
      blame: 'tool',
      retryable,
    })
  }
}

/** Rejects with the signal's reason when it is aborted, and never resolves; for a race with work that hears nothing of the signal. */
export function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
