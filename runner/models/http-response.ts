import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { Limits } from './http-fetch.ts'
import { TransportError } from './transport-error.ts'

/** The headers of an answer; names in any case, several values joined by `, `. */
export class HttpHeaders {
  readonly #headers: IncomingHttpHeaders

  constructor(headers: IncomingHttpHeaders) {
    this.#headers = headers
  }

  get(name: string): string | null {
    const value = this.#headers[name.toLowerCase()]
    return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  *entries(): IterableIterator<[string, string]> {
    for (const name of Object.keys(this.#headers)) yield [name, this.get(name) ?? '']
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries()
  }
}

/**
 * An answer as `createHttpFetch` gives it: the members of the web's `Response` that matter to a caller of an API. The
 * body can be read once, as text, JSON or piece by piece; it has to be read or cancelled, or its connection stays taken.
 */
export class HttpResponse {
  readonly url: string
  readonly status: number
  readonly statusText: string
  readonly headers: HttpHeaders
  readonly body: HttpBody

  /** @internal Made by `createHttpFetch`. */
  constructor(
    url: string,
    request: ClientRequest,
    response: IncomingMessage,
    signal: AbortSignal | undefined,
    limits: Limits,
  ) {
    this.url = url
    this.status = response.statusCode ?? 0
    this.statusText = response.statusMessage ?? ''
    this.headers = new HttpHeaders(response.headers)
    this.body = new HttpBody(request, response, signal, limits)
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get bodyUsed(): boolean {
    return this.body.used
  }

  text(): Promise<string> {
    return this.body.text()
  }

  /** Rejects with a `SyntaxError` when the body is no JSON. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.body.text())
  }
}

/** The pieces of a body, in order. Reading rejects with the signal's reason or with a `TransportError`. */
export class HttpBody implements AsyncIterable<Uint8Array> {
  readonly #request: ClientRequest
  readonly #response: IncomingMessage
  readonly #signal: AbortSignal | undefined
  readonly #limits: Limits
  #failure: unknown
  #timer: NodeJS.Timeout | undefined
  #used = false

  /** @internal */
  constructor(
    request: ClientRequest,
    response: IncomingMessage,
    signal: AbortSignal | undefined,
    limits: Limits,
  ) {
    this.#request = request
    this.#response = response
    this.#signal = signal
    this.#limits = limits
    signal?.addEventListener('abort', this.#abort, { once: true })
    response.once('close', () => {
      clearTimeout(this.#timer)
      signal?.removeEventListener('abort', this.#abort)
    })
    // Without a listener a connection lost between two reads would end the process.
    response.on('error', () => {})
  }

  get used(): boolean {
    return this.#used
  }

  async text(): Promise<string> {
    const stream = await this.#open()
    const pieces: Buffer[] = []
    let size = 0
    this.#watch()
    return new Promise((resolve, reject) => {
      stream.on('data', (piece: Buffer) => {
        size += piece.length
        pieces.push(piece)
        this.#timer?.refresh()
        if (size > this.#limits.maxBodyBytes) this.#destroy(tooLarge(this.#limits.maxBodyBytes))
      })
      stream.once('end', () => {
        clearTimeout(this.#timer)
        if (this.#failure !== undefined) reject(this.#failure)
        else resolve((pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)).toString('utf8'))
      })
      stream.once('error', (error) => reject(this.#explain(error)))
      // `close` without `end`: destroyed by us, or cut off; after `end` the promise is settled already.
      stream.once('close', () => stream.readableEnded || reject(this.#explain(undefined)))
    })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const stream = await this.#open()
    let size = 0
    try {
      this.#watch()
      for await (const piece of stream as AsyncIterable<Buffer>) {
        clearTimeout(this.#timer)
        size += piece.length
        if (size > this.#limits.maxBodyBytes) throw tooLarge(this.#limits.maxBodyBytes)
        yield piece
        this.#watch()
      }
      if (this.#failure !== undefined) throw this.#failure
    } catch (error) {
      throw this.#explain(error)
    } finally {
      clearTimeout(this.#timer)
      if (!this.#response.complete) this.#request.destroy()
    }
  }

  /** Gives the rest of the body up, and its connection with it. */
  async cancel(): Promise<void> {
    this.#used = true
    clearTimeout(this.#timer)
    this.#request.destroy()
  }

  readonly #abort = () => this.#destroy(this.#signal?.reason)

  #destroy(reason: unknown): void {
    this.#failure ??= reason
    this.#request.destroy()
    this.#response.destroy()
  }

  /** Starts the clock for the next piece; it stands still while nobody reads. */
  #watch(): void {
    clearTimeout(this.#timer)
    const { idleTimeoutMs } = this.#limits
    this.#timer = setTimeout(() => {
      const message = `the answer stopped: nothing came for ${Math.round(idleTimeoutMs / 100) / 10} s`
      this.#destroy(new TransportError('idle-timeout', message))
    }, idleTimeoutMs)
  }

  async #open(): Promise<Readable> {
    if (this.#used) throw new TypeError('The body has been read already')
    this.#used = true
    if (this.#signal?.aborted) throw this.#signal.reason
    const encoding = this.#response.headers['content-encoding']?.trim().toLowerCase()
    if (encoding === undefined || encoding === '' || encoding === 'identity') return this.#response
    const zlib = await import('node:zlib')
    const decoders: Record<string, (() => NodeJS.ReadWriteStream) | undefined> = {
      gzip: zlib.createGunzip,
      'x-gzip': zlib.createGunzip,
      deflate: zlib.createInflate,
      br: zlib.createBrotliDecompress,
    }
    const create = decoders[encoding]
    if (!create) {
      this.#request.destroy()
      throw new TransportError(
        'body-undecodable',
        `the answer is compressed in an unknown way (${encoding.slice(0, 40)})`,
      )
    }
    const decoder = create() as unknown as Readable & NodeJS.WritableStream
    this.#response.once('close', () => {
      if (!this.#response.complete) decoder.destroy(new Error('aborted'))
    })
    return this.#response.pipe(decoder)
  }

  #explain(error: unknown): unknown {
    if (this.#signal?.aborted) return this.#signal.reason
    if (this.#failure !== undefined) return this.#failure
    if (error instanceof TransportError) return error
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code.startsWith('Z_') || code.startsWith('ERR__ERROR_')) {
      return new TransportError('body-undecodable', 'the compressed answer is damaged', error)
    }
    return new TransportError('body-cut-off', 'the connection was lost in the middle of the answer', error)
  }
}

function tooLarge(limit: number): TransportError {
  return new TransportError('body-too-large', `the answer is longer than ${limit} bytes`)
}
