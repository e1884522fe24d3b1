import { applyContextUpdates, type ContextUpdate } from '../../runner/engine/context.ts'
import { History, type Message } from '../../runner/engine/history.ts'
import { planWrites, StepOutput } from '../../runner/engine/output.ts'
import { type IterationItem, route } from '../../runner/engine/route.ts'
import { agentTask } from '../../runner/steps/agent-task.ts'
import { loadExpression, PyDict, type PyValue } from '../../schema/language/index.ts'
import type { OutputPolicy, State, Transition } from '../../schema/workflow.ts'
import type { FunctionTable } from './compare.ts'
import { decode as decodeWith, encode } from './recorded.ts'

type Input = Readonly<Record<string, unknown>>

const AT = { file: 'recorded.yaml', line: 1, column: 1 }
const located = (value: string) => ({ value, at: AT })

/** The engine's own functions, called as the recordings called upstream's. */
export const engineFunctions: FunctionTable = {
  reduce_context(input, decode) {
    const old = decode(input['old'] ?? {}) as PyDict
    return encode(applyContextUpdates(old, [contextUpdateOf(input['update'])]))
  },
  node_update: {
    recorded: (output) => {
      const { context_after, history_after } = output as Input
      return { context_after, history_after }
    },
    run: (input, decode) => {
      const next = (input['next'] ?? {}) as Input
      const messages: Message[] = ((input['history'] ?? []) as string[]).map((text) => ({
        role: 'user',
        text,
      }))
      const history = History.of(messages)
      const taskState = (input['task_state'] ?? {}) as Input
      const firstItem =
        taskState['first_state_in_iteration'] === true && 'task' in taskState
          ? decode(taskState['task'])
          : undefined
      const output = new StepOutput(String(input['output']))
      const writes = planWrites(policyOf(next, input['as_human'] === true), output, history, firstItem)
      const after = history.apply([writes.history]).toArray()
      return {
        context_after: encode(applyContextUpdates(decode(input['context']) as PyDict, [writes.context])),
        history_after: after.map(({ role, text }) => [role === 'user' ? 'human' : 'ai', text]),
      }
    },
  },
  iter_items(input, decode) {
    const next = (input['next'] ?? {}) as Input
    const taskState = input['task_state'] as Input | undefined
    const key = String(input['iter_key'])
    const item: IterationItem | undefined =
      taskState && key in taskState
        ? {
            value: decode(taskState[key]),
            number: Number(taskState['iteration_node_number']),
            total: Number(taskState['total_iterations']),
            ofTotal: Number(taskState['total_iterations']),
            first: false,
            lineage: [],
          }
        : undefined
    const state = stateWith({
      kind: 'map',
      items: located(key),
      to: located('t'),
      resplit: input['finish'] === true,
      passOutput: false,
    })
    const context = decode(input['context'] ?? {}) as PyDict
    const taken = route(
      { state, item, isMapTarget: item !== undefined },
      new StepOutput(String(input['output'])),
      context,
      () => undefined,
    )
    const keys = policyOf(next, false).branchKeys
    return taken.sends.map((send) => ({
      to: send.to,
      task: encode(send.item?.value ?? null),
      number: send.item?.number,
      total: send.item?.total,
      first: send.item?.first,
      context: encode(send.item?.first && keys !== '*' ? pick(context, keys) : context),
    }))
  },
  route(input) {
    const state = stateWith(transitionOf(input['next'] as Input))
    const step = { state, item: undefined, isMapTarget: false }
    const taken = route(step, new StepOutput(String(input['output'])), new PyDict(), () => undefined)
    if (taken.ends) return input['finalizer'] === true ? 'result_finalizer_node' : '__end__'
    return taken.edges[0] ?? null
  },
  agent_prompt(input, decode) {
    const taskState = (input['task_state'] ?? {}) as Input
    const number = Number(taskState['iteration_node_number'] ?? 1)
    const total = Number(taskState['total_iterations'] ?? 1)
    const item =
      'task' in taskState
        ? { value: decode(taskState['task']), number, total, ofTotal: total, first: true, lineage: [] }
        : undefined
    const text = agentTask(
      {
        item,
        isMapTarget: input['map_state'] === true,
        input: { text: '', fileNames: (input['file_names'] ?? []) as string[] },
        context: decode(input['context'] ?? {}) as PyDict,
      },
      { task: located(String(input['task'])), renderTask: input['resolve'] === true },
      () => undefined,
    )
    return { text, name: item && total > 1 ? `s ${number} of ${total}` : 's' }
  },
}

/** A recorded update of the context; `null` clears it. */
export function contextUpdateOf(update: unknown): ContextUpdate {
  const set = new PyDict()
  const append = new PyDict()
  if (update === null) return { start: 'clear', set, append, drop: [] }
  let start: ContextUpdate['start'] = 'merge'
  for (const [key, value] of (decodeWith(update) as PyDict).entries()) {
    if (key === 'context_store_keep_new_only' && value === true) start = 'keep-current'
    else if (value instanceof PyDict && value.has('__APPEND_VALUE__'))
      append.set(key, value.get('__APPEND_VALUE__') as PyValue)
    else set.set(key, value)
  }
  return { start, set, append, drop: [] }
}

function policyOf(next: Input, asUserMessage: boolean): OutputPolicy {
  const clear = next['clear_context_store']
  const keys = next['include_in_iterator_context'] as string[] | undefined
  return {
    storeInContext: next['store_in_context'] !== false,
    includeInHistory: (next['include_in_llm_history'] ?? next['keep_history']) !== false,
    clearHistory: next['clear_prior_messages'] === true,
    context: clear === true ? 'clear' : clear === 'keep_current' ? 'keep-current' : 'merge',
    resetKeys: (next['reset_keys_in_context_store'] ?? []) as string[],
    ...(typeof next['output_key'] === 'string' ? { outputKey: next['output_key'] } : {}),
    append: next['append_to_context'] === true,
    asUserMessage,
    branchKeys: !keys || (keys.length === 1 && keys[0] === '*') ? '*' : keys,
  }
}

function transitionOf(next: Input): Transition {
  const condition = next['condition'] as Record<string, string> | undefined
  if (condition) {
    return {
      kind: 'choose',
      form: 'condition',
      cases: [
        {
          when: located(loadExpression(condition['expression'] ?? '')),
          to: located(condition['then'] ?? ''),
        },
      ],
      otherwise: located(condition['otherwise'] ?? ''),
    }
  }
  const choice = next['switch'] as { cases: Record<string, string>[]; default: string } | undefined
  if (choice) {
    return {
      kind: 'choose',
      form: 'switch',
      cases: choice.cases.map((c) => ({
        when: located(loadExpression(c['condition'] ?? '')),
        to: located(c['state_id'] ?? ''),
      })),
      otherwise: located(choice.default),
    }
  }
  return typeof next['state_id'] === 'string'
    ? { kind: 'goto', to: located(next['state_id']) }
    : { kind: 'stop' }
}

function stateWith(next: Transition): State {
  return {
    id: 's',
    at: AT,
    work: { kind: 'transform', config: {}, task: located(''), at: AT },
    output: policyOf({}, false),
    next,
    retry: { initialIntervalMs: 0, backoffFactor: 1, maxIntervalMs: 0, maxAttempts: 1 },
    pauseBefore: false,
    onError: [],
  }
}

function pick(context: PyDict, keys: readonly string[]): PyDict {
  const picked = new PyDict()
  for (const key of keys) {
    const value = context.get(key)
    if (value !== undefined) picked.set(key, value)
  }
  return picked
}
