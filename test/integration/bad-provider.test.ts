import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  createGate,
  type ModelServer,
  type ScriptedReply,
  startModelServer,
} from '../helpers/model-server.ts'
import { eventsOfType, makeProject, type TestProject } from '../helpers/project.ts'

let server: ModelServer
let project: TestProject

const KEY = 'sk-test-0123456789'

/** The second of two steps is the one that meets the trouble. */
const TWO = `
enable_summarization_node: false
assistants: [{ id: a, system_prompt: P }]
retry_policy: { max_attempts: 3, initial_interval: 1, backoff_factor: 2, max_interval: 60 }
states:
  - { id: one, assistant_id: a, task: First, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Second, next: { state_id: end } }
`

beforeEach(async () => {
  server = await startModelServer()
  project = makeProject({
    workflows: { w: TWO },
    config: 'models:\n  providers:\n    openai: { timeout_seconds: 0.4 }\n',
    env: { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: server.url },
  })
})
afterEach(async () => {
  project.remove()
  await server.close()
})

const withoutHost = (text: string | undefined) => text?.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')

interface Trouble {
  readonly reply: ScriptedReply
  readonly code: string
  readonly blame: string
  readonly exitStatus: number
  readonly message: string
  readonly help: string
  /** Requests that the step made in all. */
  readonly tries: number
}

const CHECK_KEY =
  'Check the value of OPENAI_API_KEY: is it complete, still valid, and meant for this address?'
const PASSING = 'Usually passing; a retry policy on the state covers it.'

const TROUBLES: Readonly<Record<string, Trouble>> = {
  '401': {
    reply: {
      status: 401,
      text: `Incorrect API key provided: ${KEY}.`,
      error: { code: 'invalid_api_key' },
    },
    code: 'provider-unauthorized',
    blame: 'user',
    exitStatus: 6,
    message: 'openai (HOST) did not accept the key (401): Incorrect API key provided: ***.',
    help: CHECK_KEY,
    tries: 1,
  },
  '402, no credit': {
    reply: { status: 429, text: 'You exceeded your quota', error: { code: 'insufficient_quota' } },
    code: 'provider-quota-exhausted',
    blame: 'user',
    exitStatus: 6,
    message: 'openai (HOST) has no credit left for this key (429): You exceeded your quota',
    help: 'Waiting does not help: add credit or raise the limit of the account that OPENAI_API_KEY belongs to.',
    tries: 1,
  },
  '404, no such model': {
    reply: { status: 404, text: 'The model does not exist', error: { code: 'model_not_found' } },
    code: 'model-not-found',
    blame: 'workflow',
    exitStatus: 1,
    message:
      'openai (HOST) knows no model `gpt-5-mini`, or the key may not use it (404): The model does not exist',
    help: 'Check the spelling of `openai:gpt-5-mini`; the models there: curl http://HOST/v1/models',
    tries: 1,
  },
  429: {
    reply: { status: 429, text: 'Slow down', headers: { 'retry-after': '7' } },
    code: 'provider-rate-limited',
    blame: 'provider',
    exitStatus: 6,
    message: 'openai (HOST) has had too many requests from this key (429): Slow down',
    help: 'Retries wait as long as the provider asks. Run fewer items at a time, or raise the limit there.',
    tries: 3,
  },
  500: {
    reply: { status: 500, text: 'Oh no' },
    code: 'provider-error',
    blame: 'provider',
    exitStatus: 6,
    message: 'openai (HOST) failed inside (500): Oh no',
    help: 'Usually passing; see the status page of the provider when it lasts.',
    tries: 3,
  },
  garbage: {
    reply: { body: '\u0000\u0001not json' },
    code: 'model-reply-malformed',
    blame: 'provider',
    exitStatus: 6,
    message: 'The answer of openai (HOST) is no chat completion.',
    help: 'Check that the server speaks the chat completions interface of OpenAI.',
    tries: 3,
  },
  'a web page': {
    reply: { body: '<!doctype html><title>Login</title>', headers: { 'content-type': 'text/html' } },
    code: 'provider-not-a-model-api',
    blame: 'user',
    exitStatus: 1,
    message: 'openai (HOST) answered with a web page instead of a chat completion.',
    help: 'The address is probably incomplete (often it ends in /v1) or something on the way answers instead: http://HOST/v1',
    tries: 1,
  },
  'half an answer': {
    reply: { text: 'A long answer that is cut', trouble: 'cut' },
    code: 'provider-connection-lost',
    blame: 'infrastructure',
    exitStatus: 6,
    message:
      'Calling openai at HOST failed: the connection was lost (the connection was lost in the middle of the answer).',
    help: PASSING,
    tries: 3,
  },
  'nothing at all': {
    reply: { trouble: 'hang' },
    code: 'provider-timeout',
    blame: 'provider',
    exitStatus: 6,
    message: 'Calling openai at HOST failed: the call took longer than it may.',
    help: 'The limit is `timeout_seconds` of the provider `openai` in the config; a shorter prompt or answer helps too.',
    tries: 3,
  },
  'nothing after the beginning': {
    reply: { text: 'A long answer', trouble: 'hang-in-body' },
    code: 'provider-timeout',
    blame: 'provider',
    exitStatus: 6,
    message: 'Calling openai at HOST failed: the call took longer than it may.',
    help: 'The limit is `timeout_seconds` of the provider `openai` in the config; a shorter prompt or answer helps too.',
    tries: 3,
  },
  'a dropped connection': {
    reply: { trouble: 'refuse' },
    code: 'provider-connection-lost',
    blame: 'infrastructure',
    exitStatus: 6,
    message: 'Calling openai at HOST failed: the connection was lost (socket hang up).',
    help: PASSING,
    tries: 3,
  },
}

describe('a provider that answers', () => {
  test.each(Object.entries(TROUBLES))(
    '%s: one clear message; what is finished is kept and not asked again',
    async (_name, trouble) => {
      server.when('First', 'one says')
      server.otherwise(trouble.reply)
      const run = await project.run('w')
      expect({
        ...run.failure,
        message: withoutHost(run.failure?.message),
        help: withoutHost(run.failure?.help),
      }).toEqual({
        code: trouble.code,
        blame: trouble.blame,
        message: trouble.message,
        help: trouble.help,
        ...(trouble.reply.status === undefined ? {} : { status: trouble.reply.status }),
      })
      expect([run.status, run.exitStatus]).toEqual(['failed', trouble.exitStatus])
      const turns = () => server.requests.map((request) => request.lastUserMessage)
      expect(new Set(turns().slice(1))).toEqual(new Set(['Second']))
      expect(eventsOfType(run, 'attempt-failed')).toHaveLength(trouble.tries)
      expect(await project.outputsOf()).toEqual({ one: 'one says' })
      expect(run.record?.ref).toBe('refs/heads/codemie/runs')

      const askedBefore = server.requests.length
      server.otherwise('two says')
      const again = await project.resume('latest')
      expect(again).toMatchObject({
        status: 'succeeded',
        exitStatus: 0,
        output: 'two says',
        runId: run.runId,
      })
      expect(turns().slice(askedBefore)).toEqual(['Second'])
      expect(eventsOfType(again, 'attempt-failed')).toEqual([])
    },
  )

  test('half a stream, while somebody watches', async () => {
    server.reply({ text: 'A long answer that is cut', trouble: 'cut' }, 'one says', 'two says')
    const run = await project.run('w', { streaming: true })
    expect(run.status).toBe('succeeded')
    expect(eventsOfType(run, 'attempt-failed').map((event) => event.failure.code)).toEqual([
      'provider-connection-lost',
    ])
  })
})

describe('waiting between attempts', () => {
  test('grows, and is never shorter than the provider asks for', async () => {
    server.reply(
      { status: 500 },
      { status: 429, headers: { 'retry-after': '30' } },
      'one says',
      { status: 503, headers: { 'retry-after-ms': '1500' } },
      {
        status: 503,
        headers: {
          'retry-after': new Date(Date.UTC(2026, 0, 2, 3, 4, 50)).toUTCString(),
          date: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)).toUTCString(),
        },
      },
      'two says',
    )
    const run = await project.run('w')
    expect(run.status).toBe('succeeded')
    expect(project.sleeps).toEqual([1000, 30_000, 1500, 45_000])
    expect(
      eventsOfType(run, 'attempt-failed').map((event) => [event.path, event.attempt, event.retryInMs]),
    ).toEqual([
      ['one', 1, 1000],
      ['one', 2, 30_000],
      ['two', 1, 1500],
      ['two', 2, 45_000],
    ])
    server.assertDone()
  })

  test('ends at once when the run is interrupted', async () => {
    const stop = new AbortController()
    server.reply('one says', { status: 500 })
    const run = await project.run('w', {
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === 'attempt-failed') stop.abort(new Error('interrupted'))
      },
    })
    expect(run).toMatchObject({ status: 'interrupted', exitStatus: 130 })
    expect(project.sleeps).toEqual([])
    server.reply('two says')
    expect(await project.resume('latest')).toMatchObject({ status: 'succeeded', output: 'two says' })
    server.assertDone()
  })
})

describe('a key that is missing', () => {
  test.each([
    ['not set', {}],
    ['empty, as CI passes a secret that does not exist', { OPENAI_API_KEY: '' }],
  ])('%s: refused before anything is spent or written', async (_name, env) => {
    project.remove()
    project = makeProject({ workflows: { w: TWO }, env })
    await expect(project.run('w')).rejects.toMatchObject({
      code: 'not-runnable',
      exitStatus: 2,
      message:
        'The provider `openai` needs a key, and the environment variable OPENAI_API_KEY is not set.\n  Set OPENAI_API_KEY (in GitHub Actions: `env` from a secret).',
    })
    expect(server.requests).toEqual([])
    expect(project.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
  })

  test('on another machine keeps a run from being resumed, and the run stays as it was', async () => {
    server.when('First', 'one says')
    server.otherwise({ status: 401 })
    const run = await project.run('w')
    await expect(
      project.resume(run.runId, { env: { OPENAI_API_KEY: '', OPENAI_BASE_URL: '' } }),
    ).rejects.toMatchObject({
      code: 'not-runnable',
      exitStatus: 2,
    })
    server.otherwise('two says')
    expect(await project.resume(run.runId)).toMatchObject({ status: 'succeeded', output: 'two says' })
  })
})

describe('an interrupted run', () => {
  test('with calls in flight cuts them off, keeps what was answered and says so', async () => {
    const stop = new AbortController()
    const gate = createGate()
    server.reply('one says', { text: 'late', after: gate.passed })
    const running = project.run('w', { signal: stop.signal })
    await server.waitForRequests(2)
    stop.abort(new Error('interrupted'))
    const run = await running
    gate.open()
    expect(run).toMatchObject({ status: 'interrupted', exitStatus: 130 })
    expect(run.failure).toBeUndefined()
    expect(await project.outputsOf()).toEqual({ one: 'one says' })
    server.reply('two says')
    expect(await project.resume(run.runId)).toMatchObject({ status: 'succeeded', output: 'two says' })
    expect(server.requests).toHaveLength(3)
  })

  test('before its first step asks nobody', async () => {
    const run = await project.run('w', { signal: AbortSignal.abort(new Error('interrupted')) })
    expect(run).toMatchObject({ status: 'interrupted', exitStatus: 130 })
    expect(server.requests).toEqual([])
    server.reply('one says', 'two says')
    expect(await project.resume(run.runId)).toMatchObject({ status: 'succeeded' })
  })
})
