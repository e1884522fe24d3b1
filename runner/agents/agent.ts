import type { Usage } from '../models/model.ts'

/** What is asked of a program that answers as an agent (ACP). What it may do is in the config, not here. */
export interface AgentRequest {
  /** The program and its arguments; never a shell line. */
  readonly command: readonly string[]
  /** The prompt. */
  readonly text: string
  /** Folder that it works in, from the root of the repository. Default: the root. */
  readonly cwd?: string
  /**
   * Prompts with the same name, program and folder go to one session, which lasts as long as the run. Absent: the program
   * is started for this prompt alone.
   */
  readonly session?: string
  /** Limit of the answer in milliseconds. Default: what the config says for the program. */
  readonly timeoutMs?: number
}

/** What came back. */
export interface AgentReply {
  /** Its messages, one behind the other; `""` when it said nothing. */
  readonly text: string
  /** As the protocol has it, e.g. `end_turn`. */
  readonly stopReason: string
  /** What it said that it did, in order; nobody saw it do so. */
  readonly toolCalls: readonly AgentToolCall[]
  /** Of this prompt alone. `undefined`: the agent did not say. */
  readonly usage: Usage | undefined
  /** US dollars. `undefined`: the agent did not say, which is not the same as 0. */
  readonly costUsd: number | undefined
  /** What the author should know of how it came about. Absent: nothing. */
  readonly warnings?: readonly { readonly code: string; readonly message: string }[]
}

/** A tool call as an agent reports it. */
export interface AgentToolCall {
  /** One line. */
  readonly title: string
  /** `read`, `edit`, `execute` and the like. `undefined`: it did not say. */
  readonly kind?: string
  /** `completed`, `failed`; the last that was heard. */
  readonly status?: string
  /** What the policy said when the agent asked. Absent: it did not ask. */
  readonly permission?: 'allowed' | 'denied'
}

/** What is heard of an agent while it works. */
export type AgentProgress = { readonly text: string } | { readonly tool: string }
