import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A request that the server got. */
export interface ApiRequest {
  /** `METHOD /path?query`, as sent. */
  readonly line: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Parsed where it is JSON. */
  readonly body: unknown
}

/** What it answers: a JSON value, or more of it. */
export type ApiReply =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly text: string }
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly json: unknown }

/** An API on loopback that plays a script. */
export interface ApiServer {
  readonly url: string
  /** In order. */
  readonly requests: readonly ApiRequest[]
  /** `line` and body of each request, a body left out where there is none. */
  readonly told: () => readonly unknown[]
}

/**
 * Starts a server for one test. `replies`: by `METHOD /path` without the query; of several, one for each request and the last
 * for all that come after. What is not asked for in the script gets 404.
 */
export async function startApi(
  replies: Readonly<Record<string, ApiReply | readonly ApiReply[]>>,
): Promise<ApiServer> {
  const requests: ApiRequest[] = []
  const asked = new Map<string, number>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      const line = `${request.method} ${request.url}`
      const isJson = request.headers['content-type']?.includes('json') === true
      requests.push({ line, headers: request.headers, body: isJson ? JSON.parse(text) : text })
      const place = line.replace(/\?.*/, '')
      const count = asked.get(place) ?? 0
      asked.set(place, count + 1)
      const script = [replies[place] ?? { status: 404, json: { message: 'Not Found' } }].flat()
      const reply = script[Math.min(count, script.length - 1)] as ApiReply
      const type = 'json' in reply ? 'application/json' : 'text/plain'
      response.writeHead(reply.status ?? 200, { 'content-type': type, ...reply.headers })
      response.end('json' in reply ? JSON.stringify(reply.json) : reply.text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    told: () => requests.map(({ line, body }) => (body === '' ? line : [line, body])),
  }
}
