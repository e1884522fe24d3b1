import { PyDict, PySet } from './dict.ts'
import { valueError } from './errors.ts'
import { floatRepr } from './floats.ts'
import {
  PyBytes,
  PyComplex,
  PyIterator,
  PyNamedTuple,
  PyObject,
  PySlice,
  PyTuple,
  type PyValue,
  PyView,
} from './values.ts'

/** CPython refuses to write integers longer than this, because doing so takes quadratic time. */
export const MAX_INT_DIGITS = 4300

/** The decimal digits of an integer; Python's `ValueError` beyond {@link MAX_INT_DIGITS}. */
export function intText(value: bigint): string {
  const text = value.toString()
  if (text.length > MAX_INT_DIGITS && text.replace('-', '').length > MAX_INT_DIGITS)
    throw valueError(`Exceeds the limit (${MAX_INT_DIGITS} digits) for integer string conversion`)
  return text
}

/** What Python's `str.isprintable` rejects; the plain space is printable. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u
const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** Whether Python's `repr` prints a character as it is. */
export function isPrintable(char: string): boolean {
  return !UNPRINTABLE.test(char)
}

/** A character as its escape: `\xe9`, `\u20ac` or `\U0001f600`. */
export function hexEscape(char: string): string {
  const code = char.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

function quoteFor(text: string): string {
  return text.includes("'") && !text.includes('"') ? '"' : "'"
}

/** Python's `repr` of a text: single quotes unless only those occur inside. */
export function textRepr(text: string): string {
  const quote = quoteFor(text)
  let body = ''
  for (const char of text) {
    if (char === quote) body += `\\${char}`
    else body += NAMED_ESCAPES[char] ?? (isPrintable(char) ? char : hexEscape(char))
  }
  return quote + body + quote
}

function bytesRepr(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  const quote = quoteFor(text)
  let body = ''
  for (const char of text) {
    if (char === quote) body += `\\${char}`
    else body += NAMED_ESCAPES[char] ?? (char >= ' ' && char <= '~' ? char : hexEscape(char))
  }
  return `b${quote}${body}${quote}`
}

/** A part of a complex number: like a float but without a trailing `.0`. */
function partText(value: number): string {
  return floatRepr(value).replace(/\.0$/, '')
}

function complexRepr({ re, im }: PyComplex): string {
  if (re === 0 && !Object.is(re, -0)) return `${partText(im)}j`
  const imaginary = partText(im)
  return `(${partText(re)}${imaginary.startsWith('-') ? '' : '+'}${imaginary}j)`
}

/** Collections that are being printed; one that contains itself prints as `[...]`. */
type Open = Set<PyValue>

function within(value: PyValue, open: Open, cycle: string, print: () => string): string {
  if (open.has(value)) return cycle
  open.add(value)
  const text = print()
  open.delete(value)
  return text
}

/** Python's `repr(value)`. Throws `ValueError` for integers of more than 4300 digits. */
export function repr(value: PyValue, open: Open = new Set()): string {
  if (value === null) return 'None'
  switch (typeof value) {
    case 'boolean':
      return value ? 'True' : 'False'
    case 'bigint':
      return intText(value)
    case 'number':
      return floatRepr(value)
    case 'string':
      return textRepr(value)
    default:
      break
  }
  if (Array.isArray(value)) return within(value, open, '[...]', () => `[${reprs(value, open)}]`)
  if (value instanceof PyTuple) return within(value, open, '(...)', () => tupleRepr(value, open))
  if (value instanceof PyDict) return within(value, open, '{...}', () => `{${pairReprs(value, open)}}`)
  if (value instanceof PySet)
    return value.size === 0
      ? 'set()'
      : within(value, open, 'set(...)', () => `{${reprs(value.members(), open)}}`)
  if (value instanceof PyView) return `${value.pyType}([${reprs([...viewItems(value)], open)}])`
  if (value instanceof PyBytes) return bytesRepr(value.bytes)
  if (value instanceof PyComplex) return complexRepr(value)
  if (value instanceof PySlice) return `slice(${reprs([value.lower, value.upper, value.step], open)})`
  return value.pyRepr()
}

function viewItems(view: PyView): PyValue[] {
  const items: PyValue[] = []
  const source = view.pyIterate()
  for (let next = source.next(); next.done !== true; next = source.next()) items.push(next.value)
  return items
}

function reprs(items: readonly PyValue[], open: Open): string {
  return items.map((item) => repr(item, open)).join(', ')
}

function tupleRepr(tuple: PyTuple, open: Open): string {
  if (tuple.items.length === 1 && !(tuple instanceof PyNamedTuple)) return `(${reprs(tuple.items, open)},)`
  return `(${reprs(tuple.items, open)})`
}

function pairReprs(dict: PyDict, open: Open): string {
  const parts: string[] = []
  for (const [key, item] of dict.entries()) parts.push(`${repr(key, open)}: ${repr(item, open)}`)
  return parts.join(', ')
}

/** Python's `str(value)`: texts as they are, everything else as {@link repr} unless its type says otherwise. */
export function str(value: PyValue): string {
  if (typeof value === 'string') return value
  if (typeof value === 'bigint') return intText(value)
  if (value instanceof PyObject && !BUILT_IN.some((kind) => value instanceof kind)) return value.pyStr()
  return repr(value)
}

const BUILT_IN = [PyDict, PyTuple, PySet, PyBytes, PyComplex, PyView, PySlice, PyIterator]

/** Python's `ascii(value)`: {@link repr} with everything beyond ASCII escaped. */
export function ascii(value: PyValue): string {
  let text = ''
  for (const char of repr(value)) text += char <= '~' ? char : hexEscape(char)
  return text
}
