import { lookup as dnsLookup } from 'node:dns'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { StepFailure } from '../failure.ts'
import { POLICY_KEYS, refusedByPolicy } from './define-tool.ts'
import { authOf, type HttpAuth } from './http-auth.ts'
import { decideUrl, isPrivateAddress } from './http-policy.ts'
import type { ToolContext } from './tool.ts'

/** A request that a tool makes, arguments checked. */
export interface HttpCall {
  /** Name of the tool, for messages. */
  readonly tool: string
  readonly url: URL
  readonly method: string
  /** Names in small letters; no secrets. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | undefined
  /** What the server refuses with 429 it has not done, and is asked for again. Default: only if the method can be repeated. */
  readonly repeatsRefused?: true
}

/** What a server answered, redirects followed. */
export interface HttpAnswer {
  /** Where the answer came from. */
  readonly url: URL
  /** Of the last request: a redirect can turn a POST into a GET. */
  readonly method: string
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly bytes: Buffer
  /** The body is longer than `policy.maxOutputBytes`, and the rest was not read. */
  readonly isCut: boolean
}

const MAX_REDIRECTS = 5

/** Longer waits are for the retry policy of the state, which can be seen and interrupted. */
const LONGEST_WAIT_MS = 60_000

/**
 * Sends a request as the policy allows it, with the secrets of the call's integration for that integration's address and
 * no other. Follows redirects, each decided anew. What an integration answers with 429, or with 5xx, is asked for again as often as its
 * option `retries` says, if the method can be repeated without doing a thing twice.
 *
 * Fails with a `StepFailure`: `tool-refused`, `tool-timeout`, `tool-failed`, `integration-secret-missing`. An answer with an
 * error status is an answer.
 */
export async function sendHttp(call: HttpCall, context: ToolContext): Promise<HttpAnswer> {
  const { integration } = context
  const auth = integration && authOf(integration)
  const tries = integration ? 1 + Number(integration.options.retries ?? 0) : 1
  const timeout = AbortSignal.timeout(context.policy.timeoutMs)
  const signal = AbortSignal.any([context.signal, timeout])
  try {
    for (let attempt = 1; ; attempt++) {
      const answer = await follow(call, { context, auth, signal })
      const waitMs = attempt < tries && shouldRepeat(call, answer) ? waitOf(answer, attempt) : Infinity
      if (waitMs > LONGEST_WAIT_MS) return answer
      await context.sleep(waitMs, signal)
    }
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason
    if (timeout.aborted) {
      throw new StepFailure(
        'tool-timeout',
        `${call.tool}: ${call.url.host} took longer than ${context.policy.timeoutMs} ms`,
        { blame: 'tool', retryable: isRepeatable(call.method) },
      )
    }
    throw error
  }
}

/** Whether the server is too busy, or does not work, and a later request may fare better. */
export function isBusy({ status, headers }: Pick<HttpAnswer, 'status' | 'headers'>): boolean {
  if (status === 408 || status === 429 || (status >= 500 && status !== 501)) return true
  // GitHub's limits of requests.
  return status === 403 && (headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0')
}

/** Whether doing it twice is the same as doing it once. Source: RFC 9110, section 9.2.2. */
export function isRepeatable(method: string): boolean {
  return ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'].includes(method)
}

function shouldRepeat({ repeatsRefused }: HttpCall, answer: HttpAnswer): boolean {
  return isBusy(answer) && (isRepeatable(answer.method) || (repeatsRefused === true && answer.status === 429))
}

function waitOf({ headers }: HttpAnswer, attempt: number): number {
  return retryAfterMs(headers['retry-after']) ?? 1000 * 2 ** (attempt - 1)
}

interface Journey {
  readonly context: ToolContext
  readonly auth: HttpAuth | undefined
  readonly signal: AbortSignal
}

async function follow(call: HttpCall, { context, auth, signal }: Journey): Promise<HttpAnswer> {
  let { url, method, body } = call
  const { tool } = call
  const headers = { ...call.headers }
  for (let hop = 0; ; hop++) {
    const { allowsPrivate } = decideUrl(url, context.policy.allowedHosts, tool)
    // Chosen anew for every redirect: a secret does not follow to another origin.
    const secrets = auth?.origin === url.origin ? auth : undefined
    const answer = await send({
      tool,
      url: withQuery(url, secrets?.query ?? {}),
      method,
      headers: { ...headers, ...secrets?.headers },
      body,
      allowsPrivate,
      maxBytes: context.policy.maxOutputBytes,
      signal,
    })
    const { location } = answer.headers
    if (answer.status < 300 || answer.status > 399 || answer.status === 304 || location === undefined) {
      return { url, method, ...answer }
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
}

function withQuery(url: URL, query: Readonly<Record<string, string>>): URL {
  const complete = new URL(url)
  for (const [name, value] of Object.entries(query)) complete.searchParams.set(name, value)
  return complete
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

type Answer = Pick<HttpAnswer, 'status' | 'headers' | 'bytes' | 'isCut'>

async function send(request: SendRequest): Promise<Answer> {
  const { tool, url } = request
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (!request.allowsPrivate && isIP(literal) !== 0 && isPrivateAddress(literal))
    throw refusePrivate(tool, url)
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
      lookup: request.allowsPrivate ? undefined : publicLookup(tool, url),
      signal: request.signal,
    })
    outgoing.on('error', (error) => {
      reject(error instanceof StepFailure ? error : networkFailure(request, error))
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
      response.on('error', (error) => reject(networkFailure(request, error)))
    })
    outgoing.end(request.body)
  })
}

/**
 * Name resolution that refuses names which lead into a private network. It is the resolution that the connection uses,
 * so a name that changes its address between a check and the request gains nothing.
 */
function publicLookup(tool: string, url: URL): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '', 0)
        return
      }
      const first = addresses[0]
      if (first === undefined || addresses.some((found) => isPrivateAddress(found.address))) {
        callback(refusePrivate(tool, url) as unknown as NodeJS.ErrnoException, '', 0)
      } else if (options.all === true) {
        callback(null, addresses)
      } else {
        callback(null, first.address, first.family)
      }
    })
  }
}

/** What a `Retry-After` header asks for, in milliseconds. Only the form in seconds: the other one needs a clock that both sides agree on. */
export function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined
}

function refusePrivate(tool: string, url: URL): StepFailure {
  return refusedByPolicy(
    tool,
    `"${url.host}" is an address inside a private network`,
    `If that is wanted, write the host without "*" in ${POLICY_KEYS.hosts}.`,
  )
}

function failed(tool: string, message: string, retryable = false): StepFailure {
  return new StepFailure('tool-failed', `${tool}: ${message}`, { blame: 'tool', retryable })
}

/** A request that never arrived can be sent again, whatever it was to do. */
const NEVER_SENT = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED']

function networkFailure({ tool, url, method }: SendRequest, error: Error): StepFailure {
  const code = (error as NodeJS.ErrnoException).code
  const isSafe = isRepeatable(method) || (code !== undefined && NEVER_SENT.includes(code))
  return failed(tool, describeNetworkError(url.host, error), isSafe)
}

/** Why a server could not be reached, e.g. `example.org refused the connection`. @param host with its port, for people. */
export function describeNetworkError(
  host: string,
  { code, message }: { readonly code?: string | undefined; readonly message: string },
): string {
  const words: Readonly<Record<string, string>> = {
    ENOTFOUND: 'has no address',
    EAI_AGAIN: 'could not be looked up',
    ECONNREFUSED: 'refused the connection',
    ECONNRESET: 'closed the connection',
    EPIPE: 'closed the connection',
    ETIMEDOUT: 'did not answer',
  }
  const known = code === undefined ? undefined : words[code]
  return `${host} ${known ?? `could not be reached: ${code ?? message}`}`
}
