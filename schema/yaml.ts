import type { Diagnostic, Position } from './diagnostic.ts'
import { readFullYaml } from './yaml-full.ts'
import { YAML_LIMITS } from './yaml-limits.ts'
import type { YamlNode, YamlScalar } from './yaml-node.ts'
import { readPlainYaml } from './yaml-plain.ts'
import { kindOfPlain, readingInYaml12, YamlTimestamp } from './yaml-scalar.ts'

export { YAML_LIMITS } from './yaml-limits.ts'
export {
  childOf,
  dataOf,
  entryOf,
  plainOf,
  type YamlEntry,
  type YamlMap,
  type YamlNode,
  type YamlScalar,
  type YamlSeq,
} from './yaml-node.ts'
export { YamlTimestamp } from './yaml-scalar.ts'

/** A read file: its values with places, and the text to point into. */
export interface YamlDocument {
  readonly file: string
  readonly text: string
  /** `undefined` when the text is not YAML; then there is at least one error. */
  readonly root: YamlNode | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** Turns a range of offsets into lines and columns. */
  readonly at: (start: number, end?: number) => Position
}

/**
 * Reads one YAML document the way CodeMie does: YAML 1.1 as PyYAML's `safe_load` understands it.
 * Never throws on input; every problem is a diagnostic with a place. Values that YAML 1.2 readers would take for something
 * else get a warning.
 *
 * @param options.inPlace maps offsets of `text` to positions when the text is a part of a bigger file.
 */
export function readYaml(
  file: string,
  input: string | Uint8Array,
  options: { readonly inPlace?: (start: number, end?: number) => Position } = {},
): YamlDocument {
  const decoded = typeof input === 'string' ? input : decodeUtf8(input)
  if (decoded === undefined) {
    const at = { file, line: 1, column: 1 }
    const diagnostic: Diagnostic = {
      ...at,
      code: 'not-utf8',
      severity: 'error',
      message: 'The file is not text in UTF-8',
      help: 'Save it as UTF-8; a binary file cannot be a definition',
    }
    return { file, text: '', root: undefined, diagnostics: [diagnostic], at: () => at }
  }
  const text = decoded
  const at = options.inPlace ?? positionsOf(file, text)
  const unreadable = findUnreadable(text, at)
  if (unreadable) return { file, text, root: undefined, diagnostics: [unreadable], at }
  // A tenth of the time of a full reading, and enough for nearly every file that is fine.
  const root = readPlainYaml(text)
  return root ? { file, text, root, diagnostics: [], at } : { file, text, at, ...readFullYaml(text, at) }
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
function findUnreadable(text: string, at: YamlDocument['at']): Diagnostic | undefined {
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
    message: `The character U+${code} cannot stand in YAML`,
    help: 'Remove it, or write it as an escape inside double quotes',
  }
}

function byteLength(text: string): number {
  if (text.length > YAML_LIMITS.bytes) return text.length
  if (text.length * 3 <= YAML_LIMITS.bytes) return text.length
  return new TextEncoder().encode(text).length
}

/**
 * Warns of every plain scalar that YAML 1.2 readers would take for something else, e.g. `010` (8 here, 10 there).
 * Keys are looked at too, except `on` at the root, which GitHub's users write all the time.
 */
export function warnOfYaml12(document: YamlDocument): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  const seen = new Set<YamlNode>()
  const look = (scalar: YamlScalar) => {
    if (scalar.style !== 'plain' || scalar.source === '') return
    const kind = kindOfPlain(scalar.source)
    const other = readingInYaml12(kind, scalar.source)
    if (other === undefined) return
    const value = scalar.value
    const here =
      typeof value === 'string'
        ? `the text "${value}"`
        : value === true
          ? 'true'
          : value === false
            ? 'false'
            : `the ${kind} ${value instanceof YamlTimestamp ? value.text : String(value)}`
    found.push({
      ...document.at(scalar.start, scalar.end),
      code: 'yaml-versions-differ',
      severity: 'warning',
      message: `'${scalar.source}' is ${here} in YAML 1.1, which counts here, and ${other} in YAML 1.2`,
      help: `Quote it if text is meant, or write the value plainly`,
    })
  }
  const walk = (node: YamlNode, isRoot: boolean) => {
    if (seen.has(node)) return
    seen.add(node)
    if (node.kind === 'scalar') look(node)
    else if (node.kind === 'seq') for (const item of node.items) walk(item, false)
    else
      for (const entry of node.entries.values()) {
        if (!(isRoot && entry.key.source === 'on')) look(entry.key)
        walk(entry.value, false)
      }
  }
  if (document.root) walk(document.root, true)
  return found
}

/**
 * Where a piece of a text value stands in the file. Works for plain and quoted text without escapes or folding, and for literal
 * blocks (`|`), whose lines stand in the file as they are.
 *
 * @returns `undefined` when the file spells the value differently.
 */
export function sourceOffsetOf(document: YamlDocument, node: YamlNode, offset: number): number | undefined {
  if (node.kind !== 'scalar') return undefined
  const { text } = document
  if (node.style !== 'block') {
    const start = node.start + (node.style === 'quoted' ? 1 : 0)
    return text.slice(start, start + node.source.length) === node.source ? start + offset : undefined
  }
  if (text[node.start] !== '|') return undefined
  const before = node.source.slice(0, offset)
  const column = offset - (before.lastIndexOf('\n') + 1)
  let line = text.indexOf('\n', node.start) + 1
  for (const _ of before.matchAll(/\n/g)) line = text.indexOf('\n', line) + 1
  const valueLine = node.source.slice(offset - column).split('\n', 1)[0] ?? ''
  const end = text.indexOf('\n', line)
  const fileLine = text.slice(line, end < 0 ? text.length : end).replace(/\r$/, '')
  return fileLine.endsWith(valueLine) ? line + fileLine.length - valueLine.length + column : undefined
}
