import type { PauseAnswered, RunEvent, RunPaused } from '../events.ts'
import { isAmong, standingEvents } from './standing.ts'

/** What a person said to a run that waited. */
export interface PauseAnswer {
  /** Paths of the steps that it was for. */
  readonly to: ReadonlySet<string>
  /** `rejected`: the steps that wait fail and are not run. Default: they run. */
  readonly decision?: 'approved' | 'rejected'
  /** Why, of a rejection. */
  readonly reason?: string
  /** What the decision was for; see `PauseAnswered.digests`. */
  readonly digests?: Readonly<Record<string, string>>
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
 * What people said at the pauses of a run, read from its journal, in the order in which they spoke. For one step the last
 * answer decides; what was said in the others is heard all the same. A resumption that followed a pause answers it; one
 * after an interruption or a failure answers nothing.
 */
export function answersOf(events: readonly RunEvent[]): readonly PauseAnswer[] {
  let answers: readonly PauseAnswer[] = []
  let revised: ReadonlyMap<string, string> = new Map()
  let pause: RunPaused | undefined
  for (const event of standingEvents(events)) {
    if (event.type === 'output-revised') revised = new Map(revised).set(event.path, event.output)
    const askAgain = (event.type === 'run-resumed' && event.definition?.askAgain) || []
    if (askAgain.length > 0) answers = answers.flatMap((answer) => without(answer, askAgain))
    if (event.type === 'run-resumed' && pause) {
      const said = event.answer ?? {}
      const to = new Set(said.step === undefined ? pause.before : [said.step])
      const answer = { ...toAnswer(said, pause), to, ...(revised.size === 0 ? {} : { revised }) }
      answers = [...answers, ...without(answer, askAgain)]
    }
    pause = pauseAfter(pause, event)
  }
  return answers
}

/** An answer without the steps that were asked for anew; nothing when none is left. */
function without(answer: PauseAnswer, askAgain: readonly string[]): readonly PauseAnswer[] {
  const to = new Set([...answer.to].filter((path) => !isAmong(askAgain, path)))
  return to.size === 0 ? [] : [{ ...answer, to }]
}

/** Outputs that were reworked in the course of a run, by the path of their step. */
export function revisedOf(events: readonly RunEvent[]): ReadonlyMap<string, string> {
  const revised = new Map<string, string>()
  for (const event of standingEvents(events))
    if (event.type === 'output-revised') revised.set(event.path, event.output)
  return revised
}

/** An edit for one step stands for the output before that one; any other for the output that the run paused after. */
function toAnswer(
  { decision, reason, digests, userInput, edit, step }: PauseAnswered,
  { last }: RunPaused,
): Omit<PauseAnswer, 'to'> {
  const path = step === undefined ? last : undefined
  return {
    ...(decision === undefined ? {} : { decision }),
    ...(reason === undefined ? {} : { reason }),
    ...(digests === undefined ? {} : { digests }),
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
