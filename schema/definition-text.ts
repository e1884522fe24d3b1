import type { Diagnostic, Position } from './diagnostic.ts'
import { YAML_LIMITS } from './yaml-limits.ts'

/** The text of a definition, and a function from its offsets to lines and columns. */
export interface DefinitionText {
  /** `''` when the bytes are no text. */
  readonly text: string
  readonly at: (start: number, end?: number) => Position
  /** Why it cannot be read at all: its encoding, its size, or a character. */
  readonly problem?: Diagnostic
}

/**
 * Decodes a definition and looks at what is the same in every language.
 *
 * @param language in words for people, e.g. `YAML`.
 * @param inPlace maps offsets of the text to positions when it is a part of a bigger file.
 */
export function openDefinition(
  file: string,
  input: string | Uint8Array,
  language: string,
  inPlace?: DefinitionText['at'],
): DefinitionText {
  const text = typeof input === 'string' ? input : decodeUtf8(input)
  if (text === undefined) {
    const at = { file, line: 1, column: 1 }
    const problem: Diagnostic = {
      ...at,
      code: 'not-utf8',
      severity: 'error',
      message: 'The file is not text in UTF-8',
      help: 'Save it as UTF-8; a binary file cannot be a definition',
    }
    return { text: '', at: () => at, problem }
  }
  const at = inPlace ?? positionsOf(file, text)
  const problem = findUnreadable(text, language, at)
  return { text, at, ...(problem ? { problem } : {}) }
}

/** A function from offsets in a text to lines and columns; the table of lines is built at the first use. */
export function positionsOf(file: string, text: string): (start: number, end?: number) => Position {
  let starts: number[] | undefined
  let last = 0
  const locate = (offset: number): [line: number, column: number] => {
    if (!starts) {
      starts = [0]
      for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1)
    }
    // Questions mostly come in file order, so the last answer is near.
    const next = starts[last + 1] ?? Number.POSITIVE_INFINITY
    let low = (starts[last] ?? 0) <= offset ? last : 0
    let high = offset < next ? low : starts.length - 1
    if ((starts[last] ?? 0) > offset) high = last
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    last = low
    return [low + 1, offset - (starts[low] ?? 0) + 1]
  }
  return (start, end) => {
    const [line, column] = locate(start)
    if (end === undefined || end <= start) return { file, line, column }
    const [endLine, endColumn] = locate(end)
    return { file, line, column, endLine, endColumn }
  }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

// What PyYAML's reader does not call printable stops it. The first look takes halves of pairs too, and costs a third.
const SUSPICIOUS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]/
const UNPRINTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/** Why a text cannot be read at all: its size, or a character. */
function findUnreadable(text: string, language: string, at: DefinitionText['at']): Diagnostic | undefined {
  const size = byteLength(text)
  if (size > YAML_LIMITS.bytes) {
    return {
      ...at(0),
      code: 'file-too-large',
      severity: 'error',
      message: 'The file is too large to be a definition',
      expected: `at most ${YAML_LIMITS.bytes} bytes`,
      found: `${size} bytes`,
      help: 'Keep data in files of the repository and let a state read them',
    }
  }
  const bad = SUSPICIOUS.test(text) ? UNPRINTABLE.exec(text) : null
  if (!bad) return undefined
  const code = (bad[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return {
    ...at(bad.index, bad.index + bad[0].length),
    code: 'control-character',
    severity: 'error',
    message: `The character U+${code} cannot stand in ${language}`,
    help: 'Remove it, or write it as an escape inside double quotes',
  }
}

function byteLength(text: string): number {
  if (text.length > YAML_LIMITS.bytes) return text.length
  if (text.length * 3 <= YAML_LIMITS.bytes) return text.length
  return new TextEncoder().encode(text).length
}
