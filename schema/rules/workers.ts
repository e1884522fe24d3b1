import { PLAIN_COMMAND, splitCommandLine } from '../command-line.ts'
import type { DraftItem } from '../dialects/codemie/draft.ts'
import { customNodeKind, itemOf } from '../dialects/codemie/lower.ts'
import { readBoolean, readText, readTexts } from '../lax.ts'
import { nearestName } from '../nearest.ts'
import { looksLikeSecret } from '../secret-forms.ts'
import { childOf, dataOf, entryOf, type YamlNode } from '../yaml.ts'
import type { Rule, Say } from './rule.ts'

/** Kinds of custom node that work here. */
const WORKING_NODES = [
  'transform_node',
  'state_processor_node',
  'generate_documents_tree',
  'bedrock_flow_node',
]
/** Kinds that CodeMie builds although they are made for its own use. */
const INNER_NODES = ['summarize_conversation_node', 'result_finalizer_node', 'supervisor_node', 'agent_node']
/** Kinds that exist but cannot be built. */
const BROKEN_NODES = ['tool_node', 'base_node']

/** The kind of every custom node that a state uses exists. Unused ones are never built, so nobody minds. */
export const customNodeKinds: Rule = (draft, say) => {
  const seen = new Set<DraftItem>()
  for (const state of draft.states) {
    const item = itemOf(draft.customNodes, state.customNodeId?.value)
    if (!item || seen.has(item)) continue
    seen.add(item)
    const kind = customNodeKind(item)
    if (kind === undefined || WORKING_NODES.includes(kind)) continue
    const entry = entryOf(item.node, 'custom_node_id')
    const at = entry?.value ?? item.id?.at ?? item.node
    const path = `${item.path}/custom_node_id`
    if (INNER_NODES.includes(kind)) {
      say({
        code: 'inner-custom-node',
        severity: 'warning',
        at,
        path,
        message: `'${kind}' is made for the engine's own use`,
        help: 'Use an assistant instead',
      })
      continue
    }
    const broken = BROKEN_NODES.includes(kind)
    say({
      code: 'unknown-node-kind',
      severity: 'error',
      at,
      path,
      message: broken
        ? `'${kind}' cannot be used as a custom node`
        : `There is no kind of custom node '${kind}'`,
      expected: `one of ${WORKING_NODES.join(', ')}`,
      didYouMean: broken ? undefined : nearestName(kind, WORKING_NODES),
      help: broken
        ? 'Use a tool or an assistant instead'
        : "'custom_node_id' names the kind, 'id' is your own name for the entry",
    })
  }
}

function isSet(node: YamlNode | undefined): boolean {
  if (!node) return false
  if (node.kind !== 'scalar') return node.kind === 'map' ? node.entries.size > 0 : node.items.length > 0
  return !(
    node.value === null ||
    node.value === false ||
    node.value === '' ||
    node.value === 0 ||
    node.value === 0n
  )
}

/** One of the two filters, not both; CodeMie checks this for every entry, used or not. */
export const documentFilters: Rule = (draft, say) => {
  for (const item of draft.customNodes) {
    const config = childOf(item.node, 'config')
    const filter = entryOf(config, 'documents_filter')
    if (!filter || !isSet(filter.value) || !isSet(childOf(config, 'documents_filtering_pattern'))) continue
    say({
      code: 'exclusive-keys',
      severity: 'error',
      at: filter.key,
      path: `${item.path}/config`,
      message: "'documents_filtering_pattern' and 'documents_filter' cannot stand together",
      help: 'Keep one of them',
    })
  }
}

const MAPPING_TYPES = ['extract', 'condition', 'template', 'constant', 'script', 'array_map']
const ERROR_STRATEGIES = ['fail', 'skip', 'default', 'partial']
const SOURCES = ['context_store', 'messages', 'user_input', 'state_schema']

/** Settings that the kinds of node cannot do without. Only bedrock's are checked by CodeMie before the run. */
export const nodeSettings: Rule = (draft, say) => {
  const seen = new Set<DraftItem>()
  for (const state of draft.states) {
    const item = itemOf(draft.customNodes, state.customNodeId?.value)
    if (!item || seen.has(item)) continue
    seen.add(item)
    const config = childOf(item.node, 'config')
    const path = `${item.path}/config`
    const needs = (keys: readonly string[], severity: 'error' | 'warning', help: string) => {
      if (keys.some((key) => isSet(childOf(config, key)))) return
      say({
        code: 'node-setting-missing',
        severity,
        at: config ?? item.id?.at ?? item.node,
        path,
        message: `The node '${item.id?.value ?? ''}' needs ${keys.map((key) => `'${key}'`).join(' or ')} in its config`,
        help,
      })
    }
    switch (customNodeKind(item)) {
      case 'transform_node':
        checkTransform(say, config, path)
        break
      case 'state_processor_node':
        needs(['output_template'], 'warning', 'Add the template that is filled with the collected items')
        needs(
          ['state_id'],
          'warning',
          'Name the state whose outputs are collected; without it the node waits for itself',
        )
        break
      case 'generate_documents_tree':
        needs(['datasource_id'], 'warning', 'Name a datasource of .codemie/config.yaml')
        break
      case 'bedrock_flow_node':
        if (isSet(childOf(config, 'workflow_id'))) break
        needs(['setting_id', 'integration_alias'], 'error', 'Name the integration that has the credentials')
        needs(['input_node_name'], 'warning', 'Name the input node of the flow')
        needs(['input_node_output_field'], 'warning', 'Name the output field of the input node')
        needs(['flow_id'], 'warning', 'Name the flow')
        break
      default:
        break
    }
  }
}

function checkTransform(say: Say, config: YamlNode | undefined, path: string) {
  const choice = (
    node: YamlNode | undefined,
    known: readonly string[],
    at: string,
    noun: string,
    effect: string,
  ) => {
    const value = readText(node)
    if (!node || value === undefined || known.includes(value)) return
    say({
      code: 'transform-setting',
      severity: 'warning',
      at: node,
      path: at,
      message: `There is no ${noun} '${value}': ${effect}`,
      expected: `one of ${known.join(', ')}`,
      didYouMean: nearestName(value, known),
    })
  }
  choice(
    childOf(config, 'on_error'),
    ERROR_STRATEGIES,
    `${path}/on_error`,
    'error strategy',
    'an error fails the step',
  )
  choice(
    childOf(config, 'input_source'),
    SOURCES,
    `${path}/input_source`,
    'input source',
    'the input is empty',
  )
  const mappings = childOf(config, 'mappings')
  if (mappings?.kind !== 'seq') return
  mappings.items.forEach((mapping, i) => {
    if (mapping.kind !== 'map') return
    const at = `${path}/mappings/${i}`
    if (!mapping.entries.has('output_field')) {
      say({
        code: 'transform-setting',
        severity: 'warning',
        at: mapping,
        path: at,
        message: "The mapping has no 'output_field': the step fails",
        help: "Add 'output_field', the key that the value is stored under",
      })
    }
    choice(childOf(mapping, 'type'), MAPPING_TYPES, `${at}/type`, 'mapping type', 'the step fails')
  })
}

/** With a stored assistant most keys of an entry are not looked at. */
export const storedAssistantKeys: Rule = (draft, say) => {
  for (const item of draft.assistants) {
    const stored = readText(childOf(item.node, 'assistant_id'))
    if (stored === undefined || stored === '') continue
    for (const key of ['tools', 'datasource_ids', 'skill_ids', 'assistant_ids', 'mcp_servers']) {
      const entry = entryOf(item.node, key)
      if (!entry || (entry.value.kind === 'seq' && entry.value.items.length === 0)) continue
      say({
        code: 'ignored-key',
        severity: 'warning',
        at: entry.key,
        path: `${item.path}/${key}`,
        message: `The key '${key}' has no effect: the stored assistant '${stored}' brings its own`,
        help: `Change it in .codemie/assistants/${stored}.yaml, or remove 'assistant_id'`,
      })
    }
  }
}

/** No assistant can ask itself, be it through others: each question would ask the next. */
export const assistantCircles: Rule = (draft, say) => {
  const asks = new Map(draft.assistants.map((item) => [item.id?.value ?? '', askedBy(item)] as const))
  for (const item of draft.assistants) {
    const id = item.id?.value
    const ids = entryOf(item.node, 'assistant_ids')
    const circle = id === undefined ? undefined : pathBack(id, asks)
    if (!ids || !circle) continue
    say({
      code: 'assistant-circle',
      severity: 'error',
      at: ids.key,
      path: `${item.path}/assistant_ids`,
      message: `The assistants ask each other in a circle: ${circle.join(' → ')}`,
      help: 'Remove one of them from the assistant_ids of another',
    })
  }
}

function askedBy({ node }: DraftItem): readonly string[] {
  return readTexts(childOf(node, 'assistant_ids')) ?? []
}

/** From an assistant over those it asks back to itself; `undefined`: there is no such way. */
function pathBack(id: string, asks: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const seen = new Set<string>()
  const ways = [[id]]
  for (let way = ways.shift(); way; way = ways.shift()) {
    for (const next of asks.get(way.at(-1) ?? '') ?? []) {
      if (next === id) return [...way, next]
      if (seen.has(next)) continue
      seen.add(next)
      ways.push([...way, next])
    }
  }
  return undefined
}

function checkServerConfig(say: Say, node: YamlNode, path: string) {
  const config = childOf(node, 'config')
  if (config?.kind !== 'map' || config.entries.size === 0) return
  const [command, url] = [childOf(config, 'command'), childOf(config, 'url')]
  if (isSet(command) !== isSet(url)) return
  const both = isSet(url)
  say({
    code: 'mcp-config',
    severity: 'error',
    at: both && url ? url : config,
    path: `${path}/config`,
    message: both
      ? 'An MCP server has a command or a url, not both'
      : 'The MCP server has neither a command nor a url',
    expected: "exactly one of 'command' and 'url'",
  })
}

/** The command of an agent can be started without a shell. */
export const agentCommands: Rule = (draft, say) => {
  for (const item of draft.assistants) {
    const command = childOf(item.node, 'command')
    const line = command?.kind === 'seq' && command.items.length === 0 ? '' : readText(command)
    const split = line === undefined ? undefined : splitCommandLine(line)
    if (!command || split?.ok !== false) continue
    say({
      code: 'agent-command',
      severity: 'error',
      at: command,
      path: `${item.path}/command`,
      message: `The command is not a plain command: ${split.problem}`,
      help: PLAIN_COMMAND,
    })
  }
}

/** Keys of an assistant that only a model of ours is told of. */
const OF_MODELS = [
  'model',
  'temperature',
  'parameters',
  'fallback_models',
  'limit_tool_output_tokens',
  'tools',
  'datasource_ids',
  'skill_ids',
  'assistant_ids',
  'mcp_servers',
]

/** An agent brings its own model and tools. */
export const agentKeys: Rule = (draft, say) => {
  for (const item of draft.assistants) {
    if (!isSet(childOf(item.node, 'command'))) continue
    for (const key of OF_MODELS) {
      const entry = entryOf(item.node, key)
      if (!entry || !isSet(entry.value)) continue
      say({
        code: 'agent-key-unused',
        severity: 'warning',
        at: entry.key,
        path: `${item.path}/${key}`,
        message: `'${key}' has no effect: the assistant '${item.id?.value ?? ''}' is a program, with a model and tools of its own`,
        help: 'Remove it, and set up in the program itself what it is for',
      })
    }
  }
}

/** An MCP server can be reached in exactly one way. */
export const mcpServers: Rule = (draft, say) => {
  for (const item of draft.assistants) {
    const servers = childOf(item.node, 'mcp_servers')
    if (servers?.kind !== 'seq') continue
    servers.items.forEach((server, i) => {
      const path = `${item.path}/mcp_servers/${i}`
      if (server.kind !== 'map') return
      checkServerConfig(say, server, path)
      const enabled = readBoolean(childOf(server, 'enabled')) ?? true
      if (!enabled || ['config', 'command', 'mcp_config_id'].some((key) => isSet(childOf(server, key))))
        return
      say({
        code: 'mcp-config',
        severity: 'error',
        at: childOf(server, 'name') ?? server,
        path,
        message: `The MCP server '${readText(childOf(server, 'name')) ?? ''}' does not say how it is reached`,
        expected: "one of 'config', 'command', 'mcp_config_id'",
        help: "Add 'config' with 'command' and 'args', or with 'url'; or 'enabled: false'",
      })
    })
  }
  for (const tool of draft.tools) {
    const server = childOf(tool.node, 'mcp_server')
    if (server?.kind === 'map') checkServerConfig(say, server, `${tool.path}/mcp_server`)
  }
}

/** Credentials written into the file: they end up in git, for everybody to read. */
export const secretsInServers: Rule = (draft, say) => {
  for (const item of [...draft.assistants, ...draft.tools]) {
    const servers = childOf(item.node, 'mcp_servers')
    const nodes = servers?.kind === 'seq' ? servers.items : [childOf(item.node, 'mcp_server')]
    for (const node of nodes) {
      for (const key of ['env', 'headers']) {
        const map = childOf(childOf(node, 'config'), key)
        if (map?.kind !== 'map') continue
        for (const [name, entry] of map.entries) {
          const value = dataOf(entry.value)
          if (typeof value !== 'string' || !looksLikeSecret(value)) continue
          say({
            code: 'secret-in-file',
            severity: 'warning',
            at: entry.value,
            path: item.path,
            message: `'${name}' looks like a secret written into the file`,
            help: 'Name an integration that takes it from the environment, and revoke this one: git keeps it',
          })
        }
      }
    }
  }
}
