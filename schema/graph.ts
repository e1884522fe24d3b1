import { CONTINUE, END, type State, type Transition, type Workflow } from './workflow.ts'

/** The static picture of a workflow: who can follow whom. Made from the definition alone; `end` is a node of it. */
export interface WorkflowGraph {
  readonly entry: string
  /** Ids of the states in the order written, without `end`. */
  readonly nodes: readonly string[]
  /** One edge per mention of a target, in the order written. */
  readonly edges: readonly GraphEdge[]
  /**
   * States (and maybe `end`) with more than one mention: once triggered, they wait until nothing else is under way that could
   * reach them. Both arms of one condition count, and so do loops back.
   */
  readonly deferred: ReadonlySet<string>
  /** Targets of `iter_key` transitions, one for each such transition, in the order written. */
  readonly mapTargets: readonly string[]
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
  readonly kind: 'goto' | 'fan-out' | 'when' | 'otherwise' | 'map' | 'on-error'
  /** The condition, or the key of the list. */
  readonly label?: string
}

type GraphSource = Pick<Workflow, 'entry' | 'states'>

/** Draws the graph of a workflow, or of the body of a block. */
export function graphOf(workflow: GraphSource): WorkflowGraph {
  const edges = workflow.states.flatMap(edgesOf)
  const mentions = new Map<string, number>()
  for (const edge of edges) {
    if (edge.kind !== 'on-error') mentions.set(edge.to, (mentions.get(edge.to) ?? 0) + 1)
  }
  return {
    entry: workflow.entry,
    nodes: workflow.states.map((state) => state.id),
    edges,
    deferred: new Set([...mentions].filter(([, count]) => count > 1).map(([id]) => id)),
    mapTargets: edges.filter((edge) => edge.kind === 'map').map((edge) => edge.to),
  }
}

function edgesOf(state: State): readonly GraphEdge[] {
  const handled = state.onError.flatMap(({ to, catches }): GraphEdge[] => {
    if (to === undefined || to.value === CONTINUE) return []
    const label = catches.length === 0 ? 'on error' : `on error: ${catches.join(', ')}`
    return [{ from: state.id, to: to.value, kind: 'on-error', label }]
  })
  return [...edgesOfTransition(state.id, state.next), ...handled]
}

function edgesOfTransition(from: string, next: Transition): readonly GraphEdge[] {
  switch (next.kind) {
    case 'stop':
      return []
    case 'goto':
      return [{ from, to: next.to.value, kind: 'goto' }]
    case 'fan-out':
      return next.to.map((to) => ({ from, to: to.value, kind: 'fan-out' }))
    case 'map':
      return [
        { from, to: next.to.value, kind: 'map', label: `each ${next.items.value}${inParts(next.shards)}` },
      ]
    case 'choose':
      return [
        ...next.cases.map((one) => ({
          from,
          to: one.to.value,
          kind: 'when' as const,
          label: one.when.value,
        })),
        { from, to: next.otherwise.value, kind: 'otherwise', label: 'otherwise' },
      ]
  }
}

/** How people are told that several machines may share a map; nothing where none may. */
export function inParts(shards: number | undefined): string {
  return shards === undefined ? '' : `, in ${shards === 1 ? '1 shard' : `${shards} shards`}`
}

/** For each node the nodes that an edge leads to, each once, in the order written. */
function neighbours(
  graph: WorkflowGraph,
  direction: 'forward' | 'backward',
): ReadonlyMap<string, readonly string[]> {
  const table = new Map<string, Set<string>>()
  for (const edge of graph.edges) {
    const [from, to] = direction === 'forward' ? [edge.from, edge.to] : [edge.to, edge.from]
    const list = table.get(from)
    if (list) list.add(to)
    else table.set(from, new Set([to]))
  }
  return new Map([...table].map(([id, targets]) => [id, [...targets]]))
}

function spread(table: ReadonlyMap<string, readonly string[]>, starts: readonly string[]): Set<string> {
  const seen = new Set<string>()
  const open = [...starts]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const next of table.get(id) ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      open.push(next)
    }
  }
  return seen
}

/**
 * All states from which a path leads to `id`. Holds `id` itself only when it stands on a loop.
 * A deferred state waits while one of these is pending.
 */
export function ancestorsOf(graph: WorkflowGraph, id: string): ReadonlySet<string> {
  return spread(neighbours(graph, 'backward'), [id])
}

/** All states, and maybe `end`, that a path from `id` leads to. Holds `id` itself only when it stands on a loop. */
export function followersOf(graph: WorkflowGraph, id: string): ReadonlySet<string> {
  return spread(neighbours(graph, 'forward'), [id])
}

/** The entry and all that a path from it reaches, `end` included. */
export function reachableIn(graph: WorkflowGraph): ReadonlySet<string> {
  return spread(neighbours(graph, 'forward'), [graph.entry]).add(graph.entry)
}

/**
 * Tells of states what paths from the entry lead to without going on from there; made once for many questions.
 * It is asked for the states, and gives the question whether another one is reached.
 */
export function reachableWithout(
  graph: WorkflowGraph,
): (avoided: ReadonlySet<string>) => (id: string) => boolean {
  const ids = [...new Set([graph.entry, ...graph.nodes, ...graph.edges.map(({ to }) => to)])]
  const numbers = new Map(ids.map((id, number) => [id, number]))
  const forward = neighbours(graph, 'forward')
  const targets = ids.map((id) => (forward.get(id) ?? []).map((to) => numbers.get(to) ?? 0))
  return (avoided) => {
    const seen = new Uint8Array(ids.length).fill(1, 0, 1)
    const open = [0]
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      if (avoided.has(ids[one] ?? '')) continue
      for (const next of targets[one] ?? []) {
        if (seen[next] === 1) continue
        seen[next] = 1
        open.push(next)
      }
    }
    return (id) => seen[numbers.get(id) ?? -1] === 1
  }
}

/** The states that paths from the entry reach, and maybe `end`, with who dominates whom. */
export interface Dominance {
  /** Each right before all that it dominates: the nodes to which every path from the entry leads through it. */
  readonly order: readonly string[]
  /** By id, the part of `order` that a node and all that it dominates take; the end is not in it. */
  readonly spans: ReadonlyMap<string, readonly [start: number, end: number]>
}

/** Finds them by the algorithm of Cooper, Harvey and Kennedy: each node's next dominator is where its predecessors' meet. */
export function dominanceIn(graph: WorkflowGraph): Dominance {
  const forward = neighbours(graph, 'forward')
  const backward = neighbours(graph, 'backward')
  const reached = reversePostorder(graph.entry, (id) => forward.get(id) ?? [])
  const place = new Map(reached.map((id, number) => [id, number]))
  const before = reached.map((id) => (backward.get(id) ?? []).flatMap((from) => place.get(from) ?? []))
  const dominator: (number | undefined)[] = [0]
  const meet = (one: number, other: number): number => {
    let [a, b] = [one, other]
    while (a !== b) {
      while (a > b) a = dominator[a] ?? 0
      while (b > a) b = dominator[b] ?? 0
    }
    return a
  }
  for (let isChanged = true; isChanged; ) {
    isChanged = false
    for (let node = 1; node < reached.length; node += 1) {
      const known = (before[node] ?? []).filter((from) => dominator[from] !== undefined)
      const next = known.reduce(meet)
      isChanged ||= dominator[node] !== next
      dominator[node] = next
    }
  }
  // A dominator comes first in `reached`, so from behind each size is whole before it is added to another.
  const sizes = reached.map(() => 1)
  for (let node = reached.length - 1; node > 0; node -= 1) {
    const above = dominator[node] ?? 0
    sizes[above] = (sizes[above] ?? 0) + (sizes[node] ?? 0)
  }
  const order: string[] = []
  const spans = new Map<string, readonly [number, number]>()
  const free = reached.map(() => 0)
  for (const [node, id] of reached.entries()) {
    const above = dominator[node] ?? 0
    const start = node === 0 ? 0 : (free[above] ?? 0)
    const end = start + (sizes[node] ?? 0)
    free[above] = end
    free[node] = start + 1
    order[start] = id
    spans.set(id, [start, end])
  }
  return { order, spans }
}

/** All that is reached, each node before those that only it leads to. */
function reversePostorder(entry: string, next: (id: string) => readonly string[]): readonly string[] {
  const done: string[] = []
  const seen = new Set([entry])
  const open = [{ id: entry, targets: next(entry).values() }]
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const { value: target, done: isOver } = top.targets.next()
    if (isOver) {
      done.push(top.id)
      open.pop()
    } else if (!seen.has(target)) {
      seen.add(target)
      open.push({ id: target, targets: next(target).values() })
    }
  }
  return done.reverse()
}

/**
 * The strongly connected components: groups of states each of which can reach every other. Single states outside any loop
 * are groups of one. Sources come before what they lead to.
 */
export function componentsOf(graph: WorkflowGraph): readonly (readonly string[])[] {
  const forward = neighbours(graph, 'forward')
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const components: string[][] = []
  // Tarjan's algorithm with a stack of its own: a chain of thousands of states would end the stack of the machine.
  for (const start of graph.nodes) {
    if (index.has(start)) continue
    const work: { id: string; next: number }[] = [{ id: start, next: 0 }]
    while (work.length > 0) {
      const frame = work[work.length - 1]
      if (!frame) break
      const { id } = frame
      if (frame.next === 0) {
        index.set(id, index.size)
        low.set(id, index.get(id) ?? 0)
        stack.push(id)
        onStack.add(id)
      }
      const target = forward.get(id)?.[frame.next]
      frame.next += 1
      if (target !== undefined) {
        if (target === END) continue
        if (!index.has(target)) work.push({ id: target, next: 0 })
        else if (onStack.has(target)) low.set(id, Math.min(low.get(id) ?? 0, index.get(target) ?? 0))
        continue
      }
      if (low.get(id) === index.get(id)) {
        const component: string[] = []
        for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
          onStack.delete(member)
          component.push(member)
          if (member === id) break
        }
        components.push(component.reverse())
      }
      work.pop()
      const parent = work[work.length - 1]
      if (parent) low.set(parent.id, Math.min(low.get(parent.id) ?? 0, low.get(id) ?? 0))
    }
  }
  return components.reverse()
}
