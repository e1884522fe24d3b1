import { type ClientRequestArgs, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'
import { TransportError } from './transport-error.ts'

/** What a request tells the agent beside Node's own options. */
export interface TunnelRequest {
  /** When it aborts while the tunnel is being made, nobody wants the tunnel any more. */
  readonly abandoned: AbortSignal | undefined
}

/** Reaches https addresses through a proxy: asks it for a tunnel (`CONNECT`) and speaks TLS inside. */
export class TunnelAgent extends HttpsAgent {
  readonly #proxy: URL
  readonly #authorization: string | undefined
  readonly #timeoutMs: number

  constructor(
    options: ConstructorParameters<typeof HttpsAgent>[0],
    proxy: URL,
    authorization: string | undefined,
    timeoutMs: number,
  ) {
    super(options)
    this.#proxy = proxy
    this.#authorization = authorization
    this.#timeoutMs = timeoutMs
  }

  override createConnection(
    options: ClientRequestArgs & Partial<TunnelRequest>,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): Duplex {
    const { abandoned } = options
    const done = (error: Error | null, socket?: Duplex) => {
      abandoned?.removeEventListener('abort', giveUp)
      ;(callback as (error: Error | null, socket?: Duplex) => void)(error, socket)
    }
    const host = String(options.host)
    const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${options.port}`
    const send = this.#proxy.protocol === 'https:' ? requestHttps : requestHttp
    const ask = send({
      host: this.#proxy.hostname.replace(/^\[|\]$/g, ''),
      port: this.#proxy.port || (this.#proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: authority,
      agent: false,
      timeout: this.#timeoutMs,
      headers: {
        host: authority,
        ...(this.#authorization ? { 'proxy-authorization': this.#authorization } : {}),
      },
    })
    const giveUp = () => ask.destroy(new TransportError('proxy-unreachable', 'the request was given up'))
    abandoned?.addEventListener('abort', giveUp, { once: true })
    ask.once('connect', (response, socket) => {
      if (response.statusCode !== 200) {
        socket.destroy()
        const refused = `the proxy ${this.#proxy.host} answered ${response.statusCode} to the request for a tunnel to ${authority}`
        done(
          new TransportError(response.statusCode === 407 ? 'proxy-unauthorized' : 'proxy-refused', refused),
        )
        return
      }
      socket.setTimeout(0)
      const secure = tlsConnect({
        ...(options as object),
        socket,
        ...(isIP(host) ? {} : { servername: host }),
      })
      secure.setTimeout(this.#timeoutMs, () => {
        secure.destroy(new TransportError('connect-timeout', 'no TLS connection through the proxy in time'))
      })
      secure.once('secureConnect', () => {
        secure.setTimeout(0)
        secure.removeAllListeners('timeout')
        secure.removeListener('error', done)
        done(null, secure)
      })
      secure.once('error', done)
    })
    ask.once('timeout', () => ask.destroy(new TransportError('connect-timeout', 'the proxy did not answer')))
    ask.once('error', (error: NodeJS.ErrnoException) =>
      done(
        error instanceof TransportError
          ? error
          : new TransportError('proxy-unreachable', `the proxy ${this.#proxy.host} cannot be reached`, error),
      ),
    )
    ask.end()
    // Nothing yet: the agent then waits for the callback. Its type does not know this documented way.
    return undefined as unknown as Duplex
  }
}
