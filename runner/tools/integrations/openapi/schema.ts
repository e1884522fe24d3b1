import { isJsonObject, type JsonObject } from '../../../../schema/json-object.ts'

/** Pieces that one schema may have; further ones are left open, and the system checks them. */
const MOST_PIECES = 500
const DEEPEST = 12
const LONGEST_DESCRIPTION = 300

const TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null']

const isNumber = (value: unknown) => typeof value === 'number'
const isWhole = (value: unknown) => Number.isInteger(value) && Number(value) >= 0

/**
 * What is kept of a schema as it is, where it has the right form: models read it, and arguments are checked by it. `pattern` is
 * not kept: it could be one that takes for ever, and the system checks it as well.
 */
const PLAIN: Readonly<Record<string, (value: unknown) => boolean>> = {
  type: (value) => [value].flat().every((one) => TYPES.includes(one as string)),
  enum: (value) => Array.isArray(value) && value.length > 0 && value.length <= 200,
  const: () => true,
  default: () => true,
  format: (value) => typeof value === 'string',
  minimum: isNumber,
  maximum: isNumber,
  exclusiveMinimum: isNumber,
  exclusiveMaximum: isNumber,
  minLength: isWhole,
  maxLength: isWhole,
  minItems: isWhole,
  maxItems: isWhole,
  required: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
}

/**
 * Follows a `$ref` inside a document. Other documents are not read.
 *
 * @returns `value` itself when it refers to nothing, `undefined` when what it refers to is not there.
 */
export function resolveReference(document: JsonObject, value: unknown): unknown {
  let found = value
  for (let hops = 0; isJsonObject(found) && typeof found['$ref'] === 'string'; hops++) {
    const reference = found['$ref']
    if (hops > 20 || !reference.startsWith('#/')) return undefined
    found = reference
      .slice(2)
      .split('/')
      .map((part) => decodeURIComponentOr(part).replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce<unknown>(
        (at, part) =>
          (isJsonObject(at) || Array.isArray(at)) && Object.hasOwn(at, part)
            ? Reflect.get(at, part)
            : undefined,
        document,
      )
  }
  return found
}

function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * A schema of an OpenAPI document (3.0 or 3.1) as JSON Schema without references. What is too deep, too much or no schema
 * becomes `{}`, which everything fits.
 */
export function toJsonSchema(document: JsonObject, schema: unknown): JsonObject {
  let pieces = 0
  const convert = (given: unknown, depth: number): JsonObject => {
    const found = resolveReference(document, given)
    if (!isJsonObject(found) || depth > DEEPEST || ++pieces > MOST_PIECES) return {}
    const inner = (value: unknown) => convert(value, depth + 1)
    const entries: [string, unknown][] = []
    for (const [key, isRight] of Object.entries(PLAIN)) {
      if (Object.hasOwn(found, key) && isRight(found[key])) entries.push([key, found[key]])
    }
    const description = found['description']
    if (typeof description === 'string')
      entries.push(['description', description.slice(0, LONGEST_DESCRIPTION)])
    const { properties, items, additionalProperties } = found
    if (isJsonObject(properties)) {
      entries.push([
        'properties',
        Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, inner(value)])),
      ])
    }
    if (isJsonObject(items)) entries.push(['items', inner(items)])
    if (typeof additionalProperties === 'boolean' || isJsonObject(additionalProperties)) {
      entries.push([
        'additionalProperties',
        isJsonObject(additionalProperties) ? inner(additionalProperties) : additionalProperties,
      ])
    }
    for (const key of ['allOf', 'anyOf', 'oneOf']) {
      const choices = found[key]
      if (Array.isArray(choices) && choices.length > 0) entries.push([key, choices.map(inner)])
    }
    return withOldForms(Object.fromEntries(entries), found)
  }
  return convert(schema, 0)
}

/** What version 3.0 writes in its own way: `nullable`, and limits that are excluded by a flag. */
function withOldForms(schema: JsonObject, written: JsonObject): JsonObject {
  const result: Record<string, unknown> = { ...schema }
  for (const [flag, limit] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (written[flag] !== true || typeof written[limit] !== 'number') continue
    result[flag] = written[limit]
    delete result[limit]
  }
  if (written['nullable'] !== true) return result
  if (result['type'] !== undefined) result['type'] = [...new Set([result['type'], 'null'].flat())]
  if (Array.isArray(result['enum'])) result['enum'] = [...new Set([...result['enum'], null])]
  return result
}
