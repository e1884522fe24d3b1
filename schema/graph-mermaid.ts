import { driverWords, testWords } from './block-words.ts'
import { innerStates, placeIn } from './blocks.ts'
import { type GraphEdge, graphOf } from './graph.ts'
import { type BlockWork, END, type State, type Workflow } from './workflow.ts'

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
  block: ['[', ']'],
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
 * it: nodes get ids of our own, and every sign with a meaning in Mermaid or HTML is escaped. A block is a frame around the
 * states in it.
 *
 * @param options.status colours states by id, those inside of blocks by place (`refine/tester`); states that are not in the
 *   map keep the plain colour.
 */
export function toMermaid(
  workflow: Drawn,
  options: { readonly status?: ReadonlyMap<string, NodeStatus> } = {},
): string {
  const graph = graphOf(workflow)
  const nodeIds = new Map(graph.nodes.map((id, i) => [id, `n${i}`]))
  const nameOf = (id: string) => (id === END ? 'stop' : (nodeIds.get(id) ?? 'stop'))
  const lines = ['flowchart TD', '  start([start])']
  const names = new Map<string, string>()
  workflow.states.forEach((state, i) => {
    const drawn = drawState({ name: `n${i}`, place: state.id, state })
    lines.push(...drawn.lines)
    for (const { name, place } of drawn.nodes) names.set(place, name)
  })
  if (graph.edges.some((edge) => edge.to === END)) lines.push(`  ${endNodeOf(workflow)}`)
  if (graph.entry !== '') lines.push(`  start --> ${nameOf(graph.entry)}`)
  for (const edge of graph.edges) lines.push(`  ${nameOf(edge.from)} ${arrowOf(edge)} ${nameOf(edge.to)}`)
  const used = new Set<NodeStatus>()
  for (const [place, status] of options.status ?? []) {
    const name = names.get(place)
    if (name === undefined) continue
    used.add(status)
    lines.push(`  class ${name} ${status}`)
  }
  for (const status of used) lines.push(`  classDef ${status} ${COLOURS[status]}`)
  return `${lines.join('\n')}\n`
}

/** A state that is to be drawn. */
export interface DrawnNode {
  /** Of the node; those inside are called `n1_0`, `n1_1`. */
  readonly name: string
  /** As in paths of steps: `refine/tester`. */
  readonly place: string
  readonly state: State
}

/** States that are drawn inside of a block though they are none of it, such as those that went; and what a state is called. */
export interface DrawOptions {
  readonly also?: (block: DrawnNode) => readonly DrawnNode[]
  /** Escaped. Default: its id, and whether it waits for a person. */
  readonly labelOf?: (node: DrawnNode) => string
}

/** The lines of a state: a node, or a frame with nodes and the lines between them; with all nodes that this makes. */
export function drawState(
  node: DrawnNode,
  options: DrawOptions = {},
): { readonly lines: readonly string[]; readonly nodes: readonly DrawnNode[] } {
  const { name, place, state } = node
  const { also = () => [], labelOf = plainLabel } = options
  const label = labelOf(node)
  const { work } = state
  if (work.kind !== 'block') return { lines: [`  ${nodeOf(name, state, label)}`], nodes: [node] }
  const own = innerStates(work).map(
    (inner, i): DrawnNode => ({ name: `${name}_${i}`, place: placeIn(place, inner), state: inner }),
  )
  const drawn = [...own, ...also(node)].map((inner) => drawState(inner, options))
  const lines = [
    `subgraph ${name} ["${label}: ${escapeLabel(frameWords(work))}"]`,
    ...drawn.flatMap((inner) => inner.lines),
    ...linesBetween(name, work, own).map((line) => `  ${line}`),
    'end',
  ]
  return {
    lines: lines.map((line) => `  ${line}`),
    nodes: [node, ...drawn.flatMap((inner) => inner.nodes)],
  }
}

function plainLabel({ state: { id, pauseBefore, approval } }: DrawnNode): string {
  return escapeLabel(id + (pauseBefore || approval ? ' (waits for a person)' : ''))
}

/** What a frame says of its block; the test of a choice stands inside. */
function frameWords({ driver }: BlockWork): string {
  return driver.kind === 'choose' ? 'one of two ways' : driverWords(driver)
}

/** What follows what inside of a block. */
function linesBetween(name: string, { driver }: BlockWork, inner: readonly DrawnNode[]): readonly string[] {
  const names = inner.map((one) => one.name)
  switch (driver.kind) {
    case 'once':
    case 'until':
    case 'for-each':
      return chain(names)
    case 'all': {
      const joins = driver.aggregator ? names.at(-1) : undefined
      return joins === undefined ? [] : names.slice(0, -1).map((one) => `${one} --> ${joins}`)
    }
    case 'choose': {
      const test = `${name}_test`
      const way = (ids: readonly string[], words: string) => {
        const [first, ...rest] = ids.flatMap((id) => inner.find(({ state }) => state.id === id)?.name ?? [])
        return first === undefined ? [] : [`${test} -->|"${words}"| ${first}`, ...chain([first, ...rest])]
      }
      return [
        `${test}{"${escapeLabel(testWords(driver.when))}"}`,
        ...(driver.first && names[0] !== undefined ? [`${names[0]} --> ${test}`] : []),
        ...new Set([...way(driver.onMatch, 'yes'), ...way(driver.onNoMatch, 'no')]),
      ]
    }
  }
}

function chain(names: readonly string[]): readonly string[] {
  return names.slice(1).map((name, i) => `${names[i]} --> ${name}`)
}

/** A state as a node, in the shape of its kind of work. @param label escaped. */
function nodeOf(name: string, state: State, label: string): string {
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
