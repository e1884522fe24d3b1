import {
  PyDict,
  type PyValue,
  str,
  toFloatValue,
  toInt,
  truthy,
  typeName,
} from '../../schema/language/index.ts'
import { TransformProblem } from './transform-problem.ts'

/** What a declared `type` turns a value into; another type leaves it alone. Python's own conversions. */
const COERCIONS: Readonly<Record<string, (value: PyValue) => PyValue>> = {
  string: (value) => (typeof value === 'string' ? value : str(value)),
  integer: (value) => (typeof value === 'bigint' || typeof value === 'boolean' ? value : toInt(value)),
  number: (value) =>
    typeof value === 'bigint' || typeof value === 'boolean' || typeof value === 'number'
      ? value
      : toFloatValue(value),
  boolean: (value) => truthy(value),
}

/**
 * Applies the `output_schema` of a transform: the keys under `required` must be there, and each value whose key has a
 * `type` of string, integer, number or boolean is converted to it. Nothing else of a schema is looked at.
 *
 * @param schema as written; empty or `null`: nothing is checked.
 * @throws TransformProblem or PyError when a key is missing or a value cannot be converted.
 */
export function checkTransformOutput(output: PyDict, schema: PyValue): PyDict {
  if (!truthy(schema)) return output
  if (!(schema instanceof PyDict))
    throw new TransformProblem(`"output_schema" must be a set of keys, not ${typeName(schema)}`)
  for (const key of requiredKeys(schema)) {
    if (!output.has(key)) throw new TransformProblem(`the output lacks the required key "${str(key)}"`)
  }
  const properties = schema.get('properties') ?? new PyDict()
  if (!(properties instanceof PyDict))
    throw new TransformProblem('"properties" of output_schema must be a set of keys')
  const checked = output.copy()
  for (const [key, property] of properties.entries()) {
    const value = output.get(key)
    if (value === undefined) continue
    if (!(property instanceof PyDict)) {
      throw new TransformProblem(
        `the schema of "${str(key)}" must be a set of keys, not ${typeName(property)}`,
      )
    }
    const type = property.get('type')
    const coerce = typeof type === 'string' && Object.hasOwn(COERCIONS, type) ? COERCIONS[type] : undefined
    if (coerce !== undefined) checked.set(key, coerce(value))
  }
  return checked
}

function requiredKeys(schema: PyDict): readonly PyValue[] {
  const required = schema.get('required')
  if (required === undefined) return []
  if (Array.isArray(required)) return required
  // Python takes a text apart into its letters.
  if (typeof required === 'string') return [...required]
  throw new TransformProblem('"required" of output_schema must be a list')
}
