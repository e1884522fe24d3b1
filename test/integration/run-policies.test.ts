import { describe, expect, test } from 'vitest'
import { createGate } from '../helpers/model-server.ts'
import { eventsOfType } from '../helpers/project.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()
const { projectOf } = bench

const AGENT = 'assistants: [{ id: a, system_prompt: P }]'
const FAIL = { status: 401, text: 'no' }
const turns = () => bench.server.requests.map((request) => request.lastUserMessage)

describe('a pause before a state', () => {
  const workflow = `
${AGENT}
states:
  - { id: draft, assistant_id: a, task: Draft, next: { state_id: publish } }
  - { id: publish, assistant_id: a, task: "Publish {{ tone }}", resolve_dynamic_values_in_prompt: true, interrupt_before: true, next: { state_id: last } }
  - { id: last, assistant_id: a, task: Last, next: { state_id: end } }
`

  test('ends with status 3; resuming with a message tells it to the agent, and nothing is asked twice', async () => {
    bench.server.reply('a draft')
    const w = projectOf(workflow)
    const run = await w.run('w', { input: '{"tone": "softly"}' })
    expect(run).toMatchObject({ status: 'paused', exitStatus: 3, heldBefore: ['publish'] })
    expect(run.record).toMatchObject({ ref: `refs/codemie/live/${run.runId}`, isPublished: false })
    expect(eventsOfType(run, 'run-paused')).toMatchObject([
      { before: ['publish'], reason: 'interrupt-before' },
    ])

    bench.server.reply('published', 'done')
    const again = await w.resume(run.runId, { userInput: 'Make it shorter' })
    expect(again).toMatchObject({ status: 'succeeded', exitStatus: 0, output: 'done', runId: run.runId })
    expect(turns()).toEqual(['Draft', 'Publish softly', 'Last'])
    expect(bench.server.requests[1]?.body.messages).toEqual([
      { role: 'system', content: 'P' },
      { role: 'user', content: '{"tone": "softly"}' },
      { role: 'assistant', content: 'a draft' },
      { role: 'user', content: 'Make it shorter' },
      { role: 'user', content: 'Publish softly' },
    ])
    expect(w.git('for-each-ref', '--format=%(refname)').split('\n')).toEqual([
      'refs/heads/codemie/runs',
      'refs/heads/main',
    ])
  })

  test('a message that is an object enters the context', async () => {
    bench.server.reply('a draft', 'published', 'done')
    const w = projectOf(workflow)
    const run = await w.run('w', { input: '{"tone": "softly"}' })
    await w.resume(run.runId, { userInput: '{"tone": "loudly"}' })
    expect(turns()[1]).toBe('Publish loudly')
  })

  test('a message to a run that waits for none is not swallowed in silence', async () => {
    bench.server.reply(FAIL, 'a draft')
    const w = projectOf(workflow)
    await w.run('w')
    const again = await w.resume('latest', { userInput: 'Hello?' })
    expect(again.status).toBe('paused')
    expect(eventsOfType(again, 'warning')).toMatchObject([
      {
        code: 'message-unused',
        message: 'The run was not waiting for an answer, so nobody gets to see the message',
      },
    ])
    expect(JSON.stringify(bench.server.requests[1]?.body)).not.toContain('Hello?')
  })

  test('a failure after the pause does not ask the person again', async () => {
    bench.server.reply('a draft', { status: 401 })
    const w = projectOf(workflow)
    const run = await w.run('w')
    const failed = await w.resume(run.runId, { userInput: 'Go on' })
    expect(failed).toMatchObject({ status: 'failed', exitStatus: 6 })
    bench.server.reply('published', 'done')
    const again = await w.resume(run.runId)
    expect(again).toMatchObject({ status: 'succeeded', output: 'done' })
    expect(bench.server.requests[2]?.body).toEqual(bench.server.requests[1]?.body)
    expect(JSON.stringify(bench.server.requests[2]?.body)).toContain('Go on')
    bench.server.assertDone()
  })
})

describe('a condition that cannot be evaluated', () => {
  const workflow = `
${AGENT}
states:
  - id: ask
    assistant_id: a
    task: Ask
    next:
      condition:
        expression: "missing > 3"
        then: yes-state
        otherwise: no-state
  - { id: yes-state, assistant_id: a, task: Say yes, next: { state_id: end } }
  - { id: no-state, assistant_id: a, task: Say no, next: { state_id: end } }
`

  test('counts as false, and warns with its place', async () => {
    bench.server.reply('{"n": 1}', 'no')
    const run = await projectOf(workflow).run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: 'no' })
    expect(eventsOfType(run, 'warning')).toMatchObject([
      {
        path: 'ask',
        position: '.codemie/workflows/w.yaml:10:21',
        message: expect.stringContaining('missing'),
      },
    ])
  })

  test('fails with --strict, at its place', async () => {
    bench.server.reply('{"n": 1}')
    const run = await projectOf(workflow).run('w', { strict: true })
    expect(run).toMatchObject({ status: 'failed', exitStatus: 1 })
    expect(run.failure).toMatchObject({
      code: 'condition-failed',
      blame: 'workflow',
      message: expect.stringMatching(/^\.codemie\/workflows\/w\.yaml:10:21: .*missing/),
      help: 'Mend the expression, or run without --strict: the condition then counts as false.',
    })
  })
})

describe('timeout', () => {
  test('ends one attempt, and the next may do better', async () => {
    bench.server.reply({ text: 'late', after: createGate().passed }, 'in time')
    const run = await projectOf(
      `${AGENT}\nstates: [{ id: s, assistant_id: a, task: T, timeout: 0.2, next: { state_id: end } }]\n`,
    ).run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: 'in time' })
    expect(eventsOfType(run, 'attempt-failed')).toMatchObject([
      { failure: { code: 'step-timeout', message: "Step 's' did not finish within 200 ms" } },
    ])
  })

  test('of a tool is blamed on the tool, with status 1', async () => {
    const run = await projectOf(
      `retry_policy: { max_attempts: 1 }\ntools: [{ id: t, tool: run_command, tool_args: { command: sleep 60 } }]\nstates: [{ id: s, tool_id: t, timeout: 0.2, next: { state_id: end } }]\n`,
      { config: 'policy: { commands: [sleep] }\n' },
    ).run('w')
    expect(run).toMatchObject({
      status: 'failed',
      exitStatus: 1,
      failure: {
        code: 'step-timeout',
        blame: 'tool',
        help: "Raise the state's 'timeout', or make the step smaller.",
      },
    })
  })
})

describe('a budget', () => {
  const three = `
${AGENT}
states:
  - { id: one, assistant_id: a, task: First, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Second, next: { state_id: three } }
  - { id: three, assistant_id: a, task: Third, next: { state_id: end } }
`

  test('of tokens stops before the call that would go over, and a higher one lets the run go on', async () => {
    bench.server.otherwise({ text: 'ok', usage: { input: 60, output: 40 } })
    const w = projectOf(three, { config: 'budgets: { tokens: 200 }\n' })
    const run = await w.run('w')
    expect(run).toMatchObject({
      status: 'budget-exceeded',
      exitStatus: 4,
      failure: {
        code: 'budget-exceeded',
        blame: 'policy',
        message: 'The budget of 200 tokens is spent (200 tokens)',
        help: "Raise 'budgets' in .codemie/config.yaml and resume, or the workflow's own budget and start a new run.",
      },
    })
    expect(turns()).toEqual(['First', 'Second'])

    expect(await w.resume('latest')).toMatchObject({ status: 'budget-exceeded', exitStatus: 4 })
    expect(turns()).toHaveLength(2)
    w.write('.codemie/config.yaml', 'budgets: { tokens: 201 }\n')
    expect(await w.resume('latest')).toMatchObject({ status: 'succeeded' })
    expect(turns()).toEqual(['First', 'Second', 'Third'])
  })

  test('of dollars counts with the known price', async () => {
    bench.server.otherwise({ text: 'ok', usage: { input: 1_000_000, output: 0 } })
    const run = await projectOf(three, {
      config: 'budgets: { usd: 5 }\nprices: { gpt-5-mini: { input: 3, output: 1 } }\n',
    }).run('w')
    expect(run).toMatchObject({
      status: 'budget-exceeded',
      exitStatus: 4,
      failure: { message: 'The budget of 5 US dollars is spent ($6.0000)' },
    })
    expect(turns()).toEqual(['First', 'Second'])
  })

  test('of dollars asks no model whose price nobody knows', async () => {
    const run = await projectOf(three.replace('system_prompt: P', 'system_prompt: P, model: in-house'), {
      config: 'budgets: { usd: 5 }\n',
    }).run('w')
    expect(run).toMatchObject({
      status: 'failed',
      exitStatus: 5,
      failure: {
        code: 'price-unknown',
        blame: 'policy',
        message: "The price of 'in-house' is not known, so a budget in dollars cannot be kept",
        help: "Give its price under 'prices' in .codemie/config.yaml, or limit tokens instead.",
      },
    })
    expect(bench.server.requests).toEqual([])
  })

  test.each([
    ['tokens: 1000000', 'tokens'],
    ['usd: 100', 'dollars'],
  ])('of %s does not count an answer without usage as nothing', async (budget, unit) => {
    bench.server.otherwise({ text: 'ok', usage: null })
    const w = projectOf(three, { config: `budgets: { ${budget} }\n` })
    const run = await w.run('w')
    expect(run).toMatchObject({
      status: 'failed',
      exitStatus: 5,
      failure: {
        code: 'usage-unknown',
        blame: 'policy',
        message: `A model's answer did not say how many tokens it took, so a budget in ${unit} cannot be kept`,
      },
    })
    expect(turns()).toEqual(['First'])
    expect(await w.resume('latest')).toMatchObject({ failure: { code: 'usage-unknown' } })
    expect(turns()).toEqual(['First'])
  })

  test('of the repository is a ceiling: a workflow can only go below it', async () => {
    bench.server.otherwise({ text: 'ok', usage: { input: 60, output: 40 } })
    const run = await projectOf(`budget: { tokens: 100000 }\n${three}`, {
      config: 'budgets: { tokens: 100 }\n',
    }).run('w')
    expect(run.failure?.message).toBe('The budget of 100 tokens is spent (100 tokens)')
    const lower = await projectOf(`budget: { tokens: 100 }\n${three}`, {
      config: 'budgets: { tokens: 100000 }\n',
    }).run('w')
    expect(lower.failure?.message).toBe('The budget of 100 tokens is spent (100 tokens)')
  })

  test('of steps stops before the step that is too many, and stays so after a resumption', async () => {
    bench.server.otherwise('ok')
    const w = projectOf(`budget: { steps: 2 }\n${three}`)
    const run = await w.run('w')
    expect(run).toMatchObject({
      status: 'budget-exceeded',
      exitStatus: 4,
      failure: { message: 'The budget of 2 steps is spent (the next one would be too many)' },
    })
    expect(turns()).toEqual(['First', 'Second'])
    expect(await w.resume('latest')).toMatchObject({ status: 'budget-exceeded' })
    expect(turns()).toHaveLength(2)
  })

  test('counts answers that were paid for and cannot be used', async () => {
    bench.server.otherwise({ refusal: 'I would rather not', usage: { input: 60, output: 40 } })
    const w = projectOf(
      `${AGENT}\nstates:\n  - { id: one, assistant_id: a, task: First, on_error: continue, next: { state_id: two } }\n  - { id: two, assistant_id: a, task: Second, next: { state_id: end } }\n`,
      { config: 'budgets: { tokens: 100 }\n' },
    )
    const run = await w.run('w')
    expect(run).toMatchObject({ status: 'budget-exceeded', exitStatus: 4 })
    expect(turns()).toEqual(['First'])
    expect(eventsOfType(run, 'run-finished')[0]?.usage).toEqual({
      inputTokens: 60,
      outputTokens: 40,
      cachedInputTokens: 0,
    })
    expect(await w.resume('latest')).toMatchObject({ status: 'budget-exceeded' })
    expect(turns()).toEqual(['First'])
  })
})

describe('a loop that does not end', () => {
  test('is stopped at the recursion limit and blamed on the workflow', async () => {
    bench.server.otherwise('again')
    const run = await projectOf(
      `recursion_limit: 5\n${AGENT}\nstates:\n  - { id: s, assistant_id: a, task: T, next: { condition: { expression: "False", then: end, otherwise: s } } }\n`,
    ).run('w')
    expect(run).toMatchObject({
      status: 'failed',
      exitStatus: 1,
      failure: {
        code: 'recursion-limit',
        blame: 'workflow',
        message: "The run needs more than 5 supersteps; the next one would run 's'",
        help: "Raise 'recursion_limit' in .codemie/workflows/w.yaml, or mend the loop that does not end.",
      },
    })
    expect(turns()).toHaveLength(5)
  })
})

describe('the same run twice', () => {
  test('gives byte-equal step outputs, and the same tree but for the id', async () => {
    const w = projectOf(`
max_concurrency: 3
${AGENT}
custom_nodes:
  - id: shape
    custom_node_id: transform_node
    config:
      mappings:
        - { output_field: first, type: extract, source_path: notes }
states:
  - { id: plan, assistant_id: a, task: Plan, next: { state_id: each, iter_key: items } }
  - { id: each, assistant_id: a, task: Do, next: { state_id: shape, append_to_context: true, output_key: notes } }
  - { id: shape, custom_node_id: shape, next: { state_id: end } }
`)
    const answer = async (order: readonly string[]) => {
      const gates = new Map(order.map((item) => [item, createGate()]))
      bench.server.when('Plan', '{"items": ["x", "y", "z"]}')
      for (const [item, gate] of gates)
        bench.server.when(`Current task: ${item}`, { text: `about ${item}`, after: gate.passed })
      const before = bench.server.requests.length
      const running = w.run('w', {
        onEvent: (event) => {
          if (event.type !== 'step-finished') return
          const next = order[order.indexOf(event.output.replace('about ', '')) + 1]
          gates.get(next ?? '')?.open()
        },
      })
      await bench.server.waitForRequests(before + 4)
      gates.get(order[0] ?? '')?.open()
      return await running
    }
    const first = await answer(['x', 'y', 'z'])
    const second = await answer(['z', 'y', 'x'])
    expect(first.status).toBe('succeeded')
    expect(second.output).toBe(first.output)
    const steps = (path: string | undefined) =>
      w.git('ls-tree', '-r', `codemie/runs:${path}/steps`).split('\n')
    expect(steps(second.record?.path)).toEqual(steps(first.record?.path))
    expect(await w.outputsOf(second.runId)).toEqual(await w.outputsOf(first.runId))
  })
})
