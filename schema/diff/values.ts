/**
 * A value of the model as text that is equal for equal meaning: members in order, no positions; `1` and `1.0` differ.
 * `undefined` members count as absent.
 */
export function meaningOf(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (Array.isArray(value)) return `[${value.map(meaningOf).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  const members: string[] = []
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined && !isPosition(key, member))
      members.push(`${JSON.stringify(key)}:${meaningOf(member)}`)
  }
  return `{${members.sort().join()}}`
}

/** Whether two values mean the same, as {@link meaningOf} tells it, without the texts. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((one, place) => isSame(one, b[place]))
    )
  const [old, now] = [a as Record<string, unknown>, b as Record<string, unknown>]
  const isTold = (value: Record<string, unknown>, key: string) =>
    Object.hasOwn(value, key) && value[key] !== undefined && !isPosition(key, value[key])
  for (const key in old)
    if (isTold(old, key) && !(isTold(now, key) && isSame(old[key], now[key]))) return false
  for (const key in now) if (isTold(now, key) && !isTold(old, key)) return false
  return true
}

/** Where something stands in the file. An `at` that an author wrote is no such thing: its numbers are `bigint`. */
function isPosition(key: string, value: unknown): boolean {
  if (key !== 'at' || typeof value !== 'object' || value === null) return false
  const { file, line, column } = value as Record<string, unknown>
  return typeof file === 'string' && typeof line === 'number' && typeof column === 'number'
}

/** A value as people read it: texts as they are, everything else as JSON. `undefined` stays so. */
export function textOf(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  return JSON.stringify(value, (key, member) =>
    typeof member === 'bigint' ? Number(member) : isPosition(key, member) ? undefined : member,
  )
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

/** What only the second, and what only the first of two lists has. Anything that is no list counts as an empty one. */
export function cameAndWent(
  before: unknown,
  after: unknown,
): { readonly came: string[]; readonly went: string[] } {
  const [a, b] = [before, after].map((list) =>
    Array.isArray(list) ? list.map((one) => textOf(one) ?? '') : [],
  )
  return { came: without(b, a), went: without(a, b) }
}

function without(list: readonly string[] = [], others: readonly string[] = []): string[] {
  const known = new Set(others)
  return [...new Set(list)].filter((one) => !known.has(one))
}

/** `+git_log −shell` for two lists of names. */
export function listed(before: unknown, after: unknown): string {
  const { came, went } = cameAndWent(before, after)
  return [...came.map((one) => `+${one}`), ...went.map((one) => `−${one}`)].join(' ') || 'in another order'
}

/** More members than this are counted, so that a sentence stays one. */
const MOST_MEMBERS = 6

/** How the members of two maps are told; each function gets the name first. */
interface MemberWords {
  readonly came: (name: string, value: unknown) => string
  readonly changed: (name: string, before: unknown, after: unknown) => string
}

const PLAIN: MemberWords = {
  came: (name, value) => (isLong(value) ? `+${name}` : `+${name}: ${textOf(value)}`),
  changed: (name, before, after) => {
    if (isMap(before) && isMap(after)) return `${name} (${members(before, after)})`
    return isLong(before) || isLong(after) ? `${name} changed` : `${name}: ${fromTo(before, after)}`
  },
}

/** `+topic: a, −size, retries: 2 → 3` for two maps: what came, what went, and what is different. */
export function members(before: unknown, after: unknown, words: MemberWords = PLAIN): string {
  const [a, b] = [membersOf(before), membersOf(after)]
  const parts = [
    ...[...b].filter(([name]) => !a.has(name)).map(([name, value]) => words.came(name, value)),
    ...[...a.keys()].filter((name) => !b.has(name)).map((name) => `−${name}`),
    ...[...b].flatMap(([name, value]) =>
      a.has(name) && !isSame(a.get(name), value) ? [words.changed(name, a.get(name), value)] : [],
    ),
  ]
  const more = parts.length - MOST_MEMBERS
  return more > 0 ? `${parts.slice(0, MOST_MEMBERS).join(', ')} and ${more} more` : parts.join(', ')
}

/** The members of a map that have a value; of anything else: none. */
export function membersOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(isMap(value) ? Object.entries(value).filter(([, member]) => member !== undefined) : [])
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
