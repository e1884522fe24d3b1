import { ANY, type CodePoints, complement, foldAsciiCase, foldCase, setOf } from './code-points.ts'
import { PERL_CLASSES, unicodeClass } from './named-classes.ts'
import { type Assertion, type PatternNode, PatternRefusal } from './node.ts'
import { parseClass } from './parse-class.ts'

/** A pattern that was read. */
export interface ParsedPattern {
  readonly node: PatternNode
  /** How many groups capture. */
  readonly groups: number
}

/**
 * Reads a pattern in the syntax of Rust's `regex` crate, https://docs.rs/regex/latest/regex/#syntax.
 *
 * @throws PatternRefusal for what that does not take, and for the little of it that cannot be matched here.
 */
export function parsePattern(source: string): ParsedPattern {
  return new PatternReader(source).pattern()
}

/** Groups inside each other, as in Rust. */
const MAX_NESTING = 250

/** Most that a repetition may count to; the engine takes no more. */
const MAX_REPEAT = 1000

type Flag = 'i' | 'm' | 's' | 'U' | 'u' | 'x' | 'R'
type Flags = Readonly<Record<Flag, boolean>>

const DEFAULTS: Flags = { i: false, m: false, s: false, U: false, u: true, x: false, R: false }

const LETTER_ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 }

const HEX_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

const WHITE = /\p{White_Space}/u

const GROUP_NAME = /[\p{Alphabetic}_][\p{Alphabetic}\p{Nd}\p{Nl}\p{No}_.[\]]*>/uy

const LOOK_AROUND = /\(\?(?:<?[=!])/y

/** The letter or class of an escape, or that it is something else. */
export type Escape =
  | { readonly kind: 'literal'; readonly code: number }
  | { readonly kind: 'class'; readonly set: CodePoints }

/** Reads through one pattern. {@link parseClass} reads what stands in brackets with it. */
export class PatternReader {
  readonly source: string
  offset = 0
  #flags = DEFAULTS
  #groups = 0
  #depth = 0
  readonly #names = new Set<string>()

  constructor(source: string) {
    this.source = source
  }

  pattern(): ParsedPattern {
    const node = this.#choice()
    if (this.offset < this.source.length)
      throw this.refusal("has a ')' that nothing opens", this.offset, 'Write \\) for the character')
    return { node, groups: this.#groups }
  }

  refusal(problem: string, offset = this.offset, help?: string): PatternRefusal {
    return new PatternRefusal(problem, offset, help)
  }

  /** The character here; `''` at the end. */
  get char(): string {
    const code = this.source.codePointAt(this.offset)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  is(text: string): boolean {
    return this.source.startsWith(text, this.offset)
  }

  take(text: string): boolean {
    const isThere = this.is(text)
    if (isThere) this.offset += text.length
    return isThere
  }

  /** With the flag `x`, blanks and comments mean nothing. */
  skipBlanks() {
    if (!this.#flags.x) return
    for (;;) {
      if (this.char !== '' && WHITE.test(this.char)) this.offset += 1
      else if (this.is('#')) {
        const end = this.source.indexOf('\n', this.offset)
        this.offset = end < 0 ? this.source.length : end + 1
      } else return
    }
  }

  /** A set as the flags in force have it. */
  folded(set: CodePoints): CodePoints {
    if (!this.#flags.i) return set
    return this.#flags.u ? foldCase(set) : foldAsciiCase(set)
  }

  /** The set of everything else. Without Unicode that would match pieces of characters, which Rust refuses in texts. */
  negated(set: CodePoints, offset: number): CodePoints {
    if (this.#flags.u) return complement(set)
    throw this.refusal(
      'would match pieces of characters here',
      offset,
      'Remove (?-u), or negate with Unicode on',
    )
  }

  #choice(): PatternNode {
    const branches = [this.#sequence()]
    while (this.take('|')) branches.push(this.#sequence())
    const [only] = branches
    return branches.length === 1 && only ? only : { kind: 'choice', branches }
  }

  #sequence(): PatternNode {
    const items: PatternNode[] = []
    for (this.skipBlanks(); !['', '|', ')'].includes(this.char); this.skipBlanks()) {
      const item = this.#item()
      if (item) items.push(this.#repeated(item))
    }
    return { kind: 'sequence', items }
  }

  /** `undefined`: it only set flags. */
  #item(): PatternNode | undefined {
    const start = this.offset
    const { char } = this
    const { m, s, R } = this.#flags
    switch (char) {
      case '(':
        return this.#group()
      case '[':
        return { kind: 'set', set: parseClass(this) }
      case '\\':
        return this.#escaped()
      case '*':
      case '+':
      case '?':
      case '{':
        throw this.refusal(
          `repeats nothing with '${char}'`,
          start,
          `Write something before it, or \\${char} for the character`,
        )
      case '.': {
        this.offset += 1
        const set = s ? ANY : complement(R ? setOf(10, 13) : setOf(10))
        if (!this.#flags.u) this.negated(set, start)
        return { kind: 'set', set }
      }
      case '^':
      case '$': {
        this.offset += 1
        if (m && R)
          throw this.refusal(
            `wants '${char}' at line ends of Windows, which is not supported`,
            start,
            'Remove the flag R',
          )
        const where = char === '^' ? 'start' : 'end'
        return { kind: 'assertion', at: `${m ? 'line' : 'text'}-${where}` }
      }
      default:
        this.offset += char.length
        return this.#literal(char.codePointAt(0) ?? 0)
    }
  }

  #literal(code: number): PatternNode {
    return { kind: 'set', set: this.folded(setOf(code)) }
  }

  #repeated(item: PatternNode): PatternNode {
    let node = item
    for (this.skipBlanks(); '*+?{'.includes(this.char) && this.char !== ''; this.skipBlanks()) {
      const [min, max] = this.#counts()
      const isLazy = this.take('?')
      node = { kind: 'repeat', item: node, min, max, isGreedy: isLazy === this.#flags.U }
    }
    return node
  }

  #counts(): readonly [min: number, max: number] {
    if (this.take('*')) return [0, Number.POSITIVE_INFINITY]
    if (this.take('+')) return [1, Number.POSITIVE_INFINITY]
    if (this.take('?')) return [0, 1]
    const start = this.offset
    this.offset += 1
    const counts = /[ \t-\r]*(\d*)[ \t-\r]*(?:(,)[ \t-\r]*(\d*)[ \t-\r]*)?\}/y
    counts.lastIndex = this.offset
    const found = counts.exec(this.source)
    const [all, low = '', comma, high = ''] = found ?? []
    if (all === undefined || low === '') {
      throw this.refusal("has a '{' that begins no repetition", start, 'Write \\{ for the character')
    }
    this.offset += all.length
    const min = Number(low)
    const max = comma === undefined ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high)
    if (min > max) throw this.refusal('repeats more often at least than at most', start)
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Number.POSITIVE_INFINITY)) {
      throw this.refusal(`repeats more than ${MAX_REPEAT} times`, start, 'Write a smaller number, or * or +')
    }
    return [min, max]
  }

  #group(): PatternNode | undefined {
    const start = this.offset
    LOOK_AROUND.lastIndex = start
    if (LOOK_AROUND.test(this.source)) {
      throw this.refusal(
        'looks around, which patterns of Octomind cannot do',
        start,
        'Match the text around it too, and put what is wanted in a group: the first group is what counts',
      )
    }
    const before = this.#flags
    this.offset += 1
    let captures = true
    if (this.take('?P<') || this.take('?<')) this.#groupName()
    else if (this.take('?')) {
      captures = false
      const isScoped = this.#setFlags(start)
      if (!isScoped) return undefined
    }
    if (captures) this.#groups += 1
    this.#depth += 1
    if (this.#depth > MAX_NESTING) throw this.refusal('nests too deeply', start)
    const item = this.#choice()
    if (!this.take(')'))
      throw this.refusal("has a '(' that nothing closes", start, 'Close it, or write \\( for the character')
    this.#depth -= 1
    this.#flags = before
    return captures ? { kind: 'group', item } : item
  }

  #groupName() {
    const start = this.offset
    GROUP_NAME.lastIndex = start
    const name = GROUP_NAME.exec(this.source)?.[0].slice(0, -1)
    if (name === undefined) {
      throw this.refusal(
        'has a group whose name is none',
        start,
        'Begin the name with a letter and end it with >',
      )
    }
    if (this.#names.has(name))
      throw this.refusal('has two groups of one name', start, 'Give each group a name of its own')
    this.#names.add(name)
    this.offset += name.length + 1
  }

  /** `i`, `i-s` and so on. Gives whether a group follows, for which alone they hold. */
  #setFlags(start: number): boolean {
    const flags = { ...this.#flags }
    const seen = new Set<string>()
    let isOn = true
    for (; this.char !== ')' && this.char !== ':'; this.offset += 1) {
      const { char } = this
      if (char === '')
        throw this.refusal("has a '(' that nothing closes", start, 'Close it, or write \\( for the character')
      if (seen.has(char)) throw this.refusal(`sets '${char}' twice`)
      seen.add(char)
      if (char === '-') isOn = false
      else if (Object.hasOwn(flags, char)) flags[char as Flag] = isOn
      else
        throw this.refusal(
          `has a flag '${char}', which is not known`,
          this.offset,
          'The flags are i, m, s, x, U, u and R',
        )
    }
    if (this.source[this.offset - 1] === '-')
      throw this.refusal('has no flag after the minus', this.offset - 1)
    const isScoped = this.take(':')
    if (!isScoped && seen.size === 0) throw this.refusal("repeats nothing with '?'", start + 1)
    if (!isScoped) this.offset += 1
    this.#flags = flags
    if (!isScoped) this.#refuseRepetition()
    return isScoped
  }

  #refuseRepetition() {
    this.skipBlanks()
    if (this.char !== '' && '*+?{'.includes(this.char))
      throw this.refusal(`repeats nothing with '${this.char}'`)
  }

  #escaped(): PatternNode {
    const start = this.offset
    const edge = this.#edge()
    if (edge) return { kind: 'assertion', at: edge }
    const read = this.readEscape()
    return read.kind === 'class'
      ? { kind: 'set', set: read.set }
      : { kind: 'set', set: this.folded(this.checkedLiteral(read.code, start)) }
  }

  #edge(): Assertion | undefined {
    const start = this.offset
    if (/^\\(?:b\{[A-Za-z-]|[<>])/.test(this.source.slice(start, start + 4))) {
      throw this.refusal('asks for one side of a word, which is not supported', start, 'Write \\b instead')
    }
    const { u } = this.#flags
    if (this.take('\\A')) return 'text-start'
    if (this.take('\\z')) return 'text-end'
    if (this.take('\\b')) return u ? 'word-edge' : 'ascii-word-edge'
    if (this.take('\\B')) return u ? 'no-word-edge' : 'no-ascii-word-edge'
    return undefined
  }

  /** Without Unicode, what is beyond ASCII would be a byte. */
  checkedLiteral(code: number, start: number): CodePoints {
    if (!this.#flags.u && code > 0x7f) this.negated([], start)
    return setOf(code)
  }

  /** What stands for a character or a class, in brackets and outside. */
  readEscape(): Escape {
    const start = this.offset
    this.offset += 1
    const { char } = this
    this.offset += char.length
    const lower = char.toLowerCase()
    if (Object.hasOwn(PERL_CLASSES, lower)) {
      const perl = PERL_CLASSES[lower]
      const set = (this.#flags.u ? perl?.unicode() : perl?.ascii) ?? []
      return { kind: 'class', set: lower === char ? set : this.negated(set, start) }
    }
    if (lower === 'p') return { kind: 'class', set: this.#property(start, char === 'P') }
    if (Object.hasOwn(HEX_LENGTHS, char))
      return { kind: 'literal', code: this.#hex(start, HEX_LENGTHS[char] ?? 2) }
    if (Object.hasOwn(LETTER_ESCAPES, char)) return { kind: 'literal', code: LETTER_ESCAPES[char] ?? 0 }
    if (
      /^[!-/:-@[-`{-~\s]$/.test(char) &&
      (char.codePointAt(0) ?? 0) < 0x80 &&
      char !== '<' &&
      char !== '>'
    ) {
      return { kind: 'literal', code: char.codePointAt(0) ?? 0 }
    }
    throw this.#unknownEscape(char, start)
  }

  #unknownEscape(char: string, start: number): PatternRefusal {
    if (char === '') return this.refusal('ends in a backslash', start, 'Write \\\\ for the character')
    if (/[0-9]/.test(char)) {
      return this.refusal(
        'refers back to a group, which patterns of Octomind cannot do',
        start,
        `Write out what is to occur again, or \\x{${char}} for the character`,
      )
    }
    if (char === 'Z')
      return this.refusal(
        "has an escape '\\Z', which is not known",
        start,
        'Write \\z for the end of the text',
      )
    return this.refusal(`has an escape '\\${char}', which is not known`, start)
  }

  #hex(start: number, length: number): number {
    const isOpen = this.take('{')
    const written = isOpen ? this.#until('}', start) : this.source.slice(this.offset, this.offset + length)
    if (!isOpen) this.offset += length
    const digits = isOpen && this.#flags.x ? written.trim() : written
    const code = Number.parseInt(digits, 16)
    if (!/^[0-9A-Fa-f]+$/.test(digits) || !(isOpen || digits.length === length)) {
      throw this.refusal('has an escape without its hexadecimal digits', start)
    }
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      throw this.refusal('has an escape that stands for no character', start)
    }
    return code
  }

  #property(start: number, isNegated: boolean): CodePoints {
    const name = this.take('{') ? this.#until('}', start) : this.char
    if (this.source[this.offset - 1] !== '}') this.offset += name.length
    const set = unicodeClass(name)
    if (!this.#flags.u) throw this.refusal('names a class of Unicode where it is off', start, 'Remove (?-u)')
    if (!set) throw this.refusal(`has a class '${name}', which is not known`, start)
    const folded = this.folded(set)
    return isNegated ? complement(folded) : folded
  }

  #until(mark: string, start: number): string {
    const end = this.source.indexOf(mark, this.offset)
    if (end < 0) throw this.refusal(`has an escape without its '${mark}'`, start)
    const text = this.source.slice(this.offset, end)
    this.offset = end + mark.length
    return text
  }
}
