import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, Scalar, YAMLMap } from 'yaml'
import type { Edit } from './compare.ts'

/**
 * The text of a GitHub workflow with some places of it changed. Comments, order and style of all else stay; only where the
 * line breaks of long flow collections and several empty lines in a row were may look different.
 */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  if (edits.length === 0) return text
  const document = parseDocument(text)
  for (const edit of edits) applyEdit(document, edit)
  const written = document.toString({
    lineWidth: 0,
    nullStr: '',
    singleQuote: true,
    // As most of the file has it.
    indentSeq: !/^( *)[\w-]+:[^\S\n]*\n\1- /m.test(text),
    flowCollectionPadding: /\{ /.test(text.replace(/\$\{\{/g, '')),
  })
  return text.includes('\r\n') ? written.replace(/\r?\n/g, '\r\n') : written
}

function applyEdit(document: Document, edit: Edit): void {
  if (edit.path[0] === 'on') makeMapOfEvents(document)
  const there = document.getIn(edit.path, true)
  if ('set' in edit) set(document, edit.path, edit.set, there, edit.comment)
  else if ('add' in edit) {
    if (isSeq(there)) there.add(document.createNode(edit.add))
    else set(document, edit.path, [edit.add], there)
  } else if (isSeq(there)) {
    there.items = there.items.filter((item) => !isEqual(plainOf(item, document), edit.remove))
    if (there.items.length === 0) document.deleteIn(edit.path)
  }
}

function set(document: Document, path: Edit['path'], value: unknown, there: unknown, comment?: string): void {
  if (value === undefined) {
    document.deleteIn(path)
  } else if (Array.isArray(value) && isSeq(there)) {
    // Items that stay keep their comments.
    there.items = there.items.filter((item) => value.includes(plainOf(item, document)))
    const kept = there.items.map((item) => plainOf(item, document))
    for (const item of value) if (!kept.includes(item)) there.add(document.createNode(item))
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
  const map = document.createNode(Object.fromEntries(events.map((event) => [event, null])))
  if (on?.commentBefore) map.commentBefore = on.commentBefore
  document.set('on', map)
}

/** Whatever stands on the way becomes a map when it is none: nothing, an empty value, a word such as `read-all`. */
function makeMapsOn(document: Document, path: Edit['path']): void {
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
  return item instanceof Scalar ? item.value : ((item as Node | undefined)?.toJS(document) as unknown)
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
