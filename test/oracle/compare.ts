import { StepFailure } from '../../runner/failure.ts'
import { LanguageError, PyError, type PyValue } from '../../schema/language/index.ts'
import { saneVector } from './exceptions.ts'
import { canonical, type Recordings, type Vector } from './recorded.ts'

type Input = Vector['input']
type Decode = (value: unknown) => PyValue
type Run = (input: Input, decode: Decode) => unknown

/**
 * Our side of each recorded function: called, it gives what the recording would hold as output. `recorded` says what of
 * the recorded output is compared; `differs` compares by itself and tells the difference; `lacks` says for an input, or
 * for all, why there is nothing here to compare it with.
 */
export type FunctionTable = Readonly<Record<string, Run | Converted | Comparison | Uncompared>>

interface Converted {
  readonly run: Run
  readonly recorded?: (output: unknown) => unknown
  readonly lacks?: (input: Input) => string | undefined
}

interface Comparison {
  readonly differs: (vector: Vector) => string | undefined
}

interface Uncompared {
  readonly lacks: (input: Input) => string
}

/** How one recording compares: the same, different on purpose, different, or not at all. */
export type Verdict =
  | { readonly kind: 'same' }
  | { readonly kind: 'explained'; readonly section: string }
  | { readonly kind: 'different'; readonly recorded: string; readonly found: string }
  | { readonly kind: 'uncompared'; readonly reason: string }

/** Compares one recorded call. Failures compare by presence: messages are ours. */
export function compareVector(
  name: string,
  entry: FunctionTable[string],
  vector: Vector,
  recordings: Pick<Recordings, 'decode'>,
): Verdict {
  const reason = typeof entry === 'object' && 'lacks' in entry ? entry.lacks?.(vector.input) : undefined
  if (reason !== undefined) return { kind: 'uncompared', reason }
  const difference = differenceIn(entry, vector, recordings)
  if (!difference) return { kind: 'same' }
  const sane = saneVector(name, vector, difference.failed)
  if (!sane) return { kind: 'different', recorded: difference.recorded, found: difference.found }
  const left = sane.vector && differenceIn(entry, sane.vector, recordings)
  if (left) return { kind: 'different', recorded: left.recorded, found: left.found }
  return { kind: 'explained', section: sane.section }
}

interface Found {
  readonly recorded: string
  readonly found: string
  /** Ours failed. */
  readonly failed: boolean
}

const FAILS = 'fails'

function differenceIn(
  entry: FunctionTable[string],
  vector: Vector,
  recordings: Pick<Recordings, 'decode'>,
): Found | undefined {
  if (typeof entry === 'object' && 'differs' in entry) {
    const found = entry.differs(vector)
    return found === undefined
      ? undefined
      : { recorded: canonical(vector.error ?? vector.output), found, failed: false }
  }
  const run = typeof entry === 'function' ? entry : 'run' in entry ? entry.run : undefined
  if (!run) throw new Error(`${vector.id}: nothing to compare with`)
  const ours = outcomeOf(() => run(vector.input, recordings.decode))
  if (vector.error && ours.failed) return undefined
  const convert =
    (typeof entry === 'object' && 'run' in entry && entry.recorded) || ((output: unknown) => output)
  const recorded = vector.error ? `${FAILS}: ${vector.error.message}` : canonical(convert(vector.output))
  return recorded === ours.text ? undefined : { recorded, found: ours.text, failed: ours.failed }
}

function outcomeOf(run: () => unknown): { readonly failed: boolean; readonly text: string } {
  try {
    return { failed: false, text: canonical(run()) }
  } catch (error) {
    const isOurs = error instanceof LanguageError || error instanceof PyError || error instanceof StepFailure
    if (!isOurs) throw error
    return { failed: true, text: `${FAILS}: ${error.message}` }
  }
}
