import { afterEach, beforeEach, expect, it } from 'vitest'
import { checkProvider } from '../../runner/models/check-provider.ts'
import { resolveModel } from '../../runner/models/providers.ts'
import { type ModelServer, type ScriptedReply, startModelServer } from '../helpers/model-server.ts'

const key = 'sk-canary-1234567890'
let server: ModelServer

beforeEach(async () => {
  server = await startModelServer()
})
afterEach(() => server.close())

function endpoint(model = 'test-model', url = server.url) {
  const resolved = resolveModel(model, {}, { OPENAI_API_KEY: key, OPENAI_BASE_URL: url })
  if (!resolved.ok) throw new Error(resolved.problem.message)
  return resolved.endpoint
}

const { signal } = new AbortController()

it.each<[situation: string, models: ScriptedReply | undefined, model: string, want: object]>([
  ['model is listed', undefined, 'test-model', { state: 'ready', modelCount: 1, listsModel: true }],
  ['model is not listed', undefined, 'other', { state: 'ready', modelCount: 1, listsModel: false }],
  [
    'listed the way of gemini',
    { body: { data: [{ id: 'models/g' }, { id: 'x' }] } },
    'g',
    { state: 'ready', modelCount: 2, listsModel: true },
  ],
  ['no list of models', { status: 404 }, 'm', { state: 'reachable', status: 404 }],
  ['another kind of JSON', { body: [] }, 'm', { state: 'reachable', status: 200 }],
  [
    'wrong key',
    { status: 401, text: `bad key ${key}` },
    'm',
    { state: 'failed', failure: { code: 'provider-unauthorized', status: 401 } },
  ],
  ['out of order', { status: 500 }, 'm', { state: 'failed', failure: { code: 'provider-error' } }],
  [
    'a web page',
    { body: '<html><title>Portal</title></html>' },
    'm',
    { state: 'failed', failure: { code: 'provider-not-a-model-api' } },
  ],
  [
    'a redirect',
    { status: 302, headers: { location: '/login' } },
    'm',
    { state: 'failed', failure: { code: 'provider-redirected' } },
  ],
])('%s', async (_, models, model, want) => {
  if (models) server.models(models)
  const found = await checkProvider(endpoint(model), signal)
  expect(found).toMatchObject(want)
  expect(JSON.stringify(found)).not.toContain(key)
})

it('nothing listens', async () => {
  expect(await checkProvider(endpoint('m', 'http://127.0.0.1:9/v1'), signal)).toMatchObject({
    state: 'failed',
    failure: { code: 'provider-connection-refused', blame: 'infrastructure' },
  })
})

it('no answer in time', async () => {
  server.models({ trouble: 'hang' })
  expect(await checkProvider(endpoint(), signal, { answerTimeoutMs: 40 })).toMatchObject({
    state: 'failed',
    failure: { code: 'provider-timeout' },
  })
})

it('aborted', async () => {
  server.models({ trouble: 'hang' })
  const controller = new AbortController()
  const work = checkProvider(endpoint(), controller.signal)
  controller.abort('enough')
  await expect(work).rejects.toBe('enough')
})
