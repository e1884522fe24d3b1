import { PyDict, type PyValue } from '../../schema/language/index.ts'

/**
 * A value of a definition as the language sees it. Definitions keep whole numbers as bigint and numbers with a fraction
 * as number, so `1` and `1.0` stay what they were written as.
 */
export function definitionValue(value: unknown): PyValue {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'bigint' || typeof value === 'number') return value
  if (Array.isArray(value)) return value.map(definitionValue)
  if (typeof value === 'object') return definitionDict(value)
  return String(value)
}

/** {@link definitionValue} of a mapping. */
export function definitionDict(value: object): PyDict {
  return new PyDict(Object.entries(value).map(([key, entry]) => [key, definitionValue(entry)] as const))
}
