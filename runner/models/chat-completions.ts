import type { HttpFetch } from './http-fetch.ts'
import { HttpStatusError, StreamedError } from './model-failure.ts'
import type { ModelEndpoint } from './providers.ts'

/** A server that speaks OpenAI's chat completions interface. Source: "Chat completions", OpenAI API reference. */
export interface ChatServer {
  /** The whole answer: what its JSON says, or its text where it is none. */
  complete(body: object, signal: AbortSignal): Promise<unknown>
  /**
   * The pieces of a streamed answer, in order. Throws a `StreamedError` for a failure that comes as a piece, and a
   * `SyntaxError` for a piece that is no JSON.
   */
  stream(body: object, signal: AbortSignal): AsyncGenerator<unknown, void, undefined>
}

/**
 * The chat completions of an endpoint, with its address and key. Both calls reject with an `HttpStatusError` for an answer
 * that is no success, with what the transport threw, or with the signal's reason. Nothing is tried again.
 */
export function openChatServer(endpoint: ModelEndpoint, transport: HttpFetch): ChatServer {
  const query = Object.entries(endpoint.query ?? {}).map((pair) => pair.map(encodeURIComponent).join('='))
  const url = new URL(`${endpoint.baseUrl.replace(/\/$/, '')}/chat/completions`)
  url.search = query.join('&')
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    'user-agent': 'codemie-ci',
    ...endpoint.credentials().headers,
  }
  const send = async (body: object, signal: AbortSignal) => {
    const request = { method: 'POST', headers, body: JSON.stringify(body), signal, ...NO_REDIRECT }
    const response = await transport(url, request)
    if (response.ok) return response
    throw new HttpStatusError(response.status, response.headers, await response.text())
  }
  return {
    async complete(body, signal) {
      const text = await (await send(body, signal)).text()
      try {
        return JSON.parse(text)
      } catch {
        return text
      }
    },
    async *stream(body, signal) {
      const response = await send({ ...body, stream: true, stream_options: { include_usage: true } }, signal)
      for await (const data of readEvents(response.body)) {
        // What may follow is read, so that the connection can be used again.
        if (data.startsWith('[DONE]')) continue
        const piece = JSON.parse(data)
        if (piece?.error) throw new StreamedError(piece.error)
        yield piece
      }
    },
  }
}

/** For a transport that is a web `fetch`; ours never follows one. */
const NO_REDIRECT: object = { redirect: 'manual' }

/** The data of server-sent events; one that is not complete is dropped. Source: "Server-sent events", HTML standard. */
async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  let data: string[] = []
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true })
    // A carriage return that came last may be half of a line's end.
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
      if (line !== '' || data.length === 0) continue
      yield data.join('\n')
      data = []
    }
  }
  if (rest === '\r' && data.length > 0) yield data.join('\n')
}
