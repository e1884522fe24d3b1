import { END, type State, targetsOf, type Workflow } from '../../schema/workflow.ts'

/** What the engine needs to know of a workflow's graph, computed once per run. */
export interface Topology {
  readonly states: ReadonlyMap<string, State>
  /** States that wait for their other branches: more than one transition mentions them. */
  readonly deferred: ReadonlySet<string>
  /** States that some state iterates into. */
  readonly mapTargets: ReadonlySet<string>
  /** Whether `a` can lead to `b` and `b` cannot lead back to `a`. */
  isBefore(a: string, b: string): boolean
  /** Whether `a` can lead to `b`. */
  leadsTo(a: string, b: string): boolean
}

export function analyseTopology(workflow: Workflow): Topology {
  // The first of two states with one id wins, as in the lists of the definition.
  const states = new Map<string, State>()
  for (const state of workflow.states) if (!states.has(state.id)) states.set(state.id, state)
  const mentions = new Map<string, number>()
  const mapTargets = new Set<string>()
  for (const state of states.values()) {
    for (const target of targetsOf(state.next)) {
      mentions.set(target.value, (mentions.get(target.value) ?? 0) + 1)
    }
    if (state.next.kind === 'map') mapTargets.add(state.next.to.value)
  }
  const deferred = new Set([...mentions].filter(([id, n]) => n > 1 && states.has(id)).map(([id]) => id))
  const reach = new Map<string, ReadonlySet<string>>()
  const reachable = (from: string): ReadonlySet<string> => {
    let found = reach.get(from)
    if (!found) {
      found = walk(states, from)
      reach.set(from, found)
    }
    return found
  }
  const leadsTo = (a: string, b: string) => reachable(a).has(b)
  return {
    states,
    deferred,
    mapTargets,
    leadsTo,
    isBefore: (a, b) => leadsTo(a, b) && !leadsTo(b, a),
  }
}

function walk(states: ReadonlyMap<string, State>, from: string): ReadonlySet<string> {
  const seen = new Set<string>()
  const queue = [from]
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const state = states.get(id)
    if (!state) continue
    const targets = targetsOf(state.next).map((target) => target.value)
    if (state.onError) targets.push(state.onError.value)
    for (const target of targets) {
      if (target === END || seen.has(target)) continue
      seen.add(target)
      queue.push(target)
    }
  }
  return seen
}
