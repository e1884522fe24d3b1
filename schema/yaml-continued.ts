/** A text with other blanks at the beginnings of some lines, and where its characters stand in the one it was made of. */
export interface Widened {
  readonly text: string
  readonly sourceOf: (offset: number) => number
}

/**
 * PyYAML lets text in quotes and values in brackets go on in lines of any indentation; the parser we use wants them
 * further right than the key they belong to. Blanks at the beginning of such a line mean nothing, so this adds them.
 *
 * @returns `undefined` when no line needs any.
 */
export function widenContinuedLines(source: string): Widened | undefined {
  const added = new ContinuedLines(source).find()
  if (added.length === 0) return undefined
  let text = ''
  let from = 0
  for (const { offset, blanks } of added) {
    text += source.slice(from, offset) + ' '.repeat(blanks)
    from = offset
  }
  return { text: text + source.slice(from), sourceOf: (offset) => sourceOf(offset, added) }
}

interface Blanks {
  /** In the source, the beginning of a line. */
  readonly offset: number
  readonly blanks: number
}

function sourceOf(offset: number, added: readonly Blanks[]): number {
  let shift = 0
  for (const { offset: at, blanks } of added) {
    if (at + shift >= offset) break
    // Inside of what was added is the place before it.
    if (at + shift + blanks >= offset) return at
    shift += blanks
  }
  return offset - shift
}

const QUOTES = `"'`
const OPENING = '[{'
const CLOSING = ']}'

/** Walks over a text, looking only at what tells where quotes and brackets begin and end. */
class ContinuedLines {
  readonly #text: string
  readonly #added: Blanks[] = []
  #position = 0
  /** Beginning of the line. */
  #line = 0

  constructor(text: string) {
    this.#text = text
  }

  find(): readonly Blanks[] {
    while (this.#position < this.#text.length) this.#readLine()
    return this.#added
  }

  /** A line outside of quotes and brackets; ends at the beginning of the next such line. */
  #readLine(): void {
    this.#line = this.#position
    let parent = -1
    this.#skip(' ')
    while (!this.#isLineEnd()) {
      const start = this.#position
      const character = this.#text.charAt(start)
      const column = start - this.#line
      if (character === '#') break
      if (character === '|' || character === '>') {
        this.#skipBlockText(parent)
        return
      }
      if ((character === '-' || character === '?') && this.#isGap(start + 1)) {
        parent = column
        this.#position += 1
      } else {
        if (QUOTES.includes(character)) this.#skipQuoted(column)
        else if (OPENING.includes(character)) this.#skipBrackets(column)
        else if (character === '!' || character === '&') this.#skipWord()
        else this.#skipPlain()
        this.#skip(' ')
        if (this.#text[this.#position] === ':' && this.#isGap(this.#position + 1)) {
          parent = column
          this.#position += 1
        }
      }
      this.#skip(' ')
      if (this.#position === start) this.#position += 1
    }
    this.#toNextLine()
  }

  #skipPlain(): void {
    for (; !this.#isLineEnd(); this.#position++) {
      const character = this.#text[this.#position]
      if (character === ':' && this.#isGap(this.#position + 1)) return
      if (character === '#' && this.#text[this.#position - 1] === ' ') return
    }
  }

  #skipWord(): void {
    while (!this.#isGap(this.#position)) this.#position++
  }

  #skipQuoted(column: number): void {
    const quote = this.#text[this.#position++]
    for (; this.#position < this.#text.length; this.#position++) {
      const character = this.#text[this.#position]
      if (character === '\n') this.#continueAt(column)
      else if (character === '\\' && quote === '"') {
        // A line break can be escaped too.
        if (this.#text[this.#position + 1] !== '\n') this.#position++
      } else if (character === quote) {
        this.#position++
        if (quote === '"' || this.#text[this.#position] !== quote) return
      }
    }
  }

  #skipBrackets(column: number): void {
    let open = 0
    let isStart = true
    for (; this.#position < this.#text.length; this.#position++) {
      const character = this.#text.charAt(this.#position)
      if (character === '\n') this.#continueAt(column)
      else if (character === '#' && this.#isGap(this.#position - 1)) {
        this.#position = this.#lineEnd() - 1
        continue
      } else if (QUOTES.includes(character) && isStart) {
        this.#skipQuoted(column)
        this.#position--
      } else if (OPENING.includes(character)) open++
      else if (CLOSING.includes(character) && --open === 0) {
        this.#position++
        return
      }
      // Quotes inside of other text are part of it.
      if (!this.#isGap(this.#position)) isStart = '[{,:'.includes(character)
    }
  }

  /** At a line break inside of what began at `column`: the next line has to be further right than that. */
  #continueAt(column: number): void {
    const offset = this.#position + 1
    let first = offset
    while (this.#text[first] === ' ') first++
    const blanks = column + 1 - (first - offset)
    const isBlank = first >= this.#text.length || this.#text[first] === '\n' || this.#text[first] === '\r'
    if (blanks > 0 && !isBlank) this.#added.push({ offset, blanks })
  }

  /** The lines below `|` or `>` that are further right than what the text belongs to. */
  #skipBlockText(parent: number): void {
    this.#toNextLine()
    while (this.#position < this.#text.length) {
      const start = this.#position
      this.#skip(' ')
      const isInside = this.#isLineEnd() || this.#position - start > parent
      this.#position = start
      if (!isInside) return
      this.#toNextLine()
    }
  }

  #skip(character: string): void {
    while (this.#text[this.#position] === character) this.#position++
  }

  #lineEnd(): number {
    const end = this.#text.indexOf('\n', this.#position)
    return end < 0 ? this.#text.length : end
  }

  #toNextLine(): void {
    this.#position = Math.min(this.#lineEnd() + 1, this.#text.length)
  }

  #isLineEnd(): boolean {
    const character = this.#text[this.#position]
    return character === undefined || character === '\n' || character === '\r'
  }

  #isGap(offset: number): boolean {
    const character = this.#text[offset]
    return character === undefined || character === ' ' || character === '\n' || character === '\r'
  }
}
