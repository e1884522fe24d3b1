import { asPyError, PyError } from './errors.ts'
import { parseJson } from './json.ts'
import { parseLiteral } from './literal.ts'
import { stripChars } from './string-methods.ts'
import { isSpace } from './text.ts'
import type { PyValue } from './values.ts'

/** Places where a model's answer may hide a value, in the order CodeMie looks; only the first of each counts. */
const HIDING_PLACES = [
  { open: '```json', close: '```', keepMarks: false },
  { open: '~~~json', close: '~~~', keepMarks: false },
  { open: '{', close: '}', keepMarks: true },
] as const

type HidingPlace = (typeof HIDING_PLACES)[number]

function hiddenIn(text: string, { open, close, keepMarks }: HidingPlace): string | undefined {
  const start = text.indexOf(open)
  const end = start < 0 ? -1 : text.indexOf(close, start + open.length)
  if (end < 0) return undefined
  return keepMarks ? text.slice(start, end + close.length) : text.slice(start + open.length, end)
}

/** Prose mostly begins with a letter, and few letters begin a literal; failing to parse costs more than looking. */
const MAY_BE_LITERAL =
  /^\s*(?:[^A-Za-z]|(?:True|False|None|set)\b|(?:[bB][rR]?|[rR][bBfF]?|[fF][rR]?|[uU])['"])/

const MAY_BE_JSON = /^[ \t\n\r]*["[{\-\dtfnNI]/

/** JSON or a Python literal; nothing for other text, and for `null`, which CodeMie takes as "no result". */
function readValue(text: string): PyValue | undefined {
  if (MAY_BE_JSON.test(text)) {
    // JSON goes first so that its escapes mean what JSON says; everywhere else both readers agree.
    const value = attempt(() => parseJson(text))
    if (value !== undefined) return value ?? undefined
  }
  return MAY_BE_LITERAL.test(text) ? (attempt(() => parseLiteral(text)) ?? undefined) : undefined
}

function attempt(read: () => PyValue): PyValue | undefined {
  try {
    return read()
  } catch (error) {
    asPyError(error)
    return undefined
  }
}

/**
 * The value in a step's output: JSON, a Python literal, the first fenced `json` block, or the first `{…}` in prose, which is cut at
 * the first `}`. Text that holds no value comes back unchanged, and so does every value that is not text.
 */
export function parseOutput(output: PyValue): PyValue {
  if (typeof output !== 'string') return output
  const whole = readValue(output)
  if (whole !== undefined) return whole
  for (const place of HIDING_PLACES) {
    const inside = hiddenIn(output, place)
    const value = inside === undefined ? undefined : readValue(stripChars(inside, isSpace))
    if (value !== undefined) return value
  }
  return output
}

/**
 * How a condition sees a top-level text field: `true` and `false` in any case are booleans, Python literals are their value, other
 * texts stay. Throws {@link PyError} (`TypeError`) for a literal with a key that cannot be hashed, as upstream does.
 */
export function coerceValue(value: PyValue): PyValue {
  if (typeof value !== 'string') return value
  const word = value.length <= 5 ? value.toLowerCase() : ''
  if (word === 'true') return true
  if (word === 'false') return false
  try {
    return parseLiteral(value)
  } catch (error) {
    const failure = asPyError(error)
    if (failure instanceof PyError && failure.pyType === 'TypeError') throw failure
    return value
  }
}
