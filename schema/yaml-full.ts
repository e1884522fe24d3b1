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
import { widenContinuedLines } from './yaml-continued.ts'
import { findTooDeep } from './yaml-depth.ts'
import { YAML_LIMITS } from './yaml-limits.ts'
import {
  emptyScalar,
  nameOfKey,
  type YamlEntry,
  type YamlMap,
  type YamlNode,
  type YamlScalar,
} from './yaml-node.ts'
import { kindOfPlain, type ScalarKind, ScalarProblem, scalarOf } from './yaml-scalar.ts'

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

/** What a reading found: the values, or at least one error among the diagnostics. */
export interface FullReading {
  readonly root: YamlNode | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Reads any YAML document, with all its anchors, tags and ways to spell a value, and says what is wrong with one that is
 * none. Takes a text without characters that cannot stand in YAML.
 */
export function readFullYaml(text: string, at: (start: number, end?: number) => Position): FullReading {
  const reading = new Reading(text, at).document()
  if (reading.root || !/\n/.test(text)) return reading
  const widened = widenContinuedLines(text)
  if (!widened) return reading
  const { sourceOf } = widened
  const wide = new Reading(widened.text, (start, end) =>
    at(sourceOf(start), end === undefined ? undefined : sourceOf(end)),
  ).document()
  // Where it does not help, the first reading knows better what is wrong.
  return wide.root ? { ...wide, root: movedNode(wide.root, sourceOf, new Map()) } : reading
}

/** A node with its places in another text. What is shared by aliases stays shared. */
function movedNode(
  node: YamlNode,
  place: (offset: number) => number,
  known: Map<YamlNode, YamlNode>,
): YamlNode {
  const before = known.get(node)
  if (before) return before
  const [start, end] = [place(node.start), place(node.end)]
  const move = (inner: YamlNode) => movedNode(inner, place, known)
  const moved: YamlNode =
    node.kind === 'scalar'
      ? { ...node, start, end }
      : node.kind === 'seq'
        ? { ...node, items: node.items.map(move), start, end }
        : {
            ...node,
            entries: new Map(
              [...node.entries].map(([name, { key, value }]) => [
                name,
                { key: move(key) as YamlScalar, value: move(value) },
              ]),
            ),
            start,
            end,
          }
  known.set(node, moved)
  return moved
}

/** One reading of one text: carries the problems found so far and what the anchors stand for. */
class Reading {
  readonly #text: string
  readonly #at: (start: number, end?: number) => Position
  readonly #diagnostics: Diagnostic[] = []
  readonly #anchors = new Map<string, Sized | 'open'>()
  /** Where tabs are text and not layout: inside quotes and block scalars. */
  readonly #literal: [start: number, end: number][] = []
  readonly #hasTabs: boolean
  #nodes = 0

  constructor(text: string, at: (start: number, end?: number) => Position) {
    this.#text = text
    this.#at = at
    this.#hasTabs = text.includes('\t')
  }

  document(): FullReading {
    const root = this.#read()
    const isBroken = this.#diagnostics.some((d) => d.severity === 'error')
    return { root: isBroken ? undefined : root, diagnostics: this.#diagnostics }
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
    const first = parsed.errors.find((error) => !this.#isCommentAtOnce(error))
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

  /** PyYAML ends text in quotes and values in brackets at their last character, also when a comment follows at once. */
  #isCommentAtOnce({ pos: [hash] }: YAMLError): boolean {
    return this.#text[hash] === '#' && /["'\]}]/.test(this.#text[hash - 1] ?? '')
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
      let [start, end] = rangeOf(node)
      if (!node.flow) end = start
      for (const item of node.items) {
        if (node.flow) this.#checkFlowText(item)
        const read = this.#node(item, depth + 1)
        items.push(read.node)
        size += read.size
        if (!node.flow) end = endOf(item, read.node)
      }
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
    this.#checkSpelling(style, start, end)
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

  /** What the parser takes and PyYAML does not. */
  #checkSpelling(style: YamlScalar['style'], start: number, end: number) {
    if (style !== 'quoted') return
    const written = this.#text.slice(start, end)
    const isClosed = written.startsWith("'")
      ? /^'(?:[^']|'')*'$/.test(written)
      : /^"(?:[^"\\]|\\[\s\S])*"$/.test(written)
    if (!isClosed) this.#report('error', 'yaml-syntax', start, end, SYNTAX_MESSAGES['MISSING_CHAR'] ?? '')
  }

  /** A colon with nothing before it is a key for the parser, and an error for PyYAML unless a `?` announces it. */
  #checkKey(key: unknown) {
    const [start, end] = rangeOf(key)
    if (key !== null && !(isScalar(key) && start === end && !key.anchor && !key.tag)) return
    const before = this.#text.slice(0, start).trimEnd()
    if (before.endsWith('?') || this.#text[start] !== ':') return
    this.#report('error', 'yaml-syntax', start, start + 1, 'A key is missing before this colon', {
      help: 'Write the key, or quote the text that begins with the colon',
    })
  }

  /** Inside brackets no unquoted text begins with a colon. */
  #checkFlowText(node: unknown) {
    if (!isScalar(node) || STYLES[String(node.type)] !== undefined) return
    const [start, end] = rangeOf(node)
    if (end > start && this.#text[start] === ':')
      this.#report('error', 'yaml-syntax', start, end, `A value cannot begin with ":" unless it is quoted`)
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
    let [start, end] = rangeOf(node)
    if (!node.flow) end = start
    const own = new Map<string, YamlEntry>()
    const merged: YamlMap[] = []
    let size = 1
    for (const pair of node.items) {
      this.#checkKey(pair.key)
      if (node.flow) {
        this.#checkFlowText(pair.key)
        this.#checkFlowText(pair.value)
      }
      const key = isAlias(pair.key)
        ? this.#alias(pair.key).node
        : isMap(pair.key) || isSeq(pair.key)
          ? undefined
          : this.#key(pair.key)
      const value = this.#node(pair.value, depth + 1)
      size += value.size + 1
      if (!node.flow) end = Math.max(rangeOf(pair.key)[1], endOf(pair.value, value.node))
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

function rangeOf(node: unknown): [start: number, end: number] {
  const range = (node as { range?: readonly number[] | null } | null)?.range
  return [range?.[0] ?? 0, range?.[1] ?? range?.[0] ?? 0]
}

/** Where a value ends in the text: an alias ends where it stands, and not where the value does that it stands for. */
function endOf(node: unknown, read: YamlNode): number {
  return isAlias(node) ? rangeOf(node)[1] : read.end
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
