import type { ModelReply, ModelRequest } from './models/model.ts'

/**
 * An effect is the only way in which a run touches the world: a model call or a tool call. Everything else that a
 * run does is computed from its definition, its inputs and the results of its effects, so a run is resumed,
 * replayed or simulated by answering its effects from somewhere else.
 */
export type Effect = ModelEffect | ToolEffect

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

export interface ToolRequest {
  /** Name of the tool as the project knows it, e.g. `git_log`. */
  readonly tool: string
  /** Arguments as plain JSON values. */
  readonly args: Readonly<Record<string, unknown>>
  readonly integrationAlias?: string
}

export interface ToolReply {
  /** Plain text, or a JSON value that the step turns into text. */
  readonly result: unknown
}

export type EffectReply<E extends Effect> = E extends ModelEffect ? ModelReply : ToolReply

/**
 * The one door to the world. Layers (journal, recording, script) wrap one another; the innermost does the real thing.
 * Fails with a `StepFailure`, or with the reason of the effect's signal when it was aborted.
 */
export type Perform = <E extends Effect>(effect: E) => Promise<EffectReply<E>>
