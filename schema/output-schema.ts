import { validateJsonSchema } from './generated/validators.mjs'
import { isJsonObject } from './json-object.ts'

/** A JSON Schema that an answer is held to. */
export type EnforcedSchema = Readonly<Record<string, unknown>>

/**
 * Tells what an `output_schema` is. A JSON object with a string `type`, an object `properties` and nothing that JSON Schema
 * draft 07 forbids is enforced; anything else (an example of the answer, half JSON, a list) only goes into the prompt.
 *
 * @param text the schema after its templates are rendered.
 * @returns `undefined`: it is a description, not a schema.
 */
export function enforcedSchemaOf(text: string): EnforcedSchema | undefined {
  // Most descriptions are no schema, and a failing parse is dear: without this key there is nothing to parse for.
  if (!text.includes('"properties"') && !text.includes('\\u')) return undefined
  try {
    return enforcedSchemaIn(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** As {@link enforcedSchemaOf}, for JSON that has been parsed. */
export function enforcedSchemaIn(schema: unknown): EnforcedSchema | undefined {
  if (!isJsonObject(schema) || typeof schema.type !== 'string' || !isJsonObject(schema.properties))
    return undefined
  return validateJsonSchema(schema) && hasReadableFormats(schema) ? schema : undefined
}

/** The formats that the schema of schemas asks for: `$schema` is an absolute address, patterns are regular expressions. */
function hasReadableFormats(schema: Readonly<Record<string, unknown>>): boolean {
  if (typeof schema.$schema === 'string' && !/^[a-z][a-z0-9+.-]*:/i.test(schema.$schema)) return false
  if (typeof schema.pattern === 'string' && !isPattern(schema.pattern)) return false
  for (const key of ['properties', 'definitions', 'patternProperties', 'dependencies']) {
    const map = schema[key]
    if (!isJsonObject(map)) continue
    if (key === 'patternProperties' && !Object.keys(map).every(isPattern)) return false
    if (!Object.values(map).every((below) => !isJsonObject(below) || hasReadableFormats(below))) return false
  }
  const below = [
    'items',
    'additionalItems',
    'additionalProperties',
    'contains',
    'propertyNames',
    'not',
    'if',
    'then',
    'else',
  ]
    .map((key) => schema[key])
    .concat(...['allOf', 'anyOf', 'oneOf', 'items'].map((key) => schema[key]).filter(Array.isArray))
  return below.every((one) => !isJsonObject(one) || hasReadableFormats(one))
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) !== undefined
  } catch {
    return false
  }
}
