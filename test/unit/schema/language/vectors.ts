import { readFileSync } from 'node:fs'
import { PyDict, PySet, PyTuple, type PyValue, repr } from '../../../../schema/language/index.ts'
import { PyBytes, PyComplex, PyIterator, typeName } from '../../../../schema/language/values.ts'

const FOLDER = new URL('../../../fixtures/oracle/codemie/vectors/', import.meta.url)

/** One recorded call of an upstream function: what went in, and what came out or was raised. */
export type Vector = {
  readonly id: string
  readonly input: Record<string, unknown>
  readonly output?: unknown
  readonly error?: { readonly type: string; readonly message: string }
}

/** All vectors of one function, in the order of the file. */
export function readVectors(name: string): Vector[] {
  return readFileSync(new URL(`${name}.jsonl`, FOLDER), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Vector)
}

const SHARED = JSON.parse(readFileSync(new URL('shared.json', FOLDER), 'utf8')) as Record<string, unknown>

/** A recorded value as one of the language; `$ref` stands for a shared input, `$py` tags what JSON cannot carry. */
export function decode(value: unknown): PyValue {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(decode)
  const object = value as Record<string, unknown>
  if (typeof object.$ref === 'string') return decode(SHARED[object.$ref])
  const items = (object.items ?? []) as unknown[]
  switch (object.$py) {
    case undefined:
      return new PyDict(Object.entries(object).map(([key, item]) => [key, decode(item)] as const))
    case 'float':
      return floatOf(String(object.repr))
    case 'int':
      return BigInt(String(object.repr))
    case 'tuple':
      return new PyTuple(items.map(decode))
    case 'set':
      return new PySet(items.map(decode))
    case 'dict':
      return new PyDict(
        (items as [unknown, unknown][]).map(([key, item]) => [decode(key), decode(item)] as const),
      )
    case 'str':
      return String.fromCharCode(...(object.utf16 as number[]))
    default:
      throw new Error(`the recording has a value of type ${String(object.$py)} as input`)
  }
}

function floatOf(text: string): number {
  return text === 'inf' ? Number.POSITIVE_INFINITY : text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text)
}

/** What a value of the language looks like in a recording, with memory addresses taken out. */
export function encode(value: PyValue): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') {
    return !/\p{Cs}/u.test(value)
      ? masked(value)
      : { $py: 'str', utf16: Array.from({ length: value.length }, (_, index) => value.charCodeAt(index)) }
  }
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? Number(value) : { $py: 'int', repr: value.toString() }
  if (typeof value === 'number')
    return Number.isInteger(value) || !Number.isFinite(value) ? { $py: 'float', repr: repr(value) } : value
  if (Array.isArray(value)) return value.map(encode)
  if (value instanceof PyTuple) return { $py: 'tuple', items: value.items.map(encode) }
  if (value instanceof PySet) return { $py: 'set', items: value.members().map(encode) }
  if (value instanceof PyBytes) return { $py: 'bytes', repr: repr(value) }
  if (value instanceof PyComplex) return { $py: 'complex', repr: repr(value) }
  if (value instanceof PyDict) {
    const entries = Array.from(value.entries())
    if (entries.some(([key]) => typeof key !== 'string'))
      return { $py: 'dict', items: entries.map(([key, item]) => [encode(key), encode(item)]) }
    return Object.fromEntries(entries.map(([key, item]) => [key, encode(item)]))
  }
  if (value instanceof PyIterator) return { $py: typeName(value) }
  return { $py: typeName(value) }
}

/** Replace what differs between two runs of the same program. */
export function masked(text: string): string {
  return text.replace(/0x[0-9a-f]{6,}/g, '0x<address>')
}

/** A comparable text of an outcome: object keys in order, so that `{a, b}` and `{b, a}` differ as in Python. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    const tagged = item as { $py?: string; utf16?: number[]; items?: unknown[] } | null
    if (tagged?.$py === 'str') return masked(String.fromCharCode(...(tagged.utf16 ?? [])))
    if (tagged?.$py === 'set') return { $py: 'set', items: (tagged.items ?? []).map(canonical).sort() }
    return typeof item === 'string' ? masked(item) : item
  })
}
