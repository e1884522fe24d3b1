import type { RunEvent } from '../events.ts'
import type { PauseAnswer } from './engine.ts'

/**
 * What people said at the pauses of a run, read from its journal: each resumption that followed a pause answered it.
 * Resuming after an interruption or a failure answers nothing.
 */
export function answersOf(events: Iterable<RunEvent>): readonly PauseAnswer[] {
  const answers: PauseAnswer[] = []
  let isPaused = false
  for (const event of events) {
    if (event.type === 'run-paused') isPaused = true
    if (event.type !== 'run-resumed' || !isPaused) continue
    answers.push(event.userInput === undefined ? {} : { userInput: event.userInput })
    isPaused = false
  }
  return answers
}
