import { ancestorsOf, graphOf } from '../../schema/graph.ts'
import type { State, Workflow } from '../../schema/workflow.ts'

/** What the engine needs to know of a workflow's graph, computed once per run. */
export interface Topology {
  readonly states: ReadonlyMap<string, State>
  /** States that wait for their other branches. */
  readonly deferred: ReadonlySet<string>
  /** States that some state iterates into. */
  readonly mapTargets: ReadonlySet<string>
  /** Whether `a` can lead to `b`. */
  leadsTo(a: string, b: string): boolean
  /** Whether `a` can lead to `b` and `b` cannot lead back to `a`. */
  isBefore(a: string, b: string): boolean
}

export function analyseTopology(workflow: Workflow): Topology {
  const graph = graphOf(workflow)
  const ancestors = new Map<string, ReadonlySet<string>>()
  const leadsTo = (a: string, b: string) => {
    let known = ancestors.get(b)
    if (!known) {
      known = ancestorsOf(graph, b)
      ancestors.set(b, known)
    }
    return known.has(a)
  }
  return {
    states: new Map(workflow.states.map((state) => [state.id, state])),
    deferred: graph.deferred,
    mapTargets: new Set(graph.mapTargets),
    leadsTo,
    isBefore: (a, b) => leadsTo(a, b) && !leadsTo(b, a),
  }
}
