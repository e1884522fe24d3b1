import { LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createModelClient, type HttpModelClient } from '../../runner/models/client.ts'

// A server of somebody else, so that client and server do not share our misunderstandings.
const mock = new LLMock({ port: 0, logLevel: 'silent' })
let client: HttpModelClient

beforeAll(async () => {
  mock.onMessage('hello', { content: 'Hi there, how are you?' })
  mock.onMessage('log', { toolCalls: [{ name: 'git_log', arguments: '{"limit":3}' }] })
  mock.onMessage('verdict', { content: '{"ok":true}' })
  await mock.start()
  client = createModelClient({
    settings: {},
    env: { OPENAI_API_KEY: 'mock-key', OPENAI_BASE_URL: `${mock.url}/v1` },
  })
})
afterAll(async () => {
  client.close()
  await mock.stop()
})
beforeEach(() => {
  mock.setChaos({})
})

describe.each([
  ['whole', false],
  ['streamed', true],
])('a foreign server, %s', (_, isStream) => {
  const streamed: string[] = []
  const ask = (content: string, rest: object = {}) => {
    streamed.length = 0
    const { signal } = new AbortController()
    const options = isStream ? { signal, onText: (text: string) => streamed.push(text) } : { signal }
    return client.call({ model: 'gpt-4.1', messages: [{ role: 'user', content }], ...rest }, options)
  }

  it('answers with text', async () => {
    const reply = await ask('hello')
    expect(reply).toMatchObject({
      text: 'Hi there, how are you?',
      finishReason: 'stop',
      model: 'openai:gpt-4.1',
    })
    expect(reply.usage?.outputTokens).toBeGreaterThan(0)
    expect(reply.costUsd).toBeGreaterThan(0)
    expect(streamed.join('')).toBe(isStream ? reply.text : '')
  })

  it('answers with a tool call', async () => {
    const tools = [{ name: 'git_log', description: 'Log', parameters: { type: 'object', properties: {} } }]
    expect(await ask('log', { tools })).toMatchObject({
      finishReason: 'tool_calls',
      toolCalls: [{ id: expect.any(String), name: 'git_log', arguments: '{"limit":3}' }],
    })
  })

  it('answers with JSON', async () => {
    const responseSchema = {
      name: 'verdict',
      schema: { type: 'object', properties: { ok: { type: 'boolean' } } },
    }
    expect(JSON.parse((await ask('verdict', { responseSchema })).text)).toEqual({ ok: true })
  })

  it.each([
    ['disconnects', { disconnectRate: 1 }, 'provider-connection-lost'],
    [
      'sends malformed JSON',
      { malformedRate: 1 },
      isStream ? 'model-stream-broken' : 'model-reply-malformed',
    ],
    ['fails inside', { dropRate: 1 }, 'provider-error'],
    ['limits the rate', { rateLimitRate: 1 }, 'provider-rate-limited'],
  ])('%s', async (_situation, chaos, code) => {
    mock.setChaos(chaos)
    await expect(ask('hello')).rejects.toMatchObject({ code, retryable: true })
  })
})
