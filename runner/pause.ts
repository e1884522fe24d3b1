import { openPauseOf, revisedOf } from './engine/answers.ts'
import { digestOfAll, withYes } from './engine/ask.ts'
import type { PauseAnswered, RunEvent, RunPaused } from './events.ts'
import { Refusal } from './failure.ts'

/** What a person wants to tell a run. */
interface Intent {
  readonly runId: string
  readonly answer?: PersonsAnswer
  /** The first digits of the digest that a yes or no is for; see `digestOfYes`. Default: whatever the run asks for. */
  readonly digest?: string
}

/** What a person says; who it is and what they said it to is found out here. */
export type PersonsAnswer = Omit<PauseAnswered, 'by' | 'digests'>

/**
 * The pause that a run is in, `undefined` where it does not wait. Refuses what does not fit: a yes or no that nobody
 * waits for (`run-not-waiting`), a step that is not held (`step-not-waiting`), and going on without the yes that is
 * needed (`approval-needed`, exit status 3), a yes or no to something that the run does not ask for or asks no more
 * (`approval-moved-on`), and an edit of an output that is not there (`nothing-to-change`).
 */
export function refuseUnfit(
  { runId, answer, digest }: Intent,
  events: readonly RunEvent[],
): RunPaused | undefined {
  const pause = openPauseOf(events)
  // Other machines are waited for, and nobody.
  if (!pause || pause.shards) {
    if (answer?.decision === undefined) return undefined
    throw new Refusal('run-not-waiting', `Run ${runId} does not wait for anybody's yes or no`, {
      help: `\`codemie-ci show ${runId}\` says how it stands.`,
    })
  }
  const held = pause.before.join(', ')
  const step = answer?.step
  if (step !== undefined && !pause.before.includes(step)) {
    throw new Refusal('step-not-waiting', `Run ${runId} does not wait before '${step}'`, {
      help: `It waits before ${held}.`,
    })
  }
  if (pause.reason === 'approval' && answer?.decision === undefined) {
    throw new Refusal('approval-needed', `Run ${runId} waits for an approval before ${held}`, {
      exitStatus: 3,
      help: `\`codemie-ci approve ${runId}\` lets it go on, \`codemie-ci reject ${runId}\` does not.`,
    })
  }
  if (digest !== undefined) refuseOther(runId, digest, digestsOf(pause, events, step))
  if (answer?.edit !== undefined && pause.last === undefined) throw nothingToChange(runId, pause)
  return pause
}

/** Nothing has finished in the workflow that a run waits in, so there is no output to put another one in place of. */
export function nothingToChange(runId: string, { before, reason }: RunPaused): Refusal {
  const verb = reason === 'approval' ? 'approve' : 'resume'
  return new Refusal(
    'nothing-to-change',
    `No step has finished before ${before.join(', ')}, so there is nothing to change`,
    {
      help: `\`codemie-ci ${verb} ${runId}\` lets the run go on, and --message tells the next step something.`,
    },
  )
}

/** Digests of what a run asks a yes for, by the path of each step, or of the one step that the answer is for. */
export function digestsOf(
  { asks = [] }: RunPaused,
  events: readonly RunEvent[],
  step: string | undefined,
): Readonly<Record<string, string>> {
  const answered = asks.filter(({ path }) => step === undefined || path === step)
  return Object.fromEntries(withYes(answered, revisedOf(events)).map(({ path, digest }) => [path, digest]))
}

function refuseOther(runId: string, wanted: string, digests: Readonly<Record<string, string>>): void {
  const now = digestOfAll(Object.values(digests))
  if (now?.startsWith(wanted)) return
  const steps = Object.keys(digests).join(', ')
  const asked = now === undefined ? 'it asks for nothing' : `it asks for ${now.slice(0, 12)} before ${steps}`
  throw new Refusal('approval-moved-on', `Run ${runId} does not ask for ${wanted}: ${asked}`, {
    help: `It has gone on, or what would be done has changed. \`codemie-ci show ${runId}\` shows what it asks for.`,
  })
}
