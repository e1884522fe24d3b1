/**
 * The output of a step as people want to read it: JSON of an object that holds nothing but one text is that text, any
 * other object or list is indented, everything else stays as it is.
 */
export function readableOutput(output: string): string {
  if (!/^\s*[{[]/.test(output)) return output
  let value: unknown
  try {
    value = JSON.parse(output)
  } catch {
    return output
  }
  if (typeof value !== 'object' || value === null) return output
  const values = Array.isArray(value) ? [] : Object.values(value)
  const [only] = values
  if (values.length === 1 && typeof only === 'string') return only
  return JSON.stringify(value, undefined, 2)
}
