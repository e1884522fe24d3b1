import type { PauseAnswered, RunEvent } from '../events.ts'

/** What a person said to a run that waited. */
export interface PauseAnswer {
  /** `rejected`: the steps that wait fail and are not run. Default: they run. */
  readonly decision?: 'approved' | 'rejected'
  /** Why, of a rejection. */
  readonly reason?: string
  /** Enters the history as the user's message; keys of a dict enter the context. */
  readonly userInput?: string
  /** Replaces the output of the step that finished last: in the history, and under the context key it was stored under. */
  readonly edit?: { readonly output: string; readonly outputKey?: string }
}

/**
 * What people said at the pauses of a run, read from its journal, under the path of each step that was held. A
 * resumption that followed a pause answers it; one after an interruption or a failure answers nothing. An output that
 * was revised while the run waited counts as the person's edit unless they wrote one of their own.
 */
export function answersOf(events: Iterable<RunEvent>): ReadonlyMap<string, PauseAnswer> {
  const answers = new Map<string, PauseAnswer>()
  let held: readonly string[] = []
  let revised: string | undefined
  for (const event of events) {
    if (event.type === 'run-paused') {
      held = event.before
      revised = undefined
    } else if (event.type === 'output-revised') revised = event.output
    else if (event.type === 'run-resumed' && held.length > 0) {
      const answer = toAnswer(event.answer ?? {}, revised)
      for (const path of held) answers.set(path, answer)
      // Who said no can still change their mind.
      if (answer.decision !== 'rejected') held = []
    }
  }
  return answers
}

function toAnswer(
  { decision, reason, userInput, edit }: PauseAnswered,
  revised: string | undefined,
): PauseAnswer {
  const output = edit ?? revised
  return {
    ...(decision === undefined ? {} : { decision }),
    ...(reason === undefined ? {} : { reason }),
    ...(userInput === undefined ? {} : { userInput }),
    ...(output === undefined ? {} : { edit: { output } }),
  }
}

/** The pause that a run is in, if its journal ends in one, or in a no that was said to it. */
export function openPauseOf(
  events: readonly RunEvent[],
): Extract<RunEvent, { type: 'run-paused' }> | undefined {
  let pause: Extract<RunEvent, { type: 'run-paused' }> | undefined
  for (const event of events) {
    if (event.type === 'run-paused') pause = event
    else if (event.type === 'run-aborted') pause = undefined
    else if (event.type === 'run-resumed' && event.answer?.decision !== 'rejected') pause = undefined
  }
  return pause
}
