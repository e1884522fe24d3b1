import { StepFailure } from '../../runner/failure.ts'
import { LanguageError, PyError, type PyValue } from '../../schema/language/index.ts'
import { canonical, type Recordings, type Vector } from './recorded.ts'
import { vectorExceptions } from './vector-exceptions.ts'

type Input = Vector['input']
type Decode = (value: unknown) => PyValue
type Run = (input: Input, decode: Decode) => unknown

/**
 * Our side of each recorded function: called, it gives what the recording would hold as output. `recorded` says what of
 * the recorded output is compared; `differs` compares by itself and tells the difference.
 */
export type FunctionTable = Readonly<Record<string, Run | Converted | Comparison>>

interface Converted {
  readonly run: Run
  readonly recorded: (output: unknown) => unknown
}

interface Comparison {
  readonly differs: (vector: Vector) => string | undefined
}

/** How one recording compares: the same, different on purpose, or different. */
export type Verdict =
  | { readonly kind: 'same' }
  | { readonly kind: 'explained'; readonly section: string }
  | { readonly kind: 'different'; readonly expected: string; readonly found: string }

/** Compares one recorded call. Failures compare by presence: messages are ours. */
export function compareVector(
  name: string,
  entry: FunctionTable[string],
  vector: Vector,
  recordings: Recordings,
): Verdict {
  const { expected, found } = outcomesOf(entry, vector, recordings)
  if (expected === found) return { kind: 'same' }
  const exception = vectorExceptions.find((one) => one.functions.includes(name) && one.applies(vector))
  if (exception) return { kind: 'explained', section: exception.section }
  return { kind: 'different', expected, found }
}

const FAILS = 'fails'

function outcomesOf(
  entry: FunctionTable[string],
  vector: Vector,
  recordings: Recordings,
): { readonly expected: string; readonly found: string } {
  if ('differs' in entry) {
    const difference = entry.differs(vector)
    const expected = canonical(vector.error ?? vector.output)
    return { expected, found: difference ?? expected }
  }
  const { run, recorded } = typeof entry === 'function' ? { run: entry, recorded: (o: unknown) => o } : entry
  const found = outcomeOf(() => run(vector.input, recordings.decode))
  if (vector.error && found.failed) return { expected: FAILS, found: FAILS }
  return {
    expected: vector.error ? `${FAILS}: ${vector.error.message}` : canonical(recorded(vector.output)),
    found: found.text,
  }
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
