import { isIdentifier } from './characters.ts'
import { PyError } from './errors.ts'
import { readEscapes } from './escapes.ts'
import { at, type FStringPiece, FStringScanner, findQuote, syntax } from './fstring-scanner.ts'
import { MAX_INT_DIGITS } from './printing.ts'
import { PyBytes, PyComplex, type PyValue } from './values.ts'

/** A token of a Python expression. `start` and `end` are offsets in UTF-16 units. */
export type Token = { readonly start: number; readonly end: number } & (
  | { readonly type: 'name' | 'operator' | 'newline' | 'end'; readonly text: string }
  | { readonly type: 'number'; readonly text: string; readonly value: PyValue }
  | { readonly type: 'string'; readonly text: string; readonly value: PyValue }
  | { readonly type: 'fstring'; readonly text: string; readonly pieces: readonly FStringPiece[] }
)

/** Python's own limit of brackets inside each other. */
const MAX_BRACKETS = 200

const OPERATORS = [
  '**=',
  '//=',
  '>>=',
  '<<=',
  '...',
  '**',
  '//',
  '>>',
  '<<',
  '<=',
  '>=',
  '==',
  '!=',
  '->',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
  '@=',
  ':=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '@',
  '&',
  '|',
  '^',
  '~',
  '<',
  '>',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  '.',
  ';',
  '=',
] as const

const BY_FIRST = new Map<string, string[]>()
for (const operator of OPERATORS) {
  const first = operator.charAt(0)
  BY_FIRST.set(first, [...(BY_FIRST.get(first) ?? []), operator])
}

const NAME = /[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_\u0080-\u{10ffff}]*/uy
const NUMBER =
  /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?[jJ]?/y
const SMALL_NUMBER = /^(?:0|[1-9]\d{0,14})$/
const NOT_ASCII = /[^\0-\x7f]/
const WORD_CHARACTER = /[A-Za-z0-9_\u0080-\uffff]/
/** Words that may follow a number without a blank. */
const AFTER_NUMBER = /(?:and|else|for|if|in|is|not|or)(?![A-Za-z0-9_])/y
const STRING_START = /(?:[rR][bBfF]?|[bBfF][rR]?|[uU])?(?:"""|'''|"|')/y
const CLOSING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }

/**
 * Cut a Python expression into tokens. With `inside` the text counts as standing in brackets, so that line ends mean nothing.
 * Throws `SyntaxError` with an offset, as CPython's tokenizer does.
 */
export function tokenize(source: string, inside = false): Token[] {
  return new Tokenizer(source).run(inside)
}

class Tokenizer {
  readonly #source: string
  readonly #tokens: Token[] = []
  readonly #brackets: { readonly mark: string; readonly start: number }[] = []
  #place = 0

  constructor(source: string) {
    this.#source = source
  }

  run(inside: boolean): Token[] {
    const source = this.#source
    if (source.includes('\0')) throw syntax('the text contains a NUL character', source.indexOf('\0'))
    if (!inside) this.#skipBlankLines()
    while (this.#place < source.length) this.#next(inside)
    const open = this.#brackets.at(-1)
    if (open !== undefined) throw syntax(`'${open.mark}' was never closed`, open.start)
    this.#tokens.push({ type: 'end', text: '', start: source.length, end: source.length })
    return this.#tokens
  }

  /** Lines without code before the first token are ignored; blanks before it are an unexpected indent. */
  #skipBlankLines(): void {
    const blank = /(?:[ \t\f]*(?:#[^\n\r]*)?(?:\r\n|\n|\r))*/y
    blank.exec(this.#source)
    this.#place = blank.lastIndex
    const indent = /[ \t\f]*/y
    indent.lastIndex = this.#place
    const [blanks = ''] = indent.exec(this.#source) ?? []
    const column = blanks.slice(blanks.lastIndexOf('\f') + 1)
    const next = this.#source[this.#place + blanks.length]
    if (column !== '' && next !== '#') throw syntax('unexpected indent', this.#place)
  }

  #next(inside: boolean): void {
    const source = this.#source
    const start = this.#place
    const char = source.charCodeAt(start)
    if (char === 32 || char === 9 || char === 12) {
      this.#place += 1
      return
    }
    if (char === 10 || char === 13) {
      this.#place += char === 13 && source.charCodeAt(start + 1) === 10 ? 2 : 1
      if (!inside && this.#brackets.length === 0) this.#newline(start)
      return
    }
    if (char === 35) {
      const end = source.slice(start).search(/[\n\r]/)
      this.#place = end < 0 ? source.length : start + end
      return
    }
    if (char === 92) {
      this.#continuation(start)
      return
    }
    if ((char >= 48 && char <= 57) || (char === 46 && isDigitCode(source.charCodeAt(start + 1)))) {
      this.#number(start)
      return
    }
    if (char === 34 || char === 39 || isStringPrefix(char)) {
      STRING_START.lastIndex = start
      const match = STRING_START.exec(source)
      if (match !== null) {
        this.#string(start, match[0])
        return
      }
    }
    if ((char | 32) >= 97 && (char | 32) <= 122 ? true : char === 95 || char >= 128) {
      this.#name(start)
      return
    }
    this.#operator(start)
  }

  #newline(start: number): void {
    const last = this.#tokens.at(-1)
    if (last !== undefined && last.type !== 'newline')
      this.#tokens.push({ type: 'newline', text: '\n', start, end: this.#place })
    const line = /[ \t\f]*/y
    line.lastIndex = this.#place
    line.exec(this.#source)
    const next = this.#source[line.lastIndex]
    const isBlank = next === undefined || next === '\n' || next === '\r' || next === '#'
    if (!isBlank && line.lastIndex > this.#place) throw syntax('unexpected indent', this.#place)
  }

  #continuation(start: number): void {
    const match = /^\\(?:\r\n|\n|\r)/.exec(this.#source.slice(start, start + 3))
    if (match === null) throw syntax('unexpected character after line continuation character', start)
    this.#place += match[0].length
    if (this.#place >= this.#source.length) throw syntax('unexpected end after a line continuation', start)
  }

  #name(start: number): void {
    NAME.lastIndex = start
    const raw = NAME.exec(this.#source)?.[0] ?? ''
    const text = raw === '' || NOT_ASCII.test(raw) ? this.#foreignName(raw, start) : raw
    this.#place = start + raw.length
    this.#tokens.push({ type: 'name', text, start, end: this.#place })
  }

  /** Python compares names in compatibility form, so full-width letters are plain ones. */
  #foreignName(raw: string, start: number): string {
    const text = raw.normalize('NFKC')
    if (raw === '') throw invalidCharacter(this.#source.slice(start, start + 2), start)
    if (!isIdentifier(text) && (raw !== text || NOT_ASCII.test(text))) throw invalidCharacter(raw, start)
    return text
  }

  #number(start: number): void {
    const source = this.#source
    NUMBER.lastIndex = start
    const text = NUMBER.exec(source)?.[0] ?? ''
    const end = start + text.length
    AFTER_NUMBER.lastIndex = end
    if (WORD_CHARACTER.test(source[end] ?? '') && !AFTER_NUMBER.test(source))
      throw syntax(`invalid ${numberKind(text)} literal`, start)
    this.#place = end
    this.#tokens.push({ type: 'number', text, value: numberValue(text, start), start, end })
  }

  #string(start: number, opening: string): void {
    const quote = opening.endsWith('"""') || opening.endsWith("'''") ? opening.slice(-3) : opening.slice(-1)
    const prefix = opening.slice(0, -quote.length).toLowerCase()
    const body = start + opening.length
    const raw = prefix.includes('r')
    if (prefix.includes('f')) {
      const { pieces, end } = new FStringScanner(this.#source, quote, raw).scan(body)
      this.#place = end + quote.length
      const text = this.#source.slice(start, this.#place)
      this.#tokens.push({ type: 'fstring', text, pieces, start, end: this.#place })
      return
    }
    const end = findQuote(this.#source, body, quote, start)
    const written = this.#source.slice(body, end).replace(/\r\n?/g, '\n')
    this.#place = end + quote.length
    const text = this.#source.slice(start, this.#place)
    const value = at(start, () =>
      prefix.includes('b') ? bytesValue(written, raw) : raw ? written : readEscapes(written),
    )
    this.#tokens.push({ type: 'string', text, value, start, end: this.#place })
  }

  #operator(start: number): void {
    const first = this.#source.charAt(start)
    const text = BY_FIRST.get(first)?.find((operator) => this.#source.startsWith(operator, start))
    if (text === undefined)
      throw first === '!' && this.#source[start + 1] === '='
        ? this.#notEqual(start)
        : invalidCharacter(first, start)
    if (first === '(' || first === '[' || first === '{') {
      if (this.#brackets.length >= MAX_BRACKETS) throw syntax('too many nested parentheses', start)
      this.#brackets.push({ mark: first, start })
    } else if (first === ')' || first === ']' || first === '}') {
      const open = this.#brackets.pop()
      if (open === undefined) throw syntax(`unmatched '${first}'`, start)
      if (open.mark !== CLOSING[first])
        throw syntax(
          `closing parenthesis '${first}' does not match opening parenthesis '${open.mark}'`,
          start,
        )
    }
    this.#place = start + text.length
    this.#tokens.push({ type: 'operator', text, start, end: this.#place })
  }

  #notEqual(start: number): PyError {
    return syntax('invalid syntax', start)
  }
}

function isDigitCode(code: number): boolean {
  return code >= 48 && code <= 57
}

const PREFIX_CODES = new Set([...'rRbBfFuU'].map((char) => char.charCodeAt(0)))

function isStringPrefix(code: number): boolean {
  return PREFIX_CODES.has(code)
}

function invalidCharacter(text: string, offset: number): PyError {
  const char = String.fromCodePoint(text.codePointAt(0) ?? 0)
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return syntax(`invalid character '${char}' (U+${code})`, offset)
}

function numberKind(text: string): string {
  const mark = text[1]?.toLowerCase()
  return mark === 'x' ? 'hexadecimal' : mark === 'o' ? 'octal' : mark === 'b' ? 'binary' : 'decimal'
}

function numberValue(text: string, start: number): PyValue {
  if (SMALL_NUMBER.test(text)) return BigInt(text)
  const plain = text.replaceAll('_', '')
  if (/^0[xXoObB]/.test(plain)) return BigInt(plain)
  if (/[jJ]$/.test(plain)) return new PyComplex(0, Number(plain.slice(0, -1)))
  if (/[.eE]/.test(plain)) return Number(plain)
  if (/^0+[1-9]/.test(plain))
    throw syntax(
      'leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers',
      start,
    )
  if (plain.length > MAX_INT_DIGITS)
    throw syntax(`integer literals of more than ${MAX_INT_DIGITS} digits are not read`, start)
  return BigInt(plain)
}

function bytesValue(written: string, raw: boolean): PyBytes {
  if (/[^\0-\x7f]/.test(written))
    throw new PyError('SyntaxError', 'bytes can only contain ASCII literal characters')
  const text = raw ? written : readEscapes(written, true)
  return new PyBytes(Uint8Array.from(text, (char) => char.charCodeAt(0)))
}
