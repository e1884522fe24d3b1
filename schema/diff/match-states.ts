import type { State } from '../workflow.ts'
import { meaningOf } from './values.ts'

/** States of two versions that are the same one. */
export interface MatchedStates {
  readonly pairs: readonly (readonly [before: State, after: State])[]
  readonly removed: readonly State[]
}

/** Less in common than this, and a state was replaced and not renamed. */
const LEAST_ALIKE = 0.6

/**
 * Finds for each state what it was before: the one of the same id, or else of those that have no other the one that does
 * most nearly the same. Where a state stands in the file does not matter.
 */
export function matchStates(before: readonly State[], after: readonly State[]): MatchedStates {
  const old = new Map(before.map((state) => [state.id, state]))
  const pairs: [State, State][] = []
  const added: State[] = []
  for (const state of after) {
    const same = old.get(state.id)
    if (same === undefined) added.push(state)
    else pairs.push([same, state])
    old.delete(state.id)
  }
  const removed = [...old.values()]
  const words = new Map([...removed, ...added].map((state) => [state, wordsOf(state)]))
  const likeness = (one: State, other: State) =>
    one.work.kind === other.work.kind ? shareOf(words.get(one), words.get(other)) : 0
  const candidates = removed
    .flatMap((one) => added.map((other) => ({ one, other, likeness: likeness(one, other) })))
    .filter(({ likeness }) => likeness >= LEAST_ALIKE)
    .sort((a, b) => b.likeness - a.likeness)
  const taken = new Set<State>()
  for (const { one, other } of candidates) {
    if (taken.has(one) || taken.has(other)) continue
    taken.add(one).add(other)
    pairs.push([one, other])
  }
  return {
    pairs,
    removed: removed.filter((state) => !taken.has(state)),
  }
}

/** 0 to 1: the words that two sets share, of all that either has. */
function shareOf(a: ReadonlySet<string> = new Set(), b: ReadonlySet<string> = new Set()): number {
  const shared = [...a].filter((word) => b.has(word)).length
  const all = a.size + b.size - shared
  return all === 0 ? 0 : shared / all
}

/** The words of what a state does. */
function wordsOf({ work }: State): Set<string> {
  return new Set(meaningOf(work).match(/\w+/g) ?? [])
}
