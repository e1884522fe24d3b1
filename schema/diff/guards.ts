import { graphOf, reachableIn, reachableWithout } from '../graph.ts'
import type { State, Workflow } from '../workflow.ts'
import type { Change } from './change.ts'
import { quoted } from './transitions.ts'

const isGuard = ({ approval, pauseBefore }: State) => approval === true || pauseBefore

/** Where an approval or a pause stands. */
export const GUARD_RULE = {
  code: 'guard-moved',
  name: 'what can be reached only after an approval or a pause',
  class: { words: 'a state can be reached without it: widening; only after it: narrowing' },
  reach: 'nothing',
} as const

/**
 * What can be reached now without the person who had to be asked before, and the other way round. A state that is no
 * guard any more, or has become one, tells that itself.
 *
 * @param pairs the states that are the same one before and after.
 */
export function compareGuards(
  whole: { readonly before: Workflow; readonly after: Workflow },
  pairs: readonly (readonly [State, State])[],
): Change[] {
  const later = new Map(pairs)
  const paired = new Set(later.values())
  const guards: (readonly [State | undefined, State | undefined])[] = [
    ...whole.before.states.filter(isGuard).map((guard) => [guard, later.get(guard)] as const),
    ...whole.after.states
      .filter((state) => isGuard(state) && !paired.has(state))
      .map((guard) => [undefined, guard] as const),
  ]
  if (guards.length === 0) return []
  const [before, after] = [pathsIn(whole.before), pathsIn(whole.after)]
  const told = new Set<State>()
  const changes = guards.flatMap(([old, now]) => {
    if (old !== undefined && now !== undefined && !isGuard(now)) return []
    const [wasBehind, isBehind] = [before.behind(old), after.behind(now)]
    const lost = pairs.filter(([a, b]) => wasBehind(a.id) && !isBehind(b.id) && after.all.has(b.id))
    const gained = pairs.filter(([a, b]) => isBehind(b.id) && !wasBehind(a.id) && before.all.has(a.id))
    for (const [, state] of [...lost, ...gained]) told.add(state)
    const { id, approval } = now ?? old ?? { id: '' }
    const its = `its ${approval === true ? 'approval' : 'pause'}`
    const tell = (kind: 'widening' | 'narrowing', how: string, states: typeof pairs): Change[] => {
      const sentence = `${its} ${how} ${quoted(states.map(([, state]) => state.id))}`
      return states.length === 0
        ? []
        : [{ code: GUARD_RULE.code, class: kind, reach: GUARD_RULE.reach, state: id, sentence }]
    }
    return [
      ...tell('widening', 'no longer comes before', lost),
      ...tell('narrowing', 'now comes before', gained),
    ]
  })
  return [...changes, ...compareTogether(pairs, { before, after }, told)]
}

/** Where each of several paths has a guard of its own, no guard by itself comes before what they lead to. */
function compareTogether(
  pairs: readonly (readonly [State, State])[],
  { before, after }: { readonly before: Paths; readonly after: Paths },
  told: ReadonlySet<State>,
): Change[] {
  // One that is no guard any more, or has become one, tells that itself.
  const either = pairs.filter((pair) => pair.some(isGuard))
  const wasReached = before.without(new Set([...before.guards, ...either.map(([{ id }]) => id)]))
  const isReached = after.without(new Set([...after.guards, ...either.map(([, { id }]) => id)]))
  const others = pairs.filter((pair) => !pair.some(isGuard) && !told.has(pair[1]))
  const lost = others.filter(([a, b]) => before.all.has(a.id) && !wasReached(a.id) && isReached(b.id))
  const gained = others.filter(([a, b]) => after.all.has(b.id) && !isReached(b.id) && wasReached(a.id))
  const tell = (kind: 'widening' | 'narrowing', how: string, states: typeof pairs): Change[] => {
    const sentence = `${quoted(states.map(([, { id }]) => id))} ${how} an approval or a pause`
    return states.length === 0
      ? []
      : [{ code: GUARD_RULE.code, class: kind, reach: GUARD_RULE.reach, sentence }]
  }
  return [
    ...tell('widening', 'can now be reached without', lost),
    ...tell('narrowing', 'can now only be reached after', gained),
  ]
}

type Paths = ReturnType<typeof pathsIn>

function pathsIn(workflow: Workflow) {
  const graph = graphOf(workflow)
  const all = reachableIn(graph)
  const without = reachableWithout(graph)
  return {
    all,
    guards: workflow.states.filter(isGuard).map(({ id }) => id),
    without,
    /** What no path reaches but through a state. */
    behind: (guard: State | undefined): ((id: string) => boolean) => {
      if (guard === undefined) return () => false
      const isReached = without(new Set([guard.id]))
      return (id) => all.has(id) && !isReached(id)
    },
  }
}
