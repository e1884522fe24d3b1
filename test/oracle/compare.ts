import { StepFailure } from '../../runner/failure.ts'
import { LanguageError, PyError, type PyValue } from '../../schema/language/index.ts'
import { canonical, type Recordings, type Vector } from './recorded.ts'
import { vectorExceptions } from './vector-exceptions.ts'

type Input = Vector['input']
type Decode = (value: unknown) => PyValue
type Run = (input: Input, decode: Decode) => unknown

/** Calls our side of each recorded function and gives what the recording would hold as output. */
export type FunctionTable = Readonly<
  Record<
    string,
    | Run
    | {
        readonly run: Run /** What of the recorded output is compared. */
        readonly recorded: (output: unknown) => unknown
      }
  >
>

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
  const { run, recorded } = typeof entry === 'function' ? { run: entry, recorded: (o: unknown) => o } : entry
  const expected = vector.error ? `fails: ${vector.error.message}` : canonical(recorded(vector.output))
  const found = outcomeOf(() => run(vector.input, recordings.decode))
  const isSame = vector.error ? found.failed : !found.failed && found.text === expected
  if (isSame) return { kind: 'same' }
  const exception = vectorExceptions.find((one) => one.functions.includes(name) && one.applies(vector))
  if (exception) return { kind: 'explained', section: exception.section }
  return { kind: 'different', expected, found: found.text }
}

function outcomeOf(run: () => unknown): { readonly failed: boolean; readonly text: string } {
  try {
    return { failed: false, text: canonical(run()) }
  } catch (error) {
    const isOurs = error instanceof LanguageError || error instanceof PyError || error instanceof StepFailure
    if (!isOurs) throw error
    return { failed: true, text: `fails: ${error.message}` }
  }
}
