import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  PyBytes,
  PyComplex,
  PyDict,
  PyIterator,
  PySet,
  PyTuple,
  type PyValue,
  repr,
  typeName,
} from '../../schema/language/index.ts'

/** One recorded call of a function: what went in, and what came out or was raised. */
export interface Vector {
  readonly id: string
  readonly input: Readonly<Record<string, unknown>>
  readonly output?: unknown
  readonly error?: { readonly type: string; readonly message: string }
  readonly tags?: readonly string[]
}

/**
 * A folder of recordings: `vectors/<function>.jsonl`, `vectors/shared.json`, `traces/<name>.json`, `templates.json`. The
 * files of the templates themselves stand beside it, in `../../codemie`.
 */
export interface Recordings {
  /** Names of the functions that there are vectors of. */
  readonly functions: readonly string[]
  vectors(name: string): readonly Vector[]
  /** Names of the traces. */
  readonly traces: readonly string[]
  trace(name: string): unknown
  /** Names of the template files whose treatment is recorded. */
  readonly templates: readonly string[]
  template(name: string): unknown
  /** The text of a template file; `undefined`: it is not at hand. */
  templateText(name: string): string | undefined
  /** Folder in which files of octomind's collection may stand; it need not exist. */
  readonly collection: string
  /** A recorded value as one of the language; `$ref` stands for a shared input, `$py` tags what JSON cannot carry. */
  decode(value: unknown): PyValue
}

/** The recordings that belong to this repository. */
export const OWN_RECORDINGS = new URL('../fixtures/oracle/codemie/', import.meta.url).pathname
/** Those of octomind. */
export const OWN_OCTOMIND_RECORDINGS = new URL('../fixtures/oracle/octomind/', import.meta.url).pathname

/** Opens a folder of recordings. What is not there is empty. */
export function openRecordings(folder: string): Recordings {
  const shared = readJson(join(folder, 'vectors/shared.json')) as
    | Readonly<Record<string, unknown>>
    | undefined
  const templates = (readJson(join(folder, 'templates.json')) ?? {}) as Readonly<Record<string, unknown>>
  return {
    functions: stemsIn(join(folder, 'vectors'), '.jsonl'),
    vectors: (name) =>
      readFileSync(join(folder, 'vectors', `${name}.jsonl`), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Vector),
    traces: stemsIn(join(folder, 'traces'), '.json'),
    trace: (name) => readJson(join(folder, 'traces', `${name}.json`)),
    templates: Object.keys(templates),
    template: (name) => templates[name],
    templateText: (name) => readText(join(folder, '../../codemie', name)),
    collection: join(folder, '../../octomind'),
    decode: (value) => decode(value, shared ?? {}),
  }
}

function stemsIn(folder: string, extension: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith(extension))
    .map((name) => name.slice(0, -extension.length))
    .sort()
}

function readJson(path: string): unknown {
  const text = readText(path)
  return text === undefined ? undefined : JSON.parse(text)
}

function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

interface Tagged {
  readonly $ref?: string
  readonly $py?: string
  readonly repr?: string
  readonly items?: readonly unknown[]
  readonly utf16?: readonly number[]
}

/** {@link Recordings.decode} with the shared inputs given. Whole numbers are ints, numbers with a fraction floats. */
export function decode(value: unknown, shared: Readonly<Record<string, unknown>> = {}): PyValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  const inner = (item: unknown) => decode(item, shared)
  if (Array.isArray(value)) return value.map(inner)
  const { $ref, $py, repr: text = '', items = [], utf16 = [] } = value as Tagged
  if ($ref !== undefined) return inner(shared[$ref])
  const pair = (item: unknown) => {
    const [key, entry] = item as [unknown, unknown]
    return [inner(key), inner(entry)] as const
  }
  switch ($py) {
    case undefined:
      return new PyDict(Object.entries(value as object).map(([key, entry]) => [key, inner(entry)] as const))
    case 'float':
      return floatOf(text)
    case 'int':
      return BigInt(text)
    case 'tuple':
      return new PyTuple(items.map(inner))
    case 'set':
      return new PySet(items.map(inner))
    case 'dict':
      return new PyDict(items.map(pair))
    case 'str':
      return String.fromCharCode(...utf16)
    default:
      throw new Error(`the recording has a value of type ${$py} as input`)
  }
}

function floatOf(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text)
}

/** What a value of the language looks like in a recording. */
export function encode(value: PyValue): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') {
    if (!/\p{Cs}/u.test(value)) return value
    return { $py: 'str', utf16: Array.from({ length: value.length }, (_, index) => value.charCodeAt(index)) }
  }
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : { $py: 'int', repr: value.toString() }
  }
  if (typeof value === 'number') {
    return Number.isInteger(value) || !Number.isFinite(value) ? { $py: 'float', repr: repr(value) } : value
  }
  if (Array.isArray(value)) return value.map(encode)
  if (value instanceof PyTuple) return { $py: 'tuple', items: value.items.map(encode) }
  if (value instanceof PySet) return { $py: 'set', items: value.members().map(encode) }
  if (value instanceof PyBytes) return { $py: 'bytes', repr: repr(value) }
  if (value instanceof PyComplex) return { $py: 'complex', repr: repr(value) }
  if (value instanceof PyDict) {
    const entries = [...value.entries()]
    if (entries.some(([key]) => typeof key !== 'string')) {
      return { $py: 'dict', items: entries.map(([key, item]) => [encode(key), encode(item)]) }
    }
    return Object.fromEntries(entries.map(([key, item]) => [key, encode(item)]))
  }
  if (value instanceof PyIterator) return { $py: typeName(value) }
  return { $py: typeName(value) }
}

/**
 * A comparable text of an outcome: object keys in order, so that `{a, b}` and `{b, a}` differ as in Python; members of
 * sets sorted; memory addresses, which differ between two runs of one program, taken out.
 */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    const tagged = item as Tagged | null
    if (tagged?.$py === 'str') return masked(String.fromCharCode(...(tagged.utf16 ?? [])))
    if (tagged?.$py === 'set') return { $py: 'set', items: (tagged.items ?? []).map(canonical).sort() }
    return typeof item === 'string' ? masked(item) : item
  })
}

function masked(text: string): string {
  return text.replace(/0x[0-9a-f]{6,}/g, '0x<address>')
}
