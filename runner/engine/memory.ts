import type { RunEvent, StepFinished } from '../events.ts'
import { standingEvents } from './standing.ts'
import type { StepResult } from './step.ts'

/**
 * What an earlier try of this run already knows, read from its journal. Resuming is running again with this as
 * memory: finished steps are not run, and the attempt that was cut off does not repeat the effects it had.
 */
export interface Memory {
  /** What a finished step gave. */
  finished(path: string): StepResult | undefined
  /** The attempt to go on with: the one that was cut off, or the one after the last that failed. From 1. */
  attempt(path: string): number
  /** The reply that an effect of that attempt got, if it asked for exactly the same thing. */
  reply(path: string, attempt: number, ordinal: number, request: string): unknown
}

/** Remembers nothing. */
export const NO_MEMORY: Memory = {
  finished: () => undefined,
  attempt: () => 1,
  reply: () => undefined,
}

/** Builds the memory from the events of a journal, in their order. Pure. */
export function memoryOf(events: readonly RunEvent[]): Memory {
  const tasks = new Map<string, string>()
  const outputs = new Map<string, Pick<StepFinished, 'output' | 'attempt' | 'failure'>>()
  const attempts = new Map<string, number>()
  const replies = new Map<string, { readonly request: string; readonly reply: unknown }>()
  for (const event of standingEvents(events)) {
    switch (event.type) {
      case 'step-started':
        tasks.set(event.path, event.task)
        attempts.set(event.path, Math.max(event.attempt, attempts.get(event.path) ?? 1))
        break
      case 'attempt-failed':
        attempts.set(event.path, event.attempt + 1)
        break
      case 'effect-finished':
        replies.set(
          effectKey(event.path, event.attempt, event.ordinal),
          event.proposed
            ? { ...event, reply: { ...(event.reply as object), proposed: event.proposed } }
            : event,
        )
        break
      case 'step-finished':
        outputs.set(event.path, {
          output: event.output,
          attempt: event.attempt,
          ...(event.failure ? { failure: event.failure } : {}),
        })
        break
      default:
        break
    }
  }
  return {
    finished(path) {
      const known = outputs.get(path)
      return known && { task: tasks.get(path) ?? '', ...known }
    },
    attempt: (path) => attempts.get(path) ?? 1,
    reply(path, attempt, ordinal, request) {
      const known = replies.get(effectKey(path, attempt, ordinal))
      return known?.request === request ? known.reply : undefined
    },
  }
}

function effectKey(path: string, attempt: number, ordinal: number): string {
  return `${path}\n${attempt}\n${ordinal}`
}
