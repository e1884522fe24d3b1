import type { AgentProgress, AgentReply, AgentRequest } from '../agents/agent.ts'
import type { Perform, ToolRequest } from '../effect.ts'
import type { StepFinished } from '../events.ts'
import { StepFailure } from '../failure.ts'
import type { McpEndpoint } from '../mcp/endpoint.ts'
import type { ToolList } from '../mcp/tool-list.ts'
import { addUsage, type ModelReply, type ModelRequest, type Usage } from '../models/model.ts'
import type { StepIntent } from './ask.ts'
import type { UntimedEvent } from './attempts.ts'
import type { RunInput } from './step.ts'

/** A step made ready: what it will ask for is known, nothing has been asked yet. */
export interface PreparedStep {
  /** The prompt of an agent, the call of a tool; for people and for the record. */
  readonly task: string
  /** All that it will ask for first, for a person who has to say yes. Default: the task says it. */
  intend?(): StepIntent | Promise<StepIntent>
  /** Does the work and gives the output text. Fails with a `StepFailure`. */
  execute(effects: StepEffects): Promise<string>
}

/** How one attempt of a step reaches the world. */
export interface StepEffects {
  readonly signal: AbortSignal
  /** Which try of the step it is, from 1. */
  readonly attempt: number
  /** The retry policy has no further attempt. */
  readonly isLastAttempt: boolean
  model(request: ModelRequest): Promise<ModelReply>
  /** Gives the tool's result: text, or a JSON value. */
  tool(request: ToolRequest): Promise<unknown>
  /** Asks a program that answers as an agent. */
  agent(request: AgentRequest): Promise<AgentReply>
  /** The tools that an MCP server had when it was first asked for them in this run. */
  toolsOf(server: McpEndpoint): Promise<ToolList>
  /** Runs another workflow in a scope of its own, and gives the output of its last step. */
  call(workflow: string, input: RunInput): Promise<string>
  warn(warning: StepWarning): void
}

export interface StepWarning {
  readonly code: string
  readonly message: string
  /** `file:line:column` in the definition. */
  readonly position?: string
}

/** What effects are made with: the same for all steps of a workflow. */
export interface EffectWorld {
  readonly perform: Perform
  /** See {@link StepEffects.toolsOf}. */
  readonly toolsOf: (server: McpEndpoint, signal: AbortSignal) => Promise<ToolList>
  /** Runs the workflow that a step calls; see {@link StepEffects.call}. */
  readonly call: (workflow: string, input: RunInput, path: string, signal: AbortSignal) => Promise<string>
  /** Tells viewers and journal. Resolves when the event is durable. */
  readonly emit: (event: UntimedEvent) => Promise<void>
  /** Ask models to answer piece by piece, for a person who watches. */
  readonly streaming: boolean
}

/** One try of a step. */
export interface Attempt {
  readonly path: string
  /** From 1. */
  readonly attempt: number
  readonly isLastAttempt: boolean
}

/** Numbers the effects of one attempt, so that each has its own place in the journal. */
export class EffectCounter {
  readonly attempt: Attempt
  readonly #world: EffectWorld
  #asked = 0

  constructor(attempt: Attempt, world: EffectWorld) {
    this.attempt = attempt
    this.#world = world
  }

  /** The effects as a step uses them, under a signal that ends them. */
  with(signal: AbortSignal, warn: StepEffects['warn'], account: Account): StepEffects {
    const { perform, emit, streaming, call, toolsOf } = this.#world
    const { path, attempt, isLastAttempt } = this.attempt
    const place = () => ({ path, attempt, ordinal: ++this.#asked, signal })
    return {
      signal,
      attempt,
      isLastAttempt,
      warn,
      async model(request) {
        const onText = streaming
          ? { onText: (text: string) => void emit({ type: 'step-progress', path, text }) }
          : {}
        const reply = await perform({ kind: 'model', ...place(), request, ...onText })
        account.add(reply)
        return reply
      },
      async tool(request) {
        if (streaming) void emit({ type: 'step-progress', path, tool: request.tool })
        const { result, warnings, proposed } = await perform({ kind: 'tool', ...place(), request })
        for (const warning of warnings ?? []) warn(warning)
        if (proposed?.refused !== undefined) throw refusedProposal(request.tool, proposed.refused)
        return result
      },
      async agent(request) {
        const onProgress = streaming
          ? { onProgress: (piece: AgentProgress) => void emit({ type: 'step-progress', path, ...piece }) }
          : {}
        const reply = await perform({ kind: 'agent', ...place(), request, ...onProgress })
        account.add(reply)
        for (const warning of reply.warnings ?? []) warn(warning)
        return reply
      },
      toolsOf: (server) => toolsOf(server, signal),
      call: (workflow, input) => call(workflow, input, path, signal),
    }
  }
}

/** It is known to the journal before it fails, so that the record has what was refused. */
function refusedProposal(tool: string, why: string): StepFailure {
  return new StepFailure('effect-refused', `${tool}: the proposal is refused: ${why}`, {
    blame: 'policy',
    help: 'What a workflow may write to GitHub stands under `permissions` of its definition, and `policy` in .codemie/config.yaml can forbid it.',
  })
}

/** What the models and agents that one attempt asked used and cost. */
export class Account {
  #usage: Usage | undefined
  #costUsd: number | undefined
  #unknown = false

  add(reply: Pick<ModelReply, 'usage' | 'costUsd'>): void {
    this.#usage = addUsage(this.#usage, reply.usage)
    if (reply.costUsd === undefined) this.#unknown = true
    else this.#costUsd = (this.#costUsd ?? 0) + reply.costUsd
  }

  totals(): Pick<StepFinished, 'usage' | 'costUsd' | 'costUnknown'> {
    return {
      ...(this.#usage ? { usage: this.#usage } : {}),
      ...(this.#costUsd === undefined ? {} : { costUsd: this.#costUsd }),
      ...(this.#unknown ? { costUnknown: true } : {}),
    }
  }
}
