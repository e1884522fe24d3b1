import { setMaxListeners } from 'node:events'
import type { OpenAI } from 'openai'
import type { ModelBounds } from '../../schema/ceiling.ts'
import { StepFailure } from '../failure.ts'
import { type BoundsSettings, boundsOfModel } from './bounds.ts'
import {
  createHttpFetch,
  defaultAnswerTimeoutMs,
  type HttpFetch,
  type HttpFetchOptions,
} from './http-fetch.ts'
import { undated } from './look-up-model.ts'
import type { ChatMessage, ImagePart, ModelClient, ModelReply, ModelRequest } from './model.ts'
import {
  AnswerFailure,
  brokenStream,
  CarriedError,
  explainFailure,
  type FailureContext,
  HttpStatusError,
  notACompletion,
} from './model-failure.ts'
import { costOf, type ModelPrice, type PriceOverrides, priceOf } from './prices.ts'
import {
  locateModel,
  type ModelEndpoint,
  type ModelEnv,
  type ResolvedModel,
  resolveModel,
} from './providers.ts'
import { type ReplyDraft, ReplyStream, readCompletion } from './reply.ts'
import { askForJson } from './response-format.ts'
import { classifyStatus, readTrouble } from './status-failure.ts'
import { transportFailure } from './transport-failure.ts'

/** Settings of the door to the models: where ids lead, what they cost, how long to wait. */
export interface ModelClientSettings extends BoundsSettings {
  /** Limits of one call; see `HttpFetchOptions` for the defaults. */
  readonly limits?: Pick<
    HttpFetchOptions,
    'connectTimeoutMs' | 'answerTimeoutMs' | 'idleTimeoutMs' | 'maxBodyBytes'
  >
}

export interface ModelClientOptions {
  readonly settings: ModelClientSettings
  /** Keys, addresses and proxies are read from here by name; the process's own environment is never looked at. */
  readonly env: ModelEnv
  /** Replaces the transport, for tests. Default: `createHttpFetch` with the proxies of `env`. */
  readonly fetch?: HttpFetch | typeof globalThis.fetch
  /** Milliseconds since 1970. Default: the system clock. */
  readonly now?: () => number
}

/** A `ModelClient` over HTTP. `close()` drops its idle connections; a process ends without it too. */
export interface HttpModelClient extends ModelClient {
  /** Where a model id leads, or why nowhere. */
  resolve(model: string): ResolvedModel
  /**
   * What a model costs, whichever way its id is written (bare, alias, `provider:model`), whether or not its key is there.
   * `undefined`: not known.
   */
  priceOf(model: string): ModelPrice | undefined
  /** What is known of a model before it is asked, whichever way its id is written. */
  boundsOf(model: string): ModelBounds
  close(): void
}

/** Parameters that would change what the reply means; the request has its own fields for them. */
const reservedParameters = ['model', 'messages', 'stream', 'stream_options', 'n', 'tools']

/**
 * The one door to models: any server with OpenAI's chat completions interface, through the `openai` package, which is
 * loaded at the first call.
 *
 * A call is made once and never retried here. It streams only when `onText` is given. It fails with a `StepFailure`
 * (an `AnswerFailure` when the answer came but cannot be used), or with the signal's own reason when aborted.
 */
export function createModelClient(options: ModelClientOptions): HttpModelClient {
  const { settings, env } = options
  const now = options.now ?? Date.now
  const transport = options.fetch ?? createHttpFetch({ env, ...longestWait(settings), ...settings.limits })
  const endpoints = new Map<string, ResolvedModel>()
  const clients = new Map<string, Promise<OpenAI>>()

  const resolve = (model: string): ResolvedModel => {
    const known = endpoints.get(model)
    if (known) return known
    const resolved = resolveModel(model, settings, env)
    endpoints.set(model, resolved)
    return resolved
  }

  const clientOf = (endpoint: ModelEndpoint): Promise<OpenAI> => {
    const known = clients.get(endpoint.provider)
    if (known) return known
    const client = connect(endpoint, transport as HttpFetch)
    clients.set(endpoint.provider, client)
    return client
  }

  return {
    resolve,
    priceOf(model) {
      const place = locateModel(model, settings)
      return 'problem' in place ? undefined : priceOf(`${place.provider}:${place.model}`, settings.prices)
    },
    boundsOf: (model) => boundsOfModel(model, settings),
    close() {
      if ('close' in transport) transport.close()
    },
    async call(request, { signal, onText }) {
      if (signal.aborted) throw signal.reason
      const resolved = resolve(request.model)
      if (!resolved.ok) {
        const { code, message, help } = resolved.problem
        throw new StepFailure(code, message, { blame: 'user', help })
      }
      const { endpoint } = resolved
      const context: FailureContext = { endpoint, isStream: onText !== undefined, now }
      const body = requestBody(request, endpoint)
      // The package never takes its listener off a signal again; a signal of our own keeps the run's from growing.
      const own = new AbortController()
      const abort = () => own.abort()
      let isLate = false
      const timer =
        endpoint.timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              isLate = true
              own.abort()
            }, endpoint.timeoutMs)
      // One signal serves all items of a map; Node would take more than ten listeners for a leak and warn.
      setMaxListeners(0, signal)
      signal.addEventListener('abort', abort, { once: true })
      try {
        const client = await clientOf(endpoint)
        if (signal.aborted) throw signal.reason
        const draft = onText
          ? await stream(client, body, own.signal, onText, context)
          : await complete(client, body, own.signal, context)
        if (signal.aborted) throw signal.reason
        if (isLate) throw new Error('late')
        return finish(draft, endpoint, settings.prices)
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (isLate) throw transportFailure('call-timeout', undefined, context)
        throw error instanceof ReaderError ? error.thrown : explainFailure(error, context)
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
      }
    },
  }
}

/** A provider that may take its time must not be cut off by the transport's own limit. */
function longestWait(settings: ModelClientSettings): { answerTimeoutMs?: number } {
  const seconds = Object.values(settings.providers ?? {}).map((provider) => provider.timeout_seconds ?? 0)
  const longest = Math.max(0, ...seconds) * 1000
  return longest > defaultAnswerTimeoutMs ? { answerTimeoutMs: longest } : {}
}

/** Longer than any limit of the transport: those say more about what happened. */
const packageTimeoutMs = 24 * 60 * 60 * 1000

async function connect(endpoint: ModelEndpoint, transport: HttpFetch): Promise<OpenAI> {
  const { OpenAI } = await import('openai')
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    'user-agent': 'codemie-ci',
    ...endpoint.credentials().headers,
  }
  // The package adds headers of its own: from the process's environment, and about this machine. Only ours are sent,
  // and it never gets to see the key.
  const fetch = async (url: string, init: { method?: string; body?: string; signal?: AbortSignal }) => {
    try {
      const response = await transport(url, {
        ...(init.method === undefined ? {} : { method: init.method }),
        body: init.body,
        signal: init.signal,
        headers,
        ...noRedirect,
      })
      if (response.ok) return response
      throw new HttpStatusError(response.status, response.headers, await response.text())
    } catch (error) {
      throw new CarriedError(error)
    }
  }
  return new OpenAI({
    apiKey: 'sent by the transport',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    baseURL: endpoint.baseUrl,
    defaultQuery: endpoint.query,
    maxRetries: 0,
    timeout: packageTimeoutMs,
    logLevel: 'off',
    fetch: fetch as unknown as typeof globalThis.fetch,
  })
}

/** For a transport that is a web `fetch`; ours never follows one. */
const noRedirect: object = { redirect: 'manual' }

type Body = OpenAI.ChatCompletionCreateParamsNonStreaming

function requestBody(request: ModelRequest, endpoint: ModelEndpoint): Body {
  const { quirks } = endpoint
  const parameters: Record<string, unknown> = { ...request.parameters }
  const reserved = reservedParameters.find((name) => Object.hasOwn(parameters, name))
  if (reserved !== undefined) {
    throw new StepFailure(
      'model-parameter-reserved',
      `\`${reserved}\` cannot be given as a model parameter.`,
      {
        blame: 'workflow',
        help: "Take it out of the assistant's `parameters`: the workflow decides it elsewhere.",
      },
    )
  }
  const otherLimit = quirks.tokenLimit === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens'
  if (Object.hasOwn(parameters, otherLimit)) {
    parameters[quirks.tokenLimit] ??= parameters[otherLimit]
    delete parameters[otherLimit]
  }
  const json = request.responseSchema ? askForJson(request.responseSchema, quirks.responseFormat) : undefined
  const messages = json?.hint === undefined ? request.messages : withHint(request.messages, json.hint)
  return {
    ...parameters,
    model: endpoint.model,
    messages: messages.map(toWire),
    // An empty list is an error with OpenAI.
    ...(request.tools && request.tools.length > 0
      ? {
          tools: request.tools.map(({ name, description, parameters: schema }) => ({
            type: 'function' as const,
            function: { name, description, parameters: { ...schema } },
          })),
        }
      : {}),
    ...(json?.format ? { response_format: json.format as Body['response_format'] } : {}),
  } as Body
}

function withHint(messages: readonly ChatMessage[], hint: string): readonly ChatMessage[] {
  const [first, ...rest] = messages
  return first?.role === 'system'
    ? [{ role: 'system', content: `${first.content}\n\n${hint}` }, ...rest]
    : [{ role: 'system', content: hint }, ...messages]
}

function toWire(message: ChatMessage): OpenAI.ChatCompletionMessageParam {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content }
    case 'user':
      return {
        role: 'user',
        content: message.images ? partsOf(message.content, message.images) : message.content,
      }
    case 'tool':
      return { role: 'tool', tool_call_id: message.toolCallId, content: message.content }
    case 'assistant': {
      if (!message.toolCalls || message.toolCalls.length === 0)
        return { role: 'assistant', content: message.content }
      return {
        role: 'assistant',
        content: message.content === '' ? null : message.content,
        tool_calls: message.toolCalls.map((call) => ({
          id: call.id,
          type: 'function',
          function: { name: call.name, arguments: call.arguments },
        })),
      }
    }
  }
}

function partsOf(text: string, images: readonly ImagePart[]): OpenAI.ChatCompletionContentPart[] {
  return [
    { type: 'text', text },
    ...images.map(({ mediaType, base64 }) => ({
      type: 'image_url' as const,
      image_url: { url: `data:${mediaType};base64,${base64}` },
    })),
  ]
}

async function complete(
  client: OpenAI,
  body: Body,
  signal: AbortSignal,
  context: FailureContext,
): Promise<ReplyDraft> {
  const given: unknown = await client.chat.completions.create(body, { signal })
  const answer = typeof given === 'string' ? parsed(given) : given
  const draft = readCompletion(answer)
  if (draft) return draft
  // OpenRouter reports failures of the provider behind it with a 200.
  if (typeof answer === 'object' && answer !== null && 'error' in answer && answer.error) {
    throw classifyStatus(readTrouble(undefined, JSON.stringify(answer), undefined, context.endpoint), context)
  }
  throw notACompletion(context, answer)
}

/** The package leaves JSON that is declared as plain text as it is, and small servers do declare it so. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function stream(
  client: OpenAI,
  body: Body,
  signal: AbortSignal,
  onText: (delta: string) => void,
  context: FailureContext,
): Promise<ReplyDraft> {
  const chunks = await client.chat.completions.create(
    { ...body, stream: true, stream_options: { include_usage: true } },
    { signal },
  )
  const reply = new ReplyStream()
  let isEmpty = true
  for await (const chunk of chunks) {
    isEmpty = false
    const text = reply.add(chunk)
    if (text !== '') tell(onText, text)
  }
  const draft = reply.finish()
  // The package ends a stream that it cannot read without an error, so its end proves nothing.
  if (isEmpty && !signal.aborted) throw brokenStream(context, 'it held nothing that can be read')
  if (draft.finishReason === undefined && !signal.aborted) {
    throw brokenStream(context, 'it ended without saying that it is complete')
  }
  return draft
}

/** What the caller's `onText` threw: its own affair, never a failure of the provider, whatever its code. */
class ReaderError extends Error {
  readonly thrown: unknown

  constructor(thrown: unknown) {
    super('the reader of the stream failed')
    this.thrown = thrown
  }
}

function tell(onText: (delta: string) => void, text: string): void {
  try {
    onText(text)
  } catch (thrown) {
    throw new ReaderError(thrown)
  }
}

function finish(draft: ReplyDraft, endpoint: ModelEndpoint, prices: PriceOverrides | undefined): ModelReply {
  const asked = `${endpoint.provider}:${endpoint.model}`
  const answered = draft.model === undefined ? asked : `${endpoint.provider}:${draft.model}`
  const reported = endpoint.quirks.reportsCost ? draft.reportedCostUsd : undefined
  const costUsd = reported ?? costOf(answered, draft.usage, prices) ?? costOf(asked, draft.usage, prices)
  const spent = { usage: draft.usage, costUsd }
  if (draft.refusal !== undefined && draft.text === '' && draft.toolCalls.length === 0) {
    throw new AnswerFailure(
      'model-refused',
      `The model \`${answered}\` declined: ${draft.refusal.slice(0, 400)}`,
      {
        ...spent,
        retryable: false,
        help: 'Change the prompt, or choose another model.',
      },
    )
  }
  if (draft.finishReason === 'content_filter') {
    throw new AnswerFailure(
      'model-content-filtered',
      `The answer of \`${answered}\` was stopped by the content filter.`,
      {
        ...spent,
        retryable: false,
        help: 'Look at what the prompt contains, above all text that comes from outside, or choose another model.',
      },
    )
  }
  return {
    text: draft.text,
    toolCalls: draft.toolCalls,
    finishReason: draft.finishReason ?? 'stop',
    usage: draft.usage,
    model: answered,
    ...(isOtherModel(endpoint, draft.model) ? { instead: asked } : {}),
    costUsd,
  }
}

/** Whether a provider says that another model answered than the one it was asked for, and not only how it spells it. */
function isOtherModel({ model, quirks }: ModelEndpoint, answered: string | undefined): boolean {
  if (answered === undefined || quirks.modelIsDeployment) return false
  return bareName(model) !== bareName(answered)
}

/** `openai/GPT-4.1:free` and `gpt-4.1-2025-04-14` are both `gpt-4.1`. */
function bareName(model: string): string {
  const name = model.toLowerCase().replace(/^.*\//, '').replace(/:.*$/, '')
  return undated(name).replace(/(?:-\d{2}-\d{2}|-\d{3,4})$/, '')
}
