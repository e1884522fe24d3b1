import { MatcherInput, RE2JS } from 're2js'
import { LONGEST_PATTERN } from './limits.ts'
import { classSource } from './pattern/code-points.ts'
import { emitPattern, guardedPoints, type TextForm } from './pattern/emit.ts'
import { type Assertion, type PatternNode, PatternRefusal } from './pattern/node.ts'
import { parsePattern } from './pattern/parse.ts'
import { WatchedText } from './pattern/watched-text.ts'

/** A pattern of Rust's dialect, matched in time proportional to the text. */
export interface RustPattern {
  readonly source: string
  readonly node: PatternNode
  /** How many groups capture. */
  readonly groups: number
  /**
   * Whether the pattern matches anywhere in `text`.
   *
   * @throws PatternLimit when the text is too long.
   */
  occursIn(text: string): boolean
  /**
   * All matches in order, as Rust's `captures_iter` gives them: an empty one does not follow right where another ended.
   *
   * @throws PatternLimit when the text is too long, or when to find them takes a look at much of it again and again.
   */
  matches(text: string): readonly PatternMatch[]
}

export interface PatternMatch {
  /** Where it begins, in UTF-16 units. */
  readonly start: number
  readonly whole: string
  /** What the first group matched. `undefined`: it took no part, or there is none. */
  readonly group1: string | undefined
}

export type CompiledPattern =
  | { readonly ok: true; readonly pattern: RustPattern }
  | {
      readonly ok: false
      /** Continues a sentence that begins with the pattern, e.g. `looks around, which ...`. */
      readonly problem: string
      /** Where in the pattern, in UTF-16 units. */
      readonly offset: number
      /** What to do instead, as an instruction. */
      readonly help?: string
    }

/** What a pattern may cost. */
export const PATTERN_LIMITS = {
  /** Longest text that is looked through, in UTF-16 units. */
  text: 1024 * 1024,
  /**
   * Most reads of a character while all matches of a text are found: so many, and so many more for each character. What looks
   * no further than to the end of each match needs a dozen for each; with `(?s)a.*b|a` every match can read all the rest.
   */
  reads: 10_000_000,
  readsPerCharacter: 20,
} as const

/** Characters of a pattern as the engine gets it. */
const MAX_EMITTED = 2_000_000

/** A text that a pattern cannot be matched against. */
export class PatternLimit extends Error {}

/**
 * Compiles a pattern as Octomind writes them: the syntax and meaning of Rust's `regex` crate. Never throws.
 * Refused although Rust takes it: one side of a word (`\b{start}`, `\<`), `^` and `$` with both flags `m` and `R`, `(?-u:\b)`
 * beside `\b`, repetitions beyond 1000, and properties of Unicode other than scripts, categories and yes-or-no ones.
 */
export function compileRustPattern(source: string): CompiledPattern {
  if (source.length > LONGEST_PATTERN) {
    return { ok: false, problem: `is longer than ${LONGEST_PATTERN} characters`, offset: LONGEST_PATTERN }
  }
  try {
    return { ok: true, pattern: new Pattern(source) }
  } catch (error) {
    if (!(error instanceof PatternRefusal)) throw error
    const { problem, offset, help } = error
    return { ok: false, problem, offset, ...(help === undefined ? {} : { help }) }
  }
}

class Pattern implements RustPattern {
  readonly source: string
  readonly node: PatternNode
  readonly groups: number
  readonly #engines = new Map<TextForm, RE2JS>()
  readonly #hasWordEdge: boolean

  constructor(source: string) {
    const { node, groups } = parsePattern(source)
    this.source = source
    this.node = node
    this.groups = groups
    this.#hasWordEdge = hasAssertion(node, ['word-edge', 'no-word-edge'])
    if (this.#hasWordEdge && hasAssertion(node, ['ascii-word-edge', 'no-ascii-word-edge'])) {
      throw new PatternRefusal('has word edges with Unicode and without', 0, 'Write \\b for all of them')
    }
    this.#engine('plain')
  }

  occursIn(text: string): boolean {
    return this.#search(text).find(0) !== undefined
  }

  matches(text: string): readonly PatternMatch[] {
    const search = this.#search(text)
    const found: PatternMatch[] = []
    let at = 0
    let last = -1
    for (;;) {
      let match = search.find(at)
      if (match && match.end === match.start && match.end === last) match = search.find(search.after(at))
      if (!match) return found
      found.push(search.read(match))
      at = match.end
      last = match.end
    }
  }

  #search(text: string): Search {
    if (text.length > PATTERN_LIMITS.text) {
      throw new PatternLimit(
        `The text of ${text.length} characters is longer than the ${PATTERN_LIMITS.text} that patterns are matched against`,
      )
    }
    // To know all letters takes a while, and most texts have English ones only.
    const isGuarded = this.#hasWordEdge && /[_\u0080-\uffff]/.test(text) && guardPattern().test(text)
    return new Search(this.#engine(isGuarded ? 'guarded' : 'plain'), text, isGuarded, this.groups)
  }

  #engine(form: TextForm): RE2JS {
    const known = this.#engines.get(form)
    if (known) return known
    const engine = compileEmitted(emitPattern(this.node, form))
    this.#engines.set(form, engine)
    return engine
  }
}

/** Where a match stands in the text as the engine gets it. */
interface Found {
  readonly start: number
  readonly end: number
  readonly group1: readonly [start: number, end: number] | undefined
}

/** A look through one text. */
class Search {
  readonly #text: string
  readonly #seen: WatchedText
  readonly #matcher: ReturnType<RE2JS['matcher']>
  readonly #hasGroup: boolean
  /** For each place in what the engine sees, the place in the text; -1 where it is none. `undefined`: they are the same. */
  readonly #places: Int32Array | undefined

  constructor(engine: RE2JS, text: string, isGuarded: boolean, groups: number) {
    this.#text = text
    this.#seen = new WatchedText(isGuarded ? text.replace(guardPattern('g'), '_$&_') : text)
    this.#places = isGuarded ? placesIn(text) : undefined
    this.#matcher = engine.matcher(MatcherInput.utf16(this.#seen))
    this.#hasGroup = groups > 0
  }

  find(from: number): Found | undefined {
    const matcher = this.#matcher
    for (let at = from; at <= this.#seen.length && this.#hasReadsLeft() && matcher.find(at); ) {
      const [start, end] = [matcher.start(), matcher.end()]
      if (this.#places?.[start] === -1) {
        // Inside what stands for one letter there is nothing to find.
        at = start + 1
        continue
      }
      const took = this.#hasGroup ? matcher.start(1) : -1
      return { start, end, group1: took < 0 ? undefined : [took, matcher.end(1)] }
    }
    return undefined
  }

  #hasReadsLeft(): true {
    const { reads, readsPerCharacter } = PATTERN_LIMITS
    if (this.#seen.reads <= reads + readsPerCharacter * this.#seen.length) return true
    throw new PatternLimit(
      `To find every match in the text of ${this.#text.length} characters, the pattern would read much of it again and again`,
    )
  }

  /** The place behind the letter at a place. */
  after(at: number): number {
    let next = at + ((this.#seen.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)
    while (this.#places?.[next] === -1) next += 1
    return next
  }

  read({ start, end, group1 }: Found): PatternMatch {
    const place = (at: number) => this.#places?.[at] ?? at
    return {
      start: place(start),
      whole: this.#text.slice(place(start), place(end)),
      group1: group1 && this.#text.slice(place(group1[0]), place(group1[1])),
    }
  }
}

function guardPattern(flags = ''): RegExp {
  return new RegExp(guardSource(), `u${flags}`)
}

function guardSource(): string {
  return classSource(guardedPoints(), (code) => `\\u{${code.toString(16)}}`)
}

function placesIn(text: string): Int32Array {
  const places: number[] = []
  let at = 0
  for (const { index, 0: letter } of text.matchAll(guardPattern('g'))) {
    while (at < index) places.push(at++)
    places.push(at, -1, ...letter.split('').map(() => -1))
    at += letter.length
  }
  while (at <= text.length) places.push(at++)
  return Int32Array.from(places)
}

function compileEmitted(emitted: string): RE2JS {
  const refusal = new PatternRefusal(
    'grows too large when its classes and repetitions are written out',
    0,
    'Repeat less',
  )
  if (emitted.length > MAX_EMITTED) throw refusal
  try {
    return RE2JS.compile(emitted)
  } catch {
    throw refusal
  }
}

function hasAssertion(node: PatternNode, wanted: readonly Assertion[]): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'assertion':
      return wanted.includes(node.at)
    case 'sequence':
      return node.items.some((item) => hasAssertion(item, wanted))
    case 'choice':
      return node.branches.some((branch) => hasAssertion(branch, wanted))
    case 'group':
    case 'repeat':
      return hasAssertion(node.item, wanted)
  }
}
