/**
 * A value of the model as text that is equal for equal meaning: members in order, no positions; `1` and `1.0` differ.
 * `undefined` members count as absent.
 */
export function meaningOf(value: unknown): string {
  return JSON.stringify(plain(value)) ?? 'undefined'
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return { integer: value.toString() }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  // `at` says where something stands in the file.
  const entries = Object.entries(value).filter(([key, member]) => key !== 'at' && member !== undefined)
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, plain(member)]),
  )
}

/** A value as people read it: texts as they are, everything else as JSON. `undefined` stays so. */
export function textOf(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  return JSON.stringify(value, (_key, member) => (typeof member === 'bigint' ? Number(member) : member))
}

const SHORT = 60

/** `First → Second` where both fit into a line; else that it changed, and by how many words. */
export function fromTo(before: unknown, after: unknown): string {
  const [a, b] = [textOf(before), textOf(after)]
  if (!isLong(a) && !isLong(b)) return `${shown(a)} → ${shown(b)}`
  const { removed, added } = countWords(a ?? '', b ?? '')
  return `changed, ${removed} ${removed === 1 ? 'word' : 'words'} out and ${added} in`
}

/** Whether a value does not fit into a sentence. */
export function isLong(value: unknown): boolean {
  const text = textOf(value)
  return text !== undefined && (text.length > SHORT || text.includes('\n'))
}

function shown(text: string | undefined): string {
  return text === undefined ? 'none' : text === '' ? '""' : text
}

/** Words that only one of two texts has, counted as often as they occur. */
function countWords(before: string, after: string) {
  const counts = new Map<string, number>()
  for (const word of after.match(/\S+/g) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1)
  let removed = 0
  for (const word of before.match(/\S+/g) ?? []) {
    const left = counts.get(word) ?? 0
    if (left > 0) counts.set(word, left - 1)
    else removed++
  }
  return { removed, added: [...counts.values()].reduce((sum, count) => sum + count, 0) }
}
