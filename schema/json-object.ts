export type JsonObject = Readonly<Record<string, unknown>>

/** Whether parsed JSON is an object: no list, no `null`. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns `undefined`: the text is no JSON, or JSON of another kind. */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** A value of a definition as JSON has it: definitions keep whole numbers as bigint, which JSON does not know. */
export function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(jsonValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, jsonValue(entry)]))
}
