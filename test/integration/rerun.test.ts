import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { makeProject, type TestProject } from '../helpers/project.ts'
import { type CliResult, runInProcess } from '../helpers/run-cli.ts'

let server: ModelServer
let project: TestProject

beforeEach(async () => {
  server = await startModelServer()
})
afterEach(async () => {
  project.remove()
  await server.close()
})

const HEAD = 'enable_summarization_node: false\nassistants: [{ id: a, system_prompt: P }]\nstates:\n'
const LINE = `${HEAD}  - { id: one, assistant_id: a, task: First, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Second, next: { state_id: three } }
  - { id: three, assistant_id: a, task: Third, next: { state_id: end } }
`
const MAP = `${HEAD}  - { id: plan, assistant_id: a, task: Plan, next: { state_id: each, iter_key: items } }
  - { id: each, assistant_id: a, task: Do, next: { state_id: join } }
  - { id: join, assistant_id: a, task: Join, next: { state_id: end } }
`
const WAITS = LINE.replace('id: three, ', 'id: three, interrupt_before: true, ')
const ASKS = `inputs:
  who: { type: string, required: true }
  times: { type: integer, default: 1 }
${HEAD}  - { id: one, assistant_id: a, task: 'Greet {{ who }} {{ times }} times', resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
`

function make(workflow: string): void {
  project = makeProject({ workflows: { w: workflow } })
}
const cli = (...args: string[]): Promise<CliResult> =>
  runInProcess(args, {
    cwd: project.root,
    env: { ...project.env, OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: server.url },
  })
const asked = () =>
  server.requests.map(({ lastUserMessage }) => lastUserMessage.replace('\nCurrent task:', ''))
const runIds = async () =>
  (JSON.parse((await cli('runs', '--json')).stdout) as { runs: { id: string }[] }).runs.map(({ id }) => id)

describe('rerun', () => {
  test('does the same again, as a run of its own that names the first', async () => {
    make(LINE)
    server.reply('a', 'b', 'c', 'd', 'e', 'f')
    await cli('run', 'w')
    const [first = ''] = await runIds()
    project.write('.codemie/workflows/w.yaml', LINE.replace('First', 'Changed'))
    const again = await cli('rerun', first)
    expect(again).toMatchObject({ status: 0, stdout: 'f\n' })
    expect(asked()).toEqual(['First', 'Second', 'Third', 'First', 'Second', 'Third'])
    const second = (await runIds()).find((id) => id !== first) ?? ''
    const { manifest, files } = await project.read(second)
    expect(manifest.origin).toEqual({ run: first })
    expect((await cli('show', second)).stdout).toContain(`repeats   ${first}\n`)
    expect(Buffer.from(files.get('README.md') ?? []).toString()).toContain(`| Repeats | \`${first}\` |`)
  })

  test('--latest takes the definition of now', async () => {
    make(LINE)
    server.reply('a', 'b', 'c', 'd', 'e', 'f')
    await cli('run', 'w')
    project.write('.codemie/workflows/w.yaml', LINE.replace('First', 'Changed'))
    await cli('rerun', 'latest', '--latest')
    expect(asked().slice(3)).toEqual(['Changed', 'Second', 'Third'])
    project.write('.codemie/workflows/w.yaml', 'states: 1\n')
    expect(await cli('rerun', 'latest', '--latest')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^error definition-invalid: /),
    })
  })

  test('--from keeps what had finished before, and pays nothing for it', async () => {
    make(LINE)
    server.reply('a', 'b', 'c', 'new b', 'new c')
    await cli('run', 'w')
    const [first = ''] = await runIds()
    expect(await cli('rerun', first, '--from', 'two')).toMatchObject({ status: 0, stdout: 'new c\n' })
    expect(asked().slice(3)).toEqual(['Second', 'Third'])
    const second = (await runIds()).find((id) => id !== first) ?? ''
    expect(await project.outputsOf(second)).toEqual({ one: 'a', two: 'new b', three: 'new c' })
    const { manifest, events } = await project.read(second)
    expect(manifest.origin).toEqual({ run: first, from: 'two' })
    const before = await project.read(first)
    expect(manifest.usage?.inputTokens).toBeLessThan(before.manifest.usage?.inputTokens ?? 0)
    expect(events.find((event) => event.type === 'step-finished')).toMatchObject({
      path: 'one',
      takenFrom: first,
    })
    // What the model sees is what it saw then.
    expect(server.requests[3]?.body).toEqual(server.requests[1]?.body)
  })

  test('--from a map keeps its plan and does every item again', async () => {
    make(MAP)
    server.reply('{"items": ["x", "y"]}')
    server.when(/Do/, '1', '2', '3', '4')
    server.when('Join', 'j', 'k')
    await cli('run', 'w', '--max-concurrency', '1')
    await cli('rerun', 'latest', '--from', 'each', '--max-concurrency', '1')
    expect(asked()).toEqual(['Plan', 'Do x', 'Do y', 'Join', 'Do x', 'Do y', 'Join'])
  })

  test('--from one item keeps those that were done before it', async () => {
    make(MAP)
    server.reply('{"items": ["x", "y"]}')
    server.when(/Do/, '1', '2', '3')
    server.when('Join', 'j', 'k')
    await cli('run', 'w', '--max-concurrency', '1')
    await cli('rerun', 'latest', '--from', 'each[2]', '--max-concurrency', '1')
    expect(asked()).toEqual(['Plan', 'Do x', 'Do y', 'Join', 'Do y', 'Join'])
  })

  test('a step after a pause waits for a person again; an edit made then stays', async () => {
    make(WAITS)
    server.reply('a', 'b', 'c', 'd')
    await cli('run', 'w')
    await cli('resume', 'latest', '--edit', 'edited', '-m', 'Fine')
    const [first = ''] = await runIds()
    const again = await cli('rerun', first, '--from', 'three')
    expect(again.status).toBe(3)
    expect(again.stderr).toContain('What people said to run')
    const second = (await runIds()).find((id) => id !== first) ?? ''
    expect(await cli('resume', second)).toMatchObject({ status: 0, stdout: 'd\n' })
    expect(await project.outputsOf(second)).toEqual({ one: 'a', two: 'edited', three: 'd' })
  })

  test('single inputs can be changed, and are checked', async () => {
    make(ASKS)
    server.reply('a', 'b', 'c')
    await cli('run', 'w', '-i', 'who=Ann', '-i', 'times=3')
    await cli('rerun', 'latest', '-i', 'who=Bob')
    await cli('rerun', 'latest', '--input', '{"who":"Cy"}')
    expect(asked()).toEqual(['Greet Ann 3 times', 'Greet Bob 3 times', 'Greet Cy 1 times'])
    expect(await cli('rerun', 'latest', '-i', 'times=many')).toMatchObject({ status: 2, stdout: '' })
  })

  test('says when another commit is checked out', async () => {
    make(LINE)
    server.reply('a', 'b', 'c', 'd', 'e', 'f')
    await cli('run', 'w')
    const then = project.git('rev-parse', '--short=12', 'HEAD')
    project.git('commit', '-q', '--allow-empty', '-m', 'More')
    const { stderr } = await cli('rerun', 'latest')
    expect(stderr).toContain(`had commit ${then} checked out`)
    expect(stderr).toContain(`git worktree add ../again ${then}`)
  })

  test('a step that the run never had', async () => {
    make(LINE)
    server.reply('a', 'b', 'c')
    await cli('run', 'w')
    expect(await cli('rerun', 'latest', '--from', 'twoo')).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error no-such-step: .*\n {2}= help: Did you mean 'two'\?\n$/),
    })
    expect(await runIds()).toHaveLength(1)
  })
})
