import { ESCAPES } from '../../runner/report/plain-text.ts'

export { count, grouped, oneLine, stripControls } from '../../runner/report/plain-text.ts'

/** East Asian wide characters and emoji, which take two columns. Close enough for tables. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/gu
const ZERO_WIDTH = /\p{Mn}|\u200b|\u200c|\u200d/gu

/** Columns that a text without control characters takes on a terminal. */
export function displayWidth(text: string): number {
  // Nearly everything in a table of thousands.
  if (/^[ -~]*$/.test(text)) return text.length
  const visible = text.replace(ESCAPES, '').replace(ZERO_WIDTH, '')
  return [...visible].length + (visible.match(WIDE)?.length ?? 0)
}

/** Fills up with spaces to `width` columns. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)))
}

/** Cuts uncoloured text to at most `width` columns, ending with `ellipsis` where something is left out. */
export function shorten(text: string, width: number, ellipsis = '…'): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  for (const character of text) {
    if (displayWidth(kept + character) > width - displayWidth(ellipsis)) break
    kept += character
  }
  return kept + ellipsis
}

/** Breaks one paragraph into lines of at most `width` columns, at spaces. A word that is longer stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
