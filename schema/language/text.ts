/** Python counts code points, JavaScript UTF-16 units. Texts without surrogates, nearly all, take the short way. */

const SURROGATE = /[\ud800-\udfff]/

/** Whether the text holds any surrogate, so that units and code points differ. */
export function hasSurrogates(text: string): boolean {
  return SURROGATE.test(text)
}

/** The code points of a text, each as its own string; a lone surrogate is one. */
export function codePoints(text: string): string[] {
  return hasSurrogates(text) ? Array.from(text) : text.split('')
}

/** Python's `len(text)`. */
export function textLength(text: string): number {
  if (!hasSurrogates(text)) return text.length
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** Python's ordering of texts: by code point, below 0, 0 or above 0. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  if (!hasSurrogates(a) && !hasSurrogates(b)) return a < b ? -1 : 1
  const left = Array.from(a)
  const right = Array.from(b)
  const shared = Math.min(left.length, right.length)
  for (let index = 0; index < shared; index += 1) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** Convert an offset in UTF-16 units, as `indexOf` gives it, to one in code points. */
export function unitToPoint(text: string, unit: number): number {
  return hasSurrogates(text) ? textLength(text.slice(0, unit)) : unit
}

/** Convert an offset in code points to one in UTF-16 units. */
export function pointToUnit(text: string, point: number): number {
  if (!hasSurrogates(text)) return point
  let unit = 0
  let seen = 0
  for (const char of text) {
    if (seen >= point) break
    seen += 1
    unit += char.length
  }
  return unit
}

/** The white space that Python's `str.isspace` and `str.split` know, which differs a little from JavaScript's. */
const SPACE = /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/

/** Whether one character is white space for Python. */
export function isSpace(char: string): boolean {
  return SPACE.test(char)
}

/** Where Python's `str.splitlines` ends a line; `\r\n` counts once. */
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g

/** Python's `str.splitlines(keepends)`. */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = []
  let start = 0
  for (const match of text.matchAll(LINE_END)) {
    lines.push(text.slice(start, keepEnds ? match.index + match[0].length : match.index))
    start = match.index + match[0].length
  }
  if (start < text.length) lines.push(text.slice(start))
  return lines
}
