import { YAML_LIMITS } from './yaml-limits.ts'
import { emptyScalar, nameOfKey, type YamlEntry, type YamlNode, type YamlScalar } from './yaml-node.ts'
import { kindOfPlain, ScalarProblem, scalarOf } from './yaml-scalar.ts'

/**
 * Reads the part of YAML that nearly every file keeps to: maps and lists by indentation, text on one line with or without
 * quotes, `|` and `>`, `[…]` and `{…}` on one line, comments. One pass, without tokens and a tree in between, which takes a
 * tenth of the time that a full reading does.
 *
 * @returns `undefined` for everything else, and for all that is wrong: then a full reading has the word. What comes back is
 *   what a full reading of the text would give, without anything to report.
 */
export function readPlainYaml(text: string): YamlNode | undefined {
  // What stands for a file that is not there.
  if (text === '') return emptyScalar(0)
  // A value takes two characters at least: a text this short cannot hold too many.
  if (text.length > YAML_LIMITS.nodes || UNUSUAL.test(text)) return undefined
  try {
    return new PlainReading(text).document()
  } catch (error) {
    if (error === NOT_PLAIN) return undefined
    throw error
  }
}

/** Tabs, line ends of Windows, a byte order mark, and the marks of documents and directives, but for a `---` at the start. */
const UNUSUAL = /[\t\r\ufeff]|\n(?:---|\.\.\.|%)|^(?:---(?!\n)|\.\.\.|%)/

/** Thrown to leave a reading from any depth; made once, because collecting a stack would cost more than the reading. */
const NOT_PLAIN = new Error('not the plain part of YAML')

/** What text without quotes cannot begin with. `-` may, unless a blank follows. */
const INDICATORS = '?:,[]{}#&*!|>\'"%@`'
const FLOW_INDICATORS = ',[]{}'

/** The usual escapes between double quotes; the others are rare. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
])

/** A key is longer than the format allows, or close to it. */
const LONG_KEY = 1000

const NEWLINE = 0x0a
const SPACE = 0x20
const DOUBLE_QUOTE = 0x22
const HASH = 0x23
const SINGLE_QUOTE = 0x27
const COMMA = 0x2c
const DASH = 0x2d
const COLON = 0x3a
const GREATER = 0x3e
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const PIPE = 0x7c
const CLOSE_BRACE = 0x7d

/** One reading of one text. Every method that reads a value begins at its first character and ends behind its last. */
class PlainReading {
  readonly #text: string
  #position = 0
  /** Column of the line that `#position` begins, from 0; -1 at the end of the text. Holds between values. */
  #column = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): YamlNode {
    this.#toNextLine(this.#text.startsWith('---\n') ? 3 : -1)
    if (this.#column !== 0) throw NOT_PLAIN
    const root = this.#block(0, 0)
    if (this.#column >= 0) throw NOT_PLAIN
    return root
  }

  #block(column: number, depth: number): YamlNode {
    return this.#isItem() ? this.#list(column, depth) : this.#map(column, depth)
  }

  #map(column: number, depth: number): YamlNode {
    const start = this.#position
    const entries = new Map<string, YamlEntry>()
    let end = start
    do {
      const key = this.#key()
      const name = nameOfKey(key)
      if (entries.has(name)) throw NOT_PLAIN
      const value = this.#valueOfKey(column, depth + 1)
      entries.set(name, { key, value })
      end = value.end
    } while (this.#column === column)
    if (this.#column > column) throw NOT_PLAIN
    return { kind: 'map', entries, start, end }
  }

  #list(column: number, depth: number): YamlNode {
    const start = this.#position
    const items: YamlNode[] = []
    let end = start
    do {
      const item = this.#item(column, depth + 1)
      items.push(item)
      end = item.end
    } while (this.#column === column && this.#isItem())
    if (this.#column > column) throw NOT_PLAIN
    return { kind: 'seq', items, start, end }
  }

  #isItem(): boolean {
    return this.#code(this.#position) === DASH && this.#isGap(this.#position + 1)
  }

  /** Ends behind the colon. */
  #key(): YamlScalar {
    const key = this.#scalar()
    const colon = this.#skipSpaces(this.#position)
    if (this.#code(colon) !== COLON || !this.#isGap(colon + 1) || colon - key.start > LONG_KEY)
      throw NOT_PLAIN
    this.#position = colon + 1
    return key
  }

  /** Begins behind the colon, and ends at the next line that says something. */
  #valueOfKey(column: number, depth: number): YamlNode {
    const start = this.#skipSpaces(this.#position)
    if (!this.#isLineEnd(start)) return this.#valueInLine(start, column, depth)
    this.#finishLine(start)
    if (this.#column > column) return this.#deeper(depth)
    // A list may stand as far left as the key that it belongs to.
    if (this.#column === column && this.#isItem()) return this.#list(column, checkDepth(depth))
    return emptyScalar(start)
  }

  /** Begins at the dash, and ends at the next line that says something. */
  #item(column: number, depth: number): YamlNode {
    const dash = this.#position
    const start = this.#skipSpaces(dash + 1)
    if (this.#isLineEnd(start)) {
      this.#finishLine(start)
      return this.#column > column ? this.#deeper(depth) : emptyScalar(start)
    }
    if (!this.#isKeyAt(start)) return this.#valueInLine(start, column, depth)
    this.#position = start
    this.#column = column + start - dash
    return this.#map(this.#column, checkDepth(depth))
  }

  #deeper(depth: number): YamlNode {
    return this.#block(this.#column, checkDepth(depth))
  }

  /** A value that begins on the line of its key or dash; ends at the next line that says something. */
  #valueInLine(start: number, column: number, depth: number): YamlNode {
    this.#position = start
    const code = this.#code(start)
    if (code === PIPE || code === GREATER) return this.#blockText(column)
    const value =
      code === OPEN_BRACKET || code === OPEN_BRACE ? this.#flow(checkDepth(depth)) : this.#scalar()
    this.#finishLine(this.#position)
    return value
  }

  /** Whether a map begins here: a scalar and a colon. Leaves the position alone. */
  #isKeyAt(start: number): boolean {
    const code = this.#code(start)
    if (code === OPEN_BRACKET || code === OPEN_BRACE || code === PIPE || code === GREATER) return false
    this.#position = start
    this.#scalar()
    return this.#code(this.#skipSpaces(this.#position)) === COLON
  }

  /** Text on one line, with or without quotes. */
  #scalar(): YamlScalar {
    const start = this.#position
    const code = this.#code(start)
    if (code === DOUBLE_QUOTE) return this.#doubleQuoted(start)
    if (code === SINGLE_QUOTE) return this.#singleQuoted(start)
    return this.#plain(start, '')
  }

  /** `stops`: what ends the text beside a comment, a colon and the line. */
  #plain(start: number, stops: string): YamlScalar {
    const text = this.#text
    if (INDICATORS.includes(text.charAt(start))) throw NOT_PLAIN
    if (this.#code(start) === DASH && this.#isGap(start + 1, stops)) throw NOT_PLAIN
    let end = start
    for (let i = start; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code === SPACE) {
        if (text.charCodeAt(i + 1) === HASH) break
        continue
      }
      if (code === NEWLINE || (code === COLON && this.#isGap(i + 1, stops))) break
      if (stops !== '' && stops.includes(text.charAt(i))) break
      end = i + 1
    }
    this.#position = end
    return this.#plainScalar(text.slice(start, end), start, end)
  }

  #plainScalar(source: string, start: number, end: number): YamlScalar {
    const kind = kindOfPlain(source)
    if (source === '' || kind === 'merge' || kind === 'value') throw NOT_PLAIN
    const value = scalarOf(kind, source)
    if (value instanceof ScalarProblem) throw NOT_PLAIN
    return { kind: 'scalar', value, source, style: 'plain', start, end }
  }

  #singleQuoted(start: number): YamlScalar {
    const text = this.#text
    let close = text.indexOf("'", start + 1)
    while (close >= 0 && text.charCodeAt(close + 1) === SINGLE_QUOTE) close = text.indexOf("'", close + 2)
    const inside = text.slice(start + 1, close)
    if (close < 0 || inside.includes('\n')) throw NOT_PLAIN
    return this.#quoted(inside.replaceAll("''", "'"), start, close + 1)
  }

  #doubleQuoted(start: number): YamlScalar {
    const text = this.#text
    let value = ''
    let from = start + 1
    for (let i = from; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code === NEWLINE) break
      if (code === DOUBLE_QUOTE) return this.#quoted(value + text.slice(from, i), start, i + 1)
      if (code !== BACKSLASH) continue
      const escaped = ESCAPES.get(text.charAt(i + 1))
      if (escaped === undefined) break
      value += text.slice(from, i) + escaped
      i += 1
      from = i + 1
    }
    throw NOT_PLAIN
  }

  #quoted(value: string, start: number, end: number): YamlScalar {
    this.#position = end
    return { kind: 'scalar', value, source: value, style: 'quoted', start, end }
  }

  /** `[…]` or `{…}` on one line. */
  #flow(depth: number): YamlNode {
    const start = this.#position
    const isMap = this.#code(start) === OPEN_BRACE
    const close = isMap ? CLOSE_BRACE : CLOSE_BRACKET
    const entries = new Map<string, YamlEntry>()
    const items: YamlNode[] = []
    this.#position = this.#skipSpaces(start + 1)
    let isOpen = this.#code(this.#position) !== close
    while (isOpen) {
      if (isMap) this.#flowEntry(entries, depth)
      else items.push(this.#flowValue(depth))
      this.#position = this.#skipSpaces(this.#position)
      isOpen = this.#code(this.#position) === COMMA
      if (isOpen) this.#position = this.#skipSpaces(this.#position + 1)
    }
    if (this.#code(this.#position) !== close) throw NOT_PLAIN
    this.#position += 1
    const end = this.#position
    return isMap ? { kind: 'map', entries, start, end } : { kind: 'seq', items, start, end }
  }

  #flowEntry(entries: Map<string, YamlEntry>, depth: number): void {
    const key = this.#flowScalar()
    const name = nameOfKey(key)
    const colon = this.#position
    if (this.#code(colon) !== COLON || this.#code(colon + 1) !== SPACE || entries.has(name)) throw NOT_PLAIN
    this.#position = this.#skipSpaces(colon + 1)
    entries.set(name, { key, value: this.#flowValue(depth) })
  }

  #flowValue(depth: number): YamlNode {
    const code = this.#code(this.#position)
    return code === OPEN_BRACKET || code === OPEN_BRACE
      ? this.#flow(checkDepth(depth + 1))
      : this.#flowScalar()
  }

  #flowScalar(): YamlScalar {
    const code = this.#code(this.#position)
    return code === DOUBLE_QUOTE || code === SINGLE_QUOTE
      ? this.#scalar()
      : this.#plain(this.#position, FLOW_INDICATORS)
  }

  /** `|` or `>`: the lines below that are indented more than `column`. Ends at the next line that says something. */
  #blockText(column: number): YamlScalar {
    const text = this.#text
    const start = this.#position
    const headerEnd = this.#lineEnd(start)
    const header = text.slice(start, headerEnd).trimEnd()
    if (!/^[|>]-?$/.test(header)) throw NOT_PLAIN
    const isFolded = header.startsWith('>')
    let value = ''
    let indent = -1
    let blankLines = 0
    let lastEnd = headerEnd
    for (let line = headerEnd + 1; line < text.length; ) {
      const first = this.#skipSpaces(line)
      const lineEnd = this.#lineEnd(first)
      if (first === lineEnd) {
        // Blanks that reach further than the text are text too, and those that end the file are somewhere in between.
        if (first > line && (first - line > indent || first === text.length)) throw NOT_PLAIN
        blankLines += 1
      } else {
        if (indent < 0) indent = first - line
        if (indent <= column) throw NOT_PLAIN
        if (first - line < indent) break
        if (isFolded && first - line > indent) throw NOT_PLAIN
        const isFirst = lastEnd === headerEnd
        // Folding turns a line break into a blank; of several, the first is lost.
        value +=
          isFirst || (isFolded && blankLines > 0)
            ? '\n'.repeat(blankLines)
            : isFolded
              ? ' '
              : '\n'.repeat(blankLines + 1)
        value += text.slice(line + indent, lineEnd)
        blankLines = 0
        lastEnd = lineEnd
      }
      line = lineEnd + 1
    }
    if (indent < 0) throw NOT_PLAIN
    // A last line without a line break gets none, as PyYAML has it.
    if (!header.endsWith('-') && lastEnd < text.length) value += '\n'
    this.#toNextLine(lastEnd)
    const end = Math.min(lastEnd + 1, text.length)
    return { kind: 'scalar', value, source: value, style: 'block', start, end }
  }

  /** From behind a value to the next line that says something. Only a comment may stand in between. */
  #finishLine(from: number): void {
    const rest = this.#skipSpaces(from)
    const code = this.#code(rest)
    if (code === HASH && this.#code(rest - 1) === SPACE) this.#toNextLine(this.#lineEnd(rest))
    else if (code === NEWLINE || rest === this.#text.length) this.#toNextLine(rest)
    else throw NOT_PLAIN
  }

  /** From the end of a line to the first character of the next one that is neither blank nor a comment. */
  #toNextLine(lineEnd: number): void {
    let end = lineEnd
    while (end < this.#text.length) {
      const first = this.#skipSpaces(end + 1)
      const code = this.#code(first)
      if (code !== NEWLINE && code !== HASH && first < this.#text.length) {
        this.#position = first
        this.#column = first - end - 1
        return
      }
      end = this.#lineEnd(first)
    }
    this.#position = this.#text.length
    this.#column = -1
  }

  /** NaN behind the end. */
  #code(offset: number): number {
    return this.#text.charCodeAt(offset)
  }

  #skipSpaces(from: number): number {
    let i = from
    while (this.#text.charCodeAt(i) === SPACE) i++
    return i
  }

  #lineEnd(from: number): number {
    const end = this.#text.indexOf('\n', from)
    return end < 0 ? this.#text.length : end
  }

  #isLineEnd(offset: number): boolean {
    const code = this.#code(offset)
    return code === NEWLINE || code === HASH || offset === this.#text.length
  }

  #isGap(offset: number, stops = ''): boolean {
    const code = this.#code(offset)
    return (
      code === SPACE ||
      code === NEWLINE ||
      offset >= this.#text.length ||
      (stops !== '' && stops.includes(this.#text.charAt(offset)))
    )
  }
}

function checkDepth(depth: number): number {
  if (depth > YAML_LIMITS.depth) throw NOT_PLAIN
  return depth
}
