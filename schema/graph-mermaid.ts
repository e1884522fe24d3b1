import { type GraphEdge, graphOf } from './graph.ts'
import { END, type State, type Workflow } from './workflow.ts'

/** How far a state has come in a run. */
export type NodeStatus = 'done' | 'failed' | 'running' | 'waiting' | 'skipped'

/** What a drawing of a workflow needs of it. */
export type Drawn = Pick<Workflow, 'entry' | 'states' | 'finalizer'>

const SHAPES: Readonly<Record<State['work']['kind'], readonly [open: string, close: string]>> = {
  agent: ['[', ']'],
  tool: ['[[', ']]'],
  transform: ['[/', '/]'],
  'state-processor': ['[/', '/]'],
  'documents-tree': ['[(', ')]'],
  'bedrock-flow': ['[[', ']]'],
  summary: ['[/', '/]'],
  call: ['[[', ']]'],
  prompt: ['[', ']'],
  layer: ['[', ']'],
  script: ['[[', ']]'],
  block: ['{{', '}}'],
}

const COLOURS: Readonly<Record<NodeStatus, string>> = {
  done: 'fill:#d4f4dd,stroke:#1a7f37,color:#0f3d1f',
  failed: 'fill:#ffd7d5,stroke:#cf222e,color:#5c0d12',
  running: 'fill:#ddf4ff,stroke:#0969da,color:#0a3069',
  waiting: 'fill:#fff8c5,stroke:#9a6700,color:#4d3800',
  skipped: 'fill:#f6f8fa,stroke:#8c959f,color:#57606a',
}

/**
 * Draws a workflow as Mermaid text, which GitHub shows as a picture. Names and conditions of the file are only ever text in
 * it: nodes get ids of our own, and every sign with a meaning in Mermaid or HTML is escaped.
 *
 * @param options.status colours states by id; states that are not in the map keep the plain colour.
 */
export function toMermaid(
  workflow: Drawn,
  options: { readonly status?: ReadonlyMap<string, NodeStatus> } = {},
): string {
  const graph = graphOf(workflow)
  const nodeIds = new Map(graph.nodes.map((id, i) => [id, `n${i}`]))
  const nameOf = (id: string) => (id === END ? 'stop' : (nodeIds.get(id) ?? 'stop'))
  const lines = ['flowchart TD', '  start([start])']
  workflow.states.forEach((state, i) => {
    const waits = state.pauseBefore || state.approval ? ' (waits for a person)' : ''
    lines.push(`  ${nodeOf(`n${i}`, state, escapeLabel(state.id + waits))}`)
  })
  if (graph.edges.some((edge) => edge.to === END)) lines.push(`  ${endNodeOf(workflow)}`)
  if (graph.entry !== '') lines.push(`  start --> ${nameOf(graph.entry)}`)
  for (const edge of graph.edges) lines.push(`  ${nameOf(edge.from)} ${arrowOf(edge)} ${nameOf(edge.to)}`)
  const used = new Set<NodeStatus>()
  for (const [id, status] of options.status ?? []) {
    const name = nodeIds.get(id)
    if (name === undefined) continue
    used.add(status)
    lines.push(`  class ${name} ${status}`)
  }
  for (const status of used) lines.push(`  classDef ${status} ${COLOURS[status]}`)
  return `${lines.join('\n')}\n`
}

/** A state as a node, in the shape of its kind of work. @param label escaped. */
export function nodeOf(name: string, state: State, label: string): string {
  const [open, close] = SHAPES[state.work.kind]
  return `${name}${open}"${label}"${close}`
}

/** The node where a path ends, called `stop`. */
export function endNodeOf({ finalizer }: Pick<Drawn, 'finalizer'>): string {
  return `stop([${finalizer ? '"summary, end"' : 'end'}])`
}

/** The line between two nodes, with the condition on it. */
export function arrowOf(edge: GraphEdge): string {
  const line = edge.kind === 'on-error' ? '-.->' : edge.kind === 'map' ? '==>' : '-->'
  return edge.label === undefined ? line : `${line}|"${escapeLabel(edge.label)}"|`
}

const LONGEST_LABEL = 60

/** A text of a definition as one short line in quotes; every sign with a meaning in Mermaid or HTML becomes its number. */
export function escapeLabel(text: string): string {
  const line = text
    .replace(/\s+/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '')
  const signs = Array.from(line)
  const short = signs.length > LONGEST_LABEL ? `${signs.slice(0, LONGEST_LABEL - 1).join('')}…` : line
  return short.replace(/[^\p{L}\p{N} .,…_()=+/?'-]/gu, (sign) => `#${sign.codePointAt(0)};`)
}
