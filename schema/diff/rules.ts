import type { AgentWork, McpServer, State, Work, Workflow } from '../workflow.ts'
import type { ChangeClass, ChangeReach } from './change.ts'

/** One thing that two versions are compared by. */
export interface Aspect<T> {
  /** Stable; names the change. */
  readonly code: string
  /** In the sentence. */
  readonly name: string
  readonly of: (one: T) => unknown
  /** Fixed, or told from the values before and after. */
  readonly class: ChangeClass | ((before: unknown, after: unknown) => ChangeClass)
  readonly reach: ChangeReach
  /** Both values are lists of names: the sentence says which came and which went. */
  readonly list?: true
  /** Nothing that a sentence could hold. */
  readonly isStructure?: true
  /** What to show of it in full, where that is not the value itself. */
  readonly shown?: (one: T) => unknown
}

type Classify = (before: unknown, after: unknown) => ChangeClass

/** A ceiling: none is the highest. */
const ceiling: Classify = (before, after) =>
  Number(after ?? Number.POSITIVE_INFINITY) > Number(before ?? Number.POSITIVE_INFINITY)
    ? 'widening'
    : 'narrowing'

/** A list of what may be used. */
const powers: Classify = (before, after) => {
  const [a, b] = [before, after].map((list) => new Set(Array.isArray(list) ? list.map(String) : []))
  if ([...(b ?? [])].some((one) => !a?.has(one))) return 'widening'
  return [...(a ?? [])].some((one) => !b?.has(one)) ? 'narrowing' : 'neutral'
}

/** A guard that is there or not. */
const guard: Classify = (_before, after) => (after ? 'narrowing' : 'widening')

/** What those who start the workflow have to give. */
const inputs: Classify = (before, after) => {
  const namesOf = (list: unknown) =>
    (list as Workflow['inputs']).filter(({ required }) => required).map(({ name }) => name)
  const old = new Set((before as Workflow['inputs']).map(({ name }) => name))
  const isGone = [...old].some((name) => !(after as Workflow['inputs']).some((one) => one.name === name))
  const isAsked = namesOf(after).some((name) => !namesOf(before).includes(name))
  return isGone || isAsked ? 'breaking' : 'neutral'
}

export const WORKFLOW_ASPECTS: readonly Aspect<Workflow>[] = [
  { code: 'name-changed', name: 'name', of: ({ name }) => name, class: 'neutral', reach: 'nothing' },
  {
    code: 'description-changed',
    name: 'description',
    of: ({ description }) => description,
    class: 'neutral',
    reach: 'nothing',
  },
  {
    code: 'tags-changed',
    name: 'tags',
    of: ({ tags }) => [...tags].sort(),
    class: 'neutral',
    reach: 'nothing',
    list: true,
  },
  {
    code: 'lifecycle-changed',
    name: 'lifecycle',
    of: ({ lifecycle }) => lifecycle,
    class: 'neutral',
    reach: 'nothing',
  },
  {
    code: 'triggers-changed',
    name: 'what starts it',
    of: ({ triggers }) => triggers,
    class: 'widening',
    reach: 'nothing',
    isStructure: true,
  },
  {
    code: 'inputs-changed',
    name: 'inputs',
    of: (workflow) => workflow.inputs,
    class: inputs,
    reach: 'nothing',
    isStructure: true,
  },
  {
    code: 'permissions-changed',
    name: 'permissions',
    of: ({ permissions }) =>
      Object.entries(permissions)
        .map(([name, level]) => `${name}: ${level}`)
        .sort(),
    class: powers,
    reach: 'nothing',
    list: true,
  },
  {
    code: 'budget-usd-changed',
    name: 'budget in US dollars',
    of: ({ budget }) => budget.usd,
    class: ceiling,
    reach: 'nothing',
  },
  {
    code: 'budget-tokens-changed',
    name: 'budget in tokens',
    of: ({ budget }) => budget.tokens,
    class: ceiling,
    reach: 'nothing',
  },
  {
    code: 'budget-steps-changed',
    name: 'budget in steps',
    of: ({ budget }) => budget.steps,
    class: ceiling,
    reach: 'nothing',
  },
  {
    code: 'model-changed',
    name: 'model',
    of: ({ models }) => models.default,
    class: 'neutral',
    reach: 'all',
  },
  {
    code: 'fallback-models-changed',
    name: 'fallback models',
    of: ({ models }) => models.fallback,
    class: 'neutral',
    reach: 'nothing',
    list: true,
  },
  {
    code: 'recursion-limit-changed',
    name: 'recursion limit',
    of: ({ limits }) => limits.recursionLimit,
    class: ceiling,
    reach: 'nothing',
  },
  {
    code: 'concurrency-changed',
    name: 'steps at once',
    of: ({ limits }) => limits.maxConcurrency,
    class: 'neutral',
    reach: 'nothing',
  },
  {
    code: 'memory-limits-changed',
    name: 'limits of the conversation',
    of: ({ limits }) => limits.memory,
    class: 'neutral',
    reach: 'nothing',
  },
  {
    code: 'finalizer-changed',
    name: 'summary at the end',
    of: ({ finalizer }) => finalizer,
    class: 'neutral',
    reach: 'nothing',
  },
]

/** What becomes of a step and when it runs, whatever it does. */
export const STATE_ASPECTS: readonly Aspect<State>[] = [
  {
    code: 'transition-changed',
    name: 'what follows',
    of: ({ next }) => (next.kind === 'choose' ? { ...next, form: undefined } : next),
    class: 'neutral',
    reach: 'followers',
    isStructure: true,
  },
  {
    code: 'output-policy-changed',
    name: 'what becomes of its output',
    of: ({ output }) => output,
    class: 'neutral',
    reach: 'followers',
    isStructure: true,
  },
  {
    code: 'error-handling-changed',
    name: 'on_error',
    of: ({ onError }) => onError,
    class: 'neutral',
    reach: 'followers',
    isStructure: true,
  },
  {
    code: 'retry-changed',
    name: 'retries',
    of: ({ retry }) => retry,
    class: 'neutral',
    reach: 'nothing',
    isStructure: true,
  },
  {
    code: 'timeout-changed',
    name: 'time limit in ms',
    of: ({ timeoutMs }) => timeoutMs,
    class: ceiling,
    reach: 'nothing',
  },
  {
    code: 'approval-changed',
    name: 'approval',
    of: ({ approval }) => approval ?? false,
    class: guard,
    reach: 'nothing',
  },
  {
    code: 'pause-changed',
    name: 'pause before it',
    of: ({ pauseBefore }) => pauseBefore,
    class: guard,
    reach: 'nothing',
  },
  {
    code: 'cache-changed',
    name: 'cache',
    of: ({ cache }) => cache ?? false,
    class: 'neutral',
    reach: 'nothing',
  },
]

type WorkOf<K extends Work['kind']> = Extract<Work, { readonly kind: K }>

const serverNames = (servers: readonly McpServer[]) =>
  servers.flatMap(({ name, enabled, tools }) =>
    enabled ? (tools.length === 0 ? [name] : tools.map((tool) => `${name}/${tool}`)) : [],
  )

const AGENT: readonly Aspect<AgentWork>[] = [
  { code: 'task-changed', name: 'task', of: ({ task }) => task.value, class: 'neutral', reach: 'state' },
  {
    code: 'task-rendering-changed',
    name: 'values in the task',
    of: ({ renderTask }) => renderTask,
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'prompt-changed',
    name: 'prompt',
    of: ({ assistant }) => assistant.systemPrompt,
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'assistant-changed',
    name: 'stored assistant',
    of: ({ assistant }) => assistant.ref,
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'model-changed',
    name: 'model',
    of: ({ assistant }) => assistant.model,
    class: 'neutral',
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
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'fallback-models-changed',
    name: 'fallback models',
    of: ({ assistant }) => assistant.fallbackModels,
    class: 'neutral',
    reach: 'nothing',
    list: true,
  },
  {
    code: 'tools-changed',
    name: 'tools',
    of: ({ assistant }) =>
      assistant.tools
        .map(({ name, integrationAlias }) =>
          integrationAlias === undefined ? name : `${name} (${integrationAlias})`,
        )
        .sort(),
    class: powers,
    reach: 'state',
    list: true,
  },
  {
    code: 'mcp-servers-changed',
    name: 'MCP servers',
    of: ({ assistant }) => serverNames(assistant.mcpServers).sort(),
    class: powers,
    reach: 'state',
    list: true,
  },
  {
    code: 'mcp-configuration-changed',
    name: 'configuration of its MCP servers',
    of: ({ assistant }) =>
      assistant.mcpServers.map(
        ({ name, config, resolveDynamicArguments, tokensLimit, integrationAlias }) => ({
          name,
          config,
          resolveDynamicArguments,
          tokensLimit,
          integrationAlias,
        }),
      ),
    class: 'widening',
    reach: 'state',
    isStructure: true,
  },
  {
    code: 'datasources-changed',
    name: 'datasources',
    of: ({ assistant }) => [...assistant.datasourceIds].sort(),
    class: powers,
    reach: 'state',
    list: true,
  },
  {
    code: 'skills-changed',
    name: 'skills',
    of: ({ assistant }) => [...assistant.skillIds].sort(),
    class: powers,
    reach: 'state',
    list: true,
  },
  {
    code: 'command-changed',
    name: 'command',
    of: ({ assistant }) => assistant.command,
    class: 'widening',
    reach: 'state',
  },
  {
    code: 'tool-output-limit-changed',
    name: 'tokens of a tool’s output',
    of: ({ assistant }) => [assistant.toolOutputTokens, assistant.excludeExtraContextTools],
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'output-schema-changed',
    name: 'output schema',
    of: ({ outputSchema }) => outputSchema?.value,
    class: 'neutral',
    reach: 'state',
  },
]

const TOOL: readonly Aspect<WorkOf<'tool'>>[] = [
  { code: 'tool-changed', name: 'tool', of: ({ tool }) => tool, class: 'widening', reach: 'state' },
  {
    code: 'tool-arguments-changed',
    name: 'arguments',
    of: ({ args, inputKey }) => ({ args: args?.value, inputKey }),
    shown: ({ args }) => args?.value,
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'tool-integration-changed',
    name: 'integration',
    of: ({ integrationAlias, mcpServer }) => integrationAlias ?? mcpServer?.name,
    class: 'widening',
    reach: 'state',
  },
  {
    code: 'mcp-configuration-changed',
    name: 'configuration of its MCP server',
    of: ({ mcpServer }) => mcpServer,
    class: 'widening',
    reach: 'state',
    isStructure: true,
  },
  {
    code: 'tool-result-changed',
    name: 'what is taken of the result',
    of: ({ resultPointer, renderResult, tokensLimit }) => ({
      pointer: resultPointer?.value,
      renderResult,
      tokensLimit,
    }),
    class: 'neutral',
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
    of: ({ inputs: given }) => given?.value,
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'task-changed',
    name: 'task',
    of: ({ task }) => task.value,
    class: 'neutral',
    reach: 'state',
  },
  {
    code: 'task-rendering-changed',
    name: 'values in the task',
    of: ({ renderTask }) => renderTask,
    class: 'neutral',
    reach: 'state',
  },
]

/** Work that is compared as a whole. */
const WHOLE: readonly Aspect<Work>[] = [
  {
    code: 'configuration-changed',
    name: 'configuration',
    of: (work) => work,
    class: 'neutral',
    reach: 'state',
    isStructure: true,
  },
]

/** By kind of work; each list is only ever given two works of its kind. */
export const WORK_ASPECTS: Readonly<Record<Work['kind'], readonly Aspect<Work>[]>> = {
  agent: AGENT as readonly Aspect<Work>[],
  tool: TOOL as readonly Aspect<Work>[],
  call: CALL as readonly Aspect<Work>[],
  transform: WHOLE,
  'state-processor': WHOLE,
  'documents-tree': WHOLE,
  'bedrock-flow': WHOLE,
  summary: WHOLE,
  block: WHOLE,
}
