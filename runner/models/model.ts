/** One turn of a conversation as a model gets it. */
export type ChatMessage =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user'; readonly content: string; readonly images?: readonly ImagePart[] }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly toolCallId: string; readonly content: string }

/** An image that goes with a user's words, behind them. */
export interface ImagePart {
  /** `image/png`, `image/jpeg`, `image/gif` or `image/webp`. */
  readonly mediaType: string
  readonly base64: string
}

/** A model's wish to have a tool called. */
export interface ToolCall {
  readonly id: string
  readonly name: string
  /** JSON text as the model wrote it; may be invalid. */
  readonly arguments: string
}

/** A tool as offered to a model. */
export interface ToolOffer {
  readonly name: string
  readonly description: string
  /** JSON Schema of the arguments, an object schema. */
  readonly parameters: Readonly<Record<string, unknown>>
}

export interface ModelRequest {
  /** `provider:model`, or bare for the default provider. */
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly tools?: readonly ToolOffer[]
  /** Ask for JSON of this shape. Providers may ignore it: the caller checks the answer. */
  readonly responseSchema?: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> }
  /** `temperature` and the like, passed on as they are. */
  readonly parameters?: Readonly<Record<string, unknown>>
}

export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedInputTokens: number
}

export interface ModelReply {
  /** `""` when the model only asked for tools. */
  readonly text: string
  readonly toolCalls: readonly ToolCall[]
  readonly finishReason: string
  /** `undefined`: the provider did not say. */
  readonly usage: Usage | undefined
  /** The model that answered, as `provider:model`. */
  readonly model: string
  /** The model that was asked, as `provider:model`, where that is another one. Absent: it is the one that answered. */
  readonly instead?: string
  /** US dollars. `undefined`: the price of this model is not known, which is not the same as 0. */
  readonly costUsd: number | undefined
}

/** Calls the model of a request once. Never retries; fails with a `StepFailure` that says whether a retry makes sense. */
export interface ModelClient {
  call(
    request: ModelRequest,
    options: { readonly signal: AbortSignal; readonly onText?: (delta: string) => void },
  ): Promise<ModelReply>
}

/** Adds usage up; unknown usage counts as nothing. */
export function addUsage(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  if (!a) return b
  if (!b) return a
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
  }
}
