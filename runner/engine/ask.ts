import { PyDict, type PyValue, repr } from '../../schema/language/index.ts'
import type { Ask } from '../events.ts'
import { createHash } from '../hash.ts'
import { type Redact, redactValue } from '../store/redact.ts'
import type { PauseAnswer } from './answers.ts'
import type { Step } from './step.ts'

/** What a yes is bound to besides the step itself: the same for all steps of a run. */
export interface AskedRun {
  readonly runId: string
  /** Object ids of the definition as executed and of those that it calls. */
  readonly definition: readonly string[]
  /** sha256 of `inputs.json`. */
  readonly inputs: string
  /** Takes secrets out: a run that goes on elsewhere knows what its record knows. */
  readonly redact: Redact
}

/** What a step would do, as far as it is known before it starts. */
export interface StepIntent {
  /** For people: the prompt, the call with its arguments. */
  readonly task: string
  /** All that it would ask the world for, as JSON; equal for equal requests. */
  readonly request: unknown
}

/**
 * What a person is asked to say yes to.
 *
 * @param words what other people said to the steps that are held with this one: the step gets to see it, too.
 */
export function askFor(
  step: Step,
  { task, request }: StepIntent,
  words: readonly PauseAnswer[],
  { runId, definition, inputs, redact }: AskedRun,
): Ask {
  const { path, context, history, item } = step
  const seen = [
    repr(withoutSecrets(context, redact)),
    history.toArray().map(({ role, text }) => [role, text]),
    item === undefined ? null : [item.lineage, repr(withoutSecrets(item.value, redact))],
    words.map(({ userInput, edit, revised }) => [userInput, edit, [...(revised ?? [])]]),
  ]
  const effect = sha256(JSON.stringify(redactValue([task, request, seen], redact)))
  const ask = { path, task: redact(task), definition, inputs, effect }
  return { ...ask, digest: digestOfAsk(runId, ask) }
}

/** sha256 of the run, the step, the definition, the inputs and the effect, in 64 hex digits: anyone with the record can make it. */
export function digestOfAsk(
  runId: string,
  { path, definition, inputs, effect }: Omit<Ask, 'digest' | 'task'>,
): string {
  return sha256(JSON.stringify([runId, path, definition, inputs, effect]))
}

/**
 * What a yes to an ask names: the digest of the ask, and with it every output that was reworked since the run began to
 * wait, for that is what the step would go on from.
 *
 * @param revised outputs by the path of their step.
 */
export function digestOfYes({ digest }: Pick<Ask, 'digest'>, revised: ReadonlyMap<string, string>): string {
  return revised.size === 0 ? digest : sha256(JSON.stringify([digest, ...revised]))
}

/** Asks with the digest that a yes to each of them names now; see {@link digestOfYes}. */
export function withYes(asks: readonly Ask[], revised: ReadonlyMap<string, string>): Ask[] {
  return asks.map((ask) => ({ ...ask, digest: digestOfYes(ask, revised) }))
}

/** One digest for all that a run asks for at once: that of the ask where it is one. `undefined`: it asks for nothing. */
export function digestOfAll(digests: readonly string[]): string | undefined {
  return digests.length > 1 ? sha256(JSON.stringify(digests)) : digests[0]
}

/** A copy of a value without secrets in its texts: in the words of Python, which escape some characters, none is found. */
function withoutSecrets(value: PyValue, redact: Redact): PyValue {
  if (typeof value === 'string') return redact(value)
  if (Array.isArray(value)) return value.map((one) => withoutSecrets(one, redact))
  if (!(value instanceof PyDict)) return value
  return new PyDict(
    [...value.entries()].map(([key, one]) => [withoutSecrets(key, redact), withoutSecrets(one, redact)]),
  )
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
