import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeEvent, runStep, type SeenStep, type StepSettings } from '../helpers/action.ts'
import { type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { makeProject, type ProjectPlan, type TestProject } from '../helpers/project.ts'

const KEY = 'sk-test-0123456789'

const ASK = `
name: Ask
enable_summarization_node: false
assistants: [{ id: a, model: gpt-5-mini, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: 'Do {{subject}}', resolve_dynamic_values_in_prompt: true, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Go on, next: { state_id: end } }
`

const PAUSING = ASK.replace('id: two, ', 'id: two, interrupt_before: true, ')

const MAP = `
enable_summarization_node: false
assistants: [{ id: a, model: gpt-5-mini, system_prompt: P }]
states:
  - { id: plan, assistant_id: a, task: Plan, next: { state_id: each, iter_key: items } }
  - { id: each, assistant_id: a, task: 'Do {{task}}', resolve_dynamic_values_in_prompt: true, next: { state_id: join } }
  - { id: join, assistant_id: a, task: Join, next: { state_id: end } }
`

const DECLARED = `
enable_summarization_node: false
inputs:
  subject: { type: string, required: true, description: what to look at }
  count: { type: integer, default: 3 }
assistants: [{ id: a, model: gpt-5-mini, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: 'Do {{subject}} {{count}}', resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
`

let server: ModelServer
let project: TestProject

beforeEach(async () => {
  server = await startModelServer()
})
afterEach(async () => {
  project?.remove()
  await server.close()
})

function make(plan: ProjectPlan): (settings?: Partial<StepSettings>) => Promise<SeenStep> {
  project = makeProject(plan)
  return (settings = {}) =>
    runStep({
      cwd: project.root,
      ...settings,
      env: { ...project.env, OPENAI_API_KEY: KEY, OPENAI_BASE_URL: server.url, ...settings.env },
    })
}

describe('checking all definitions', () => {
  test('everything is fine', async () => {
    const step = await make({ workflows: { ask: ASK, plain: DECLARED } })()
    expect(step).toMatchObject({
      status: 'valid',
      exitStatus: 0,
      outputs: { status: 'valid' },
      annotations: [],
      said: [],
    })
    expect(step.summary).toContain('## ✅ 2 files checked, no problems')
    expect(step.summary).toContain('| `.codemie/workflows/ask.yaml` | workflow Ask | ✅ no problems |')
  })

  test('a GitHub workflow that does not fit the definitions is a warning at its place', async () => {
    const action = 'codemie/codemie-ci/action@v1'
    const step = await make({
      workflows: { ask: `on: push\n${ASK}` },
      files: {
        '.github/workflows/codemie.yml': `on: issues\njobs:\n  run:\n    runs-on: x\n    steps: [{ uses: ${action}, with: { mode: events }, env: { OPENAI_API_KEY: a } }]\n`,
      },
    })()
    expect(step).toMatchObject({ status: 'valid', exitStatus: 0 })
    expect(step.annotations).toEqual([
      expect.objectContaining({
        code: 'github-workflow-outdated',
        severity: 'warning',
        file: '.github/workflows/codemie.yml',
        line: 1,
        message: "The event 'push' is missing, by which 'ask' starts",
      }),
    ])
    expect(step.summary).toContain('| `.github/workflows/codemie.yml` | GitHub workflow | ⚠️ 1 warning |')
  })

  test('every problem of every file is told, at its place', async () => {
    const step = await make({
      workflows: { bad: ASK.replace('state_id: two', 'state_id: tow'), odd: `${ASK}nmae: Other\n` },
      config: 'modles: {}\n',
      files: { '.codemie/assistants/helper.yaml': 'system_prompt: P\nmodle: m\n' },
    })()
    expect(step).toMatchObject({ status: 'invalid', exitStatus: 2, outputs: { status: 'invalid' } })
    expect(step.annotations.map(({ severity, file, line }) => `${severity} ${file}:${line}`)).toEqual([
      'error .codemie/workflows/bad.yaml:6',
      'warning .codemie/assistants/helper.yaml:2',
      'warning .codemie/config.yaml:1',
      'warning .codemie/workflows/bad.yaml:7',
      'warning .codemie/workflows/odd.yaml:8',
    ])
    expect(step.log).toContain('--> .codemie/workflows/bad.yaml:6:')
    expect(step.log).toContain('4 files checked, 1 error and 4 warnings')
    expect(step.summary).toContain('## ❌ 4 files checked, 1 error and 4 warnings')
    expect(step.summary.indexOf('❌ | `.codemie/workflows/bad.yaml:6')).toBeLessThan(
      step.summary.indexOf('⚠️ | `.codemie/config.yaml:1'),
    )
  })

  test('strict: a warning fails the step', async () => {
    const run = make({ workflows: { odd: `${ASK}nmae: Other\n` } })
    expect(await run()).toMatchObject({ status: 'valid', exitStatus: 0 })
    expect(await run({ inputs: { strict: 'true' } })).toMatchObject({
      status: 'invalid',
      exitStatus: 2,
      annotations: [{ severity: 'error' }],
    })
  })

  test('more problems than GitHub shows: the rest is counted, and nothing is missing in summary and log', async () => {
    const states = Array.from(
      { length: 13 },
      (_, i) => `  - { id: s${i}, assistant_id: none${i}, task: T, next: { state_id: end } }`,
    )
    const step = await make({
      workflows: { bad: `assistants: [{ id: a, system_prompt: P }]\nstates:\n${states.join('\n')}\n` },
    })()
    const errors = step.annotations.filter(({ severity }) => severity === 'error')
    expect(errors).toHaveLength(10)
    expect(step.said).toEqual([
      {
        severity: 'info',
        title: 'More problems',
        message: expect.stringMatching(/^GitHub shows 10 of a kind: \d+ errors?/),
      },
    ])
    for (let i = 0; i < 13; i++) {
      expect(step.summary).toContain(`none${i}`)
      expect(step.log).toContain(`none${i}`)
    }
  })

  test('no definitions at all', async () => {
    const step = await make({ files: { 'a.txt': 'a' } })()
    expect(step).toMatchObject({
      status: 'valid',
      said: [{ severity: 'warning', title: 'Nothing to check' }],
    })
  })

  test('a file name and a message that try to be Markdown', async () => {
    const step = await make({
      workflows: { 'a![x](http:..e)': ASK.replace('state_id: two', "state_id: '@all <b>'") },
    })()
    expect(step.status).toBe('invalid')
    expect(step.summary).toContain('`.codemie/workflows/a![x](http:..e).yaml`')
    expect(step.summary).not.toMatch(/@all|<b>/)
  })
})

describe('a step that cannot start', () => {
  test.each([
    ['no checkout', { cwd: '/' }, 'no-repository', 'actions/checkout'],
    [
      'a directory that is not there',
      { inputs: { 'working-directory': 'nowhere' } },
      'no-such-directory',
      'nowhere',
    ],
    ['an unknown workflow', { inputs: { workflow: 'aks' } }, 'unknown-workflow', "Did you mean 'ask'?"],
    ['a flag that is neither', { inputs: { strict: 'yes' } }, 'action-inputs-invalid', "and not 'yes'"],
    ['inputs for nothing', { inputs: { inputs: 'a=b' } }, 'action-inputs-invalid', '`workflow` is not'],
    [
      'no key',
      { inputs: { workflow: 'ask' }, env: { OPENAI_API_KEY: '', OPENAI_BASE_URL: '' } },
      'not-runnable',
      'OPENAI_API_KEY',
    ],
  ])('%s', async (_, settings, code, words) => {
    const step = await make({ workflows: { ask: ASK } })(settings)
    expect(step).toMatchObject({ status: 'refused', exitStatus: 2, outputs: { status: 'refused' } })
    expect(step.said).toEqual([{ severity: 'error', title: code, message: expect.stringContaining(words) }])
    expect(step.summary).toContain(`\`${code}\``)
    expect(server.requests).toEqual([])
  })

  test('everything wrong with the inputs is said at once', async () => {
    const inputs = { commit: 'maybe', push: 'true', 'max-concurrency': '0' }
    const step = await make({ workflows: { ask: ASK } })({ inputs })
    expect(step.said[0]?.message.match(/`[a-z-]+` takes|needs/g)).toHaveLength(3)
  })

  test('an invalid workflow is annotated and not run', async () => {
    const run = make({ workflows: { ask: `${ASK}nmae: Other\n`, bad: 'states: 1\n' } })
    expect(await run({ inputs: { workflow: 'bad' } })).toMatchObject({ status: 'invalid', exitStatus: 2 })
    const strict = await run({ inputs: { workflow: 'ask', strict: 'true' } })
    expect(strict).toMatchObject({
      status: 'invalid',
      annotations: [{ file: '.codemie/workflows/ask.yaml' }],
    })
    expect(server.requests).toEqual([])
  })
})

describe('inputs of a workflow', () => {
  test.each([
    ['lines', 'subject=the code\ncount=7\n', 'Do the code 7'],
    ['a value that holds an equals sign', 'subject=a=b', 'Do a=b 3'],
    ['a JSON object', '{"subject": "line 1", "count": 2}', 'Do line 1 2'],
  ])('%s', async (_, inputs, asked) => {
    server.reply('done')
    const step = await make({ workflows: { declared: DECLARED } })({
      inputs: { workflow: 'declared', inputs },
    })
    expect(step.status).toBe('succeeded')
    expect(server.requests[0]?.lastUserMessage).toContain(asked)
  })

  test('text for a workflow that takes text', async () => {
    server.reply('one', 'two')
    const step = await make({ workflows: { ask: ASK } })({
      inputs: { workflow: 'ask', inputs: 'Look: x=1, y' },
    })
    expect(step.status).toBe('succeeded')
    expect(JSON.stringify(server.requests[0]?.body.messages)).toContain('Look: x=1, y')
  })

  test.each([
    ['a missing one', 'count=1', ["Input 'subject' is missing (what to look at)"]],
    [
      'an unknown and a wrong one',
      'subjct=a\ncount=many',
      ["did you mean 'subject'?", "Input 'count' must be integer"],
    ],
    ['text for a workflow that takes named ones', 'just text', ['subject, count']],
  ])('%s is refused before anything is spent', async (_, inputs, words) => {
    const step = await make({ workflows: { declared: DECLARED } })({
      inputs: { workflow: 'declared', inputs },
    })
    expect(step).toMatchObject({ status: 'refused', exitStatus: 2, said: [{ title: 'inputs-invalid' }] })
    for (const word of words) expect(step.said[0]?.message).toContain(word)
    expect(server.requests).toEqual([])
  })
})

describe('a run', () => {
  const start = { inputs: { workflow: 'ask', inputs: 'subject=it' } }

  test('succeeds, and says what it did', async () => {
    server.reply('first', '# All good\n\nNothing to do.')
    const step = await make({ workflows: { ask: ASK } })(start)
    expect(step).toMatchObject({ status: 'succeeded', exitStatus: 0, said: [], annotations: [] })
    expect(step.outputs).toEqual({
      status: 'succeeded',
      effects: '',
      'run-id': '20260102T030405Z-00000001',
      digest: '',
      record: 'codemie/runs:runs/ask/2026/01/02/20260102T030405Z-00000001',
      report: 'codemie/runs:runs/ask/2026/01/02/20260102T030405Z-00000001/README.md',
      output: '# All good\n\nNothing to do.',
      tokens: '30',
      'cost-usd': '0.000025',
    })
    expect(project.git('show', `${step.outputs.record}/run.json`)).toContain('"status": "succeeded"')
    expect(step.log).toContain('[✓ two ')
    expect(step.summary).toContain('## ✅ Ask succeeded')
    expect(step.summary).toContain('### Result\n\n# All good\n\nNothing to do.')
    expect(step.summary).toMatch(/\| `one` \| ✅ done \| 1 \| 0 ms \| 15 \|/)
    expect(step.summary).toContain('class n1 done')
    expect(step.summary).toContain("in this job's clone only")
  })

  test('keeps no record when it is not to', async () => {
    server.reply('first', 'last')
    const step = await make({ workflows: { ask: ASK } })({ inputs: { ...start.inputs, commit: 'false' } })
    expect(step.outputs).toMatchObject({ status: 'succeeded', record: '' })
    expect(project.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
  })

  test('fails: the step fails and the summary says where and why', async () => {
    server.reply('first', { status: 400, text: 'the prompt is | too long' })
    const step = await make({ workflows: { ask: ASK } })(start)
    expect(step).toMatchObject({ status: 'failed', outputs: { status: 'failed' } })
    expect(step.exitStatus).toBeGreaterThan(0)
    expect(step.said).toMatchObject([{ severity: 'error', message: expect.stringContaining('too long') }])
    expect(step.summary).toContain('## ❌ Ask failed')
    expect(step.summary).toContain('- step `two`: ')
    expect(step.summary).toContain('class n1 failed')
    expect(step.summary).toContain(`codemie-ci resume ${step.outputs['run-id']}`)
  })

  test('waits for a person: neutral, and a warning that nobody else can reach it', async () => {
    server.reply('first')
    const step = await make({ workflows: { ask: PAUSING } })(start)
    expect(step).toMatchObject({ status: 'paused', exitStatus: 0, said: [{ severity: 'warning' }] })
    expect(step.summary).toContain('## ⏸️ Ask waits for a person')
    expect(step.summary).toContain('The run waits before `two`')
    expect(step.summary).toContain('class n1 waiting')
    expect(project.git('show', `${step.outputs.record}run.json`)).toContain('"status": "paused"')
  })

  test('is cancelled: what is finished is saved and the run goes on later', async () => {
    server.reply('first', { trouble: 'hang' })
    const abort = new AbortController()
    const running = make({ workflows: { ask: ASK } })({ ...start, signal: abort.signal })
    await server.waitForRequests(2)
    abort.abort(new Error('interrupted'))
    const step = await running
    expect(step).toMatchObject({ status: 'interrupted', exitStatus: 130 })
    expect(step.summary).toContain('## ⏹️ Ask was interrupted')
    server.reply('last')
    const env = { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: server.url }
    const resumed = await project.resume(step.outputs['run-id'] ?? '', { env })
    expect(resumed).toMatchObject({ status: 'succeeded', output: 'last' })
  })

  test('stops at its budget', async () => {
    server.reply('first', 'last')
    const step = await make({ workflows: { ask: `${ASK}budget: { tokens: 12 }\n` } })(start)
    expect(step).toMatchObject({ status: 'budget-exceeded', exitStatus: 4 })
    expect(step.summary).toContain('was stopped by its budget')
  })

  test('a map is one row', async () => {
    const items = Array.from({ length: 30 }, (_, i) => `item ${i}`)
    server.when('Plan', JSON.stringify({ items }))
    server.otherwise('ok')
    const step = await make({ workflows: { map: MAP } })({ inputs: { workflow: 'map' } })
    expect(step.status).toBe('succeeded')
    expect(step.summary).toContain('| `each` × 30 | ✅ done | 30 |')
    expect(step.summary.match(/^\| `each/gm)).toHaveLength(1)
    expect(step.log).toContain('and 25 more')
  })

  test('what a model wrote is text: no image, no hidden link, nobody is mentioned', async () => {
    const evil = '![a](https://evil.test/x.png) [b](https://evil.test) <img src=x> @acme/team <!-- hidden -->'
    server.reply('first', evil)
    const step = await make({ workflows: { ask: ASK } })(start)
    expect(step.summary).not.toMatch(/!\[a\]|\]\(https:\/\/evil|<img|@acme|<!--/)
    expect(step.outputs.output).toBe(evil)
  })

  test('a secret never leaves, in whatever form', async () => {
    const secret = 'pass_word@1<b>*~'
    const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]
    server.reply('first', `The key is ${forms.join(' and ')}`)
    const step = await make({ workflows: { ask: ASK } })({ ...start, env: { DEPLOY_SECRET: secret } })
    expect(step.masked).toEqual(expect.arrayContaining([secret, KEY]))
    const everything = [
      step.log,
      step.summary,
      JSON.stringify(step.outputs),
      project.everythingWritten(),
    ].join()
    expect(everything).toContain('[redacted]')
    for (const form of [...forms, 'pass\\_word']) expect(everything).not.toContain(form)
  })

  test('the token and the runner’s own credentials are not for the config to name', async () => {
    const config = `models: { providers: { openai: { base_url: '${server.url}', api_key_env: NAME } } }\n`
    for (const name of ['INPUT_TOKEN', 'ACTIONS_RUNTIME_TOKEN']) {
      const run = make({ workflows: { ask: ASK }, config: config.replace('NAME', name) })
      const step = await run({ ...start, env: { [name]: 'top-secret-value' } })
      expect(step).toMatchObject({ status: 'refused', masked: expect.arrayContaining(['top-secret-value']) })
      project.remove()
    }
    expect(server.requests).toEqual([])
  })

  test('a result of two megabytes', async () => {
    server.reply('first', '**Wort**: naïve <b>\n'.repeat(100_000))
    const step = await make({ workflows: { ask: ASK } })(start)
    expect(step.outputs.output).toHaveLength(100_000)
    expect(Buffer.byteLength(step.summary)).toBeLessThanOrEqual(1024 * 1024)
    expect(step.summary).toContain('longer than a summary may be')
    expect(step.summary).toContain('### Record')
  })

  test('warnings of a run are shown at their place in the definition', async () => {
    server.reply('first', 'last')
    const workflow = ASK.replace(
      'next: { state_id: two }',
      'next: { condition: { expression: nothing > 1, then: two, otherwise: two } }',
    )
    const step = await make({ workflows: { ask: workflow } })(start)
    expect(step.annotations).toMatchObject([
      { severity: 'warning', file: '.codemie/workflows/ask.yaml', line: 6 },
    ])
    expect(step.summary).toContain('### Warnings')
  })
})

describe('a run that an event started', () => {
  const start = { inputs: { workflow: 'ask', inputs: 'subject=it' } }

  test('says so in its record, and runs once for each attempt', async () => {
    server.otherwise('ok')
    const run = make({ workflows: { ask: ASK } })
    const first = await run({ ...start, event: makeEvent() })
    const id = first.outputs['run-id'] ?? ''
    expect(id).toMatch(/^20260101T120000Z-[0-9a-f]{8}$/)
    expect((await project.read(id)).manifest).toMatchObject({
      trigger: { event: 'push', eventId: '1001', attempt: 1 },
      actor: { name: 'octo', source: 'ci' },
      ciUrl: 'https://forge.test/acme/app/actions/runs/1001',
    })
    const again = await run({ ...start, event: makeEvent() })
    expect(again).toMatchObject({ status: 'refused', exitStatus: 6, said: [{ title: 'run-exists' }] })
    const other = await run({ inputs: { ...start.inputs, inputs: 'subject=other' }, event: makeEvent() })
    const rerun = await run({ ...start, event: makeEvent({ attempt: 2, actor: 'ann' }) })
    expect(new Set([first, other, rerun].map((step) => step.outputs['run-id'])).size).toBe(3)
    expect((await project.read(rerun.outputs['run-id'])).manifest).toMatchObject({
      trigger: { attempt: 2 },
      actor: { name: 'ann' },
      ciUrl: 'https://forge.test/acme/app/actions/runs/1001/attempts/2',
    })
  })
})
