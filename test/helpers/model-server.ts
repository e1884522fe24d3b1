import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

/** What the server answers to one chat completion request. Everything is optional; `{}` says `"ok"`. */
export interface ScriptedReply {
  /** Default `"ok"`, or `""` when there are tool calls. */
  readonly text?: string
  /** Pieces of the text when the answer is streamed. Default: one piece for every word. */
  readonly chunks?: readonly string[]
  /** `args` is sent as JSON text; a string is sent as it is, to play a model that writes bad JSON. */
  readonly toolCalls?: readonly { readonly name: string; readonly args: unknown; readonly id?: string }[]
  /** Default 10 in, 5 out, none cached; `null`: the answer does not say. */
  readonly usage?: { readonly input: number; readonly output: number; readonly cached?: number } | null
  /** Default `stop`, or `tool_calls`; `null`: left out. */
  readonly finishReason?: string | null
  readonly refusal?: string
  /** Name of the model in the answer. Default: the one asked for. */
  readonly model?: string
  /** With another status than 200 the body is `body`, or an error object that says `text`. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The exact body, whatever was asked for. An object is sent as JSON. */
  readonly body?: string | object
  /** Fields merged over the `error` object of an answer with another status: `code`, `type`, `param`. */
  readonly error?: Readonly<Record<string, unknown>>
  /**
   * `refuse`: the connection is dropped before an answer. `cut`: it is dropped in the middle of one. `hang`: nothing is
   * sent until the server closes. `hang-in-body`: the answer begins and does not go on.
   */
  readonly trouble?: 'refuse' | 'cut' | 'hang' | 'hang-in-body'
  /** The answer waits for this; see `createGate`. */
  readonly after?: Promise<unknown>
}

/** A request as the server got it. */
export interface ReceivedRequest {
  /** Place in the order of arrival, from 0. */
  readonly index: number
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** The parsed body. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they please
  readonly body: any
  /** Content of the last message of role `user`, `""` for none. */
  readonly lastUserMessage: string
  readonly isStream: boolean
}

/** Which requests a scripted reply is for: text that the last user message holds, a pattern of it, or any test. */
export type RequestMatch = string | RegExp | ((request: ReceivedRequest) => boolean)

/** A fixed reply, or one made from the request. */
export type ReplyScript = ScriptedReply | string | ((request: ReceivedRequest) => ScriptedReply | string)

export interface ModelServer {
  /** Base URL for a client, ending in `/v1`. */
  readonly url: string
  /** Chat completion requests in the order of arrival. */
  readonly requests: readonly ReceivedRequest[]
  /** Answers being worked on now, and the most there ever were at once. */
  readonly inFlight: number
  readonly maxInFlight: number
  /** Connections accepted so far. */
  readonly connections: number
  /** Adds replies that are given in this order to requests that no `when` matches. */
  reply(...scripts: ReplyScript[]): void
  /** Adds replies for matching requests, given in this order; rules are tried in the order they were added. */
  when(match: RequestMatch, ...scripts: ReplyScript[]): void
  /** The reply to every request that finds no other; it may go unused. */
  otherwise(script: ReplyScript): void
  /** What `GET /models` answers. Default: a list with `test-model`. */
  models(script: ScriptedReply): void
  /** Resolves when that many chat completion requests have arrived. */
  waitForRequests(count: number): Promise<void>
  /** Throws when a request found no reply, or a scripted reply was never asked for. */
  assertDone(): void
  /** Drops every connection. */
  close(): Promise<void>
}

/** Something to wait for that the test lets through when it likes. */
export function createGate(): { readonly passed: Promise<void>; open(): void } {
  let open = () => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open }
}

/**
 * Starts a server on the loopback that speaks OpenAI's chat completions and answers as scripted, streamed or not as the
 * request wants. A request without a reply is answered with a final error (400, code `unscripted`) and fails
 * `assertDone()`.
 */
export async function startModelServer(
  options: { readonly tls?: { readonly key: string; readonly cert: string } } = {},
): Promise<ModelServer> {
  const requests: ReceivedRequest[] = []
  const unasked: ReceivedRequest[] = []
  const queue: ReplyScript[] = []
  const rules: { match: RequestMatch; scripts: ReplyScript[] }[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const sockets = new Set<Socket>()
  let fallback: ReplyScript | undefined
  let modelList: ScriptedReply = { body: { object: 'list', data: [{ id: 'test-model', object: 'model' }] } }
  let inFlight = 0
  let maxInFlight = 0
  let connections = 0

  const pick = (request: ReceivedRequest): ScriptedReply => {
    const rule = rules.find((one) => one.scripts.length > 0 && isMatch(one.match, request))
    const script = rule?.scripts.shift() ?? queue.shift() ?? fallback
    if (script === undefined) {
      unasked.push(request)
      return { status: 400, text: 'no scripted reply for this request', error: { code: 'unscripted' } }
    }
    const reply = typeof script === 'function' ? script(request) : script
    return typeof reply === 'string' ? { text: reply } : reply
  }

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await readAll(incoming)
    if (incoming.method === 'GET') {
      await send(modelList, undefined, response)
      return
    }
    const request = receive(incoming, text, requests.length)
    requests.push(request)
    inFlight++
    maxInFlight = Math.max(maxInFlight, inFlight)
    for (const one of waiting.filter(({ count }) => requests.length >= count)) one.resolve()
    response.once('close', () => {
      inFlight--
    })
    await send(pick(request), request, response)
  }

  const handle = (incoming: IncomingMessage, response: ServerResponse): void => {
    answer(incoming, response).catch(() => response.destroy())
  }
  const server = options.tls ? createTlsServer(options.tls, handle) : createServer(handle)
  server.keepAliveTimeout = 0
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}/v1`,
    requests,
    get inFlight() {
      return inFlight
    },
    get maxInFlight() {
      return maxInFlight
    },
    get connections() {
      return connections
    },
    reply: (...scripts) => {
      queue.push(...scripts)
    },
    when: (match, ...scripts) => {
      rules.push({ match, scripts })
    },
    otherwise: (script) => {
      fallback = script
    },
    models: (script) => {
      modelList = script
    },
    waitForRequests: (count) =>
      requests.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push({ count, resolve })
          }),
    assertDone() {
      const unused = queue.length + rules.reduce((sum, rule) => sum + rule.scripts.length, 0)
      const lines = [
        ...unasked.map(
          (request) =>
            `request ${request.index} had no scripted reply: ${request.lastUserMessage.slice(0, 200)}`,
        ),
        ...(unused > 0 ? [`${unused} scripted replies were never asked for`] : []),
        ...rules
          .filter((rule) => rule.scripts.length > 0)
          .map((rule) => `  for requests matching ${String(rule.match)}`),
      ]
      if (lines.length > 0) throw new Error(`The model script was not followed:\n${lines.join('\n')}`)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function receive(incoming: IncomingMessage, text: string, index: number): ReceivedRequest {
  const body = JSON.parse(text)
  const users = (body.messages ?? []).filter((message: { role: string }) => message.role === 'user')
  const content = users.at(-1)?.content ?? ''
  return {
    index,
    path: incoming.url ?? '',
    headers: incoming.headers,
    body,
    lastUserMessage: typeof content === 'string' ? content : JSON.stringify(content),
    isStream: body.stream === true,
  }
}

function isMatch(match: RequestMatch, request: ReceivedRequest): boolean {
  if (typeof match === 'function') return match(request)
  if (typeof match === 'string') return request.lastUserMessage.includes(match)
  return new RegExp(match.source, match.flags.replace(/[gy]/g, '')).test(request.lastUserMessage)
}

async function send(
  reply: ScriptedReply,
  request: ReceivedRequest | undefined,
  response: ServerResponse,
): Promise<void> {
  await reply.after
  if (reply.trouble === 'hang') return
  if (reply.trouble === 'refuse') {
    response.destroy()
    return
  }
  const status = reply.status ?? 200
  const isStream = request?.isStream === true && status === 200 && reply.body === undefined
  const pieces = isStream ? streamPieces(reply, request) : [wholeBody(reply, request, status)]
  const type = isStream ? 'text/event-stream' : 'application/json'
  response.writeHead(status, { 'content-type': type, ...reply.headers })
  if (reply.trouble === undefined) {
    for (const piece of pieces) response.write(piece)
    response.end()
    return
  }
  // Half of the pieces, or of the only one.
  const half =
    pieces.length > 1
      ? pieces.slice(0, Math.ceil(pieces.length / 2)).join('')
      : (pieces[0] ?? '').slice(0, Math.ceil((pieces[0] ?? '').length / 2))
  response.write(half, () => {
    if (reply.trouble === 'cut') response.destroy()
  })
}

function wholeBody(reply: ScriptedReply, request: ReceivedRequest | undefined, status: number): string {
  if (typeof reply.body === 'string') return reply.body
  if (reply.body !== undefined) return JSON.stringify(reply.body)
  if (status !== 200) {
    return JSON.stringify({
      error: { message: reply.text ?? 'scripted failure', type: null, ...reply.error },
    })
  }
  const finishReason = finishReasonOf(reply)
  return JSON.stringify({
    ...envelope(reply, request, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: textOf(reply) === '' ? null : textOf(reply),
          refusal: reply.refusal ?? null,
          ...(reply.toolCalls ? { tool_calls: toolCallsOf(reply) } : {}),
        },
        ...(finishReason === null ? {} : { finish_reason: finishReason }),
      },
    ],
    ...usageOf(reply),
  })
}

function streamPieces(reply: ScriptedReply, request: ReceivedRequest): string[] {
  const base = envelope(reply, request, 'chat.completion.chunk')
  const chunk = (delta: object, finish: string | null = null) => ({
    ...base,
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  const text = textOf(reply)
  const words = reply.chunks ?? (text === '' ? [] : (text.match(/\S+\s*|\s+/g) ?? [text]))
  const calls = toolCallsOf(reply).flatMap((call, index) => {
    const { arguments: args, name } = call.function
    const middle = Math.ceil(args.length / 2)
    return [
      { tool_calls: [{ index, id: call.id, type: 'function', function: { name, arguments: '' } }] },
      { tool_calls: [{ index, function: { arguments: args.slice(0, middle) } }] },
      { tool_calls: [{ index, function: { arguments: args.slice(middle) } }] },
    ]
  })
  const finishReason = finishReasonOf(reply)
  const chunks: object[] = [
    chunk({ role: 'assistant', content: '' }),
    ...words.map((content) => chunk({ content })),
    ...(reply.refusal === undefined ? [] : [chunk({ refusal: reply.refusal })]),
    ...calls.map((delta) => chunk(delta)),
    ...(finishReason === null ? [] : [chunk({}, finishReason)]),
    ...(request.body.stream_options?.include_usage && reply.usage !== null
      ? [{ ...base, choices: [], ...usageOf(reply) }]
      : []),
  ]
  return [...chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`), 'data: [DONE]\n\n']
}

function envelope(reply: ScriptedReply, request: ReceivedRequest | undefined, object: string) {
  return {
    id: `chatcmpl-${request?.index ?? 0}`,
    object,
    created: 0,
    model: reply.model ?? request?.body.model,
  }
}

function textOf(reply: ScriptedReply): string {
  const isSilent = reply.toolCalls !== undefined || reply.refusal !== undefined
  return reply.text ?? reply.chunks?.join('') ?? (isSilent ? '' : 'ok')
}

function finishReasonOf(reply: ScriptedReply): string | null {
  return reply.finishReason === undefined ? (reply.toolCalls ? 'tool_calls' : 'stop') : reply.finishReason
}

function toolCallsOf(reply: ScriptedReply) {
  return (reply.toolCalls ?? []).map((call, index) => ({
    id: call.id ?? `call_${index + 1}`,
    type: 'function',
    function: {
      name: call.name,
      arguments: typeof call.args === 'string' ? call.args : JSON.stringify(call.args),
    },
  }))
}

function usageOf(reply: ScriptedReply): object {
  if (reply.usage === null) return {}
  const { input, output, cached = 0 } = reply.usage ?? { input: 10, output: 5 }
  return {
    usage: {
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
      prompt_tokens_details: { cached_tokens: cached },
    },
  }
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of incoming) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('utf8')
}
