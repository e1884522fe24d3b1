import type { UpstreamGraph } from './upstream-picture.ts'

/** A recorded run of the other engine: what it was given, and what was observed. */
export interface Trace {
  readonly id: string
  readonly yaml: string
  readonly user_input: string | null
  readonly files?: readonly string[]
  readonly replies?: Readonly<Record<string, Replies>>
  readonly tools?: Readonly<Record<string, ScriptedTool>>
  readonly resume?: readonly Resume[]
  /** The state during whose model call a person aborts the run. */
  readonly abort_at?: string
  readonly graph?: UpstreamGraph
  readonly observed: Observed
}

export interface Resume {
  readonly user_input: string | null
  readonly edit?: { readonly output: string; readonly output_key?: string }
}

export type Reply = string | { readonly raise: Raise } | { readonly tool_calls: readonly RequestedCall[] }

export type Replies =
  | readonly Reply[]
  | { readonly match: readonly (readonly [string, Reply])[]; readonly default?: Reply }

export interface Raise {
  readonly type: string
  readonly message: string
}

interface RequestedCall {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}

export interface ScriptedTool {
  readonly args: Readonly<Record<string, string>>
  readonly replies?: readonly unknown[]
  readonly echo?: boolean
  readonly agent?: boolean
}

export interface Observed {
  readonly rounds: readonly Round[]
  readonly rows: readonly Row[]
  readonly llm_calls: readonly LlmCall[]
  readonly tool_calls: readonly ToolCall[]
  /** Seconds. */
  readonly retry_delays?: readonly number[]
}

/** From a start or a resume to the next pause or the end. */
export interface Round {
  readonly status: string
  readonly error?: Raise
  readonly supersteps: readonly Superstep[]
}

export interface Superstep {
  readonly tasks: readonly Task[]
  /** What is shared afterwards; absent when the superstep failed. */
  readonly values?: { readonly messages: readonly RecordedMessage[]; readonly context_store: unknown }
}

export interface Task {
  readonly node: string
  /** `task` is the item of an iteration. */
  readonly input?: Readonly<Record<string, unknown>> & {
    readonly messages?: readonly RecordedMessage[]
    readonly context_store?: unknown
  }
  readonly update?: { readonly context_store?: unknown; readonly next?: readonly (string | null)[] }
}

/** An entry of the log: each try of a step is one. */
export interface Row {
  readonly name: string
  readonly state_id: string
  readonly status: string
  readonly task: string
  readonly output: unknown
}

export interface LlmCall {
  readonly node: string
  readonly structured: boolean
  readonly messages: readonly RecordedMessage[]
  readonly reply: Reply
}

export interface ToolCall {
  readonly node: string
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
}

export interface RecordedMessage {
  readonly role: string
  readonly text?: string
}

/** All supersteps of a run, whatever pauses there were in between. */
export function superstepsOf(trace: Trace): readonly Superstep[] {
  return trace.observed.rounds.flatMap((round) => round.supersteps)
}
