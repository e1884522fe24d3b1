import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { createGate, type ModelServer, startModelServer } from '../helpers/model-server.ts'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

const repositories: TestRepository[] = []
const servers: ModelServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
  for (const repository of repositories.splice(0)) repository.remove()
})

function open(files: Readonly<Record<string, string>> = {}): TestRepository {
  const repository = makeRepository()
  repositories.push(repository)
  for (const [path, text] of Object.entries(files)) repository.write(path, text)
  return repository
}

/** Starts the program itself, as a shell does. */
function start(
  argv: readonly string[],
  { root, env }: TestRepository,
  more: Readonly<Record<string, string>> = {},
) {
  const child = spawn(process.execPath, ['--import', TSX, MAIN, ...argv], {
    cwd: root,
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { child, ended: waitForEnd(child) }
}

function waitForEnd(child: ChildProcess): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    written.stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    written.stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, ...written }))
  })
}

const ASK = `enable_summarization_node: false
retry_policy: { max_attempts: 1 }
assistants: [{ id: helper, system_prompt: You help, model: test-model }]
states:
  - { id: first, assistant_id: helper, task: One, next: { state_id: second } }
  - { id: second, assistant_id: helper, task: Two, next: { state_id: end } }
`

describe('the program as a process', () => {
  it('says its version', async () => {
    const { ended } = start(['--version'], open())
    expect(await ended).toEqual({ status: 0, stdout: 'development\n', stderr: '' })
  })

  it('sets its exit status', async () => {
    const { ended } = start(['nonsense'], open())
    expect(await ended).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining("no command 'nonsense'"),
    })
  })

  it('ends quietly when nobody reads its output any more', async () => {
    const { child, ended } = start(['explain'], open())
    child.stdout?.destroy()
    expect(await ended).toMatchObject({ status: 0, stderr: '' })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('saves a run on %s and says how to go on', async (signal) => {
    const server = await startModelServer()
    servers.push(server)
    const gate = createGate()
    server.reply('one', { text: 'never', after: gate.passed })
    const repository = open({ '.codemie/workflows/ask.yaml': ASK })
    const { child, ended } = start(['run', 'ask'], repository, {
      OPENAI_BASE_URL: server.url,
      OPENAI_API_KEY: 'sk-0123456789abcdef',
    })
    await server.waitForRequests(2)
    child.kill(signal)
    const { status, stdout, stderr } = await ended
    gate.open()
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' })
    const line = /codemie-ci (resume \S+)\n$/.exec(stderr)?.[1]
    expect(line).toBeDefined()
    server.reply('two')
    const resumed = await start((line ?? '').split(' '), repository, {
      OPENAI_BASE_URL: server.url,
      OPENAI_API_KEY: 'sk-0123456789abcdef',
    }).ended
    expect(resumed).toMatchObject({ status: 0, stdout: 'two\n' })
    expect(server.requests).toHaveLength(3)
  })

  it('goes on after kill -9 without asking again', async () => {
    const server = await startModelServer()
    servers.push(server)
    const gate = createGate()
    server.reply('one', { text: 'never', after: gate.passed })
    const repository = open({ '.codemie/workflows/ask.yaml': ASK })
    const env = { OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'sk-0123456789abcdef' }
    const { child, ended } = start(['run', 'ask'], repository, env)
    await server.waitForRequests(2)
    child.kill('SIGKILL')
    expect(await ended).toMatchObject({ status: null, stdout: '' })
    gate.open()
    expect((await start(['runs'], repository).ended).stdout).toMatch(/^= interrupted {2}ask /)
    server.reply('two')
    expect(await start(['resume', 'latest'], repository, env).ended).toMatchObject({
      status: 0,
      stdout: 'two\n',
    })
    expect(server.requests.map((request) => request.lastUserMessage)).toEqual(['One', 'Two', 'Two'])
  })
})
