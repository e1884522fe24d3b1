import { openDefinition } from './definition-text.ts'
import type { Diagnostic, Position } from './diagnostic.ts'
import { readFullYaml } from './yaml-full.ts'
import type { YamlNode, YamlScalar } from './yaml-node.ts'
import { readPlainYaml } from './yaml-plain.ts'
import { kindOfPlain, readingInYaml12, YamlTimestamp } from './yaml-scalar.ts'

export { positionsOf } from './definition-text.ts'
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

/** A read file, of YAML or TOML: its values with places, and the text to point into. */
export interface YamlDocument {
  readonly file: string
  readonly text: string
  /** `undefined` when the text cannot be read; then there is at least one error. */
  readonly root: YamlNode | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** Turns a range of offsets into lines and columns. */
  readonly at: (start: number, end?: number) => Position
  /** Set where the file is not YAML: what {@link sourceOffsetOf} gives for its text values. */
  readonly offsetIn?: (node: YamlScalar, offset: number) => number | undefined
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
  const { text, at, problem } = openDefinition(file, input, 'YAML', options.inPlace)
  if (problem) return { file, text, root: undefined, diagnostics: [problem], at }
  // A tenth of the time of a full reading, and enough for nearly every file that is fine.
  const root = readPlainYaml(text)
  return root ? { file, text, root, diagnostics: [], at } : { file, text, at, ...readFullYaml(text, at) }
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
 * Where a piece of a text value stands in the file. In YAML this works for plain and quoted text without escapes or folding, and
 * for literal blocks (`|`), whose lines stand in the file as they are.
 *
 * @returns `undefined` when the file spells the value differently.
 */
export function sourceOffsetOf(document: YamlDocument, node: YamlNode, offset: number): number | undefined {
  if (node.kind !== 'scalar') return undefined
  if (document.offsetIn) return document.offsetIn(node, offset)
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
