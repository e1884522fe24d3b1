import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { makeProject, type SeenRun, type TestProject } from '../helpers/project.ts'

const ROLES = `
[[roles]]
name = "a"
system = "You are a."

[[layers]]
name = "a"
description = "Answers"
command = "octomind acp a"
input_mode = "last"
output_mode = "append"
output_role = "assistant"

[[workflows]]
name = "items"
description = "Each line of the input"

[[workflows.steps]]
name = "each"
type = "foreach"
parse_pattern = 'item (.+)'

[[workflows.steps.substeps]]
name = "say"
type = "once"
layer = "a"
`

const LOOP = `
name = "loop"

[[steps]]
name = "refine"
loop = true
max_iterations = 5
exit_when = { output = "test", matches = '(?m)^OK' }

[[steps.run]]
name = "dev"
role = "a"
session = "continue"
prompt = "Develop {{input}}"

[[steps.run]]
name = "test"
role = "a"
prompt = "Test {{dev}}"
`

const PARALLEL = `
name = "branches"

[[steps]]
name = "views"
parallel = true

[[steps.run]]
name = "one"
role = "a"
prompt = "View one"

[[steps.run]]
name = "two"
role = "a"
prompt = "View two"

[[steps]]
name = "both"
role = "a"
prompt = "Both: {{views}}"
`

let model: ModelServer
let project: TestProject

beforeEach(async () => {
  model = await startModelServer()
  project = makeProject({
    files: {
      '.codemie/workflows/team.config.toml': ROLES,
      '.codemie/workflows/loop.toml': LOOP,
      '.codemie/workflows/branches.toml': PARALLEL,
    },
    env: { OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: model.url },
  })
})
afterEach(async () => {
  project.remove()
  await model.close()
})

const tasks = () => model.requests.map(({ lastUserMessage }) => lastUserMessage)
const finished = ({ events }: SeenRun, type: 'step-finished' | 'step-reused') =>
  events.flatMap((event) => (event.type === type ? [event.path] : []))

test('a loop that fails in its third round of five goes on there, in the same conversation', async () => {
  model.when(/^Develop/, 'v1')
  model.when(/^no, 1/, 'v2')
  model.when(/^no, 2/, { status: 400, text: 'down' }, 'v3')
  model.when(/^Test v/, 'no, 1', 'no, 2', 'OK')
  const failed = await project.run('loop', { input: 'it' })
  expect(failed.status).toBe('failed')
  expect(failed.failure?.code).toBe('model-request-rejected')

  const before = model.requests.length
  const resumed = await project.resume('latest')
  expect(resumed).toMatchObject({ status: 'succeeded', output: 'OK' })
  expect(tasks().slice(before)).toEqual(['no, 2', 'Test v3'])
  // The conversation of the step holds both rounds that an earlier try had; what a try was told that failed stays said.
  expect(model.requests[before]?.body.messages.slice(1)).toEqual([
    { role: 'user', content: 'Develop it' },
    { role: 'assistant', content: 'v1' },
    { role: 'user', content: 'no, 1' },
    { role: 'assistant', content: 'v2' },
    { role: 'user', content: 'no, 2' },
    { role: 'user', content: 'no, 2' },
  ])
  expect(finished(resumed, 'step-reused')).toEqual([
    'refine[1]/dev',
    'refine[1]/test',
    'refine[2]/dev',
    'refine[2]/test',
  ])
  model.assertDone()
})

test('a foreach that fails at item 7 of 20 goes on there, and its session holds what the first six left', async () => {
  const items = Array.from({ length: 20 }, (_, i) => `item ${i + 1}`)
  model.when(/Current input:\n7$/, { status: 400, text: 'down' }, 'said 7')
  model.otherwise(({ lastUserMessage }) => `said ${lastUserMessage.split('\n').at(-1)}`)
  expect(await project.run('items', { input: items.join('\n') })).toMatchObject({ status: 'failed' })
  expect(model.requests).toHaveLength(7)

  const resumed = await project.resume('latest')
  expect(resumed.output).toBe(items.map((item) => item.replace('item', 'said')).join('\n\n'))
  expect(model.requests).toHaveLength(21)
  expect(tasks()[7]).toBe('Previous response:\nsaid 6\n\nCurrent input:\n7')
  expect(finished(resumed, 'step-reused')).toHaveLength(6)
})

test('a branch of a parallel block that fails does not undo the others', async () => {
  model.when('View one', 'first')
  model.when('View two', { status: 400, text: 'down' }, 'second')
  model.when(/^Both/, 'done')
  expect(await project.run('branches', { input: 'x' })).toMatchObject({ status: 'failed' })

  const resumed = await project.resume('latest')
  expect(resumed).toMatchObject({ status: 'succeeded', output: 'done' })
  expect(tasks()).toEqual(['View one', 'View two', 'View two', 'Both: ── one ──\nfirst\n\n── two ──\nsecond'])
  model.assertDone()
})

test('a workflow in YAML calls the second one of a configuration, and goes on with the one of its record', async () => {
  project.write(
    '.codemie/workflows/two.config.toml',
    `${ROLES.replaceAll('"a"', '"b"').replace('"items"', '"first"')}
[[workflows]]
name = "second"
description = "One answer"

[[workflows.steps]]
name = "say"
type = "once"
layer = "b"
`,
  )
  project.write(
    '.codemie/workflows/outer.yaml',
    'states: [{ id: inner, workflow_id: second, task: Go, next: { state_id: end } }]\nenable_summarization_node: false\n',
  )
  model.when(/Current input:\nGo$/, { status: 400, text: 'down' }, 'said')
  expect(await project.run('outer', { input: 'x' })).toMatchObject({ status: 'failed' })
  const { manifest } = await project.read()
  expect(manifest.workflow.calls).toMatchObject([
    { name: 'second', file: '.codemie/workflows/two.config.toml', id: 'second' },
  ])
  expect(await project.resume('latest', { onChange: 'as-recorded' })).toMatchObject({ output: 'said' })
  model.assertDone()
})

test('1,000 items of one text', async () => {
  const items = Array.from({ length: 1000 }, (_, i) => `item ${i + 1}`)
  model.otherwise('x')
  const run = await project.run('items', { input: items.join('\n'), commit: false })
  expect(run.status).toBe('succeeded')
  expect(model.requests).toHaveLength(1000)
  expect(run.output?.length).toBe(1000 + 999 * 2)
})

test('no items', async () => {
  expect(await project.run('items', { input: 'nothing' })).toMatchObject({ status: 'succeeded', output: '' })
  expect(model.requests).toEqual([])
})
