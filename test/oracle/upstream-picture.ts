import { graphOf, type Workflow } from '../../schema/index.ts'

/** A graph as the recordings hold it. */
export interface UpstreamGraph {
  readonly nodes: readonly string[]
  readonly edges: readonly (readonly [string, string])[]
  readonly deferred?: readonly string[]
  readonly map_targets?: readonly string[]
}

const START = '__start__'
const STOP = '__end__'
const FINALIZER = 'result_finalizer_node'

/**
 * Our graph drawn the way CodeMie's graph library draws its own: inner nodes are shown, fan-outs and states that lead to
 * themselves are not, only what can be reached without them has edges, and what leads nowhere leads to the end.
 */
export function upstreamPicture(workflow: Workflow): Required<UpstreamGraph> {
  const graph = graphOf(workflow)
  const edges = new Map<string, readonly [string, string]>()
  const draw = (from: string, to: string) => edges.set(`${from}\n${to}`, [from, to])
  const seen = new Set([workflow.entry])
  draw(START, workflow.entry)
  for (const id of seen) {
    const out = graph.edges.filter(
      (edge) => edge.from === id && edge.to !== id && edge.kind !== 'fan-out' && edge.kind !== 'on-error',
    )
    if (out.length === 0) draw(id, STOP)
    for (const edge of out) {
      if (edge.to !== 'end') {
        draw(id, edge.to)
        seen.add(edge.to)
      } else if (workflow.finalizer && edge.kind !== 'map') {
        draw(id, FINALIZER)
        draw(FINALIZER, STOP)
      } else draw(id, STOP)
    }
  }
  const drawn = [...edges.values()]
  const ends = drawn.some(([, to]) => to === STOP) ? [STOP] : []
  const inner = ['summarize_memory_node', ...(workflow.finalizer ? [FINALIZER] : [])]
  return {
    nodes: [...graph.nodes, START, ...ends, ...inner].sort(),
    edges: drawn,
    deferred: [...graph.deferred].sort(),
    map_targets: graph.mapTargets,
  }
}

/** Edges as sorted lines, for comparing. */
export function edgeLines(edges: readonly (readonly [string, string])[]): readonly string[] {
  return edges.map(([from, to]) => `${from} -> ${to}`).sort()
}
