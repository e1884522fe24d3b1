import { effectiveRetry, normaliseCodemie } from '../../schema/dialects/codemie/draft.ts'
import { openEnvelope } from '../../schema/dialects/codemie/envelope.ts'
import {
  type Diagnostic,
  enforcedSchemaOf,
  readWorkflow,
  readYaml,
  type Workflow,
  type YamlNode,
} from '../../schema/index.ts'
import { YamlTimestamp } from '../../schema/yaml.ts'
import type { FunctionTable } from './compare.ts'
import { sectionOfRefusal } from './exceptions.ts'
import { canonical, type Vector } from './recorded.ts'
import { edgeLines, type UpstreamGraph, upstreamPicture } from './upstream-picture.ts'

const FILE = 'file.yaml'

/** Reading and checking of definitions, compared with what upstream made of the same text. */
export const schemaFunctions: FunctionTable = {
  yaml_load: { differs: differenceInYaml },
  validate: { differs: differenceInVerdict },
  parse_config: { differs: differenceInValues },
  schema_kind: ({ schema }) => enforcedSchemaOf(String(schema)) ?? null,
}

function errorsIn(text: string): readonly Diagnostic[] {
  return readWorkflow({ file: FILE, text }).diagnostics.filter((one) => one.severity === 'error')
}

function differenceInYaml({ input, output, error }: Vector): string | undefined {
  const document = readYaml(FILE, String(input['yaml']))
  const problem = document.diagnostics.find((one) => one.severity === 'error')
  if (error) return problem && !document.root ? undefined : 'it is read'
  if (problem) return problem.message
  const found = document.root ? tagged(document.root) : null
  return canonical(found) === canonical(output) ? undefined : canonical(found)
}

/** A value in the notation of the recordings, which marks what JSON cannot carry. */
function tagged(node: YamlNode): unknown {
  if (node.kind === 'seq') return node.items.map(tagged)
  if (node.kind === 'map') {
    const entries = [...node.entries.values()]
    const pairs = entries.map((entry) => [tagged(entry.key), tagged(entry.value)] as const)
    const isPlain = entries.every((entry) => typeof entry.key.value === 'string')
    return isPlain ? Object.fromEntries(pairs) : { $py: 'dict', items: pairs }
  }
  const { value } = node
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : { $py: 'int', repr: String(value) }
  }
  if (typeof value === 'number' && (!Number.isFinite(value) || Number.isInteger(value))) {
    return { $py: 'float', repr: floatText(value) }
  }
  if (value instanceof YamlTimestamp) return { $py: value.kind, repr: value.text.replace(' ', 'T') }
  if (value instanceof Uint8Array) return { $py: 'bytes', repr: `b'${new TextDecoder().decode(value)}'` }
  return value
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (Number.isFinite(value)) return value.toFixed(1)
  return value > 0 ? 'inf' : '-inf'
}

/** Upstream's errors, in its structured form. */
export interface JsonError {
  readonly errors?: readonly {
    readonly message: string
    readonly path: string
    readonly state_id?: string
    readonly details?: string
  }[]
}

/** The verdict is the same; where upstream refuses, each of its errors is among ours; the graph is the same. */
export function differenceInVerdict({ input, output }: Vector): string | undefined {
  const yaml = String(input['yaml'])
  // The mode stands in the record around the config.
  const text = input['mode'] === undefined ? yaml : JSON.stringify({ mode: input['mode'], yaml_config: yaml })
  const verdict = output as { ok?: boolean; graph?: UpstreamGraph; json_error?: JsonError }
  const { workflow, diagnostics } = readWorkflow({ file: FILE, text })
  const errors = diagnostics.filter((one) => one.severity === 'error')
  if (verdict.ok) {
    const wrong = errors.find((error) => sectionOfRefusal(error.code) === undefined)
    if (wrong) return `refused: ${wrong.code} at ${wrong.path}: ${wrong.message}`
    return verdict.graph && errors.length === 0 ? differenceInGraph(workflow, verdict.graph) : undefined
  }
  if (errors.length === 0) return 'accepted'
  const missing = verdict.json_error?.errors?.find((theirs) => !errors.some((ours) => says(ours, theirs)))
  return missing && `no error says: ${missing.message} at ${missing.path} (${missing.details ?? ''})`
}

/** How a definition's graph differs from the recorded one; `undefined`: not at all. */
export function differenceInGraph(workflow: Workflow | undefined, graph: UpstreamGraph): string | undefined {
  if (!workflow) return 'there is no workflow to draw'
  const ours = upstreamPicture(workflow)
  // What is drawn around a waiting state, the end included, depends on the order in which the other library draws.
  const isPlain = ours.deferred.every((id) => id === 'end')
  const nodes = (ids: readonly string[]) => ids.filter((id) => isPlain || id !== '__end__').sort()
  const pairs: [string, unknown, unknown][] = [
    ['nodes', nodes(ours.nodes), nodes(graph.nodes)],
    ['deferred', ours.deferred, graph.deferred ?? ours.deferred],
    ['map targets', ours.map_targets, graph.map_targets ?? ours.map_targets],
  ]
  if (isPlain) pairs.push(['edges', edgeLines(ours.edges), edgeLines(graph.edges)])
  const wrong = pairs.find(([, mine, theirs]) => JSON.stringify(mine) !== JSON.stringify(theirs))
  return wrong && `${wrong[0]}: ${JSON.stringify(wrong[1])}`
}

type TheirError = NonNullable<JsonError['errors']>[number]

function says(ours: Diagnostic, theirs: TheirError): boolean {
  const sameState =
    theirs.state_id === undefined || ours.stateId === undefined || ours.stateId === theirs.state_id
  return sameState && covers(ours, theirs.path) && codesFor(theirs.message).includes(ours.code)
}

/** Our pointer as upstream writes paths: without the entry of the list, `[n]` for indices inside it. */
function upstreamPath(pointer: string): string {
  return pointer
    .replace(/^\/(?:states|assistants|tools|custom_nodes)\/\d+/, '')
    .replace(/\/(\d+)/g, '[$1]')
    .replace(/^\//, '')
    .replaceAll('/', '.')
}

/** Upstream names some errors by the last key only, and leaves indices of cases out. */
function covers(ours: Diagnostic, path: string): boolean {
  const mine = upstreamPath(ours.path ?? '')
  const bare = mine.replace(/\[\d+\]/g, '')
  const last = bare.slice(bare.lastIndexOf('.') + 1)
  const theirs = path.replace(/\[\d+\]/g, '').replace(/^states\.?/, '')
  const related = bare.startsWith(theirs) || theirs.startsWith(bare)
  return mine === path || bare === theirs || related || last === theirs
}

/** Which of our codes say what upstream's message says. */
const CODES: readonly (readonly [message: RegExp, codes: readonly string[]])[] = [
  [/^Invalid type/, ['wrong-type']],
  [/^Missing required field/, ['missing-key', 'wrong-type']],
  [/^Invalid combination/, ['exclusive-keys', 'wrong-type']],
  [/^Value out of range/, ['out-of-range']],
  [/^Invalid value/, ['unknown-value', 'state-kind', 'wrong-type']],
  [/^Invalid reference/, ['unknown-state', 'unknown-assistant', 'unknown-tool', 'unknown-custom-node']],
  [/is required$/, ['empty-reference']],
  [/^YAML parsing failed/, ['yaml-syntax']],
  [
    /^Validation error/,
    [
      'expression-syntax',
      'out-of-range',
      'wrong-type',
      'mcp-config',
      'missing-key',
      'exclusive-keys',
      'iter-key-without-target',
    ],
  ],
]

function codesFor(message: string): readonly string[] {
  return CODES.find(([pattern]) => pattern.test(message))?.[1] ?? []
}

interface ParsedConfig {
  readonly states: readonly (Readonly<Record<string, unknown>> & {
    readonly id: string
    readonly next: Readonly<Record<string, unknown>>
  })[]
  readonly retry: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly max_concurrency: number
  readonly flags: Readonly<Record<string, unknown>>
}

/** The values in effect, defaults filled in, are the same. */
function differenceInValues({ input, output, error }: Vector): string | undefined {
  const text = String(input['yaml'])
  if (error) return errorsIn(text).length > 0 ? undefined : 'accepted'
  const source = openEnvelope(readYaml(FILE, text))
  if (!source.config) return 'there is no config'
  const draft = normaliseCodemie(source, source.config)
  const theirs = output as ParsedConfig
  const pairs: [unknown, unknown][] = [
    [draft.maxConcurrency, theirs.max_concurrency],
    [draft.finalizer, theirs.flags['enable_summarization_node']],
    [draft.recursionLimit ?? null, theirs.flags['recursion_limit']],
    [draft.messagesLimit ?? null, theirs.flags['messages_limit_before_summarization']],
    [draft.tokensLimit ?? null, theirs.flags['tokens_limit_before_summarization']],
    [draft.states.length, theirs.states.length],
  ]
  for (const [index, state] of draft.states.entries()) {
    const { next } = state
    const ours = {
      id: state.id?.value,
      assistant_id: state.assistantId?.value ?? null,
      tool_id: state.toolId?.value ?? null,
      custom_node_id: state.customNodeId?.value ?? null,
      task: state.task?.value ?? '',
      output_schema: state.outputSchema?.value ?? null,
      finish_iteration: state.finishIteration,
      interrupt_before: state.pauseBefore,
      resolve_dynamic_values_in_prompt: state.renderTask,
      result_as_human_message: state.asUserMessage,
    }
    const ourNext = {
      state_id: next.stateId?.value ?? null,
      iter_key: next.iterKey?.value ?? null,
      override_task: next.overrideTask,
      output_key: next.outputKey?.value ?? null,
      store_in_context: next.storeInContext,
      include_in_llm_history: next.includeInHistory,
      clear_prior_messages: next.clearPriorMessages,
      clear_context_store: next.clearContextStore,
      reset_keys_in_context_store: next.resetKeys ?? null,
      include_in_iterator_context: next.branchKeys,
      append_to_context: next.append,
    }
    const policy = effectiveRetry(draft.retry, state.retry)
    const ourRetry = {
      initial_interval: policy.initialInterval,
      backoff_factor: policy.backoffFactor,
      max_interval: policy.maxInterval,
      max_attempts: policy.maxAttempts,
    }
    const recorded = theirs.states[index]
    const retry = theirs.retry[state.id?.value ?? ''] ?? {}
    for (const [key, value] of Object.entries(ours)) pairs.push([value, recorded?.[key]])
    for (const [key, value] of Object.entries(ourNext)) pairs.push([value, recorded?.next[key]])
    for (const [key, value] of Object.entries(ourRetry)) pairs.push([value, numberOf(retry[key])])
  }
  const wrong = pairs.find(([mine, recorded]) => JSON.stringify(mine) !== JSON.stringify(recorded))
  return wrong && `${JSON.stringify(wrong[0])}, recorded ${JSON.stringify(wrong[1])}`
}

/** Floats with an integral value are marked in the recordings. */
function numberOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'repr' in value ? Number(value.repr) : value
}
