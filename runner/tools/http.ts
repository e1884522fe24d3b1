import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { StepFailure } from '../failure.ts'
import { decodeUtf8 } from '../process/run-process.ts'
import { type BuiltInTool, badArgument, defineTool, refusedByPolicy } from './define-tool.ts'
import { decideUrl } from './http-policy.ts'
import { publicLookup } from './public-lookup.ts'
import type { HttpCredential, ToolContext } from './tool.ts'

interface HttpArgs {
  url: string
  method?: string
  headers?: Record<string, string>
  body?: unknown
  query?: Record<string, string | number | boolean>
  allow_error_status?: boolean
}

/** What an HTTP tool gives back. */
export interface HttpResult {
  readonly status: number
  readonly content_type: string
  /** Parsed when the answer is JSON, else text. */
  readonly body: unknown
  /** Says that the body was cut, or is not text. */
  readonly note?: string
}

const MAX_REDIRECTS = 5

/** Headers that carry secrets, or that decide where and how a request goes. */
const FORBIDDEN_HEADERS = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api-key',
  'private-token',
  'x-auth-token',
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'expect',
  'te',
  'trailer',
])

const URL_SCHEMA = { type: 'string', minLength: 8, maxLength: 8000, description: 'Address, https://…' }
const HEADERS_SCHEMA = {
  type: 'object',
  additionalProperties: { type: 'string' },
  description: 'Extra headers. Secrets do not belong here: they come from the configured integration.',
}
const QUERY_SCHEMA = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
  description: 'Added to the address as ?name=value.',
}
const ERROR_STATUS_SCHEMA = {
  type: 'boolean',
  description: 'Give back an answer with status 400 or above as a result instead of failing. Default: false.',
}

/** `http_get`, which reads, and `http_request` for any method. */
export const httpTools: readonly BuiltInTool[] = [
  defineTool<HttpArgs>({
    name: 'http_get',
    description:
      'Fetches a web address with GET. Returns {status, content_type, body}; a JSON body is parsed.',
    reach: 'network',
    aliases: ['web_scrapper', 'web_scraper', 'fetch'],
    argumentNames: { uri: 'url', params: 'query' },
    properties: {
      url: URL_SCHEMA,
      headers: HEADERS_SCHEMA,
      query: QUERY_SCHEMA,
      allow_error_status: ERROR_STATUS_SCHEMA,
    },
    required: ['url'],
    run: (args, context) => call('http_get', { ...args, method: 'GET' }, context),
  }),
  defineTool<HttpArgs>({
    name: 'http_request',
    description:
      'Sends an HTTP request. Returns {status, content_type, body}; a JSON body is parsed. An object or list as body is sent as JSON.',
    reach: 'outside',
    aliases: ['open_api_invoke', 'rest_request'],
    argumentNames: { uri: 'url', params: 'query', data: 'body', json: 'body' },
    properties: {
      url: URL_SCHEMA,
      method: {
        enum: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
        description: 'Default: GET, or POST when there is a body.',
      },
      headers: HEADERS_SCHEMA,
      query: QUERY_SCHEMA,
      body: { description: 'Text, or a JSON value.' },
      allow_error_status: ERROR_STATUS_SCHEMA,
    },
    required: ['url'],
    run: (args, context) => call('http_request', args, context),
  }),
]

async function call(tool: string, args: HttpArgs, context: ToolContext): Promise<HttpResult> {
  let url = parseUrl(tool, args)
  const headers = checkHeaders(tool, args.headers ?? {})
  let body: Buffer | undefined
  if (args.body !== undefined) {
    const isText = typeof args.body === 'string'
    body = Buffer.from(isText ? (args.body as string) : JSON.stringify(args.body))
    if (!isText && headers['content-type'] === undefined) headers['content-type'] = 'application/json'
  }
  let method = args.method ?? (body === undefined ? 'GET' : 'POST')

  const timeout = AbortSignal.timeout(context.policy.timeoutMs)
  const signal = AbortSignal.any([context.signal, timeout])
  try {
    for (let hop = 0; ; hop++) {
      const { allowsPrivate } = decideUrl(url, context.policy.allowedHosts, tool)
      const answer = await send({
        tool,
        url,
        method,
        headers: { ...headers, ...credentialsFor(url, context.credentials ?? []) },
        body,
        allowsPrivate,
        maxBytes: context.policy.maxOutputBytes,
        signal,
      })
      const location = answer.headers.location
      if (answer.status < 300 || answer.status > 399 || answer.status === 304 || location === undefined) {
        return toResult(tool, url, answer, args.allow_error_status === true)
      }
      if (hop === MAX_REDIRECTS) throw failed(tool, `${url.host} redirected more than ${MAX_REDIRECTS} times`)
      const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined
      if (target === undefined) throw failed(tool, `${url.host} redirected to something that is no address`)
      url = target
      if (answer.status === 303 || (answer.status < 303 && method === 'POST')) {
        method = 'GET'
        body = undefined
        delete headers['content-type']
      }
    }
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason
    if (timeout.aborted) {
      throw new StepFailure(
        'tool-timeout',
        `${tool}: ${url.host} took longer than ${context.policy.timeoutMs} ms`,
        {
          blame: 'tool',
          retryable: true,
        },
      )
    }
    throw error
  }
}

function parseUrl(tool: string, args: HttpArgs): URL {
  if (!URL.canParse(args.url))
    throw badArgument(tool, 'url', 'is no address', 'Give an absolute https:// address.')
  const url = new URL(args.url)
  for (const [name, value] of Object.entries(args.query ?? {})) url.searchParams.append(name, String(value))
  url.hash = ''
  return url
}

function checkHeaders(tool: string, given: Readonly<Record<string, string>>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase()
    if (FORBIDDEN_HEADERS.has(lower)) {
      throw refusedByPolicy(
        tool,
        `argument "headers": "${name}" may not be given`,
        'Secrets come from the environment: configure an integration for the host in .codemie/config.yaml.',
      )
    }
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(lower) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw badArgument(tool, 'headers', `has a header that HTTP does not allow: "${name}"`)
    }
    headers[lower] = value
  }
  return headers
}

/** Chosen anew for every redirect: a secret does not follow to another origin. */
function credentialsFor(url: URL, credentials: readonly HttpCredential[]): Record<string, string> {
  const found = credentials.filter((credential) => credential.origin === url.origin)
  return Object.fromEntries(found.map((credential) => [credential.header.toLowerCase(), credential.value]))
}

interface SendRequest {
  readonly tool: string
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
  readonly allowsPrivate: boolean
  readonly maxBytes: number
  readonly signal: AbortSignal
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly bytes: Buffer
  readonly isCut: boolean
}

async function send(request: SendRequest): Promise<Answer> {
  const { tool, url } = request
  const lookup = request.allowsPrivate ? undefined : publicLookup(url, tool)
  return await new Promise<Answer>((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest
    const outgoing = start(url, {
      method: request.method,
      headers: {
        'user-agent': 'codemie-ci',
        accept: 'application/json, text/*;q=0.9, */*;q=0.5',
        ...request.headers,
        'accept-encoding': 'identity',
        ...(request.body === undefined ? {} : { 'content-length': String(request.body.length) }),
      },
      // A kept connection would skip the check of the address.
      agent: false,
      lookup,
      signal: request.signal,
    })
    outgoing.on('error', (error) => {
      reject(error instanceof StepFailure ? error : failed(tool, describeNetworkError(url, error), true))
    })
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      let kept = 0
      const finish = (isCut: boolean) => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes: Buffer.concat(chunks),
          isCut,
        })
      }
      response.on('data', (chunk: Buffer) => {
        const take = chunk.subarray(0, request.maxBytes - kept)
        chunks.push(take)
        kept += take.length
        if (take.length < chunk.length) {
          finish(true)
          response.destroy()
        }
      })
      response.on('end', () => finish(false))
      response.on('error', (error) => reject(failed(tool, describeNetworkError(url, error), true)))
    })
    outgoing.end(request.body)
  })
}

function toResult(tool: string, url: URL, answer: Answer, allowErrors: boolean): HttpResult {
  const contentType = answer.headers['content-type'] ?? ''
  const isText =
    contentType === '' ||
    /^(text\/|application\/([\w.+-]*\+)?(json|xml|yaml|x-yaml|javascript|x-ndjson))/i.test(contentType)
  const text = isText ? decodeUtf8(answer.bytes, answer.isCut) : ''
  if (answer.status >= 400 && !allowErrors) {
    const excerpt = text.trim().slice(0, 500)
    throw new StepFailure(
      'tool-http-status',
      `${tool}: ${url.host} answered with status ${answer.status}${excerpt === '' ? '' : `: ${excerpt}`}`,
      {
        blame: 'tool',
        status: answer.status,
        retryable: answer.status === 408 || answer.status === 429 || answer.status >= 500,
        retryAfterMs: retryAfter(answer.headers['retry-after']),
        help: 'Set "allow_error_status": true to get such answers as a result.',
      },
    )
  }
  const notes: string[] = []
  if (answer.isCut) notes.push(`The body was cut after ${answer.bytes.length} bytes.`)
  if (!isText) notes.push(`The body is not text (${answer.bytes.length} bytes).`)
  return {
    status: answer.status,
    content_type: contentType,
    body: /^application\/([\w.+-]*\+)?json/i.test(contentType) && !answer.isCut ? parseJsonOr(text) : text,
    ...(notes.length === 0 ? {} : { note: notes.join(' ') }),
  }
}

function parseJsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Only the form in seconds: the other one needs a clock that both sides agree on. */
function retryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined
}

function failed(tool: string, message: string, retryable = false): StepFailure {
  return new StepFailure('tool-failed', `${tool}: ${message}`, { blame: 'tool', retryable })
}

/** Why a host could not be reached, e.g. `example.org refused the connection`. */
export function describeNetworkError(url: URL, error: Error): string {
  const code = (error as NodeJS.ErrnoException).code
  const words: Readonly<Record<string, string>> = {
    ENOTFOUND: 'has no address',
    EAI_AGAIN: 'could not be looked up',
    ECONNREFUSED: 'refused the connection',
    ECONNRESET: 'closed the connection',
    ETIMEDOUT: 'did not answer',
  }
  const known = code === undefined ? undefined : words[code]
  return `${url.host} ${known ?? `could not be reached: ${code ?? error.message}`}`
}
