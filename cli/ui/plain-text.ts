/** CSI and OSC sequences, then any other escape with the one character it takes. */
const ESCAPES =
  /\u001b\[[0-9;:<=>?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u009b[0-9;:<=>?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]?/g
/** C0 but tab and line feed, DEL, C1, and the characters that turn the direction of text around. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/**
 * Text that is safe to show on a terminal: models, tools and files can hold escape sequences that move the cursor,
 * rename the window or hide what follows. Line breaks and tabs stay; `\r\n` becomes `\n`.
 */
export function stripControls(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(ESCAPES, '').replace(CONTROLS, '')
}

/** The same on one line: every run of white space becomes one space. */
export function oneLine(text: string): string {
  return stripControls(text).replace(/\s+/g, ' ').trim()
}

/** East Asian wide characters and emoji, which take two columns. Close enough for tables. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/gu
const ZERO_WIDTH = /\p{Mn}|\u200b|\u200c|\u200d/gu

/** Columns that a text without control characters takes on a terminal. */
export function displayWidth(text: string): number {
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

/** `1 step`, `2 steps`, `1 entry`, `2 entries`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${n === 1 ? one : many}`
}

/** A whole number with its thousands set apart: `12,345`. */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',')
}
