import { openEnvelope, rootEntry } from './dialects/codemie/envelope.ts'
import { readTexts } from './lax.ts'
import type { Lifecycle } from './lifecycle.ts'
import { readYaml, type YamlDocument, type YamlNode } from './yaml.ts'
import { applyTextEdits, setEntry, spellValue, type TextEdit } from './yaml-edit.ts'

/** New keys go behind these. */
const HEAD = ['name', 'description', 'tags']

/**
 * The text of a definition with another `lifecycle`, everything else as it is. `undefined`: it is not written in a way that
 * allows that.
 */
export function withLifecycle(text: string, stage: Lifecycle): string | undefined {
  return withMark(text, 'lifecycle', stage, () => undefined)
}

/** The same for `tags`. A list of lines keeps the lines and comments of the tags that stay. */
export function withTags(text: string, tags: readonly string[]): string | undefined {
  return withMark(text, 'tags', tags, (document, value) => editLines(document, value, tags))
}

function withMark(
  text: string,
  key: 'lifecycle' | 'tags',
  value: string | readonly string[],
  editInPlace: (document: YamlDocument, value: YamlNode) => readonly TextEdit[] | undefined,
): string | undefined {
  const document = readYaml('', text)
  const source = openEnvelope(document)
  const entry = rootEntry(source, key)
  if (entry && entry.document !== document) return undefined
  const inPlace = entry && editInPlace(document, entry.value)
  if (inPlace) return applyTextEdits(text, inPlace)
  const edit = setEntry(document, key, value, { after: HEAD, entry })
  return edit && applyTextEdits(text, [edit])
}

/** The edits of a list with a line for each item. `undefined`: it is no such list, or nothing stays of it. */
function editLines(
  { text }: YamlDocument,
  list: YamlNode,
  wanted: readonly string[],
): readonly TextEdit[] | undefined {
  if (list.kind !== 'seq' || text[list.start] === '[' || wanted.length === 0) return undefined
  const items = list.items.map((node) => ({
    name: readTexts({ ...list, items: [node] })?.[0],
    ...lineOf(text, node),
  }))
  const last = items.at(-1)
  if (!last || items.some(({ start, at }) => text.slice(start, at).trim() !== '-')) return undefined
  const added = wanted.filter((tag) => !items.some(({ name }) => name === tag))
  const lines = added.map((tag) => `${text.slice(last.start, last.at)}${spellValue(tag)}\n`)
  const isOpenLine = !text.slice(0, last.end).endsWith('\n')
  return [
    ...items
      .filter(({ name }) => name === undefined || !wanted.includes(name))
      .map(({ start, end }) => ({ start, end, text: '' })),
    {
      start: last.end,
      end: last.end,
      text: `${isOpenLine && lines.length > 0 ? '\n' : ''}${lines.join('')}`,
    },
  ]
}

/** The line that an item begins on, and where on it. */
function lineOf(text: string, { start: at }: YamlNode): { start: number; end: number; at: number } {
  const end = text.indexOf('\n', at)
  return { start: text.lastIndexOf('\n', at) + 1, end: end < 0 ? text.length : end + 1, at }
}
