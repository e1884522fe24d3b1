/** Who has to act so that it works next time. Decides the exit status and the wording. */
export type Blame = 'workflow' | 'user' | 'model' | 'provider' | 'tool' | 'policy' | 'infrastructure'

/** Code of the failure of a step that a person said no to. */
export const REJECTED = 'rejected'

/** Code of the failure of a step that guardrails did not let run. */
export const BLOCKED = 'guardrail-blocked'

/** Plain-data form of a failure, as it stands in events and records. */
export interface FailureInfo {
  /** Stable kebab-case name, e.g. `provider-unauthorized`. */
  readonly code: string
  readonly blame: Blame
  readonly message: string
  /** What to do about it. */
  readonly help?: string
  /** HTTP status, where there was one. */
  readonly status?: number
}

/**
 * An expected failure of a step: thrown inside steps, models and tools, caught in one place by the engine, which
 * retries it, routes it or ends the run. Anything else that is thrown is a bug and keeps its stack.
 */
export class StepFailure extends Error {
  override readonly name = 'StepFailure'
  readonly code: string
  readonly blame: Blame
  /** Worth another attempt under the state's retry policy. */
  readonly retryable: boolean
  /** The other side asked to wait this long before the next attempt. */
  readonly retryAfterMs: number | undefined
  readonly help: string | undefined
  readonly status: number | undefined

  constructor(
    code: string,
    message: string,
    options: {
      blame: Blame
      retryable?: boolean
      retryAfterMs?: number | undefined
      help?: string | undefined
      status?: number | undefined
      cause?: unknown
    },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.blame = options.blame
    this.retryable = options.retryable ?? false
    this.retryAfterMs = options.retryAfterMs
    this.help = options.help
    this.status = options.status
  }

  toInfo(): FailureInfo {
    return {
      code: this.code,
      blame: this.blame,
      message: this.message,
      ...(this.help === undefined ? {} : { help: this.help }),
      ...(this.status === undefined ? {} : { status: this.status }),
    }
  }
}

/** One of the reasons for a refusal, and what to do about it. */
export interface Reason {
  readonly message: string
  readonly help: string
}

/**
 * The run cannot start or go on, and no retry will help: usage, configuration, a store that cannot be written.
 * `exitStatus` is one of the table in `docs/exit-status.md`.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string
  readonly exitStatus: number
  readonly help: string | undefined
  /** For those who can show them one by one; the message has all of them. Empty: the message is the only one. */
  readonly reasons: readonly Reason[]

  constructor(
    code: string,
    message: string,
    options: { exitStatus?: number; help?: string; reasons?: readonly Reason[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.exitStatus = options.exitStatus ?? 2
    this.help = options.help
    this.reasons = options.reasons ?? []
  }
}
