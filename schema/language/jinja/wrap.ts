import { codePoints, textLength } from '../text.ts'

/** How a line is broken: at most `width` characters, long words and words with hyphens split or kept. */
export type WrapOptions = {
  readonly width: number
  readonly breakLong: boolean
  readonly breakHyphens: boolean
}

/** Words with the blanks between them; words with hyphens are cut after each hyphen between letters. */
function chunksOf(line: string, breakHyphens: boolean): string[] {
  const words = line.split(/([\t\n\v\f\r ]+)/).filter((chunk) => chunk !== '')
  if (!breakHyphens) return words
  return words.flatMap((word) =>
    /^[\t\n\v\f\r ]/.test(word)
      ? [word]
      : word.split(/(?<=[\p{L}_][\p{L}\p{N}_]*-)(?=[\p{L}_])|(?<=\w)(?=-{2,}\w)|(?<=-{2,})(?=\w)/u),
  )
}

/** Break one line as Python's `textwrap.wrap` does with tabs and white space left alone. */
export function wrapLine(line: string, options: WrapOptions): string[] {
  const chunks = chunksOf(line, options.breakHyphens).reverse()
  const lines: string[] = []
  while (chunks.length > 0) {
    const current: string[] = []
    let length = 0
    if (lines.length > 0 && (chunks.at(-1) ?? '').trim() === '') chunks.pop()
    while (chunks.length > 0) {
      const size = textLength(chunks.at(-1) ?? '')
      if (length + size > options.width) break
      current.push(chunks.pop() ?? '')
      length += size
    }
    const next = chunks.at(-1)
    if (next !== undefined && textLength(next) > options.width) {
      const room = Math.max(1, options.width - length)
      if (options.breakLong) {
        const points = codePoints(next)
        const cut = hyphenCut(points, room, options)
        current.push(points.slice(0, cut).join(''))
        chunks[chunks.length - 1] = points.slice(cut).join('')
      } else if (current.length === 0) current.push(chunks.pop() ?? '')
    }
    if ((current.at(-1) ?? 'x').trim() === '') current.pop()
    if (current.length > 0) lines.push(current.join(''))
  }
  return lines
}

function hyphenCut(points: readonly string[], room: number, options: WrapOptions): number {
  if (!options.breakHyphens || points.length <= room) return room
  const hyphen = points.slice(0, room).lastIndexOf('-')
  return hyphen > 0 && points.slice(0, hyphen).some((char) => char !== '-') ? hyphen + 1 : room
}
