/** CSI and OSC sequences, then any other escape with the one character it takes. */
export const ESCAPES =
  /\u001b\[[0-9;:<=>?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u009b[0-9;:<=>?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]?/g
/** C0 but tab and line feed, DEL, C1, and the characters that turn the direction of text around. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/**
 * Text that is safe to show on a terminal or in a log: models, tools and files can hold escape sequences that move the
 * cursor, rename the window or hide what follows. Line breaks and tabs stay; `\r\n` becomes `\n`.
 */
export function stripControls(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(ESCAPES, '').replace(CONTROLS, '')
}

/** The same on one line: every run of white space becomes one space. */
export function oneLine(text: string): string {
  return stripControls(text).replace(/\s+/g, ' ').trim()
}

/** `1 step`, `2 steps`, `1 entry`, `2 entries`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${n === 1 ? one : many}`
}

/** A whole number with its thousands set apart, whatever the locale: `12,345`. */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',')
}
