import { innerStates, type PlacedState, placeIn } from '../blocks.ts'
import { groupBy } from '../group-by.ts'
import type { State } from '../workflow.ts'
import { meaningOf } from './values.ts'

/** States of two versions that are the same one. */
export interface MatchedStates {
  readonly pairs: readonly (readonly [before: State, after: State])[]
  readonly removed: readonly State[]
}

/** Less in common than this, and a state was replaced and not renamed. */
const LEAST_ALIKE = 0.6

/** So many pairs of states are weighed at most; of more only those that stand near each other. */
const MOST_WEIGHED = 100_000

/**
 * Finds for each state what it was before: the one of the same id, or else of those that have no other the one that does
 * most nearly the same. Where a state stands in the file does not matter, unless there are very many.
 */
export function matchStates(before: readonly State[], after: readonly State[]): MatchedStates {
  const byId = pairUp(before, after, ({ id }) => id)
  const rest = byId.before.length > 0 && byId.after.length > 0 ? [...byId.before, ...byId.after] : []
  const works = new Map(rest.map((state) => [state, meaningOf(state.work)]))
  const byWork = pairUp(byId.before, byId.after, (state) => works.get(state) ?? '')
  const alike = pairAlike(byWork.before, byWork.after, works)
  return { pairs: [...byId.pairs, ...byWork.pairs, ...alike.pairs], removed: alike.before }
}

/** The states that are the same one, with those inside of blocks that are the same one, each with its place on its side. */
export function matchPlaces(
  before: readonly State[],
  after: readonly State[],
  within: { readonly before?: string; readonly after?: string } = {},
): readonly (readonly [before: PlacedState, after: PlacedState])[] {
  return matchStates(before, after).pairs.flatMap(([old, now]) => {
    const places = { before: placeIn(within.before, old), after: placeIn(within.after, now) }
    return [
      [
        { place: places.before, state: old },
        { place: places.after, state: now },
      ] as const,
      ...matchPlaces(innerStates(old.work), innerStates(now.work), places),
    ]
  })
}

interface Pairing extends Pick<MatchedStates, 'pairs'> {
  /** Those that are left. */
  readonly before: readonly State[]
  readonly after: readonly State[]
}

/** Pairs states of the same key, of several the first with the first. */
function pairUp(before: readonly State[], after: readonly State[], keyOf: (state: State) => string): Pairing {
  const waiting = groupBy([...before].reverse(), keyOf)
  const pairs: [State, State][] = []
  for (const state of after) {
    const old = waiting.get(keyOf(state))?.pop()
    if (old !== undefined) pairs.push([old, state])
  }
  return left(before, after, pairs)
}

/** Pairs the states that have most words in common first. */
function pairAlike(
  before: readonly State[],
  after: readonly State[],
  works: ReadonlyMap<State, string>,
): Pairing {
  const words = wordsIn([...before, ...after], works)
  const candidates: { readonly one: State; readonly other: State; readonly likeness: number }[] = []
  // How far from each other two may stand, as a share of the whole.
  const all = before.length * after.length
  const reach = all <= MOST_WEIGHED ? 1 : MOST_WEIGHED / all / 2
  for (const [place, one] of before.entries()) {
    const middle = place / before.length
    const from = Math.max(0, Math.ceil((middle - reach) * after.length))
    for (let i = from; i < after.length && i <= (middle + reach) * after.length; i++) {
      const other = after[i]
      if (other === undefined || one.work.kind !== other.work.kind) continue
      const likeness = shareOf(words.get(one), words.get(other))
      if (likeness >= LEAST_ALIKE) candidates.push({ one, other, likeness })
    }
  }
  const taken = new Set<State>()
  const pairs: [State, State][] = []
  for (const { one, other } of candidates.sort((a, b) => b.likeness - a.likeness)) {
    if (taken.has(one) || taken.has(other)) continue
    taken.add(one).add(other)
    pairs.push([one, other])
  }
  return left(before, after, pairs)
}

function left(before: readonly State[], after: readonly State[], pairs: readonly [State, State][]): Pairing {
  const taken = new Set(pairs.flat())
  const isLeft = (state: State) => !taken.has(state)
  return { pairs, before: before.filter(isLeft), after: after.filter(isLeft) }
}

/** Numbers of words, the lowest first. */
type Words = Int32Array

/** 0 to 1: the words that two states share, of all that either has. */
function shareOf(a: Words = new Int32Array(), b: Words = new Int32Array()): number {
  if (Math.min(a.length, b.length) < LEAST_ALIKE * Math.max(a.length, b.length)) return 0
  let shared = 0
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [one = 0, other = 0] = [a[i], b[j]]
    if (one === other) shared++
    if (one <= other) i++
    if (other <= one) j++
  }
  const all = a.length + b.length - shared
  return all === 0 ? 0 : shared / all
}

/** The words of what each state does. */
function wordsIn(states: readonly State[], works: ReadonlyMap<State, string>): ReadonlyMap<State, Words> {
  const numbers = new Map<string, number>()
  return new Map(
    states.map((state) => {
      const found = new Set<number>()
      for (const word of works.get(state)?.match(/\w+/g) ?? []) {
        const number = numbers.get(word) ?? numbers.size
        numbers.set(word, number)
        found.add(number)
      }
      return [state, new Int32Array(found).sort()]
    }),
  )
}
