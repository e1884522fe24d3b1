import { Budget } from './budget.ts'
import { PyDict } from './dict.ts'
import { PyError, typeError, valueError } from './errors.ts'
import { floatRepr } from './floats.ts'
import { intText, MAX_INT_DIGITS, repr } from './printing.ts'
import { sortBy } from './sorting.ts'
import { PyObject, PyTuple, type PyValue, typeName } from './values.ts'

const MAX_DEPTH = 900
const NUMBER = /-?(?:0|[1-9]\d*)(?<fraction>\.\d+)?(?<exponent>[eE][+-]?\d+)?/y
const PLAIN = /[^"\\\0-\x1f]*/y
const BLANK = /[ \t\n\r]*/y
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}
const WORDS: readonly (readonly [string, PyValue])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]

/**
 * Read JSON as Python's `json.loads`: whole numbers are ints of any size, `NaN` and `Infinity` are accepted, the last of equal
 * keys wins. Throws {@link PyError} (`ValueError` with an offset, `RecursionError` when nested more than 900 levels).
 */
export function parseJson(text: string): PyValue {
  const reader = new Reader(text)
  return reader.document()
}

class Reader {
  readonly #text: string
  #place = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): PyValue {
    const value = this.#value()
    this.#blank()
    if (this.#place < this.#text.length) throw this.#fail('Extra data')
    return value
  }

  #fail(message: string, offset = this.#place): PyError {
    return new PyError('ValueError', `${message} in JSON`, offset)
  }

  #blank(): void {
    BLANK.lastIndex = this.#place
    BLANK.exec(this.#text)
    this.#place = BLANK.lastIndex
  }

  #value(): PyValue {
    this.#blank()
    const char = this.#text[this.#place]
    if (char === '"') return this.#string()
    if (char === '{' || char === '[') {
      this.#depth += 1
      if (this.#depth > MAX_DEPTH)
        throw new PyError('RecursionError', `JSON nests more than ${MAX_DEPTH} levels`, this.#place)
      const value = char === '{' ? this.#object() : this.#array()
      this.#depth -= 1
      return value
    }
    const word = WORDS.find(([written]) => this.#text.startsWith(written, this.#place))
    if (word !== undefined) {
      this.#place += word[0].length
      return word[1]
    }
    return this.#number()
  }

  #number(): PyValue {
    NUMBER.lastIndex = this.#place
    const match = NUMBER.exec(this.#text)
    if (match === null) throw this.#fail('Expecting value')
    const [written] = match
    this.#place += written.length
    if (match.groups?.fraction !== undefined || match.groups?.exponent !== undefined) return Number(written)
    if (written.length > MAX_INT_DIGITS) throw this.#fail(`a number of more than ${MAX_INT_DIGITS} digits`)
    return BigInt(written)
  }

  #string(): string {
    const start = this.#place
    const text = this.#text
    let result = ''
    this.#place += 1
    for (;;) {
      PLAIN.lastIndex = this.#place
      result += PLAIN.exec(text)?.[0] ?? ''
      this.#place = PLAIN.lastIndex
      const char = text[this.#place]
      if (char === '"') {
        this.#place += 1
        return result
      }
      if (char === undefined) throw this.#fail('Unterminated string', start)
      if (char !== '\\') throw this.#fail('Invalid control character')
      const mark = text[this.#place + 1] ?? ''
      if (mark === 'u') {
        const digits = text.slice(this.#place + 2, this.#place + 6)
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#fail('Invalid \\uXXXX escape')
        result += String.fromCharCode(Number.parseInt(digits, 16))
        this.#place += 6
      } else {
        const plain = ESCAPES[mark]
        if (plain === undefined) throw this.#fail('Invalid \\escape')
        result += plain
        this.#place += 2
      }
    }
  }

  #array(): PyValue {
    const items: PyValue[] = []
    this.#place += 1
    this.#blank()
    if (this.#text[this.#place] === ']') {
      this.#place += 1
      return items
    }
    for (;;) {
      items.push(this.#value())
      if (this.#next(']')) return items
    }
  }

  #object(): PyValue {
    const dict = new PyDict()
    this.#place += 1
    this.#blank()
    if (this.#text[this.#place] === '}') {
      this.#place += 1
      return dict
    }
    for (;;) {
      this.#blank()
      if (this.#text[this.#place] !== '"')
        throw this.#fail('Expecting property name enclosed in double quotes')
      const key = this.#string()
      this.#blank()
      if (this.#text[this.#place] !== ':') throw this.#fail("Expecting ':' delimiter")
      this.#place += 1
      dict.set(key, this.#value())
      if (this.#next('}')) return dict
    }
  }

  /** Step over a comma, or over the closing mark and say so. */
  #next(closing: string): boolean {
    this.#blank()
    const char = this.#text[this.#place]
    if (char !== ',' && char !== closing) throw this.#fail("Expecting ',' delimiter")
    this.#place += 1
    return char === closing
  }
}

/** How {@link dumpsJson} writes; the defaults are those of Python's `json.dumps`. */
export type JsonStyle = {
  /** Write everything beyond ASCII as `\uXXXX`. Default true. */
  readonly ensureAscii?: boolean
  /** Between items, and between key and value. Default `", "` (`","` with an indent) and `": "`. */
  readonly separators?: readonly [item: string, key: string]
  /** Blanks, or a text, per level; a new line per item. Default none. */
  readonly indent?: number | string
  /** Sort by key. Default false. */
  readonly sortKeys?: boolean
}

/**
 * Write a value as Python's `json.dumps`. Tuples become arrays; `nan` and `inf` become `NaN` and `Infinity`. Throws
 * {@link PyError} (`TypeError`) for types that JSON does not have, (`ValueError`) for a value that contains itself.
 */
export function dumpsJson(value: PyValue, style: JsonStyle = {}): string {
  const indent = typeof style.indent === 'number' ? ' '.repeat(Math.max(0, style.indent)) : style.indent
  const [item, key] = style.separators ?? [indent === undefined ? ', ' : ',', ': ']
  return new Writer({
    ascii: style.ensureAscii ?? true,
    item,
    key,
    indent,
    sort: style.sortKeys ?? false,
  }).write(value, '\n')
}

type WriterStyle = { ascii: boolean; item: string; key: string; indent: string | undefined; sort: boolean }

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

class Writer {
  readonly #style: WriterStyle
  readonly #open = new Set<PyValue>()

  constructor(style: WriterStyle) {
    this.#style = style
  }

  write(value: PyValue, lineStart: string): string {
    if (value === null) return 'null'
    switch (typeof value) {
      case 'boolean':
        return String(value)
      case 'bigint':
        return intText(value)
      case 'number':
        return floatText(value)
      case 'string':
        return this.#string(value)
      default:
        break
    }
    if (Array.isArray(value))
      return this.#block(value, '[]', lineStart, (inner) => value.map((one) => this.write(one, inner)))
    if (value instanceof PyTuple)
      return this.#block(value, '[]', lineStart, (inner) => value.items.map((one) => this.write(one, inner)))
    if (value instanceof PyDict)
      return this.#block(value, '{}', lineStart, (inner) => this.#members(value, inner))
    if (value instanceof PyObject && value.pyType === 'Markup') return this.#string(value.pyStr())
    throw typeError(`Object of type ${typeName(value)} is not JSON serializable`)
  }

  #string(text: string): string {
    const escaped = text.replace(/["\\\0-\x1f]/g, (char) => SHORT[char] ?? unicodeEscape(char))
    return `"${this.#style.ascii ? escaped.replace(/[^\0-\x7f]/g, unicodeEscape) : escaped}"`
  }

  #members(dict: PyDict, lineStart: string): string[] {
    let entries = Array.from(dict.entries())
    if (this.#style.sort) {
      const pairs = entries.map(([key, value]) => new PyTuple([key, value]))
      const budget = new Budget()
      entries = sortBy(
        pairs,
        (pair) => (pair instanceof PyTuple ? (pair.items[0] ?? null) : null),
        false,
        budget,
      ).map((pair) =>
        pair instanceof PyTuple ? [pair.items[0] ?? null, pair.items[1] ?? null] : [null, null],
      )
    }
    return entries.map(
      ([key, value]) => `${this.#string(keyText(key))}${this.#style.key}${this.write(value, lineStart)}`,
    )
  }

  #block(value: PyValue, brackets: string, lineStart: string, parts: (inner: string) => string[]): string {
    if (this.#open.has(value)) throw valueError('Circular reference detected')
    if (this.#open.size > MAX_DEPTH)
      throw new PyError('RecursionError', `nested more than ${MAX_DEPTH} levels`)
    this.#open.add(value)
    const inner = lineStart + (this.#style.indent ?? '')
    const written = parts(inner)
    this.#open.delete(value)
    const [opening = '', closing = ''] = brackets
    if (written.length === 0) return brackets
    if (this.#style.indent === undefined) return opening + written.join(this.#style.item) + closing
    return opening + inner + written.join(this.#style.item + inner) + lineStart + closing
  }
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity'
  return floatRepr(value)
}

function keyText(key: PyValue): string {
  if (typeof key === 'string') return key
  if (key === null) return 'null'
  if (typeof key === 'boolean') return String(key)
  if (typeof key === 'number') return floatText(key)
  if (typeof key === 'bigint') return intText(key)
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`)
}

/**
 * A plain JavaScript value, as `JSON.parse` or a YAML reader gives it, as one of the language. Whole numbers become ints, objects
 * dictionaries in their order; `undefined`, functions and symbols become `None`. Dates become their ISO text.
 */
export function fromJson(value: unknown): PyValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return value
    case 'number':
      return Number.isInteger(value) && !Object.is(value, -0) ? BigInt(value) : value
    case 'object':
      break
    default:
      return null
  }
  if (value === null || value instanceof PyObject) return value
  if (Array.isArray(value)) return value.map(fromJson)
  if (value instanceof Date) return value.toISOString()
  const dict = new PyDict()
  const entries = value instanceof Map ? value.entries() : Object.entries(value)
  for (const [key, item] of entries) dict.set(typeof key === 'string' ? key : fromJson(key), fromJson(item))
  return dict
}

/**
 * A value of the language as a plain JavaScript one: ints as numbers when exact and as their decimal text otherwise, tuples and
 * sets as arrays, dictionaries as objects without prototype, every other type as its printed form.
 */
export function toJson(value: PyValue): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(toJson)
  if (value instanceof PyTuple) return value.items.map(toJson)
  if (value instanceof PyDict) {
    const object: Record<string, unknown> = Object.create(null)
    for (const [key, item] of value.entries())
      object[typeof key === 'string' ? key : repr(key)] = toJson(item)
    return object
  }
  if (value.pyType === 'set' && value.pyIterate !== undefined)
    return Array.from({ [Symbol.iterator]: () => setItems(value) }, toJson)
  return repr(value)
}

function setItems(value: PyObject): Iterator<PyValue> {
  return value.pyIterate?.(new Budget()) ?? [][Symbol.iterator]()
}
