import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { pipeline, Readable, Transform } from 'node:stream'
import type { FetchLike } from '@modelcontextprotocol/client'
import { StepFailure } from '../failure.ts'
import { MAX_MESSAGE_BYTES } from '../process/message-program.ts'
import { POLICY_KEYS } from '../tools/define-tool.ts'
import { describeNetworkError } from '../tools/http-send.ts'
import { publicLookup } from '../tools/public-lookup.ts'
import { decideAddress, type McpPolicy, serverTitle } from './policy.ts'

/**
 * The `fetch` with which a server is reached: it decides about every address anew, redirects included, hands a redirect
 * back instead of following it, looks names up as the HTTP tools do, and ends an answer that grows too long.
 *
 * Rejects with a `StepFailure`: `tool-refused` or `mcp-server-unreachable`, or with the reason of the request's signal.
 */
export function createServerFetch(server: string, policy: McpPolicy): FetchLike {
  return async (address, init = {}) => {
    const url = new URL(address)
    const { allowsPrivate } = decideAddress(url.href, policy, server)
    const lookup = allowsPrivate ? undefined : publicLookup(url, serverTitle(server), POLICY_KEYS.mcpHosts)
    const { signal } = init
    signal?.throwIfAborted()
    return await new Promise<Response>((resolve, reject) => {
      const start = url.protocol === 'https:' ? httpsRequest : httpRequest
      const outgoing = start(url, {
        method: init.method ?? 'GET',
        headers: {
          'user-agent': 'codemie-ci',
          ...Object.fromEntries(new Headers(init.headers)),
          'accept-encoding': 'identity',
        },
        // A kept connection would skip the check of the address.
        agent: false,
        lookup,
        ...(signal ? { signal } : {}),
      })
      outgoing.on('error', (error) => reject(signal?.aborted ? signal.reason : failureOf(server, url, error)))
      outgoing.on('response', (incoming) => {
        const { statusCode: status = 502, statusMessage: statusText = '' } = incoming
        const headers = new Headers()
        for (const [name, value] of Object.entries(incoming.headers))
          if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
        const hasBody = status !== 204 && status !== 205 && status !== 304
        if (!hasBody) incoming.resume()
        // What ends the one ends the other; the reader is told.
        const kept = hasBody ? pipeline(incoming, limited(server), () => {}) : null
        const body = kept && (Readable.toWeb(kept) as ReadableStream<Uint8Array>)
        resolve(new Response(body, { status, statusText, headers }))
      })
      outgoing.end(typeof init.body === 'string' ? init.body : undefined)
    })
  }
}

/** Passes on what a server sends, up to the longest message. */
function limited(server: string): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      done(
        bytes > MAX_MESSAGE_BYTES
          ? new Error(`${serverTitle(server)} sent more than ${MAX_MESSAGE_BYTES / 1024 / 1024} MiB`)
          : null,
        chunk,
      )
    },
  })
}

function failureOf(server: string, url: URL, error: Error): StepFailure {
  if (error instanceof StepFailure) return error
  return new StepFailure(
    'mcp-server-unreachable',
    `${serverTitle(server)}: ${describeNetworkError(url.host, error)}`,
    { blame: 'tool', retryable: true, cause: error },
  )
}
