import {
  coerceValue,
  compileExpression,
  evaluate,
  evaluateCondition,
  LanguageError,
  type PyDict,
  PyError,
  type PyValue,
  parseOutput,
  renderDynamic,
  renderDynamicArgs,
  renderSecure,
} from '../../schema/language/index.ts'
import { decode, encode } from '../oracle/recorded.ts'
import type { Call, Outcome } from './python.ts'

const FUNCTIONS: Readonly<Record<string, (input: Call['input']) => PyValue>> = {
  safe_eval: ({ expr, vars = {} }) => evaluate(compileExpression(String(expr)), decode(vars) as PyDict),
  condition: ({ output, expression }) => evaluateCondition(String(output), String(expression)).value,
  convert_value: ({ value }) => coerceValue(decode(value)),
  parse: ({ text }) => parseOutput(decode(text)),
  render_dynamic: ({ source, context }) => renderDynamic(String(source), decode(context)).value,
  render_args: ({ args, context }) => renderDynamicArgs(decode(args) as PyDict, decode(context)).value,
  render_secure: ({ template, context }) => renderSecure(String(template), decode(context) as PyDict),
}

/** What our own language makes of a call, told as the reference tells it; `slow` when a budget ended it. */
export function answer({ fn, input }: Call): Outcome {
  try {
    return { output: encode(FUNCTIONS[fn]?.(input) ?? null) }
  } catch (error) {
    // A list that holds itself cannot be written down, here or there.
    if (error instanceof RangeError) return { error: 'RecursionError' }
    if (!(error instanceof LanguageError) && !(error instanceof PyError)) throw error
    return error.pyType === 'BudgetError' ? { slow: true } : { error: error.pyType }
  }
}

/** Nothing when two outcomes are the same value, or both failures; otherwise what they are. */
export function difference(mine: Outcome, theirs: Outcome): string | undefined {
  if (theirs.slow === true || mine.slow === true) return undefined
  if (mine.error !== undefined && theirs.error !== undefined) return undefined
  const [one, other] = [comparable(mine), comparable(theirs)]
  return one === other ? undefined : `${one} instead of ${other}`
}

function comparable({ output, error }: Outcome): string {
  return error === undefined ? JSON.stringify(output, sorted) : error
}

/** What only says where something lies in memory, and how older versions of Jinja2 name one of their generators. */
const ADDRESS = /0x[0-9a-f]{8,16}(?=>|&gt;|%3E|\\u003e)/gi
const OLDER_NAME = /\bgenerator object do_unique\b/g

/** Sets are compared without their order, which Python does not promise; addresses are all the same. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value === 'string')
    return value.replace(ADDRESS, '0x<address>').replace(OLDER_NAME, 'generator object sync_do_unique')
  if (typeof value !== 'object' || value === null || !('$py' in value) || value.$py !== 'set') return value
  const { items } = value as unknown as { items: readonly unknown[] }
  return { $py: 'set', items: items.map((item) => JSON.stringify(item)).sort() }
}
