import { driverWords } from '../schema/block-words.ts'
import { assistantIn, innerStates, withInner } from '../schema/blocks.ts'
import type { Ceiling } from '../schema/ceiling.ts'
import type { Position } from '../schema/diagnostic.ts'
import { EFFECTS, type EffectKind, effectGrants, grantWords } from '../schema/effects.ts'
import { componentsOf, type GraphEdge, graphOf, type WorkflowGraph } from '../schema/graph.ts'
import { str } from '../schema/language/index.ts'
import { withSubAssistants } from '../schema/needs.ts'
import type {
  Assistant,
  BlockWork,
  CallWork,
  Driver,
  LayerWork,
  MoneyAndTokens,
  State,
  ToolWork,
  Workflow,
} from '../schema/workflow.ts'
import type { InputProblem } from './inputs.ts'
import type { DescribedServer } from './mcp/check.ts'
import type { InputPlan, PlannedInput } from './plan-input.ts'
import { contextKeysOf, fillKnown, type PlannedText, renderKnown } from './plan-text.ts'
import { readFlow } from './steps/bedrock-flow.ts'
import type { ToolReach } from './tools/tool.ts'

/** What a run would do, as far as that is known without doing it. Plain data, for people and programs. */
export interface Plan {
  readonly workflow: Pick<Workflow, 'id' | 'name' | 'description' | 'file' | 'dialect' | 'lifecycle'>
  /** Exactly what the run would start with. */
  readonly input: string
  readonly inputs: readonly PlannedInput[]
  /** In the order in which they can run; states of a loop stand in the order written. */
  readonly states: readonly PlannedState[]
  readonly edges: readonly GraphEdge[]
  readonly limits: {
    readonly supersteps: number
    readonly stepsAtOnce: number
    readonly budget: MoneyAndTokens
  }
  /** What the run can come to at most. */
  readonly ceiling: Ceiling
  /** Models that will be called, as `provider:model`; how often is not known. */
  readonly models: readonly string[]
  readonly secrets: readonly PlannedSecret[]
  /** What reaches the outside or changes files. */
  readonly effects: readonly PlannedEffect[]
  /** What it declares that may be carried out after the run, on its proposals. */
  readonly declared: readonly { readonly kind: EffectKind; readonly limit: string; readonly words: string }[]
  /** Why a run would not start, or would fail. */
  readonly problems: readonly PlanProblem[]
}

export interface PlannedState {
  readonly id: string
  /** `file:line:column` */
  readonly at: string
  readonly kind: State['work']['kind']
  /** Can run more than once: it stands on a loop. How often the states of a block run is told by the block. */
  readonly isRepeated: boolean
  /** Runs once for each item of this list, which another state produces. */
  readonly forEach?: string
  /** Waits until nothing else is under way that leads here. */
  readonly waitsForOthers: boolean
  /** Holds until a person lets it go on, or says yes. Absent: it does not. */
  readonly pauses?: 'interrupt-before' | 'approval'
  readonly assistant?: PlannedAssistant
  /** The workflow that runs as this state. */
  readonly calls?: PlannedCall
  /** The states that run as this state. */
  readonly block?: PlannedBlock
  /** What a layer is told of the conversation. */
  readonly sees?: LayerWork['sees']
  /** The program that a script runs, as written. */
  readonly command?: string
  readonly tool?: PlannedTool & { readonly args: Readonly<Record<string, PlannedText>> }
  /** Tools that are told when all attempts failed. */
  readonly notifies: readonly PlannedTool[]
  /** What the model is asked. `undefined`: no model is. */
  readonly prompt?: PlannedText
  readonly next: readonly GraphEdge[]
}

/** A called workflow with its own states; what they reach is among the effects of the plan. */
export interface PlannedCall {
  /** As the state writes it. */
  readonly name: string
  /** Its inputs, as far as they are known, by name; empty where the task or the item is the input. */
  readonly inputs: Readonly<Record<string, PlannedText>>
  /** `undefined`: there is no such workflow, or it leads back here; the problems say which. */
  readonly file?: string
  readonly states: readonly PlannedState[]
}

/** A body of states and what drives it. */
export interface PlannedBlock {
  readonly driver: Driver['kind']
  /** How often, and on what, its states run: words for people. */
  readonly does: string
  /** The state whose answer is tested first, then the body in the order written, then the one that joins the answers. */
  readonly states: readonly PlannedState[]
}

export interface PlannedAssistant {
  readonly id: string
  /** Stored assistant it comes from. */
  readonly ref?: string
  /** `undefined`: an agent command answers instead of a model. With a command, too: asked where that program is not there or not allowed. */
  readonly model?: string
  readonly command?: string
  /** Environment variables that the agent command gets, beside those of every program. Absent: a model answers. */
  readonly variables?: readonly string[]
  readonly systemPrompt?: string
  readonly tools: readonly PlannedTool[]
  readonly mcpServers: readonly DescribedServer[]
  readonly datasources: readonly string[]
  readonly skills: readonly string[]
  /** Assistants that it can ask. */
  readonly asks: readonly PlannedAssistant[]
}

export interface PlannedTool {
  /** As the workflow writes it. */
  readonly name: string
  /** The tool that stands for it; `undefined`: nothing does. */
  readonly tool?: string
  readonly reach?: ToolReach
  /** The MCP server that has it. */
  readonly server?: DescribedServer
}

export interface PlannedSecret {
  /** Environment variable. */
  readonly variable: string
  readonly isSet: boolean
  /** What it is for, e.g. `model openai:gpt-4.1`. */
  readonly for: readonly string[]
}

export interface PlannedEffect {
  readonly state: string
  /** A model may or may not call the tools it is offered. */
  readonly certainty: 'will' | 'may'
  readonly reach: ToolReach | 'unknown'
  /** Tool, MCP server or agent. */
  readonly by: string
}

/** Why a run would not start. */
export interface PlanProblem {
  readonly code: InputProblem['code'] | 'not-runnable'
  readonly message: string
  readonly help?: string
}

/** What is known of a model id without calling anybody. */
export interface ModelFacts {
  /** As `provider:model`. */
  readonly id: string
  /** Variable of the key; `undefined`: none is needed, or the id leads nowhere. */
  readonly keyVariable?: string | undefined
}

/** What `planRun` has to be told, because it is not in the workflow. See `plan-facts.ts`. */
export interface PlanOptions {
  readonly input: InputPlan
  /** Model of assistants that name none. */
  readonly defaultModel: string
  /** Replaces every choice of a model. */
  readonly modelOverride?: string | undefined
  /** Models that a run asks, as written. */
  readonly models: readonly string[]
  readonly describeModel: (id: string) => ModelFacts
  /** A workflow that a state calls, by the name the state uses, and its own default model. Default: none is known. */
  readonly findCalled?: (
    name: string,
  ) => { readonly workflow: Workflow; readonly defaultModel: string } | undefined
  /** The tool that stands for a name; `undefined`: nothing does. */
  readonly findTool: (name: string) => { readonly name: string; readonly reach: ToolReach } | undefined
  /** The integration that a tool uses, with the one that is named. Default: that one. */
  readonly integrationOf?: (tool: string, alias: string | undefined) => string | undefined
  /** The MCP servers whose tools an assistant or a tool state may call. */
  readonly serversOf: (user: Assistant | ToolWork) => readonly DescribedServer[]
  /** Variables that the config hands to an agent. */
  readonly agentVariables: (command: readonly string[]) => readonly string[]
  /** Variables that the integration of an alias needs. */
  readonly integrationSecrets: (alias: string) => readonly string[]
  /** The ceiling of a run with this input. */
  readonly ceilingOf: (input: string) => Ceiling
  readonly isSet: (variable: string) => boolean
  /** What stops the run besides its input; keys that are not set are among the secrets, not here. */
  readonly obstacles: readonly { readonly message: string; readonly help: string }[]
}

/**
 * Plans a run of a workflow whose assistants are complete (`resolveAssistants`). Pure: looks at no disc, network, clock
 * or environment but through `options`.
 */
export function planRun(workflow: Workflow, options: PlanOptions): Plan {
  const graph = graphOf(workflow)
  const states = planStates(workflow, options.input.text, options, [workflow.file])
  const { id, name, description, file, dialect, lifecycle } = workflow
  return {
    workflow: { id, name, description, file, dialect, lifecycle },
    input: options.input.text,
    inputs: options.input.inputs,
    states,
    edges: graph.edges,
    limits: {
      supersteps: workflow.limits.recursionLimit,
      stepsAtOnce: workflow.limits.maxConcurrency,
      budget: workflow.budget,
    },
    ceiling: options.ceilingOf(options.input.text),
    models: [...new Set(options.models.map((model) => options.describeModel(model).id))],
    secrets: planSecrets(workflow, states, options),
    effects: states.flatMap((state) => effectsOf(state, '')),
    declared: [...effectGrants(workflow.permissions)].map(([kind, grant]) => ({
      kind,
      limit: grantWords(grant),
      words: EFFECTS[kind].words,
    })),
    problems: [
      ...options.input.problems,
      ...options.obstacles.map((obstacle) => ({ code: 'not-runnable' as const, ...obstacle })),
    ],
  }
}

/** `chain`: files of the workflows that this one is planned inside of, itself included. */
function planStates(
  workflow: Workflow,
  input: string,
  options: PlanOptions,
  chain: readonly string[],
): readonly PlannedState[] {
  const graph = graphOf(workflow)
  const known = contextKeysOf(workflow, input)
  const plan = (state: State, isRepeated: boolean, around: WorkflowGraph): PlannedState => {
    const planned = planState(state, isRepeated, around, known, options)
    const { work } = state
    if (work.kind === 'call') {
      const isItem = planned.forEach !== undefined
      return { ...planned, calls: planCall(work, state.id, known, isItem, options, chain) }
    }
    return work.kind === 'block' ? { ...planned, block: planBlock(work, plan) } : planned
  }
  return orderOf(workflow, graph).map(({ state, isRepeated }) => plan(state, isRepeated, graph))
}

function planBlock(
  work: BlockWork,
  plan: (state: State, isRepeated: boolean, around: WorkflowGraph) => PlannedState,
): PlannedBlock {
  const states = innerStates(work)
  const around = graphOf({ entry: '', states })
  const { driver } = work
  return {
    driver: driver.kind,
    does: driverWords(driver),
    states: states.map((state) => plan(state, false, around)),
  }
}

function planCall(
  { workflow, inputs }: CallWork,
  stateId: string,
  known: ReturnType<typeof contextKeysOf>,
  isPartOfMap: boolean,
  options: PlanOptions,
  chain: readonly string[],
): PlannedCall {
  const name = workflow.value
  const values = Object.entries(inputs?.value ?? {}).map(
    ([key, value]) => [key, renderKnown(textOfValue(value), known, stateId, isPartOfMap)] as const,
  )
  const called = options.findCalled?.(name)
  const base = { name, inputs: Object.fromEntries(values) }
  if (!called || chain.includes(called.workflow.file)) return { ...base, states: [] }
  const { file } = called.workflow
  const inner = { ...options, defaultModel: called.defaultModel }
  return { ...base, file, states: planStates(called.workflow, '', inner, [...chain, file]) }
}

/** States that can be reached: what must come before stands before, and otherwise the order is that of the file. */
function orderOf(
  workflow: Workflow,
  graph: WorkflowGraph,
): readonly { readonly state: State; readonly isRepeated: boolean }[] {
  const states = new Map<string, State>()
  for (const state of workflow.states) if (!states.has(state.id)) states.set(state.id, state)
  const reachable = reachableFrom(graph)
  const place = new Map([...states.keys()].map((id, index) => [id, index]))
  const loopsOnItself = new Set(graph.edges.filter(({ from, to }) => from === to).map(({ from }) => from))
  const groups = componentsOf(graph)
    .map((group) =>
      group.filter((id) => reachable.has(id)).sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0)),
    )
    .filter((group) => group.length > 0)
  const groupOf = new Map(groups.flatMap((group) => group.map((id) => [id, group] as const)))
  const waitsFor = new Map(groups.map((group) => [group, new Set<readonly string[]>()]))
  for (const { from, to } of graph.edges) {
    const [before, after] = [groupOf.get(from), groupOf.get(to)]
    if (before && after && before !== after) waitsFor.get(after)?.add(before)
  }
  const byPlace = [...groups].sort((a, b) => (place.get(a[0] ?? '') ?? 0) - (place.get(b[0] ?? '') ?? 0))
  const ordered: string[][] = []
  const done = new Set<readonly string[]>()
  while (ordered.length < groups.length) {
    const next = byPlace.find(
      (group) => !done.has(group) && [...(waitsFor.get(group) ?? [])].every((before) => done.has(before)),
    )
    // Groups of states that reach each other cannot wait for one another, so there is always a next one.
    if (!next) break
    done.add(next)
    ordered.push(next)
  }
  return ordered.flatMap((group) =>
    group.flatMap((id) => {
      const state = states.get(id)
      return state ? [{ state, isRepeated: group.length > 1 || loopsOnItself.has(id) }] : []
    }),
  )
}

function reachableFrom(graph: WorkflowGraph): ReadonlySet<string> {
  const seen = new Set([graph.entry])
  for (const id of seen) for (const edge of graph.edges) if (edge.from === id) seen.add(edge.to)
  return seen
}

function planState(
  state: State,
  isRepeated: boolean,
  graph: WorkflowGraph,
  known: ReturnType<typeof contextKeysOf>,
  options: PlanOptions,
): PlannedState {
  const { id, at, work } = state
  const mapped = graph.edges.find((edge) => edge.kind === 'map' && edge.to === id)
  const base: PlannedState = {
    id,
    at: placeOf(at),
    kind: work.kind,
    isRepeated,
    ...(mapped ? { forEach: (mapped.label ?? '').replace(/^each /, '') } : {}),
    waitsForOthers: graph.deferred.has(id),
    ...(state.approval === true
      ? { pauses: 'approval' }
      : state.pauseBefore
        ? { pauses: 'interrupt-before' }
        : {}),
    notifies: state.onError.flatMap(({ notify }) => (notify ? [planToolWork(notify, options)] : [])),
    next: graph.edges.filter((edge) => edge.from === id),
  }
  switch (work.kind) {
    case 'agent': {
      const { task, renderTask } = work
      const isPartOfMap = mapped !== undefined
      return {
        ...base,
        assistant: planAssistant(work.assistant, options),
        prompt: renderTask
          ? renderKnown(task.value, known, id, isPartOfMap)
          : { text: task.value, unknown: [] },
      }
    }
    case 'tool': {
      const args = Object.entries(work.args?.value ?? {}).map(
        ([key, value]) => [key, planArgument(key, value, known, id, mapped !== undefined)] as const,
      )
      return { ...base, tool: { ...planToolWork(work, options), args: Object.fromEntries(args) } }
    }
    case 'state-processor':
      return { ...base, prompt: { text: work.task.value, unknown: [] } }
    case 'call':
      return work.inputs || work.task.value === ''
        ? base
        : { ...base, prompt: renderKnown(work.task.value, known, id, mapped !== undefined) }
    case 'prompt':
      return {
        ...base,
        assistant: planAssistant(work.assistant, options),
        prompt: fillKnown(work.prompt.value, known.input, work.declared),
      }
    case 'layer':
      return { ...base, assistant: planAssistant(work.assistant, options), sees: work.sees }
    case 'script':
      return { ...base, command: work.command.value }
    case 'transform':
    case 'documents-tree':
    case 'bedrock-flow':
    case 'summary':
    case 'block':
      return base
  }
}

/** A context key of the same name takes the place of an argument, as CodeMie does it. */
function planArgument(
  key: string,
  value: unknown,
  known: ReturnType<typeof contextKeysOf>,
  state: string,
  isPartOfMap: boolean,
): PlannedText {
  const override = known.values.get(key)
  if (override !== undefined && override !== null) {
    return { text: str(override), unknown: [] }
  }
  return renderKnown(textOfValue(value), known, state, isPartOfMap)
}

function textOfValue(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value, wholeNumbers) ?? '')
}

/** Definitions keep whole numbers as bigint, which JSON does not know. */
function wholeNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}

function planAssistant(assistant: Assistant, options: PlanOptions): PlannedAssistant {
  const { id, ref, command, commandIsOptional, systemPrompt } = assistant
  const { tools, datasourceIds, skillIds, subAssistants } = assistant
  const model = options.modelOverride ?? assistant.model ?? options.defaultModel
  return {
    id,
    ...(ref === undefined ? {} : { ref }),
    ...(command === undefined || commandIsOptional ? { model: options.describeModel(model).id } : {}),
    ...(command === undefined
      ? {}
      : { command: command.join(' '), variables: options.agentVariables(command) }),
    ...(systemPrompt === undefined ? {} : { systemPrompt }),
    tools: tools.map(({ name }) => planTool(name, options)),
    mcpServers: options.serversOf(assistant),
    datasources: datasourceIds,
    skills: skillIds,
    asks: subAssistants.map((one) => planAssistant(one, options)),
  }
}

function planToolWork(work: ToolWork, options: PlanOptions): PlannedTool {
  const [server] = options.serversOf(work)
  return server ? { name: work.tool, server } : planTool(work.tool, options)
}

function planTool(name: string, options: PlanOptions): PlannedTool {
  const tool = options.findTool(name)
  return tool ? { name, tool: tool.name, reach: tool.reach } : { name }
}

function placeOf({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`
}

const WRITES: ReadonlySet<ToolReach> = new Set(['write', 'outside', 'propose'])

/** `within`: what stands before the ids of states in a called workflow or a block, `check/`; `''` in the run's own. */
function effectsOf(planned: PlannedState, within: string): readonly PlannedEffect[] {
  const { tool, assistant, command, notifies } = planned
  const state = `${within}${planned.id}`
  const toolEffects = (tools: readonly PlannedTool[], certainty: PlannedEffect['certainty']) =>
    tools.flatMap(({ name, tool: by = name, reach }): PlannedEffect[] =>
      reach && WRITES.has(reach) ? [{ state, certainty, reach, by }] : [],
    )
  const assistants = assistant ? withAsked(assistant) : []
  // What a server or another agent does is not known to us.
  const strangers = [
    ...assistants.flatMap(({ mcpServers }) => mcpServers),
    ...notifies.flatMap(({ server }) => server ?? []),
  ].map(serverWords)
  const agents = [
    ...assistants.flatMap(({ command }) => (command === undefined ? [] : [`agent ${command}`])),
    ...(planned.kind === 'bedrock-flow' ? ['Bedrock flow'] : []),
  ]
  // It is the text that it works on that decides what a program does, and some programs run only when a test says so.
  const programs = command === undefined ? [] : [`command ${command}`]
  return [
    ...toolEffects(tool ? [tool] : [], 'will'),
    ...(tool?.server
      ? [{ state, certainty: 'will', reach: 'unknown', by: serverWords(tool.server) } as const]
      : []),
    ...toolEffects(
      assistants.flatMap(({ tools }) => tools),
      'may',
    ),
    ...toolEffects(notifies, 'may'),
    ...[...strangers, ...agents, ...programs].map(
      (by): PlannedEffect => ({ state, certainty: 'may', reach: 'unknown', by }),
    ),
    ...statesInside(planned).flatMap((inner) => effectsOf(inner, `${state}/`)),
  ]
}

/** The states that run as a part of another one. */
function statesInside({ calls, block }: PlannedState): readonly PlannedState[] {
  return calls?.states ?? block?.states ?? []
}

function withAsked(assistant: PlannedAssistant): readonly PlannedAssistant[] {
  return [assistant, ...assistant.asks.flatMap(withAsked)]
}

function serverWords({ name }: DescribedServer): string {
  return `MCP server ${name}`
}

/** The assistants of states, of those that they ask, and of the states inside of them. */
function assistantsIn(states: readonly PlannedState[]): readonly PlannedAssistant[] {
  return states.flatMap((state) => [
    ...(state.assistant ? withAsked(state.assistant) : []),
    ...assistantsIn(statesInside(state)),
  ])
}

/** The servers of states, and of the states inside of them. */
function serversIn(states: readonly PlannedState[]): readonly DescribedServer[] {
  return states.flatMap((state) => [
    ...[state.tool, ...state.notifies].flatMap((one) => one?.server ?? []),
    ...(state.assistant ? withAsked(state.assistant) : []).flatMap(({ mcpServers }) => mcpServers),
    ...serversIn(statesInside(state)),
  ])
}

function planSecrets(
  workflow: Workflow,
  states: readonly PlannedState[],
  options: PlanOptions,
): readonly PlannedSecret[] {
  const needs = new Map<string, Set<string>>()
  const need = (variable: string, what: string) => {
    const known = needs.get(variable)
    if (known) known.add(what)
    else needs.set(variable, new Set([what]))
  }
  for (const model of options.models) {
    const { id, keyVariable } = options.describeModel(model)
    if (keyVariable !== undefined) need(keyVariable, `model ${id}`)
  }
  for (const alias of aliasesOf(workflow, options, new Set())) {
    for (const variable of options.integrationSecrets(alias)) need(variable, `integration ${alias}`)
  }
  for (const { command, variables = [] } of assistantsIn(states)) {
    // They are what it may have: it may as well have been logged in to where it runs.
    for (const variable of variables.filter(options.isSet)) need(variable, `agent ${command}`)
  }
  for (const server of serversIn(states)) {
    for (const variable of server.variables) need(variable, serverWords(server))
  }
  return [...needs].map(([variable, what]) => ({
    variable,
    isSet: options.isSet(variable),
    for: [...what],
  }))
}

/** Integrations that a workflow uses, and those of the workflows it calls. `seen`: files that were looked at. */
function aliasesOf(workflow: Workflow, options: PlanOptions, seen: Set<string>): ReadonlySet<string> {
  seen.add(workflow.file)
  const aliases = new Set<string>()
  const addAlias = (alias: string | undefined) => {
    if (alias !== undefined) aliases.add(alias)
  }
  const addTool = (tool: string, alias: string | undefined) =>
    addAlias(options.integrationOf ? options.integrationOf(tool, alias) : alias)
  for (const { work, onError } of withInner(workflow.states)) {
    for (const { notify } of onError) if (notify) addTool(notify.tool, notify.integrationAlias)
    const called = work.kind === 'call' ? options.findCalled?.(work.workflow.value)?.workflow : undefined
    if (called && !seen.has(called.file)) {
      for (const alias of aliasesOf(called, options, seen)) aliases.add(alias)
    }
    if (work.kind === 'tool') {
      addTool(work.tool, work.integrationAlias)
      addAlias(work.mcpServer?.integrationAlias)
    }
    if (work.kind === 'bedrock-flow') {
      const { integration } = readFlow(work)
      if (integration !== undefined) aliases.add(integration)
    }
    const assistant = assistantIn(work)
    for (const { tools, mcpServers } of assistant ? withSubAssistants(assistant) : []) {
      for (const { name, integrationAlias } of tools) addTool(name, integrationAlias)
      for (const { integrationAlias } of mcpServers) addAlias(integrationAlias)
    }
  }
  return aliases
}
