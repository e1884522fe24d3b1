import { createHash } from 'node:crypto'
import { StepFailure } from '../../runner/failure.ts'
import { effectiveRetry, normaliseCodemie } from '../../schema/dialects/codemie/draft.ts'
import { openEnvelope } from '../../schema/dialects/codemie/envelope.ts'
import { enforcedSchemaOf, readWorkflow, readYaml } from '../../schema/index.ts'
import { dumpsJson } from '../../schema/language/index.ts'
import type { State, Workflow } from '../../schema/workflow.ts'
import { childOf } from '../../schema/yaml.ts'
import type { Verdict } from './compare.ts'
import { meaningOf } from './language-functions.ts'
import { canonical, decode, encode } from './recorded.ts'
import { type Replayed, replay } from './replay.ts'
import { taskInTheirWords } from './run-picture.ts'
import { differenceInGraph, differenceInVerdict, type JsonError } from './schema-functions.ts'
import type { UpstreamGraph } from './upstream-picture.ts'

/** What upstream makes of one of its own template files. Texts are known by the first 16 digits of their SHA-256 only. */
export interface RecordedTemplate {
  /** `null`: the loader drops the file. */
  readonly loader: { readonly name: string; readonly states: readonly string[] } | null
  readonly valid: boolean
  readonly json_error?: JsonError
  readonly graph:
    | (UpstreamGraph & RecordedLimits & { readonly interrupt_before: readonly string[] })
    | { error: unknown }
  readonly states: readonly RecordedState[]
  readonly retry: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly runs?: readonly RecordedRun[]
}

interface RecordedLimits {
  readonly max_concurrency: number
  readonly recursion_limit: number
}

interface RecordedState {
  readonly id: string
  readonly kind: string
  readonly next: Readonly<Record<string, unknown>>
  readonly task_sha: string | null
  readonly output_schema_sha: string | null
  readonly [flag: string]: unknown
}

interface RecordedRun {
  readonly variant: string
  readonly user_input: string
  readonly reply_of_every_model_and_tool_call: string
  readonly resumed_times: number
  readonly status: string
  readonly error: { readonly type: string; readonly message: string } | null
  readonly rows: readonly (readonly [name: string, status: string, task: string, output: string])[]
  readonly supersteps: readonly (readonly string[])[]
  readonly final_context: unknown
  readonly history_length: number | null
  readonly tool_args: readonly (readonly [tool: string, args: string])[]
}

const FILE = 'file.yaml'

/** Compares what is recorded of a template file with what we make of its text; by aspect. */
export async function compareTemplate(
  recorded: RecordedTemplate,
  text: string,
): Promise<readonly (readonly [aspect: string, verdict: Verdict])[]> {
  const { workflow } = readWorkflow({ file: FILE, text })
  const verdicts: [string, Verdict][] = [
    ['loader', verdictOf(recorded.loader && pick(recorded.loader), loaded(text))],
    ['verdict', verdictOfFile(recorded, text)],
    ['states', verdictOf(recorded.states.map(statePicture), draftOf(text).states.map(draftPicture))],
    ['retry', verdictOf(retryNumbers(recorded), retryOf(text))],
    ['graph', graphVerdict(recorded, workflow)],
  ]
  for (const run of recorded.runs ?? []) verdicts.push(['runs', await runVerdict(run, workflow)])
  return verdicts
}

function verdictOf(recorded: unknown, found: unknown): Verdict {
  const [theirs, ours] = [canonical(recorded), canonical(found)]
  return theirs === ours ? { kind: 'same' } : { kind: 'different', recorded: theirs, found: ours }
}

function pick({ name, states }: NonNullable<RecordedTemplate['loader']>) {
  return { name, states }
}

function sourceOf(text: string) {
  return openEnvelope(readYaml(FILE, text))
}

function draftOf(text: string) {
  const source = sourceOf(text)
  if (!source.config) throw new Error('there is no config')
  return normaliseCodemie(source, source.config)
}

function loaded(text: string) {
  const name = childOf(sourceOf(text).envelope, 'name')
  return {
    name: name?.kind === 'scalar' ? name.value : undefined,
    states: draftOf(text).states.map(({ id }) => id?.value),
  }
}

function verdictOfFile({ valid, json_error, graph }: RecordedTemplate, text: string): Verdict {
  // What is not there for upstream's resource checks has no list of errors.
  const output = { ok: valid, ...(json_error ? { json_error } : {}), ...('nodes' in graph ? { graph } : {}) }
  const found = differenceInVerdict({ id: FILE, input: { yaml: text }, output })
  return found === undefined
    ? { kind: 'same' }
    : { kind: 'different', recorded: canonical(json_error ?? valid), found }
}

function graphVerdict({ graph }: RecordedTemplate, workflow: Workflow | undefined): Verdict {
  if (!('nodes' in graph) || !workflow) return { kind: 'uncompared', reason: 'it is refused' }
  const found = differenceInGraph(workflow, graph)
  if (found !== undefined) return { kind: 'different', recorded: canonical(graph), found }
  const { max_concurrency, recursion_limit, interrupt_before } = graph
  return verdictOf(
    { max_concurrency, recursion_limit, interrupt_before: [...interrupt_before].sort() },
    {
      max_concurrency: workflow.limits.maxConcurrency,
      recursion_limit: workflow.limits.recursionLimit,
      interrupt_before: workflow.states
        .filter((state) => state.pauseBefore)
        .map(({ id }) => id)
        .sort(),
    },
  )
}

/** Conditions as what they mean, since upstream writes them anew; aliases of keys as what they are short for. */
function statePicture({ id, kind, next, task_sha, output_schema_sha, ...flags }: RecordedState): unknown {
  const { condition, switch: choice } = next as {
    condition?: { expression: string; then: string; otherwise: string }
    switch?: { cases: { condition: string; state_id: string }[]; default: string }
  }
  return {
    id,
    kind,
    state_id: next['state_id'] ?? null,
    state_ids: next['state_ids'] ?? null,
    iter_key: next['iter_key'] ?? null,
    output_key: next['output_key'] ?? null,
    include_in_llm_history: next['include_in_llm_history'] ?? next['keep_history'] ?? true,
    condition: condition ? [meaningOf(condition.expression), condition.then, condition.otherwise] : null,
    switch: choice
      ? [choice.cases.map((one) => [meaningOf(one.condition), one.state_id]), choice.default]
      : null,
    task: task_sha,
    output_schema: output_schema_sha,
    interrupt_before: flags['interrupt_before'],
    finish_iteration: flags['finish_iteration'],
    resolve_dynamic_values_in_prompt: flags['resolve_dynamic_values_in_prompt'],
  }
}

const KINDS: Readonly<Record<string, string>> = {
  assistant_id: 'assistant',
  tool_id: 'tool',
  custom_node_id: 'custom',
}

function draftPicture(state: ReturnType<typeof draftOf>['states'][number]): unknown {
  const { next } = state
  const { condition, switch: choice } = next
  const meaning = (expression: { value: string } | undefined) => meaningOf(expression?.value ?? '')
  return {
    id: state.id?.value,
    kind: KINDS[state.kinds[0] ?? ''],
    state_id: next.stateId?.value ?? null,
    state_ids: next.stateIds?.map(({ value }) => value) ?? null,
    iter_key: next.iterKey?.value ?? null,
    output_key: next.outputKey?.value ?? null,
    include_in_llm_history: next.includeInHistory,
    condition: condition
      ? [meaning(condition.expression), condition.onTrue?.value, condition.otherwise?.value]
      : null,
    switch: choice
      ? [choice.cases.map((one) => [meaning(one.condition), one.stateId?.value]), choice.default?.value]
      : null,
    task: sha(state.task?.value ?? ''),
    output_schema: state.outputSchema ? sha(state.outputSchema.value) : null,
    interrupt_before: state.pauseBefore,
    finish_iteration: state.finishIteration,
    resolve_dynamic_values_in_prompt: state.renderTask,
  }
}

function sha(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function retryNumbers({ retry }: RecordedTemplate): unknown {
  return Object.entries(retry).map(([id, policy]) => [
    id,
    ...['initial_interval', 'backoff_factor', 'max_interval', 'max_attempts'].map((key) =>
      Number(encodeNumber(policy[key])),
    ),
  ])
}

/** Floats with an integral value are marked in the recordings. */
function encodeNumber(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'repr' in value ? value.repr : value
}

function retryOf(text: string): unknown {
  const draft = draftOf(text)
  return draft.states.map((state) => {
    const policy = effectiveRetry(draft.retry, state.retry)
    return [
      state.id?.value,
      policy.initialInterval,
      policy.backoffFactor,
      policy.maxInterval,
      policy.maxAttempts,
    ]
  })
}

async function runVerdict(run: RecordedRun, workflow: Workflow | undefined): Promise<Verdict> {
  if (!workflow) return { kind: 'uncompared', reason: 'it is refused' }
  const found = foundRun(await replayTemplate(workflow, run))
  const recorded = recordedRun(run)
  const verdict = verdictOf(recorded, found)
  if (verdict.kind === 'same') return verdict
  if (run.error?.type === 'TransformationError') {
    // Nothing changes what a transform gives, so it is tried once.
    const sane = verdictOf({ ...recorded, rows: [...new Set(recorded.rows)] }, found)
    return sane.kind === 'same' ? { kind: 'explained', section: '9 l' } : sane
  }
  // The one reply of these runs was not made for a schema, which upstream does not check.
  const checked = new Set(workflow.states.filter(isHeldToSchema).map(({ id }) => id))
  const first = recorded.supersteps.findIndex((states) => states.some((id) => checked.has(id)))
  if (first < 0) return verdict
  const sane = verdictOf(before(recorded, first), before(found, first))
  return sane.kind === 'same' ? { kind: 'explained', section: '10.8' } : sane
}

function isHeldToSchema({ work }: State): boolean {
  return work.kind === 'agent' && enforcedSchemaOf(work.outputSchema?.value ?? '') !== undefined
}

/** What had happened before a superstep; each step was tried once up to there. */
function before({ supersteps, rows }: RunFacts, superstep: number): unknown {
  const kept = supersteps.slice(0, superstep)
  return { supersteps: kept, rows: rows.slice(0, kept.flat().length) }
}

function replayTemplate(workflow: Workflow, run: RecordedRun): Promise<Replayed> {
  const reply = run.reply_of_every_model_and_tool_call
  const raised = () => new StepFailure('scripted', 'no reply', { blame: 'provider' })
  return replay(withInlineAssistants(workflow), {
    userInput: run.user_input,
    fileNames: [],
    answers: Array.from({ length: run.resumed_times }, () => ({})),
    reply: () => reply,
    raise: raised,
    findTool: (name) => ({
      name,
      description: name,
      parameters: { type: 'object' },
      reach: 'read',
      aliases: [],
      run: () => Promise.resolve(undefined),
    }),
    callTool: () => reply,
  })
}

/** As in the recording: what is stored elsewhere is replaced by what the file itself says. */
function withInlineAssistants(workflow: Workflow): Workflow {
  const states = workflow.states.map((state): State => {
    if (state.work.kind !== 'agent') return state
    const { ref: _, ...assistant } = state.work.assistant
    return { ...state, work: { ...state.work, assistant: { ...assistant, tools: [], datasourceIds: [] } } }
  })
  return { ...workflow, states }
}

interface RunFacts {
  readonly status: string
  readonly rows: readonly string[]
  readonly supersteps: readonly (readonly string[])[]
  readonly [fact: string]: unknown
}

function recordedRun(run: RecordedRun): RunFacts {
  const rows = run.rows.filter(([name]) => name !== 'AI/Run Thoughts')
  return {
    status: run.status,
    resumed: run.resumed_times,
    rows: rows.map(([name, status, task, output]) => rowText(name, status, task, output)),
    supersteps: run.supersteps.map((names) => [...names].sort()),
    tools: run.tool_args.map((call) => call.join(' ')).sort(),
    ...(run.status === 'Failed' ? {} : { context: run.final_context, messages: run.history_length }),
  }
}

function foundRun({ picture, rows, toolCalls, views }: Replayed): RunFacts {
  const ends = picture.parts.filter((part) => part.kind === 'end')
  const last = views.at(-1)
  const status = ends.at(-1)?.status ?? 'Failed'
  const started = picture.parts.filter((part) => part.kind === 'superstep')
  return {
    status,
    resumed: ends.length - 1,
    rows: rows.map((row) => rowText(row.name, row.status, sha(taskInTheirWords(row.task)), sha(row.output))),
    supersteps: started.map(({ states }) => [...states].sort()),
    tools: toolCalls.map(({ tool, args }) => `${tool} ${sha(dumpsJson(decode(sorted(args))))}`).sort(),
    ...(status === 'Failed' || !last?.context || !last.history
      ? {}
      : { context: encode(last.context), messages: last.history.length }),
  }
}

function sorted(args: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What a failed try had to say is not compared. */
function rowText(name: string, status: string, task: string, output: string): string {
  return `${name} ${status} ${task} ${status === 'Failed' ? '' : output}`
}
