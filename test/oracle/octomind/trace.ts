/** A recorded run of the real octomind: what it was given, and what was observed. The README beside the traces explains each key. */
export interface OctomindTrace {
  readonly id: string
  /** `C`: today's files of their own; `A`: workflows in a configuration, up to release 0.29. */
  readonly dialect: 'A' | 'C'
  readonly input: TraceInput
  readonly observed: TraceObserved
}

export interface TraceInput {
  /** Behind the name of the program. */
  readonly argv: readonly string[]
  /** `null`: somebody typed {@link TraceInput.pty}. */
  readonly stdin: string | null
  readonly files?: Readonly<Record<string, string>>
  /** A name alone stands for the system prompt `ROLE=<name>` and an empty greeting. */
  readonly roles?: readonly (string | (TomlTable & { readonly name: string }))[]
  readonly script?: readonly ScriptRule[]
  readonly acp?: Readonly<Record<string, AgentScript>>
  /** TOML behind the configuration. */
  readonly config_append?: string
  readonly config?: TomlTable
  readonly env?: Readonly<Record<string, string>>
  /** Lines for a shell that prepares the folder. */
  readonly setup?: string | readonly string[]
  readonly pty?: readonly string[]
  /** The workflow stands in a file of octomind's collection. */
  readonly tap?: boolean
}

export interface TomlTable {
  readonly [key: string]: unknown
}

/** Answers of a model to requests that fit; the first rule that fits and has an answer left gives it. */
export interface ScriptRule {
  /** Behind `ROLE=` in the system prompt; `null`: any. */
  readonly role: string | null
  /** Stands in the last message of the user; `null`: any. */
  readonly contains: string | null
  readonly replies: readonly (string | ModelAnswer)[]
  /** The last answer is given for ever. */
  readonly repeat?: boolean
}

export interface ModelAnswer {
  readonly text?: string | null
  readonly status?: number
  readonly delay_ms?: number
  readonly usage?: {
    readonly prompt_tokens: number
    readonly completion_tokens: number
    readonly cost?: number
  }
  readonly tool_calls?: readonly {
    readonly id: string
    readonly function: { readonly name: string; readonly arguments: string }
  }[]
  readonly body?: unknown
}

export interface AgentScript {
  readonly replies: readonly (string | AgentAnswer)[]
  readonly repeat?: boolean
}

export interface AgentAnswer {
  readonly chunks?: readonly string[]
  readonly delay_ms?: number
  readonly error?: { readonly message: string; readonly data?: unknown }
  readonly exit_before_result?: number
  readonly stop_reason?: string
  readonly ask_permission?: boolean
  readonly by_contains?: readonly (readonly [string, string | AgentAnswer])[]
}

/** Long texts of others are not stored. */
export type RecordedText = string | { readonly length: number; readonly sha256: string }

export interface TraceObserved {
  /** `null`: it had to be killed. */
  readonly exit_code: number | null
  readonly requests: readonly RecordedRequest[]
  /** Absent where the program was not asked for them. */
  readonly stdout_events?: readonly StdoutEvent[]
  readonly agents?: readonly AgentEvent[]
  /** Content of files after the run, by path. */
  readonly files?: Readonly<Record<string, string>>
}

export interface RecordedRequest {
  /** `null`: octomind asked for itself. */
  readonly role: string | null
  /** Without its provider. */
  readonly model: string
  readonly messages: readonly RecordedMessage[]
  readonly status: number
}

export interface RecordedMessage {
  readonly role: string
  readonly content: RecordedText | null
  readonly tool_calls?: unknown
}

export interface StdoutEvent {
  readonly type?: string
  readonly step?: string
  readonly content?: RecordedText
  /** A line that is no event. */
  readonly _unparsed?: string
}

export interface AgentEvent {
  readonly event: string
  readonly agent: string
  readonly text?: RecordedText
}
