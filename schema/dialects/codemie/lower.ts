import { splitCommandLine } from '../../command-line.ts'
import type { Located, Position } from '../../diagnostic.ts'
import { parseDurationMs } from '../../duration.ts'
import { loadExpression } from '../../language/index.ts'
import { readBoolean, readNumber, readText, readTexts } from '../../lax.ts'
import type { Lifecycle } from '../../lifecycle.ts'
import {
  type AgentWork,
  type Assistant,
  bareAssistant,
  type CallWork,
  type ErrorHandler,
  type InputSpec,
  type McpServer,
  type Permissions,
  type RetryPolicy,
  type State,
  type ToolWork,
  type Transition,
  type Trigger,
  type Work,
  type Workflow,
} from '../../workflow.ts'
import { childOf, dataOf, type YamlDocument, type YamlNode } from '../../yaml.ts'
import {
  type Draft,
  type DraftErrorHandler,
  type DraftItem,
  type DraftNext,
  type DraftState,
  effectiveRetry,
  locatedText,
} from './draft.ts'
import { type CodemieSource, rootEntry } from './envelope.ts'

const DEFAULTS = { recursionLimit: 50, messages: 25, tokens: 50_000 } as const

/**
 * Turns a draft without errors into the model. Where a draft has errors the result would be meaningless, so callers look first.
 *
 * @param identity id and path of the workflow; the name is the id where the author gave none.
 */
export function lowerCodemie(
  draft: Draft,
  identity: { readonly id: string; readonly text: string },
): Workflow {
  const { source } = draft
  const root = (key: string) => rootEntry(source, key)?.value
  const states = draft.states.map((state) => lowerState(draft, state))
  return {
    id: identity.id,
    name: readText(root('name')) ?? identity.id,
    description: readText(root('description')) ?? '',
    dialect: 'codemie',
    file: draft.document.file,
    text: identity.text,
    tags: readTexts(root('tags')) ?? [],
    lifecycle: (readText(root('lifecycle')) as Lifecycle | undefined) ?? 'development',
    opening: { kind: 'message' },
    triggers: lowerTriggers(draft),
    inputs: lowerInputs(draft.source),
    budget: present({
      usd: readNumber(childOf(root('budget'), 'usd')),
      tokens: readNumber(childOf(root('budget'), 'tokens')),
      steps: readNumber(childOf(root('budget'), 'steps')),
    }),
    models: {
      ...present({ default: readText(childOf(root('models'), 'default')) }),
      fallback: readTexts(childOf(root('models'), 'fallback')) ?? [],
    },
    guardrails: namesOf(rootEntry(source, 'guardrails')),
    permissions: permissionsOf(root('permissions')),
    limits: {
      recursionLimit: draft.recursionLimit ?? DEFAULTS.recursionLimit,
      maxConcurrency: draft.maxConcurrency,
      memory: {
        messages: draft.messagesLimit ?? DEFAULTS.messages,
        tokens: draft.tokensLimit ?? DEFAULTS.tokens,
      },
    },
    finalizer: draft.finalizer,
    assistants: draft.assistants.map((item) => lowerAssistant(draft.document, item)),
    entry: states[0]?.id ?? '',
    states,
  }
}

/** Drops keys without a value: the model has them absent, not `undefined`. */
function present<T extends Record<string, unknown>>(
  object: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: Record<string, unknown> = {}
  for (const key in object) if (object[key] !== undefined) kept[key] = object[key]
  return kept as never
}

function recordOf(node: YamlNode | undefined): Readonly<Record<string, unknown>> {
  return node?.kind === 'map' ? (dataOf(node) as Record<string, unknown>) : {}
}

function permissionsOf(node: YamlNode | undefined): Permissions {
  const permissions: Record<string, Permissions[string]> = {}
  if (node?.kind !== 'map') return permissions
  for (const [key, { value: limit }] of node.entries) {
    const value = readText(limit) ?? readNumber(limit) ?? readTexts(limit)
    if (value !== undefined) permissions[key] = value
  }
  return permissions
}

/** The texts of a list, each with its place. */
function namesOf(
  entry: { readonly document: YamlDocument; readonly value: YamlNode | undefined } | undefined,
): readonly Located<string>[] {
  const { document, value } = entry ?? {}
  if (document === undefined || value?.kind !== 'seq') return []
  return value.items.flatMap((item) => locatedText(document, item) ?? [])
}

function lowerTriggers(draft: Draft): readonly Trigger[] {
  const entry = rootEntry(draft.source, 'on')
  if (!entry) return []
  const { document, value } = entry
  const trigger = (event: string, node: YamlNode, options: YamlNode | undefined): Trigger => ({
    event,
    options: options?.kind === 'seq' ? { entries: dataOf(options) } : recordOf(options),
    at: document.at(node.start, node.end),
  })
  if (value.kind === 'map')
    return [...value.entries].map(([event, one]) => trigger(event, one.key, one.value))
  const nodes = value.kind === 'seq' ? value.items : [value]
  return nodes.flatMap((node) => {
    const event = readText(node)
    return event === undefined ? [] : [trigger(event, node, undefined)]
  })
}

/** The declared inputs of a workflow; parameters of a template have the same form. None: there is no such key. */
export function lowerInputs(source: CodemieSource, key = 'inputs'): readonly InputSpec[] {
  const entry = rootEntry(source, key)
  if (entry?.value.kind !== 'map') return []
  return [...entry.value.entries].map(([name, input]) => {
    const { required, ...schema } = recordOf(input.value)
    const given = childOf(input.value, 'default')
    return {
      name,
      // In JSON Schema `required` is a list of properties; only the boolean is our addition.
      schema: Array.isArray(required) ? { ...schema, required } : schema,
      required: required === true,
      ...(given === undefined ? {} : { default: dataOf(given) }),
      description: readText(childOf(input.value, 'description')) ?? '',
      at: entry.document.at(input.key.start, input.key.end),
    }
  })
}

/** A command line as words. One that is none stays whole; a rule says so. */
function readCommand(node: YamlNode | undefined): readonly string[] | undefined {
  const line = readText(node)
  if (line === undefined) return readTexts(node)
  const split = splitCommandLine(line)
  return split.ok ? split.words : [line]
}

/**
 * Lowers an inline assistant; also used for assistant files.
 *
 * @param entries those of the same file, which `assistant_ids` looks at first. Default: none.
 * @param askedBy ids of the assistants that can ask it. One that would be asked by itself is left out; a rule says so.
 */
export function lowerAssistant(
  document: YamlDocument,
  item: DraftItem,
  entries: readonly DraftItem[] = [],
  askedBy: readonly string[] = [],
): Assistant {
  const get = (key: string) => childOf(item.node, key)
  const servers = get('mcp_servers')
  const tools = get('tools')
  return {
    id: item.id?.value ?? '',
    ...present({
      ref: readText(get('assistant_id')),
      name: readText(get('name')),
      systemPrompt: readText(get('system_prompt')),
      model: readText(get('model')),
      temperature: readNumber(get('temperature')),
      command: readCommand(get('command')),
      toolOutputTokens: readNumber(get('limit_tool_output_tokens')),
    }),
    description: readText(get('description')) ?? '',
    parameters: recordOf(get('parameters')),
    fallbackModels: readTexts(get('fallback_models')) ?? [],
    tools:
      tools?.kind === 'seq'
        ? tools.items.map((tool) => ({
            name: readText(childOf(tool, 'name')) ?? '',
            ...present({ integrationAlias: readText(childOf(tool, 'integration_alias')) }),
            at: document.at(tool.start, tool.end),
          }))
        : [],
    datasourceIds: readTexts(get('datasource_ids')) ?? [],
    skillIds: readTexts(get('skill_ids')) ?? [],
    subAssistants: lowerSubAssistants(document, item, entries, askedBy),
    guardrails: namesOf({ document, value: get('guardrails') }),
    mcpServers: servers?.kind === 'seq' ? servers.items.map((server) => lowerServer(document, server)) : [],
    excludeExtraContextTools: readBoolean(get('exclude_extra_context_tools')) ?? false,
    at: document.at(item.node.start, item.id ? undefined : item.node.end),
  }
}

function lowerSubAssistants(
  document: YamlDocument,
  item: DraftItem,
  entries: readonly DraftItem[],
  askedBy: readonly string[],
): readonly Assistant[] {
  const chain = [...askedBy, item.id?.value ?? '']
  const ids = childOf(item.node, 'assistant_ids')
  if (ids?.kind !== 'seq') return []
  return ids.items.flatMap((node) => {
    const id = readText(node)
    if (id === undefined) return []
    const entry = itemOf(entries, id)
    if (!entry) return [{ ...bareAssistant(id, document.at(node.start, node.end)), ref: id }]
    return chain.includes(id) ? [] : [lowerAssistant(document, entry, entries, chain)]
  })
}

function lowerServer(document: YamlDocument, node: YamlNode): McpServer {
  const get = (key: string) => childOf(node, key)
  const legacy = present({
    command: readText(get('command')),
    args: get('arguments') && dataOf(get('arguments') as YamlNode),
    mcp_config_id: readText(get('mcp_config_id')),
    mcp_connect_url: readText(get('mcp_connect_url')),
    use_custom_config: readBoolean(get('use_custom_config')) || undefined,
  })
  const tools = readTexts(get('tools')) ?? readTexts(childOf(get('config'), 'tools')) ?? []
  return {
    name: readText(get('name')) ?? '',
    enabled: readBoolean(get('enabled')) ?? true,
    tools,
    config: { ...legacy, ...recordOf(get('config')) },
    resolveDynamicArguments: readBoolean(get('resolve_dynamic_values_in_arguments')) ?? false,
    ...present({
      tokensLimit: readNumber(get('tools_tokens_size_limit')),
      integrationAlias: readText(get('integration_alias')),
    }),
    at: document.at(node.start),
  }
}

function lowerState(draft: Draft, state: DraftState): State {
  const get = (key: string) => childOf(state.node, key)
  const retry = effectiveRetry(draft.retry, state.retry)
  const policy: RetryPolicy = {
    initialIntervalMs: retry.initialInterval * 1000,
    backoffFactor: retry.backoffFactor,
    maxIntervalMs: retry.maxInterval * 1000,
    maxAttempts: retry.maxAttempts,
  }
  const timeout = readNumber(get('timeout')) ?? readText(get('timeout'))
  const { next } = state
  return {
    id: state.id?.value ?? '',
    at: placeOf(draft, state),
    work: lowerWork(draft, state),
    output: {
      storeInContext: next.storeInContext,
      includeInHistory: next.includeInHistory,
      clearHistory: next.clearPriorMessages,
      context:
        next.clearContextStore === true
          ? 'clear'
          : next.clearContextStore === 'keep_current'
            ? 'keep-current'
            : 'merge',
      resetKeys: next.resetKeys ?? [],
      ...present({ outputKey: next.outputKey?.value }),
      append: next.append,
      asUserMessage: state.asUserMessage,
      branchKeys: next.branchKeys.length === 1 && next.branchKeys[0] === '*' ? '*' : next.branchKeys,
    },
    next: lowerNext(state),
    retry: policy,
    pauseBefore: state.pauseBefore,
    onError: state.errorHandlers.map((handler) => lowerErrorHandler(draft, handler)),
    ...present({
      timeoutMs: timeout === undefined ? undefined : parseDurationMs(timeout),
      approval: readBoolean(get('approval')),
      cache: readBoolean(get('cache')),
    }),
  }
}

function lowerErrorHandler(draft: Draft, handler: DraftErrorHandler): ErrorHandler {
  const tool = itemOf(draft.tools, handler.notify?.value)
  return {
    catches: handler.catches?.map(({ value }) => value) ?? [],
    ...present({
      to: handler.stateId,
      notify: tool && lowerTool(draft, tool, undefined),
    }),
    at: draft.document.at(handler.node.start),
  }
}

const NOWHERE: Located<string> = { value: '', at: { file: '', line: 1, column: 1 } }

/** Conditions may spell Python's `True` and `False` in small letters; the places of everything else stay as they are. */
function lowerCondition({ value, at }: Located<string>): Located<string> {
  return { value: loadExpression(value), at }
}

function lowerNext(state: DraftState): Transition {
  const next: DraftNext = state.next
  if (next.condition) {
    const { expression = NOWHERE, onTrue = NOWHERE, otherwise = NOWHERE } = next.condition
    return {
      kind: 'choose',
      form: 'condition',
      cases: [{ when: lowerCondition(expression), to: onTrue }],
      otherwise,
    }
  }
  if (next.switch) {
    const cases = next.switch.cases.map((one) => ({
      when: lowerCondition(one.condition ?? NOWHERE),
      to: one.stateId ?? NOWHERE,
    }))
    return { kind: 'choose', form: 'switch', cases, otherwise: next.switch.default ?? NOWHERE }
  }
  if (next.stateIds) return { kind: 'fan-out', to: next.stateIds }
  if (!next.stateId) return { kind: 'stop' }
  if (!next.iterKey) return { kind: 'goto', to: next.stateId }
  return {
    kind: 'map',
    items: next.iterKey,
    to: next.stateId,
    resplit: state.finishIteration,
    passOutput: next.overrideTask,
    ...present({ shards: next.shard }),
  }
}

/** The first item of a list with an id; later ones of the same id are never looked at. */
export function itemOf(items: readonly DraftItem[], id: string | undefined): DraftItem | undefined {
  return id === undefined ? undefined : items.find((item) => item.id?.value === id)
}

function lowerWork(draft: Draft, state: DraftState): Work {
  if (state.workflowId) return lowerCall(draft, state, state.workflowId)
  if (state.toolId) {
    const own = childOf(state.node, 'tool_args')
    return lowerTool(draft, itemOf(draft.tools, state.toolId.value), own, state.toolId.value)
  }
  if (state.customNodeId)
    return lowerCustomNode(draft, state, itemOf(draft.customNodes, state.customNodeId.value))
  const item = itemOf(draft.assistants, state.assistantId?.value)
  const assistant = item
    ? lowerAssistant(draft.document, item, draft.assistants)
    : bareAssistant(state.id?.value ?? '', placeOf(draft, state))
  return agent(draft, state, assistant)
}

function agent(draft: Draft, state: DraftState, assistant: Assistant): AgentWork {
  const model = readText(childOf(state.node, 'model'))
  return {
    kind: 'agent',
    assistant: { ...assistant, ...present({ model }) },
    task: taskOf(draft, state),
    renderTask: state.renderTask,
    ...present({ outputSchema: state.outputSchema }),
  }
}

function taskOf(draft: Draft, state: DraftState): Located<string> {
  return state.task ?? { value: '', at: placeOf(draft, state) }
}

function placeOf(draft: Draft, state: DraftState): Position {
  return state.id?.at ?? draft.document.at(state.node.start)
}

function lowerCall(draft: Draft, state: DraftState, workflow: Located<string>): CallWork {
  const inputs = childOf(state.node, 'inputs')
  const at = inputs && draft.document.at(inputs.start, inputs.end)
  return {
    kind: 'call',
    workflow,
    ...present({ inputs: inputs?.kind === 'map' && at ? { value: recordOf(inputs), at } : undefined }),
    task: taskOf(draft, state),
    renderTask: state.renderTask,
  }
}

/** `own`: arguments of the state, which take the place of the entry's; `{}` does not. */
function lowerTool(
  draft: Draft,
  item: DraftItem | undefined,
  own: YamlNode | undefined,
  id = item?.id?.value ?? '',
): ToolWork {
  const get = (key: string) => childOf(item?.node, key)
  const args = own?.kind === 'map' && own.entries.size > 0 ? own : get('tool_args')
  const server = get('mcp_server')
  const at = args && draft.document.at(args.start, args.end)
  return {
    kind: 'tool',
    toolId: id,
    tool: readText(get('tool')) ?? '',
    ...present({
      args: args?.kind === 'map' && args.entries.size > 0 && at ? { value: recordOf(args), at } : undefined,
      integrationAlias: readText(get('integration_alias')),
      inputKey: readText(get('input_key')),
      resultPointer: locatedText(draft.document, get('tool_result_json_pointer')),
      tokensLimit: readNumber(get('tokens_size_limit')),
      mcpServer: server?.kind === 'map' ? lowerServer(draft.document, server) : undefined,
    }),
    renderResult: readBoolean(get('resolve_dynamic_values_in_response')) ?? false,
  }
}

/** The kind of a custom node; an empty or absent `custom_node_id` means the id. */
export function customNodeKind(item: DraftItem | undefined): string | undefined {
  return readText(childOf(item?.node, 'custom_node_id')) || item?.id?.value
}

function lowerCustomNode(draft: Draft, state: DraftState, item: DraftItem | undefined): Work {
  const config = recordOf(childOf(item?.node, 'config'))
  const at = item ? draft.document.at(item.node.start) : draft.document.at(state.node.start)
  const model = readText(childOf(item?.node, 'model'))
  const kind = customNodeKind(item)
  switch (kind) {
    case 'transform_node':
      return { kind: 'transform', config, task: taskOf(draft, state), at }
    case 'state_processor_node':
      return { kind: 'state-processor', config, task: taskOf(draft, state), at, ...present({ model }) }
    case 'generate_documents_tree':
      return { kind: 'documents-tree', config, at }
    case 'bedrock_flow_node':
      return { kind: 'bedrock-flow', config, at }
    case 'result_finalizer_node':
      return { kind: 'summary', of: 'run' }
    case 'summarize_conversation_node':
      return { kind: 'summary', of: 'memory' }
    default:
      return agent(draft, state, {
        ...bareAssistant(state.id?.value ?? '', placeOf(draft, state)),
        ...present({ model }),
      })
  }
}
