import { innerStates, placeIn } from './blocks.ts'
import type { Change } from './diff/change.ts'
import { matchStates } from './diff/match-states.ts'
import { type GraphEdge, graphOf } from './graph.ts'
import { arrowOf, type Drawn, type DrawnNode, drawState, endNodeOf, escapeLabel } from './graph-mermaid.ts'
import { groupBy } from './group-by.ts'
import { END, type State } from './workflow.ts'

type Fate = 'added' | 'removed' | 'changed' | 'renamed'

/** Fill, stroke and text together: each pair is readable whatever the page behind it looks like. */
const NODE_STYLES: Readonly<Record<Fate, string>> = {
  added: 'fill:#d4f4dd,stroke:#1a7f37,color:#0f3d1f',
  removed: 'fill:#ffd7d5,stroke:#cf222e,color:#5c0d12,stroke-dasharray:5 5',
  changed: 'fill:#fff8c5,stroke:#9a6700,color:#4d3800',
  renamed: 'fill:#ddf4ff,stroke:#0969da,color:#0a3069',
}

/** Tones between the two, for lines on a light and on a dark page. */
const EDGE_STYLES = {
  added: 'stroke:#2da44e,stroke-width:2px',
  removed: 'stroke:#e5534b,stroke-width:2px,stroke-dasharray:5 5',
} as const

/** What GitHub draws at most: signs of text, and lines. Source: `maxTextSize` and `maxEdges` of Mermaid. */
const MOST_SIGNS = 50_000
const MOST_EDGES = 500
/** States that a person can still find their way among. */
const MOST_STATES = 80

interface Node extends DrawnNode {
  readonly fate: Fate | undefined
  /** It, or a state inside of it, is not what it was. */
  readonly isTouched: boolean
}

interface Edge extends GraphEdge {
  readonly fate: 'added' | 'removed' | undefined
}

/** Where the arrow into the first state comes from; no state can be called so, as it is no text of a file. */
const START = '\0start'

/**
 * Draws two versions of a workflow as one picture, in Mermaid's language: states that are new green, those that are gone
 * red and dashed, changed ones yellow, those that are only called otherwise blue; lines that came green, those that went red.
 * Of a workflow too large to be drawn only what changed and its neighbours are shown, and the picture says so.
 *
 * @param before,after `undefined`: there is none on this side.
 * @param changes what `compareWorkflows` found between the two.
 */
export function toMermaidDiff(
  before: Drawn | undefined,
  after: Drawn | undefined,
  changes: readonly Change[],
): string {
  const old = before ?? { entry: END, states: [], finalizer: false }
  const now = after ?? { entry: END, states: [], finalizer: false }
  const { pairs, removed } = matchStates(old.states, now.states)
  const newIds = new Map(pairs.map(([one, other]) => [one.id, other.id]))
  const changed = new Set(
    changes.flatMap(({ state, code }) => (state === undefined || code === 'state-renamed' ? [] : [state])),
  )
  const fates = new Fates(old.states, now.states, changed)
  const nodes = [
    ...now.states.map((state, index): DrawnNode => ({ name: `n${index}`, place: state.id, state })),
    ...removed.map((state, index): DrawnNode => ({ name: `r${index}`, place: state.id, state })),
  ].map((node): Node => ({ ...node, fate: fates.of(node), isTouched: fates.isTouched(node) }))
  const edges = compareEdges(
    edgesOf(old).map((edge) => ({
      ...edge,
      from: newIds.get(edge.from) ?? edge.from,
      to: newIds.get(edge.to) ?? edge.to,
    })),
    edgesOf(now),
  )
  const picture = (some: readonly Node[]) =>
    draw(some, edges, { fates, end: after ?? old, hidden: nodes.length - some.length })
  const whole = picture(nodes)
  if (nodes.length <= MOST_STATES && fits(whole)) return whole
  const important = whatChanged(nodes, edges)
  for (let size = Math.min(MOST_STATES, important.length); ; size = Math.floor(size / 2)) {
    const kept = new Set(important.slice(0, size))
    const part = picture(nodes.filter((node) => kept.has(node)))
    if (fits(part) || size === 0) return part
  }
}

/** What became of states, and of those inside of blocks. */
class Fates {
  /** By place as it is called now; `undefined` where the state is what it was. */
  readonly #known = new Map<string, { readonly fate: Fate | undefined; readonly former?: string }>()
  /** States that went, by the place of the block that they stood in. */
  readonly #gone = new Map<string, readonly State[]>()

  /** @param changed places of states that something is told of. */
  constructor(before: readonly State[], after: readonly State[], changed: ReadonlySet<string>) {
    this.#compare(before, after, changed)
  }

  #compare(before: readonly State[], after: readonly State[], changed: ReadonlySet<string>, within?: string) {
    const { pairs, removed } = matchStates(before, after)
    const former = new Map(pairs.map(([one, other]) => [other, one]))
    if (within !== undefined) this.#gone.set(within, removed)
    for (const state of after) {
      const place = placeIn(within, state)
      const old = former.get(state)
      const isRenamed = old !== undefined && old.id !== state.id
      const fate =
        old === undefined ? 'added' : changed.has(place) ? 'changed' : isRenamed ? 'renamed' : undefined
      this.#known.set(place, { fate, ...(isRenamed ? { former: old.id } : {}) })
      this.#compare(old ? innerStates(old.work) : [], innerStates(state.work), changed, place)
    }
  }

  of({ name, place }: DrawnNode): Fate | undefined {
    return isGone(name) ? 'removed' : this.#known.get(place)?.fate
  }

  isTouched(node: DrawnNode): boolean {
    if (this.of(node) !== undefined || (this.#gone.get(node.place) ?? []).length > 0) return true
    return innerStates(node.state.work).some((state) =>
      this.isTouched({ name: node.name, place: placeIn(node.place, state), state }),
    )
  }

  readonly also = ({ name, place }: DrawnNode): readonly DrawnNode[] =>
    (isGone(name) ? [] : (this.#gone.get(place) ?? [])).map((state, index) => ({
      name: `${name}_r${index}`,
      place: placeIn(place, state),
      state,
    }))

  readonly labelOf = ({ name, place, state }: DrawnNode): string => {
    const former = isGone(name) ? undefined : this.#known.get(place)?.former
    return escapeLabel(state.id) + (former === undefined ? '' : ` (was ${escapeLabel(former)})`)
  }
}

/** Whether a node is drawn for what went, or inside of it. */
const isGone = (name: string) => /(?:^|_)r\d/.test(name)

/** All lines of a workflow, with the one into its first state. */
function edgesOf(workflow: Drawn): readonly GraphEdge[] {
  const { entry, edges } = graphOf(workflow)
  return workflow.states.length === 0 ? [] : [{ from: START, to: entry, kind: 'goto' }, ...edges]
}

/** The lines of now, then those that went; of equal ones each counts. */
function compareEdges(before: readonly GraphEdge[], after: readonly GraphEdge[]): Edge[] {
  // How a line is drawn counts, not how the definition says it.
  const keyOf = (edge: GraphEdge) => JSON.stringify([edge.from, edge.to, arrowOf(edge)])
  const left = groupBy(before, keyOf)
  const now = after.map((edge): Edge => {
    const same = left.get(keyOf(edge))?.shift()
    return { ...edge, fate: same === undefined ? 'added' : undefined }
  })
  return [...now, ...[...left.values()].flat().map((edge): Edge => ({ ...edge, fate: 'removed' }))]
}

/** States that changed or have a line that did, then those beside them. */
function whatChanged(nodes: readonly Node[], edges: readonly Edge[]): Node[] {
  const touched = new Set(edges.flatMap(({ from, to, fate }) => (fate === undefined ? [] : [from, to])))
  const changed = nodes.filter(({ place, isTouched }) => isTouched || touched.has(place))
  const ids = new Set(changed.map(({ place }) => place))
  const near = new Set(
    edges.flatMap(({ from, to }) => [...(ids.has(from) ? [to] : []), ...(ids.has(to) ? [from] : [])]),
  )
  return [...changed, ...nodes.filter(({ place }) => near.has(place) && !ids.has(place))]
}

function draw(
  nodes: readonly Node[],
  edges: readonly Edge[],
  { fates, end, hidden }: { readonly fates: Fates; readonly end: Drawn; readonly hidden: number },
): string {
  const names = new Map([
    ...nodes.map(({ place, name }) => [place, name] as const),
    [START, 'start'],
    [END, 'stop'],
  ])
  const drawn = edges.filter(({ from, to }) => names.has(from) && names.has(to))
  const lines = ['flowchart TD']
  if (drawn.some(({ from }) => from === START)) lines.push('  start([start])')
  const states = nodes.map((node) => drawState(node, fates))
  for (const one of states) lines.push(...one.lines)
  if (drawn.some(({ to }) => to === END)) lines.push(`  ${endNodeOf(end)}`)
  if (hidden > 0) lines.push(`  more["${hidden} more, not shown"]`)
  for (const edge of drawn) lines.push(`  ${names.get(edge.from)} ${arrowOf(edge)} ${names.get(edge.to)}`)
  for (const fate of Object.keys(NODE_STYLES) as Fate[]) {
    const some = states
      .flatMap((one) => one.nodes)
      .filter((node) => fates.of(node) === fate)
      .map(({ name }) => name)
    if (some.length > 0)
      lines.push(`  classDef ${fate} ${NODE_STYLES[fate]}`, `  class ${some.join(',')} ${fate}`)
  }
  // Lines are numbered in the order written, and those inside of blocks stand before.
  const inside = states.flatMap((one) => one.lines).filter((line) => LINE.test(line)).length
  for (const fate of ['added', 'removed'] as const) {
    const some = drawn.flatMap((edge, index) => (edge.fate === fate ? [index + inside] : []))
    if (some.length > 0) lines.push(`  linkStyle ${some.join(',')} ${EDGE_STYLES[fate]}`)
  }
  return `${lines.join('\n')}\n`
}

const LINE = / (?:-->|==>|-\.->)/

function fits(picture: string): boolean {
  return picture.length <= MOST_SIGNS && (picture.match(new RegExp(LINE, 'g'))?.length ?? 0) <= MOST_EDGES
}
