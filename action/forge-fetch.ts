import { createHttpFetch, type HttpFetchInit } from '../runner/models/http-fetch.ts'
import type { HttpHeaders } from '../runner/models/http-response.ts'
import type { World } from '../runner/world.ts'

/** An answer, read to its end. */
export interface ForgeAnswer {
  readonly url: string
  readonly status: number
  readonly headers: HttpHeaders
  text(): Promise<string>
  arrayBuffer(): Promise<ArrayBufferLike>
}

/** The forge sends on whoever asks for a repository by its former name. */
const MOVED: ReadonlySet<number> = new Set([301, 302, 307, 308])
const MOST_MOVES = 3

/**
 * The part of `fetch` that Octokit uses, over the transport that the models have: proxies are used as for them, and neither
 * Node's own client nor a second one has to be loaded. A redirect is followed with the same method and body, as GitHub asks
 * for, but only to the same origin: the token goes nowhere else.
 */
export function createForgeFetch({ env }: Pick<World, 'env'>) {
  const send = createHttpFetch({ env })
  return async (url: string, init?: HttpFetchInit): Promise<ForgeAnswer> => {
    for (let place = url, moves = 0; ; moves++) {
      const { status, headers, body } = await send(place, init)
      const text = await body.text()
      const next = MOVED.has(status) ? headers.get('location') : null
      if (next === null) {
        return {
          url: place,
          status,
          headers,
          text: async () => text,
          arrayBuffer: async () => new TextEncoder().encode(text).buffer,
        }
      }
      const target = new URL(next, place)
      if (target.origin !== new URL(url).origin) throw new Error(`it sends us on to ${target.origin}`)
      if (moves === MOST_MOVES) throw new Error(`it sends us on more than ${MOST_MOVES} times`)
      place = target.href
    }
  }
}
