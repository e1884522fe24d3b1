import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StepFailure } from '../../runner/failure.ts'
import { createModelClient, type ModelClientSettings } from '../../runner/models/client.ts'
import type { ModelRequest } from '../../runner/models/model.ts'
import { AnswerFailure } from '../../runner/models/model-failure.ts'
import {
  createGate,
  type ModelServer,
  type ScriptedReply,
  startModelServer,
} from '../helpers/model-server.ts'

const key = 'sk-canary-1234567890'
let server: ModelServer
let clients: { close(): void }[] = []

beforeEach(async () => {
  server = await startModelServer()
  clients = []
})
afterEach(async () => {
  for (const client of clients) client.close()
  await server.close()
})

function connect(settings: ModelClientSettings = {}, env: Record<string, string> = {}) {
  const client = createModelClient({
    settings,
    env: { OPENAI_API_KEY: key, OPENAI_BASE_URL: server.url, ...env },
    now: () => Date.parse('2026-01-01T00:00:00Z'),
  })
  clients.push(client)
  return client
}

const hello: ModelRequest = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello' }] }

interface CallOptions {
  settings?: ModelClientSettings
  env?: Record<string, string>
  isStream?: boolean
}

/** One call; `streamed` is what `onText` got. */
async function call(request: ModelRequest = hello, { settings, env, isStream }: CallOptions = {}) {
  const streamed: string[] = []
  const signal = new AbortController().signal
  const options = isStream ? { signal, onText: (delta: string) => streamed.push(delta) } : { signal }
  const reply = await connect(settings, env).call(request, options as { signal: AbortSignal })
  return { reply, streamed }
}

async function failureOf(work: Promise<unknown>): Promise<StepFailure> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof StepFailure)) throw error ?? new Error('the call succeeded')
  const shown = JSON.stringify([error.toInfo(), error.stack, String(error.cause)])
  expect(shown).not.toContain(key)
  return error
}

describe.each([
  ['whole', false],
  ['streamed', true],
])('an answer, %s', (_, isStream) => {
  it('with text and usage', async () => {
    server.reply({ text: 'Good day to you', usage: { input: 1000, output: 100, cached: 400 } })
    const { reply, streamed } = await call(hello, { isStream })
    expect(reply).toEqual({
      text: 'Good day to you',
      toolCalls: [],
      finishReason: 'stop',
      usage: { inputTokens: 1000, outputTokens: 100, cachedInputTokens: 400 },
      model: 'openai:gpt-4.1',
      costUsd: expect.closeTo(0.0022, 10),
    })
    expect(streamed.join('')).toBe(isStream ? 'Good day to you' : '')
    expect(streamed.length).toBe(isStream ? 4 : 0)
    expect(server.requests[0]?.body.stream_options).toEqual(isStream ? { include_usage: true } : undefined)
    server.assertDone()
  })

  it('with tool calls', async () => {
    server.reply({
      toolCalls: [
        { name: 'git_log', args: { limit: 3, path: 'ä/b' } },
        { name: 'search', args: '{"broken":', id: 'x' },
      ],
    })
    const { reply, streamed } = await call(hello, { isStream })
    expect(reply).toMatchObject({
      text: '',
      finishReason: 'tool_calls',
      toolCalls: [
        { id: 'call_1', name: 'git_log', arguments: '{"limit":3,"path":"ä/b"}' },
        { id: 'x', name: 'search', arguments: '{"broken":' },
      ],
    })
    expect(streamed).toEqual([])
  })

  it('with letters that are cut between two pieces of the connection', async () => {
    const text = '漢字🐢 '.repeat(3000)
    server.reply({ text })
    const { reply } = await call(hello, { isStream })
    expect(reply.text === text).toBe(true)
  })

  it('that hit its length limit', async () => {
    server.reply({ text: 'half', finishReason: 'length' })
    expect((await call(hello, { isStream })).reply).toMatchObject({ text: 'half', finishReason: 'length' })
  })

  it('from another model than asked, without usage', async () => {
    server.reply({ model: 'gpt-4.1-2025-04-14', usage: null })
    expect((await call(hello, { isStream })).reply).toMatchObject({
      model: 'openai:gpt-4.1-2025-04-14',
      usage: undefined,
      costUsd: undefined,
    })
  })

  it('of a model without a known price', async () => {
    server.reply('ok')
    expect((await call({ ...hello, model: 'my-model' }, { isStream })).reply.costUsd).toBeUndefined()
  })

  it('with a price of the config', async () => {
    server.reply({ usage: { input: 1_000_000, output: 0 } })
    const settings = { prices: { 'my-model': { input: 3, output: 0 } } }
    expect((await call({ ...hello, model: 'my-model' }, { isStream, settings })).reply.costUsd).toBe(3)
  })

  it('that declines', async () => {
    server.reply({ refusal: 'I will not do that.', usage: { input: 1000, output: 100 } })
    const failure = await failureOf(call(hello, { isStream }))
    expect(failure).toBeInstanceOf(AnswerFailure)
    expect(failure).toMatchObject({
      code: 'model-refused',
      blame: 'model',
      retryable: false,
      usage: { inputTokens: 1000, outputTokens: 100 },
      costUsd: expect.closeTo(0.0028, 10),
    })
    expect(failure.message).toContain('I will not do that.')
  })

  it('stopped by a content filter', async () => {
    server.reply({ text: 'some', finishReason: 'content_filter' })
    expect(await failureOf(call(hello, { isStream }))).toMatchObject({
      code: 'model-content-filtered',
      retryable: false,
    })
  })

  it.each<[situation: string, reply: ScriptedReply, code: string, retryable: boolean]>([
    ['refused with 500', { status: 500 }, 'provider-error', true],
    ['connection dropped before it', { trouble: 'refuse' }, 'provider-connection-lost', true],
    [
      'connection dropped in the middle',
      { text: 'one two three', trouble: 'cut' },
      'provider-connection-lost',
      true,
    ],
    [
      'a web page',
      { body: '<!doctype html><title>Login</title>', headers: { 'content-type': 'text/html' } },
      isStream ? 'model-stream-broken' : 'provider-not-a-model-api',
      isStream,
    ],
    [
      'garbage',
      { body: '\u0000\u0001 not json' },
      isStream ? 'model-stream-broken' : 'model-reply-malformed',
      true,
    ],
    [
      'JSON of another kind',
      { body: { hello: 'world' } },
      isStream ? 'model-stream-broken' : 'model-reply-malformed',
      true,
    ],
    [
      'no choices',
      { body: { choices: [] } },
      isStream ? 'model-stream-broken' : 'model-reply-malformed',
      true,
    ],
    [
      'empty',
      { body: '', headers: { 'content-length': '0' } },
      isStream ? 'model-stream-broken' : 'model-reply-malformed',
      true,
    ],
  ])('that is no answer: %s', async (_, reply, code, retryable) => {
    server.reply(reply)
    expect(await failureOf(call(hello, { isStream }))).toMatchObject({ code, retryable })
    expect(server.requests).toHaveLength(1)
  })

  it('that never begins', async () => {
    server.reply({ trouble: 'hang' })
    const failure = await failureOf(call(hello, { isStream, settings: { limits: { answerTimeoutMs: 40 } } }))
    expect(failure).toMatchObject({ code: 'provider-timeout', retryable: true })
    expect(failure.message).toContain('no answer after 40 ms')
  })

  it('that stops in the middle', async () => {
    server.reply({ text: 'one two three', trouble: 'hang-in-body' })
    const failure = await failureOf(call(hello, { isStream, settings: { limits: { idleTimeoutMs: 40 } } }))
    expect(failure).toMatchObject({ code: 'provider-timeout', retryable: true })
    expect(failure.message).toContain('the answer stopped')
  })

  it.each(['hang', 'hang-in-body'] as const)('that takes longer than a call may: %s', async (trouble) => {
    server.reply({ text: 'one two three', trouble })
    const settings = { providers: { slow: { base_url: server.url, timeout_seconds: 0.04 } } }
    const failure = await failureOf(call({ ...hello, model: 'slow:m' }, { isStream, settings }))
    expect(failure).toMatchObject({ code: 'provider-timeout', retryable: true })
    expect(failure.help).toContain('timeout_seconds')
  })

  it('aborted while waiting keeps the reason', async () => {
    const gate = createGate()
    server.reply({ after: gate.passed })
    const controller = new AbortController()
    const reason = new Error('the run was cancelled')
    const work = connect().call(hello, {
      signal: controller.signal,
      ...(isStream ? { onText: () => {} } : {}),
    })
    await server.waitForRequests(1)
    controller.abort(reason)
    await expect(work).rejects.toBe(reason)
    gate.open()
  })

  it('aborted in the middle keeps the reason', async () => {
    server.reply({ text: 'one two three', trouble: 'hang-in-body' })
    const controller = new AbortController()
    const reason = { why: 'budget' }
    const work = connect().call(hello, {
      signal: controller.signal,
      ...(isStream ? { onText: () => controller.abort(reason) } : {}),
    })
    if (!isStream) {
      await server.waitForRequests(1)
      controller.abort(reason)
    }
    await expect(work).rejects.toBe(reason)
  })

  it('aborted before the call is made', async () => {
    const work = connect().call(hello, {
      signal: AbortSignal.abort('gone'),
      ...(isStream ? { onText: () => {} } : {}),
    })
    await expect(work).rejects.toBe('gone')
    expect(server.requests).toHaveLength(0)
  })
})

describe('a stream', () => {
  const event = (value: unknown) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`
  const delta = (content: string, finish: string | null = null) => ({
    choices: [{ index: 0, delta: { content }, finish_reason: finish }],
  })
  const sse = (...events: unknown[]): ScriptedReply => ({
    body: events.map(event).join(''),
    headers: { 'content-type': 'text/event-stream' },
  })

  it.each<[situation: string, reply: ScriptedReply, code: string, retryable: boolean]>([
    ['ends without a finish reason', { finishReason: null }, 'model-stream-broken', true],
    ['holds nothing but its end', sse('[DONE]'), 'model-stream-broken', true],
    [
      'holds a piece that is no JSON',
      sse(delta('a'), '{"choices": [', '[DONE]'),
      'model-stream-broken',
      true,
    ],
    [
      'reports an overload',
      sse(delta('a'), { error: { type: 'overloaded_error', message: 'busy' } }),
      'provider-overloaded',
      true,
    ],
    [
      'reports a failure with a status',
      sse(delta('a'), { error: { code: 429, message: 'slow down' } }),
      'provider-rate-limited',
      true,
    ],
    [
      'reports a failure without a name',
      sse({ error: { message: 'upstream died' } }),
      'provider-error',
      true,
    ],
    [
      'reports a prompt too long',
      sse({ error: { code: 'context_length_exceeded', message: 'x' } }),
      'model-context-exceeded',
      false,
    ],
  ])('that %s', async (_, reply, code, retryable) => {
    server.reply(reply)
    expect(await failureOf(call(hello, { isStream: true }))).toMatchObject({ code, retryable })
  })

  it('without [DONE] is complete when it says why it ended', async () => {
    server.reply(sse(delta('a'), delta('b', 'stop')))
    expect((await call(hello, { isStream: true })).reply.text).toBe('ab')
  })

  it('with comments and running usage', async () => {
    const usage = (n: number) => ({ prompt_tokens: 7, completion_tokens: n, total_tokens: 7 + n })
    server.reply({
      body: `: processing\n\n${event({ ...delta('a'), usage: usage(1) })}: still\n\n${event({ ...delta('b', 'stop'), usage: usage(2) })}`,
      headers: { 'content-type': 'text/event-stream' },
    })
    expect((await call(hello, { isStream: true })).reply.usage?.outputTokens).toBe(2)
  })

  const toolDelta = (...calls: object[]) => ({ choices: [{ index: 0, delta: { tool_calls: calls } }] })
  const a = { name: 'a', arguments: '{"x":' }
  const b = { name: 'b', arguments: '{}' }
  it.each<[string, object[]]>([
    [
      'pieces in turn',
      [
        toolDelta({ index: 0, id: '1', function: a }),
        toolDelta({ index: 1, id: '2', function: b }),
        toolDelta({ index: 0, function: { arguments: '1}' } }),
      ],
    ],
    [
      'no index',
      [
        toolDelta({ id: '1', function: a }),
        toolDelta({ function: { arguments: '1}' } }),
        toolDelta({ id: '2', function: b }),
      ],
    ],
    [
      'index 0 for all',
      [
        toolDelta(
          { index: 0, id: '1', function: { name: 'a', arguments: '{"x":1}' } },
          { index: 0, id: '2', function: b },
        ),
      ],
    ],
  ])('with tool calls: %s', async (_, pieces) => {
    server.reply(sse(...pieces, { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] }))
    expect((await call(hello, { isStream: true })).reply.toolCalls).toEqual([
      { id: '1', name: 'a', arguments: '{"x":1}' },
      { id: '2', name: 'b', arguments: '{}' },
    ])
  })

  it("whose reader fails ends with the reader's error", async () => {
    server.reply({ text: 'one two three', trouble: 'hang-in-body' })
    const mine = Object.assign(new Error('viewer broke'), { code: 'EPIPE' })
    const work = connect().call(hello, {
      signal: new AbortController().signal,
      onText: () => {
        throw mine
      },
    })
    await expect(work).rejects.toBe(mine)
  })
})

describe('a request', () => {
  it('sends the conversation, the tools and the parameters', async () => {
    server.reply('ok')
    await call({
      model: 'openai:gpt-4.1',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'look', arguments: '{}' }] },
        { role: 'tool', toolCallId: 'c1', content: 'seen' },
        { role: 'assistant', content: 'Fine', toolCalls: [] },
      ],
      tools: [{ name: 'look', description: 'Looks', parameters: { type: 'object', properties: {} } }],
      parameters: { temperature: 0.2, max_tokens: 50 },
    })
    const [request] = server.requests
    expect(request?.body).toEqual({
      model: 'gpt-4.1',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'seen' },
        { role: 'assistant', content: 'Fine' },
      ],
      tools: [
        {
          type: 'function',
          function: { name: 'look', description: 'Looks', parameters: { type: 'object', properties: {} } },
        },
      ],
      temperature: 0.2,
      max_completion_tokens: 50,
    })
    expect(request?.path).toBe('/v1/chat/completions')
  })

  it('sends no header but ours, whatever the process has in its environment', async () => {
    process.env.OPENAI_CUSTOM_HEADERS = 'x-leak: yes'
    process.env.OPENAI_ORG_ID = 'org-leak'
    try {
      server.reply('ok')
      await call(hello, { env: { OPENAI_PROJECT_ID: 'proj' } })
    } finally {
      delete process.env.OPENAI_CUSTOM_HEADERS
      delete process.env.OPENAI_ORG_ID
    }
    expect(Object.keys(server.requests[0]?.headers ?? {}).sort()).toEqual([
      'accept',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      'openai-project',
      'user-agent',
    ])
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${key}`)
  })

  it('asks for JSON where the provider can, in words where it cannot', async () => {
    const schema = { type: 'object', properties: {} }
    const request: ModelRequest = { ...hello, responseSchema: { name: 'Answer', schema } }
    const settings: ModelClientSettings = {
      providers: { plain: { base_url: server.url, response_format: 'ignored' } },
    }
    server.reply('{}', '{}')
    await call(request, { settings })
    await call({ ...request, model: 'plain:m' }, { settings })
    expect(server.requests[0]?.body.response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'Answer', strict: false, schema },
    })
    expect(server.requests[0]?.body.messages).toHaveLength(1)
    expect(server.requests[1]?.body.response_format).toBeUndefined()
    expect(server.requests[1]?.body.messages[0]).toMatchObject({ role: 'system' })
    expect(server.requests[1]?.body.messages[0].content).toContain(JSON.stringify(schema))
  })

  it('carries the query of the config', async () => {
    server.reply('ok')
    const settings = { providers: { gw: { base_url: server.url, query: { 'api-version': 'v 1' } } } }
    await call({ ...hello, model: 'gw:m' }, { settings })
    expect(server.requests[0]?.path).toBe('/v1/chat/completions?api-version=v%201')
    expect(server.requests[0]?.headers.authorization).toBeUndefined()
  })

  it.each(['stream', 'messages', 'n'])('may not set %s as a parameter', async (name) => {
    const failure = await failureOf(call({ ...hello, parameters: { [name]: 1 } }))
    expect(failure).toMatchObject({ code: 'model-parameter-reserved', blame: 'workflow' })
    expect(server.requests).toHaveLength(0)
  })

  it('of a provider without a key is not made', async () => {
    const failure = await failureOf(call({ ...hello, model: 'mistral:m' }))
    expect(failure).toMatchObject({ code: 'provider-key-missing', blame: 'user', retryable: false })
    expect(failure.message).toContain('MISTRAL_API_KEY')
  })

  it('costs what the provider says it costs', async () => {
    const settings = { providers: { openrouter: { base_url: server.url, api_key_env: null } } }
    server.reply({
      body: {
        model: 'x/y',
        choices: [{ message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1, cost: 0.0125 },
      },
    })
    expect((await call({ ...hello, model: 'openrouter:x/y' }, { settings })).reply.costUsd).toBe(0.0125)
  })

  it('is answered by a server that calls JSON plain text', async () => {
    server.reply({ text: 'fine', headers: { 'content-type': 'text/plain' } })
    expect((await call()).reply.text).toBe('fine')
  })

  it('that fails behind a 200 is classified', async () => {
    server.reply({ body: { error: { code: 502, message: 'Provider returned error' } } })
    expect(await failureOf(call())).toMatchObject({ code: 'provider-error', status: 502, retryable: true })
  })

  it('keeps one connection for one call after the other, and opens more for more at once', async () => {
    const client = connect()
    const { signal } = new AbortController()
    server.reply('1', '2', '3')
    for (let i = 0; i < 3; i++) await client.call(hello, { signal })
    expect(server.connections).toBe(1)
    const gate = createGate()
    server.otherwise({ after: gate.passed })
    const work = Array.from({ length: 5 }, () => client.call(hello, { signal }))
    await server.waitForRequests(8)
    expect(server.inFlight).toBe(5)
    gate.open()
    await Promise.all(work)
    expect(server.maxInFlight).toBe(5)
    expect(server.connections).toBe(5)
  })

  it('shares one signal with many others without a warning, and leaves nothing on it', async () => {
    const warnings: Error[] = []
    const keep = (warning: Error) => warnings.push(warning)
    process.on('warning', keep)
    const gate = createGate()
    server.otherwise({ after: gate.passed })
    const client = connect()
    const { signal } = new AbortController()
    const work = Array.from({ length: 30 }, () => client.call(hello, { signal }))
    await server.waitForRequests(30)
    expect(getEventListeners(signal, 'abort')).toHaveLength(30)
    gate.open()
    await Promise.all(work)
    process.off('warning', keep)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(warnings).toEqual([])
  })

  it('works with the built-in fetch too', async () => {
    server.reply({ text: 'plain' }, { status: 429, headers: { 'retry-after': '2' } })
    const client = createModelClient({
      settings: {},
      env: { OPENAI_API_KEY: key, OPENAI_BASE_URL: server.url },
      fetch: globalThis.fetch,
    })
    const { signal } = new AbortController()
    expect((await client.call(hello, { signal })).text).toBe('plain')
    expect(await failureOf(client.call(hello, { signal }))).toMatchObject({ retryAfterMs: 2000 })
  })
})

describe('what the provider says and what it means', () => {
  it.each<[situation: string, reply: ScriptedReply, want: Record<string, unknown>]>([
    [
      'wrong key',
      { status: 401, text: `Incorrect API key provided: ${key}.`, error: { code: 'invalid_api_key' } },
      { code: 'provider-unauthorized', blame: 'user', retryable: false },
    ],
    [
      'wrong key, said with 400 in a list',
      {
        status: 400,
        body: [
          {
            error: {
              code: 400,
              message: 'API key not valid. Please pass a valid API key.',
              status: 'INVALID_ARGUMENT',
            },
          },
        ],
      },
      { code: 'provider-unauthorized' },
    ],
    ['no permission', { status: 403 }, { code: 'provider-forbidden', blame: 'user', retryable: false }],
    [
      'no such model',
      { status: 404, text: 'The model `gpt-x` does not exist', error: { code: 'model_not_found' } },
      { code: 'model-not-found', blame: 'workflow', retryable: false },
    ],
    [
      'no such model, ollama',
      { status: 404, text: 'model "x" not found, try pulling it first' },
      { code: 'model-not-found' },
    ],
    [
      'no such path',
      { status: 404, body: '404 page not found' },
      { code: 'provider-endpoint-not-found', blame: 'user' },
    ],
    ['method not allowed', { status: 405 }, { code: 'provider-endpoint-not-found' }],
    [
      'bad request',
      { status: 400, text: 'bad thing' },
      { code: 'model-request-rejected', blame: 'workflow', retryable: false },
    ],
    [
      'parameter not supported',
      {
        status: 400,
        text: "Unsupported value: 'temperature' does not support 0.2 with this model.",
        error: { code: 'unsupported_value', param: 'temperature' },
      },
      {
        code: 'model-parameter-unsupported',
        blame: 'workflow',
        message: expect.stringContaining('`temperature`'),
      },
    ],
    [
      'parameter not supported, in words',
      { status: 400, text: '`temperature` is deprecated for this model.' },
      { code: 'model-parameter-unsupported', message: expect.stringContaining('`temperature`') },
    ],
    [
      'response format not supported',
      {
        status: 400,
        text: "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        error: { param: 'response_format' },
      },
      {
        code: 'model-parameter-unsupported',
        help: expect.stringContaining('providers.openai.response_format'),
      },
    ],
    [
      'prompt too long',
      {
        status: 400,
        text: "This model's maximum context length is 128000 tokens.",
        error: { code: 'context_length_exceeded' },
      },
      { code: 'model-context-exceeded', retryable: false },
    ],
    [
      'prompt too long, in words',
      { status: 400, text: 'prompt is too long: 210000 tokens > 200000 maximum' },
      { code: 'model-context-exceeded' },
    ],
    ['request too large', { status: 413 }, { code: 'model-request-too-large', retryable: false }],
    [
      'request larger than the rate allows',
      {
        status: 429,
        text: 'Request too large for gpt-4.1 on tokens per min (TPM): Limit 30000, Requested 90000.',
      },
      { code: 'model-request-too-large', retryable: false },
    ],
    [
      'prompt filtered',
      { status: 400, error: { code: 'content_filter' } },
      { code: 'model-content-filtered', retryable: false },
    ],
    ['timeout', { status: 408 }, { code: 'provider-timeout', retryable: true }],
    ['conflict', { status: 409 }, { code: 'provider-conflict', retryable: false }],
    [
      'not processable, fastapi',
      { status: 422, body: { detail: [{ loc: ['body'], msg: 'field required' }] } },
      { code: 'model-request-rejected', message: expect.stringContaining('field required') },
    ],
    [
      'too many requests',
      { status: 429 },
      { code: 'provider-rate-limited', blame: 'provider', retryable: true, retryAfterMs: undefined },
    ],
    ['too many requests, seconds', { status: 429, headers: { 'retry-after': '7' } }, { retryAfterMs: 7000 }],
    [
      'too many requests, milliseconds win',
      { status: 429, headers: { 'retry-after': '7', 'retry-after-ms': '120' } },
      { retryAfterMs: 120 },
    ],
    [
      'too many requests, date by the server clock',
      {
        status: 429,
        headers: { date: 'Sat, 21 Nov 2026 10:00:00 GMT', 'retry-after': 'Sat, 21 Nov 2026 10:01:30 GMT' },
      },
      { retryAfterMs: 90_000 },
    ],
    [
      'too many requests, date in the past',
      {
        status: 429,
        headers: { date: 'Sat, 21 Nov 2026 10:00:00 GMT', 'retry-after': 'Sat, 21 Nov 2026 09:00:00 GMT' },
      },
      { retryAfterMs: 0 },
    ],
    [
      'too many requests, in words',
      { status: 429, text: 'Rate limit reached. Please try again in 1m2.5s.' },
      { retryAfterMs: 62_500 },
    ],
    [
      'no credit left',
      {
        status: 429,
        text: 'You exceeded your current quota',
        error: { code: 'insufficient_quota', type: 'insufficient_quota' },
        headers: { 'retry-after': '1' },
      },
      { code: 'provider-quota-exhausted', blame: 'user', retryable: false, retryAfterMs: undefined },
    ],
    [
      'no credit left, anthropic',
      { status: 400, text: 'Your credit balance is too low to access the API.' },
      { code: 'provider-quota-exhausted', retryable: false },
    ],
    ['payment required', { status: 402 }, { code: 'provider-quota-exhausted' }],
    ['server error', { status: 500 }, { code: 'provider-error', blame: 'provider', retryable: true }],
    [
      'bad gateway with a page',
      { status: 502, body: '<html><head><title>502 Bad\nGateway</title></head></html>' },
      { code: 'provider-error', message: expect.stringContaining('a web page titled "502 Bad Gateway"') },
    ],
    [
      'overloaded',
      { status: 503, headers: { 'retry-after': '1' } },
      { code: 'provider-overloaded', retryable: true, retryAfterMs: 1000 },
    ],
    ['overloaded, anthropic', { status: 529 }, { code: 'provider-overloaded', retryable: true }],
    ['gateway timeout', { status: 504 }, { code: 'provider-timeout', retryable: true }],
    [
      'redirect',
      { status: 307, headers: { location: `https://elsewhere.example/v1?key=${key}` } },
      {
        code: 'provider-redirected',
        retryable: false,
        message: expect.stringContaining('https://elsewhere.example/v1'),
      },
    ],
    [
      'control characters',
      { status: 400, text: 'bad\u001b[31m\r\n::set-output name=x::y\u202e' },
      { message: expect.stringContaining('bad [31m ::set-output') },
    ],
  ])('%s', async (_, reply, want) => {
    server.reply(reply)
    expect(await failureOf(call())).toMatchObject(want)
  })

  it('never follows a redirect with the key', async () => {
    const other = await startModelServer()
    try {
      server.reply({ status: 308, headers: { location: `${other.url}/chat/completions` } })
      expect((await failureOf(call())).code).toBe('provider-redirected')
      expect(other.connections).toBe(0)
    } finally {
      await other.close()
    }
  })
})

describe('the price of a model', () => {
  it.each<[situation: string, model: string, input: number | undefined]>([
    ['bare', 'gpt-4.1', 2],
    ['with provider', 'openai:gpt-4.1', 2],
    ['alias, of a provider whose key is missing', 'cheap', 1],
    ['price of the config', 'gw:own', 7],
    ['unknown', 'gw:other', undefined],
    ['unknown provider', 'nowhere:x', undefined],
  ])('%s', (_, model, input) => {
    const client = createModelClient({
      env: {},
      settings: {
        aliases: { cheap: 'anthropic:claude-haiku-4-5' },
        providers: { gw: { base_url: 'http://gw/v1' } },
        prices: { 'gw:own': { input: 7, output: 7 } },
      },
    })
    expect(client.priceOf(model)?.input).toBe(input)
  })
})

describe('no way to the provider', () => {
  it('nothing listens there', async () => {
    const failure = await failureOf(call(hello, { env: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' } }))
    expect(failure).toMatchObject({
      code: 'provider-connection-refused',
      blame: 'infrastructure',
      retryable: true,
    })
    expect(failure.message).toContain('127.0.0.1:9')
    expect(failure.help).toContain('curl http://127.0.0.1:9/v1/models')
  })

  it('the proxy setting is of no use', async () => {
    const env = { OPENAI_BASE_URL: 'https://model.test/v1', HTTPS_PROXY: 'socks5://u:secret@h:1' }
    const failure = await failureOf(call(hello, { env }))
    expect(failure).toMatchObject({ code: 'proxy-invalid', blame: 'user', retryable: false })
    expect(failure.message).not.toContain('secret')
  })

  it.each<[situation: string, code: string, message: string, want: Record<string, unknown>]>([
    [
      'no such host',
      'ENOTFOUND',
      'getaddrinfo ENOTFOUND model.test',
      { code: 'provider-host-unknown', retryable: false },
    ],
    [
      'name look-up failed for now',
      'EAI_AGAIN',
      'getaddrinfo EAI_AGAIN model.test',
      { code: 'provider-host-unknown', retryable: true },
    ],
    [
      'an error that reads like a timeout',
      'ENOTFOUND',
      'getaddrinfo ENOTFOUND timeout.test',
      { code: 'provider-host-unknown', message: expect.stringContaining('timeout.test') },
    ],
    [
      'the network gave up',
      'ETIMEDOUT',
      'connect ETIMEDOUT 192.0.2.1:443',
      { code: 'provider-unreachable', retryable: true },
    ],
    ['no route', 'EHOSTUNREACH', 'connect EHOSTUNREACH 192.0.2.1:443', { code: 'provider-unreachable' }],
    [
      'connection lost',
      'ECONNRESET',
      'socket hang up',
      { code: 'provider-connection-lost', retryable: true },
    ],
    [
      'unknown authority',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'unable to get local issuer certificate',
      {
        code: 'provider-tls-failed',
        blame: 'infrastructure',
        retryable: false,
        help: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      },
    ],
    [
      'certificate of another name',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'altnames',
      { code: 'provider-tls-failed' },
    ],
    ['no TLS on the other side', 'EPROTO', 'wrong version number', { code: 'provider-tls-failed' }],
    [
      'no HTTP on the other side',
      'HPE_INVALID_CONSTANT',
      'Parse Error',
      { code: 'provider-not-a-model-api', retryable: false },
    ],
    [
      'a code that nobody knows',
      'ESOMETHING',
      'odd',
      { code: 'provider-connection-failed', retryable: true },
    ],
  ])('%s', async (_, code, message, want) => {
    const client = createModelClient({
      settings: {},
      env: { OPENAI_API_KEY: key },
      fetch: () => Promise.reject(Object.assign(new Error(message), { code })),
    })
    expect(await failureOf(client.call(hello, { signal: new AbortController().signal }))).toMatchObject(want)
  })

  it('an error of the code itself is no failure of the step', async () => {
    const bug = new TypeError('undefined is not a function')
    const client = createModelClient({
      settings: {},
      env: { OPENAI_API_KEY: key },
      fetch: () => Promise.reject(bug),
    })
    const work = client.call(hello, { signal: new AbortController().signal })
    await expect(work).rejects.toBe(bug)
  })
})
