import { clamp } from './arguments.ts'
import type { Budget } from './budget.ts'
import { PyError, typeError, valueError } from './errors.ts'
import { codePoints, hasSurrogates } from './text.ts'
import { PyBytes, type PyObject, PyRange, PySlice, PyTuple, type PyValue, typeName } from './values.ts'

/** The places a slice picks from a sequence of `length` items, in order (CPython's `PySlice_AdjustIndices`). */
function sliceBounds(slice: PySlice, length: number): { start: number; step: number; count: number } {
  const step = slice.step === null ? 1 : wholeNumber(slice.step)
  if (step === 0) throw valueError('slice step cannot be zero')
  const least = step < 0 ? -1 : 0
  const most = step < 0 ? length - 1 : length
  const start = slice.lower === null ? (step < 0 ? most : least) : sliceEnd(slice.lower, length, least, most)
  const stop = slice.upper === null ? (step < 0 ? least : most) : sliceEnd(slice.upper, length, least, most)
  const span = step < 0 ? start - stop : stop - start
  return { start, step, count: span <= 0 ? 0 : Math.floor((span - 1) / Math.abs(step)) + 1 }
}

function sliceEnd(value: PyValue, length: number, least: number, most: number): number {
  const wanted = wholeNumber(value)
  return wanted < 0 ? Math.max(wanted + length, least) : Math.min(wanted, most)
}

function wholeNumber(value: PyValue): number {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'bigint')
    throw typeError('slice indices must be integers or None or have an __index__ method')
  return clamp(value)
}

/** Where a slice without a step starts and ends, as the `slice` of JavaScript wants it: both count from the end below zero. */
function plainStart(slice: PySlice): number {
  return slice.lower === null ? 0 : wholeNumber(slice.lower)
}

function plainEnd(slice: PySlice): number | undefined {
  return slice.upper === null ? undefined : wholeNumber(slice.upper)
}

function pick<T>(items: readonly T[], slice: PySlice): T[] {
  if (slice.step === null) return items.slice(plainStart(slice), plainEnd(slice))
  const { start, step, count } = sliceBounds(slice, items.length)
  const picked: T[] = []
  for (let turn = 0; turn < count; turn += 1) picked.push(items[start + turn * step] as T)
  return picked
}

const INDEX_WORDS: Readonly<Record<string, string>> = { str: 'string', bytes: 'byte', bytearray: 'byte' }

function indexOf(key: PyValue, length: number, type: string): number {
  const place = typeof key === 'boolean' ? (key ? 1n : 0n) : key
  if (typeof place !== 'bigint') {
    const word = INDEX_WORDS[type] ?? type
    throw typeError(
      type === 'str'
        ? `string indices must be integers, not '${typeName(key)}'`
        : `${word} indices must be integers or slices, not ${typeName(key)}`,
    )
  }
  const number = Number(place)
  const index = number < 0 ? number + length : number
  if (index < 0 || index >= length)
    throw new PyError('IndexError', `${INDEX_WORDS[type] ?? type} index out of range`)
  return index
}

/** Python's `container[key]`. Throws `IndexError`, `KeyError` or `TypeError`. */
export function subscript(container: PyValue, key: PyValue, budget: Budget): PyValue {
  if (typeof container === 'string')
    return key instanceof PySlice ? sliceText(container, key, budget) : characterAt(container, key)
  if (Array.isArray(container)) {
    if (!(key instanceof PySlice)) return container[indexOf(key, container.length, 'list')] ?? null
    budget.items(container.length)
    return pick(container, key)
  }
  if (container === null || typeof container !== 'object') throw notSubscriptable(container)
  return container.pyItem === undefined ? itemOf(container, key) : container.pyItem(key, budget)
}

function characterAt(text: string, key: PyValue): string {
  if (!hasSurrogates(text)) return text[indexOf(key, text.length, 'str')] ?? ''
  const points = codePoints(text)
  return points[indexOf(key, points.length, 'str')] ?? ''
}

function sliceText(text: string, slice: PySlice, budget: Budget): string {
  budget.text(text.length)
  if (hasSurrogates(text)) return pick(codePoints(text), slice).join('')
  if (slice.step === null) return text.slice(plainStart(slice), plainEnd(slice))
  return pick(text.split(''), slice).join('')
}

/** An item or a slice of a sequence that is no list. */
function itemOf(container: PyObject, key: PyValue): PyValue {
  if (container instanceof PyTuple) {
    if (key instanceof PySlice) return new PyTuple(pick(container.items, key))
    return container.items[indexOf(key, container.items.length, 'tuple')] ?? null
  }
  if (container instanceof PyBytes) {
    if (key instanceof PySlice) return new PyBytes(Uint8Array.from(pick(Array.from(container.bytes), key)))
    return BigInt(container.bytes[indexOf(key, container.bytes.length, 'bytes')] ?? 0)
  }
  if (container instanceof PyRange) {
    if (key instanceof PySlice) {
      const { start, step, count } = sliceBounds(key, container.pyLength())
      const first = container.start + BigInt(start) * container.step
      const stride = container.step * BigInt(step)
      return new PyRange(first, first + stride * BigInt(count), stride)
    }
    if (typeof key !== 'bigint')
      throw typeError(`range indices must be integers or slices, not ${typeName(key)}`)
    return container.at(key)
  }
  throw notSubscriptable(container)
}

function notSubscriptable(container: PyValue): PyError {
  return typeError(`'${typeName(container)}' object is not subscriptable`)
}
