import { valueError } from '../errors.ts'
import { stripChars } from '../string-methods.ts'
import { codePoints, isSpace, textLength } from '../text.ts'

/** How a line is broken: at most `width` characters, long words and words with hyphens split or kept. */
export type WrapOptions = {
  readonly width: number
  readonly breakLong: boolean
  readonly breakHyphens: boolean
}

const BLANKS = String.raw`[\t\n\v\f\r ]`
const WORD = String.raw`[\p{L}\p{N}_]`
const LETTER = String.raw`[\p{L}\p{Nl}\p{No}_]`
/** What may stand before a dash of two hyphens or more. */
const WORD_MARK = String.raw`[\p{L}\p{N}_!"'&.,?]`
/**
 * Blanks, a dash between words, or a word up to its end, up to a dash, or up to a hyphen that stands between letters: two before it
 * (or one, a hyphen and another character) and two behind it, which may have a hyphen between them.
 */
const CHUNK = new RegExp(
  [
    `${BLANKS}+`,
    `(?<=${WORD_MARK})-{2,}(?=${WORD})`,
    `${BLANKS.replace('[', '[^')}+?(?:-(?:(?<=${LETTER}{2}-)|(?<=${LETTER}-${WORD_MARK}-))(?=${LETTER}-?${LETTER})|(?=${BLANKS}|$)|(?<=${WORD_MARK})(?=-{2,}${WORD}))`,
  ].join('|'),
  'gu',
)

/** Words with the blanks between them; words with hyphens are cut where they may be broken. */
function chunksOf(line: string, breakHyphens: boolean): string[] {
  if (breakHyphens) return line.match(CHUNK) ?? []
  return line.split(/([\t\n\v\f\r ]+)/).filter((chunk) => chunk !== '')
}

function isBlank(chunk: string): boolean {
  return stripChars(chunk, isSpace) === ''
}

/**
 * Break one line as Python's `textwrap.wrap` does with tabs and white space left alone. Throws `ValueError` for a width below 1.
 */
export function wrapLine(line: string, options: WrapOptions): string[] {
  if (options.width <= 0) throw valueError(`invalid width ${options.width} (must be > 0)`)
  const chunks = chunksOf(line, options.breakHyphens).reverse()
  const lines: string[] = []
  while (chunks.length > 0) {
    const current: string[] = []
    let length = 0
    if (lines.length > 0 && isBlank(chunks.at(-1) ?? '')) chunks.pop()
    while (chunks.length > 0) {
      const size = textLength(chunks.at(-1) ?? '')
      if (length + size > options.width) break
      current.push(chunks.pop() ?? '')
      length += size
    }
    const next = chunks.at(-1)
    if (next !== undefined && textLength(next) > options.width) {
      const room = options.width - length
      if (options.breakLong) {
        const points = codePoints(next)
        const cut = hyphenCut(points, room, options)
        current.push(points.slice(0, cut).join(''))
        chunks[chunks.length - 1] = points.slice(cut).join('')
      } else if (current.length === 0) current.push(chunks.pop() ?? '')
    }
    if (current.length > 0 && isBlank(current.at(-1) ?? '')) current.pop()
    if (current.length > 0) lines.push(current.join(''))
  }
  return lines
}

function hyphenCut(points: readonly string[], room: number, options: WrapOptions): number {
  if (!options.breakHyphens || points.length <= room) return room
  const hyphen = points.slice(0, room).lastIndexOf('-')
  return hyphen > 0 && points.slice(0, hyphen).some((char) => char !== '-') ? hyphen + 1 : room
}
