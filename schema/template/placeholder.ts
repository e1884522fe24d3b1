import { readYaml, type YamlMap, type YamlNode, type YamlScalar } from '../yaml.ts'
import { applyTextEdits, spellLines, spellValue, type TextEdit } from '../yaml-edit.ts'
import { plainOf } from '../yaml-node.ts'

/** `<<name>>`: neither Jinja, nor Python, nor an expression of a CI system looks like it. */
const PLACEHOLDER = /<<[^\S\n]*([A-Za-z_][\w-]*)[^\S\n]*>>/g

/** One placeholder of a document. */
export interface FoundPlaceholder {
  readonly name: string
  /** What it stands in. */
  readonly node: YamlScalar
  readonly isKey: boolean
}

/** Whether a text has a placeholder in it. */
export function hasPlaceholder(text: string): boolean {
  return text.search(PLACEHOLDER) >= 0
}

/** All placeholders below a map, in file order. @param leaveOut keys of the map itself that are not looked into. */
export function placeholdersIn(
  root: YamlMap | undefined,
  leaveOut: readonly string[],
): readonly FoundPlaceholder[] {
  const found: FoundPlaceholder[] = []
  const seen = new Set<YamlNode>()
  const look = (node: YamlScalar, isKey: boolean) => {
    for (const [, name = ''] of node.source.matchAll(PLACEHOLDER)) found.push({ name, node, isKey })
  }
  const walk = (node: YamlNode) => {
    if (seen.has(node)) return
    seen.add(node)
    if (node.kind === 'scalar') look(node, false)
    else if (node.kind === 'seq') node.items.forEach(walk)
    else for (const entry of node.entries.values()) walkEntry(entry.key, entry.value)
  }
  const walkEntry = (key: YamlScalar, value: YamlNode) => {
    look(key, true)
    walk(value)
  }
  for (const [name, { key, value }] of root?.entries ?? []) {
    if (!leaveOut.includes(name)) walkEntry(key, value)
  }
  return found
}

/**
 * Fills placeholders in. A plain value that is nothing but a placeholder becomes the value, a list or a map too; inside of text
 * the value is written as text, and what is no text as JSON. Only values of the document change: that is checked by reading
 * the result. Comments and layout stay.
 *
 * @param values by name of the placeholder; others stay as they are.
 * @returns `undefined`: the text spells something in a way that cannot be filled in.
 */
export function fillPlaceholders(
  text: string,
  values: Readonly<Record<string, unknown>>,
): string | undefined {
  const { root } = readYaml('', text)
  if (root?.kind !== 'map') return undefined
  const nodes = new Set(
    placeholdersIn(root, [])
      .filter(({ isKey, name }) => !isKey && Object.hasOwn(values, name))
      .map(({ node }) => node),
  )
  const filled = applyTextEdits(
    text,
    [...nodes].map((node) => fillNode(text, node, values)),
  )
  const result = readYaml('', filled)
  const isAsMeant =
    result.root !== undefined &&
    JSON.stringify(plainOf(result.root)) === JSON.stringify(fillData(root, values))
  return isAsMeant ? filled : undefined
}

function fillNode(text: string, node: YamlScalar, values: Readonly<Record<string, unknown>>): TextEdit {
  const { start, style } = node
  const value = filledValue(node, values)
  if (style !== 'block') {
    const column = columnBelow(text, node)
    const lines = typeof value === 'string' && column !== undefined ? spellLines(value, column) : undefined
    return { start, end: node.end, text: lines ?? spellValue(value) }
  }
  // The lines of a block are its text, so that a value can go between them as it is.
  const end = start + text.slice(start, node.end).trimEnd().length
  const filled = text.slice(start, end).replace(PLACEHOLDER, (whole, name: string, offset: number) => {
    if (!Object.hasOwn(values, name)) return whole
    const line = text.slice(text.lastIndexOf('\n', start + offset) + 1)
    return textOf(values[name]).replaceAll('\n', `\n${/^ */.exec(line)?.[0] ?? ''}`)
  })
  return { start, end, text: filled }
}

/** Where lines below a value stand if it is a block: two behind its key. `undefined`: no block can stand there. */
function columnBelow(text: string, { start, end, style }: YamlScalar): number | undefined {
  const before = /^ *(?:- +)*(?=[\w.-]+: *$)/.exec(text.slice(text.lastIndexOf('\n', start - 1) + 1, start))
  const isLast = /^[^\S\n]*(?:\n|$)/.test(text.slice(end))
  return style === 'plain' && before && isLast ? before[0].length + 2 : undefined
}

function filledValue(
  { source, style, value }: YamlScalar,
  values: Readonly<Record<string, unknown>>,
): unknown {
  const name = new RegExp(`^${PLACEHOLDER.source}$`).exec(source)?.[1]
  if (style === 'plain' && name !== undefined) return Object.hasOwn(values, name) ? values[name] : value
  return source.replace(PLACEHOLDER, (whole, one: string) =>
    Object.hasOwn(values, one) ? textOf(values[one]) : whole,
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}

/** What the filled document has to say. */
function fillData(node: YamlNode, values: Readonly<Record<string, unknown>>): unknown {
  if (node.kind === 'seq') return node.items.map((item) => fillData(item, values))
  if (node.kind === 'map') {
    return Object.fromEntries([...node.entries].map(([name, entry]) => [name, fillData(entry.value, values)]))
  }
  return hasPlaceholder(node.source) ? filledValue(node, values) : plainOf(node)
}
