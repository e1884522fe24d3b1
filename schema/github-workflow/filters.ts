import { EVENTS } from '../trigger/events.ts'
import { textsOf } from '../trigger/match.ts'
import type { Trigger } from '../workflow.ts'
import { ACTIVITY_TYPES } from './events.ts'

/** Lists of an event under `on:`, e.g. `{ types: ['opened'], paths: ['docs/**'] }`. A list that is not there lets everything through. */
export type Filters = Readonly<Record<string, readonly string[]>>

/** Filters that say the same in two ways; GitHub takes one of the two. */
export const PAIRS = [
  ['branches', 'branches-ignore'],
  ['tags', 'tags-ignore'],
  ['paths', 'paths-ignore'],
] as const

/** Signs of patterns that mean the same to GitHub and everywhere else. With another one in it, a filter is not written. */
const PLAIN = /^!?(?!\/|\.{1,2}\/)[\w.\-*@]+(?:\/[\w.\-*@]+)*$/

/**
 * The narrowest filters that let through whatever any of the triggers lets through. Filters of different kinds are
 * joined one by one, so this is more than each of them wants; which workflow runs is decided by its own `on:`.
 */
export function joinFilters(event: string, triggers: readonly Pick<Trigger, 'options'>[]): Filters {
  const { keys = [] } = EVENTS.get(event) ?? {}
  const refs = (['branches', 'tags'] as const).filter((name) => keys.includes(name))
  const all = triggers.map(({ options }) => options)
  return {
    ...(keys.includes('types') ? joinTypes(event, all) : {}),
    ...joinRefs(refs, all),
    ...(keys.includes('paths') ? joinPair(PAIRS[2], all) : {}),
  }
}

type Options = Trigger['options']

function joinTypes(event: string, all: readonly Options[]): Filters {
  const known = ACTIVITY_TYPES[event] ?? []
  const lists = all.map((options) => textsOf(options.types) ?? EVENTS.get(event)?.defaultTypes)
  if (lists.some((list) => list === undefined)) return {}
  const types = union(lists.map((list) => list ?? []))
  const taken = types.filter((type) =>
    known === 'any' ? /^[\w.\- ]{1,100}$/.test(type) : known.includes(type),
  )
  return taken.length === 0 ? {} : { types: taken }
}

/** Where an event has filters of branches only, no tag starts it, and the other way round. */
function joinRefs(kinds: readonly ('branches' | 'tags')[], all: readonly Options[]): Filters {
  const pairs = PAIRS.filter(([name]) => (kinds as readonly string[]).includes(name))
  const isFiltered = (options: Options) => pairs.flat().some((name) => textsOf(options[name]) !== undefined)
  if (!all.every(isFiltered)) return {}
  const joined = pairs.map((pair) => {
    const those = all.filter((options) => pair.some((name) => textsOf(options[name]) !== undefined))
    if (those.length === 0) return {}
    const filters = joinPair(pair, those)
    // Without it the other kind of names alone would be let through.
    return Object.keys(filters).length === 0 && pairs.length > 1 ? { [pair[0]]: ['**'] } : filters
  })
  return Object.assign({}, ...joined)
}

function joinPair([wanted, ignored]: (typeof PAIRS)[number], all: readonly Options[]): Filters {
  const lists = all.map((options) => textsOf(options[wanted]))
  const ignores = all.map((options) => textsOf(options[ignored]))
  if (lists.every((list) => list !== undefined)) {
    const patterns = union(lists)
    // A pattern that takes away counts by its place, and what one definition leaves out another may want.
    const kept = isSame(lists) ? patterns : patterns.filter((pattern) => !pattern.startsWith('!'))
    return kept.some((pattern) => !pattern.startsWith('!')) && kept.every(isPlain) ? { [wanted]: kept } : {}
  }
  const [first] = ignores
  return first && isSame(ignores) && first.every(isPlain) ? { [ignored]: first } : {}
}

function isPlain(pattern: string): boolean {
  return PLAIN.test(pattern) && !pattern.includes('..')
}

function isSame(lists: readonly (readonly string[] | undefined)[]): boolean {
  return lists.every((list) => JSON.stringify(list) === JSON.stringify(lists[0]))
}

function union(lists: readonly (readonly string[] | undefined)[]): readonly string[] {
  return [...new Set(lists.flatMap((list) => list ?? []))]
}
