import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eventsOfType } from '../helpers/project.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()
const { projectOf } = bench

const turns = () => bench.server.requests.map((request) => request.lastUserMessage)

/** `risky` fails as the server says; `after` is its own transition, `rescue` and `other` take over. */
const workflow = (onError: string, more = '') => `
retry_policy: { max_attempts: 2 }
assistants: [{ id: a, system_prompt: P }]
tools:
  - id: tell
    tool: http_request
    tool_args: { method: POST, url: "http://127.0.0.1:9/{{ error.code }}", body: "{{ error.message }} in {{ error.state }}" }
${more}
states:
  - { id: risky, assistant_id: a, task: Risky, on_error: ${onError}, next: { state_id: after, output_key: said } }
  - { id: after, assistant_id: a, task: "After {{ error.code }}", resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
  - { id: rescue, assistant_id: a, task: "Rescue {{ error.code }}", resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
  - { id: other, assistant_id: a, task: "Other {{ error.blame }}", resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
`
const OH_NO = { status: 500, text: 'Oh no' }

describe('on_error as a name', () => {
  test.each([
    ['continue', 'After provider-error'],
    ['rescue', 'Rescue provider-error'],
  ])('%s: the run goes on after the last attempt, and knows why', async (onError, next) => {
    bench.server.reply(OH_NO, OH_NO, 'fine')
    const run = await projectOf(workflow(onError)).run('w')
    expect(run).toMatchObject({ status: 'succeeded', exitStatus: 0, output: 'fine' })
    expect(turns()).toEqual(['Risky', 'Risky', next])
    const [risky] = eventsOfType(run, 'step-finished')
    expect(risky).toMatchObject({ path: 'risky', failure: { code: 'provider-error', blame: 'provider' } })
    expect(JSON.parse(risky?.output ?? '')).toEqual({
      error: {
        code: 'provider-error',
        blame: 'provider',
        message: expect.stringContaining('Oh no'),
        state: 'risky',
        path: 'risky',
      },
    })
  })

  test('a step that was given up goes the same way after a resumption', async () => {
    bench.server.reply({ status: 500 }, { status: 500 }, { status: 401 })
    const w = projectOf(workflow('rescue'))
    await w.run('w')
    bench.server.reply('fine')
    const again = await w.resume('latest')
    expect(again).toMatchObject({ status: 'succeeded', output: 'fine' })
    expect(turns()).toEqual(['Risky', 'Risky', 'Rescue provider-error', 'Rescue provider-error'])
  })
})

describe('on_error as handlers', () => {
  const CODE = '[{ catch: [step-timeout, provider-error], state_id: rescue }, { state_id: other }]'
  const START = '{ catch: provider-*, state_id: rescue }'
  test.each([
    ['the code of the failure', CODE, OH_NO, 'Rescue provider-error'],
    ['the first handler that catches it', CODE, { status: 401 }, 'Other user'],
    ['the beginning of codes', START, OH_NO, 'Rescue provider-error'],
    ['who is to blame', '{ catch: provider, state_id: other }', OH_NO, 'Other provider'],
    ['everything', '{ state_id: continue }', OH_NO, 'After provider-error'],
  ])('catch by %s', async (_what, onError, reply, next) => {
    // A key that is refused is not tried twice.
    bench.server.reply(reply, ...(reply === OH_NO ? [reply] : []), 'fine')
    const run = await projectOf(workflow(onError)).run('w')
    expect(run).toMatchObject({ status: 'succeeded' })
    expect(turns().at(-1)).toBe(next)
  })

  test('a failure that no handler catches fails the run', async () => {
    bench.server.reply(OH_NO, OH_NO)
    const run = await projectOf(workflow('{ catch: [tool, model-not-found], state_id: rescue }')).run('w')
    expect(run).toMatchObject({ status: 'failed', exitStatus: 6, failure: { code: 'provider-error' } })
  })

  test('a budget that is spent is not caught by a handler for everything', async () => {
    bench.server.reply({ text: 'fine', usage: { input: 100, output: 100 } })
    const run = await projectOf(
      `budget: { tokens: 10 }\nassistants: [{ id: a, system_prompt: P }]\nstates:\n  - { id: one, assistant_id: a, next: { state_id: two } }\n  - { id: two, assistant_id: a, on_error: continue, next: { state_id: end } }\n`,
    ).run('w')
    expect(run).toMatchObject({ status: 'budget-exceeded', exitStatus: 4 })
  })

  test('a tool is told of the failure before another state takes over', async () => {
    bench.server.reply(OH_NO, OH_NO, 'fine')
    const told =
      'tools: [{ id: tell, tool: write_file, tool_args: { path: "told/{{ error.code }}.txt", content: "{{ error.state }}: {{ error.message }}" } }]'
    const text = workflow('{ notify: tell, state_id: rescue }').replace(
      /^tools:[\s\S]*?(?=^states:)/m,
      `${told}\n`,
    )
    const w = projectOf(text, { config: 'policy: { write_paths: ["told/**"] }\n' })
    const run = await w.run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: 'fine' })
    expect(readFileSync(join(w.root, 'told/provider-error.txt'), 'utf8')).toMatch(/^risky: openai .*Oh no$/)
  })

  test('a tool that cannot be told is a warning, and the failure stays what it was', async () => {
    bench.server.reply(OH_NO, OH_NO)
    const run = await projectOf(workflow('{ notify: tell }')).run('w')
    expect(run).toMatchObject({ status: 'failed', failure: { code: 'provider-error' } })
    expect(eventsOfType(run, 'warning')).toMatchObject([
      { code: 'notification-failed', path: 'risky', message: expect.stringMatching(/^'tell' was not told/) },
    ])
  })
})
