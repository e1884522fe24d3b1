import { StepFailure } from '../failure.ts'
import type { Usage } from './model.ts'
import type { ModelEndpoint } from './providers.ts'
import { classifyStatus, type ProviderTrouble, readTrouble } from './status-failure.ts'
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

/**
 * Brings an error of the transport through the `openai` package unharmed: an error whose text, or whose cause's, looks like
 * a timeout, be it by the name of a host, would be replaced there by one that says nothing.
 */
export class CarriedError extends Error {
  override readonly name = 'CarriedError'
  readonly carried: unknown

  constructor(carried: unknown) {
    super('the request failed')
    this.carried = carried
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
 * Says what an error of the `openai` package or of the transport means for the step. Anything that is not an expected
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
  if (isOpenAiTimeout(error)) return transportFailure('answer-timeout', error, context)
  const sent = errorInStream(error, context.endpoint)
  if (sent) return classifyStatus(sent, context)
  if (error instanceof SyntaxError)
    return context.isStream ? brokenStream(context, 'a piece of it is no JSON') : notJson(context)
  for (const link of causes(error)) {
    if (!(link instanceof CarriedError)) continue
    // The built-in `fetch` says no more than this when the cause has no code.
    const isNetwork = link.carried instanceof TypeError && link.carried.message === 'fetch failed'
    return isNetwork ? transportFailure('unknown', link.carried, context) : link.carried
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
    link = link instanceof CarriedError ? link.carried : link.cause
  }
}

/** Errors of Node carry the system's code; those of the `openai` package carry the provider's beside a status. */
function isSystemError(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /^[A-Z][A-Z0-9_]+$/.test(error.code) &&
    !('status' in error)
  )
}

/** A failure that the provider put into the stream after it had answered 200. */
function errorInStream(error: unknown, endpoint: ModelEndpoint): ProviderTrouble | undefined {
  if (!(error instanceof Error) || !('error' in error) || error.error === undefined) return undefined
  return readTrouble(undefined, JSON.stringify({ error: error.error }), undefined, endpoint)
}

// The package's classes are not at hand here without loading it, and bundling may change their names.
function isOpenAiTimeout(error: unknown): boolean {
  return isConnectionError(error) && (error as Error).message === 'Request timed out.'
}

function isConnectionError(error: unknown): boolean {
  return error instanceof Error && 'requestID' in error && 'status' in error && error.status === undefined
}
