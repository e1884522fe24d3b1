import { driverWords } from './block-words.ts'
import { innerStates } from './blocks.ts'
import { printable } from './frame.ts'
import { type GraphEdge, graphOf, type WorkflowGraph } from './graph.ts'
import { END, type State, type Workflow } from './workflow.ts'

type Drawn = Pick<Workflow, 'entry' | 'states' | 'finalizer'> & Partial<Pick<Workflow, 'dialect'>>

const WORK_WORDS: {
  readonly [K in State['work']['kind']]: (work: Extract<State['work'], { kind: K }>) => string
} = {
  agent: (work) => `assistant ${work.assistant.id}`,
  tool: (work) => `tool ${work.tool}`,
  transform: () => 'transform',
  'state-processor': () => 'summary of earlier outputs',
  'documents-tree': () => 'list of documents',
  'bedrock-flow': () => 'Bedrock flow',
  summary: () => 'summary of the conversation',
  call: (work) => `workflow ${work.workflow.value}`,
  prompt: (work) => `role ${work.assistant.id}`,
  // A role in its own session is no layer of anything.
  layer: (work) => `${work.sees === 'session' ? 'role' : 'layer'} ${work.assistant.id}`,
  script: (work) => `command ${work.command.value}`,
  block: (work) => driverWords(work.driver),
}

function workWords(work: State['work']): string {
  return (WORK_WORDS[work.kind] as (work: State['work']) => string)(work)
}

const LONGEST_LABEL = 60
/** Of the words for a block. */
const LONGEST_WORDS = 100

function oneLine(text: string, longest = LONGEST_LABEL): string {
  const line = printable(text.replace(/\s+/g, ' '))
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line
}

function shortWords(work: State['work']): string {
  return oneLine(workWords(work), work.kind === 'block' ? LONGEST_WORDS : LONGEST_LABEL)
}

/**
 * Draws a workflow with lines for a terminal: a sequence goes down, branches are indented and come together again where all
 * of them meet, and what has been drawn above is only named.
 *
 *     ● plan    assistant planner
 *     │ each files
 *     ● review  assistant reviewer
 *     ├─ when score > 5
 *     │  ◇ end
 *     └─ otherwise
 *        ↺ plan
 */
export function toText(workflow: Drawn): string {
  const graph = graphOf(workflow)
  return new Drawing(workflow, graph).lines().join('\n')
}

function addTo<T>(table: Map<string, T[]>, key: string, value: T) {
  const list = table.get(key)
  if (list) list.push(value)
  else table.set(key, [value])
}

function widthOf(ids: readonly string[]): number {
  return Math.min(32, Math.max(0, ...ids.map((id) => oneLine(id).length)))
}

/** One drawing under way: which states stand in it already. */
class Drawing {
  readonly #graph: WorkflowGraph
  readonly #states: ReadonlyMap<string, State>
  readonly #finalizer: boolean
  /** A state that leads nowhere is the last one. Otherwise its author may have forgotten what follows. */
  readonly #endsWithoutWord: boolean
  readonly #out: ReadonlyMap<string, readonly GraphEdge[]>
  readonly #meet: ReadonlyMap<string, string>
  readonly #drawn = new Set<string>()
  readonly #width: number
  readonly #lines: string[] = []

  constructor(workflow: Drawn, graph: WorkflowGraph) {
    this.#graph = graph
    this.#states = new Map(workflow.states.map((state) => [state.id, state]))
    this.#finalizer = workflow.finalizer
    this.#endsWithoutWord = (workflow.dialect ?? 'codemie') !== 'codemie'
    const out = new Map<string, GraphEdge[]>()
    for (const edge of graph.edges) addTo(out, edge.from, edge)
    this.#out = out
    this.#meet = meetingPoints(graph)
    this.#width = widthOf(graph.nodes)
  }

  lines(): readonly string[] {
    if (this.#graph.entry !== '' && this.#states.size > 0)
      this.#chain(this.#graph.entry, '', new Set(), new Set())
    const lost = this.#graph.nodes.filter((id) => !this.#drawn.has(id))
    for (const id of lost) {
      if (this.#drawn.has(id)) continue
      this.#lines.push('', 'no path leads to:')
      this.#chain(id, '', new Set(), new Set())
    }
    return this.#lines
  }

  /** Draws states below each other until the path ends, branches for good, or comes to a state that is drawn elsewhere. */
  #chain(first: string, prefix: string, stops: ReadonlySet<string>, above: ReadonlySet<string>) {
    const path = new Set(above)
    let id: string | undefined = first
    while (id !== undefined) {
      if (stops.has(id)) return
      if (id === END) {
        this.#lines.push(`${prefix}◇ end${this.#finalizer ? ', with a summary' : ''}`)
        return
      }
      if (this.#drawn.has(id) || !this.#states.has(id)) {
        this.#lines.push(`${prefix}${path.has(id) ? '↺' : '→'} ${oneLine(id)}`)
        return
      }
      this.#node(id, prefix)
      path.add(id)
      id = this.#after(id, prefix, stops, path)
    }
  }

  #node(id: string, prefix: string) {
    this.#drawn.add(id)
    const state = this.#states.get(id)
    const sign = state?.next.kind === 'choose' ? '◆' : '●'
    const notes = [
      state ? shortWords(state.work) : '',
      ...(this.#graph.mapTargets.includes(id) ? ['once for each item'] : []),
      ...(this.#graph.deferred.has(id) && this.#joinsBranches(id) ? ['waits for all branches'] : []),
      ...(state?.pauseBefore || state?.approval ? ['after a person agrees'] : []),
    ]
    this.#lines.push(
      `${prefix}${sign} ${oneLine(id).padEnd(this.#width)}  ${notes.filter(Boolean).join(', ')}`.trimEnd(),
    )
    if (state) this.#inside(state, `${prefix}│  `)
  }

  /** Draws the states of a block, in the order written: its own line says how they run. */
  #inside({ work }: State, prefix: string) {
    const states = innerStates(work)
    const width = widthOf(states.map(({ id }) => id))
    for (const state of states) {
      this.#lines.push(`${prefix}○ ${oneLine(state.id).padEnd(width)}  ${shortWords(state.work)}`.trimEnd())
      this.#inside(state, `${prefix}│  `)
    }
  }

  /** Whether branches that run at once come together here. */
  #joinsBranches(id: string): boolean {
    return this.#graph.nodes.some(
      (source) =>
        this.#meet.get(source) === id && this.#out.get(source)?.some((edge) => edge.kind === 'fan-out'),
    )
  }

  /** Draws what follows a state. Gives the state that goes on on the same line, if one does. */
  #after(
    id: string,
    prefix: string,
    stops: ReadonlySet<string>,
    path: ReadonlySet<string>,
  ): string | undefined {
    const edges = this.#out.get(id) ?? []
    const only = edges[0]
    if (!only) {
      this.#lines.push(`${prefix}${this.#endsWithoutWord ? '◇ end' : '■ the path stops'}`)
      return undefined
    }
    if (edges.length === 1) {
      this.#lines.push(`${prefix}│${only.label === undefined ? '' : ` ${oneLine(only.label)}`}`)
      // A line that leads out of a branch to the place where the branches meet needs no sign.
      if (stops.has(only.to)) this.#lines.pop()
      return only.to
    }
    const meet = this.#meet.get(id)
    const goesOn =
      meet !== undefined && meet !== END && !this.#drawn.has(meet) && !stops.has(meet) ? meet : undefined
    const inner = goesOn === undefined ? stops : new Set([...stops, goesOn])
    edges.forEach((edge, i) => {
      const isLast = i === edges.length - 1 && goesOn === undefined
      const arrow = inner.has(edge.to) ? ` → ${oneLine(edge.to)}` : ''
      this.#lines.push(`${prefix}${isLast ? '└─' : '├─'} ${this.#labelOf(edge)}${arrow}`)
      if (arrow !== '') return
      this.#chain(edge.to, `${prefix}${isLast ? '   ' : '│  '}`, inner, path)
    })
    if (goesOn !== undefined) this.#lines.push(`${prefix}│`)
    return goesOn
  }

  #labelOf(edge: GraphEdge): string {
    const words =
      edge.kind === 'when'
        ? `when ${edge.label ?? ''}`
        : (edge.label ?? (edge.kind === 'fan-out' ? 'at once' : 'then'))
    return oneLine(words)
  }
}

/**
 * For each state with several ways on: the first state that all of them come to (its immediate postdominator).
 * Found on the reversed graph with the algorithm of Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001).
 */
function meetingPoints(graph: WorkflowGraph): ReadonlyMap<string, string> {
  const EXIT = '\0exit'
  const forward = new Map<string, string[]>()
  const backward = new Map<string, string[]>([[EXIT, []]])
  const link = (from: string, to: string) => {
    addTo(forward, from, to)
    addTo(backward, to, from)
  }
  for (const edge of graph.edges) link(edge.from, edge.to)
  for (const id of [...graph.nodes, END]) if (!forward.has(id)) link(id, EXIT)
  const order: string[] = []
  const seen = new Set([EXIT])
  const open: { id: string; next: number }[] = [{ id: EXIT, next: 0 }]
  while (open.length > 0) {
    const frame = open[open.length - 1]
    if (!frame) break
    const below = backward.get(frame.id)?.[frame.next]
    frame.next += 1
    if (below === undefined) {
      order.push(frame.id)
      open.pop()
    } else if (!seen.has(below)) {
      seen.add(below)
      open.push({ id: below, next: 0 })
    }
  }
  const rank = new Map(order.map((id, i) => [id, i]))
  const meet = new Map<string, string>([[EXIT, EXIT]])
  const intersect = (a: string, b: string): string => {
    let [left, right] = [a, b]
    while (left !== right) {
      while ((rank.get(left) ?? 0) < (rank.get(right) ?? 0)) left = meet.get(left) ?? EXIT
      while ((rank.get(right) ?? 0) < (rank.get(left) ?? 0)) right = meet.get(right) ?? EXIT
    }
    return left
  }
  for (let changed = true; changed; ) {
    changed = false
    for (let i = order.length - 2; i >= 0; i -= 1) {
      const id = order[i] ?? EXIT
      const known = (forward.get(id) ?? []).filter((next) => meet.has(next))
      const found = known.reduce<string | undefined>(
        (a, b) => (a === undefined ? b : intersect(a, b)),
        undefined,
      )
      if (found === undefined || meet.get(id) === found) continue
      meet.set(id, found)
      changed = true
    }
  }
  return new Map([...meet].filter(([, to]) => to !== EXIT))
}
