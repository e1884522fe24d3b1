import { bind, clamp, integer, type Signature } from './arguments.ts'
import { Budget } from './budget.ts'
import { isInstance, TYPES } from './conversions.ts'
import { PyDict } from './dict.ts'
import { PyError, typeError, valueError } from './errors.ts'
import { roundFloat, roundToInt } from './floats.ts'
import { asNumber, binary, ordered, pyLength } from './operators.ts'
import { hypotenuse } from './power.ts'
import { sortItems } from './sorting.ts'
import { codePoints } from './text.ts'
import {
  type CallArguments,
  callValue,
  iterate,
  PyBytes,
  PyComplex,
  PyFunction,
  PyIterator,
  PyRange,
  PyTuple,
  PyType,
  type PyValue,
  PyView,
  toArray,
  truthy,
  typeName,
} from './values.ts'

type Run = (args: CallArguments, budget: Budget) => PyValue

/** Exactly one argument by position, for the functions that accept nothing else. */
function only(name: string, args: CallArguments): PyValue {
  const value = args.positional[0]
  if (value === undefined || args.positional.length > 1 || args.named.size > 0)
    throw typeError(
      `${name}() takes exactly one argument (${args.positional.length + args.named.size} given)`,
    )
  return value
}

function* each(source: Iterator<PyValue>, budget: Budget): Generator<PyValue> {
  for (let next = source.next(); next.done !== true; next = source.next()) {
    budget.step()
    yield next.value
  }
}

function extreme(name: 'min' | 'max'): Run {
  return (args, budget) => {
    const { positional, named } = args
    if (named.size > 0)
      for (const key of named.keys())
        if (key !== 'key' && key !== 'default')
          throw typeError(`${name}() got an unexpected keyword argument '${key}'`)
    const first = positional[0]
    if (first === undefined) throw typeError(`${name} expected at least 1 argument, got 0`)
    const fallback = named.get('default')
    if (positional.length > 1 && fallback !== undefined)
      throw typeError(`Cannot specify a default for ${name}() with multiple positional arguments`)
    const items = positional.length > 1 ? positional : toArray(first, budget)
    if (items.length === 0) {
      if (fallback !== undefined) return fallback
      throw valueError(`${name}() iterable argument is empty`)
    }
    const key = named.get('key') ?? null
    return best(name, items, key === null ? undefined : (item) => call(key, [item], budget), budget)
  }
}

/** The smallest or largest item, the first of equals; `items` must not be empty. */
export function best(
  name: 'min' | 'max',
  items: readonly PyValue[],
  keyOf: ((item: PyValue) => PyValue) | undefined,
  budget: Budget,
): PyValue {
  let found: PyValue = items[0] ?? null
  let foundKey = keyOf === undefined ? found : keyOf(found)
  const op = name === 'min' ? '<' : '>'
  budget.step(items.length)
  for (let place = 1; place < items.length; place += 1) {
    const item = items[place] ?? null
    const key = keyOf === undefined ? item : keyOf(item)
    if (ordered(op, key, foundKey)) {
      found = item
      foundKey = key
    }
  }
  return found
}

function call(callee: PyValue, positional: PyValue[], budget: Budget): PyValue {
  return callValue(callee, { positional, named: new Map() }, budget)
}

/** An integer that C's `long` holds; CPython adds only those as floats, larger ones may overflow. */
function isMachineInt(value: PyValue): value is bigint | boolean {
  return typeof value === 'boolean' || (typeof value === 'bigint' && BigInt.asIntN(64, value) === value)
}

/** Python's `sum`: exact for ints, with Neumaier's compensation for floats as since Python 3.12. */
export function sumItems(items: readonly PyValue[], start: PyValue, budget: Budget): PyValue {
  if (typeof start === 'string') throw typeError("sum() can't sum strings [use ''.join(seq) instead]")
  if (start instanceof PyBytes) throw typeError("sum() can't sum bytes [use b''.join(seq) instead]")
  let total: PyValue = start
  let index = 0
  const plain = (value: PyValue): value is bigint | number =>
    typeof value === 'bigint' || typeof value === 'number'
  while (index < items.length) {
    const item = items[index] ?? null
    if (typeof total === 'bigint' && typeof item === 'bigint') {
      total += item
      index += 1
    } else if (typeof total === 'number' && plain(item)) {
      let carry = 0
      let float: number = total
      for (; index < items.length; index += 1) {
        const next = items[index] ?? null
        budget.step()
        if (typeof next === 'number') {
          const sum: number = float + next
          carry += Math.abs(float) >= Math.abs(next) ? float - sum + next : next - sum + float
          float = sum
        } else if (isMachineInt(next)) float += Number(next)
        else break
      }
      total = carry !== 0 && Number.isFinite(carry) ? float + carry : float
    } else {
      total = binary('+', total, item, budget)
      index += 1
    }
  }
  return total
}

function round(args: CallArguments): PyValue {
  const bound = bind(ROUND, args)
  return roundValue(bound[0] ?? null, bound[1])
}

/** Python's `round(value, digits)`: halves to even; without digits the result is an int. */
export function roundValue(value: PyValue, digits: PyValue | undefined): PyValue {
  const number: PyValue = typeof value === 'boolean' ? (value ? 1n : 0n) : value
  if (typeof number !== 'bigint' && typeof number !== 'number')
    throw typeError(`type ${typeName(value)} doesn't define __round__ method`)
  if (digits === undefined || digits === null) {
    if (typeof number === 'bigint') return number
    if (Number.isNaN(number)) throw valueError('cannot convert float NaN to integer')
    if (!Number.isFinite(number))
      throw new PyError('OverflowError', 'cannot convert float infinity to integer')
    return roundToInt(number)
  }
  const places = integer(digits, 0n)
  if (typeof number === 'number') return roundFloat(number, clamp(places))
  if (places >= 0n) return number
  if (places < -5000n) return 0n
  const unit = 10n ** -places
  const rest = ((number % unit) + unit) % unit
  const down = number - rest
  const up = rest * 2n > unit || (rest * 2n === unit && (down / unit) % 2n !== 0n)
  return up ? down + unit : down
}

/** Python's `reversed(value)`. */
export function reversed(value: PyValue): PyIterator {
  if (typeof value === 'string')
    return new PyIterator('reversed', codePoints(value).reverse()[Symbol.iterator]())
  if (Array.isArray(value))
    return new PyIterator('list_reverseiterator', value.toReversed()[Symbol.iterator]())
  if (value instanceof PyTuple) return new PyIterator('reversed', value.items.toReversed()[Symbol.iterator]())
  if (value instanceof PyDict)
    return new PyIterator('dict_reversekeyiterator', Array.from(value.keys()).reverse()[Symbol.iterator]())
  if (value instanceof PyRange) {
    const last = value.start + (value.size - 1n) * value.step
    return new PyIterator(
      'range_iterator',
      new PyRange(last, value.start - value.step, -value.step).pyIterate(),
    )
  }
  if (value instanceof PyView || value instanceof PyBytes)
    return new PyIterator('reversed', toArray(value, new Budget()).reverse()[Symbol.iterator]())
  throw typeError(`'${typeName(value)}' object is not reversible`)
}

function* zip(sources: readonly Iterator<PyValue>[], strict: boolean): Generator<PyValue> {
  if (sources.length === 0) return
  for (;;) {
    const row: PyValue[] = []
    for (const source of sources) {
      const next = source.next()
      if (next.done === true) {
        if (strict && (row.length > 0 || sources.slice(1).some((other) => other.next().done !== true)))
          throw valueError('zip() arguments have different lengths')
        return
      }
      row.push(next.value)
    }
    yield new PyTuple(row)
  }
}

function* mapped(fn: PyValue, rows: Iterator<PyValue>, budget: Budget): Generator<PyValue> {
  for (const row of each(rows, budget))
    yield call(fn, row instanceof PyTuple ? [...row.items] : [row], budget)
}

function* filtered(fn: PyValue, source: Iterator<PyValue>, budget: Budget): Generator<PyValue> {
  for (const item of each(source, budget))
    if (truthy(fn === null ? item : call(fn, [item], budget))) yield item
}

function* numbered(source: Iterator<PyValue>, start: bigint): Generator<PyValue> {
  let index = start
  for (let next = source.next(); next.done !== true; next = source.next()) {
    yield new PyTuple([index, next.value])
    index += 1n
  }
}

function isInstanceOfAny(value: PyValue, wanted: PyValue): boolean {
  if (wanted instanceof PyType) return isInstance(value, wanted)
  if (wanted instanceof PyTuple) return wanted.items.some((one) => isInstanceOfAny(value, one))
  throw typeError('isinstance() arg 2 must be a type, a tuple of types, or a union')
}

const SUM: Signature = { name: 'sum', parameters: ['iterable', 'start'], required: 1, positionalOnly: 1 }
const SORTED: Signature = {
  name: 'sort',
  parameters: ['iterable', 'key', 'reverse'],
  required: 1,
  positionalOnly: 1,
  keywordOnly: 1,
}
const ROUND: Signature = { name: 'round', parameters: ['number', 'ndigits'], required: 1, positionalOnly: 0 }

const FUNCTIONS: Readonly<Record<string, Run>> = {
  len: (args) => BigInt(pyLength(only('len', args))),
  min: extreme('min'),
  max: extreme('max'),
  sum: (args, budget) => {
    const bound = bind(SUM, args)
    const start = bound[1]
    return sumItems(toArray(bound[0] ?? null, budget), start === undefined ? 0n : start, budget)
  },
  abs: (args) => {
    const value = only('abs', args)
    const number = asNumber(value)
    if (number === undefined) throw typeError(`bad operand type for abs(): '${typeName(value)}'`)
    if (number instanceof PyComplex) return hypotenuse(number.re, number.im)
    return typeof number === 'bigint' ? (number < 0n ? -number : number) : Math.abs(number)
  },
  any: (args, budget) => {
    for (const item of each(iterate(only('any', args), budget), budget)) if (truthy(item)) return true
    return false
  },
  all: (args, budget) => {
    for (const item of each(iterate(only('all', args), budget), budget)) if (!truthy(item)) return false
    return true
  },
  isinstance: (args) => {
    const [value = null, wanted = null] = bind(
      { name: 'isinstance', parameters: ['obj', 'class'], required: 2 },
      args,
    )
    return isInstanceOfAny(value, wanted)
  },
  round,
  sorted: (args, budget) => {
    const bound = bind(SORTED, args)
    const isReversed = truthy(bound[2] ?? false)
    return sortItems(toArray(bound[0] ?? null, budget), bound[1] ?? null, isReversed, budget)
  },
  reversed: (args) => reversed(only('reversed', args)),
  enumerate: (args, budget) => {
    const [items = null, start] = bind(
      { name: 'enumerate', parameters: ['iterable', 'start'], required: 1, positionalOnly: 0 },
      args,
    )
    return new PyIterator('enumerate', numbered(iterate(items, budget), integer(start, 0n)))
  },
  zip: (args, budget) => {
    for (const key of args.named.keys())
      if (key !== 'strict') throw typeError(`zip() got an unexpected keyword argument '${key}'`)
    const sources = args.positional.map((item) => iterate(item, budget))
    return new PyIterator('zip', zip(sources, truthy(args.named.get('strict') ?? false)))
  },
  map: ({ positional: [fn, ...sources], named }, budget) => {
    if (named.size > 0) throw typeError('map() takes no keyword arguments')
    if (fn === undefined || sources.length === 0) throw typeError('map() must have at least two arguments.')
    return new PyIterator(
      'map',
      mapped(
        fn,
        zip(
          sources.map((item) => iterate(item, budget)),
          false,
        ),
        budget,
      ),
    )
  },
  filter: (args, budget) => {
    const [fn = null, items = null] = bind(
      { name: 'filter', parameters: ['function', 'iterable'], required: 2 },
      args,
    )
    return new PyIterator('filter', filtered(fn, iterate(items, budget), budget))
  },
}

/** The functions and types that conditions may call by name; no other name can be called. */
export const BUILTINS: ReadonlyMap<string, PyValue> = new Map<string, PyValue>([
  ...Object.entries(FUNCTIONS).map(([name, run]): [string, PyValue] => [
    name,
    ['enumerate', 'zip', 'map', 'filter', 'reversed'].includes(name)
      ? new PyType(name, run)
      : new PyFunction(name, run),
  ]),
  ...Object.entries(TYPES),
])
