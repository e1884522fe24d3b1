import { type Bound, bind, clamp, integer, type Signature } from './arguments.ts'
import type { Budget } from './budget.ts'
import { decode } from './bytes.ts'
import { digitValue } from './characters.ts'
import { pairsOf } from './collection-methods.ts'
import { PyDict, PySet } from './dict.ts'
import { PyError, typeError, valueError } from './errors.ts'
import { toFloat } from './operators.ts'
import { MAX_INT_DIGITS, repr, str } from './printing.ts'
import { stripChars } from './string-methods.ts'
import { isSpace } from './text.ts'
import {
  type CallArguments,
  PyBytes,
  PyObject,
  PyTuple,
  PyType,
  type PyValue,
  toArray,
  truthy,
  typeName,
} from './values.ts'

/** Decimal digits of any script as ASCII digits, as CPython does before it reads a number. */
function asciiDigits(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text
  let result = ''
  for (const char of text) {
    const digit = digitValue(char)
    result += digit === undefined ? char : String(digit)
  }
  return result
}

const DIGITS = /^[+-]?(?<prefix>0[xXoObB]_?)?[0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*$/
const PREFIX_BASE: Readonly<Record<string, number>> = { x: 16, o: 8, b: 2 }

/** Python's `int(text, base)`. Throws `ValueError`. */
export function parseInteger(source: string, base: number): bigint {
  const fail = (): PyError => valueError(`invalid literal for int() with base ${base}: ${repr(source)}`)
  if (base !== 0 && (base < 2 || base > 36)) throw valueError('int() base must be >= 2 and <= 36, or 0')
  const text = stripChars(asciiDigits(source), isSpace)
  const groups = DIGITS.exec(text)
  if (groups === null) throw fail()
  const negative = text.startsWith('-')
  let digits = text.replace(/^[+-]/, '').toLowerCase()
  let radix = base
  const wanted = PREFIX_BASE[digits[1] ?? '']
  if (digits.startsWith('0') && wanted !== undefined && (base === 0 || base === wanted)) {
    radix = wanted
    digits = digits.slice(2).replace(/^_/, '')
  } else if (base === 0) {
    radix = 10
    if (/^0[0_]*[1-9a-z]/.test(digits)) throw fail()
  }
  digits = digits.replaceAll('_', '')
  if (digits === '') throw fail()
  if (digits.length > MAX_INT_DIGITS && (radix & (radix - 1)) !== 0)
    throw valueError(`Exceeds the limit (${MAX_INT_DIGITS} digits) for integer string conversion`)
  let value = 0n
  if (radix === 10 && /^\d+$/.test(digits)) value = BigInt(digits)
  else {
    const size = BigInt(radix)
    for (const char of digits) {
      const digit = Number.parseInt(char, 36)
      if (Number.isNaN(digit) || digit >= radix) throw fail()
      value = value * size + BigInt(digit)
    }
  }
  return negative ? -value : value
}

const FLOAT = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/

/** Python's `float(text)`. Throws `ValueError`. */
export function parseFloatText(source: string): number {
  const text = stripChars(asciiDigits(source), isSpace)
  const word = /^(?<sign>[+-]?)(?<name>inf|infinity|nan)$/i.exec(text)?.groups
  if (word !== undefined) {
    if (word.name?.toLowerCase() === 'nan') return Number.NaN
    return word.sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  if (!FLOAT.test(text)) throw valueError(`could not convert string to float: ${repr(source)}`)
  return Number(text.replaceAll('_', ''))
}

/** Python's `int(float)`: towards zero; `ValueError` for nan, `OverflowError` for infinity. */
export function truncate(value: number): bigint {
  if (Number.isNaN(value)) throw valueError('cannot convert float NaN to integer')
  if (!Number.isFinite(value)) throw new PyError('OverflowError', 'cannot convert float infinity to integer')
  return BigInt(Math.trunc(value))
}

/** Python's `int(value)`. */
export function toInt(value: PyValue): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'number') return truncate(value)
  if (typeof value === 'string') return parseInteger(value, 10)
  if (value instanceof PyBytes) return parseInteger(decode(value.bytes, 'latin-1', 'strict'), 10)
  if (value instanceof PyObject && value.pyType === 'Markup') return parseInteger(value.pyStr(), 10)
  if (value instanceof PyObject && value.pyNumber !== undefined) return truncate(value.pyNumber())
  throw typeError(
    `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`,
  )
}

/** Python's `float(value)`. */
export function toFloatValue(value: PyValue): number {
  if (typeof value === 'bigint' || typeof value === 'number') return toFloat(value)
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string') return parseFloatText(value)
  if (value instanceof PyBytes) return parseFloatText(decode(value.bytes, 'latin-1', 'strict'))
  if (value instanceof PyObject && value.pyType === 'Markup') return parseFloatText(value.pyStr())
  if (value instanceof PyObject && value.pyNumber !== undefined) return value.pyNumber()
  throw typeError(`float() argument must be a string or a real number, not '${typeName(value)}'`)
}

function type(
  signature: Signature,
  run: (bound: Bound, args: CallArguments, budget: Budget) => PyValue,
): PyType {
  return new PyType(signature.name, (args, budget) => run(bind(signature, args), args, budget))
}

/** The types that expressions may name, call and ask `isinstance` about. */
export const TYPES: Readonly<
  Record<'str' | 'int' | 'float' | 'bool' | 'list' | 'dict' | 'set' | 'tuple', PyType>
> = {
  str: type(
    { name: 'str', parameters: ['object', 'encoding', 'errors'], positionalOnly: 0 },
    (bound, _args, budget) => {
      const value = bound[0]
      const encoding = bound[1]
      const errors = bound[2]
      if (encoding !== undefined || errors !== undefined) {
        if (!(value instanceof PyBytes)) throw typeError('decoding to str: need a bytes-like object')
        return decode(
          value.bytes,
          encoding === undefined ? 'utf-8' : str(encoding),
          errors === undefined ? 'strict' : str(errors),
        )
      }
      const printed = value === undefined ? '' : str(value)
      budget.text(printed.length)
      return printed
    },
  ),
  int: type({ name: 'int', parameters: ['x', 'base'], positionalOnly: 1 }, (bound) => {
    const value = bound[0]
    const base = bound[1]
    if (base === undefined) return value === undefined ? 0n : toInt(value)
    const digits = value instanceof PyBytes ? decode(value.bytes, 'latin-1', 'strict') : value
    if (typeof digits !== 'string') throw typeError("int() can't convert non-string with explicit base")
    return parseInteger(digits, clamp(integer(base, 10n)))
  }),
  float: type({ name: 'float', parameters: ['x'] }, ([value]) =>
    value === undefined ? 0 : toFloatValue(value),
  ),
  bool: type({ name: 'bool', parameters: ['x'] }, ([value]) => value !== undefined && truthy(value)),
  list: type({ name: 'list', parameters: ['iterable'] }, ([items], _args, budget) =>
    items === undefined ? [] : toArray(items, budget),
  ),
  tuple: type({ name: 'tuple', parameters: ['iterable'] }, ([items], _args, budget) => {
    if (items instanceof PyTuple) return items
    return new PyTuple(items === undefined ? [] : toArray(items, budget))
  }),
  set: type({ name: 'set', parameters: ['iterable'] }, ([items], _args, budget) =>
    items === undefined ? new PySet() : new PySet(toArray(items, budget)),
  ),
  dict: new PyType('dict', (args, budget) => {
    if (args.positional.length > 1)
      throw typeError(`dict expected at most 1 argument, got ${args.positional.length}`)
    const [source] = args.positional
    const dict = new PyDict(source === undefined ? [] : pairsOf(source, budget))
    for (const [key, value] of args.named) dict.set(key, value)
    budget.items(dict.size)
    return dict
  }),
}

const OTHER_TYPES = new Map<string, PyType>()

/** The type of a value as a value, as Python's `type(value)`. */
export function typeOf(value: PyValue): PyType {
  const name = typeName(value)
  if (Object.hasOwn(TYPES, name)) return TYPES[name as keyof typeof TYPES]
  const known = OTHER_TYPES.get(name)
  if (known !== undefined) return known
  const made = new PyType(name)
  OTHER_TYPES.set(name, made)
  return made
}

/** Python's `isinstance`: a boolean is an int too. */
export function isInstance(value: PyValue, wanted: PyType): boolean {
  if (typeName(value) === wanted.name) return true
  if (wanted.name === 'int') return typeof value === 'boolean'
  if (wanted.name === 'tuple') return value instanceof PyTuple
  return wanted.name === 'dict' && value instanceof PyDict
}
