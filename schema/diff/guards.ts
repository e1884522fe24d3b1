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
  return guards.flatMap(([old, now]) => {
    if (old !== undefined && now !== undefined && !isGuard(now)) return []
    const [wasBehind, isBehind] = [before.behind(old), after.behind(now)]
    const lost = pairs.filter(([a, b]) => wasBehind(a.id) && !isBehind(b.id) && after.all.has(b.id))
    const gained = pairs.filter(([a, b]) => isBehind(b.id) && !wasBehind(a.id) && before.all.has(a.id))
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
}

function pathsIn(workflow: Workflow) {
  const graph = graphOf(workflow)
  const all = reachableIn(graph)
  const without = reachableWithout(graph)
  return {
    all,
    /** What no path reaches but through a state. */
    behind: (guard: State | undefined): ((id: string) => boolean) => {
      if (guard === undefined) return () => false
      const isReached = without(guard.id)
      return (id) => all.has(id) && !isReached(id)
    },
  }
}
