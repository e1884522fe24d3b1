import { type DraftState, KIND_KEYS } from '../dialects/codemie/draft.ts'
import { rootEntry } from '../dialects/codemie/envelope.ts'
import { parseDurationMs } from '../duration.ts'
import { readNumber, readText } from '../lax.ts'
import { CHECK, FINALIZER, MEMORY } from '../limits.ts'
import { childOf, entryOf, type YamlEntry } from '../yaml.ts'
import type { Rule } from './rule.ts'

/** There is something to run. */
export const someStates: Rule = (draft, say) => {
  const states = entryOf(draft.config, 'states')
  if (states && (states.value.kind !== 'seq' || states.value.items.length > 0)) return
  say({
    code: 'no-states',
    severity: 'error',
    at: states?.value ?? draft.document.at(draft.config.start),
    path: `${draft.path}/states`,
    message: 'The workflow has no states',
    help: "Add the list 'states' with at least one state; the first one is where a run begins",
  })
}

/** A state says in exactly one way who works. */
export const oneKind: Rule = (draft, say) => {
  for (const state of draft.states) {
    if (state.node.kind !== 'map' || state.kinds.length === 1) continue
    const second = state.kinds[1]
    const at = second === undefined ? undefined : entryOf(state.node, second)?.key
    say({
      code: 'state-kind',
      severity: 'error',
      at: at ?? state.id?.at ?? draft.document.at(state.node.start),
      path: state.path,
      message:
        second === undefined
          ? 'The state does not say who works in it'
          : `The state has ${state.kinds.length} workers: ${state.kinds.join(', ')}`,
      expected: `exactly one of ${KIND_KEYS.join(', ')}`,
      help: second === undefined ? 'Add one of them' : 'Keep one, and make a state of its own for the other',
    })
  }
}

type Exclusion = readonly [first: string, second: string, help: string]

const EXCLUSIONS: readonly Exclusion[] = [
  ['condition', 'switch', 'Keep one of them; a switch with one case is the same as a condition'],
  ['state_id', 'state_ids', "Put all targets into 'state_ids'"],
  ['state_ids', 'iter_key', "Iterate with 'state_id'; let the states that follow fan out"],
  ['state_ids', 'condition', 'Let the condition lead to a state that fans out'],
  ['state_ids', 'switch', 'Let the switch lead to a state that fans out'],
  ['iter_key', 'condition', "Let the condition lead to a state that has 'iter_key'"],
  ['iter_key', 'switch', "Let the switch lead to a state that has 'iter_key'"],
  ['state_id', 'condition', "Remove 'state_id': the condition names both targets"],
  ['state_id', 'switch', "Remove 'state_id': the switch names all targets"],
]

/** `next` leads on in one way only. Keys count when they are there, whatever their value. */
export const exclusiveKeysOfNext: Rule = (draft, say) => {
  for (const state of draft.states) {
    const { node, path } = state.next
    if (!node) continue
    const has = (key: string) => node.entries.has(key)
    for (const [first, second, help] of EXCLUSIONS) {
      const entry = has(first) ? node.entries.get(second) : undefined
      if (!entry) continue
      say({
        code: 'exclusive-keys',
        severity: 'error',
        at: entry.key,
        path,
        message: `'${first}' and '${second}' cannot stand together`,
        help,
      })
    }
    const iterKey = node.entries.get('iter_key')
    if (iterKey && !has('state_id')) {
      say({
        code: 'iter-key-without-target',
        severity: 'error',
        at: iterKey.key,
        path,
        message: "'iter_key' needs 'state_id', the state that runs for each item",
        help: has('condition')
          ? "Older files meant: split when the condition holds. Put 'iter_key' on a state of its own that 'then' leads to"
          : "Add 'state_id'",
      })
    }
    if (readText(iterKey?.value) === '' && iterKey) {
      say({
        code: 'empty-reference',
        severity: 'error',
        at: iterKey.value,
        path: `${path}/iter_key`,
        message: "'iter_key' is empty",
        help: 'Name the key of the output that holds the list',
      })
    }
  }
}

/** The two names of one switch do not stand together. */
export const exclusiveInterrupts: Rule = (draft, say) => {
  for (const state of draft.states) {
    const older = entryOf(state.node, 'wait_for_user_confirmation')
    if (!older) continue
    if (entryOf(state.node, 'interrupt_before')) {
      say({
        code: 'exclusive-keys',
        severity: 'error',
        at: older.key,
        path: state.path,
        message: "'interrupt_before' and 'wait_for_user_confirmation' cannot stand together",
        help: "Keep 'interrupt_before'",
      })
    } else {
      say({
        code: 'deprecated-key',
        severity: 'info',
        at: older.key,
        path: `${state.path}/wait_for_user_confirmation`,
        message: "'wait_for_user_confirmation' is the older name of 'interrupt_before'",
        help: "Write 'interrupt_before'",
      })
    }
  }
}

/** The older name of `include_in_llm_history`. */
export const olderHistoryKey: Rule = (draft, say) => {
  for (const state of draft.states) {
    const older = entryOf(state.next.node, 'keep_history')
    if (!older) continue
    const both = entryOf(state.next.node, 'include_in_llm_history') !== undefined
    say({
      code: 'deprecated-key',
      severity: both ? 'warning' : 'info',
      at: older.key,
      path: `${state.next.path}/keep_history`,
      message: both
        ? "'keep_history' has no effect beside 'include_in_llm_history'"
        : "'keep_history' is the older name of 'include_in_llm_history'",
      help: both ? 'Remove it' : "Write 'include_in_llm_history'",
    })
  }
}

const ALWAYS_RESERVED = ['__start__', '__end__', MEMORY, CHECK]

/** Ids that the engine needs for itself, and signs that cannot be in one. */
export const stateIds: Rule = (draft, say) => {
  const reserved = draft.finalizer ? [...ALWAYS_RESERVED, FINALIZER] : ALWAYS_RESERVED
  for (const state of draft.states) {
    if (!state.id) continue
    const { value, at } = state.id
    const base = { at, path: `${state.path}/id` }
    if (reserved.includes(value)) {
      say({
        ...base,
        code: 'reserved-id',
        severity: 'error',
        message: `The id '${value}' is reserved`,
        help: 'Choose another id',
      })
    }
    const sign = /[|:]/.exec(value)?.[0]
    if (sign) {
      say({
        ...base,
        code: 'reserved-id',
        severity: 'error',
        message: `The id '${value}' holds '${sign}'`,
        expected: 'an id without | and :',
        help: 'Use - or _ instead',
      })
    }
    if (value === 'end') {
      say({
        ...base,
        code: 'state-named-end',
        severity: 'warning',
        message: "A state named 'end' cannot be a target: 'end' always means the end of the path",
        help: 'Choose another id',
      })
    }
  }
}

/** Names of the engine's own data; CodeMie crashes or loses data when a state writes there. */
const CHANNELS = new Set([
  'messages',
  'context_store',
  'next',
  'final_summary',
  'user_input',
  'previous_execution_state_id',
  'previous_execution_state_names',
])

/** `output_key` and what else happens to the context. */
export const outputKey: Rule = (draft, say) => {
  for (const state of draft.states) {
    const { outputKey: key, iterKey, clearContextStore, path } = state.next
    if (!key) continue
    const base = { at: key.at, path: `${path}/output_key` }
    if (CHANNELS.has(key.value)) {
      say({
        ...base,
        code: 'reserved-output-key',
        severity: 'error',
        message: `'output_key' cannot be '${key.value}': the engine keeps its own data under that name`,
        help: 'Choose another key',
      })
    }
    if (iterKey?.value === key.value) {
      say({
        ...base,
        code: 'output-key-is-iter-key',
        severity: 'warning',
        message: `'output_key' and 'iter_key' are both '${key.value}': CodeMie would make one item of the whole output; here the list is split`,
        help: 'Choose another output_key',
      })
    }
    if (clearContextStore === true) {
      say({
        ...base,
        code: 'output-not-stored',
        severity: 'warning',
        message: "'output_key' stores nothing, because 'clear_context_store: true' empties the context",
        help: "Write 'clear_context_store: keep_current' to keep the output",
      })
    }
  }
}

/** Keys that mean nothing for the kind of worker a state has. */
export const keysOfOtherKinds: Rule = (draft, say) => {
  const table: readonly (readonly [key: string, fits: (state: DraftState) => boolean, who: string])[] = [
    ['tool_args', (state) => state.toolId !== undefined, 'states with tool_id'],
    ['output_schema', (state) => state.assistantId !== undefined, 'states with assistant_id'],
    [
      'resolve_dynamic_values_in_prompt',
      (state) => state.assistantId !== undefined || state.workflowId !== undefined,
      'states with assistant_id or workflow_id',
    ],
    ['model', (state) => state.assistantId !== undefined, 'states with assistant_id'],
    ['inputs', (state) => state.workflowId !== undefined, 'states with workflow_id'],
  ]
  for (const state of draft.states) {
    if (state.kinds.length !== 1) continue
    for (const [key, fits, who] of table) {
      const entry: YamlEntry | undefined = entryOf(state.node, key)
      if (!entry || fits(state)) continue
      say({
        code: 'ignored-key',
        severity: 'warning',
        at: entry.key,
        path: `${state.path}/${key}`,
        message: `The key '${key}' has no effect: only ${who} use it`,
        help: 'Remove it',
      })
    }
  }
}

/** Our keys of a state that the schema cannot check alone. */
export const ownStateKeys: Rule = (draft, say) => {
  for (const state of draft.states) {
    const node = childOf(state.node, 'timeout')
    const value = readNumber(node) ?? readText(node)
    if (!node || value === undefined || parseDurationMs(value) !== undefined) continue
    say({
      code: 'bad-duration',
      severity: 'error',
      at: node,
      path: `${state.path}/timeout`,
      message: `'timeout' is no span of time`,
      expected: 'seconds, or a text such as 90s, 5m, 1h',
      found: String(value),
    })
  }
}

/** A retired workflow refuses to run, which surprises whoever starts it. */
export const retired: Rule = (draft, say) => {
  const entry = rootEntry(draft.source, 'lifecycle')
  if (readText(entry?.value) !== 'retired' || !entry) return
  say({
    code: 'retired',
    severity: 'info',
    at: entry.document.at(entry.value.start, entry.value.end),
    path: entry.path,
    message: 'The workflow is retired: it can be read and compared, but not run',
  })
}

/** Autonomous mode let a model choose the next assistant; CodeMie no longer runs it, and neither do we. */
export const autonomousMode: Rule = (draft, say) => {
  const mode = childOf(draft.source.envelope, 'mode')
  if (readText(mode) !== 'Autonomous' || !mode) return
  say({
    code: 'autonomous-mode',
    severity: 'error',
    at: draft.source.outer.at(mode.start, mode.end),
    path: '/mode',
    message: 'The mode Autonomous is no longer run',
    expected: 'Sequential',
    help: "Write the order of the work as states, with 'condition' or 'switch' where a model decides",
  })
}
