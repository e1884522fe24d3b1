import { isIdentifier } from '../characters.ts'
import { PyError } from '../errors.ts'
import { readEscapes } from '../escapes.ts'
import { stripChars } from '../string-methods.ts'
import { isSpace } from '../text.ts'
import type { PyValue } from '../values.ts'

/** How white space around blocks is treated; both off is Jinja's default. */
export type WhitespaceOptions = {
  /** Drop the line end right after a block or comment. */
  readonly trimBlocks: boolean
  /** Drop blanks before a block or comment that starts its line. */
  readonly lstripBlocks: boolean
}

/** A token of a template. `start` is a 0-based offset into the text given to {@link lexTemplate}. */
export type TemplateToken = { readonly start: number } & (
  | { readonly type: 'data'; readonly text: string }
  | { readonly type: 'open' | 'close'; readonly text: 'block' | 'variable' }
  | { readonly type: 'name' | 'operator' | 'end'; readonly text: string }
  | { readonly type: 'string' | 'integer' | 'float'; readonly text: string; readonly value: PyValue }
)

const RAW = /\{%([-+]?)\s*raw\s*(?:-%\}\s*|%\})/y
const OPENING = /\{[{%#]/g
const SPACE = /\s+/y
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y
const INTEGER = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y
const NAME = /[\p{L}\p{N}_]+/uy
const STRING = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y
const CLOSING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }

/** Line ends as `\n`, and the one at the very end dropped, as Jinja reads a template by default. */
export function normaliseTemplate(source: string): string {
  return source.replace(/\r\n|\r/g, '\n').replace(/\n$/, '')
}

function syntax(message: string, offset: number): PyError {
  return new PyError('SyntaxError', message, offset)
}

/** Cut a normalised template into tokens. Throws `SyntaxError` with an offset. */
export function lexTemplate(source: string, options: WhitespaceOptions): TemplateToken[] {
  return new Lexer(source, options).run()
}

class Lexer {
  readonly #source: string
  readonly #lstrip: boolean
  readonly #blockEnd: RegExp
  readonly #variableEnd = /-\}\}\s*|\}\}/y
  readonly #commentEnd: RegExp
  readonly #rawEnd: RegExp
  readonly #tokens: TemplateToken[] = []
  #place = 0
  #lineStarting = true

  constructor(source: string, options: WhitespaceOptions) {
    this.#source = source
    this.#lstrip = options.lstripBlocks
    const suffix = options.trimBlocks ? '\\n?' : ''
    this.#blockEnd = new RegExp(`\\+%\\}|-%\\}\\s*|%\\}${suffix}`, 'y')
    this.#commentEnd = new RegExp(`\\+#\\}|-#\\}\\s*|#\\}${suffix}`, 'g')
    this.#rawEnd = new RegExp(`\\{%([-+]?)\\s*endraw\\s*(?:\\+%\\}|-%\\}\\s*|%\\}${suffix})`, 'g')
  }

  run(): TemplateToken[] {
    const source = this.#source
    while (this.#place < source.length) {
      OPENING.lastIndex = this.#place
      const match = OPENING.exec(source)
      if (match === null) {
        this.#data(this.#place, source.slice(this.#place))
        this.#place = source.length
        break
      }
      this.#open(match.index, match[0])
    }
    this.#tokens.push({ type: 'end', text: '', start: source.length })
    return this.#tokens
  }

  #data(start: number, text: string): void {
    if (text !== '') this.#tokens.push({ type: 'data', text, start })
  }

  /** Data before a tag, stripped as the tag's sign and the options ask. */
  #before(end: number, sign: string, isVariable: boolean): void {
    const start = this.#place
    let text = this.#source.slice(start, end)
    if (sign === '-') text = stripChars(text, isSpace, false, true)
    else if (sign !== '+' && this.#lstrip && !isVariable) {
      const line = text.lastIndexOf('\n') + 1
      if ((line > 0 || this.#lineStarting) && /^\s*$/.test(text.slice(line))) text = text.slice(0, line)
    }
    this.#data(start, text)
  }

  #after(end: number): void {
    this.#lineStarting = this.#source[end - 1] === '\n'
    this.#place = end
  }

  #open(start: number, mark: string): void {
    const source = this.#source
    RAW.lastIndex = start
    const raw = mark === '{%' ? RAW.exec(source) : null
    const sign = raw?.[1] ?? (/[-+]/.test(source[start + 2] ?? '') ? (source[start + 2] ?? '') : '')
    this.#before(start, sign, mark === '{{')
    if (raw !== null) {
      this.#after(RAW.lastIndex)
      this.#raw(start)
      return
    }
    this.#after(start + 2 + sign.length)
    if (mark === '{#') this.#comment(start)
    else this.#tag(start, mark === '{%' ? 'block' : 'variable')
  }

  #raw(start: number): void {
    if (this.#place >= this.#source.length) return
    this.#rawEnd.lastIndex = this.#place
    const match = this.#rawEnd.exec(this.#source)
    if (match === null) throw syntax('Missing end of raw directive', start)
    this.#before(match.index, match[1] ?? '', false)
    this.#after(this.#rawEnd.lastIndex)
  }

  #comment(start: number): void {
    // Jinja does not look for the end of what opens at the very end of a template.
    if (this.#place >= this.#source.length) return
    this.#commentEnd.lastIndex = this.#place
    if (this.#commentEnd.exec(this.#source) === null) throw syntax('Missing end of comment tag', start)
    this.#after(this.#commentEnd.lastIndex)
  }

  #tag(start: number, kind: 'block' | 'variable'): void {
    this.#tokens.push({ type: 'open', text: kind, start })
    const brackets: string[] = []
    const ending = kind === 'block' ? this.#blockEnd : this.#variableEnd
    while (this.#place < this.#source.length) {
      const from = this.#place
      if (brackets.length === 0 && this.#match(ending) !== undefined) {
        this.#tokens.push({ type: 'close', text: kind, start: from })
        return
      }
      if (this.#match(SPACE) === undefined) this.#token(from, brackets)
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#place
    const text = pattern.exec(this.#source)?.[0]
    if (text !== undefined) this.#after(this.#place + text.length)
    return text
  }

  #token(start: number, brackets: string[]): void {
    const float = this.#source[start - 1] === '.' ? undefined : this.#match(FLOAT)
    if (float !== undefined) {
      this.#tokens.push({ type: 'float', text: float, value: Number(float.replaceAll('_', '')), start })
      return
    }
    const integer = this.#match(INTEGER)
    if (integer !== undefined) {
      this.#tokens.push({ type: 'integer', text: integer, value: BigInt(integer.replaceAll('_', '')), start })
      return
    }
    const name = this.#match(NAME)
    if (name !== undefined) {
      if (!isIdentifier(name)) throw syntax('Invalid character in identifier', start)
      this.#tokens.push({ type: 'name', text: name, start })
      return
    }
    const string = this.#match(STRING)
    if (string !== undefined) {
      this.#tokens.push({ type: 'string', text: string, value: this.#unescaped(string, start), start })
      return
    }
    const operator = this.#match(OPERATOR)
    if (operator === undefined) throw syntax(`unexpected char ${JSON.stringify(this.#source[start])}`, start)
    this.#balance(operator, brackets, start)
    this.#tokens.push({ type: 'operator', text: operator, start })
  }

  #unescaped(string: string, start: number): string {
    try {
      return readEscapes(string.slice(1, -1))
    } catch (error) {
      if (error instanceof PyError) error.offset ??= start
      throw error
    }
  }

  #balance(operator: string, brackets: string[], start: number): void {
    if ('([{'.includes(operator)) brackets.push(operator)
    const wanted = CLOSING[operator]
    if (wanted === undefined) return
    const open = brackets.pop()
    if (open === undefined) throw syntax(`unexpected '${operator}'`, start)
    if (open !== wanted) throw syntax(`unexpected '${operator}', the open bracket is '${open}'`, start)
  }
}
