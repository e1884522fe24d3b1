import { isJsonObject } from '../../schema/json-object.ts'
import type { ModelRequest } from './model.ts'

type Schema = Readonly<Record<string, unknown>>

/** The `response_format` of a request, in the form of OpenAI's interface. */
export type ResponseFormat =
  | {
      readonly type: 'json_schema'
      readonly json_schema: { readonly name: string; readonly strict: boolean; readonly schema: Schema }
    }
  | { readonly type: 'json_object' }

/**
 * How a provider is asked for JSON of a shape: `format` for the request, `hint` for the prompt where the format alone
 * does not say it. Both are wishes; the answer has to be checked.
 */
export function askForJson(
  wanted: NonNullable<ModelRequest['responseSchema']>,
  support: 'json_schema' | 'json_object' | 'ignored',
): { readonly format: ResponseFormat | undefined; readonly hint: string | undefined } {
  const isObject = wanted.schema.type === 'object'
  const hint = `Answer with nothing but one JSON document that is valid against this JSON Schema:\n${JSON.stringify(wanted.schema)}`
  // Both formats demand an object at the top; any other shape can only be asked for in words.
  if (!isObject || support === 'ignored') return { format: undefined, hint }
  if (support === 'json_object') return { format: { type: 'json_object' }, hint }
  const name = wanted.name.replace(/[^a-zA-Z0-9_-]+/g, '_').slice(0, 64) || 'answer'
  const strict = qualifiesForStrict(wanted.schema)
  return {
    format: { type: 'json_schema', json_schema: { name, strict, schema: wanted.schema } },
    hint: undefined,
  }
}

/** Keywords that OpenAI's strict mode takes, by how their value holds further schemas. */
const strictKeywords: Readonly<Record<string, 'plain' | 'schema' | 'schemas' | 'named'>> = {
  type: 'plain',
  title: 'plain',
  description: 'plain',
  enum: 'plain',
  const: 'plain',
  $ref: 'plain',
  $schema: 'plain',
  required: 'plain',
  additionalProperties: 'plain',
  pattern: 'plain',
  minimum: 'plain',
  maximum: 'plain',
  exclusiveMinimum: 'plain',
  exclusiveMaximum: 'plain',
  multipleOf: 'plain',
  minItems: 'plain',
  maxItems: 'plain',
  items: 'schema',
  anyOf: 'schemas',
  properties: 'named',
  $defs: 'named',
  definitions: 'named',
}

/**
 * Whether OpenAI's strict mode would take a schema: an object at the top, every object closed with all its properties
 * required, ten levels at most, and only the keywords of its documentation. A schema that does not qualify is refused
 * in strict mode, so in doubt the answer is no.
 */
export function qualifiesForStrict(schema: Schema): boolean {
  return schema.type === 'object' && schema.anyOf === undefined && isStrict(schema, 1)
}

function isStrict(value: unknown, depth: number): boolean {
  if (!isJsonObject(value) || depth > 10) return false
  const mayBeObject = value.type === 'object' || (Array.isArray(value.type) && value.type.includes('object'))
  if (mayBeObject || value.properties !== undefined) {
    if (value.additionalProperties !== false || !isJsonObject(value.properties)) return false
    const required = Array.isArray(value.required) ? value.required : []
    if (!Object.keys(value.properties).every((name) => required.includes(name))) return false
  }
  return Object.entries(value).every(([keyword, inner]) => isStrictKeyword(keyword, inner, depth))
}

function isStrictKeyword(keyword: string, inner: unknown, depth: number): boolean {
  switch (Object.hasOwn(strictKeywords, keyword) ? strictKeywords[keyword] : undefined) {
    case 'plain':
      return keyword !== '$ref' || (typeof inner === 'string' && inner.startsWith('#'))
    case 'schema':
      return isStrict(inner, depth + 1)
    case 'schemas':
      return Array.isArray(inner) && inner.every((one) => isStrict(one, depth))
    case 'named':
      return isJsonObject(inner) && Object.values(inner).every((one) => isStrict(one, depth + 1))
    case undefined:
      return false
  }
}
