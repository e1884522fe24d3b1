import { type ScalarValue, YamlTimestamp } from './yaml-scalar.ts'

/** A value of a document and where it stands (offsets into the text, end exclusive). */
export type YamlNode = YamlScalar | YamlMap | YamlSeq

export interface YamlScalar {
  readonly kind: 'scalar'
  readonly value: ScalarValue
  /** The text before it was given a meaning, e.g. `yes`. */
  readonly source: string
  readonly style: 'plain' | 'quoted' | 'block'
  readonly start: number
  readonly end: number
}

export interface YamlMap {
  readonly kind: 'map'
  /** Merged pairs (`<<`) first, then own ones, each key once; the last spelling wins. */
  readonly entries: ReadonlyMap<string, YamlEntry>
  readonly start: number
  readonly end: number
}

export interface YamlEntry {
  /** `entries` is keyed by the text of the key, so `on` stays `on` although it means true; `key.value` has the meaning. */
  readonly key: YamlScalar
  readonly value: YamlNode
}

export interface YamlSeq {
  readonly kind: 'seq'
  readonly items: readonly YamlNode[]
  readonly start: number
  readonly end: number
}

/** The value of a key or an item that has none. */
export function emptyScalar(offset: number): YamlScalar {
  return { kind: 'scalar', value: null, source: '', style: 'plain', start: offset, end: offset }
}

/** Keys are told apart by value, as in Python: `1` and `'1'` are two keys, `1` and `1.0` one. */
export function nameOfKey(key: YamlScalar): string {
  const value = key.value
  if (typeof value === 'string') return value
  // A key that is no text keeps its spelling unless a text of that spelling could stand beside it.
  return key.style === 'plain' && typeof value === 'boolean'
    ? key.source
    : `\0${typeof value}:${String(value)}`
}

/**
 * The document as plain data for JSON Schema: maps become objects without a prototype, integers become numbers.
 * Dates and bytes become symbols, which no schema type accepts: they are not JSON.
 */
export function plainOf(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar': {
      const value = node.value
      if (typeof value === 'bigint') return Number(value)
      return value instanceof YamlTimestamp || value instanceof Uint8Array ? Symbol.for('not-json') : value
    }
    case 'seq':
      return node.items.map(plainOf)
    case 'map': {
      const object: Record<string, unknown> = Object.create(null)
      for (const [name, entry] of node.entries) object[name] = plainOf(entry.value)
      return object
    }
  }
}

/**
 * The document as data for the engine: like {@link plainOf}, but integers stay `bigint` (a `number` is a Python float),
 * dates are the text Python prints for them, and bytes stay bytes. This is what `toPy` of the language expects.
 */
export function dataOf(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value instanceof YamlTimestamp ? node.value.text : node.value
    case 'seq':
      return node.items.map(dataOf)
    case 'map': {
      const object: Record<string, unknown> = Object.create(null)
      for (const entry of node.entries.values()) object[pythonText(entry.key.value)] = dataOf(entry.value)
      return object
    }
  }
}

function pythonText(value: ScalarValue): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (value instanceof YamlTimestamp) return value.text
  return String(value)
}

/** The entry of a key, or `undefined` when the node is no map or has no such key. */
export function entryOf(node: YamlNode | undefined, key: string): YamlEntry | undefined {
  return node?.kind === 'map' ? node.entries.get(key) : undefined
}

/** The value under a key; see {@link entryOf}. */
export function childOf(node: YamlNode | undefined, key: string): YamlNode | undefined {
  return entryOf(node, key)?.value
}
