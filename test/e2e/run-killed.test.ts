import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildIfStale, type RunningCli, runBuiltCli, startCli } from '../helpers/built-cli.ts'
import { createGate, type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { makeProject, type TestProject } from '../helpers/project.ts'

let server: ModelServer
let project: TestProject
const started: RunningCli[] = []

beforeAll(buildIfStale, 60_000)
beforeEach(async () => {
  server = await startModelServer()
})
afterEach(async () => {
  for (const { process } of started.splice(0)) process.kill('SIGKILL')
  project.remove()
  await server.close()
})

const SEQUENCE = `
enable_summarization_node: false
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: First, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Second, next: { state_id: three } }
  - { id: three, assistant_id: a, task: Third, next: { state_id: end } }
`

const MAP = `
enable_summarization_node: false
max_concurrency: 4
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: plan, assistant_id: a, task: Plan, next: { state_id: each, iter_key: items } }
  - { id: each, assistant_id: a, task: Do, next: { state_id: join, append_to_context: true, output_key: all } }
  - { id: join, assistant_id: a, task: Join, next: { state_id: end } }
`

const LOOP = `
enable_summarization_node: false
assistants: [{ id: a, system_prompt: P, tools: [{ name: read_file }] }]
states:
  - { id: ask, assistant_id: a, task: Look around, next: { state_id: end } }
`

function make(workflow: string, env: Readonly<Record<string, string>> = {}) {
  project = makeProject({ workflows: { w: workflow }, files: { 'a.txt': 'alpha\n', 'b.txt': 'beta\n' } })
  const settings = {
    cwd: project.root,
    env: { ...project.env, OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: server.url, ...env },
  }
  return {
    start(...args: string[]) {
      const cli = startCli(args, settings)
      started.push(cli)
      return cli
    },
    cli: (...args: string[]) => runBuiltCli(args, settings),
  }
}

async function kill(cli: RunningCli): Promise<void> {
  cli.process.kill('SIGKILL')
  expect(await cli.ended).toBe('SIGKILL')
}

const asked = () => server.requests.map((request) => request.lastUserMessage.replace('\nCurrent task:', ''))
/** An answer that never comes. */
const never = () => ({ text: 'too late', after: createGate().passed })

describe('a run that is aborted while it runs', () => {
  test('is stopped, keeps what was finished, and does not go on', async () => {
    const { start, cli } = make(SEQUENCE)
    server.reply('one says', never())
    const first = start('run', 'w')
    await server.waitForRequests(2)
    expect(await cli('abort', 'latest', '-m', 'Enough')).toMatchObject({ status: 0 })
    expect(await first.ended).toBe(130)
    const { manifest } = await project.read()
    expect(manifest.status).toBe('aborted')
    expect(await project.outputsOf()).toEqual({ one: 'one says' })
    const again = await cli('resume', 'latest')
    expect(again).toMatchObject({ status: 2, stdout: '' })
    expect(again.stderr).toMatch(/^error run-aborted: /)
    server.assertDone()
  })
})

describe('a run killed with kill -9', () => {
  test('in the middle of a sequence asks again only what was not answered', async () => {
    const { start, cli } = make(SEQUENCE)
    server.reply('one says', never(), 'two says', 'three says')
    const first = start('run', 'w')
    await server.waitForRequests(2)
    await kill(first)

    const second = await cli('resume', 'latest')
    expect(second).toMatchObject({ status: 0, stdout: 'three says\n' })
    expect(asked()).toEqual(['First', 'Second', 'Second', 'Third'])
    expect(server.requests[2]?.body).toEqual(server.requests[1]?.body)
    expect(await project.outputsOf()).toEqual({ one: 'one says', two: 'two says', three: 'three says' })
    server.assertDone()
  })

  test('in the middle of a map with several in flight keeps every item that was answered', async () => {
    const { start, cli } = make(MAP)
    server.reply('{"items": ["a", "b", "c", "d", "e"]}')
    server.when(/Do\nCurrent task: [ac]/, 'A or C', 'A or C')
    server.when(/Do\nCurrent task: [bde]/, never(), never(), never())
    const first = start('run', 'w', '--jsonl')
    await first.waitFor('"type":"step-finished","path":"each[1]"')
    await first.waitFor('"type":"step-finished","path":"each[3]"')
    await server.waitForRequests(6)
    await kill(first)
    expect(asked().sort()).toEqual(['Do a', 'Do b', 'Do c', 'Do d', 'Do e', 'Plan'])

    server.when(/Do\nCurrent task: [bde]/, 'B, D or E', 'B, D or E', 'B, D or E')
    server.when('Join', 'joined')
    const second = await cli('resume', 'latest')
    expect(second).toMatchObject({ status: 0, stdout: 'joined\n' })
    expect(asked().slice(6).sort()).toEqual(['Do b', 'Do d', 'Do e', 'Join'])
    const history = server.requests
      .at(-1)
      ?.body.messages.map((message: { content: string }) => message.content)
    expect(history).toEqual([
      'P',
      '{"items": ["a", "b", "c", "d", "e"]}',
      "'a'",
      'A or C',
      "'b'",
      'B, D or E',
      "'c'",
      'A or C',
      "'d'",
      'B, D or E',
      "'e'",
      'B, D or E',
      'Join',
    ])
    server.assertDone()
  })

  test('in the middle of a tool loop repeats no call of the model that was answered', async () => {
    const { start, cli } = make(LOOP)
    const read = (path: string) => ({ toolCalls: [{ name: 'read_file', args: { path } }] })
    server.reply(read('a.txt'), read('b.txt'), never(), 'Seen both.')
    const first = start('run', 'w')
    await server.waitForRequests(3)
    await kill(first)

    const second = await cli('resume', 'latest')
    expect(second).toMatchObject({ status: 0, stdout: 'Seen both.\n' })
    expect(server.requests).toHaveLength(4)
    expect(server.requests[3]?.body).toEqual(server.requests[2]?.body)
    server.assertDone()
  })

  test('while JSON is asked for again does not ask the first time again', async () => {
    const { start, cli } = make(`
enable_summarization_node: false
assistants: [{ id: a, system_prompt: P }]
states:
  - id: ask
    assistant_id: a
    task: Count
    output_schema: '{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}'
    next: { state_id: end }
`)
    server.reply('{}', never(), '{"n": 3}')
    const first = start('run', 'w')
    await server.waitForRequests(2)
    await kill(first)
    expect(await cli('resume', 'latest')).toMatchObject({ status: 0, stdout: '{\n  "n": 3\n}\n' })
    expect(server.requests).toHaveLength(3)
    expect(server.requests[2]?.body).toEqual(server.requests[1]?.body)
  })

  test('twice, in different steps, still does everything once', async () => {
    const { start, cli } = make(SEQUENCE)
    server.reply('one says', never(), 'two says', never(), 'three says')
    const first = start('run', 'w')
    await server.waitForRequests(2)
    await kill(first)
    const second = start('resume', 'latest')
    await server.waitForRequests(4)
    await kill(second)
    expect(await cli('resume', 'latest')).toMatchObject({ status: 0, stdout: 'three says\n' })
    expect(asked()).toEqual(['First', 'Second', 'Second', 'Third', 'Third'])
  })

  test('while its record was being committed is committed by resume, and no step runs', async () => {
    const { cli } = make(SEQUENCE)
    const bin = project.beside('bin')
    mkdirSync(bin)
    const git = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
    writeFileSync(
      join(bin, 'git'),
      `#!/bin/sh\nfor word in "$@"; do if [ "$word" = fast-import ]; then exec sleep 60; fi; done\nexec ${git} "$@"\n`,
    )
    chmodSync(join(bin, 'git'), 0o755)
    const path = project.env['PATH'] ?? ''
    server.reply('one says', 'two says', 'three says')
    const first = startCli(['run', 'w', '--jsonl'], {
      cwd: project.root,
      env: {
        ...project.env,
        PATH: `${bin}:${path}`,
        OPENAI_API_KEY: 'sk-test-0123456789',
        OPENAI_BASE_URL: server.url,
      },
    })
    started.push(first)
    await first.waitFor('"type":"run-finished"')
    await kill(first)

    expect(await cli('resume', 'latest')).toMatchObject({ status: 0, stdout: 'three says\n' })
    expect(server.requests).toHaveLength(3)
    expect(project.git('log', '--format=%s', 'codemie/runs')).toMatch(/^w \S+ succeeded$/)
  })
})

describe('a run that is interrupted', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'by %s saves, exits 130 and says how to go on',
    async (signal) => {
      const { start, cli } = make(SEQUENCE)
      server.reply('one says', never(), 'two says', 'three says')
      const first = start('run', 'w')
      await server.waitForRequests(2)
      first.process.kill(signal)
      expect(await first.ended).toBe(130)
      const run = await project.read()
      expect(run.manifest.status).toBe('interrupted')
      expect(first.stderr()).toContain(`resume  codemie-ci resume ${run.manifest.id}\n`)
      expect(first.stdout()).toBe('')

      expect(await cli('resume', run.manifest.id)).toMatchObject({ status: 0, stdout: 'three says\n' })
      expect(asked()).toEqual(['First', 'Second', 'Second', 'Third'])
    },
  )

  test('with several items of a map in flight keeps those that were answered', async () => {
    const { start, cli } = make(MAP)
    server.reply('{"items": ["a", "b", "c"]}')
    server.when('Current task: a', 'A')
    server.when(/Current task: [bc]/, never(), never())
    const first = start('run', 'w', '--jsonl')
    await first.waitFor('"type":"step-finished","path":"each[1]"')
    await server.waitForRequests(4)
    first.process.kill('SIGINT')
    expect(await first.ended).toBe(130)
    server.when(/Current task: [bc]/, 'B or C', 'B or C')
    server.when('Join', 'joined')
    expect(await cli('resume', 'latest')).toMatchObject({ status: 0, stdout: 'joined\n' })
    expect(asked().slice(4).sort()).toEqual(['Do b', 'Do c', 'Join'])
  })

  test('a second time ends at once, and is resumed like one that was killed', async () => {
    const { start, cli } = make(SEQUENCE)
    server.reply('one says', never(), 'two says', 'three says')
    const first = start('run', 'w')
    await server.waitForRequests(2)
    first.process.kill('SIGINT')
    first.process.kill('SIGINT')
    expect(await first.ended).toBe(130)
    expect(await cli('resume', 'latest')).toMatchObject({ status: 0, stdout: 'three says\n' })
    expect(asked()).toEqual(['First', 'Second', 'Second', 'Third'])
  })
})

describe('a run that is still going on', () => {
  test('cannot be resumed by somebody else', async () => {
    const { start, cli } = make(SEQUENCE)
    server.reply('one says', never())
    start('run', 'w')
    await server.waitForRequests(2)
    const other = await cli('resume', 'latest')
    expect(other.status).toBe(6)
    expect(other.stderr).toMatch(/error run-is-live: /)
    expect(server.requests).toHaveLength(2)
  })
})

describe('a run that is pushed', () => {
  test('is killed, and goes on in a clone that never saw it, without asking again what was answered', async () => {
    const { start, cli } = make(SEQUENCE)
    const remote = project.beside('remote.git')
    project.git('init', '-q', '--bare', remote)
    project.git('remote', 'add', 'origin', remote)
    project.git('push', '-q', 'origin', 'main')
    server.reply('one says', never(), 'two says', 'three says')
    const run = start('run', 'w', '--push')
    const live = () => project.git('-C', remote, 'for-each-ref', '--format=%(refname)', 'refs/codemie/live')
    const hasOne = () => {
      try {
        return project.git('-C', remote, 'show', `${live()}:steps/one/1/output.md`) === 'one says'
      } catch {
        return false
      }
    }
    await expect.poll(hasOne, { timeout: 15_000, interval: 100 }).toBe(true)
    await kill(run)
    const clone = project.beside('clone')
    project.git('clone', '-q', remote, clone)
    const id = live().replace('refs/codemie/live/', '')
    expect(await cli('resume', id, '-C', clone)).toMatchObject({ status: 0, stdout: 'three says\n' })
    expect(asked()).toEqual(['First', 'Second', 'Second', 'Third'])
    expect(project.git('-C', remote, 'for-each-ref', '--format=%(refname)')).toBe(
      'refs/heads/codemie/runs\nrefs/heads/main',
    )
  })
})
