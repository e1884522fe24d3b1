import type { AgentProgress, AgentReply, AgentRequest } from './agents/agent.ts'
import type { Proposed } from './effects/proposal.ts'
import type { McpEndpoint } from './mcp/endpoint.ts'
import type { ModelReply, ModelRequest } from './models/model.ts'

/**
 * An effect is the only way in which a run touches the world: a call of a model, a tool or an agent. Everything else that a
 * run does is computed from its definition, its inputs and the results of its effects, so a run is resumed,
 * replayed or simulated by answering its effects from somewhere else.
 */
export type Effect = ModelEffect | ToolEffect | AgentEffect

interface EffectPlace {
  /** The step's place in the run: `review`, `review[3]`, `fix#2`. */
  readonly path: string
  /** Which try of the step, from 1. */
  readonly attempt: number
  /** Which effect of this attempt, from 1, in the order the step asked for them. */
  readonly ordinal: number
  readonly signal: AbortSignal
}

export interface ModelEffect extends EffectPlace {
  readonly kind: 'model'
  readonly request: ModelRequest
  /** Hears the answer while it is written. Absent: nobody watches, and the cheaper plain call is made. */
  readonly onText?: (delta: string) => void
}

export interface ToolEffect extends EffectPlace {
  readonly kind: 'tool'
  readonly request: ToolRequest
}

/** A program is asked that answers as an agent. */
export interface AgentEffect extends EffectPlace {
  readonly kind: 'agent'
  readonly request: AgentRequest
  /** Hears what it says and does while it works. Absent: nobody watches. */
  readonly onProgress?: (piece: AgentProgress) => void
}

export interface ToolRequest {
  /** Name of the tool as the project knows it, e.g. `git_log`; of an MCP server with its name before it, `tracker/search`. */
  readonly tool: string
  /** Arguments as plain JSON values. */
  readonly args: Readonly<Record<string, unknown>>
  readonly integrationAlias?: string
  /** Absent: a tool of the project itself. */
  readonly mcp?: McpRequest
}

/** What is asked of an MCP server. */
export interface McpRequest {
  readonly server: McpEndpoint
  /** The tool that is called. Absent: the server is asked which tools it has. */
  readonly called?: PinnedTool
}

/** A tool as it was when the server was first asked for its tools in a run. */
export interface PinnedTool {
  /** As the server calls it. */
  readonly name: string
  /** sha256 of its name, description and schemas, in 64 hex digits. A tool that has another one by now is not called. */
  readonly digest: string
}

export interface ToolReply {
  /** Plain text, or a JSON value that the step turns into text. */
  readonly result: unknown
  /** What the author should know of how it came about. Absent: nothing. */
  readonly warnings?: readonly { readonly code: string; readonly message: string }[]
  /** What it wanted to be written to GitHub, and whether that was taken. Absent: it proposes nothing. */
  readonly proposed?: Proposed
}

/** What each kind of effect is answered with. */
interface Replies {
  readonly model: ModelReply
  readonly tool: ToolReply
  readonly agent: AgentReply
}

export type EffectReply<E extends Effect> = Replies[E['kind']]

/**
 * The one door to the world. Layers (journal, recording, script) wrap one another; the innermost does the real thing.
 * Fails with a `StepFailure`, or with the reason of the effect's signal when it was aborted.
 */
export type Perform = <E extends Effect>(effect: E) => Promise<EffectReply<E>>
