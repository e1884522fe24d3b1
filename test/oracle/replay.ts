import type { ModelEffect, ToolEffect } from '../../runner/effect.ts'
import type { PauseAnswer } from '../../runner/engine/answers.ts'
import { openDoor } from '../../runner/engine/door.ts'
import type { EngineOutcome, SuperstepView } from '../../runner/engine/engine.ts'
import { memoryOf } from '../../runner/engine/memory.ts'
import { type Step, stateOfPath } from '../../runner/engine/step.ts'
import type { RunEvent } from '../../runner/events.ts'
import type { StepFailure } from '../../runner/failure.ts'
import { interpret } from '../../runner/interpret.ts'
import type { ModelReply } from '../../runner/models/model.ts'
import { createStructuredOutput } from '../../runner/models/structured.ts'
import { checkArguments } from '../../runner/tools/check-arguments.ts'
import type { Tool } from '../../runner/tools/tool.ts'
import type { World } from '../../runner/world.ts'
import type { Workflow } from '../../schema/workflow.ts'
import { decode } from './recorded.ts'
import {
  afterLine,
  type Counts,
  messageTexts,
  modelLine,
  type Part,
  type PictureRow,
  type RunPicture,
  rowLine,
  taskLine,
  toolLine,
  withoutFixedTexts,
} from './run-picture.ts'
import type { Reply } from './trace.ts'

/** What was said at one pause, to all that was held. */
export type SaidAtPause = Omit<PauseAnswer, 'to'>

/** How the world around a replayed run answers. */
export interface Script {
  readonly userInput: string
  readonly fileNames: readonly string[]
  /** What is said at each resume, in order; the run stays paused when there are no more. */
  readonly answers: readonly SaidAtPause[]
  /** The state during whose model call the run is aborted. */
  readonly abortAt?: string | undefined
  readonly reply: (state: string, lastUserTurn: string) => Reply
  /** What a model that raises does to its step. */
  readonly raise: (reply: { readonly type: string; readonly message: string }) => StepFailure
  readonly findTool: (name: string) => Tool | undefined
  /** Gives a tool's result. Fails with a `StepFailure`. */
  readonly callTool: (name: string, args: Readonly<Record<string, unknown>>) => unknown
}

/** What a replay gave. */
export interface Replayed {
  readonly picture: RunPicture
  /** Each try of a step. */
  readonly rows: readonly PictureRow[]
  readonly toolCalls: readonly { readonly tool: string; readonly args: Readonly<Record<string, unknown>> }[]
  /** After each superstep that did not fail, in order. */
  readonly views: readonly SuperstepView[]
}

/** Runs a workflow through the engine and its steps, with models and tools that play a script. */
export function replay(workflow: Workflow, script: Script): Promise<Replayed> {
  return new Replay(workflow, script).run()
}

class Replay {
  readonly #workflow: Workflow
  readonly #script: Script
  readonly #parts: Part[] = []
  readonly #events: RunEvent[] = []
  readonly #rows: { readonly path: string; readonly status: string; readonly output: string }[] = []
  readonly #models: string[] = []
  readonly #toolCalls: {
    readonly state: string
    readonly tool: string
    readonly args: Readonly<Record<string, unknown>>
  }[] = []
  readonly #delays: number[] = []
  readonly #views: SuperstepView[] = []
  readonly #names = new Map<string, string>()
  readonly #tasks = new Map<string, string>()
  readonly #abort = new AbortController()
  #started: Counts = { rows: 0, models: 0, tools: 0, delays: 0 }
  #supersteps = 0
  #held: readonly string[] = []

  constructor(workflow: Workflow, script: Script) {
    this.#workflow = workflow
    this.#script = script
  }

  async run(): Promise<Replayed> {
    const given: PauseAnswer[] = []
    for (const answer of [undefined, ...this.#script.answers]) {
      if (answer) given.push({ ...answer, to: new Set(this.#held) })
      const outcome = await this.#round(given)
      this.#parts.push({ kind: 'end', status: STATUS[outcome.status] })
      if (outcome.status !== 'paused') break
      this.#held = outcome.before.map(({ path }) => path)
    }
    const rows = this.#rows.map(({ path, status, output }) => ({
      name: this.#names.get(path) ?? stateOfPath(path),
      status,
      task: this.#tasks.get(path) ?? '',
      output,
    }))
    return {
      picture: {
        parts: this.#parts,
        rows: rows.map(rowLine),
        models: this.#models,
        tools: this.#toolCalls.map(({ state, tool, args }) => toolLine(state, tool, decode(args))),
        delays: this.#delays,
      },
      rows,
      toolCalls: this.#toolCalls,
      views: this.#views,
    }
  }

  async #round(answers: readonly PauseAnswer[]): Promise<EngineOutcome> {
    const { userInput, fileNames, findTool } = this.#script
    const known = this.#supersteps
    return interpret({
      workflow: this.#workflow,
      input: { text: userInput, fileNames },
      kit: {
        defaultModel: 'default',
        fallbackModels: [],
        findTool(name) {
          const tool = findTool(name)
          return tool && { tool }
        },
        serverToolOf: () => undefined,
        skillTextsOf: () => Promise.resolve([]),
        serversOf: () => [],
        endpointOf: () => {
          throw new Error('no recorded run has an MCP server')
        },
        toolsOf: ({ tools }) => tools.flatMap(({ name }) => findTool(name) ?? []).map((tool) => ({ tool })),
        documentsOf: () => Promise.resolve([]),
        guardrails: new Map(),
        structured: createStructuredOutput(),
      },
      perform: openDoor({
        model: (effect) => this.#answer(effect),
        tool: (effect) => this.#call(effect),
        agent: () => Promise.reject(new Error('no recorded run has an agent')),
      }),
      memory: memoryOf(this.#events),
      answers,
      world: this.#world,
      signal: this.#abort.signal,
      emit: (event) => {
        this.#hear({ at: '', ...event } as RunEvent)
        return Promise.resolve()
      },
      streaming: false,
      strict: false,
      observe: (view) => {
        // A resumed run goes through what it already did once more.
        if (view.number > known) this.#observe(view)
      },
    })
  }

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

  #counts(): Counts {
    return {
      rows: this.#rows.length,
      models: this.#models.length,
      tools: this.#toolCalls.length,
      delays: this.#delays.length,
    }
  }

  #hear(event: RunEvent): void {
    this.#events.push(event)
    if (event.type === 'superstep-started') this.#started = this.#counts()
    else if (event.type === 'step-started') this.#tasks.set(event.path, event.task)
    else if (event.type === 'step-finished')
      this.#rows.push({ path: event.path, status: 'Succeeded', output: event.output })
    else if (event.type === 'attempt-failed')
      this.#rows.push({ path: event.path, status: 'Failed', output: '' })
  }

  #observe(view: SuperstepView): void {
    this.#supersteps++
    for (const { step } of view.steps) this.#names.set(step.path, upstreamName(step))
    const { context, history } = view
    if (context && history) this.#views.push(view)
    this.#parts.push({
      kind: 'superstep',
      states: view.steps.map(({ step }) => step.state.id),
      before: this.#started,
      lines:
        context && history
          ? [...inStartOrder(view).map(stepLine), afterLine(context, messageTexts(history.toArray()))]
          : [],
    })
  }

  async #answer({ path, request }: ModelEffect): Promise<ModelReply> {
    const state = stateOfPath(path)
    this.#models.push(
      modelLine(
        state,
        messageTexts(
          request.messages.map((m) => ({ role: m.role as 'user', text: withoutFixedTexts(m.content) })),
        ),
      ),
    )
    if (this.#script.abortAt === state) {
      this.#abort.abort(new Error('aborted by a person'))
      throw this.#abort.signal.reason
    }
    const lastUserTurn = request.messages.findLast((m) => m.role === 'user')?.content ?? ''
    const reply = this.#script.reply(state, lastUserTurn)
    if (typeof reply === 'object' && 'raise' in reply) throw this.#script.raise(reply.raise)
    const calls = typeof reply === 'object' ? reply.tool_calls : []
    return {
      text: typeof reply === 'string' ? reply : '',
      toolCalls: calls.map(({ name, args }, i) => ({ id: `c${i}`, name, arguments: JSON.stringify(args) })),
      finishReason: 'stop',
      usage: undefined,
      model: request.model,
      costUsd: 0,
    }
  }

  async #call({ path, request }: ToolEffect): Promise<{ result: unknown }> {
    const tool = this.#script.findTool(request.tool)
    if (tool) await checkArguments(tool, request.args)
    this.#toolCalls.push({ state: stateOfPath(path), tool: request.tool, args: request.args })
    return { result: this.#script.callTool(request.tool, request.args) }
  }
}

const STATUS: Readonly<Record<EngineOutcome['status'], string>> = {
  succeeded: 'Succeeded',
  failed: 'Failed',
  paused: 'Interrupted',
  interrupted: 'Aborted',
  // One machine replays all of it.
  'handed-on': 'Interrupted',
}

function inStartOrder({ steps }: SuperstepView): readonly Step[] {
  const all = steps.map(({ step }) => step)
  return [...all.filter(({ via }) => via === 'send'), ...all.filter(({ via }) => via === 'edge')]
}

function stepLine({ state, item, context, history }: Step): string {
  return taskLine({
    state: state.id,
    item: item?.value,
    place: item ? `${item.number}/${item.total}/${item.first}` : '-/-/-',
    context,
    messages: messageTexts(history.toArray()),
  })
}

/** Upstream names only agents after their item, and only on the first hop. */
function upstreamName({ state, item }: Step): string {
  return state.work.kind === 'agent' && item && item.total > 1
    ? `${state.id} ${item.number} of ${item.total}`
    : state.id
}
