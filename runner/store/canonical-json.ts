/**
 * JSON with sorted keys, two spaces and a final newline: equal values give equal bytes, and `git diff` of two records
 * shows what differs. `undefined` members are left out.
 */
export function canonicalJson(value: unknown): string {
  return `${JSON.stringify(sorted(value), undefined, 2)}\n`
}

/** The same order of keys on one line, without a newline: a line of NDJSON, or text to digest. */
export function canonicalLine(value: unknown): string {
  return JSON.stringify(sorted(value)) ?? 'null'
}

/** The same JSON with everything but ASCII escaped. */
export function asciiJson(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  // `fromEntries` defines members, so a key `__proto__` stays a key.
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]))
}
