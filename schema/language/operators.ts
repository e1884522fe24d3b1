import type { Budget } from './budget.ts'
import { PyDict, PySet } from './dict.ts'
import { PyError, typeError, valueError } from './errors.ts'
import { formatPercent, formatPercentBytes } from './format.ts'
import { hypotenuse, positivePower } from './power.ts'
import { compareText, textLength } from './text.ts'
import {
  asText,
  iterate,
  PyBytes,
  PyComplex,
  PyObject,
  PyRange,
  PyTuple,
  type PyValue,
  PyView,
  toArray,
  typeName,
} from './values.ts'

/** The two-sided arithmetic operators that expressions have. */
export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**'
/** The comparison operators. */
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'is' | 'is not' | 'in' | 'not in'

type Numeric = bigint | number | PyComplex

/** A number for arithmetic (booleans count as 0 and 1), or nothing. */
export function asNumber(value: PyValue): Numeric | undefined {
  if (typeof value === 'bigint' || typeof value === 'number' || value instanceof PyComplex) return value
  return typeof value === 'boolean' ? (value ? 1n : 0n) : undefined
}

/** A number that has an order, or nothing. */
function asReal(value: PyValue): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value
  return typeof value === 'boolean' ? (value ? 1n : 0n) : undefined
}

/** Python's `float(int)`: an `OverflowError` instead of infinity. */
export function toFloat(value: bigint | number): number {
  if (typeof value === 'number') return value
  const float = Number(value)
  if (!Number.isFinite(float)) throw new PyError('OverflowError', 'int too large to convert to float')
  return float
}

/** How many bits an integer has, up to the next multiple of four. */
function bitLength(value: bigint): number {
  const size = value < 0n ? -value : value
  if (size <= 0xffff_ffffn) return 4 * Math.ceil((32 - Math.clz32(Number(size))) / 4)
  const hex = size.toString(16)
  return hex.length * 4
}

function toComplex(value: Numeric): PyComplex {
  return value instanceof PyComplex ? value : new PyComplex(toFloat(value), 0)
}

function zeroDivision(message: string): PyError {
  return new PyError('ZeroDivisionError', message)
}

/** `a / b` of integers, correctly rounded even when they do not fit a double. */
function divideInts(a: bigint, b: bigint): number {
  if (b === 0n) throw zeroDivision('division by zero')
  const exactA = Number(a)
  const exactB = Number(b)
  if (Number.isSafeInteger(exactA) && Number.isSafeInteger(exactB)) return exactA / exactB
  const negative = a < 0n !== b < 0n
  const top = a < 0n ? -a : a
  const bottom = b < 0n ? -b : b
  const shift = Math.max(0, bitLength(bottom) - bitLength(top) + 70)
  const scaled = top << BigInt(shift)
  const quotient = (scaled / bottom) | (scaled % bottom === 0n ? 0n : 1n)
  let result = Number(quotient)
  for (let left = shift; left > 0; left -= 1000) result *= 2 ** -Math.min(left, 1000)
  if (!Number.isFinite(result))
    throw new PyError('OverflowError', 'integer division result too large for a float')
  return negative ? -result : result
}

function floorDivideInts(a: bigint, b: bigint): bigint {
  if (b === 0n) throw zeroDivision('integer division or modulo by zero')
  const quotient = a / b
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient
}

function moduloFloats(a: number, b: number): number {
  if (b === 0) throw zeroDivision('float modulo')
  const rest = a % b
  if (rest === 0) return b < 0 ? -0 : 0
  return rest < 0 !== b < 0 ? rest + b : rest
}

function floorDivideFloats(a: number, b: number): number {
  if (b === 0) throw zeroDivision('float floor division by zero')
  const rest = a % b
  const exact = (a - rest) / b
  const quotient = rest !== 0 && rest < 0 !== b < 0 ? exact - 1 : exact
  if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0
  const floor = Math.floor(quotient)
  return quotient - floor > 0.5 ? floor + 1 : floor
}

function powerInts(base: bigint, exponent: bigint, budget: Budget): Numeric {
  if (exponent < 0n) return powerFloats(toFloat(base), toFloat(exponent))
  if (base !== 0n && base !== 1n && base !== -1n) {
    const bits = (bitLength(base) || 1) * Number(exponent)
    budget.bits(bits)
  } else if (exponent > 2n) return base === -1n && exponent % 2n === 0n ? 1n : base
  return base ** exponent
}

function powerFloats(base: number, exponent: number): Numeric {
  if (base === 0 && exponent < 0) throw zeroDivision('0.0 cannot be raised to a negative power')
  if (base < 0 && Number.isFinite(base) && Number.isFinite(exponent) && !Number.isInteger(exponent))
    return powerComplex(new PyComplex(base, 0), new PyComplex(exponent, 0))
  // JavaScript gives NaN where C and Python give 1.
  if (base === 1 || (base === -1 && !Number.isFinite(exponent) && !Number.isNaN(exponent))) return 1
  const result = signedPower(base, exponent)
  if (!Number.isFinite(result) && Number.isFinite(base) && Number.isFinite(exponent))
    throw new PyError('OverflowError', "(34, 'Numerical result out of range')")
  return result
}

function signedPower(base: number, exponent: number): number {
  if (base === 0 || !Number.isFinite(base) || !Number.isFinite(exponent)) return base ** exponent
  const size = positivePower(Math.abs(base), exponent)
  return base < 0 && exponent % 2 !== 0 ? -size : size
}

function powerComplex(base: PyComplex, exponent: PyComplex): PyComplex {
  if (exponent.re === 0 && exponent.im === 0) return new PyComplex(1, 0)
  const size = hypotenuse(base.re, base.im)
  if (size === 0) {
    if (exponent.im !== 0 || exponent.re < 0) throw zeroDivision('0.0 to a negative or complex power')
    return new PyComplex(0, 0)
  }
  if (exponent.im === 0 && Number.isInteger(exponent.re) && Math.abs(exponent.re) <= 100) {
    let result = new PyComplex(1, 0)
    for (let turn = 0; turn < Math.abs(exponent.re); turn += 1) result = multiplyComplex(result, base)
    return exponent.re < 0 ? divideComplex(new PyComplex(1, 0), result) : result
  }
  const angle = Math.atan2(base.im, base.re)
  const length = size ** exponent.re * Math.exp(-exponent.im * angle)
  const turn = exponent.re * angle + exponent.im * Math.log(size)
  return new PyComplex(length * Math.cos(turn), length * Math.sin(turn))
}

function multiplyComplex(a: PyComplex, b: PyComplex): PyComplex {
  return new PyComplex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re)
}

function divideComplex(a: PyComplex, b: PyComplex): PyComplex {
  if (b.re === 0 && b.im === 0) throw zeroDivision('complex division by zero')
  if (Math.abs(b.re) >= Math.abs(b.im)) {
    const ratio = b.im / b.re
    const scale = b.re + b.im * ratio
    return new PyComplex((a.re + a.im * ratio) / scale, (a.im - a.re * ratio) / scale)
  }
  const ratio = b.re / b.im
  const scale = b.re * ratio + b.im
  return new PyComplex((a.re * ratio + a.im) / scale, (a.im * ratio - a.re) / scale)
}

type Arithmetic = {
  readonly ints: (a: bigint, b: bigint, budget: Budget) => Numeric
  readonly floats: (a: number, b: number) => Numeric
  readonly complexes?: (a: PyComplex, b: PyComplex) => PyComplex
}

const ARITHMETIC: Readonly<Record<BinaryOperator, Arithmetic>> = {
  '+': {
    ints: (a, b) => a + b,
    floats: (a, b) => a + b,
    complexes: (a, b) => new PyComplex(a.re + b.re, a.im + b.im),
  },
  '-': {
    ints: (a, b) => a - b,
    floats: (a, b) => a - b,
    complexes: (a, b) => new PyComplex(a.re - b.re, a.im - b.im),
  },
  '*': {
    ints: (a, b, budget) => {
      budget.bits(bitLength(a) + bitLength(b))
      return a * b
    },
    floats: (a, b) => a * b,
    complexes: multiplyComplex,
  },
  '/': {
    ints: divideInts,
    floats: (a, b) => {
      if (b === 0) throw zeroDivision('float division by zero')
      return a / b
    },
    complexes: divideComplex,
  },
  '//': { ints: floorDivideInts, floats: floorDivideFloats },
  '%': { ints: (a, b) => a - floorDivideInts(a, b) * b, floats: moduloFloats },
  '**': { ints: powerInts, floats: powerFloats, complexes: powerComplex },
}

/**
 * {@link binary} for one operator. Plain numbers, which is what operators mostly meet, take the short way: while V8 has not
 * compiled it, which is most of a short run, that saves a tenth to a sixth of an expression.
 */
export function operation(op: BinaryOperator): (a: PyValue, b: PyValue, budget: Budget) => PyValue {
  const { ints, floats } = ARITHMETIC[op]
  return (a, b, budget) => {
    if (typeof a === 'bigint') {
      if (typeof b === 'bigint') return ints(a, b, budget)
      if (typeof b === 'number') return floats(toFloat(a), b)
    } else if (typeof a === 'number') {
      if (typeof b === 'number') return floats(a, b)
      if (typeof b === 'bigint') return floats(a, toFloat(b))
    }
    return binary(op, a, b, budget)
  }
}

function arithmetic(op: BinaryOperator, a: Numeric, b: Numeric, budget: Budget): PyValue | undefined {
  const kind = ARITHMETIC[op]
  if (typeof a === 'bigint' && typeof b === 'bigint') return kind.ints(a, b, budget)
  if (a instanceof PyComplex || b instanceof PyComplex) return kind.complexes?.(toComplex(a), toComplex(b))
  return kind.floats(toFloat(a), toFloat(b))
}

/** Python's `a <op> b`. Throws what Python raises, or a budget error for results that would be too big. */
export function binary(op: BinaryOperator, a: PyValue, b: PyValue, budget: Budget): PyValue {
  if (typeof a === 'string' && op === '+') return concatenateText(a, b, budget)
  const left = asNumber(a)
  const right = asNumber(b)
  if (left !== undefined && right !== undefined) {
    const result = arithmetic(op, left, right, budget)
    if (result !== undefined) return result
  }
  const special = op === '+' ? concatenate(a, b, budget) : op === '*' ? repeat(a, b, budget) : undefined
  if (special !== undefined) return special
  if (op === '%' && typeof a === 'string') return formatPercent(a, b, budget)
  if (op === '%' && a instanceof PyBytes) return formatPercentBytes(a, b, budget)
  if (op === '-' && isSetLike(a) && (isSetLike(b) || !(a instanceof PySet))) return without(a, b, budget)
  const name = op === '**' ? '** or pow()' : op
  throw typeError(`unsupported operand type(s) for ${name}: '${typeName(a)}' and '${typeName(b)}'`)
}

/** A set, or the keys or items of a dictionary, less the members of another; views take any iterable. */
function without(a: PyValue, b: PyValue, budget: Budget): PySet {
  const kept = new PySet(toArray(a, budget))
  for (const member of toArray(b, budget)) kept.delete(member)
  return kept
}

function isSetLike(value: PyValue): boolean {
  return value instanceof PySet || (value instanceof PyView && value.kind !== 'values')
}

function concatenateText(a: string, b: PyValue, budget: Budget): string {
  if (typeof b !== 'string') throw typeError(`can only concatenate str (not "${typeName(b)}") to str`)
  budget.text(a.length + b.length)
  return a + b
}

function concatenate(a: PyValue, b: PyValue, budget: Budget): PyValue | undefined {
  if (Array.isArray(a)) {
    if (!Array.isArray(b)) throw typeError(`can only concatenate list (not "${typeName(b)}") to list`)
    budget.items(a.length + b.length)
    return [...a, ...b]
  }
  if (a instanceof PyTuple) {
    if (!(b instanceof PyTuple)) throw typeError(`can only concatenate tuple (not "${typeName(b)}") to tuple`)
    budget.items(a.items.length + b.items.length)
    return new PyTuple([...a.items, ...b.items])
  }
  if (a instanceof PyBytes) {
    if (!(b instanceof PyBytes)) throw typeError(`can't concat ${typeName(b)} to bytes`)
    budget.text(a.bytes.length + b.bytes.length)
    return new PyBytes(Uint8Array.from([...a.bytes, ...b.bytes]))
  }
  return undefined
}

function isSequence(value: PyValue): value is string | PyValue[] | PyTuple | PyBytes {
  return (
    typeof value === 'string' || Array.isArray(value) || value instanceof PyTuple || value instanceof PyBytes
  )
}

function repeat(a: PyValue, b: PyValue, budget: Budget): PyValue | undefined {
  const [sequence, factor] = isSequence(a) ? [a, b] : [b, a]
  if (!isSequence(sequence)) return undefined
  if (typeof factor !== 'bigint' && typeof factor !== 'boolean')
    throw typeError(`can't multiply sequence by non-int of type '${typeName(factor)}'`)
  const times = BigInt(factor) < 0n ? 0 : Number(factor)
  if (typeof sequence === 'string') {
    budget.text(sequence.length * times)
    return sequence.length === 0 ? '' : sequence.repeat(times)
  }
  if (sequence instanceof PyBytes) {
    budget.text(sequence.bytes.length * times)
    return new PyBytes(Uint8Array.from(repeatItems(Array.from(sequence.bytes), times)))
  }
  const items = Array.isArray(sequence) ? sequence : sequence.items
  budget.items(items.length * times)
  const repeated = repeatItems(items, times)
  return Array.isArray(sequence) ? repeated : new PyTuple(repeated)
}

function repeatItems<T>(items: readonly T[], times: number): T[] {
  const result: T[] = []
  if (items.length > 0) for (let turn = 0; turn < times; turn += 1) result.push(...items)
  return result
}

/** Python's unary `-`, `+` and `not`. */
export function unary(op: '-' | '+', value: PyValue): PyValue {
  const number = asNumber(value)
  if (number === undefined) throw typeError(`bad operand type for unary ${op}: '${typeName(value)}'`)
  if (op === '+') return number
  return number instanceof PyComplex ? new PyComplex(-number.re, -number.im) : -number
}

/** Python's `a == b`; values of unlike types are unequal, never an error. */
export function pyEquals(a: PyValue, b: PyValue): boolean {
  if (a === b) return true
  return typeof a === 'string' && typeof b === 'string' ? false : equalOthers(a, b)
}

function equalOthers(a: PyValue, b: PyValue): boolean {
  const left = asNumber(a)
  const right = asNumber(b)
  if (left !== undefined || right !== undefined) {
    if (left === undefined || right === undefined) return false
    if (left instanceof PyComplex || right instanceof PyComplex) {
      const one = left instanceof PyComplex ? left : new PyComplex(Number(left), 0)
      const two = right instanceof PyComplex ? right : new PyComplex(Number(right), 0)
      return one.re === two.re && one.im === two.im
    }
    // biome-ignore lint/suspicious/noDoubleEquals: `==` compares a bigint with a number exactly, as Python does.
    return left == right
  }
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b)
  if (a instanceof PyTuple) return b instanceof PyTuple && sameItems(a.items, b.items)
  if (a instanceof PyDict) return b instanceof PyDict && sameDicts(a, b)
  if (a instanceof PyBytes) return b instanceof PyBytes && sameBytes(a, b)
  if (a instanceof PyView && b instanceof PyView && a.kind === b.kind) return sameViews(a, b)
  if (a instanceof PyObject && a.pyEquals !== undefined) return a.pyEquals(b)
  return b instanceof PyObject && b.pyEquals !== undefined ? b.pyEquals(a) : false
}

/** Views of keys are equal as sets are; those of items as dictionaries are; those of values never, unless they are one object. */
function sameViews(a: PyView, b: PyView): boolean {
  switch (a.kind) {
    case 'keys':
      return a.dict.size === b.dict.size && viewValues(a).every((key) => b.dict.has(key))
    case 'items':
      return sameDicts(a.dict, b.dict)
    case 'values':
      return false
  }
}

function viewValues(view: PyView): PyValue[] {
  const values: PyValue[] = []
  const source = view.pyIterate()
  for (let next = source.next(); next.done !== true; next = source.next()) values.push(next.value)
  return values
}

function sameItems(a: readonly PyValue[], b: readonly PyValue[]): boolean {
  return a.length === b.length && a.every((item, index) => pyEquals(item, b[index] ?? null))
}

function sameDicts(a: PyDict, b: PyDict): boolean {
  if (a.size !== b.size) return false
  for (const [key, value] of a.entries()) {
    const other = b.get(key)
    if (other === undefined || !pyEquals(value, other)) return false
  }
  return true
}

function sameBytes(a: PyBytes, b: PyBytes): boolean {
  return a.bytes.length === b.bytes.length && a.bytes.every((byte, index) => byte === b.bytes[index])
}

type Ordering = '<' | '<=' | '>' | '>='

/** JavaScript orders a bigint and a number exactly, as Python does, and finds nothing in order with NaN. */
function holds(op: Ordering, a: bigint | number, b: bigint | number): boolean {
  switch (op) {
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
  }
}

/** Python's `a < b` and its three sisters; throws `TypeError` for types that have no order. */
export function ordered(op: Ordering, a: PyValue, b: PyValue): boolean {
  if (typeof a === 'bigint' && typeof b === 'bigint') return holds(op, a, b)
  if (typeof a === 'number' && typeof b === 'number') return holds(op, a, b)
  if (typeof a === 'string' && typeof b === 'string') return holds(op, compareText(a, b), 0)
  return orderedOthers(op, a, b)
}

function orderedOthers(op: Ordering, a: PyValue, b: PyValue): boolean {
  const left = asReal(a)
  const right = asReal(b)
  if (left !== undefined && right !== undefined) return holds(op, left, right)
  const one = asText(a)
  const two = asText(b)
  if (one !== undefined && two !== undefined) return holds(op, compareText(one, two), 0)
  if (Array.isArray(a) && Array.isArray(b)) return orderedItems(op, a, b)
  if (a instanceof PyTuple && b instanceof PyTuple) return orderedItems(op, a.items, b.items)
  if (a instanceof PyBytes && b instanceof PyBytes)
    return orderedItems(op, Array.from(a.bytes, BigInt), Array.from(b.bytes, BigInt))
  if (isSetLike(a) && isSetLike(b)) return orderedSets(op, a, b)
  throw typeError(`'${op}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`)
}

function orderedItems(op: Ordering, a: readonly PyValue[], b: readonly PyValue[]): boolean {
  const shared = Math.min(a.length, b.length)
  for (let index = 0; index < shared; index += 1) {
    const left = a[index] ?? null
    const right = b[index] ?? null
    if (!pyEquals(left, right)) return ordered(op, left, right)
  }
  return holds(op, a.length, b.length)
}

function orderedSets(op: Ordering, a: PyValue, b: PyValue): boolean {
  const left = a instanceof PySet ? a : new PySet(viewValues(a as PyView))
  const right = b instanceof PySet ? b : new PySet(viewValues(b as PyView))
  const [small, large] = op === '<' || op === '<=' ? [left, right] : [right, left]
  const inside = small.members().every((member) => large.has(member))
  return inside && (op === '<=' || op === '>=' || small.size < large.size)
}

/** Python's `value in container`. */
export function contains(container: PyValue, value: PyValue, budget: Budget): boolean {
  if (Array.isArray(container)) {
    budget.step(container.length)
    return container.some((item) => pyEquals(item, value))
  }
  return typeof container === 'string'
    ? textContains(container, value, budget)
    : objectContains(container, value, budget)
}

function textContains(container: string, value: PyValue, budget: Budget): boolean {
  const sought = asText(value)
  if (sought === undefined)
    throw typeError(`'in <string>' requires string as left operand, not ${typeName(value)}`)
  budget.text(container.length)
  return container.includes(sought)
}

function objectContains(container: PyValue, value: PyValue, budget: Budget): boolean {
  if (container instanceof PyObject && container.pyContains !== undefined)
    return container.pyContains(value, budget)
  if (container instanceof PyBytes) return bytesContain(container, value)
  if (container instanceof PyView && container.kind !== 'values') return viewContains(container, value)
  if (!(container instanceof PyObject && container.pyIterate !== undefined))
    throw typeError(`argument of type '${typeName(container)}' is not iterable`)
  const source = iterate(container, budget)
  for (let next = source.next(); next.done !== true; next = source.next()) {
    budget.step()
    if (pyEquals(next.value, value)) return true
  }
  return false
}

function viewContains({ kind, dict }: PyView, value: PyValue): boolean {
  if (kind === 'keys') return dict.has(value)
  if (!(value instanceof PyTuple) || value.items.length !== 2) return false
  const [key = null, wanted = null] = value.items
  const found = dict.get(key)
  return found !== undefined && pyEquals(found, wanted)
}

function bytesContain(container: PyBytes, value: PyValue): boolean {
  if (value instanceof PyBytes)
    return Array.from(container.bytes)
      .join(',')
      .concat(',')
      .includes(value.bytes.length ? `${value.bytes.join(',')},` : '')
  if (typeof value === 'bigint' || typeof value === 'boolean') {
    const byte = Number(value)
    if (byte < 0 || byte > 255) throw valueError('byte must be in range(0, 256)')
    return container.bytes.includes(byte)
  }
  throw typeError(`a bytes-like object is required, not '${typeName(value)}'`)
}

/**
 * Python's `a is b`. Numbers and texts have no identity here: small integers, empty and one-character texts are one object in
 * CPython, other equal ones only when both sides were read from the same place, which `samePlace` says.
 */
export function isSame(a: PyValue, b: PyValue, samePlace: boolean): boolean {
  switch (typeof a) {
    case 'bigint':
      return a === b && (samePlace || (a >= -5n && a <= 256n))
    case 'number':
      return samePlace && Object.is(a, b)
    case 'string':
      return a === b && (samePlace || a === '' || (a.length === 1 && a <= '\xff'))
    default:
      if (a instanceof PyTuple && b instanceof PyTuple && a.items.length === 0 && b.items.length === 0)
        return true
      return a === b
  }
}

/** Python's `len(value)`. */
export function pyLength(value: PyValue): number {
  if (typeof value === 'string') return textLength(value)
  if (Array.isArray(value)) return value.length
  if (value instanceof PyRange && value.size > BigInt(Number.MAX_SAFE_INTEGER))
    throw new PyError('OverflowError', 'Python int too large to convert to C ssize_t')
  if (value instanceof PyObject && value.pyLength !== undefined) return value.pyLength()
  throw typeError(`object of type '${typeName(value)}' has no len()`)
}
