import type { Located } from '../../schema/diagnostic.ts'
import type { PyDict } from '../../schema/language/index.ts'
import {
  compileRustPattern,
  PatternLimit,
  type PatternMatch,
  type RustPattern,
} from '../../schema/pattern.ts'
import type { TextTest } from '../../schema/workflow.ts'
import { StepFailure } from '../failure.ts'
import { positionText } from '../steps/render-text.ts'

/** Where a test finds what it looks at. */
export interface Outputs {
  readonly context: PyDict
  /** Name of the output that the latest text is. `undefined`: it is nobody's. */
  readonly own?: string
}

/**
 * Whether a test holds.
 *
 * @param latest what a test looks at that names no output.
 * Fails with `output-missing` when there is no such text, and with `pattern-failed` when the text is too long to be matched.
 */
export function holdsTest(test: TextTest, latest: string | undefined, { context, own }: Outputs): boolean {
  const text = textOf(test, latest, { context, ...(own === undefined ? {} : { own }) })
  if (test.contains && text.includes(test.contains.value)) return true
  const { matches } = test
  return matches !== undefined && withinLimits(matches, () => patternOf(matches).occursIn(text))
}

const patterns = new Map<string, RustPattern>()

/** A pattern of a definition that was checked. */
function patternOf({ value }: Located<string>): RustPattern {
  const known = patterns.get(value)
  if (known) return known
  const compiled = compileRustPattern(value)
  if (!compiled.ok) throw new Error(`the pattern ${compiled.problem}: the definition was not checked`)
  patterns.set(value, compiled.pattern)
  return compiled.pattern
}

/** All matches of a pattern in a text, in order. Fails with `pattern-failed` when the text is too long. */
export function matchesOf(pattern: Located<string>, text: string): readonly PatternMatch[] {
  return withinLimits(pattern, () => patternOf(pattern).matches(text))
}

function withinLimits<T>({ at }: Located<string>, match: () => T): T {
  try {
    return match()
  } catch (error) {
    if (!(error instanceof PatternLimit)) throw error
    throw new StepFailure('pattern-failed', `${positionText(at)}: ${error.message}`, {
      blame: 'workflow',
      help: 'Ask the step before for a shorter answer, or look for less.',
      cause: error,
    })
  }
}

function textOf(
  { of, contains, matches }: TextTest,
  latest: string | undefined,
  { context, own }: Outputs,
): string {
  const at = of?.at ?? matches?.at ?? contains?.at
  const place = at ? `${positionText(at)}: ` : ''
  if (of === undefined) {
    if (latest !== undefined) return latest
    throw new StepFailure('output-missing', `${place}there is no output yet to test`, {
      blame: 'workflow',
      help: "Name the output that is tested under 'output', or put a step before.",
    })
  }
  if (of.value === own && latest !== undefined) return latest
  const known = context.get(of.value)
  if (typeof known === 'string') return known
  throw new StepFailure('output-missing', `${place}the step '${of.value}' has no output at this point`, {
    blame: 'workflow',
    help: 'Test an output that every way to this place has.',
  })
}
