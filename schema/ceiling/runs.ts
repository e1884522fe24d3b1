import { componentsOf, dominanceIn, type GraphEdge, graphOf, type WorkflowGraph } from '../graph.ts'
import { groupBy } from '../group-by.ts'
import { END, type State, type Workflow } from '../workflow.ts'
import { type Amount, amount, gap, lower, mostOf, NONE, ONE, sum, times } from './amount.ts'
import { itemsOf } from './items.ts'

/** States that are on one loop, or a state that is on none. */
export interface RunGroup {
  readonly states: readonly State[]
  /** Steps of all of them together. */
  readonly together: Amount
  /** Different conversations that those of them see who ask a model: what one step starts sees the same one. */
  readonly conversations: Amount
  /** Steps that may be finished before the last of them starts. */
  readonly before: Amount
}

/** How often the states of a workflow run at most, called workflows left out. */
export interface Runs {
  /** By id; a state that nothing leads to has none. */
  readonly of: ReadonlyMap<string, Amount>
  readonly groups: readonly RunGroup[]
  /** Supersteps in which a path reaches `end`. */
  readonly ends: Amount
  /** Whether no transition ever starts two steps, so that each superstep is one step. */
  readonly isOneByOne: boolean
}

/** What goes along an edge: steps that lead there, and the supersteps in which some do. */
interface Flow {
  readonly steps: Amount
  readonly waves: Amount
}

const STILL: Flow = { steps: NONE, waves: NONE }

/**
 * Follows a workflow as its engine interprets it, with each choice going every way. A step is a token: an ordinary edge
 * hands it on, a fan-out or a map makes more of it, and steps that an ordinary edge leads to in one superstep become one.
 * A state outside of any loop is passed by each token once; a loop keeps a token for as many supersteps as there are left.
 */
export function runsOf(workflow: Workflow): Runs {
  const graph = graphOf(workflow)
  const states = new Map<string, State>()
  for (const state of workflow.states) if (!states.has(state.id)) states.set(state.id, state)
  const mapTargets = new Set(graph.mapTargets)
  const factors = new Map(
    [...states.values()].map((state) => [
      state.id,
      state.next.kind === 'map' ? itemsOf(state, state.next, mapTargets.has(state.id)) : ONE,
    ]),
  )
  const into = groupBy(graph.edges, ({ to }) => to)
  const from = groupBy(graph.edges, (edge) => edge.from)
  const scene: Scene = {
    graph,
    into: (id) => into.get(id) ?? [],
    from: (id) => from.get(id) ?? [],
    states,
    factorOf: (id) => factors.get(id) ?? ONE,
    left: superstepsLeft(graph.entry, (id) => from.get(id) ?? [], workflow.limits.recursionLimit),
    isOneByOne: workflow.states.every(
      ({ id, next }) => next.kind !== 'fan-out' && mostOf(factors.get(id) ?? ONE) === 1,
    ),
    out: new Map(),
    of: new Map(),
  }
  const counted = componentsOf(graph).map((ids) => ({ ids, ...groupOf(ids, scene) }))
  const all = sum(counted.map(({ together }) => together))
  const notAfter = sumsWithout(graph, scene.of)
  const groups = counted.map(({ ids, waves, ...group }): RunGroup => {
    const [only = '', ...more] = ids
    if (more.length > 0 || mostOf(waves) !== 1) return { ...group, before: all }
    // What only comes after a state has not run when it does, as long as it runs in one superstep only.
    return { ...group, before: notAfter(only) }
  })
  const { waves } = incoming([END], scene).edges
  return {
    of: scene.of,
    groups,
    ends: lower(amount(workflow.limits.recursionLimit), scene.isOneByOne ? lower(ONE, waves) : waves),
    isOneByOne: scene.isOneByOne,
  }
}

/** What all states come to without one and those that every path leads to through it. */
function sumsWithout(graph: WorkflowGraph, of: ReadonlyMap<string, Amount>): (id: string) => Amount {
  const { order, spans } = dominanceIn(graph)
  const amounts = order.map((id) => of.get(id) ?? NONE)
  const until = [NONE]
  for (const one of amounts) until.push(sum([until.at(-1) ?? NONE, one]))
  const from = [NONE]
  for (const one of amounts.toReversed()) from.push(sum([one, from.at(-1) ?? NONE]))
  from.reverse()
  return (id) => {
    const [start, end] = spans.get(id) ?? [order.length, order.length]
    return sum([until[start] ?? NONE, from[end] ?? NONE])
  }
}

interface Scene {
  readonly graph: WorkflowGraph
  readonly states: ReadonlyMap<string, State>
  /** Edges to and from a state. */
  readonly into: (id: string) => readonly GraphEdge[]
  readonly from: (id: string) => readonly GraphEdge[]
  /** Steps that a state's map starts for one step of it. */
  readonly factorOf: (id: string) => Amount
  /** Supersteps left when the first step of a state can start. */
  readonly left: ReadonlyMap<string, number>
  readonly isOneByOne: boolean
  /** What leaves a state along any one of its edges; set group by group, sources first. */
  readonly out: Map<string, Flow>
  readonly of: Map<string, Amount>
}

/** Whether the target is started for the step that leads there alone, and not once for all that do. */
const isSend = ({ kind, to }: GraphEdge) => (kind === 'map' || kind === 'fan-out') && to !== END

function superstepsLeft(entry: string, edgesFrom: Scene['from'], limit: number): ReadonlyMap<string, number> {
  const left = new Map([[entry, limit]])
  for (const [id, supersteps] of left) {
    for (const { to } of edgesFrom(id)) if (!left.has(to)) left.set(to, Math.max(0, supersteps - 1))
  }
  return left
}

/** What reaches some states, along edges that are not among `inner`. */
function incoming(
  ids: readonly string[],
  { graph, into, out, factorOf }: Scene,
  inner: ReadonlySet<GraphEdge> = new Set(),
): { readonly edges: Flow; readonly sends: Flow & { readonly senders: Amount } } {
  const coming = ids.flatMap((id) => into(id).filter((edge) => !inner.has(edge)))
  // A map to the end leads nowhere.
  const ordinary = coming.filter((edge) => !isSend(edge) && edge.kind !== 'map')
  // A step takes one of its choices, so several mentions of a target are one way there.
  const ways = [...new Map(ordinary.map((edge) => [`${edge.from}\n${edge.to}`, edge])).values()]
  const sends = coming.filter(isSend)
  const flow = (edge: GraphEdge) => out.get(edge.from) ?? STILL
  const edges = sum([ids.includes(graph.entry) ? ONE : NONE, ...ways.map((edge) => flow(edge).waves)])
  return {
    edges: { steps: edges, waves: edges },
    sends: {
      steps: sum(sends.map((edge) => times(flow(edge).steps, moreAlong(edge, factorOf)))),
      waves: sum(sends.map((edge) => flow(edge).waves)),
      senders: sum(sends.map((edge) => flow(edge).steps)),
    },
  }
}

/** Steps that one step of a state starts along an edge. */
function moreAlong({ from, kind }: GraphEdge, factorOf: Scene['factorOf']): Amount {
  return kind === 'map' ? factorOf(from) : ONE
}

interface Counted extends Pick<RunGroup, 'states' | 'together' | 'conversations'> {
  /** Supersteps in which one of them runs. */
  readonly waves: Amount
}

type GroupCount = Omit<Counted, 'states'>

function groupOf(ids: readonly string[], scene: Scene): Counted {
  const members = new Set(ids)
  const inner = ids.flatMap((id) => scene.from(id).filter(({ to }) => members.has(to)))
  const [first = ''] = ids
  const counted =
    inner.length === 0
      ? single(first, scene)
      : (inner.some(isMultiplied(scene)) ? multiplied : loop)(ids, inner, scene)
  return { ...counted, states: ids.flatMap((id) => scene.states.get(id) ?? []) }
}

/** Whether a step that takes the edge leaves more than one step behind. */
function isMultiplied({ factorOf }: Scene): (edge: GraphEdge) => boolean {
  return (edge) => isSend(edge) && (edge.kind === 'fan-out' || mostOf(factorOf(edge.from)) !== 1)
}

/** A state on no loop. One that waits for others runs once for all of them, however many there are. */
function single(id: string, scene: Scene): GroupCount {
  const { edges, sends } = incoming([id], scene)
  const isJoin = scene.graph.deferred.has(id) || scene.isOneByOne
  const byEdges = isJoin && mostOf(edges.waves) !== 0 ? ONE : edges.waves
  const left = amount(scene.left.get(id) ?? 0)
  const steps = sum([lower(left, byEdges), sends.steps])
  const waves = lower(left, sum([byEdges, sends.waves]))
  scene.of.set(id, steps)
  scene.out.set(id, { steps, waves })
  return {
    together: steps,
    conversations: asksModel(id, scene) ? sum([lower(left, byEdges), sends.senders]) : NONE,
    waves,
  }
}

/** Whether a state is one before which a conversation that got too long is summed up. */
function asksModel(id: string, { states }: Scene): boolean {
  return states.get(id)?.work.kind === 'agent'
}

/** A loop on which steps stay as many as came to it. Each stays for the supersteps that are left, and leaves once. */
function loop(ids: readonly string[], inner: readonly GraphEdge[], scene: Scene): GroupCount {
  const { edges, sends } = incoming(ids, scene, new Set(inner))
  const came = sum([edges.steps, sends.steps])
  const left = Math.max(0, ...ids.map((id) => scene.left.get(id) ?? 0))
  const each = times(came, amount(left))
  // Where all edges are ordinary, a state runs once in a superstep, however many came.
  const together = inner.some(isSend) ? each : lower(each, sum([sends.steps, amount(ids.length * left)]))
  for (const id of ids) {
    scene.of.set(id, together)
    scene.out.set(id, { steps: came, waves: lower(amount(left), came) })
  }
  return {
    together,
    conversations: ids.some((id) => asksModel(id, scene)) ? together : NONE,
    waves: amount(left),
  }
}

/** A loop on which steps become more. By its ordinary edges a state runs once in a superstep; the rest is counted from there. */
function multiplied(ids: readonly string[], inner: readonly GraphEdge[], scene: Scene): GroupCount {
  const { factorOf, left, of, out } = scene
  const conversations: Amount[] = []
  const isInner = new Set(inner)
  const sendsIn = inner.filter(isSend)
  const open = new Set(ids)
  while (open.size > 0) {
    const ready = [...open].filter((id) => !sendsIn.some(({ from, to }) => to === id && open.has(from)))
    for (const id of ready.length > 0 ? ready : open) {
      open.delete(id)
      if (ready.length === 0) {
        of.set(id, growing(id))
        conversations.push(growing(id))
        continue
      }
      const outer = incoming([id], scene, isInner)
      const isReachedByEdge =
        mostOf(outer.edges.waves) !== 0 || inner.some((edge) => edge.to === id && !isSend(edge))
      const byEdges = isReachedByEdge ? amount(left.get(id) ?? 0) : NONE
      const senders = sendsIn.filter(({ to }) => to === id)
      const sent = (edge: GraphEdge) => of.get(edge.from) ?? NONE
      const multiples = senders.map((edge) => times(sent(edge), moreAlong(edge, factorOf)))
      of.set(id, sum([byEdges, outer.sends.steps, ...multiples]))
      if (asksModel(id, scene)) conversations.push(byEdges, outer.sends.senders, ...senders.map(sent))
    }
  }
  for (const id of ids) {
    const steps = of.get(id) ?? NONE
    out.set(id, { steps, waves: lower(amount(left.get(id) ?? 0), steps) })
  }
  const most = Math.max(0, ...ids.map((id) => left.get(id) ?? 0))
  return {
    together: sum(ids.map((id) => of.get(id) ?? NONE)),
    conversations: sum(conversations),
    waves: amount(most),
  }
}

function growing(state: string): Amount {
  return gap({
    kind: 'unbounded',
    state,
    sentence: 'it stands on a loop that starts more steps each time round',
  })
}
