import { mkdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type EndedAction, type RunningAction, startAction } from '../helpers/action-bundle.ts'
import { buildIfStale } from '../helpers/built-cli.ts'
import { type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { makeProject, type TestProject } from '../helpers/project.ts'

const NODE24 = process.env['CODEMIE_TEST_NODE24']

const ASK = `
name: Ask
enable_summarization_node: false
assistants: [{ id: a, model: gpt-5-mini, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: Begin, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Go on, next: { state_id: end } }
`

const EVENT = {
  GITHUB_RUN_ID: '1001',
  GITHUB_RUN_ATTEMPT: '1',
  GITHUB_EVENT_NAME: 'schedule',
  GITHUB_ACTOR: 'octo',
  GITHUB_REPOSITORY: 'acme/app',
  GITHUB_JOB: 'ai',
  GITHUB_ACTION: '__run',
}

let server: ModelServer
let project: TestProject
let running: RunningAction | undefined

beforeAll(buildIfStale, 60_000)
beforeEach(async () => {
  server = await startModelServer()
  project = makeProject({ workflows: { ask: ASK }, files: { 'a.txt': 'a' } })
})
afterEach(async () => {
  running?.process.kill('SIGKILL')
  running = undefined
  project.remove()
  await server.close()
})

describe.each([
  ['the Node that runs the tests', process.execPath],
  ['Node 24 (CODEMIE_TEST_NODE24)', NODE24],
])('the built action on %s', (_, node) => {
  const start = (settings: Partial<Parameters<typeof startAction>[0]> = {}): Promise<EndedAction> => {
    const files = project.beside('job')
    mkdirSync(files, { recursive: true })
    running = startAction({
      ...(node === undefined ? {} : { node }),
      cwd: project.root,
      files,
      ...settings,
      env: {
        ...project.env,
        OPENAI_API_KEY: 'sk-test-0123456789',
        OPENAI_BASE_URL: server.url,
        ...settings.env,
      },
    })
    return running.ended
  }

  test.skipIf(node === undefined)('checks, and marks what is wrong', async () => {
    project.write('.codemie/workflows/bad.yaml', ASK.replace('state_id: two', 'state_id: tow'))
    const step = await start()
    expect(step).toMatchObject({ status: 2, stderr: '', outputs: { status: 'invalid' } })
    expect(step.stdout).toMatch(/^::error file=\.codemie\/workflows\/bad\.yaml,line=6,/m)
    expect(step.summary).toContain('## ❌ 2 files checked, 1 error')
  })

  test.skipIf(node === undefined)('runs; what a model wrote commands nothing', async () => {
    const evil =
      '::error::gone\n::set-output name=status::x\na ##[warning]b\nghadelimiter_1\n::add-mask::Begin\r::debug::c'
    server.reply(evil, evil)
    const step = await start({ inputs: { workflow: 'ask' }, env: EVENT })
    expect(step).toMatchObject({
      status: 0,
      stderr: '',
      outputs: {
        status: 'succeeded',
        output: evil,
        'run-id': expect.stringMatching(/^\d{8}T\d{6}Z-[0-9a-f]{8}$/),
      },
    })
    const commands = step.stdout.split(/\r\n|\r|\n/).filter((line) => /^\s*::|##\[/.test(line))
    expect([...new Set(commands.map((line) => line.replace(/^(::[a-z-]+::).*/, '$1')))].sort()).toEqual([
      '::add-mask::',
      '::endgroup::',
      '::group::',
    ])
    expect(commands).toContain('::add-mask::sk-test-0123456789')
    const { manifest } = await project.read(step.outputs['run-id'])
    expect(manifest).toMatchObject({ trigger: { event: 'schedule' }, actor: { name: 'octo' } })
  })

  test.skipIf(node === undefined)('is cancelled as GitHub cancels: SIGINT, later SIGTERM', async () => {
    server.reply('first', { trouble: 'hang' })
    const ended = start({ inputs: { workflow: 'ask' }, env: EVENT })
    await server.waitForRequests(2)
    running?.process.kill('SIGINT')
    running?.process.kill('SIGTERM')
    const step = await ended
    expect(step).toMatchObject({ status: 130, stderr: '', outputs: { status: 'interrupted' } })
    expect(step.summary).toContain('## ⏹️ Ask was interrupted')
    const { manifest } = await project.read(step.outputs['run-id'])
    expect(manifest).toMatchObject({ status: 'interrupted', steps: 1 })
  })

  test.skipIf(node === undefined)('works where GitHub is not: no files to answer in, no event', async () => {
    server.reply('first', 'last')
    const env = { GITHUB_ACTIONS: '', GITHUB_OUTPUT: '', GITHUB_STEP_SUMMARY: '', GITHUB_WORKSPACE: '' }
    const step = await start({ inputs: { workflow: 'ask' }, env })
    expect(step).toMatchObject({ status: 0, stderr: '' })
    expect(step.stdout).toContain('Ask succeeded')
  })

  test.skipIf(node === undefined)('a bug is told with its stack, in places of the sources', async () => {
    writeFileSync(project.beside('event.json'), '{')
    const env = { ...EVENT, GITHUB_EVENT_PATH: project.beside('event.json') }
    const step = await start({ inputs: { workflow: 'ask' }, env })
    expect(step).toMatchObject({ status: 1, stderr: '' })
    expect(step.stdout).toMatch(/^::error title=Bug::This is a bug in codemie-ci \d/m)
    expect(step.stdout).toMatch(
      /^SyntaxError: .*\n {4}at JSON\.parse .*\n {4}at .* \(action\/toolkit\.ts:\d+:\d+\)\n/m,
    )
    expect(step.stdout).not.toContain('.cjs')
  })
})
