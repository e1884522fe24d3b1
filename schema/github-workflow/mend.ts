import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type Scalar,
  YAMLMap,
} from 'yaml'
import { groupBy } from '../group-by.ts'
import type { Edit } from './gap.ts'

type Path = Edit['path']

/**
 * The text of a GitHub workflow with some places of it changed. What does not belong to the event map or to a job that is
 * changed stays as it is to the last space; inside of these, comments and order stay. `undefined`: a place is shared with
 * others by an anchor, and would be changed there too.
 */
export function applyEdits(text: string, edits: readonly Edit[]): string | undefined {
  const document = parseDocument(text)
  if (edits.some(({ path }) => isShared(document, path))) return undefined
  const inPlace = edits.filter((edit) => !('append' in edit))
  const byPart = groupBy(inPlace, ({ path }) => JSON.stringify(path.slice(0, path[0] === 'jobs' ? 2 : 1)))
  let mended = text
  for (const [part, those] of byPart) mended = editPart(mended, JSON.parse(part), those)
  for (const edit of edits) {
    const longer = 'append' in edit ? appendTo(mended, edit.path, edit.append) : mended
    if (longer === undefined) return undefined
    mended = longer
  }
  return text.includes('\r\n') ? mended.replace(/\r?\n/g, '\r\n') : mended
}

function isShared(document: Document, path: Path): boolean {
  return path.some((_, i) => {
    const node = document.getIn(path.slice(0, i + 1), true)
    return isAlias(node) || ((isMap(node) || isSeq(node)) && node.anchor !== undefined)
  })
}

/** Writes one entry anew, cut out of the file; where it cannot be cut out, the whole file. */
function editPart(text: string, path: Path, edits: readonly Edit[]): string {
  const place = placeOf(text, path)
  if (!place) return rewrite(text, edits)
  const { start, end, indent } = place
  const lines = text.slice(start, end).split('\n')
  if (!lines.every((line) => line.startsWith(indent) || line.trim() === '')) return rewrite(text, edits)
  const cut = lines.map((line) => line.slice(indent.length)).join('\n')
  const up = path.length - 1
  const rewritten = rewrite(
    `${cut}\n`,
    edits.map((edit) => ({ ...edit, path: edit.path.slice(up) })),
  )
  const again = rewritten
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? line : indent + line))
  return text.slice(0, start) + again.join('\n') + text.slice(end)
}

/** The text with lines at the end of a map, an empty one before them. `undefined`: the map is on one line. */
function appendTo(text: string, path: Path, lines: string): string | undefined {
  const map = parseDocument(text).getIn(path, true)
  if (!isMap(map) || map.flow) return undefined
  const last = map.items.at(-1)
  const key = isScalar(last?.key) ? String(last.key.value) : ''
  const place = placeOf(text, [...path, key])
  if (!place) return undefined
  const more = lines.split('\n').map((line) => (line === '' ? line : place.indent + line))
  return `${text.slice(0, place.end)}\n\n${more.join('\n')}${text.slice(place.end)}`
}

/** The lines of an entry and the white space before its key. `undefined`: it shares a line with others, or refers to them. */
function placeOf(
  text: string,
  path: Path,
): { readonly start: number; readonly end: number; readonly indent: string } | undefined {
  const document = parseDocument(text)
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap(parent) || parent.flow) return undefined
  const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
  const from = (pair?.key as Scalar | undefined)?.range?.[0]
  if (!pair || from === undefined) return undefined
  const start = text.lastIndexOf('\n', from) + 1
  const indent = text.slice(start, from)
  const to = (pair.value as Node | null)?.range?.[1] ?? from
  const last = text.slice(0, Math.max(to, from + 1)).trimEnd().length
  const lineEnd = text.indexOf('\n', last)
  const end = lineEnd < 0 ? text.length : lineEnd
  const isAlone = indent.trim() === '' && parseDocument(text.slice(start, end)).errors.length === 0
  return isAlone ? { start, end, indent } : undefined
}

function rewrite(text: string, edits: readonly Edit[]): string {
  const document = parseDocument(text)
  for (const edit of edits) applyEdit(document, edit)
  return document.toString({
    lineWidth: 0,
    nullStr: '',
    singleQuote: true,
    // As most of the text has it.
    indentSeq: !/^( *)[\w-]+:[^\S\n]*\n\1- /m.test(text),
    flowCollectionPadding: /\{ /.test(text.replace(/\$\{\{/g, '')),
  })
}

function applyEdit(document: Document, edit: Edit): void {
  if (edit.path[0] === 'on') makeMapOfEvents(document)
  const there = document.getIn(edit.path, true)
  if ('set' in edit) set(document, edit.path, edit.set, { there, comment: edit.comment })
  else if ('append' in edit) return
  else if ('add' in edit) {
    if (isSeq(there)) there.add(document.createNode(edit.add))
    else set(document, edit.path, [edit.add], { there })
  } else if (isSeq(there)) {
    there.items = there.items.filter((item) => !isEqual(plainOf(item, document), edit.remove))
    if (there.items.length === 0) document.deleteIn(edit.path)
  }
}

function set(
  document: Document,
  path: Path,
  value: unknown,
  { there, comment }: { readonly there: unknown; readonly comment?: string | undefined },
): void {
  if (value === undefined) {
    document.deleteIn(path)
  } else if (Array.isArray(value) && isSeq(there)) {
    // Items that stay keep their comments.
    const nodes = new Map(there.items.map((item) => [plainOf(item, document), item]))
    there.items = value.map((item) => nodes.get(item) ?? document.createNode(item))
  } else {
    makeMapsOn(document, path.slice(0, -1))
    const node = document.createNode(value)
    // A comment behind the old value was about the place, and stays there.
    if (isScalar(there) && isScalar(node) && there.comment) node.comment = there.comment
    if (comment !== undefined) node[isScalar(node) ? 'comment' : 'commentBefore'] = ` ${comment}`
    document.setIn(path, node)
  }
}

/** `on: push` and `on: [push]` are short for a map of events without options. */
function makeMapOfEvents(document: Document): void {
  const on = document.get('on', true) as Node | undefined
  if (isMap(on)) return
  const events = [plainOf(on, document)].flat().filter((event) => typeof event === 'string')
  document.set('on', document.createNode(Object.fromEntries(events.map((event) => [event, null]))))
}

/** Whatever stands on the way becomes a map when it is none: nothing, an empty value, a word such as `read-all`. */
function makeMapsOn(document: Document, path: Path): void {
  for (let length = 1; length <= path.length; length += 1) {
    const part = path.slice(0, length)
    const node = document.getIn(part, true)
    if (isMap(node) || isSeq(node)) {
      // `{}` was written for having nothing.
      if (node.items.length === 0) node.flow = false
    } else document.setIn(part, new YAMLMap())
  }
}

function plainOf(item: unknown, document: Document): unknown {
  return isScalar(item) ? item.value : (item as Node | undefined)?.toJS(document)
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
