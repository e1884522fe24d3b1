import { parse } from 'smol-toml'
import { YAML_LIMITS } from './yaml-limits.ts'

/** Where a value of a TOML document stands (offsets into the text, end exclusive). */
export type Place = LeafPlace | MapPlace | SeqPlace

export interface LeafPlace {
  readonly kind: 'leaf'
  readonly start: number
  readonly end: number
}

/** A table, from its head or its first key to the end of its last own value. */
export interface MapPlace {
  readonly kind: 'map'
  /** Each key once, with the place where it is first named. */
  readonly entries: Map<string, { readonly key: KeyPlace; readonly value: Place }>
  readonly start: number
  end: number
  readonly depth: number
}

export interface SeqPlace {
  readonly kind: 'seq'
  readonly items: Place[]
  readonly start: number
  end: number
  readonly depth: number
}

export interface KeyPlace {
  readonly name: string
  readonly start: number
  readonly end: number
}

/** What was found: the places, or what goes beyond {@link YAML_LIMITS} and where. */
export type Places =
  | { readonly ok: true; readonly root: MapPlace }
  | { readonly ok: false; readonly limit: 'depth' | 'nodes'; readonly offset: number }

/**
 * Finds where the keys and values of a TOML document stand. Another reader has the last word on what is TOML: from a text that
 * is none this takes what it can. Never throws.
 */
export function findPlaces(text: string): Places {
  try {
    return { ok: true, root: new Scan(text, text.length).document() }
  } catch (error) {
    if (error instanceof TooMuch) return { ok: false, limit: error.limit, offset: error.offset }
    throw error
  }
}

/**
 * For a key that is defined a second time: its last part that was there before, and where. The key begins at `offset` of a text
 * within the limits. `undefined`: not known.
 */
export function findEarlier(
  text: string,
  offset: number,
): { readonly key: KeyPlace; readonly earlier: KeyPlace } | undefined {
  return new Scan(text, offset).earlier()
}

/** The innermost list or inline table that a text ends in. The text is within the limits. */
export function findUnclosed(text: string): MapPlace | SeqPlace | undefined {
  return new Scan(text, text.length).unclosed()
}

class TooMuch extends Error {
  constructor(
    readonly limit: 'depth' | 'nodes',
    readonly offset: number,
  ) {
    super(limit)
  }
}

const DATE = /^\d{4}-\d{2}-\d{2}$/
const TIME_FOLLOWS = / \d{2}:[^\s,#\]}]*/y
const BARE_KEY = /[^\s.="'#[\]{},]+/y
const BARE_VALUE = /[^\s,#\]}]+/y

/** One walk through a text, up to an end that may be inside it. */
class Scan {
  readonly #text: string
  #end: number
  #offset = 0
  #nodes = 0
  readonly #root: MapPlace
  /** The table that pairs go to. */
  #table: MapPlace
  /** The innermost list or inline table that the end is in. */
  #unclosed: MapPlace | SeqPlace | undefined

  constructor(text: string, end: number) {
    this.#text = text
    this.#end = end
    if (text.startsWith('\ufeff')) this.#offset = 1
    this.#root = this.#newMap(0, 0)
    this.#table = this.#root
  }

  document(): MapPlace {
    for (this.#skipVoid(); this.#offset < this.#end; this.#skipVoid()) {
      const before = this.#offset
      if (this.#is('[')) this.#head()
      else this.#pair(this.#table)
      if (this.#offset === before) this.#offset++
    }
    this.#root.end = this.#text.length
    return this.#root
  }

  unclosed() {
    this.document()
    return this.#unclosed
  }

  earlier() {
    this.document()
    const isHead = this.#text[this.#end - 1] === '['
    let table: Place | undefined = isHead ? this.#root : (this.#unclosed ?? this.#table)
    this.#offset = this.#end
    this.#end = this.#text.length
    let found: { key: KeyPlace; earlier: KeyPlace } | undefined
    for (const key of this.#keys()) {
      if (table?.kind === 'seq') table = table.items.at(-1)
      const entry: { key: KeyPlace; value: Place } | undefined =
        table?.kind === 'map' ? table.entries.get(key.name) : undefined
      if (!entry) break
      found = { key, earlier: entry.key }
      table = entry.value
    }
    return found
  }

  #is(mark: string): boolean {
    return this.#offset < this.#end && this.#text.startsWith(mark, this.#offset)
  }

  #take(mark: string): boolean {
    const isThere = this.#is(mark)
    if (isThere) this.#offset += mark.length
    return isThere
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#offset
    const isThere = this.#offset < this.#end && pattern.test(this.#text)
    if (isThere) this.#offset = pattern.lastIndex
    return isThere
  }

  #skipBlanks() {
    while (this.#is(' ') || this.#is('\t')) this.#offset++
  }

  /** Blanks, line ends and comments. */
  #skipVoid() {
    for (;;) {
      this.#skipBlanks()
      if (this.#is('#')) this.#skipTo('\n')
      else if (!this.#take('\n') && !this.#take('\r')) return
    }
  }

  #skipTo(mark: string) {
    const found = this.#text.indexOf(mark, this.#offset)
    this.#offset = found < 0 ? this.#text.length : found
  }

  /** `[a.b]` or `[[a.b]]`. */
  #head() {
    const start = this.#offset
    const isItem = this.#take('[[')
    if (!isItem) this.#take('[')
    const keys = this.#keys()
    while (this.#take(']'));
    const last = keys.pop()
    if (!last) return
    const parent = this.#descend(this.#root, keys, start)
    const known = parent.entries.get(last.name)?.value
    if (!isItem) this.#table = this.#descend(parent, [last], start)
    else {
      const seq = known?.kind === 'seq' ? known : this.#newSeq(start, parent.depth + 1)
      if (seq !== known) parent.entries.set(last.name, { key: last, value: seq })
      this.#table = this.#newMap(start, seq.depth + 1)
      seq.items.push(this.#table)
      seq.end = this.#offset
    }
    this.#table.end = this.#offset
  }

  /** The table that dotted keys lead to; those on the way that are not there yet are made. */
  #descend(from: MapPlace, keys: readonly KeyPlace[], start: number): MapPlace {
    let table = from
    for (const key of keys) {
      const known = table.entries.get(key.name)?.value
      const inner = known?.kind === 'seq' ? known.items.at(-1) : known
      if (inner?.kind === 'map') table = inner
      else {
        const made = this.#newMap(start, table.depth + 1)
        table.entries.set(key.name, { key, value: made })
        table = made
      }
    }
    return table
  }

  #pair(table: MapPlace) {
    const keys = this.#keys()
    const last = keys.pop()
    if (!last || !this.#take('=')) {
      this.#skipTo('\n')
      return
    }
    const start = keys[0]?.start ?? last.start
    const parent = this.#descend(table, keys, start)
    this.#skipBlanks()
    const value = this.#value(parent.depth + 1)
    if (!parent.entries.has(last.name)) parent.entries.set(last.name, { key: last, value })
    parent.end = value.end
    table.end = value.end
  }

  /** The parts of a dotted key, up to what follows the key. */
  #keys(): KeyPlace[] {
    const keys: KeyPlace[] = []
    do {
      this.#skipBlanks()
      const start = this.#offset
      if (this.#is('"') || this.#is("'")) this.#string()
      else if (!this.#match(BARE_KEY)) break
      keys.push({ name: nameOf(this.#text.slice(start, this.#offset)), start, end: this.#offset })
      this.#skipBlanks()
    } while (this.#take('.'))
    return keys
  }

  #value(depth: number): Place {
    const start = this.#offset
    if (this.#is('[')) return this.#list(depth)
    if (this.#is('{')) return this.#inlineTable(depth)
    if (this.#is('"') || this.#is("'")) this.#string()
    else if (this.#match(BARE_VALUE) && DATE.test(this.#text.slice(start, this.#offset))) {
      this.#match(TIME_FOLLOWS)
    }
    this.#count(start)
    return { kind: 'leaf', start, end: this.#offset }
  }

  #list(depth: number): SeqPlace {
    const seq = this.#newSeq(this.#offset, depth)
    this.#within('[', ']', seq, () => seq.items.push(this.#value(depth + 1)))
    return seq
  }

  #inlineTable(depth: number): MapPlace {
    const map = this.#newMap(this.#offset, depth)
    this.#within('{', '}', map, () => this.#pair(map))
    return map
  }

  #within(open: string, close: string, place: MapPlace | SeqPlace, readItem: () => void) {
    this.#take(open)
    for (this.#skipVoid(); this.#offset < this.#end && !this.#is(close); this.#skipVoid()) {
      const before = this.#offset
      readItem()
      this.#skipVoid()
      if (!this.#take(',') && this.#offset === before) this.#offset++
    }
    if (!this.#take(close)) this.#unclosed ??= place
    place.end = this.#offset
  }

  #string() {
    const quote = this.#is('"') ? '"' : "'"
    const isLong = this.#take(quote.repeat(3))
    if (!isLong) this.#take(quote)
    const close = isLong ? quote.repeat(3) : quote
    for (;;) {
      this.#skipToAny(close, quote === '"')
      if (!this.#is('\\')) break
      this.#offset += 2
    }
    if (!this.#take(close)) return
    // Up to two quotes before the closing three belong to the text.
    if (isLong && this.#take(quote)) this.#take(quote)
  }

  /** To the end of a text in quotes, or to an escape in it. */
  #skipToAny(close: string, hasEscapes: boolean) {
    while (this.#offset < this.#end && !this.#is(close) && !(hasEscapes && this.#is('\\'))) {
      if (close.length === 1 && this.#is('\n')) return
      this.#offset++
    }
  }

  #newMap(start: number, depth: number): MapPlace {
    this.#checkDepth(start, depth)
    return { kind: 'map', entries: new Map(), start, end: start, depth }
  }

  #newSeq(start: number, depth: number): SeqPlace {
    this.#checkDepth(start, depth)
    return { kind: 'seq', items: [], start, end: start, depth }
  }

  #checkDepth(offset: number, depth: number) {
    if (depth >= YAML_LIMITS.depth) throw new TooMuch('depth', offset)
    this.#count(offset)
  }

  #count(offset: number) {
    this.#nodes += 1
    if (this.#nodes > YAML_LIMITS.nodes) throw new TooMuch('nodes', offset)
  }
}

function nameOf(source: string): string {
  const quote = source[0]
  if (quote !== '"' && quote !== "'") return source
  if (quote === "'" || !source.includes('\\')) return source.slice(1, -1)
  try {
    return String(parse(`key = ${source}`)['key'])
  } catch {
    return source
  }
}
