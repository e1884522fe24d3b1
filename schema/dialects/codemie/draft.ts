import type { Located } from '../../diagnostic.ts'
import { readBoolean, readNumber, readText, readTexts } from '../../lax.ts'
import { pointerTo } from '../../shape.ts'
import { CONTINUE } from '../../workflow.ts'
import { childOf, type YamlDocument, type YamlMap, type YamlNode } from '../../yaml.ts'
import type { CodemieSource } from './envelope.ts'

/**
 * A config with aliases of keys resolved, defaults filled in and values read as CodeMie reads them, but nothing checked
 * between keys yet. What has a wrong type counts as absent here: the shape check has reported it.
 */
export interface Draft {
  readonly source: CodemieSource
  readonly document: YamlDocument
  readonly config: YamlMap
  /** JSON pointer of the config. */
  readonly path: string
  readonly assistants: readonly DraftItem[]
  readonly tools: readonly DraftItem[]
  readonly customNodes: readonly DraftItem[]
  readonly states: readonly DraftState[]
  readonly finalizer: boolean
  /** `undefined`: not set. */
  readonly recursionLimit: number | undefined
  /** In force: 1 to 5, 2 when not set. */
  readonly maxConcurrency: number
  readonly messagesLimit: number | undefined
  readonly tokensLimit: number | undefined
  readonly retry: DraftRetry
}

/** A map in one of the lists of a config. */
export interface DraftItem {
  readonly node: YamlNode
  readonly path: string
  /** `undefined`: missing, or no text. */
  readonly id: Located<string> | undefined
}

export interface DraftState extends DraftItem {
  /** Which of the keys that name the work are there, in the order of {@link KIND_KEYS}. */
  readonly kinds: readonly KindKey[]
  readonly assistantId: Located<string> | undefined
  readonly toolId: Located<string> | undefined
  readonly customNodeId: Located<string> | undefined
  readonly workflowId: Located<string> | undefined
  readonly task: Located<string> | undefined
  readonly outputSchema: Located<string> | undefined
  readonly renderTask: boolean
  readonly asUserMessage: boolean
  readonly finishIteration: boolean
  readonly pauseBefore: boolean
  readonly retry: DraftRetry
  readonly errorHandlers: readonly DraftErrorHandler[]
  readonly next: DraftNext
}

/** One handler of `on_error`; the short form, a text, is one with nothing but a target. */
export interface DraftErrorHandler {
  readonly node: YamlNode
  readonly path: string
  /** `undefined`: not said. */
  readonly catches: readonly Located<string>[] | undefined
  readonly stateId: Located<string> | undefined
  readonly notify: Located<string> | undefined
}

/** Keys of a retry policy in seconds, as written; `undefined` inherits. */
export interface DraftRetry {
  readonly initialInterval: number | undefined
  readonly backoffFactor: number | undefined
  readonly maxInterval: number | undefined
  readonly maxAttempts: number | undefined
}

export interface DraftNext {
  /** The map; `undefined` when `next` is missing or no map. */
  readonly node: YamlMap | undefined
  readonly path: string
  readonly stateId: Located<string> | undefined
  readonly stateIds: readonly Located<string>[] | undefined
  readonly condition:
    | {
        readonly expression: Located<string> | undefined
        readonly onTrue: Located<string> | undefined
        readonly otherwise: Located<string> | undefined
      }
    | undefined
  readonly switch:
    | {
        readonly cases: readonly {
          readonly condition: Located<string> | undefined
          readonly stateId: Located<string> | undefined
        }[]
        readonly default: Located<string> | undefined
      }
    | undefined
  readonly iterKey: Located<string> | undefined
  readonly shard: number | undefined
  readonly overrideTask: boolean
  readonly outputKey: Located<string> | undefined
  readonly storeInContext: boolean
  readonly includeInHistory: boolean
  readonly clearPriorMessages: boolean
  readonly clearContextStore: boolean | 'keep_current'
  readonly resetKeys: readonly string[] | undefined
  readonly branchKeys: readonly string[]
  readonly append: boolean
}

/** Keys of a state that say who works; exactly one must be there. */
export const KIND_KEYS = ['assistant_id', 'tool_id', 'custom_node_id', 'workflow_id'] as const
export type KindKey = (typeof KIND_KEYS)[number]

/** What holds when neither state nor workflow says otherwise; in seconds. */
export const DEFAULT_RETRY = {
  initialInterval: 0.5,
  backoffFactor: 2,
  maxInterval: 128,
  maxAttempts: 10,
} as const

const DEFAULT_CONCURRENCY = 2
/** More steps at once than this are never run for a CodeMie file. */
export const MOST_CONCURRENCY = 5

/** The policy of a state: its own keys over those of the workflow over the defaults. */
export function effectiveRetry(workflow: DraftRetry, state: DraftRetry) {
  return {
    initialInterval: state.initialInterval ?? workflow.initialInterval ?? DEFAULT_RETRY.initialInterval,
    backoffFactor: state.backoffFactor ?? workflow.backoffFactor ?? DEFAULT_RETRY.backoffFactor,
    maxInterval: state.maxInterval ?? workflow.maxInterval ?? DEFAULT_RETRY.maxInterval,
    maxAttempts: state.maxAttempts ?? workflow.maxAttempts ?? DEFAULT_RETRY.maxAttempts,
  }
}

/** Normalises a config. Total: it takes any map. */
export function normaliseCodemie(source: CodemieSource, config: YamlMap): Draft {
  const { document, base } = source
  const itemsOf = (key: string) => {
    const node = childOf(config, key)
    return node?.kind === 'seq'
      ? node.items.map((item, i) => readItem(document, item, pointerTo(`${base}/${key}`, i)))
      : []
  }
  const concurrency = readNumber(childOf(config, 'max_concurrency')) ?? DEFAULT_CONCURRENCY
  return {
    source,
    document,
    config,
    path: base,
    assistants: itemsOf('assistants'),
    tools: itemsOf('tools'),
    customNodes: itemsOf('custom_nodes'),
    states: itemsOf('states').map((item) => readState(document, item)),
    finalizer: readBoolean(childOf(config, 'enable_summarization_node')) ?? true,
    recursionLimit: readNumber(childOf(config, 'recursion_limit')),
    maxConcurrency: Math.max(1, Math.min(MOST_CONCURRENCY, concurrency)),
    messagesLimit: readNumber(childOf(config, 'messages_limit_before_summarization')),
    tokensLimit: readNumber(childOf(config, 'tokens_limit_before_summarization')),
    retry: readRetry(childOf(config, 'retry_policy')),
  }
}

/** A text under a key together with its place. */
export function locatedText(document: YamlDocument, node: YamlNode | undefined): Located<string> | undefined {
  const value = readText(node)
  return node === undefined || value === undefined
    ? undefined
    : { value, at: document.at(node.start, node.end) }
}

function readItem(document: YamlDocument, node: YamlNode, path: string): DraftItem {
  return { node, path, id: locatedText(document, childOf(node, 'id')) }
}

function readRetry(node: YamlNode | undefined): DraftRetry {
  return {
    initialInterval: readNumber(childOf(node, 'initial_interval')),
    backoffFactor: readNumber(childOf(node, 'backoff_factor')),
    maxInterval: readNumber(childOf(node, 'max_interval')),
    maxAttempts: readNumber(childOf(node, 'max_attempts')),
  }
}

function readState(document: YamlDocument, item: DraftItem): DraftState {
  const get = (key: string) => childOf(item.node, key)
  const text = (key: string) => locatedText(document, get(key))
  const flag = (key: string) => readBoolean(get(key)) ?? false
  return {
    ...item,
    kinds: KIND_KEYS.filter((key) => get(key) !== undefined),
    assistantId: text('assistant_id'),
    toolId: text('tool_id'),
    customNodeId: text('custom_node_id'),
    workflowId: text('workflow_id'),
    task: text('task'),
    outputSchema: text('output_schema'),
    renderTask: flag('resolve_dynamic_values_in_prompt'),
    asUserMessage: flag('result_as_human_message'),
    finishIteration: flag('finish_iteration'),
    pauseBefore: flag('interrupt_before') || flag('wait_for_user_confirmation'),
    retry: readRetry(get('retry_policy')),
    errorHandlers: readErrorHandlers(document, get('on_error'), `${item.path}/on_error`),
    next: readNext(document, get('next'), `${item.path}/next`),
  }
}

function readErrorHandlers(
  document: YamlDocument,
  node: YamlNode | undefined,
  path: string,
): readonly DraftErrorHandler[] {
  if (!node) return []
  if (node.kind === 'seq') {
    return node.items.flatMap((item, i) =>
      item.kind === 'map' ? readErrorHandlers(document, item, pointerTo(path, i)) : [],
    )
  }
  if (node.kind === 'scalar') {
    const stateId = locatedText(document, node)
    return stateId ? [{ node, path, catches: undefined, stateId, notify: undefined }] : []
  }
  const caught = childOf(node, 'catch')
  const names = caught?.kind === 'seq' ? caught.items : caught ? [caught] : undefined
  return [
    {
      node,
      path,
      catches: names?.map((name) => locatedText(document, name)).filter((name) => name !== undefined),
      stateId: locatedText(document, childOf(node, 'state_id')),
      notify: locatedText(document, childOf(node, 'notify')),
    },
  ]
}

/** Where a failed state can go on, without `continue`. */
export function errorTargetsOf(state: DraftState): readonly Located<string>[] {
  return state.errorHandlers.flatMap(({ stateId }) =>
    stateId === undefined || stateId.value === CONTINUE ? [] : [stateId],
  )
}

function readNext(document: YamlDocument, node: YamlNode | undefined, path: string): DraftNext {
  const get = (key: string) => childOf(node, key)
  const text = (key: string) => locatedText(document, get(key))
  const flag = (key: string, otherwise: boolean) => readBoolean(get(key)) ?? otherwise
  const condition = get('condition')
  const choice = get('switch')
  const cases = childOf(choice, 'cases')
  const targets = get('state_ids')
  const clear = get('clear_context_store')
  return {
    node: node?.kind === 'map' ? node : undefined,
    path,
    stateId: text('state_id'),
    stateIds:
      targets?.kind === 'seq'
        ? targets.items
            .map((target) => locatedText(document, target))
            .filter((target) => target !== undefined)
        : undefined,
    condition:
      condition?.kind === 'map'
        ? {
            expression: locatedText(document, childOf(condition, 'expression')),
            onTrue: locatedText(document, childOf(condition, 'then')),
            otherwise: locatedText(document, childOf(condition, 'otherwise')),
          }
        : undefined,
    switch:
      choice?.kind === 'map'
        ? {
            cases:
              cases?.kind === 'seq'
                ? cases.items.map((one) => ({
                    condition: locatedText(document, childOf(one, 'condition')),
                    stateId: locatedText(document, childOf(one, 'state_id')),
                  }))
                : [],
            default: locatedText(document, childOf(choice, 'default')),
          }
        : undefined,
    iterKey: text('iter_key'),
    shard: readNumber(get('shard')),
    overrideTask: flag('override_task', false),
    outputKey: text('output_key'),
    storeInContext: flag('store_in_context', true),
    // The older key counts only where the newer one is absent.
    includeInHistory: flag('include_in_llm_history', flag('keep_history', true)),
    clearPriorMessages: flag('clear_prior_messages', false),
    clearContextStore: readText(clear) === 'keep_current' ? 'keep_current' : (readBoolean(clear) ?? false),
    resetKeys: readTexts(get('reset_keys_in_context_store')),
    branchKeys: readTexts(get('include_in_iterator_context')) ?? ['*'],
    append: flag('append_to_context', false),
  }
}

/** One mention of a state as a target. */
export interface TargetMention {
  readonly target: Located<string>
  readonly path: string
  /** How the mention is made, e.g. `condition.then`. */
  readonly via: 'state_id' | 'state_ids' | 'then' | 'otherwise' | 'case' | 'default'
}

/** All targets that `next` mentions, in the order CodeMie looks at them. */
export function mentionsOf(next: DraftNext): readonly TargetMention[] {
  const found: TargetMention[] = []
  const add = (target: Located<string> | undefined, path: string, via: TargetMention['via']) => {
    if (target) found.push({ target, path: next.path + path, via })
  }
  add(next.stateId, '/state_id', 'state_id')
  const ids = childOf(next.node, 'state_ids')
  if (ids?.kind === 'seq') {
    let seen = 0
    ids.items.forEach((item, i) => {
      if (readText(item) === undefined) return
      add(next.stateIds?.[seen], `/state_ids/${i}`, 'state_ids')
      seen += 1
    })
  }
  add(next.condition?.onTrue, '/condition/then', 'then')
  add(next.condition?.otherwise, '/condition/otherwise', 'otherwise')
  next.switch?.cases.forEach((one, i) => {
    add(one.stateId, `/switch/cases/${i}/state_id`, 'case')
  })
  add(next.switch?.default, '/switch/default', 'default')
  return found
}
