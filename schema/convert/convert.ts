import type { Located, Position } from '../diagnostic.ts'
import { END, type State, type Transition, type Workflow } from '../workflow.ts'
import { Draft, type Entry, type Exit, type Loss, type Piece } from './draft.ts'
import { testExpression, textLiteral } from './expressions.ts'
import { EMPTY, type Said } from './layers.ts'
import { Outputs } from './outputs.ts'
import { StateConverter } from './states.ts'
import { yamlText } from './yaml-text.ts'

export type { Loss } from './draft.ts'

/** A workflow in the other form. */
export interface Conversion {
  /** YAML of a definition. Where a loss changes the result, it has less in it than the workflow. */
  readonly text: string
  /** In the order of the file. */
  readonly losses: readonly Loss[]
}

/** Steps that run at once, at most: what CodeMie allows. */
const MOST_AT_ONCE = 5
const MOST_SUPERSTEPS = 5000

/**
 * Writes a workflow of Octomind in the form of CodeMie, with the additions that are ours. Pure. The input of the result is called
 * `input`.
 *
 * @param workflow of one of Octomind's dialects.
 */
export function convertWorkflow(workflow: Workflow): Conversion {
  const draft = new Draft()
  const outputs = new Outputs(draft, workflow)
  const length = convertStates(workflow, draft, outputs)
  const { name, id, description, budget, states, file } = workflow
  const [begin, ...rest] = draft.states
  const root: Entry = {
    name,
    description: description || undefined,
    inputs: { input: { type: 'string', required: true, description: 'What the workflow works on' } },
    enable_summarization_node: false,
    recursion_limit: Math.min(Math.max(length, 1), MOST_SUPERSTEPS),
    max_concurrency: atOnce(states).length > 0 ? Math.min(MOST_AT_ONCE, ...atOnce(states)) : undefined,
    budget: budget.usd === undefined ? undefined : { usd: budget.usd },
    retry_policy: { max_attempts: 1 },
    assistants: draft.assistants,
    tools: draft.tools.length > 0 ? draft.tools : undefined,
    custom_nodes: draft.nodes,
    states: begin ? [begin, ...rest] : [],
  }
  const head = `# Made of ${id} in ${file} by codemie-ci convert.`.replace(/[\p{C}\u2028\u2029]/gu, '?')
  const byPlace = (a: Loss, b: Loss) => a.at.line - b.at.line || a.at.column - b.at.column
  return { text: `${head}\n${yamlText(root)}`, losses: [...draft.losses].sort(byPlace) }
}

/** Gives how many states can run one after the other. */
function convertStates(workflow: Workflow, draft: Draft, outputs: Outputs): number {
  const { opening, states, entry, limits } = workflow
  const isGraph = states.some(({ next }) => next.kind === 'choose') || entry !== states[0]?.id
  const beginId = draft.names.id('begin')
  const begin: Entry = { include_in_llm_history: false, clear_prior_messages: true }
  draft.states.push({ id: beginId, custom_node_id: beginId, next: begin })
  const session: readonly Said[] =
    opening.kind === 'text' ? beginningOf(draft, opening.greeting, states[0]?.at) : []
  const converter = new StateConverter(draft, outputs)
  const pieces = new Map<string, Piece>()
  const nothing: ReadonlySet<string> = new Set()
  let before: { readonly text: string; readonly session: readonly Said[] } = {
    text: opening.kind === 'name' ? outputs.input : outputs.text,
    session,
  }
  for (const state of states) {
    const repeats = reaches(states, state.id, state.id)
    const isLast = state === states.at(-1)
    const piece = converter.convert(state, { ...before, later: nothing, repeats, isLast })
    pieces.set(state.id, piece)
    before = piece
  }
  const results = new Map<string, string>()
  /** Leads to a state, or to the end: the last one to answer has to answer with the text. */
  const leadTo = (exits: readonly Exit[], to: Located<string>, text: string) => {
    const piece = pieces.get(to.value)
    if (piece) return draft.join(exits, piece, to.value)
    for (const exit of exits) exit.lead([exit.answers ? END : resultState(draft, results, text)])
  }
  for (const state of states) {
    const piece = pieces.get(state.id)
    if (piece) connect(state, piece, draft, outputs, leadTo)
  }
  const first = pieces.get(entry)
  if (first)
    draft.join([{ canFanOut: true, answers: false, lead: (to) => leadEntry(begin, to) }], first, entry)
  const start =
    opening.kind === 'name'
      ? [[outputs.input, `${outputs.input}.strip()`] as const]
      : [[outputs.text, outputs.input] as const]
  draft.nodes.unshift({
    id: beginId,
    custom_node_id: 'transform_node',
    config: {
      mappings: [
        ...start.map(([output_field, script]) => ({ type: 'script', output_field, script })),
        ...[...draft.beginnings].map(([output_field, value]) => ({ type: 'constant', output_field, value })),
      ],
    },
  })
  const lengths = states.map(
    ({ id, next }) => (pieces.get(id)?.length ?? 0) + (next.kind === 'choose' ? 1 : 0),
  )
  // Those at the beginning and the end, and one that begins several.
  const beside = 3
  if (!isGraph) return beside + lengths.reduce((sum, length) => sum + length + 1, 0)
  noteGraph(draft, workflow)
  return beside + limits.recursionLimit * Math.max(...lengths)
}

function leadEntry(begin: Entry, to: readonly string[]) {
  if (to.length === 1) begin['state_id'] = to[0]
  else begin['state_ids'] = [...to]
}

function beginningOf(draft: Draft, greeting: string, at: Position | undefined): readonly Said[] {
  if (/\{\{[A-Z_]+\}\}/.test(greeting) && at)
    draft.lose(at, 'The welcome of the session names values of the project, which nothing fills in')
  return [{ role: 'assistant', text: greeting === '' ? EMPTY : textLiteral(greeting) }]
}

function noteGraph(draft: Draft, { states, limits }: Workflow) {
  const at = states[0]?.at
  if (!at) return
  draft.note(
    at,
    `max_transitions ${limits.recursionLimit} counts executions of steps, and recursion_limit all states between them: a graph that does not end stops later`,
  )
  if (states.some(({ work }) => work.kind === 'prompt' || work.kind === 'block')) {
    draft.note(at, 'An output that is not there yet on some way is an empty text, and no failure')
  }
}

function connect(
  { id, at, next }: State,
  piece: Piece,
  draft: Draft,
  outputs: Outputs,
  leadTo: (exits: readonly Exit[], to: Located<string>, text: string) => void,
) {
  if (next.kind === 'goto') return leadTo(piece.exits, next.to, piece.text)
  if (next.kind !== 'choose') return leadTo(piece.exits, { value: END, at }, piece.text)
  const { cases, otherwise } = next
  const keys = cases.map((_, i) => draft.names.key(`${id} way ${i + 1}`))
  const scripts = cases.map(({ test = {} }) => {
    const subject = test.of
      ? (outputs.expressionOf(test.of.value) ?? piece.text)
      : outputs.textOf({ id } as State)
    const expression = testExpression(test, subject)
    if (expression === undefined) {
      draft.lose(
        test.matches?.at ?? at,
        `The pattern of an edge of '${id}' is more than fixed texts at the ends of lines, which is all that expressions can look for; converted, it never matches`,
      )
    }
    return expression ?? 'False'
  })
  const route = draft.transform(
    `route ${id}`,
    scripts.map((script, i) => [keys[i] ?? '', script] as const),
  )
  for (const { lead } of piece.exits) lead([route.id])
  const ways = cases.map((_, i): Record<string, string> => ({ condition: keys[i] ?? '' }))
  const choice: Record<string, string | Record<string, string>[]> = { cases: ways }
  route.next['switch'] = choice
  const way = (set: (to: string) => void): Exit => ({
    canFanOut: false,
    answers: false,
    lead: ([to = END]) => set(to),
  })
  cases.forEach(({ to }, i) => {
    leadTo([way((target) => void Object.assign(ways[i] ?? {}, { state_id: target }))], to, piece.text)
  })
  leadTo([way((target) => void Object.assign(choice, { default: target }))], otherwise, piece.text)
}

/** A state that answers with a text of the context, since what transforms answer is JSON. */
function resultState(draft: Draft, results: Map<string, string>, text: string): string {
  const known = results.get(text)
  if (known !== undefined) return known
  const id = draft.names.id('result')
  draft.tools.push({ id, tool: 'json_query' })
  draft.state(
    { id, tool_id: id, tool_args: { data: `{{ {'text': ${text}} | tojson }}`, query: '/text' } },
    { state_id: END, store_in_context: false, include_in_llm_history: false },
  )
  results.set(text, id)
  return id
}

/** Whether a state can come after another. */
function reaches(states: readonly State[], from: string, to: string): boolean {
  const seen = new Set<string>()
  const waiting = [from]
  for (const id of waiting) {
    const next = states.find((state) => state.id === id)?.next
    for (const target of next ? targets(next) : []) {
      if (target === to) return true
      if (!seen.has(target)) waiting.push(target)
      seen.add(target)
    }
  }
  return false
}

function targets(next: Transition): readonly string[] {
  if (next.kind === 'goto') return [next.to.value]
  return next.kind === 'choose' ? [...next.cases.map(({ to }) => to.value), next.otherwise.value] : []
}

/** How many steps each parallel block runs at once. */
function atOnce(states: readonly State[]): readonly number[] {
  return states.flatMap(({ work }) => {
    if (work.kind !== 'block') return []
    const { driver, body } = work
    return [...(driver.kind === 'all' ? [driver.atOnce ?? MOST_AT_ONCE] : []), ...atOnce(body)]
  })
}
