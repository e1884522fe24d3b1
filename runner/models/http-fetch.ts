import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { type RequestOptions, request as requestHttps } from 'node:https'
import { HttpResponse } from './http-response.ts'
import { AgentPool, type ExtraCertificates } from './proxy-agents.ts'
import { TransportError } from './transport-error.ts'
import type { TunnelRequest } from './tunnel-agent.ts'

/** Ten minutes: a model may think that long before it says anything. */
export const defaultAnswerTimeoutMs = 600_000

export interface HttpFetchOptions {
  /** Where the proxy variables are read from. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** PEM certificates to trust beside Node's own. Without it, Node's own and `NODE_EXTRA_CA_CERTS` count. */
  readonly certificates?: ExtraCertificates
  /** Until the connection stands: name look-up, TCP, proxy, TLS. Default 30 s. */
  readonly connectTimeoutMs?: number
  /** From then until the first line of the answer. Default `defaultAnswerTimeoutMs`. */
  readonly answerTimeoutMs?: number
  /** Between two pieces of the answer. Default 3 min. */
  readonly idleTimeoutMs?: number
  /** Longest body accepted, in bytes, after decompression. Default 64 MiB. */
  readonly maxBodyBytes?: number
}

export interface HttpFetchInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | undefined
  readonly signal?: AbortSignal | null | undefined
}

/** The part of `fetch` that the `openai` package uses, with a life: `close()` drops the connections it keeps open. */
export interface HttpFetch {
  (url: string | URL, init?: HttpFetchInit): Promise<HttpResponse>
  close(): void
}

/**
 * A `fetch` on `node:http` and `node:https`: a third of the processor time of the built-in one, whose client is never
 * loaded. Connections are kept open; proxies are honoured (see `proxyFor`); redirects are not followed but handed back
 * as they are, so that a key never travels to another host; answers are decompressed if the server insists.
 *
 * The promise, and the reading of the body, reject with the signal's reason when aborted, else with a `TransportError`.
 * A kept connection that the server had closed meanwhile is replaced once, provided no byte of an answer had come.
 */
export function createHttpFetch(options: HttpFetchOptions = {}): HttpFetch {
  const limits: Limits = {
    connectTimeoutMs: options.connectTimeoutMs ?? 30_000,
    answerTimeoutMs: options.answerTimeoutMs ?? defaultAnswerTimeoutMs,
    idleTimeoutMs: options.idleTimeoutMs ?? 180_000,
    maxBodyBytes: options.maxBodyBytes ?? 64 * 1024 * 1024,
  }
  const pool = (keepAlive: boolean) =>
    new AgentPool({
      env: options.env ?? {},
      certificates: options.certificates,
      connectTimeoutMs: limits.connectTimeoutMs,
      keepAlive,
    })
  const kept = pool(true)
  // A second stale connection must not spoil the one retry, so that one gets a connection of its own.
  const fresh = pool(false)

  const fetch = async (url: string | URL, init: HttpFetchInit = {}): Promise<HttpResponse> => {
    const target = typeof url === 'string' ? new URL(url) : url
    try {
      return await send(target, init, kept, limits)
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error
      return await send(target, init, fresh, limits)
    }
  }
  return Object.assign(fetch, {
    close() {
      kept.close()
      fresh.close()
    },
  })
}

/** What the parts of one exchange have to agree on. */
export interface Limits {
  readonly connectTimeoutMs: number
  readonly answerTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly maxBodyBytes: number
}

/** The server had closed a kept connection before it saw the request. */
class StaleConnection extends Error {}

function send(target: URL, init: HttpFetchInit, pool: AgentPool, limits: Limits): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const { signal } = init
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const route = pool.route(target)
    const headers: Record<string, string | number> = { ...init.headers }
    if (init.body !== undefined) headers['content-length'] = Buffer.byteLength(init.body)
    if (route.proxyAuthorization) headers['proxy-authorization'] = route.proxyAuthorization
    const proxy = route.forwardProxy
    const place = proxy ?? target
    if (proxy) headers.host = target.host

    const start = place.protocol === 'https:' ? requestHttps : requestHttp
    const options: RequestOptions & TunnelRequest = {
      agent: route.agent,
      host: place.hostname.replace(/^\[|\]$/g, ''),
      port: place.port || (place.protocol === 'https:' ? 443 : 80),
      path: proxy ? target.href : `${target.pathname}${target.search}`,
      method: init.method ?? 'GET',
      headers,
      abandoned: signal ?? undefined,
    }
    const request: ClientRequest = start(options)
    let bytesBefore = 0
    let settled = false
    // Destroying a request that has no connection yet emits nothing, so the promise is settled here.
    const stop = (reason: unknown) => {
      settle()
      request.removeListener('error', failed)
      request.on('error', () => {})
      request.destroy()
      reject(reason)
    }
    const abort = () => stop(signal?.reason)
    const settle = () => {
      settled = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    let timer = setTimeout(() => {
      stop(new TransportError('connect-timeout', `no connection after ${seconds(limits.connectTimeoutMs)}`))
    }, limits.connectTimeoutMs)
    const connected = () => {
      if (settled) return
      clearTimeout(timer)
      timer = setTimeout(() => {
        stop(new TransportError('answer-timeout', `no answer after ${seconds(limits.answerTimeoutMs)}`))
      }, limits.answerTimeoutMs)
    }
    signal?.addEventListener('abort', abort, { once: true })

    request.once('socket', (socket) => {
      bytesBefore = socket.bytesRead
      if (request.reusedSocket || !socket.connecting) connected()
      else socket.once(place.protocol === 'https:' ? 'secureConnect' : 'connect', connected)
    })
    request.once('response', (response: IncomingMessage) => {
      settle()
      request.removeListener('error', failed)
      // The body outlives this function: from here the response owns the signal and the clean-up.
      request.on('error', () => {})
      resolve(new HttpResponse(target.href, request, response, signal ?? undefined, limits))
    })
    const failed = (error: NodeJS.ErrnoException) => {
      settle()
      if (error instanceof TransportError) return reject(error)
      const lost = error.code === 'ECONNRESET' || error.code === 'EPIPE'
      if (lost && request.reusedSocket && (request.socket?.bytesRead ?? bytesBefore) === bytesBefore) {
        return reject(new StaleConnection())
      }
      reject(new TransportError('system', error.message || 'the request failed', error))
    }
    request.once('error', failed)
    request.end(init.body)
  })
}

function seconds(ms: number): string {
  return ms >= 1000 ? `${Math.round(ms / 1000)} s` : `${ms} ms`
}
