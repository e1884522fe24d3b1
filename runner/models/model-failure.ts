import { StepFailure } from '../failure.ts'
import type { Usage } from './model.ts'
import type { ModelEndpoint } from './providers.ts'
import { classifyStatus, readTrouble } from './status-failure.ts'
import { TransportError } from './transport-error.ts'
import { transportFailure } from './transport-failure.ts'

/** The call was answered and paid for, but the answer cannot be used. */
export class AnswerFailure extends StepFailure {
  /** `undefined`: the provider did not say. */
  readonly usage: Usage | undefined
  /** US dollars; `undefined`: not known. */
  readonly costUsd: number | undefined

  constructor(
    code: string,
    message: string,
    options: {
      retryable: boolean
      help: string
      usage: Usage | undefined
      costUsd: number | undefined
    },
  ) {
    super(code, message, { blame: 'model', retryable: options.retryable, help: options.help })
    this.usage = options.usage
    this.costUsd = options.costUsd
  }
}

/** A failure that the provider put into the stream after it had answered 200. */
export class StreamedError extends Error {
  override readonly name = 'StreamedError'
  /** The provider's `error`. */
  readonly error: unknown

  constructor(error: unknown) {
    super('the provider reported a failure')
    this.error = error
  }
}

/** An answer whose status is not 2xx, with its body read. */
export class HttpStatusError extends Error {
  override readonly name = 'HttpStatusError'
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: string

  constructor(status: number, headers: { get(name: string): string | null }, body: string) {
    super(`HTTP ${status}`)
    this.status = status
    this.headers = headers
    this.body = body
  }
}

/** What the failures of one call have in common. */
export interface FailureContext {
  readonly endpoint: ModelEndpoint
  readonly isStream: boolean
  /** Milliseconds since 1970; for a `Retry-After` date of a server that does not say its own time. */
  readonly now: () => number
}

/**
 * Says what an error of a chat server or of the transport means for the step. Anything that is not an expected
 * failure of a call comes back as it is.
 */
export function explainFailure(error: unknown, context: FailureContext): unknown {
  if (error instanceof StepFailure) return error
  for (const link of causes(error)) {
    if (link instanceof HttpStatusError) {
      return classifyStatus(readTrouble(link.status, link.body, link.headers, context.endpoint), context)
    }
    const code = link instanceof TransportError || isSystemError(link) ? link.code : undefined
    if (code !== undefined) return transportFailure(code, link, context)
  }
  if (error instanceof StreamedError) {
    const said = JSON.stringify({ error: error.error })
    return classifyStatus(readTrouble(undefined, said, undefined, context.endpoint), context)
  }
  if (error instanceof SyntaxError) return brokenStream(context, 'a piece of it is no JSON')
  // The built-in `fetch` says no more than this when the cause has no code.
  if (error instanceof TypeError && error.message === 'fetch failed') {
    return transportFailure('unknown', error, context)
  }
  return error
}

/** The stream ended before the answer did. */
export function brokenStream(context: FailureContext, what: string): StepFailure {
  return new StepFailure(
    'model-stream-broken',
    `The answer of ${place(context.endpoint)} broke off: ${what}.`,
    {
      blame: 'provider',
      retryable: true,
      help: 'Usually passing trouble of the provider or of a proxy on the way.',
    },
  )
}

/** The answer is no chat completion. */
export function notACompletion(context: FailureContext, answer: unknown): StepFailure {
  if (typeof answer === 'string' && /^\s*</.test(answer)) {
    return new StepFailure(
      'provider-not-a-model-api',
      `${place(context.endpoint)} answered with a web page instead of a chat completion.`,
      {
        blame: 'user',
        help: `The address is probably incomplete (often it ends in /v1) or something on the way answers instead: ${context.endpoint.baseUrl}`,
      },
    )
  }
  return notJson(context)
}

function notJson(context: FailureContext): StepFailure {
  return new StepFailure(
    'model-reply-malformed',
    `The answer of ${place(context.endpoint)} is no chat completion.`,
    {
      blame: 'provider',
      retryable: true,
      help: 'Check that the server speaks the chat completions interface of OpenAI.',
    },
  )
}

/** How messages name an endpoint: `openai (api.openai.com)`. */
function place(endpoint: ModelEndpoint): string {
  return `${endpoint.provider} (${new URL(endpoint.baseUrl).host})`
}

function* causes(error: unknown): Generator<unknown> {
  let link = error
  for (let depth = 0; depth < 5 && link instanceof Error; depth++) {
    yield link
    link = link.cause
  }
}

/** Errors of Node carry the system's code. */
function isSystemError(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /^[A-Z][A-Z0-9_]+$/.test(error.code)
  )
}
