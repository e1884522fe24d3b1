import {
  type AgentWork,
  type Assistant,
  type McpServer,
  type State,
  TOOL_OUTPUT_TOKENS,
  type ToolReference,
  type Work,
} from '../workflow.ts'
import type { Aspect, ClassRule } from './aspect.ts'
import { BLOCK } from './block-rules.ts'
import {
  ceiling,
  expense,
  guard,
  guards,
  model,
  models,
  parameters,
  power,
  powers,
  servers,
  widest,
} from './classes.ts'
import { ownOf } from './own.ts'
import { fromTo, isSame, listed, members, membersOf } from './values.ts'

type WorkOf<K extends Work['kind']> = Extract<Work, { readonly kind: K }>

const toolName = ({ name, integrationAlias }: ToolReference) =>
  integrationAlias === undefined ? name : `${name} (${integrationAlias})`

const enabled = (server: McpServer | undefined) => (server?.enabled ? [server] : [])

/** The tools offered of each server; of two with one name those of both. */
function toolsByServer(list: readonly McpServer[] = []): Readonly<Record<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>()
  for (const { name, tools } of list) {
    const others = found.get(name) ?? tools
    // None listed is all of them.
    found.set(
      name,
      [tools, others].some(({ length }) => length === 0) ? [] : [...new Set([...others, ...tools])].sort(),
    )
  }
  return Object.fromEntries(found)
}

function sayServers(before: unknown, after: unknown): string {
  const inWords = (tools: unknown) => (Array.isArray(tools) && tools.length > 0 ? tools.join(', ') : 'all')
  return members(before, after, {
    came: (name, tools) => `+${name} (${inWords(tools)})`,
    changed: (name, a, b) =>
      [a, b].some((tools) => inWords(tools) === 'all')
        ? `${name} (${inWords(a)} → ${inWords(b)})`
        : `${name} (${listed(a, b)})`,
  })
}

/** How servers are reached, by name. */
function reachOf(list: readonly McpServer[] = []): Readonly<Record<string, unknown>> {
  const found = new Map<string, unknown>()
  for (const server of list) {
    const { name, config, resolveDynamicArguments, tokensLimit, integrationAlias } = server
    const own = {
      ...config,
      'its integration': integrationAlias,
      'tokens of an output': tokensLimit,
      'values in its arguments': resolveDynamicArguments,
    }
    found.set(name, found.has(name) ? [found.get(name), own] : own)
  }
  return Object.fromEntries(found)
}

/** Servers that came and went are told by their names. */
function sayReach(before: unknown, after: unknown): string | undefined {
  const [a, b] = [membersOf(before), membersOf(after)]
  const changed = [...b.keys()].filter((name) => a.has(name) && !isSame(a.get(name), b.get(name)))
  if (changed.length === 0) return undefined
  return changed.map((name) => `${name} (${members(a.get(name), b.get(name))})`).join(', ')
}

/** Assistants that can be asked, by id: each is compared as the state's own is. */
const subAssistants: ClassRule = {
  words: 'as the same change of the state’s own assistant',
  of: (before, after, whole) =>
    widest(
      changedAssistants(before, after).flatMap(({ old, now, aspects }) =>
        aspects.map(({ of, class: rule }) =>
          typeof rule === 'string' ? rule : rule.of(of(old), of(now), whole),
        ),
      ),
    ),
}

/** Assistants that came and went are told by their names. */
function saySubAssistants(before: unknown, after: unknown): string | undefined {
  const changed = changedAssistants(before, after)
  if (changed.length === 0) return undefined
  return changed.map(({ id, aspects }) => `${id} (${aspects.map(({ name }) => name).join(', ')})`).join(', ')
}

/** An assistant as the state that it answers for. */
type Answerer = Pick<AgentWork, 'assistant'>

const ASSISTANT: readonly Aspect<Answerer>[] = [
  {
    code: 'prompt-changed',
    name: 'prompt',
    of: ({ assistant }) => assistant.systemPrompt,
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'assistant-description-changed',
    name: 'what it says of itself',
    of: ({ assistant }) => assistant.description,
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'assistant-changed',
    name: 'stored assistant',
    of: ({ assistant }) => assistant.ref,
    class: power,
    reach: 'state',
  },
  {
    code: 'model-changed',
    name: 'model',
    of: ({ assistant }) => assistant.model,
    class: model,
    reach: 'state',
  },
  {
    code: 'temperature-changed',
    name: 'temperature',
    of: ({ assistant }) => assistant.temperature,
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'parameters-changed',
    name: 'model parameters',
    of: ({ assistant }) => assistant.parameters,
    class: parameters,
    reach: 'state',
    say: members,
  },
  {
    code: 'fallback-models-changed',
    name: 'fallback models',
    of: ({ assistant }) => assistant.fallbackModels,
    class: models,
    reach: 'nothing',
    say: listed,
  },
  {
    code: 'tools-changed',
    name: 'tools',
    of: (work) => ownOf(work.assistant).tools?.map(toolName).sort() ?? [],
    class: powers,
    reach: 'state',
    say: listed,
  },
  {
    code: 'mcp-servers-changed',
    name: 'MCP servers',
    of: (work) => toolsByServer(ownOf(work.assistant).mcpServers),
    class: servers,
    reach: 'state',
    say: sayServers,
  },
  {
    code: 'mcp-configuration-changed',
    name: 'how its MCP servers are reached',
    of: (work) => reachOf(ownOf(work.assistant).mcpServers),
    class: 'widening',
    reach: 'state',
    say: sayReach,
  },
  {
    code: 'datasources-changed',
    name: 'datasources',
    of: (work) => [...(ownOf(work.assistant).datasourceIds ?? [])].sort(),
    class: powers,
    reach: 'state',
    say: listed,
  },
  {
    code: 'skills-changed',
    name: 'skills',
    of: (work) => [...(ownOf(work.assistant).skillIds ?? [])].sort(),
    class: powers,
    reach: 'state',
    say: listed,
  },
  {
    code: 'sub-assistants-changed',
    name: 'assistants to ask',
    of: (work) => (ownOf(work.assistant).subAssistants ?? []).map(({ id }) => id).sort(),
    class: powers,
    reach: 'state',
    say: listed,
  },
  {
    code: 'sub-assistant-changed',
    name: 'of the assistants to ask',
    of: (work) => Object.fromEntries((ownOf(work.assistant).subAssistants ?? []).map((one) => [one.id, one])),
    class: subAssistants,
    reach: 'state',
    say: saySubAssistants,
  },
  {
    code: 'guardrails-changed',
    name: 'guardrails',
    of: ({ assistant }) => assistant.guardrails.map(({ value }) => value).sort(),
    class: guards,
    reach: 'nothing',
    say: listed,
  },
  {
    code: 'greeting-changed',
    name: 'what its conversations begin with',
    of: ({ assistant }) => assistant.greeting,
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'command-changed',
    name: 'command',
    of: (work) => ownOf(work.assistant).command,
    class: power,
    reach: 'state',
    say: (before, after) => fromTo(commandLine(before), commandLine(after)),
  },
  {
    // A program does what it wants; a model only what its tools can do.
    code: 'command-need-changed',
    name: 'does without its command where that is not there',
    of: ({ assistant }) => assistant.commandIsOptional ?? false,
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'tool-output-limit-changed',
    name: 'tokens of a tool’s output',
    of: ({ assistant }) => assistant.toolOutputTokens ?? TOOL_OUTPUT_TOKENS,
    class: ceiling,
    reach: 'state',
  },
  {
    code: 'context-tools-changed',
    name: 'without the tools for code datasources',
    of: ({ assistant }) => assistant.excludeExtraContextTools,
    class: guard,
    reach: 'state',
  },
]

function commandLine(command: unknown): string | undefined {
  return Array.isArray(command) ? command.join(' ') : undefined
}

/** Those that stand on both sides and differ, with the aspects in which they do. */
function changedAssistants(before: unknown, after: unknown) {
  const [a, b] = [membersOf(before), membersOf(after)] as ReadonlyMap<string, Assistant>[]
  return [...(b ?? [])].flatMap(([id, assistant]) => {
    const old = a?.get(id)
    if (old === undefined) return []
    const aspects = ASSISTANT.filter(({ of }) => !isSame(of({ assistant: old }), of({ assistant })))
    return aspects.length === 0 ? [] : [{ id, old: { assistant: old }, now: { assistant }, aspects }]
  })
}

/** What agents and called workflows are told. */
const TASK: readonly Aspect<Pick<AgentWork, 'task' | 'renderTask'>>[] = [
  { code: 'task-changed', name: 'task', of: ({ task }) => task.value, class: 'neutral', reach: 'state' },
  {
    code: 'task-rendering-changed',
    name: 'values in the task',
    of: ({ renderTask }) => renderTask,
    class: 'neutral',
    reach: 'state',
  },
]

const AGENT: readonly Aspect<AgentWork>[] = [
  ...TASK,
  ...ASSISTANT,
  {
    // A schema says how an answer looks; what the model may do is the same without it.
    code: 'output-schema-changed',
    name: 'output schema',
    of: ({ outputSchema }) => outputSchema?.value,
    class: 'neutral',
    reach: 'state',
  },
]

/** A result is text from outside, and a template can read the context. */
const results: ClassRule = {
  words: 'newly rendered as a template: widening; no longer: narrowing; another part of it: neutral',
  of: (before, after, whole) => {
    const [a, b] = [before, after].map((result) => membersOf(result).get('rendered'))
    return a === b ? 'neutral' : expense.of(a, b, whole)
  },
}

const TOOL: readonly Aspect<WorkOf<'tool'>>[] = [
  { code: 'tool-changed', name: 'tool', of: ({ tool }) => tool, class: 'widening', reach: 'state' },
  {
    code: 'tool-arguments-changed',
    name: 'arguments',
    of: ({ args, inputKey }) => ({ ...args?.value, 'looked up in': inputKey }),
    class: 'neutral',
    reach: 'state',
    say: members,
  },
  {
    code: 'tool-integration-changed',
    name: 'integration',
    of: ({ integrationAlias }) => integrationAlias,
    class: power,
    reach: 'state',
  },
  {
    code: 'mcp-servers-changed',
    name: 'MCP server',
    of: ({ mcpServer }) => toolsByServer(enabled(mcpServer)),
    class: servers,
    reach: 'state',
    say: sayServers,
  },
  {
    code: 'mcp-configuration-changed',
    name: 'how its MCP server is reached',
    of: ({ mcpServer }) => reachOf(enabled(mcpServer)),
    class: 'widening',
    reach: 'state',
    say: sayReach,
  },
  {
    code: 'tool-result-changed',
    name: 'what is taken of the result',
    of: ({ resultPointer, renderResult }) => ({ pointer: resultPointer?.value, rendered: renderResult }),
    class: results,
    reach: 'state',
    say: members,
  },
  {
    code: 'tool-output-limit-changed',
    name: 'tokens of its output',
    of: ({ tokensLimit }) => tokensLimit,
    class: ceiling,
    reach: 'state',
  },
]

const CALL: readonly Aspect<WorkOf<'call'>>[] = [
  {
    code: 'called-workflow-changed',
    name: 'workflow',
    of: ({ workflow }) => workflow.value,
    class: 'widening',
    reach: 'state',
  },
  {
    code: 'call-inputs-changed',
    name: 'inputs',
    of: ({ inputs }) => inputs?.value,
    class: 'neutral',
    reach: 'state',
    say: members,
  },
  ...TASK,
]

/** Settings of a kind of work that has no rows of its own for them. */
function configuration<K extends Work['kind']>(
  of: (work: WorkOf<K>) => unknown,
  kind: Aspect<Work>['class'] = 'neutral',
): Aspect<WorkOf<K>> {
  return {
    code: 'configuration-changed',
    name: 'configuration',
    of,
    class: kind,
    reach: 'state',
    say: members,
  }
}

/** Another flow or another integration may be able to do anything. */
const unknowable: ClassRule = { words: 'of a Bedrock flow: widening', of: () => 'widening' }

const FOLDER: Aspect<Pick<WorkOf<'prompt' | 'layer'>, 'folder'>> = {
  code: 'folder-changed',
  name: 'folder that it works in',
  of: ({ folder }) => folder?.value,
  // Programs and tools reach what lies below it.
  class: power,
  reach: 'state',
}

const PROMPT: readonly Aspect<WorkOf<'prompt'>>[] = [
  {
    code: 'task-changed',
    name: 'prompt of the step',
    of: ({ prompt }) => prompt.value,
    class: 'neutral',
    reach: 'state',
  },
  ...ASSISTANT,
  {
    code: 'session-changed',
    name: 'session',
    of: ({ session }) => session,
    class: 'neutral',
    reach: 'state',
  },
  FOLDER,
  {
    code: 'missing-outputs-changed',
    name: 'fails without an output that it names',
    of: ({ needsNames }) => needsNames,
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'environment-changed',
    name: 'variables of programs that the prompt goes through',
    of: ({ env }) => env,
    class: 'neutral',
    reach: 'state',
    say: members,
  },
]

const LAYER: readonly Aspect<WorkOf<'layer'>>[] = [
  ...ASSISTANT,
  {
    code: 'layer-view-changed',
    name: 'what it is told of the session',
    of: ({ sees }) => sees,
    class: 'neutral',
    reach: 'state',
  },
  FOLDER,
]

const SCRIPT: readonly Aspect<WorkOf<'script'>>[] = [
  {
    code: 'command-changed',
    name: 'command',
    of: ({ command }) => command.value,
    class: power,
    reach: 'state',
  },
  {
    code: 'environment-changed',
    name: 'variables and text that it gets',
    of: ({ env, keepsText }) => ({ ...env, 'kept when it prints nothing': keepsText }),
    class: 'neutral',
    reach: 'state',
    say: members,
  },
]

const DOCUMENTS = 'datasource_id'

const ASPECTS: { readonly [K in Work['kind']]: readonly Aspect<WorkOf<K>>[] } = {
  agent: AGENT,
  tool: TOOL,
  call: CALL,
  transform: [configuration<'transform'>(({ config, task }) => ({ ...config, 'its task': task.value }))],
  'state-processor': [
    { code: 'model-changed', name: 'model', of: ({ model: id }) => id, class: model, reach: 'state' },
    configuration<'state-processor'>(({ config, task }) => ({ ...config, 'its task': task.value })),
  ],
  'documents-tree': [
    {
      code: 'datasources-changed',
      name: 'datasources',
      of: ({ config }) => [config[DOCUMENTS]].flat().filter((id) => id !== undefined),
      class: powers,
      reach: 'state',
      say: listed,
    },
    configuration<'documents-tree'>(({ config }) => ({ ...config, [DOCUMENTS]: undefined })),
  ],
  'bedrock-flow': [configuration<'bedrock-flow'>(({ config }) => config, unknowable)],
  summary: [configuration<'summary'>((work) => ({ of: work.of }))],
  prompt: PROMPT,
  layer: LAYER,
  script: SCRIPT,
  block: BLOCK,
}

/** By kind of work; each list is only ever given two works of its kind. */
export const WORK_ASPECTS = ASPECTS as unknown as Readonly<Record<Work['kind'], readonly Aspect<Work>[]>>

/** A state does something of another kind. */
export const WORK_KIND: Aspect<State> = {
  code: 'work-changed',
  name: 'does something else',
  of: ({ work }) => work.kind,
  class: {
    words: 'to a transform, which reaches nothing outside: narrowing; else widening',
    of: (_before, after) => (after === 'transform' ? 'narrowing' : 'widening'),
  },
  reach: 'state',
}
