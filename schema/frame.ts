import type { Diagnostic, Severity } from './diagnostic.ts'

/** Colours a piece of a rendered diagnostic; the default leaves it as it is. */
export type Paint = (text: string, role: Severity | 'frame' | 'note') => string

const plain: Paint = (text) => text

// A lone control character from a file must never reach a terminal.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Makes text of a file safe to print on one line: control and direction-changing characters become `\u{..}`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`)
}

const LONGEST_LINE = 120

/**
 * Renders a diagnostic for people: what is wrong, where, the line with a caret, and what to do.
 *
 * @param text the file's text, as {@link Diagnostic} places point into it; without it there is no code frame.
 */
export function renderDiagnostic(diagnostic: Diagnostic, text?: string, paint: Paint = plain): string {
  const { severity, code, message, file, line, column } = diagnostic
  const gutter = ' '.repeat(String(line).length)
  const bar = paint('|', 'frame')
  const lines = [
    `${paint(`${severity} ${code}`, severity)}: ${printable(message)}`,
    `${gutter}${paint('-->', 'frame')} ${printable(file)}:${line}:${column}`,
  ]
  const source = text === undefined ? undefined : lineOf(text, line)
  const notes = notesOf(diagnostic)
  if (source !== undefined) {
    const frame = frameOf(source, diagnostic)
    lines.push(`${gutter} ${bar}`)
    lines.push(`${paint(String(line), 'frame')} ${bar} ${frame.code}`.trimEnd())
    lines.push(`${gutter} ${bar} ${frame.indent}${paint(frame.carets, severity)}`)
  }
  for (const note of notes) lines.push(`${gutter} ${paint('=', 'frame')} ${paint(note, 'note')}`)
  return lines.join('\n')
}

function notesOf(diagnostic: Diagnostic): readonly string[] {
  const { expected, found, didYouMean, help } = diagnostic
  return [
    ...(expected === undefined ? [] : [`expected: ${printable(expected)}`]),
    ...(found === undefined ? [] : [`found: ${printable(found)}`]),
    ...(didYouMean === undefined ? [] : [`did you mean '${printable(didYouMean)}'?`]),
    ...(help === undefined ? [] : [`help: ${printable(help)}`]),
  ]
}

function lineOf(text: string, line: number): string | undefined {
  let start = 0
  for (let i = 1; i < line; i += 1) {
    const next = text.indexOf('\n', start)
    if (next < 0) return undefined
    start = next + 1
  }
  const end = text.indexOf('\n', start)
  const found = text.slice(start, end < 0 ? text.length : end)
  return found.endsWith('\r') ? found.slice(0, -1) : found
}

/** Cuts a long line around the marked place and makes it printable; the carets follow what is shown. */
function frameOf(source: string, diagnostic: Diagnostic): { code: string; indent: string; carets: string } {
  const start = Math.min(diagnostic.column - 1, source.length)
  const isOneLine = diagnostic.endLine === undefined || diagnostic.endLine === diagnostic.line
  const marked = isOneLine ? (diagnostic.endColumn ?? diagnostic.column + 1) - 1 : source.length
  const end = Math.max(start, Math.min(marked, source.length))
  const from = start > LONGEST_LINE - 40 ? start - 40 : 0
  const to = Math.min(source.length, from + LONGEST_LINE)
  const before = `${from > 0 ? '...' : ''}${printable(source.slice(from, start))}`
  const inside = printable(source.slice(start, Math.min(end, to)))
  const after = `${printable(source.slice(Math.min(end, to), to))}${to < source.length ? '...' : ''}`
  return {
    code: before + inside + after,
    indent: ' '.repeat(widthOf(before)),
    carets: '^'.repeat(Math.max(1, widthOf(inside))),
  }
}

/** Columns that a terminal needs: wide scripts and emoji take two, combining signs none. */
function widthOf(text: string): number {
  let width = 0
  for (const sign of text) {
    if (/\p{Mn}|\p{Me}/u.test(sign)) continue
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        sign,
      )
        ? 2
        : 1
  }
  return width
}

const COMMANDS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'notice' }

/**
 * Renders a diagnostic as a workflow command of GitHub Actions, which shows it beside the line in a pull request.
 * See "Workflow commands for GitHub Actions", setting an error message: `%`, line breaks, and in properties `:` and `,` are escaped.
 */
export function renderAnnotation(diagnostic: Diagnostic): string {
  const { file, line, column, endLine, endColumn, code, severity } = diagnostic
  const properties: readonly (readonly [string, string | number | undefined])[] = [
    ['file', file],
    ['line', line],
    ['endLine', endLine],
    ['col', column],
    // GitHub takes the end column as inclusive, and only on one line.
    [
      'endColumn',
      endColumn === undefined || (endLine ?? line) !== line ? undefined : Math.max(column, endColumn - 1),
    ],
    ['title', code],
  ]
  const head = properties
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${escapeProperty(String(value))}`]))
    .join(',')
  const body = [diagnostic.message, ...notesOf(diagnostic)].join('\n')
  return `::${COMMANDS[severity]} ${head}::${escapeData(body)}`
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
