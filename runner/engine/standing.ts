import type { RunEvent } from '../events.ts'
import { stateOfPath } from './step.ts'

/** Whether a step is of one of the states that patterns of `AcceptedDefinition` name. */
export function isAmong(patterns: readonly string[], path: string): boolean {
  const state = stateOfPath(path)
  return patterns.some((pattern) =>
    pattern.endsWith('/**') ? state.startsWith(pattern.slice(0, -2)) : state === pattern,
  )
}

/**
 * The events of a journal that still count: what steps did that were to be done again, because a changed definition was
 * accepted after them, does not.
 */
export function standingEvents(events: readonly RunEvent[]): readonly RunEvent[] {
  if (!events.some((event) => event.type === 'run-resumed' && event.definition)) return events
  let redo: readonly string[] = []
  const standing: RunEvent[] = []
  for (const event of [...events].reverse()) {
    if (event.type === 'run-resumed' && event.definition) redo = [...redo, ...event.definition.redo]
    if (!('path' in event && event.path !== undefined && isAmong(redo, event.path))) standing.push(event)
  }
  return standing.reverse()
}
