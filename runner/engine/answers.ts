import type { PauseAnswered, RunEvent, RunPaused } from '../events.ts'
import { isAmong, standingEvents } from './standing.ts'

/** What a person said to a run that waited. */
export interface PauseAnswer {
  /** `rejected`: the steps that wait fail and are not run. Default: they run. */
  readonly decision?: 'approved' | 'rejected'
  /** Why, of a rejection. */
  readonly reason?: string
  /** Enters the history as the user's message; keys of a dict enter the context. */
  readonly userInput?: string
  /**
   * Replaces the output of the step that finished last: in the history, and under the context key it was stored under.
   * With `path` only where that step is the one; other workflows may be held at the same time.
   */
  readonly edit?: { readonly output: string; readonly path?: string; readonly outputKey?: string }
  /** Outputs that were reworked while the run waited, by the path of their step. An edit goes before. */
  readonly revised?: ReadonlyMap<string, string>
}

/**
 * What people said at the pauses of a run, read from its journal, under the path of each step that was held; who spoke
 * last comes last. A resumption that followed a pause answers it; one after an interruption or a failure answers nothing.
 */
export function answersOf(events: readonly RunEvent[]): ReadonlyMap<string, PauseAnswer> {
  const answers = new Map<string, PauseAnswer>()
  let revised: ReadonlyMap<string, string> = new Map()
  let pause: RunPaused | undefined
  for (const event of standingEvents(events)) {
    if (event.type === 'output-revised') revised = new Map(revised).set(event.path, event.output)
    const askAgain = (event.type === 'run-resumed' && event.definition?.askAgain) || []
    for (const path of answers.keys()) if (isAmong(askAgain, path)) answers.delete(path)
    if (event.type === 'run-resumed' && pause) {
      const said = event.answer ?? {}
      const answer = { ...toAnswer(said, pause), ...(revised.size === 0 ? {} : { revised }) }
      for (const path of said.step === undefined ? pause.before : [said.step]) {
        if (isAmong(askAgain, path)) continue
        answers.delete(path)
        answers.set(path, answer)
      }
    }
    pause = pauseAfter(pause, event)
  }
  return answers
}

/** An edit for one step stands for the output before that one; any other for the output that the run paused after. */
function toAnswer(
  { decision, reason, userInput, edit, step }: PauseAnswered,
  { last }: RunPaused,
): PauseAnswer {
  const path = step === undefined ? last : undefined
  return {
    ...(decision === undefined ? {} : { decision }),
    ...(reason === undefined ? {} : { reason }),
    ...(userInput === undefined ? {} : { userInput }),
    ...(edit === undefined ? {} : { edit: { output: edit, ...(path === undefined ? {} : { path }) } }),
  }
}

/** The pause that a run is in, if its journal ends in one, or in a no that was said to it. */
export function openPauseOf(events: Iterable<RunEvent>): RunPaused | undefined {
  let pause: RunPaused | undefined
  for (const event of events) pause = pauseAfter(pause, event)
  return pause
}

function pauseAfter(pause: RunPaused | undefined, event: RunEvent): RunPaused | undefined {
  switch (event.type) {
    case 'run-paused':
      return event
    case 'run-aborted':
      return undefined
    case 'run-resumed':
      // Who said no can still change their mind...
      return event.answer?.decision === 'rejected' ? pause : undefined
    case 'step-finished': {
      // ...until an error handler has led the run past the step.
      if (!pause?.before.includes(event.path)) return pause
      const before = pause.before.filter((path) => path !== event.path)
      return before.length === 0 ? undefined : { ...pause, before }
    }
    default:
      return pause
  }
}
