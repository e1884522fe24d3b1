import type { Trigger } from '../workflow.ts'
import type { ClassRule } from './aspect.ts'
import type { ChangeClass } from './change.ts'
import { widest } from './classes.ts'
import { cameAndWent, isLong, isSame, listed, members, membersOf } from './values.ts'

/** Events by name, each with its filters. */
export function triggersOf(triggers: readonly Trigger[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(triggers.map(({ event, options }) => [event, options]))
}

/** What starts the workflow. */
export const triggers: ClassRule = {
  words: 'an event came, or its filters let more through: widening; went, or let less through: narrowing',
  of: (before, after) => {
    const [a, b] = [membersOf(before), membersOf(after)]
    return widest(
      [...new Set([...a.keys(), ...b.keys()])].map((event) =>
        !a.has(event) ? 'widening' : !b.has(event) ? 'narrowing' : compareFilters(a.get(event), b.get(event)),
      ),
    )
  },
}

/** Filters that count together: where any of a group is set, nothing else of that kind starts a run. */
const GROUPS = [
  ['branches', 'branches-ignore', 'tags', 'tags-ignore'],
  ['paths', 'paths-ignore'],
  ['labels'],
  ['draft'],
]

/** A filter that is not known may let anything through, so any change of it widens. */
function compareFilters(before: unknown, after: unknown): ChangeClass {
  const [a, b] = [membersOf(before), membersOf(after)]
  const others = [...a.keys(), ...b.keys()].filter((key) => !GROUPS.flat().includes(key))
  const groups = [...GROUPS, ...others.map((key) => [key])]
  return widest(
    groups.map((group) => {
      const set = [a, b].map((filters) => group.filter((key) => filters.has(key)).join())
      if (set[0] !== set[1]) return set[0] === '' && GROUPS.includes(group) ? 'narrowing' : 'widening'
      return widest(group.map((key) => compareEntries(a.get(key), b.get(key), key.endsWith('-ignore'))))
    }),
  )
}

function compareEntries(before: unknown, after: unknown, isIgnored: boolean): ChangeClass {
  if (isSame(before, after)) return 'neutral'
  if (!Array.isArray(before) || !Array.isArray(after)) return 'widening'
  const { came, went } = cameAndWent(before, after)
  // An entry that begins with `!` takes away, and counts by its place in the list.
  if ([...before, ...after].some((entry) => typeof entry === 'string' && entry.startsWith('!')))
    return 'widening'
  const [more, less] = isIgnored ? [went, came] : [came, went]
  return more.length > 0 ? 'widening' : less.length > 0 ? 'narrowing' : 'neutral'
}

/** `+schedule, −pull_request, push (branches +main)`. */
export function sayTriggers(before: unknown, after: unknown): string {
  return members(before, after, {
    came: (event) => `+${event}`,
    changed: (event, a, b) => `${event} (${members(a, b, FILTERS)})`,
  })
}

const FILTERS = {
  came: (name: string, value: unknown) => `${name} ${listed([], [value].flat())}`,
  changed: (name: string, a: unknown, b: unknown) =>
    Array.isArray(a) && Array.isArray(b) && !isLong(listed(a, b))
      ? `${name} ${listed(a, b)}`
      : `${name} changed`,
}
