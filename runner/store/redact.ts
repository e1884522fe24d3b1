/** Takes secrets out of a text. Must leave its own output unchanged. */
export type Redact = (text: string) => string

/**
 * A copy of a JSON value without secrets in its strings and keys; the value itself when there were none. Values are
 * cleaned before they become JSON: escaping would hide a secret that contains quotes or line breaks.
 */
export function redactValue<T>(value: T, redact: Redact): T {
  return clean(value, redact) as T
}

function clean(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined
    for (let index = 0; index < value.length; index++) {
      const before: unknown = value[index]
      const after = clean(before, redact)
      if (after === before) continue
      copy ??= [...value]
      copy[index] = after
    }
    return copy ?? value
  }
  let changed = false
  const entries = Object.entries(value).map(([key, member]): [string, unknown] => {
    const cleanKey = redact(key)
    const cleanMember = clean(member, redact)
    changed ||= cleanKey !== key || cleanMember !== member
    return [cleanKey, cleanMember]
  })
  return changed ? Object.fromEntries(entries) : value
}
