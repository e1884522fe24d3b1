import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml'
import type { Diagnostic, Position, Severity } from './diagnostic.ts'
import { findTooDeep } from './yaml-depth.ts'
import {
  kindOfPlain,
  readingInYaml12,
  type ScalarKind,
  ScalarProblem,
  type ScalarValue,
  scalarOf,
  YamlTimestamp,
} from './yaml-scalar.ts'

export { YamlTimestamp } from './yaml-scalar.ts'

/** What a file may cost to read. A file beyond a limit is refused with a diagnostic; nothing is cut off in silence. */
export const YAML_LIMITS = {
  /** Size of the text in bytes (UTF-8). */
  bytes: 5 * 1024 * 1024,
  /** Maps and lists inside each other. */
  depth: 100,
  /** Values in the document after aliases are followed; stops alias bombs. */
  nodes: 200_000,
} as const

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

/** A read file: its values with places, and the text to point into. */
export interface YamlDocument {
  readonly file: string
  readonly text: string
  /** `undefined` when the text is not YAML; then there is at least one error. */
  readonly root: YamlNode | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** Turns a range of offsets into lines and columns. */
  readonly at: (start: number, end?: number) => Position
}

/**
 * Reads one YAML document the way CodeMie does: YAML 1.1 as PyYAML's `safe_load` understands it.
 * Never throws on input; every problem is a diagnostic with a place. Values that YAML 1.2 readers would take for something
 * else get a warning.
 *
 * @param options.inPlace maps offsets of `text` to positions when the text is a part of a bigger file.
 */
export function readYaml(
  file: string,
  input: string | Uint8Array,
  options: { readonly inPlace?: (start: number, end?: number) => Position } = {},
): YamlDocument {
  const decoded = typeof input === 'string' ? input : decodeUtf8(input)
  if (decoded === undefined) {
    const at = { file, line: 1, column: 1 }
    const diagnostic: Diagnostic = {
      ...at,
      code: 'not-utf8',
      severity: 'error',
      message: 'The file is not text in UTF-8',
      help: 'Save it as UTF-8; a binary file cannot be a definition',
    }
    return { file, text: '', root: undefined, diagnostics: [diagnostic], at: () => at }
  }
  const text = decoded
  const at = options.inPlace ?? positionsOf(file, text)
  return new Reading(file, text, at).document()
}

/** A function from offsets in a text to lines and columns; the table of lines is built at the first use. */
export function positionsOf(file: string, text: string): (start: number, end?: number) => Position {
  let starts: number[] | undefined
  let last = 0
  const locate = (offset: number): [line: number, column: number] => {
    if (!starts) {
      starts = [0]
      for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1)
    }
    // Questions mostly come in file order, so the last answer is near.
    const next = starts[last + 1] ?? Number.POSITIVE_INFINITY
    let low = (starts[last] ?? 0) <= offset ? last : 0
    let high = offset < next ? low : starts.length - 1
    if ((starts[last] ?? 0) > offset) high = last
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    last = low
    return [low + 1, offset - (starts[low] ?? 0) + 1]
  }
  return (start, end) => {
    const [line, column] = locate(start)
    if (end === undefined || end <= start) return { file, line, column }
    const [endLine, endColumn] = locate(end)
    return { file, line, column, endLine, endColumn }
  }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

// What PyYAML's reader does not call printable stops it. The first look takes halves of pairs too, and costs a third.
const SUSPICIOUS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]/
const UNPRINTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

const ANCHOR = /^[0-9A-Za-z_-]+$/

const STYLES: Readonly<Record<string, YamlScalar['style']>> = {
  QUOTE_SINGLE: 'quoted',
  QUOTE_DOUBLE: 'quoted',
  BLOCK_LITERAL: 'block',
  BLOCK_FOLDED: 'block',
}

const CORE_TAG = 'tag:yaml.org,2002:'

/** Tags of YAML 1.1 that the safe loader knows, by the part after the common prefix, with the shape they need. */
const KNOWN_TAGS: Readonly<Record<string, 'map' | 'seq' | ScalarKind | 'binary'>> = {
  map: 'map',
  set: 'map',
  seq: 'seq',
  omap: 'seq',
  pairs: 'seq',
  str: 'str',
  bool: 'bool',
  null: 'null',
  int: 'int',
  float: 'float',
  timestamp: 'timestamp',
  binary: 'binary',
}

function knownTag(tag: string): (typeof KNOWN_TAGS)[string] | undefined {
  const name = tag.startsWith(CORE_TAG) ? tag.slice(CORE_TAG.length) : ''
  return Object.hasOwn(KNOWN_TAGS, name) ? KNOWN_TAGS[name] : undefined
}

/**
 * The value of a block (`|`, `>`) at the end of a file. PyYAML adds no line break that is not in the file; the parser
 * used here adds one after a last line without one.
 */
function asFileEnds(value: string, text: string, start: number): string {
  const lines = text.slice(start).split(/\r\n|[\r\n]/)
  const last = lines.at(-1) ?? ''
  if (!value.endsWith('\n') || last === '') return value
  // A last line of nothing but the block's indentation belongs to no text.
  const first = lines.slice(1).find((line) => line.trim() !== '') ?? ''
  const firstOfValue = value.split('\n').find((line) => line.trim() !== '') ?? ''
  const isText = last.trim() !== '' || last.length > first.length - firstOfValue.length
  return isText ? value.slice(0, -1) : value
}

class TooMuch extends Error {}

type YamlScalarSource = {
  readonly value: unknown
  readonly type?: unknown
  readonly tag?: string
  readonly range?: readonly number[] | null
}

type Sized = { readonly node: YamlNode; readonly size: number }

/** One reading of one text: carries the problems found so far and what the anchors stand for. */
class Reading {
  readonly #file: string
  readonly #text: string
  readonly #at: (start: number, end?: number) => Position
  readonly #diagnostics: Diagnostic[] = []
  readonly #anchors = new Map<string, Sized | 'open'>()
  /** Where tabs are text and not layout: inside quotes and block scalars. */
  readonly #literal: [start: number, end: number][] = []
  readonly #hasTabs: boolean
  #nodes = 0

  constructor(file: string, text: string, at: (start: number, end?: number) => Position) {
    this.#file = file
    this.#text = text
    this.#at = at
    this.#hasTabs = text.includes('\t')
  }

  document(): YamlDocument {
    const root = this.#read()
    return {
      file: this.#file,
      text: this.#text,
      root: this.#diagnostics.some((d) => d.severity === 'error') ? undefined : root,
      diagnostics: this.#diagnostics,
      at: this.#at,
    }
  }

  #report(
    severity: Severity,
    code: string,
    start: number,
    end: number,
    message: string,
    more: Partial<Diagnostic> = {},
  ) {
    this.#diagnostics.push({ ...this.#at(start, end), code, severity, message, ...more })
  }

  #read(): YamlNode | undefined {
    const size = byteLength(this.#text)
    if (size > YAML_LIMITS.bytes) {
      this.#report('error', 'file-too-large', 0, 0, 'The file is too large to be a definition', {
        expected: `at most ${YAML_LIMITS.bytes} bytes`,
        found: `${size} bytes`,
        help: 'Keep data in files of the repository and let a state read them',
      })
      return undefined
    }
    const bad = SUSPICIOUS.test(this.#text) ? UNPRINTABLE.exec(this.#text) : null
    if (bad) {
      const code = (bad[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
      this.#report(
        'error',
        'control-character',
        bad.index,
        bad.index + bad[0].length,
        `The character U+${code} cannot stand in YAML`,
        {
          help: 'Remove it, or write it as an escape inside double quotes',
        },
      )
      return undefined
    }
    const deep = findTooDeep(this.#text, YAML_LIMITS.depth + 1)
    if (deep !== undefined) {
      this.#tooDeep(deep, deep + 1)
      return undefined
    }
    try {
      return this.#parse()
    } catch (error) {
      if (error instanceof TooMuch) return undefined
      throw error
    }
  }

  #tooDeep(start: number, end: number) {
    this.#report('error', 'too-deep', start, end, 'The document nests too deeply', {
      expected: `at most ${YAML_LIMITS.depth} levels`,
    })
  }

  #parse(): YamlNode | undefined {
    // 'failsafe' leaves every scalar as text; what it means is decided by our own reading of YAML 1.1.
    const parsed = parseDocument(this.#text, {
      version: '1.1',
      schema: 'failsafe',
      merge: false,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    })
    // One broken line makes a parser stumble over all the lines after it: only the first problem is true.
    const first = parsed.errors[0]
    if (first) {
      this.#report(
        'error',
        'yaml-syntax',
        first.pos[0],
        first.pos[1],
        messageOf(first, this.#text),
        helpFor(first, this.#text),
      )
    }
    if (first) return undefined
    const root = parsed.contents ? this.#node(parsed.contents, 0).node : emptyScalar(0)
    if (this.#hasTabs) this.#checkTabs()
    return root
  }

  #node(node: unknown, depth: number): Sized {
    this.#nodes += 1
    if (this.#nodes > YAML_LIMITS.nodes) this.#tooMany(node)
    if (isAlias(node)) return this.#alias(node)
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined
    if (anchor !== undefined) {
      if (!ANCHOR.test(anchor)) {
        const [start, end] = rangeOf(node)
        this.#report('error', 'yaml-syntax', start, end, `'&${anchor}' is not a name for an anchor`, {
          expected: 'letters, digits, - and _',
        })
      }
      if (this.#anchors.has(anchor)) {
        const [start, end] = rangeOf(node)
        this.#report('error', 'yaml-syntax', start, end, `The anchor '&${anchor}' is defined twice`, {
          help: 'Give the second one another name',
        })
      }
      this.#anchors.set(anchor, 'open')
    }
    const read = this.#content(node, depth)
    if (anchor !== undefined) this.#anchors.set(anchor, read)
    return read
  }

  #content(node: unknown, depth: number): Sized {
    if (depth > YAML_LIMITS.depth) {
      this.#tooDeep(...rangeOf(node))
      throw new TooMuch()
    }
    if (isScalar(node)) return { node: this.#scalar(node, false), size: 1 }
    if (isMap(node)) return this.#map(node, depth)
    if (isSeq(node)) {
      this.#checkTag(node, 'seq')
      const items: YamlNode[] = []
      let size = 1
      for (const item of node.items) {
        const read = this.#node(item, depth + 1)
        items.push(read.node)
        size += read.size
      }
      const [start, end] = rangeOf(node)
      this.#checkSize(size, start, end)
      return { node: { kind: 'seq', items, start, end }, size }
    }
    return { node: emptyScalar(rangeOf(node)[0]), size: 1 }
  }

  #tooMany(node: unknown): never {
    const [start, end] = rangeOf(node)
    this.#checkSize(YAML_LIMITS.nodes + 1, start, end)
    throw new TooMuch()
  }

  #checkSize(size: number, start: number, end: number) {
    if (size <= YAML_LIMITS.nodes) return
    this.#report(
      'error',
      'too-many-values',
      start,
      Math.min(end, start + 1),
      'The document holds too many values',
      {
        expected: `at most ${YAML_LIMITS.nodes}, aliases counted each time`,
      },
    )
    throw new TooMuch()
  }

  #alias(node: Alias): Sized {
    const [start, end] = rangeOf(node)
    const target = this.#anchors.get(node.source)
    if (target === undefined || target === 'open') {
      this.#report(
        'error',
        'yaml-syntax',
        start,
        end,
        target === 'open'
          ? `The alias '*${node.source}' contains itself`
          : `Nothing is called '&${node.source}' above this place`,
        { help: 'Define the anchor before the alias, or write the value out' },
      )
      return { node: emptyScalar(start), size: 1 }
    }
    return target
  }

  #scalar(node: YamlScalarSource, isKey: boolean): YamlScalar {
    const [start, end] = rangeOf(node)
    const style = STYLES[String(node.type)] ?? 'plain'
    const given = typeof node.value === 'string' ? node.value : ''
    const text = style === 'block' && end === this.#text.length ? asFileEnds(given, this.#text, start) : given
    if (this.#hasTabs && style !== 'plain') this.#literal.push([start, end])
    const kind = this.#kindOf(node, text, style === 'plain')
    if (!isKey && (kind === 'merge' || kind === 'value')) {
      this.#report('error', 'yaml-value', start, end, `'${text}' has a meaning in YAML 1.1 only as a key`, {
        help: `Quote it if text is meant: '${text}'`,
      })
    }
    const value = scalarOf(kind, text)
    if (value instanceof ScalarProblem) {
      this.#report(
        'error',
        'yaml-value',
        start,
        end,
        `YAML 1.1 reads this as a ${kind}, but ${value.message}`,
        {
          help: `Quote it if text is meant: '${text}'`,
        },
      )
      return { kind: 'scalar', value: text, source: text, style, start, end }
    }
    return { kind: 'scalar', value, source: text, style, start, end }
  }

  #kindOf(node: { tag?: string }, text: string, plain: boolean): ScalarKind | 'binary' {
    const tag = node.tag
    if (tag === undefined || tag === '!') return plain || tag === '!' ? kindOfPlain(text) : 'str'
    const known = knownTag(tag)
    if (known && known !== 'map' && known !== 'seq') return known
    this.#unknownTag(node, tag)
    return 'str'
  }

  #checkTag(node: { tag?: string }, shape: 'map' | 'seq') {
    const tag = node.tag
    if (tag === undefined || tag === '!') return
    const known = knownTag(tag)
    if (known !== shape) this.#unknownTag(node, tag)
  }

  #unknownTag(node: unknown, tag: string) {
    const [start, end] = rangeOf(node)
    const shown = tag.startsWith(CORE_TAG) ? `!!${tag.slice(CORE_TAG.length)}` : tag
    this.#report('error', 'yaml-tag', start, end, `The tag '${shown}' cannot be read here`, {
      help: `Remove the tag, or quote the text if it begins with '!'`,
    })
  }

  #map(node: YAMLMap, depth: number): Sized {
    this.#checkTag(node, 'map')
    const [start, end] = rangeOf(node)
    const own = new Map<string, YamlEntry>()
    const merged: YamlMap[] = []
    let size = 1
    for (const pair of node.items) {
      const key = isAlias(pair.key)
        ? this.#alias(pair.key).node
        : isMap(pair.key) || isSeq(pair.key)
          ? undefined
          : this.#key(pair.key)
      const value = this.#node(pair.value, depth + 1)
      size += value.size + 1
      if (key?.kind !== 'scalar') {
        this.#complexKey(pair.key)
        continue
      }
      if (key.style === 'plain' && key.source === '<<') {
        this.#merge(value.node, merged, key)
        continue
      }
      this.#entry(own, key, value.node)
    }
    this.#checkSize(size, start, end)
    if (merged.length === 0) return { node: { kind: 'map', entries: own, start, end }, size }
    const entries = new Map<string, YamlEntry>()
    for (const part of merged.reverse()) for (const [name, entry] of part.entries) entries.set(name, entry)
    for (const [name, entry] of own) entries.set(name, entry)
    return { node: { kind: 'map', entries, start, end }, size }
  }

  #key(key: unknown): YamlScalar {
    if (!isScalar(key)) return emptyScalar(rangeOf(key)[0])
    return this.#scalar(key, true)
  }

  #entry(own: Map<string, YamlEntry>, key: YamlScalar, value: YamlNode) {
    const name = nameOfKey(key)
    const earlier = own.get(name)
    if (earlier) {
      const first = this.#at(earlier.key.start)
      this.#report(
        'warning',
        'duplicate-key',
        key.start,
        key.end,
        `The key '${key.source}' stands here a second time`,
        {
          found: `the first one is in line ${first.line}`,
          help: 'Keep one of them: the last one counts and the others are lost',
        },
      )
    }
    own.set(name, { key: earlier?.key ?? key, value })
  }

  #complexKey(key: unknown) {
    const [start, end] = rangeOf(key)
    const braces =
      this.#text.slice(Math.max(0, start - 1), end + 1).includes('{{') || this.#text.startsWith('{', start)
    this.#report('error', 'yaml-syntax', start, end, 'A list or a map cannot be a key', {
      expected: 'text as the key',
      ...(braces ? { help: `Quote text that holds {{ }}: "{{ name }}"` } : {}),
    })
  }

  #merge(node: YamlNode, merged: YamlMap[], key: YamlScalar) {
    const parts = node.kind === 'seq' ? node.items : [node]
    const maps = parts.filter((part) => part.kind === 'map')
    if (maps.length < parts.length) {
      this.#report('error', 'yaml-syntax', key.start, key.end, `'<<' merges maps only`, {
        expected: 'an alias of a map, or a list of them',
      })
    }
    // Of a list the first map wins; of several '<<' the last. `merged` is laid down from its end.
    merged.unshift(...maps)
  }

  /** PyYAML knows no tab as layout, while the parser we use allows some. */
  #checkTabs() {
    const literal = this.#literal.sort((a, b) => a[0] - b[0])
    let next = 0
    for (let i = this.#text.indexOf('\t'); i >= 0; i = this.#text.indexOf('\t', i + 1)) {
      while (next < literal.length && (literal[next]?.[1] ?? 0) <= i) next += 1
      const range = literal[next]
      if (range && range[0] <= i) continue
      if (this.#isInComment(i, literal, next)) {
        // The rest of the line is comment too.
        const end = this.#text.indexOf('\n', i)
        if (end < 0) return
        i = end
        continue
      }
      this.#report('error', 'yaml-tab', i, i + 1, 'A tab stands where YAML wants blanks', {
        help: 'Indent and separate with blanks',
      })
      return
    }
  }

  /** `next` is the first literal that ends behind the offset: a `#` before the offset is literal only inside earlier ones. */
  #isInComment(offset: number, literal: readonly (readonly [number, number])[], next: number): boolean {
    const lineStart = this.#text.lastIndexOf('\n', offset - 1) + 1
    const line = this.#text.slice(lineStart, offset)
    let before = next - 1
    for (const match of line.matchAll(/(^|[ \t])#/g)) {
      const hash = lineStart + match.index + match[0].length - 1
      if (line.slice(0, match.index).includes('\t')) return false
      while (before > 0 && (literal[before]?.[0] ?? 0) > hash) before -= 1
      while (before + 1 < next && (literal[before + 1]?.[0] ?? 0) <= hash) before += 1
      const range = literal[before]
      if (!range || hash < range[0] || hash >= range[1]) return true
    }
    return false
  }
}

/** Keys are told apart by value, as in Python: `1` and `'1'` are two keys, `1` and `1.0` one. */
function nameOfKey(key: YamlScalar): string {
  const value = key.value
  if (typeof value === 'string') return value
  // A key that is no text keeps its spelling unless a text of that spelling could stand beside it.
  return key.style === 'plain' && typeof value === 'boolean'
    ? key.source
    : `\0${typeof value}:${String(value)}`
}

function emptyScalar(offset: number): YamlScalar {
  return { kind: 'scalar', value: null, source: '', style: 'plain', start: offset, end: offset }
}

function rangeOf(node: unknown): [start: number, end: number] {
  const range = (node as { range?: readonly number[] | null } | null)?.range
  return [range?.[0] ?? 0, range?.[1] ?? range?.[0] ?? 0]
}

function byteLength(text: string): number {
  if (text.length > YAML_LIMITS.bytes) return text.length
  if (text.length * 3 <= YAML_LIMITS.bytes) return text.length
  return new TextEncoder().encode(text).length
}

/** Our words for what the parser calls its errors. */
const SYNTAX_MESSAGES: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'An alias cannot have a tag or an anchor of its own',
  BAD_ALIAS: 'This is not the name of an alias',
  BAD_COLLECTION_TYPE: 'The tag does not fit what follows it',
  BAD_DIRECTIVE: 'This %-line is not a YAML directive',
  BAD_DQ_ESCAPE: 'Double-quoted text holds a backslash escape that does not exist',
  BAD_INDENT: 'The indentation does not fit the lines above',
  BAD_PROP_ORDER: 'Tags and anchors stand before the value they belong to',
  BAD_SCALAR_START: 'A value cannot begin with this character unless it is quoted',
  BLOCK_AS_IMPLICIT_KEY: 'A second "key: value" cannot stand on this line',
  BLOCK_IN_FLOW: 'A block value cannot stand inside brackets',
  COMMENT_SPACE: 'A blank is missing before #',
  IMPOSSIBLE: 'This cannot be read as YAML',
  KEY_OVER_1024_CHARS: 'A key is longer than 1024 characters',
  MISSING_CHAR: 'A closing quote, bracket or separator is missing',
  MULTILINE_IMPLICIT_KEY: 'A key must stand on one line',
  MULTIPLE_ANCHORS: 'A value can have one anchor',
  MULTIPLE_DOCS: 'A file holds one document; a second one starts at ---',
  MULTIPLE_TAGS: 'A value can have one tag',
  NON_STRING_KEY: 'This cannot be a key',
  TAB_AS_INDENT: 'A tab stands where YAML wants blanks',
  TAG_RESOLVE_FAILED: 'This tag cannot be read',
  UNEXPECTED_TOKEN: 'Something stands here that does not fit the lines above',
  BAD_COLLECTION: 'This list or map cannot be read',
}

function messageOf(error: YAMLError, text: string): string {
  const known = SYNTAX_MESSAGES[error.code]
  if (error.code === 'BAD_SCALAR_START')
    return `A value cannot begin with ${JSON.stringify(text[error.pos[0]] ?? '')} unless it is quoted`
  return known ?? 'This is not YAML'
}

function helpFor(error: YAMLError, text: string): Partial<Diagnostic> {
  const lineStart = text.lastIndexOf('\n', error.pos[0] - 1) + 1
  const lineEnd = text.indexOf('\n', error.pos[0])
  const line = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd)
  if (line.includes('{{')) return { help: `Quote text that holds {{ }}: "{{ name }}"` }
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY')
    return { help: 'Quote the value if it holds a colon and a blank' }
  if (error.code === 'TAB_AS_INDENT') return { help: 'Indent and separate with blanks' }
  if (error.code === 'MULTIPLE_DOCS') return { help: 'Put the second document into a file of its own' }
  return {}
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

/**
 * Warns of every plain scalar that YAML 1.2 readers would take for something else, e.g. `010` (8 here, 10 there).
 * Keys are looked at too, except `on` at the root, which GitHub's users write all the time.
 */
export function warnOfYaml12(document: YamlDocument): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  const seen = new Set<YamlNode>()
  const look = (scalar: YamlScalar) => {
    if (scalar.style !== 'plain' || scalar.source === '') return
    const kind = kindOfPlain(scalar.source)
    const other = readingInYaml12(kind, scalar.source)
    if (other === undefined) return
    const value = scalar.value
    const here =
      typeof value === 'string'
        ? `the text "${value}"`
        : value === true
          ? 'true'
          : value === false
            ? 'false'
            : `the ${kind} ${value instanceof YamlTimestamp ? value.text : String(value)}`
    found.push({
      ...document.at(scalar.start, scalar.end),
      code: 'yaml-versions-differ',
      severity: 'warning',
      message: `'${scalar.source}' is ${here} in YAML 1.1, which counts here, and ${other} in YAML 1.2`,
      help: `Quote it if text is meant, or write the value plainly`,
    })
  }
  const walk = (node: YamlNode, isRoot: boolean) => {
    if (seen.has(node)) return
    seen.add(node)
    if (node.kind === 'scalar') look(node)
    else if (node.kind === 'seq') for (const item of node.items) walk(item, false)
    else
      for (const entry of node.entries.values()) {
        if (!(isRoot && entry.key.source === 'on')) look(entry.key)
        walk(entry.value, false)
      }
  }
  if (document.root) walk(document.root, true)
  return found
}

/**
 * Where a piece of a text value stands in the file. Works for plain and quoted text without escapes or folding, and for literal
 * blocks (`|`), whose lines stand in the file as they are.
 *
 * @returns `undefined` when the file spells the value differently.
 */
export function sourceOffsetOf(document: YamlDocument, node: YamlNode, offset: number): number | undefined {
  if (node.kind !== 'scalar') return undefined
  const { text } = document
  if (node.style !== 'block') {
    const start = node.start + (node.style === 'quoted' ? 1 : 0)
    return text.slice(start, start + node.source.length) === node.source ? start + offset : undefined
  }
  if (text[node.start] !== '|') return undefined
  const before = node.source.slice(0, offset)
  const column = offset - (before.lastIndexOf('\n') + 1)
  let line = text.indexOf('\n', node.start) + 1
  for (const _ of before.matchAll(/\n/g)) line = text.indexOf('\n', line) + 1
  const valueLine = node.source.slice(offset - column).split('\n', 1)[0] ?? ''
  const end = text.indexOf('\n', line)
  const fileLine = text.slice(line, end < 0 ? text.length : end).replace(/\r$/, '')
  return fileLine.endsWith(valueLine) ? line + fileLine.length - valueLine.length + column : undefined
}
