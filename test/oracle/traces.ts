import type { ModelEffect, ToolEffect } from '../../runner/effect.ts'
import type { PauseAnswer } from '../../runner/engine/answers.ts'
import { openDoor } from '../../runner/engine/door.ts'
import type { EngineOutcome, SuperstepView } from '../../runner/engine/engine.ts'
import type { Message } from '../../runner/engine/history.ts'
import { memoryOf } from '../../runner/engine/memory.ts'
import type { Step } from '../../runner/engine/step.ts'
import type { RunEvent } from '../../runner/events.ts'
import { StepFailure } from '../../runner/failure.ts'
import { interpret } from '../../runner/interpret.ts'
import type { ModelReply } from '../../runner/models/model.ts'
import { createStructuredOutput } from '../../runner/models/structured.ts'
import { INSTRUCTIONS } from '../../runner/steps/summary.ts'
import { checkArguments } from '../../runner/tools/check-arguments.ts'
import type { Tool } from '../../runner/tools/tool.ts'
import type { World } from '../../runner/world.ts'
import { dumpsJson, type PyValue, repr } from '../../schema/language/index.ts'
import { readWorkflow } from '../../schema/read.ts'
import type { State, Workflow } from '../../schema/workflow.ts'
import type { Verdict } from './compare.ts'
import { decode } from './recorded.ts'
import { differenceInGraph } from './schema-functions.ts'
import { traceExceptions } from './trace-exceptions.ts'
import type { UpstreamGraph } from './upstream-picture.ts'

/** A recorded run of the other engine: what it was given, and what was observed. */
export interface Trace {
  readonly id: string
  readonly yaml: string
  readonly user_input: string | null
  readonly files?: readonly string[]
  readonly replies?: Readonly<Record<string, Replies>>
  readonly tools?: Readonly<Record<string, ScriptedTool>>
  readonly resume?: readonly { user_input: string | null; edit?: { output: string; output_key?: string } }[]
  readonly abort_at?: unknown
  readonly graph: UpstreamGraph
  readonly observed: Observed
}

type Reply = string | { readonly raise: Raise } | { readonly tool_calls: readonly RecordedToolCall[] }
type Replies =
  | readonly Reply[]
  | { readonly match: readonly (readonly [string, Reply])[]; readonly default?: Reply }
interface Raise {
  readonly type: string
  readonly message: string
}
interface RecordedToolCall {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}
interface ScriptedTool {
  readonly args: Readonly<Record<string, string>>
  readonly replies?: readonly unknown[]
  readonly echo?: boolean
  readonly agent?: boolean
}

interface RecordedMessage {
  readonly role: string
  readonly text?: string
}

interface RecordedTask {
  readonly node: string
  readonly input?: Readonly<Record<string, unknown>> & {
    readonly messages?: readonly RecordedMessage[]
    readonly context_store?: unknown
  }
  readonly update?: { readonly messages?: readonly RecordedMessage[]; readonly context_store?: unknown }
  readonly error?: string
}

interface Observed {
  readonly rounds: readonly {
    readonly status: string
    readonly error?: { readonly type: string; readonly message: string }
    readonly supersteps: readonly {
      readonly tasks: readonly RecordedTask[]
      readonly values?: { readonly messages: readonly RecordedMessage[]; readonly context_store: unknown }
    }[]
  }[]
  readonly rows: readonly {
    readonly name: string
    readonly state_id: string
    readonly status: string
    readonly task: string
    readonly output: string | null
  }[]
  readonly llm_calls: readonly {
    readonly node: string
    readonly structured: boolean
    readonly messages: readonly RecordedMessage[]
  }[]
  readonly tool_calls: readonly {
    readonly node: string
    readonly tool: string
    readonly args: Readonly<Record<string, unknown>>
  }[]
  readonly retry_delays?: readonly number[]
}

/** The recording as lines of text, in the order and wording of {@link replayTrace}. */
export function recordedLines(trace: Trace): readonly string[] {
  const { observed } = trace
  const lines: string[] = []
  for (const [index, round] of observed.rounds.entries()) {
    for (const superstep of round.supersteps) {
      // What a failing superstep looked like inside depends on threads; its rows tell what matters.
      if (!superstep.values) continue
      for (const { node, input = {} } of superstep.tasks) {
        const item = 'task' in input ? shown(decode(input['task'])) : '-'
        const place = [
          input['iteration_node_number'],
          input['total_iterations'],
          input['first_state_in_iteration'],
        ]
        lines.push(
          `task ${node} item=${item} ${place.map((p) => p ?? '-').join('/')} context=${shown(decode(input.context_store ?? {}))} history=${messageTexts(input.messages ?? [])}`,
        )
      }
      const { values } = superstep
      lines.push(
        `after context=${shown(decode(values.context_store))} history=${messageTexts(values.messages)}`,
      )
    }
    lines.push(`round ${index + 1} ${round.status}`)
  }
  // Within a superstep threads race upstream, so rows and calls are compared as sets.
  const rows: string[] = []
  for (const row of observed.rows) {
    if (row.state_id === 'AI/Run Thoughts') continue
    const status = row.status === 'Interrupted' ? 'Succeeded' : row.status
    rows.push(
      `row ${row.name} ${status} task=${TASK_NAMES.get(row.task) ?? row.task} output=${row.status === 'Failed' ? '' : (row.output ?? '')}`,
    )
  }
  const models = observed.llm_calls.map((call) => `model ${call.node} ${messageTexts(call.messages)}`)
  const tools = observed.tool_calls.map(
    (call) => `tool ${call.node} ${call.tool} ${shown(decode(call.args))}`,
  )
  lines.push(...rows.sort(), ...models.sort(), ...tools.sort())
  lines.push(`delays ${(observed.retry_delays ?? []).join(' ')}`)
  return lines
}

const ROLES: Readonly<Record<string, string>> = { human: 'user', ai: 'assistant' }

function messageTexts(messages: readonly RecordedMessage[]): string {
  return JSON.stringify(messages.map((m) => [ROLES[m.role] ?? m.role, textOf(m)]))
}

function textOf({ text = '' }: RecordedMessage): string {
  return text
    .replace(/\s*<(MARKDOWN|STRICT_JSON|SCHEMA_HINT)_SUFFIX>[\s\S]*$/, '')
    .replace('<SUMMARIZER_PROMPT>', SUMMARY)
}

const SUMMARY = '<instruction>'

/** Fixed texts of the other program, in our words. */
const TASK_NAMES = new Map([
  ['Summarizing workflow conversation and results', 'Sum up the run'],
  ["Summarizing workflow conversation because it's too long", 'Sum up the conversation so far'],
  ['Transform data using configured mappings', 'Transform data by the mappings'],
])

/** Our own fixed texts as the recording marks those of the other program. */
function spokenText(text: string): string {
  if (Object.values(INSTRUCTIONS).includes(text)) return SUMMARY
  return text
    .replace(/\n\nYour answer is read by a program as JSON of this schema:[\s\S]*$/, '')
    .replace(/\n\nAnswer with one JSON document[\s\S]*$/, '')
}

function shown(value: PyValue): string {
  return repr(value)
}

function historyTexts(messages: readonly Message[]): string {
  return JSON.stringify(messages.map((m) => [m.role, m.text]))
}

/** Runs a trace's input through the engine and its steps, with models and tools that play its script. */
export async function replayTrace(trace: Trace): Promise<readonly string[]> {
  const read = readWorkflow({ file: `${trace.id}.yaml`, text: trace.yaml })
  if (!read.workflow) {
    return [
      'refused',
      ...read.diagnostics.filter((d) => d.severity === 'error').map((d) => `${d.code}: ${d.message}`),
    ]
  }
  const replay = new Replay(trace, withAgentTools(read.workflow, trace))
  return replay.run()
}

/** Tools that the recording offered to every assistant. */
function withAgentTools(workflow: Workflow, trace: Trace): Workflow {
  const offered = Object.entries(trace.tools ?? {}).filter(([, tool]) => tool.agent === true)
  if (offered.length === 0) return workflow
  const states = workflow.states.map((state): State => {
    if (state.work.kind !== 'agent') return state
    const { assistant } = state.work
    const tools = [...assistant.tools, ...offered.map(([name]) => ({ name, at: assistant.at }))]
    return { ...state, work: { ...state.work, assistant: { ...assistant, tools } } }
  })
  return { ...workflow, states }
}

class Replay {
  readonly #trace: Trace
  readonly #workflow: Workflow
  readonly #lines: string[] = []
  readonly #events: RunEvent[] = []
  readonly #used = new Map<string, number>()
  readonly #models: string[] = []
  readonly #tools: string[] = []
  readonly #delays: number[] = []
  readonly #names = new Map<string, string>()

  constructor(trace: Trace, workflow: Workflow) {
    this.#trace = trace
    this.#workflow = workflow
  }

  async run(): Promise<readonly string[]> {
    const answers = new Map<string, PauseAnswer>()
    let held: readonly string[] = []
    const resumes = [undefined, ...(this.#trace.resume ?? [])]
    for (const [index, resume] of resumes.entries()) {
      if (resume) {
        const answer: PauseAnswer = {
          ...(resume.user_input === null ? {} : { userInput: resume.user_input }),
          ...(resume.edit
            ? {
                edit: {
                  output: resume.edit.output,
                  ...(resume.edit.output_key === undefined ? {} : { outputKey: resume.edit.output_key }),
                },
              }
            : {}),
        }
        for (const path of held) answers.set(path, answer)
      }
      const outcome = await this.#round(answers, index)
      this.#lines.push(`round ${index + 1} ${statusOf(outcome)}`)
      if (outcome.status !== 'paused') break
      held = outcome.before.map((step) => step.path)
    }
    this.#lines.push(...this.#rows().sort(), ...this.#models.sort(), ...this.#tools.sort())
    this.#lines.push(`delays ${this.#delays.join(' ')}`)
    return this.#lines
  }

  async #round(answers: ReadonlyMap<string, PauseAnswer>, index: number): Promise<EngineOutcome> {
    const memory = memoryOf(this.#events)
    const seen = this.#supersteps
    let number = 0
    return interpret({
      workflow: this.#workflow,
      input: { text: this.#trace.user_input ?? '', fileNames: this.#trace.files ?? [] },
      kit: {
        defaultModel: 'default',
        fallbackModels: [],
        findTool: (name) => this.#findTool(name),
        toolsOf: ({ tools }) =>
          tools.flatMap(({ name }) => this.#findTool(name) ?? []).map((tool) => ({ tool })),
        documentsOf: () => Promise.resolve([]),
        structured: createStructuredOutput(),
      },
      perform: openDoor({ model: (effect) => this.#answer(effect), tool: (effect) => this.#call(effect) }),
      memory,
      answers,
      world: this.#world,
      signal: new AbortController().signal,
      emit: (event) => {
        this.#events.push({ at: '', ...event } as RunEvent)
        return Promise.resolve()
      },
      streaming: false,
      strict: false,
      observe: (view) => {
        number++
        for (const { step } of view.steps) this.#names.set(step.path, upstreamName(step))
        if (index > 0 && number <= seen) return
        this.#supersteps = number
        this.#observe(view)
      },
    })
  }

  #supersteps = 0

  readonly #world: World = {
    cwd: '/',
    env: {},
    now: () => 0,
    random: () => 0,
    randomHex: (digits) => '0'.repeat(digits),
    sleep: (ms) => {
      this.#delays.push(ms / 1000)
      return Promise.resolve()
    },
  }

  #observe(view: SuperstepView): void {
    if (!view.context || !view.history) return
    const started = [
      ...view.steps.filter(({ step }) => step.via === 'send'),
      ...view.steps.filter(({ step }) => step.via === 'edge'),
    ]
    for (const { step } of started) {
      const { item } = step
      const place = item ? `${item.number}/${item.total}/${item.first}` : '-/-/-'
      this.#lines.push(
        `task ${step.state.id} item=${item ? shown(item.value) : '-'} ${place} context=${shown(step.context)} history=${historyTexts(step.history.toArray())}`,
      )
    }
    this.#lines.push(`after context=${shown(view.context)} history=${historyTexts(view.history.toArray())}`)
  }

  #rows(): string[] {
    const rows: string[] = []
    for (const event of this.#events) {
      if (event.type === 'step-finished') {
        rows.push(
          `row ${this.#nameOf(event.path)} Succeeded task=${this.#taskOf(event.path)} output=${event.output}`,
        )
      } else if (event.type === 'attempt-failed') {
        rows.push(`row ${this.#nameOf(event.path)} Failed task=${this.#taskOf(event.path)} output=`)
      }
    }
    return rows
  }

  #nameOf(path: string): string {
    return this.#names.get(path) ?? stateOf(path)
  }

  #taskOf(path: string): string {
    const started = this.#events.find((e) => e.type === 'step-started' && e.path === path)
    return started?.type === 'step-started' ? started.task : ''
  }

  #next<T>(key: string, replies: readonly T[]): T | undefined {
    const n = this.#used.get(key) ?? 0
    this.#used.set(key, n + 1)
    return replies[Math.min(n, replies.length - 1)]
  }

  async #answer({ path, request }: ModelEffect): Promise<ModelReply> {
    const node = stateOf(path)
    const texts = request.messages.map((m) => [m.role, spokenText(m.content)])
    this.#models.push(`model ${node} ${JSON.stringify(texts)}`)
    const reply = this.#replyOf(
      node,
      [...request.messages].reverse().find((m) => m.role === 'user')?.content ?? '',
    )
    if (typeof reply === 'object' && 'raise' in reply) throw agentFailure(reply.raise)
    const toolCalls =
      typeof reply === 'object'
        ? reply.tool_calls.map((call, i) => ({
            id: `c${i}`,
            name: call.name,
            arguments: JSON.stringify(call.args),
          }))
        : []
    return {
      text: typeof reply === 'string' ? reply : '',
      toolCalls,
      finishReason: 'stop',
      usage: undefined,
      model: request.model,
      costUsd: 0,
    }
  }

  #replyOf(node: string, lastUserTurn: string): Reply {
    const replies = this.#trace.replies?.[node]
    if (!replies) return `reply of ${node}`
    if ('match' in replies) {
      const matched = replies.match.find(([part]) => lastUserTurn.includes(part))
      return matched?.[1] ?? replies.default ?? `reply of ${node}`
    }
    return this.#next(`model ${node}`, replies as readonly Reply[]) ?? `reply of ${node}`
  }

  async #call({ path, request }: ToolEffect): Promise<{ result: unknown }> {
    const tool = this.#findTool(request.tool)
    if (tool) await checkArguments(tool, request.args)
    this.#tools.push(`tool ${stateOf(path)} ${request.tool} ${shown(decode(request.args))}`)
    const script = this.#trace.tools?.[request.tool]
    if (script?.echo) return { result: dumpsJson(decode(request.args)) }
    const reply = this.#next(`tool ${request.tool}`, script?.replies ?? [''])
    if (typeof reply === 'object' && reply !== null && 'raise' in reply)
      throw toolFailure(reply.raise as Raise)
    return { result: reply }
  }

  #findTool(name: string): Tool | undefined {
    const script = this.#trace.tools?.[name]
    if (!script) return undefined
    return {
      name,
      description: name,
      parameters: {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(script.args).map(([arg, type]) => [arg, schemaOf(type)]),
        ),
        required: Object.keys(script.args).filter((arg) => !script.args[arg]?.endsWith('?')),
        additionalProperties: false,
      },
      reach: 'read',
      aliases: [],
      run: () => Promise.resolve(undefined),
    }
  }
}

/** `int`, or `int?` for an argument that may be left out; `any` for all types. */
function schemaOf(type: string): object {
  const name = JSON_TYPES[type.replace('?', '')]
  return name === undefined ? {} : { type: name }
}

const JSON_TYPES: Readonly<Record<string, string>> = {
  str: 'string',
  int: 'integer',
  float: 'number',
  bool: 'boolean',
  dict: 'object',
  list: 'array',
}

/** Upstream names only agents after their item, and only on the first hop. */
function upstreamName({ state, item }: Step): string {
  return state.work.kind === 'agent' && item && item.total > 1
    ? `${state.id} ${item.number} of ${item.total}`
    : state.id
}

function stateOf(path: string): string {
  return path.replace(/(\[\d+\])*(#\d+)?$/, '')
}

function statusOf(outcome: EngineOutcome): string {
  return { succeeded: 'Succeeded', failed: 'Failed', paused: 'Interrupted', interrupted: 'Aborted' }[
    outcome.status
  ]
}

/** Whatever an agent raises is tried again. */
function agentFailure({ message }: Raise): StepFailure {
  return new StepFailure('scripted', message, { blame: 'provider', retryable: true })
}

/** Python's own errors are final, but for connections and timeouts; unknown ones are tried again. */
function toolFailure({ type, message }: Raise): StepFailure {
  const final =
    /^(ValueError|TypeError|KeyError|IndexError|RuntimeError|OSError|NameError|ZeroDivisionError)$/
  return new StepFailure('scripted', message, { blame: 'tool', retryable: !final.test(type) })
}

/** Replays a trace and compares it with its recording, line by line. */
export async function compareTrace(trace: Trace): Promise<Verdict> {
  const { workflow } = readWorkflow({ file: `${trace.id}.yaml`, text: trace.yaml })
  const graph = workflow && trace.graph ? differenceInGraph(trace.yaml, trace.graph) : undefined
  if (graph !== undefined) return { kind: 'different', expected: JSON.stringify(trace.graph), found: graph }
  const expected = recordedLines(trace)
  const found = await replayTrace(trace)
  const length = Math.max(expected.length, found.length)
  const first = Array.from({ length }, (_, i) => i).find((i) => expected[i] !== found[i])
  if (first === undefined) return { kind: 'same' }
  const exception = traceExceptions.find((one) => one.applies(trace, workflow))
  if (exception) return { kind: 'explained', section: exception.section }
  return { kind: 'different', expected: expected[first] ?? '(nothing)', found: found[first] ?? '(nothing)' }
}
