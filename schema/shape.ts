import type { Diagnostic } from './diagnostic.ts'
import { type FormatSchema, resolveSchema } from './dialects/codemie/format.ts'
import type { ShapeError, ShapeValidator } from './generated/validators.mjs'
import { readBoolean, readNumber } from './lax.ts'
import { nearestName } from './nearest.ts'
import { plainOf, type YamlDocument, type YamlEntry, type YamlNode, YamlTimestamp } from './yaml.ts'

/** What is known about keys that are not in a format although files have them. */
export interface KnownIgnoredKey {
  /** `title` of the schema the key stands in; `'*'` for any. */
  readonly within: string
  readonly key: string
  /** What happens to it, as a sentence without a full stop. */
  readonly effect: string
  readonly help?: string
}

export interface ShapeCheck {
  readonly document: YamlDocument
  readonly node: YamlNode
  /** JSON pointer of `node` in the document; `''` is the root. */
  readonly base: string
  readonly schema: FormatSchema
  readonly validate: ShapeValidator
  readonly ignored?: readonly KnownIgnoredKey[]
  /** Keys of other places that are worth naming when nothing nearer is known. */
  readonly unknownKeys?: 'warn' | 'allow'
}

/**
 * Compares a document with its JSON Schema and words what does not fit: wrong types, missing keys, values out of range,
 * and keys nobody knows. Every complaint has the place of the value concerned.
 */
export function checkShape(check: ShapeCheck): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  if (!check.validate(plainOf(check.node))) {
    const said = new Set<string>()
    for (const error of check.validate.errors ?? []) {
      const diagnostic = describe(check, error, check.validate.errors ?? [])
      if (!diagnostic) continue
      const key = `${diagnostic.code} ${diagnostic.path} ${diagnostic.message}`
      if (said.has(key)) continue
      said.add(key)
      found.push(diagnostic)
    }
  }
  if (check.unknownKeys !== 'allow') walkUnknown(check, check.node, check.schema, check.base, found)
  return found
}

/** The parts of a JSON pointer. */
export function pointerParts(pointer: string): readonly string[] {
  if (pointer === '') return []
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** A JSON pointer with one more part. */
export function pointerTo(base: string, part: string | number): string {
  return `${base}/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** Words for the kind of value that stands at a node, as authors call it. */
export function kindInWords(node: YamlNode): string {
  if (node.kind === 'map') return 'a map'
  if (node.kind === 'seq') return 'a list'
  const value = node.value
  if (value === null) return node.source === '' ? 'nothing' : 'null'
  if (typeof value === 'boolean') return `the boolean ${value}`
  if (typeof value === 'bigint') return `the number ${value}`
  if (typeof value === 'number')
    return Number.isFinite(value) ? `the number ${node.source}` : `${node.source}, which is no finite number`
  if (value instanceof YamlTimestamp) return `the date ${value.text}`
  if (typeof value === 'string') return `the text ${shorten(value)}`
  return 'bytes'
}

function shorten(value: string): string {
  const line = JSON.stringify(value)
  return line.length > 60 ? `${line.slice(0, 57)}..."` : line
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  array: 'a list',
  object: 'a map',
  null: 'null',
}

function typesInWords(types: unknown): string {
  const all = (Array.isArray(types) ? types : [types]).filter((type) => type !== 'null' || types === 'null')
  return all.map((type) => TYPE_WORDS[String(type)] ?? String(type)).join(' or ')
}

/** The schema of a key; names such as `constructor` are no keys just because every object has them. */
function propertyOf(schema: FormatSchema | undefined, name: string): FormatSchema | undefined {
  const properties = schema?.properties
  return properties && Object.hasOwn(properties, name) ? properties[name] : undefined
}

type Found = {
  readonly node: YamlNode
  readonly entry: YamlEntry | undefined
  readonly schema: FormatSchema | undefined
  readonly name: string
}

/** Follows a pointer through the document and the schema at once. */
function follow(check: ShapeCheck, pointer: string): Found {
  let node = check.node
  let entry: YamlEntry | undefined
  let schema: FormatSchema | undefined = resolveSchema(check.schema, check.schema)
  let name = schema.title ?? 'document'
  for (const part of pointerParts(pointer)) {
    if (node.kind === 'map') {
      entry = node.entries.get(part)
      if (!entry) break
      node = entry.value
      name = part
      const below: FormatSchema | undefined =
        propertyOf(schema, part) ??
        (typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined)
      schema = below && resolveSchema(check.schema, below)
    } else if (node.kind === 'seq') {
      const item = node.items[Number(part)]
      if (!item) break
      node = item
      schema = schema?.items && resolveSchema(check.schema, schema.items)
      name = schema?.title ?? `${name}[${part}]`
    }
  }
  return { node, entry, schema, name }
}

/** Whether CodeMie's forgiving stage takes the value although JSON Schema does not. */
function isLaxlyFine(node: YamlNode, schema: FormatSchema | undefined): boolean {
  if (!schema?.['x-lax'] || node.kind !== 'scalar') return false
  const types = Array.isArray(schema.type) ? schema.type : [schema.type]
  if (types.includes('boolean') && readBoolean(node) !== undefined) return true
  const number = types.includes('number') || types.includes('integer') ? readNumber(node) : undefined
  if (number === undefined) return false
  if (types.includes('integer') && !Number.isInteger(number)) return false
  return (
    (schema.minimum === undefined || number >= schema.minimum) &&
    (schema.maximum === undefined || number <= schema.maximum)
  )
}

function describe(check: ShapeCheck, error: ShapeError, all: readonly ShapeError[]): Diagnostic | undefined {
  const { node, entry, schema, name } = follow(check, error.instancePath)
  const path = check.base + error.instancePath
  const at = check.document.at(node.start, endOfMark(check.document.text, node))
  const whole = { ...at, path, severity: 'error' as const }
  switch (error.keyword) {
    case 'type':
      if (isLaxlyFine(node, schema)) return undefined
      // The branches of an anyOf complain one by one; one sentence is enough.
      if (error.schemaPath.includes('/anyOf/')) return undefined
      return {
        ...whole,
        code: 'wrong-type',
        message: `'${name}' has the wrong type`,
        expected: typesInWords(error.params.type),
        found: kindInWords(node),
        ...(schema?.description ? { help: schema.description } : {}),
      }
    case 'required': {
      if (error.schemaPath.includes('/anyOf/')) return undefined
      const missing = String(error.params.missingProperty)
      const below = propertyOf(schema, missing)
      const about = below && resolveSchema(check.schema, below).description
      return {
        ...whole,
        code: 'missing-key',
        message: `The key '${missing}' is missing in this ${name}`,
        ...(about ? { help: `Add '${missing}': ${about}` } : {}),
      }
    }
    case 'anyOf': {
      const branches = schema?.anyOf ?? []
      if (branches.some((branch) => branch.required)) {
        const keys = branches.flatMap((branch) => branch.required ?? [])
        if (all.some((other) => other.keyword === 'type' && other.instancePath === error.instancePath))
          return undefined
        return {
          ...whole,
          code: 'missing-key',
          message: `This ${name} has none of ${wordList(keys)}`,
          expected: `one of ${keys.join(', ')}`,
        }
      }
      return {
        ...whole,
        code: 'wrong-type',
        message: `'${name}' has the wrong type`,
        expected: branches.map((branch) => typesInWords(branch.type)).join(', or '),
        found: kindInWords(node),
        ...(schema?.description ? { help: schema.description } : {}),
      }
    }
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
      if (isLaxlyFine(node, schema)) return undefined
      return {
        ...whole,
        code: 'out-of-range',
        message: `'${name}' is out of range`,
        expected: rangeInWords(schema, error),
        found: node.kind === 'scalar' ? node.source : kindInWords(node),
      }
    case 'minLength':
      return {
        ...whole,
        code: 'out-of-range',
        message: `'${name}' is empty`,
        expected: 'text that is not empty',
      }
    case 'enum': {
      const values = (schema?.enum ?? []).map(String)
      const near = node.kind === 'scalar' ? nearestName(node.source, values) : undefined
      return {
        ...whole,
        code: 'unknown-value',
        message: `'${name}' does not take this value`,
        expected: `one of ${values.join(', ')}`,
        found: kindInWords(node),
        ...(near === undefined ? {} : { didYouMean: near }),
      }
    }
    case 'additionalProperties': {
      const typed = String(error.params.additionalProperty)
      const key = node.kind === 'map' ? node.entries.get(typed)?.key : entry?.key
      const near = nearestName(typed, Object.keys(schema?.properties ?? {}))
      return {
        ...whole,
        ...(key ? check.document.at(key.start, key.end) : {}),
        path: pointerTo(path, typed),
        code: 'unknown-key',
        message: `The key '${typed}' is not known in ${name}`,
        expected: `one of ${Object.keys(schema?.properties ?? {}).join(', ')}`,
        ...(near === undefined ? {} : { didYouMean: near }),
      }
    }
    default:
      return {
        ...whole,
        code: 'wrong-type',
        message: `'${name}' does not have the right form (${error.keyword})`,
      }
  }
}

/** Where the caret ends: maps and lists are marked on their first line only. */
function endOfMark(text: string, node: YamlNode): number {
  if (node.kind === 'scalar' && node.style !== 'block') return node.end
  const line = text.indexOf('\n', node.start)
  const end = line < 0 ? text.length : line
  return Math.min(node.end, text[end - 1] === '\r' ? end - 1 : end)
}

function rangeInWords(schema: FormatSchema | undefined, error: ShapeError): string {
  if (schema?.minimum !== undefined && schema.maximum !== undefined)
    return `${schema.minimum} to ${schema.maximum}`
  const word =
    error.keyword === 'maximum' ? 'at most' : error.keyword === 'minimum' ? 'at least' : 'more than'
  return `${word} ${String(error.params.limit)}`
}

/** `'a', 'b' or 'c'`. */
export function wordList(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`)
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}

function walkUnknown(
  check: ShapeCheck,
  node: YamlNode,
  declared: FormatSchema,
  path: string,
  found: Diagnostic[],
) {
  const schema = resolveSchema(check.schema, declared)
  if (node.kind === 'seq') {
    const items = schema.items
    if (!items) return
    for (const [i, item] of node.items.entries()) walkUnknown(check, item, items, pointerTo(path, i), found)
    return
  }
  if (node.kind !== 'map') return
  const rest = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined
  for (const [name, entry] of node.entries) {
    const below = propertyOf(schema, name) ?? rest
    if (below) walkUnknown(check, entry.value, below, pointerTo(path, name), found)
    // Where any key may stand nothing is unknown; where none may, the validator has spoken.
    else if (schema.properties && schema.additionalProperties === undefined) {
      found.push(unknownKey(check, schema, name, entry, pointerTo(path, name)))
    }
  }
}

function unknownKey(
  check: ShapeCheck,
  schema: FormatSchema,
  name: string,
  entry: YamlEntry,
  path: string,
): Diagnostic {
  const at = { ...check.document.at(entry.key.start, entry.key.end), path, severity: 'warning' as const }
  const title = schema.title ?? 'this map'
  const known = check.ignored?.find((one) => one.key === name && (one.within === title || one.within === '*'))
  const shown = entry.key.source
  if (known) {
    return {
      ...at,
      code: 'ignored-key',
      message: `The key '${shown}' has no effect: ${known.effect}`,
      ...(known.help === undefined ? {} : { help: known.help }),
    }
  }
  const near = nearestName(shown, Object.keys(schema.properties ?? {}))
  return {
    ...at,
    code: 'unknown-key',
    message: `The key '${shown}' is not known in ${title} and has no effect`,
    ...(near === undefined ? {} : { didYouMean: near }),
    help: near === undefined ? 'Remove it, or check the spelling' : `Write '${near}', or remove the key`,
  }
}
