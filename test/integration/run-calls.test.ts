import { symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createGate } from '../helpers/model-server.ts'
import { eventsOfType, type ProjectPlan } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()

const turns = () => bench.server.requests.map((request) => request.lastUserMessage)

const QUIET = 'enable_summarization_node: false\nassistants: [{ id: a, system_prompt: P }]\n'
/** A project with the workflows given, whose states all ask the same assistant. */
const projectWith = (workflows: Readonly<Record<string, string>>, more: ProjectPlan = {}) =>
  bench.make({
    workflows: Object.fromEntries(
      Object.entries(workflows).map(([id, states]) => [id, `${QUIET}states:\n${states}`]),
    ),
    ...more,
  })

const INNER = `
  - { id: look, assistant_id: a, task: "Look at {{ what }}", resolve_dynamic_values_in_prompt: true, next: { state_id: say, output_key: seen } }
  - { id: say, assistant_id: a, task: "Say {{ seen }} {{ secret }}", resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
`

describe('a workflow as a step', () => {
  const outer = (call: string) => `
  - { id: plan, assistant_id: a, task: Plan, next: { state_id: check } }
  - { id: check, workflow_id: inner, ${call} next: { state_id: report, output_key: checked } }
  - { id: report, assistant_id: a, task: "Report {{ checked }} {{ seen }}", resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
`

  test('has its own scope: it sees its input, and its last output is the output of the step', async () => {
    bench.server.reply('{"topic": "x", "secret": "s"}', 'a view', 'it is fine', 'done')
    const project = projectWith({ outer: outer('inputs: { what: "the {{ topic }}" },'), inner: INNER })
    const run = await project.run('outer')
    expect(run).toMatchObject({ status: 'succeeded', output: 'done' })
    expect(turns()).toEqual(['Plan', 'Look at the x', 'Say a view ', 'Report it is fine '])
    // Nothing of the conversation around it reaches the inside, nor the other way round.
    expect(bench.server.requests[1]?.body.messages).toEqual([
      { role: 'system', content: 'P' },
      { role: 'user', content: '{"what": "the x"}' },
      { role: 'user', content: 'Look at the x' },
    ])
    expect(bench.server.requests[3]?.body.messages.map((m: { content: string }) => m.content)).toEqual([
      'P',
      '{"topic": "x", "secret": "s"}',
      'it is fine',
      'Report it is fine ',
    ])
    expect(eventsOfType(run, 'step-finished').map(({ path, state }) => [path, state])).toEqual([
      ['plan', 'plan'],
      ['check/look', 'check/look'],
      ['check/say', 'check/say'],
      ['check', 'check'],
      ['report', 'report'],
    ])
  })

  test('takes its task as input where no inputs are given', async () => {
    bench.server.reply('{"topic": "x"}', '1', '2', '3')
    const project = projectWith({
      outer: outer('task: "about {{ topic }}", resolve_dynamic_values_in_prompt: true,'),
      inner: INNER,
    })
    await project.run('outer')
    expect(bench.server.requests[1]?.body.messages[1]).toEqual({ role: 'user', content: 'about x' })
  })

  test('runs once for each item of a list, on the item', async () => {
    bench.server.reply('{"list": [{"what": "one"}, {"what": "two"}]}')
    bench.server.when(/Look at one/, 'first')
    bench.server.when(/Look at two/, 'second')
    bench.server.when(/Say first/, 'I')
    bench.server.when(/Say second/, 'II')
    const project = projectWith({
      outer: `
  - { id: split, assistant_id: a, task: Split, next: { state_id: each, iter_key: list } }
  - { id: each, workflow_id: inner, next: { state_id: end, output_key: found, append_to_context: true } }
`,
      inner: INNER,
    })
    const run = await project.run('outer')
    expect(run).toMatchObject({ status: 'succeeded', output: 'II' })
    expect(
      eventsOfType(run, 'step-finished')
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['each[1]', 'each[1]/look', 'each[1]/say', 'each[2]', 'each[2]/look', 'each[2]/say', 'split'])
    expect(await project.outputsOf()).toMatchObject({ 'each[1]': 'I', 'each[2]': 'II' })
  })

  test('fills the declared inputs of the called workflow, and refuses what does not fit', async () => {
    const declared = `inputs: { what: { type: string, required: true }, secret: { default: none } }\n${QUIET}states:\n${INNER}`
    const project = bench.make({
      workflows: { outer: `${QUIET}states:\n${outer('inputs: { what: w },')}`, inner: declared },
    })
    bench.server.reply('{}', 'v', 'w', 'done')
    await project.run('outer')
    expect(turns()[2]).toBe('Say v none')

    const wrong = bench.make({
      workflows: { outer: `${QUIET}states:\n${outer('inputs: { wat: w },')}`, inner: declared },
    })
    bench.server.reply('{}')
    expect(await wrong.run('outer')).toMatchObject({
      status: 'failed',
      exitStatus: 1,
      failure: {
        code: 'call-input-invalid',
        message: "The workflow has no input 'wat': did you mean 'what'?\nInput 'what' is missing",
        help: "Give the state that calls 'inner' what it needs under 'inputs'.",
      },
    })
  })

  test('reads what templates made as JSON where a declared input is no text', async () => {
    const typed = `inputs: { n: { type: integer }, list: { type: array }, s: { type: string }, constructor: { default: c } }\n${QUIET}states:
  - { id: s, assistant_id: a, task: "{{ n + 1 }} {{ list[0].a }} {{ s }} {{ constructor }}", resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
`
    const project = bench.make({
      workflows: {
        outer: `${QUIET}states:
  - { id: p, assistant_id: a, task: Plan, next: { state_id: c } }
  - { id: c, workflow_id: typed, inputs: { n: "{{ list|length }}", list: "{{ list|tojson }}", s: "{{ list|length }}" }, next: { state_id: end } }
`,
        typed,
      },
    })
    bench.server.reply('{"list": [{"a": 7}]}', 'done')
    await project.run('outer')
    expect(turns()).toEqual(['Plan', '2 7 1 c'])
  })

  test('a failure inside is the failure of the step, and is not tried again as a whole', async () => {
    bench.server.reply('{}', { status: 401, text: 'no' })
    const run = await projectWith({ outer: outer('inputs: { what: w },'), inner: INNER }).run('outer')
    expect(run).toMatchObject({
      status: 'failed',
      exitStatus: 6,
      failure: {
        code: 'provider-unauthorized',
        message: expect.stringMatching(/^Workflow 'inner' failed at 'check\/look': /),
      },
    })
    expect(bench.server.requests).toHaveLength(2)
  })

  test('a failure inside goes where on_error of the step says', async () => {
    bench.server.reply('{}', { status: 401, text: 'no' }, 'done')
    const run = await projectWith({
      outer: outer('inputs: { what: w }, on_error: { catch: provider-*, state_id: continue },'),
      inner: INNER,
    }).run('outer')
    expect(run).toMatchObject({ status: 'succeeded', output: 'done' })
  })

  test('a time limit of the step ends all that is inside, and resuming keeps what was finished', async () => {
    bench.server.reply('{}', 'v', { text: 'late', after: createGate().passed })
    const project = projectWith({ outer: outer('inputs: { what: w }, timeout: 0.5,'), inner: INNER })
    expect(await project.run('outer')).toMatchObject({
      status: 'failed',
      failure: { code: 'step-timeout', message: "Step 'check' did not finish within 500 ms" },
    })
    bench.server.reply('fine', 'done')
    expect(await project.resume('latest')).toMatchObject({ status: 'succeeded', output: 'done' })
    expect(turns()).toEqual(['Plan', 'Look at w', 'Say v ', 'Say v ', 'Report fine '])
  })

  test('counts its steps towards the budget of the run', async () => {
    bench.server.reply('{}', 'v')
    const project = projectWith(
      { outer: outer('inputs: { what: w },'), inner: INNER },
      { config: 'budgets: { steps: 3 }\n' },
    )
    expect(await project.run('outer')).toMatchObject({ status: 'budget-exceeded', exitStatus: 4 })
  })
})

describe('a call and the record', () => {
  const outer = `
  - { id: check, workflow_id: inner, inputs: { what: w }, next: { state_id: end } }
`

  test('the record holds the definitions that were called, and resuming uses them', async () => {
    bench.server.reply('v', { status: 401, text: 'no' })
    const project = projectWith({ outer, inner: INNER })
    await project.run('outer')
    const { manifest, files } = await project.read()
    expect(manifest.workflow.calls).toEqual([
      {
        name: 'inner',
        file: '.codemie/workflows/inner.yaml',
        blob: project.git('hash-object', '.codemie/workflows/inner.yaml').trim(),
      },
    ])
    expect(Buffer.from(files.get('calls/inner.yaml') ?? []).toString()).toBe(`${QUIET}states:\n${INNER}`)

    // Changed meanwhile: the run goes on with what it was started with, and does nothing twice.
    project.write(
      '.codemie/workflows/inner.yaml',
      `${QUIET}states:\n  - { id: x, assistant_id: a, next: {} }\n`,
    )
    bench.server.reply('fine')
    const again = await project.resume('latest', { onChange: 'as-recorded' })
    expect(again).toMatchObject({ status: 'succeeded', output: 'fine' })
    expect(turns()).toEqual(['Look at w', 'Say v ', 'Say v '])
    expect(eventsOfType(again, 'step-reused').map(({ path }) => path)).toEqual(['check/look'])
  })

  test('a pause inside holds the run around it; the answer reaches the inside', async () => {
    const inner = `
  - { id: draft, assistant_id: a, task: Draft, next: { state_id: send } }
  - { id: send, assistant_id: a, task: Send, interrupt_before: true, next: { state_id: end } }
`
    const twice = `
  - { id: plan, assistant_id: a, task: Plan, next: { state_ids: [one, two] } }
  - { id: one, workflow_id: inner, next: { state_id: last } }
  - { id: two, workflow_id: inner, next: { state_id: last } }
  - { id: last, assistant_id: a, task: Last, next: { state_id: end } }
`
    const project = projectWith({ outer: twice, inner })
    bench.server.reply('p', 'd', 'd')
    const run = await project.run('outer')
    expect(run).toMatchObject({ status: 'paused', exitStatus: 3, heldBefore: ['one/send', 'two/send'] })
    bench.server.reply('s', 's', 'l')
    const again = await project.resume('latest', { userInput: 'softly' })
    expect(again).toMatchObject({ status: 'succeeded', output: 'l' })
    expect(turns()).toEqual(['Plan', 'Draft', 'Draft', 'Send', 'Send', 'Last'])
    for (const request of bench.server.requests.slice(3, 5))
      expect(request.body.messages.map((m: { content: string }) => m.content)).toContain('softly')
    expect(JSON.stringify(bench.server.requests[5]?.body)).not.toContain('softly')
  })
})

describe('a call that leads nowhere', () => {
  const calling = (id: string) => `  - { id: go, workflow_id: ${id}, next: { state_id: end } }\n`

  test.each([
    [
      'to itself',
      { outer: calling('outer') },
      'The workflows call each other in a circle: outer → outer',
      'Remove one of the calls, or make the repetition a loop inside one workflow.',
    ],
    [
      'in a circle',
      { outer: calling('b'), b: calling('c'), c: calling('b') },
      'The workflows call each other in a circle: b → c → b',
      'Remove one of the calls, or make the repetition a loop inside one workflow.',
    ],
    [
      'to no workflow',
      { outer: calling('innner'), inner: INNER },
      "There is no workflow 'innner'",
      "Did you mean 'inner'? `codemie-ci list` shows all workflows.",
    ],
    [
      'to a workflow with errors',
      { outer: calling('b'), b: '  - { id: x, assistant_id: nobody, next: { state_id: end } }\n' },
      "The workflow 'b' that is called here has errors",
      '`codemie-ci validate .codemie/workflows/b.yaml` shows them.',
    ],
  ])('%s is refused before anything is spent', async (_what, workflows, message, help) => {
    const project = projectWith(workflows)
    await expect(project.run('outer')).rejects.toMatchObject({
      code: 'not-runnable',
      exitStatus: 2,
      message: expect.stringContaining(`: ${message}\n  ${help}`),
    })
    expect(bench.server.requests).toEqual([])
  })

  const alone = (task: string) =>
    `${QUIET}states: [{ id: s, assistant_id: a, task: ${task}, next: { state_id: end } }]\n`

  test.each([
    ['a path that leads out', '../../../outside/x.yaml'],
    ['an absolute path', '/outside/x.yaml'],
    ['a link to a file', 'link'],
    ['a link to a folder', 'folder/x.yaml'],
  ])('out of the repository is refused: %s', async (_what, id) => {
    const other = bench.make({ files: { 'x.yaml': alone('Secret') } })
    const project = projectWith({ fine: INNER })
    const folder = join(project.root, '.codemie/workflows')
    const outside = id.startsWith('..') ? relative(folder, other.root) : other.root
    project.write(
      '.codemie/workflows/outer.yaml',
      `${QUIET}states:\n${calling(id.replace(/^.*outside/, outside))}`,
    )
    symlinkSync(join(other.root, 'x.yaml'), join(folder, 'link.yaml'))
    symlinkSync(other.root, join(folder, 'folder'))
    await expect(project.run('outer')).rejects.toMatchObject({
      code: 'not-runnable',
      message: expect.stringMatching(
        / is not in \.codemie\/workflows\n {2}A workflow calls only what lies where changes of workflows are looked for/,
      ),
    })
  })

  test('from another folder of the repository is refused: changes there are in no diff', async () => {
    const project = projectWith({ outer: calling('../../ci/x.yaml') }, { files: { 'ci/x.yaml': alone('T') } })
    await expect(project.run('outer')).rejects.toMatchObject({
      code: 'not-runnable',
      message: expect.stringContaining('ci/x.yaml is not in .codemie/workflows'),
    })
  })

  test('by a name that means two files is refused, and paths tell them apart', async () => {
    const workflows = (id: string) => ({
      outer:
        `${calling('inner')}  - { id: far, workflow_id: sub/mid.yaml, next: { state_id: end } }\n`.replace(
          'end',
          'far',
        ),
      inner: '  - { id: s, assistant_id: a, task: Near, next: { state_id: end } }\n',
      'sub/mid': calling(id),
      'sub/inner': '  - { id: s, assistant_id: a, task: Far, next: { state_id: end } }\n',
    })
    await expect(projectWith(workflows('inner')).run('outer')).rejects.toMatchObject({
      code: 'not-runnable',
      message: expect.stringContaining(
        "sub/mid.yaml:4:28: 'inner' means .codemie/workflows/sub/inner.yaml here, and .codemie/workflows/inner.yaml in another call of the same run\n  Name it by its path from the top of the repository: workflow_id: .codemie/workflows/sub/inner.yaml",
      ),
    })
    bench.server.reply('1', '2')
    await projectWith(workflows('.codemie/workflows/sub/inner.yaml')).run('outer')
    expect(turns()).toEqual(['Near', 'Far'])
  })

  test('validate tells it with its place, in each file that cannot run', async () => {
    const project = projectWith({ outer: calling('b'), b: calling('c'), c: calling('b'), fine: INNER })
    const result = await runInProcess(['validate'], { cwd: project.root, env: project.env })
    expect(result.status).toBe(2)
    expect(result.stdout).toMatchInlineSnapshot(`
      "info unused-entry: No state uses the assistant 'a'
       --> .codemie/workflows/b.yaml:2:20
        |
      2 | assistants: [{ id: a, system_prompt: P }]
        |                    ^
        = help: Use it or remove it

      error workflow-cycle: The workflow called here cannot run: The workflows call each other in a circle: b → c → b (.codemie/workflows/c.yaml:4:28)
       --> .codemie/workflows/b.yaml:4:28
        |
      4 |   - { id: go, workflow_id: c, next: { state_id: end } }
        |                            ^
        = help: Remove one of the calls, or make the repetition a loop inside one workflow.

      info unused-entry: No state uses the assistant 'a'
       --> .codemie/workflows/c.yaml:2:20
        |
      2 | assistants: [{ id: a, system_prompt: P }]
        |                    ^
        = help: Use it or remove it

      error workflow-cycle: The workflow called here cannot run: The workflows call each other in a circle: c → b → c (.codemie/workflows/b.yaml:4:28)
       --> .codemie/workflows/c.yaml:4:28
        |
      4 |   - { id: go, workflow_id: b, next: { state_id: end } }
        |                            ^
        = help: Remove one of the calls, or make the repetition a loop inside one workflow.

      info unused-entry: No state uses the assistant 'a'
       --> .codemie/workflows/outer.yaml:2:20
        |
      2 | assistants: [{ id: a, system_prompt: P }]
        |                    ^
        = help: Use it or remove it

      error workflow-cycle: The workflow called here cannot run: The workflows call each other in a circle: b → c → b (.codemie/workflows/c.yaml:4:28)
       --> .codemie/workflows/outer.yaml:4:28
        |
      4 |   - { id: go, workflow_id: b, next: { state_id: end } }
        |                            ^
        = help: Remove one of the calls, or make the repetition a loop inside one workflow.

      ✗ 4 files checked, 3 errors in 3 files
      "
    `)
  })
})
