import { PyError } from './errors.ts'
import { readEscapes } from './escapes.ts'

/** A piece of an f-string as written: text, or where its expression stands and what follows it. */
export type FStringPiece =
  | string
  | { readonly start: number; readonly end: number; readonly spec: readonly FStringPiece[] | undefined }

/** Python's `SyntaxError` at an offset. */
export function syntax(message: string, offset: number): PyError {
  return new PyError('SyntaxError', message, offset)
}

/** Run `run`, and give its failure an offset when it has none. */
export function at<T>(offset: number, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof PyError) error.offset ??= offset
    throw error
  }
}

/** Where the text that starts at `from` is closed by `quote`; `start` is told when it is not. */
export function findQuote(source: string, from: number, quote: string, start: number): number {
  for (let place = from; place < source.length; place += 1) {
    const char = source[place]
    if (char === '\\') place += 1
    else if (quote.length === 1 && (char === '\n' || char === '\r')) break
    else if (char === quote[0] && source.startsWith(quote, place)) return place
  }
  throw syntax(
    quote.length === 3 ? 'unterminated triple-quoted string literal' : 'unterminated string literal',
    start,
  )
}

/** Splits the inside of an f-string, where quotes of the same kind may be used again inside a field. */
export class FStringScanner {
  readonly #source: string
  readonly #quote: string
  readonly #raw: boolean

  constructor(source: string, quote: string, raw: boolean) {
    this.#source = source
    this.#quote = quote
    this.#raw = raw
  }

  scan(start: number): { pieces: FStringPiece[]; end: number } {
    return this.#pieces(start, false, 0)
  }

  #pieces(from: number, inSpec: boolean, depth: number): { pieces: FStringPiece[]; end: number } {
    if (depth > 2) throw syntax('f-string: expressions nested too deeply', from)
    const source = this.#source
    const pieces: FStringPiece[] = []
    let literal = ''
    let place = from
    const flush = (): void => {
      if (literal !== '') pieces.push(this.#raw ? literal : at(from, () => readEscapes(literal)))
      literal = ''
    }
    while (place < source.length) {
      const char = source.charAt(place)
      if (!inSpec && source.startsWith(this.#quote, place)) {
        flush()
        return { pieces, end: place }
      }
      if (this.#quote.length === 1 && (char === '\n' || char === '\r' || (inSpec && char === this.#quote)))
        break
      if (char === '\\' && !this.#raw) {
        const named = /\\N\{[^}]*\}/y
        named.lastIndex = place
        const length = named.exec(source)?.[0].length ?? 2
        literal += source.slice(place, place + length)
        place += length
      } else if (char === '{' && (inSpec || source[place + 1] !== '{')) {
        flush()
        const field = this.#field(place + 1, depth)
        pieces.push(...field.pieces)
        place = field.end
      } else if (char === '}' && inSpec) {
        flush()
        return { pieces, end: place }
      } else if (char === '}' && source[place + 1] !== '}') {
        throw syntax("f-string: single '}' is not allowed", place)
      } else {
        literal += char
        place += char === '{' || char === '}' ? 2 : 1
      }
    }
    throw syntax('unterminated f-string literal', from - this.#quote.length)
  }

  #field(from: number, depth: number): { pieces: FStringPiece[]; end: number } {
    const source = this.#source
    const stop = this.#expressionEnd(from)
    let place = stop
    const pieces: FStringPiece[] = []
    let end = stop
    if (source[place] === '=') {
      place += 1
      while (/\s/.test(source.charAt(place))) place += 1
      pieces.push(source.slice(from, place))
    }
    if (source.slice(from, end).trim() === '')
      throw syntax("f-string: valid expression required before '}'", from)
    if (source[place] === '!') {
      const conversion = /![a-zA-Z_]+\s*/y
      conversion.lastIndex = place
      const written = conversion.exec(source)?.[0] ?? ''
      if (!/^![rsa]\s*$/.test(written)) throw syntax('f-string: invalid conversion character', place)
      place += written.length
    }
    end = stop
    let spec: FStringPiece[] | undefined
    if (source[place] === ':') {
      const inner = this.#pieces(place + 1, true, depth + 1)
      spec = inner.pieces
      place = inner.end
    }
    if (source[place] !== '}') throw syntax("f-string: expecting '}'", place)
    pieces.push({ start: from, end, spec })
    return { pieces, end: place + 1 }
  }

  /** Where the expression of a field ends: at a `}`, `!`, `:` or `=` outside of brackets and texts. */
  #expressionEnd(from: number): number {
    const source = this.#source
    let depth = 0
    for (let place = from; place < source.length; place += 1) {
      const char = source.charAt(place)
      if (char === '"' || char === "'") {
        const quote = source.startsWith(char.repeat(3), place) ? char.repeat(3) : char
        place = findQuote(source, place + quote.length, quote, place) + quote.length - 1
      } else if (char === '#') {
        // A comment hides the rest of its line, so that a field can only end on a later one.
        const lineEnd = source.indexOf('\n', place)
        if (this.#quote.length === 1 || lineEnd < 0)
          throw syntax("f-string: an expression cannot include '#'", place)
        place = lineEnd
      } else if ('([{'.includes(char)) depth += 1
      else if (depth > 0 && ')]}'.includes(char)) depth -= 1
      else if (depth === 0) {
        if (char === '}' || char === ':') return place
        if (char === '!' && source[place + 1] !== '=') return place
        if (char === '=' && source[place + 1] !== '=' && !'=!<>'.includes(source.charAt(place - 1)))
          return place
      }
    }
    throw syntax("f-string: expecting '}'", from)
  }
}
