import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createGate } from '../helpers/model-server.ts'
import { eventsOfType } from '../helpers/project.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()
const { projectOf } = bench

const turns = () =>
  bench.server.requests.map((request) => request.lastUserMessage.replace('\nCurrent task:', ''))
const FAIL = { status: 401, text: 'no' }

const SEQUENCE = `
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: First, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Second, next: { state_id: end } }
`
const MAP = `
max_concurrency: 4
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: plan, assistant_id: a, task: Plan, next: { state_id: each, iter_key: items } }
  - { id: each, assistant_id: a, task: Do, next: { state_id: join } }
  - { id: join, assistant_id: a, task: Join, next: { state_id: end } }
`

describe('a run that failed', () => {
  test('in one item of a map keeps the others, and starts no further one', async () => {
    const gate = createGate()
    bench.server.when('Plan', '{"items": ["a", "b", "c", "d", "e", "f"]}')
    bench.server.when('Do\nCurrent task: b', FAIL)
    bench.server.otherwise((request) => ({
      text: `about ${request.lastUserMessage.slice(-1)}`,
      after: gate.passed,
    }))
    const w = projectOf(MAP)
    const run = await w.run('w', {
      onEvent: (event) => {
        if (event.type === 'attempt-failed') gate.open()
      },
    })
    expect(run).toMatchObject({ status: 'failed', failure: { code: 'provider-unauthorized' } })
    expect(turns().sort()).toEqual(['Do a', 'Do b', 'Do c', 'Do d', 'Plan'])
    expect(Object.keys(await w.outputsOf()).sort()).toEqual(['each[1]', 'each[3]', 'each[4]', 'plan'])

    const again = await w.resume('latest')
    expect(again.status).toBe('succeeded')
    expect(turns().slice(5).sort()).toEqual(['Do b', 'Do e', 'Do f', 'Join'])
    expect(eventsOfType(again, 'step-reused').map((event) => event.path)).toEqual([
      'plan',
      'each[1]',
      'each[3]',
      'each[4]',
    ])
    const messages = bench.server.requests
      .at(-1)
      ?.body.messages.map((message: { content: string }) => message.content)
    expect(messages.filter((text: string) => text.startsWith('about'))).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((item) => `about ${item}`),
    )
  })

  test('goes on with the definition that it was started with', async () => {
    bench.server.reply('one says', FAIL, 'two says')
    const w = projectOf(SEQUENCE)
    await w.run('w')
    w.write('.codemie/workflows/w.yaml', 'states: [] # changed meanwhile')
    const again = await w.resume('latest', { onChange: 'as-recorded' })
    expect(again).toMatchObject({ status: 'succeeded', output: 'two says' })
    expect(turns()).toEqual(['First', 'Second', 'Second'])
  })

  test('goes on with the input, the files and the model that it was started with', async () => {
    bench.server.reply('one says', FAIL, 'two says')
    const w = projectOf(SEQUENCE)
    await w.run('w', { input: 'In', fileNames: ['a.pdf'], model: 'special' })
    expect(await w.resume('latest')).toMatchObject({ status: 'succeeded' })
    expect(bench.server.requests[2]?.body).toEqual(bench.server.requests[1]?.body)
    expect(bench.server.requests.map((request) => request.body.model)).toEqual([
      'special',
      'special',
      'special',
    ])
  })

  test('goes on as strictly as it was started', async () => {
    bench.server.reply(FAIL, '{"n": 1}')
    const w = projectOf(`
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: ask, assistant_id: a, task: Ask, next: { condition: { expression: missing > 3, then: end, otherwise: end } } }
`)
    await w.run('w', { strict: true })
    expect(await w.resume('latest')).toMatchObject({
      status: 'failed',
      failure: { code: 'condition-failed' },
    })
    expect(turns()).toEqual(['Ask', 'Ask'])
  })

  test('has all its tries again, and counts them on', async () => {
    bench.server.otherwise({ status: 500, text: 'no' })
    const w = projectOf(`retry_policy: { max_attempts: 2 }\n${SEQUENCE}`)
    await w.run('w')
    const again = await w.resume('latest')
    expect(eventsOfType(again, 'attempt-failed').map((event) => event.attempt)).toEqual([3, 4])
    expect(turns()).toHaveLength(4)
  })

  test('and then succeeded is one record with the whole story', async () => {
    bench.server.reply('one says', FAIL, 'two says')
    const w = projectOf(SEQUENCE)
    const first = await w.run('w')
    const second = await w.resume('latest')
    expect(second.record?.path).toBe(first.record?.path)
    const { manifest, events } = await w.read(first.runId)
    expect(manifest.status).toBe('succeeded')
    expect(events.map((event) => event.type)).toEqual([
      'run-started',
      'step-started',
      'effect-finished',
      'step-finished',
      'step-started',
      'attempt-failed',
      'run-finished',
      'run-resumed',
      'step-started',
      'effect-finished',
      'step-finished',
      'run-finished',
    ])
    expect(eventsOfType({ events }, 'run-finished').map((event) => [event.status, event.steps])).toEqual([
      ['failed', 1],
      ['succeeded', 2],
    ])
    expect(eventsOfType({ events }, 'run-finished').at(-1)?.usage).toEqual({
      inputTokens: 20,
      outputTokens: 10,
      cachedInputTokens: 0,
    })
    expect(w.git('log', '--format=%s', 'codemie/runs').split('\n')).toEqual([
      `w ${first.runId} succeeded`,
      `w ${first.runId} failed`,
    ])
  })

  test('in a loop goes on in the same round', async () => {
    bench.server.reply('{"again": true}', '{"again": true}', FAIL, '{"again": false}')
    const w = projectOf(`
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: ask, assistant_id: a, task: Ask, next: { condition: { expression: again, then: ask, otherwise: end } } }
`)
    await w.run('w')
    const again = await w.resume('latest')
    expect(again).toMatchObject({ status: 'succeeded', output: '{"again": false}' })
    expect(Object.keys(await w.outputsOf())).toEqual(['ask', 'ask#2', 'ask#3'])
    expect(bench.server.requests).toHaveLength(4)
    expect(bench.server.requests[3]?.body).toEqual(bench.server.requests[2]?.body)
  })
})

describe('a tool loop that was cut off', () => {
  test('calls no tool again that was answered', async () => {
    const call = (text: string) => ({
      toolCalls: [{ name: 'run_command', args: { command: 'sh', args: ['-c', `echo ${text} >> log.txt`] } }],
    })
    const stop = new AbortController()
    bench.server.reply(call('one'), call('two'), { text: 'late', after: createGate().passed }, 'done')
    const w = projectOf(
      'assistants: [{ id: a, system_prompt: P, tools: [{ name: run_command }] }]\nstates: [{ id: s, assistant_id: a, task: T, next: { state_id: end } }]\n',
      { config: 'policy: { commands: [sh] }\n' },
    )
    const running = w.run('w', { signal: stop.signal })
    await bench.server.waitForRequests(3)
    stop.abort(new Error('interrupted'))
    expect((await running).status).toBe('interrupted')
    const again = await w.resume('latest')
    expect(again).toMatchObject({ status: 'succeeded', output: 'done' })
    expect(bench.server.requests).toHaveLength(4)
    expect(readFileSync(join(w.root, 'log.txt'), 'utf8')).toBe('one\ntwo\n')
    expect(eventsOfType(again, 'step-finished')[0]?.usage).toEqual({
      inputTokens: 30,
      outputTokens: 15,
      cachedInputTokens: 0,
    })
    expect(eventsOfType(again, 'run-finished')[0]?.usage).toEqual({
      inputTokens: 30,
      outputTokens: 15,
      cachedInputTokens: 0,
    })
  })
})

describe('a run that cannot be resumed', () => {
  test('because it succeeded', async () => {
    bench.server.reply('one says', 'two says')
    const w = projectOf(SEQUENCE)
    const { runId } = await w.run('w')
    await expect(w.resume(runId)).rejects.toMatchObject({
      code: 'run-succeeded',
      exitStatus: 2,
      message: `Run ${runId} has succeeded; there is nothing to resume`,
    })
  })

  test('because there is none of that name', async () => {
    const w = projectOf(SEQUENCE)
    await expect(w.resume('20260102T030405Z-ffffffff')).rejects.toMatchObject({
      code: 'no-such-run',
      exitStatus: 2,
    })
  })
})

describe('a run without a record', () => {
  test('leaves nothing behind, interrupted or not', async () => {
    bench.server.reply('one says', FAIL)
    const w = projectOf(SEQUENCE)
    const run = await w.run('w', { commit: false })
    expect(run).toMatchObject({ status: 'failed', exitStatus: 6 })
    expect(run.record).toBeUndefined()
    expect(w.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
    expect(w.git('status', '--porcelain', '--ignored')).toBe('')
  })
})
