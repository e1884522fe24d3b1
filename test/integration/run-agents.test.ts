import { describe, expect, test } from 'vitest'
import { createGate } from '../helpers/model-server.ts'
import { eventsOfType } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()
const { projectOf } = bench

const one = (assistant: string, state = '') =>
  `assistants:\n  - ${assistant}\nstates:\n  - { id: ask, assistant_id: a, task: Say hello, ${state} next: { state_id: end } }\n`

describe('an assistant with nothing but OPENAI_API_KEY and OPENAI_BASE_URL', () => {
  test('is asked with its prompt, the input as history and the task; the answer is the output of the run', async () => {
    bench.server.reply('Hello there.')
    const run = await projectOf(one('{ id: a, system_prompt: "You are {{ kind }}." }')).run('w', {
      input: 'Greet Ann',
    })
    expect(run).toMatchObject({ status: 'succeeded', exitStatus: 0, output: 'Hello there.' })
    expect(bench.server.requests.map((request) => request.body)).toEqual([
      {
        model: 'gpt-5-mini',
        messages: [
          { role: 'system', content: 'You are {{ kind }}.' },
          { role: 'user', content: 'Greet Ann' },
          { role: 'user', content: 'Say hello' },
        ],
      },
    ])
    expect(bench.server.requests[0]?.headers.authorization).toBe('Bearer sk-test-0123456789')
    bench.server.assertDone()
  })

  test('without a task is sent a dash', async () => {
    bench.server.reply('ok')
    await projectOf(
      'assistants: [{ id: a, system_prompt: P }]\nstates: [{ id: s, assistant_id: a, next: { state_id: end } }]\n',
    ).run('w')
    expect(bench.server.requests[0]?.body.messages).toEqual([
      { role: 'system', content: 'P' },
      { role: 'user', content: '-' },
    ])
  })

  test('gets temperature and parameters passed on as they are written', async () => {
    bench.server.reply('ok')
    await projectOf(
      one(
        '{ id: a, system_prompt: P, model: gpt-4.1, temperature: 0.2, parameters: { top_p: 0.5, seed: 7, max_tokens: 99, stop: [END] } }',
      ),
    ).run('w')
    const { messages: _, ...body } = bench.server.requests[0]?.body ?? {}
    expect(body).toEqual({
      model: 'gpt-4.1',
      temperature: 0.2,
      top_p: 0.5,
      seed: 7,
      max_completion_tokens: 99,
      stop: ['END'],
    })
  })
})

describe('the history that an agent sees', () => {
  const chain = (middle: string) => `
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: First, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Second, next: { state_id: three${middle} } }
  - { id: three, assistant_id: a, task: Third, next: { state_id: end } }
`
  const seenBy = (index: number) =>
    bench.server.requests[index]?.body.messages
      .slice(1)
      .map((message: { role: string; content: string }) => `${message.role}: ${message.content}`)

  test('holds the input and the answers so far, never the tasks', async () => {
    bench.server.reply('one says', 'two says', 'three says')
    await projectOf(chain('')).run('w', { input: 'In' })
    expect(seenBy(0)).toEqual(['user: In', 'user: First'])
    expect(seenBy(1)).toEqual(['user: In', 'assistant: one says', 'user: Second'])
    expect(seenBy(2)).toEqual(['user: In', 'assistant: one says', 'assistant: two says', 'user: Third'])
  })

  test.each([
    ['left out', ', include_in_llm_history: false', ['user: In', 'assistant: one says', 'user: Third']],
    ['forgotten before', ', clear_prior_messages: true', ['assistant: two says', 'user: Third']],
    ['forgotten with itself', ', clear_prior_messages: true, include_in_llm_history: false', ['user: Third']],
  ])('%s', async (_name, flags, expected) => {
    bench.server.reply('one says', 'two says', 'three says')
    await projectOf(chain(flags)).run('w', { input: 'In' })
    expect(seenBy(2)).toEqual(expected)
  })

  test('messages without text are left out', async () => {
    bench.server.reply('', 'two says', 'three says')
    await projectOf(chain('')).run('w')
    expect(seenBy(1)).toEqual(['user: Second'])
  })

  test('an answer can enter as a word of the user', async () => {
    bench.server.reply('one says', 'two says')
    await projectOf(`
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: First, result_as_human_message: true, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Second, next: { state_id: end } }
`).run('w')
    expect(seenBy(1)).toEqual(['user: one says', 'user: Second'])
  })
})

describe('prompts', () => {
  test('are rendered with context and item only where the state says so', async () => {
    bench.server.reply('{"items": [{"id": 1, "name": "Zoë"}, "plain"], "tone": "kind"}')
    bench.server.otherwise('done')
    await projectOf(`
assistants: [{ id: a, system_prompt: "P {{ tone }}" }]
states:
  - { id: plan, assistant_id: a, task: "Plan {{ tone }}", next: { state_id: each, iter_key: items } }
  - id: each
    assistant_id: a
    task: "Do {{ name }} in a {{ tone }} way"
    resolve_dynamic_values_in_prompt: true
    next: { state_id: last }
  - { id: last, assistant_id: a, task: "Last {{ tone }}", next: { state_id: end } }
`).run('w')
    const turns = bench.server.requests.map((request) => request.lastUserMessage)
    expect(turns[0]).toBe('Plan {{ tone }}')
    expect(turns.slice(1, 3).sort()).toEqual([
      'Do  in a kind way\nCurrent task: plain',
      "Do Zoë in a kind way\nCurrent task: {'id': 1, 'name': 'Zoë'}",
    ])
    expect(turns[3]).toBe('Last {{ tone }}')
    for (const request of bench.server.requests) expect(request.body.messages[0].content).toBe('P {{ tone }}')
  })

  test('a template that fails stays as written and warns with its place', async () => {
    bench.server.reply('ok')
    const run = await projectOf(
      one('{ id: a, system_prompt: P }', 'resolve_dynamic_values_in_prompt: true,').replace(
        'task: Say hello',
        "task: 'Say {{ a.b.c }}'",
      ),
    ).run('w', { input: '{"a": 1}' })
    expect(bench.server.requests[0]?.lastUserMessage).toBe('Say {{ a.b.c }}')
    expect(eventsOfType(run, 'warning')).toMatchObject([
      { path: 'ask', position: '.codemie/workflows/w.yaml:5:39' },
    ])
  })

  test('attached files are named below the task', async () => {
    bench.server.reply('ok')
    await projectOf(one('{ id: a, system_prompt: P }')).run('w', { fileNames: ['a.pdf', 'b.png'] })
    expect(bench.server.requests[0]?.lastUserMessage).toBe(
      'Say hello\nFile attached: a.pdf\nFile attached: b.png',
    )
  })
})

describe('tools of an agent', () => {
  const reader = one('{ id: a, system_prompt: P, tools: [{ name: read_file }, { name: list_files }] }')

  test('several calls in one answer are all answered, in their order', async () => {
    bench.server.reply(
      {
        text: 'Let me look.',
        toolCalls: [
          { name: 'read_file', args: { path: 'a.txt' }, id: 'c1' },
          { name: 'read_file', args: { path: 'b.txt' }, id: 'c2' },
        ],
      },
      'Read both.',
    )
    const run = await projectOf(reader, { files: { 'a.txt': 'alpha\n', 'b.txt': 'beta\n' } }).run('w')
    expect(run.output).toBe('Read both.')
    expect(
      bench.server.requests[0]?.body.tools.map((tool: { function: { name: string } }) => tool.function.name),
    ).toEqual(['read_file', 'list_files'])
    const answers = bench.server.requests[1]?.body.messages.filter((m: { role: string }) => m.role === 'tool')
    expect(answers.map((m: { tool_call_id: string }) => m.tool_call_id)).toEqual(['c1', 'c2'])
    expect(answers[0].content).toContain('alpha')
    expect(answers[1].content).toContain('beta')
    const wish = bench.server.requests[1]?.body.messages.find((m: { role: string }) => m.role === 'assistant')
    expect(wish.content).toBe('Let me look.')
    expect(wish.tool_calls.map((call: { id: string }) => call.id)).toEqual(['c1', 'c2'])
    bench.server.assertDone()
  })

  test('inner calls never enter the history of the next state', async () => {
    bench.server.reply({ toolCalls: [{ name: 'read_file', args: { path: 'a.txt' } }] }, 'Read it.', 'Done.')
    await projectOf(
      `
assistants: [{ id: a, system_prompt: P, tools: [{ name: read_file }] }]
states:
  - { id: one, assistant_id: a, task: First, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Second, next: { state_id: end } }
`,
      { files: { 'a.txt': 'alpha\n' } },
    ).run('w')
    expect(bench.server.requests[2]?.body.messages.slice(1)).toEqual([
      { role: 'assistant', content: 'Read it.' },
      { role: 'user', content: 'Second' },
    ])
  })

  test.each([
    [
      'a tool that is not offered',
      { name: 'write_file', args: {} },
      /^Error: there is no tool 'write_file'\. Tools: read_file, list_files$/,
    ],
    [
      'arguments that are no JSON',
      { name: 'read_file', args: '{"path": ' },
      /^Error: the arguments are not a JSON object$/,
    ],
    [
      'arguments that are a list',
      { name: 'read_file', args: '[1]' },
      /^Error: the arguments are not a JSON object$/,
    ],
    [
      'a tool that fails',
      { name: 'read_file', args: { path: 'none.txt' } },
      /^Error calling tool: read_file with: \nArguments: \{'path': 'none\.txt'\}\. \nThe root cause is: '.*none\.txt.*'$/s,
    ],
    [
      'a path outside the repository',
      { name: 'read_file', args: { path: '../../etc/passwd' } },
      /^Error calling tool: read_file with: \nArguments: \{'path': '\.\.\/\.\.\/etc\/passwd'\}\. \nThe root cause is: '.*contains "\.\."'$/s,
    ],
  ])('%s is told to the model, and the run goes on', async (_name, call, words) => {
    bench.server.reply({ toolCalls: [call] }, 'Never mind.')
    const run = await projectOf(reader).run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: 'Never mind.' })
    const [answer] =
      bench.server.requests[1]?.body.messages.filter((m: { role: string }) => m.role === 'tool') ?? []
    expect(answer.content).toMatch(words)
  })

  test('a long result is cut at the limit of the assistant, and the model is told', async () => {
    bench.server.reply({ toolCalls: [{ name: 'read_file', args: { path: 'long.txt' } }] }, 'ok')
    await projectOf(
      one('{ id: a, system_prompt: P, tools: [{ name: read_file }], limit_tool_output_tokens: 50 }'),
      { files: { 'long.txt': 'word '.repeat(1000) } },
    ).run('w')
    const answer = bench.server.requests[1]?.body.messages.at(-1).content
    expect(answer).toMatch(/^Tool output is truncated\. Ratio limit\/used_tokens: 0\.\d+\. Tool output: /)
    expect(answer.length).toBeLessThan(400)
  })

  test('an agent that never ends is stopped and blamed on the model', async () => {
    bench.server.otherwise({ toolCalls: [{ name: 'list_files', args: {} }] })
    const run = await projectOf(reader).run('w')
    expect(run).toMatchObject({
      status: 'failed',
      exitStatus: 1,
      failure: {
        code: 'agent-does-not-end',
        blame: 'model',
        message: 'The agent called its model 150 times without an answer',
      },
    })
    expect(bench.server.requests).toHaveLength(150)
  })
})

describe('an answer cut at the token limit', () => {
  test('is kept as it is, with a warning that says so', async () => {
    bench.server.reply({ text: 'Half an ans', finishReason: 'length' })
    const run = await projectOf(one('{ id: a, system_prompt: P }')).run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: 'Half an ans' })
    expect(eventsOfType(run, 'warning')).toMatchObject([
      {
        code: 'model-output-truncated',
        path: 'ask',
        message:
          'The answer of openai:gpt-5-mini hit its length limit and is not complete. Raise `max_tokens` in the parameters of the assistant, or ask for less',
      },
    ])
  })

  test('where JSON was asked for fails the step', async () => {
    bench.server.reply({ text: '{"a": ', finishReason: 'length' })
    const run = await projectOf(
      one(
        '{ id: a, system_prompt: P }',
        `output_schema: '{"type": "object", "properties": {"a": {"type": "integer"}}}',`,
      ),
    ).run('w')
    expect(run).toMatchObject({
      exitStatus: 1,
      failure: { code: 'model-output-truncated', blame: 'model' },
    })
    expect(bench.server.requests).toHaveLength(1)
  })

  test('in the middle of a tool call never runs the tool with half of its arguments', async () => {
    bench.server.reply(
      { toolCalls: [{ name: 'read_file', args: '{"path": "a.t' }], finishReason: 'length' },
      'Sorry.',
    )
    const run = await projectOf(one('{ id: a, system_prompt: P, tools: [{ name: read_file }] }')).run('w')
    expect(run.output).toBe('Sorry.')
    expect(eventsOfType(run, 'effect-finished').map((event) => event.kind)).toEqual(['model', 'model'])
  })
})

describe('structured output', () => {
  const schema =
    '{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": false}'
  const asking = one('{ id: a, system_prompt: P }', `output_schema: '${schema}',`)

  test('is asked for, checked, and asked for again with what is wrong', async () => {
    bench.server.reply('{"n": "two"}', 'Sorry: {"n": 2}', '```json\n{"n": 2}\n```')
    const run = await projectOf(asking).run('w')
    expect(run.output).toBe('{"n": 2}')
    expect(bench.server.requests[0]?.body.response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', strict: true, schema: JSON.parse(schema) },
    })
    expect(bench.server.requests[1]?.body.messages.slice(-2)).toEqual([
      { role: 'assistant', content: '{"n": "two"}' },
      {
        role: 'user',
        content:
          'This answer does not fit the required JSON Schema:\n- /n must be integer\nAnswer again with the corrected JSON document only, without explanation.',
      },
    ])
    expect(bench.server.requests).toHaveLength(3)
  })

  test('that never fits fails the step after its tries, and blames the model', async () => {
    bench.server.otherwise('no')
    const run = await projectOf(`retry_policy: { max_attempts: 2 }\n${asking}`).run('w')
    expect(run).toMatchObject({
      exitStatus: 1,
      failure: { code: 'model-output-invalid', blame: 'model' },
    })
    expect(bench.server.requests).toHaveLength(6)
  })

  test('an example of the answer is only described', async () => {
    bench.server.reply('not JSON at all')
    const run = await projectOf(one('{ id: a, system_prompt: P }', `output_schema: '{"n": 1}',`)).run('w')
    expect(run.output).toBe('not JSON at all')
    expect(bench.server.requests[0]?.body.response_format).toBeUndefined()
    expect(bench.server.requests[0]?.body.messages[0].content).toBe(
      'P\n\nAnswer with one JSON document and nothing around it. It must have this form:\n{"n": 1}',
    )
  })
})

describe('fallback models', () => {
  test('are asked in order when the chosen one cannot answer at all', async () => {
    bench.server.reply({ status: 409, text: 'busy' }, { status: 409, text: 'busy' }, 'Third time lucky.')
    const run = await projectOf(
      `models: { fallback: [m3] }\n${one('{ id: a, system_prompt: P, model: m1, fallback_models: [m2] }')}`,
    ).run('w')
    expect(run.output).toBe('Third time lucky.')
    expect(bench.server.requests.map((request) => request.body.model)).toEqual(['m1', 'm2', 'm3'])
    expect(
      eventsOfType(run, 'warning').map(({ code, message }) => [code, message.replace(/127[.\d:]+/, 'HOST')]),
    ).toEqual([
      [
        'model-fallback',
        'm1: openai (HOST) reports a conflict with another request (409): busy. Asking m2 instead',
      ],
      [
        'model-fallback',
        'm2: openai (HOST) reports a conflict with another request (409): busy. Asking m3 instead',
      ],
    ])
  })

  test('take over when the provider is down for longer than the retries', async () => {
    bench.server.when(
      (request) => request.body.model === 'm1',
      ...Array(3).fill({ status: 500, text: 'broken' }),
    )
    bench.server.reply('From m2.')
    const run = await projectOf(
      `retry_policy: { max_attempts: 3 }\n${one('{ id: a, system_prompt: P, model: m1, fallback_models: [m2] }')}`,
    ).run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: 'From m2.' })
    expect(bench.server.requests.map((request) => request.body.model)).toEqual(['m1', 'm1', 'm1', 'm2'])
  })

  test('none of which can answer: one failure names each and why', async () => {
    bench.server.when((request) => request.body.model === 'm1', { status: 409, text: 'busy' })
    bench.server.when((request) => request.body.model === 'm2', { status: 500, text: 'broken' })
    const run = await projectOf(
      `retry_policy: { max_attempts: 1 }\n${one('{ id: a, system_prompt: P, model: m1, fallback_models: [m2] }')}`,
    ).run('w')
    expect(run).toMatchObject({ status: 'failed', exitStatus: 6, failure: { code: 'provider-none-answers' } })
    expect(run.failure?.message.replace(/127[.\d:]+/g, 'HOST')).toMatchInlineSnapshot(`
      "None of 2 models can answer:
      - m1: openai (HOST) reports a conflict with another request (409): busy
      - m2: openai (HOST) failed inside (500): broken"
    `)
  })

  test('are told apart in the record: which one answered each step, and why', async () => {
    const project = projectOf(
      `assistants:
  - { id: a, system_prompt: P, model: m1, fallback_models: [m2] }
states:
  - { id: first, assistant_id: a, task: Go, next: { state_id: second } }
  - { id: second, assistant_id: a, model: m3, task: Go on, next: { state_id: end } }`,
    )
    bench.server.reply({ status: 409, text: 'busy' }, 'From m2.', 'From m3.')
    const run = await project.run('w', { commit: true })
    expect(bench.server.requests.map((request) => request.body.model)).toEqual(['m1', 'm2', 'm3'])
    const shown = await runInProcess(['show', run.runId], { cwd: project.root, env: project.env })
    const lines = shown.stdout
      .replace(/127[.\d:]+/g, 'HOST')
      .replace(/\d+\.\ds/g, '0s')
      .split('\n')
    expect(lines.filter((line) => / first| second|fallback/.test(line)).join('\n')).toMatchInlineSnapshot(`
      "  ✓ first   0s  openai:m2
        ✓ second  0s  openai:m3
        ! first: m1: openai (HOST) reports a conflict with another request (409): busy. Asking m2 instead [model-fallback]"
    `)
    const readme = project.git('show', `codemie/runs:${run.record?.path}/README.md`)
    expect(
      readme
        .split('\n')
        .filter((line) => /^\| (Step|`first`|`second`|At most)/.test(line))
        .join('\n')
        .replace(/\d+ ms/g, '0 ms'),
    ).toMatchInlineSnapshot(`
      "| At most | 3 steps, 50 model calls |
      | Step | Status | Took | Tokens | Cost | Models |
      | \`first\` | finished | 0 ms | 10 in, 5 out | not known | \`openai:m2\` |
      | \`second\` | finished | 0 ms | 10 in, 5 out | not known | \`openai:m3\` |"
    `)
  })

  test('a provider that answers with another model: told once, and priced by that one', async () => {
    bench.server.reply(
      { toolCalls: [{ name: 'list_files', args: {} }], model: 'gpt-5-nano-2025-08-07' },
      { text: 'Done.', model: 'gpt-5-nano-2025-08-07' },
    )
    const run = await projectOf(
      one('{ id: a, system_prompt: P, model: gpt-5-mini, tools: [{ name: list_files }] }'),
    ).run('w')
    expect(eventsOfType(run, 'warning').map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'other-model-answered: openai:gpt-5-mini was asked, and openai:gpt-5-nano-2025-08-07 answered',
    ])
    expect(
      eventsOfType(run, 'effect-finished')
        .filter(({ kind }) => kind === 'model')
        .map(({ name, costUsd }) => [name, costUsd]),
    ).toEqual([
      ['openai:gpt-5-nano-2025-08-07', 2.5e-6],
      ['openai:gpt-5-nano-2025-08-07', 2.5e-6],
    ])
  })

  test('the same model under its dated name is no other one', async () => {
    bench.server.reply({ text: 'Done.', model: 'gpt-5-mini-2025-08-07' })
    const run = await projectOf(one('{ id: a, system_prompt: P, model: gpt-5-mini }')).run('w')
    expect(eventsOfType(run, 'warning')).toEqual([])
  })

  test('are not asked when --model says which one it is', async () => {
    bench.server.reply({ status: 409, text: 'busy' })
    const run = await projectOf(one('{ id: a, system_prompt: P, model: m1, fallback_models: [m2] }')).run(
      'w',
      {
        model: 'm9',
      },
    )
    expect(run.status).toBe('failed')
    expect(bench.server.requests.map((request) => request.body.model)).toEqual(['m9'])
  })
})

test('a model that calls a tool where there is none is not asked on, and tried again', async () => {
  bench.server.reply({ toolCalls: [{ name: 'list_files', args: {} }] }, 'Without it.')
  const run = await projectOf(one('{ id: a, system_prompt: P }')).run('w')
  expect(run).toMatchObject({ status: 'succeeded', output: 'Without it.' })
  expect(eventsOfType(run, 'attempt-failed').map(({ failure }) => [failure.code, failure.message])).toEqual([
    ['no-tool-offered', "openai:gpt-5-mini wants to call 'list_files', and the assistant has no tools"],
  ])
})

test('a run keeps what it could come to in its record', async () => {
  bench.server.reply('Hello.')
  const project = projectOf(one('{ id: a, system_prompt: P, model: m }'), {
    config: 'budgets: { tokens: 500 }\n',
  })
  const run = await project.run('w', { commit: true })
  const { manifest } = await project.read(run.runId)
  expect(manifest.ceiling).toMatchObject({
    steps: { most: 1 },
    modelCalls: { most: 10 },
    tokens: { most: 500, cappedBy: 'configuration' },
    usd: { because: [{ kind: 'unknown', sentence: "how much input 'openai:m' takes is not known" }, {}, {}] },
  })
})

describe('steps at once', () => {
  test('are never more than the workflow allows, nor fewer when there is work', async () => {
    const gate = createGate()
    bench.server.when('Current task', ...Array(10).fill({ text: 'done', after: gate.passed }))
    bench.server.reply(JSON.stringify({ items: Array.from({ length: 10 }, (_, i) => `i${i}`) }))
    const running = projectOf(`
max_concurrency: 3
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: plan, assistant_id: a, task: Plan, next: { state_id: each, iter_key: items } }
  - { id: each, assistant_id: a, task: Do, next: { state_id: end } }
`).run('w')
    await bench.server.waitForRequests(4)
    expect(bench.server.inFlight).toBe(3)
    gate.open()
    expect((await running).status).toBe('succeeded')
    expect(bench.server.maxInFlight).toBe(3)
    expect(bench.server.requests).toHaveLength(11)
  })
})

describe('steps at once, when more are asked for', () => {
  test('are as many as --max-concurrency says', async () => {
    const gate = createGate()
    bench.server.when('Plan', JSON.stringify({ items: Array.from({ length: 12 }, (_, i) => i) }))
    bench.server.otherwise({ text: 'done', after: gate.passed })
    const running = projectOf(`
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: plan, assistant_id: a, task: Plan, next: { state_id: each, iter_key: items } }
  - { id: each, assistant_id: a, task: Do, next: { state_id: end } }
`).run('w', { maxConcurrency: 9 })
    await bench.server.waitForRequests(10)
    expect(bench.server.inFlight).toBe(9)
    gate.open()
    expect((await running).status).toBe('succeeded')
    expect(bench.server.maxInFlight).toBe(9)
  })
})

describe('summaries', () => {
  test('at the end: the default model sums the conversation up, and that is the output', async () => {
    bench.server.reply('one says', 'In short: one.')
    const project = bench.make({
      workflows: {
        w: 'models: { default: small }\nassistants: [{ id: a, system_prompt: P, model: large }]\nstates: [{ id: s, assistant_id: a, task: T, next: { state_id: end } }]\n',
      },
    })
    const run = await project.run('w', { input: 'In' })
    expect(run).toMatchObject({ status: 'succeeded', output: 'In short: one.' })
    expect(bench.server.requests.map((request) => request.body.model)).toEqual(['large', 'small'])
    expect(bench.server.requests[1]?.body.messages).toEqual([
      { role: 'user', content: 'In' },
      { role: 'assistant', content: 'one says' },
      { role: 'user', content: expect.stringMatching(/^Sum up everything/) },
    ])
    expect(Object.keys(await project.outputsOf())).toEqual(['s', 'result_finalizer_node'])
  })

  test('of a long conversation: made before the next agent sees it, and not again after a resumption', async () => {
    const reply = ['one says', 'two says', 'so far: both', { status: 401, text: 'no' }, 'three says']
    bench.server.reply(...reply)
    const w = projectOf(`
messages_limit_before_summarization: 2
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: First, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Second, next: { state_id: three } }
  - { id: three, assistant_id: a, task: Third, next: { state_id: end } }
`)
    expect((await w.run('w', { input: 'In' })).status).toBe('failed')
    expect(await w.resume('latest')).toMatchObject({ status: 'succeeded', output: 'three says' })
    expect(bench.server.requests).toHaveLength(5)
    expect(bench.server.requests[4]?.body).toEqual(bench.server.requests[3]?.body)
    expect(bench.server.requests[4]?.body.messages.slice(1)).toEqual([
      { role: 'user', content: 'In' },
      { role: 'assistant', content: 'so far: both' },
      { role: 'user', content: 'Third' },
    ])
    bench.server.assertDone()
  })
})

describe('what a model makes up', () => {
  test('several calls with the same id, and text that is no text, are kept apart and kept as they are', async () => {
    const odd = 'half \ud83d, nul \u0000, bell \u0007, right-to-left \u202e'
    bench.server.reply(
      {
        toolCalls: [
          { name: 'read_file', args: { path: 'a.txt' }, id: 'same' },
          { name: 'read_file', args: { path: 'b.txt' }, id: 'same' },
        ],
      },
      odd,
      'fine',
    )
    const project = projectOf(
      `
assistants: [{ id: a, system_prompt: P, tools: [{ name: read_file }] }]
states:
  - { id: one, assistant_id: a, task: First, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Second, next: { state_id: end } }
`,
      { files: { 'a.txt': 'alpha\n', 'b.txt': 'beta\n' } },
    )
    const run = await project.run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: 'fine' })
    const answers = bench.server.requests[1]?.body.messages.filter((m: { role: string }) => m.role === 'tool')
    expect(answers.map((m: { content: string }) => m.content.trim())).toEqual(['alpha', 'beta'])
    expect((await project.outputsOf())['one']).toBe(odd)
    expect(project.git('fsck', '--strict', '--no-dangling')).toBe('')
  })
})
