import type { Change } from './diff/change.ts'
import { matchStates } from './diff/match-states.ts'
import { type GraphEdge, graphOf } from './graph.ts'
import { arrowOf, type Drawn, endNodeOf, escapeLabel, nodeOf } from './graph-mermaid.ts'
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

interface Node {
  readonly name: string
  readonly id: string
  readonly state: State
  readonly label: string
  readonly fate: Fate | undefined
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
  const formerIds = new Map(pairs.map(([one, other]) => [other.id, one.id]))
  const newIds = new Map(pairs.map(([one, other]) => [one.id, other.id]))
  const changed = new Set(
    changes.flatMap(({ state, code }) => (state === undefined || code === 'state-renamed' ? [] : [state])),
  )
  const nodes = [
    ...now.states.map((state, index): Node => {
      const former = formerIds.get(state.id)
      const isRenamed = former !== undefined && former !== state.id
      const fate =
        former === undefined ? 'added' : changed.has(state.id) ? 'changed' : isRenamed ? 'renamed' : undefined
      const label = escapeLabel(state.id) + (isRenamed ? ` (was ${escapeLabel(former)})` : '')
      return { name: `n${index}`, id: state.id, state, label, fate }
    }),
    ...removed.map(
      (state, index): Node => ({
        name: `r${index}`,
        id: state.id,
        state,
        label: escapeLabel(state.id),
        fate: 'removed',
      }),
    ),
  ]
  const edges = compareEdges(
    edgesOf(old).map((edge) => ({
      ...edge,
      from: newIds.get(edge.from) ?? edge.from,
      to: newIds.get(edge.to) ?? edge.to,
    })),
    edgesOf(now),
  )
  const picture = (some: readonly Node[]) => draw(some, edges, after ?? old, nodes.length - some.length)
  const whole = picture(nodes)
  if (nodes.length <= MOST_STATES && fits(whole)) return whole
  const important = whatChanged(nodes, edges)
  for (let size = Math.min(MOST_STATES, important.length); ; size = Math.floor(size / 2)) {
    const kept = new Set(important.slice(0, size))
    const part = picture(nodes.filter((node) => kept.has(node)))
    if (fits(part) || size === 0) return part
  }
}

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
  const changed = nodes.filter(({ id, fate }) => fate !== undefined || touched.has(id))
  const ids = new Set(changed.map(({ id }) => id))
  const near = new Set(
    edges.flatMap(({ from, to }) => [...(ids.has(from) ? [to] : []), ...(ids.has(to) ? [from] : [])]),
  )
  return [...changed, ...nodes.filter(({ id }) => near.has(id) && !ids.has(id))]
}

function draw(nodes: readonly Node[], edges: readonly Edge[], end: Drawn, hidden: number): string {
  const names = new Map([
    ...nodes.map(({ id, name }) => [id, name] as const),
    [START, 'start'],
    [END, 'stop'],
  ])
  const drawn = edges.filter(({ from, to }) => names.has(from) && names.has(to))
  const lines = ['flowchart TD']
  if (drawn.some(({ from }) => from === START)) lines.push('  start([start])')
  for (const { name, state, label } of nodes) lines.push(`  ${nodeOf(name, state, label)}`)
  if (drawn.some(({ to }) => to === END)) lines.push(`  ${endNodeOf(end)}`)
  if (hidden > 0) lines.push(`  more["${hidden} more, not shown"]`)
  for (const edge of drawn) lines.push(`  ${names.get(edge.from)} ${arrowOf(edge)} ${names.get(edge.to)}`)
  for (const fate of Object.keys(NODE_STYLES) as Fate[]) {
    const some = nodes.filter((node) => node.fate === fate).map(({ name }) => name)
    if (some.length > 0)
      lines.push(`  classDef ${fate} ${NODE_STYLES[fate]}`, `  class ${some.join(',')} ${fate}`)
  }
  for (const fate of ['added', 'removed'] as const) {
    const some = drawn.flatMap((edge, index) => (edge.fate === fate ? [index] : []))
    if (some.length > 0) lines.push(`  linkStyle ${some.join(',')} ${EDGE_STYLES[fate]}`)
  }
  return `${lines.join('\n')}\n`
}

function fits(picture: string): boolean {
  return picture.length <= MOST_SIGNS && (picture.match(/ (?:-->|==>|-\.->)/g)?.length ?? 0) <= MOST_EDGES
}
