import {
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { crc32 } from 'node:zlib'

/** One event of the answer of a flow: `['flowOutputEvent', {…}]`; with an exception of that name where it ends in one. */
export type FlowEvent = readonly [name: string, payload: unknown]

/** How the server answers one call of a flow. */
export type FlowAnswer =
  | { readonly events: readonly FlowEvent[] }
  /** An answer of HTTP with an error. */
  | { readonly status: number; readonly error: string; readonly message: string }
  /** The connection is closed without an answer. */
  | 'hang-up'

/** A loopback server that speaks as InvokeFlow of AWS Bedrock does. */
export interface BedrockServer {
  readonly url: string
  readonly requests: readonly {
    readonly path: string
    readonly body: unknown
    readonly authorization: string
    readonly token: string | undefined
  }[]
  answer(...answers: readonly FlowAnswer[]): void
  close(): Promise<void>
}

/** Starts one, with HTTP/2 in the clear. A call without an answer gets a 500 that says so. */
export async function startBedrockServer(): Promise<BedrockServer> {
  const answers: FlowAnswer[] = []
  const requests: BedrockServer['requests'][number][] = []
  const server = createServer(async (request, response) => {
    const body: unknown = JSON.parse(await textOf(request))
    const token = request.headers['x-amz-security-token']
    requests.push({
      path: request.url ?? '',
      body,
      authorization: request.headers.authorization ?? '',
      token: typeof token === 'string' ? token : undefined,
    })
    respond(
      response,
      answers.shift() ?? { status: 500, error: 'InternalServerException', message: 'unasked' },
    )
  })
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => void sessions.add(session))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: (...more) => void answers.push(...more),
    close: async () => {
      for (const session of sessions) session.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function textOf(request: Http2ServerRequest): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}

function respond(response: Http2ServerResponse, answer: FlowAnswer): void {
  if (answer === 'hang-up') response.stream.session?.destroy()
  else if ('status' in answer) {
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      'x-amzn-errortype': answer.error,
    })
    response.end(JSON.stringify({ message: answer.message }))
  } else {
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' })
    for (const [name, payload] of answer.events) response.write(messageOf(name, payload))
    response.end()
  }
}

/** A message of the event stream. Source: "Amazon event stream encoding". */
function messageOf(name: string, payload: unknown): Buffer {
  const isException = name.endsWith('Exception')
  const headers = Buffer.concat([
    headerOf(':message-type', isException ? 'exception' : 'event'),
    headerOf(isException ? ':exception-type' : ':event-type', name),
    headerOf(':content-type', 'application/json'),
  ])
  const body = Buffer.from(JSON.stringify(payload))
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(12 + headers.length + body.length + 4, 0)
  prelude.writeUInt32BE(headers.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const message = Buffer.concat([prelude, headers, body])
  const end = Buffer.alloc(4)
  end.writeUInt32BE(crc32(message))
  return Buffer.concat([message, end])
}

function headerOf(name: string, value: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(Buffer.byteLength(value))
  // 7 is the type of a text.
  return Buffer.concat([
    Buffer.from([name.length]),
    Buffer.from(name),
    Buffer.from([7]),
    length,
    Buffer.from(value),
  ])
}
