import { afterEach, describe, expect, it } from 'vitest'
import type { RunEvent } from '../../runner/events.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { createGate, type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { type RunCliOptions, runInProcess } from '../helpers/run-cli.ts'

const repositories: TestRepository[] = []
const servers: ModelServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
  for (const repository of repositories.splice(0)) repository.remove()
})

/** A repository with these workflows, all committed, and the way to run command lines in it. */
function open(workflows: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  const files = Object.entries(workflows).map(([name, text]) => [`.codemie/workflows/${name}.yaml`, text])
  const repository = makeRepository({ files: Object.fromEntries(files) as Record<string, string> })
  repositories.push(repository)
  const run = (line: string | readonly string[], options: Partial<RunCliOptions> = {}) =>
    runInProcess(typeof line === 'string' ? line.split(' ') : line, {
      cwd: repository.root,
      ...options,
      env: { ...repository.env, ...env, ...options.env },
    })
  return { repository, run }
}

async function openWithModel(workflows: Readonly<Record<string, string>>) {
  const server = await startModelServer()
  servers.push(server)
  return {
    server,
    ...open(workflows, { OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'sk-0123456789abcdef' }),
  }
}

/** Ids and object names differ from run to run. */
const plain = (text: string) =>
  text.replace(/\d{8}T\d{6}Z-[0-9a-f]{8}/g, '<run>').replace(/\b[0-9a-f]{12}\b/g, '<commit>')

const HELLO = `name: Hello
enable_summarization_node: false
inputs:
  who: { type: string, required: true, description: Whom to greet }
  times: { type: integer, default: 1, maximum: 3 }
custom_nodes:
  - id: words
    custom_node_id: transform_node
    config: { mappings: [{ output_field: word, type: template, template: 'Hello {{ who }}' }] }
  - id: text
    custom_node_id: transform_node
    config: { mappings: [{ output_field: text, type: template, template: '{{ word }}, {{ times }} times' }] }
states:
  - { id: words, custom_node_id: words, next: { state_id: text } }
  - { id: text, custom_node_id: text, next: { state_id: end } }
`

const ASK = `name: Ask
enable_summarization_node: false
retry_policy: { max_attempts: 1 }
assistants: [{ id: helper, system_prompt: You help, model: test-model }]
states:
  - { id: first, assistant_id: helper, task: First question, next: { state_id: second } }
  - { id: second, assistant_id: helper, task: Second question, next: { state_id: end } }
`

describe('run', () => {
  it('puts the result on standard output and what happened on standard error', async () => {
    const { run, repository } = open({ hello: HELLO })
    const result = await run('run hello -i who=Ada -i times=2')
    expect(result.status).toBe(0)
    expect(result.stdout).toBe('Hello Ada, 2 times\n')
    expect(plain(result.stderr)).toMatchInlineSnapshot(`
      "Hello · run <run>
        ✓ words     0.0s
        ✓ text      0.0s

      ✓ Hello succeeded · 0.0s · 2 steps
        record  codemie/runs <commit> runs/hello/2026/01/02/<run>
        look    codemie-ci show <run>
                git show codemie/runs:runs/hello/2026/01/02/<run>/README.md
      "
    `)
    expect(repository.git('log', '--format=%s', 'codemie/runs')).toMatch(/^hello \S+ succeeded$/)
    expect(repository.git('status', '--porcelain')).toBe('')
  })

  it.each([
    ['--input', ['run', 'hello', '--input', '{"who":"Bob"}'], ''],
    ['standard input', ['run', 'hello', '-'], '{"who":"Bob"}\n'],
    ['--input-file -', ['run', 'hello', '--input-file', '-'], '{"who":"Bob"}'],
    ['-i over --input', ['run', 'hello', '--input', '{"who":"Eve"}', '-i', 'who=Bob'], ''],
    ['the name', ['run', 'Hello', '-i', 'who=Bob'], ''],
    ['the path', ['run', '.codemie/workflows/hello.yaml', '-i', 'who=Bob'], ''],
  ])('takes its input or workflow by %s', async (_what, argv, stdin) => {
    const { run } = open({ hello: HELLO })
    expect(await run([...argv, '--no-commit'], { stdin })).toMatchObject({
      status: 0,
      stdout: 'Hello Bob, 1 times\n',
    })
  })

  it('tells all that is wrong with the input at once, and starts nothing', async () => {
    const { run, repository } = open({ hello: HELLO })
    const result = await run('run hello -i times=9 -i whom=Ada')
    expect(result).toMatchObject({ status: 2, stdout: '' })
    expect(result.stderr).toMatchInlineSnapshot(`
      "error input-unknown: The workflow has no input 'whom': did you mean 'who'?
      error input-missing: Input 'who' is missing (Whom to greet): give it with -i who=…
      error input-invalid: Input 'times' must be <= 3

      ✗ .codemie/workflows/hello.yaml cannot run: 3 problems with its input. Try: codemie-ci run hello -i who=<string>
      "
    `)
    expect(repository.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
  })

  it('refuses two sources of input', async () => {
    const { run } = open({ hello: HELLO })
    expect(await run(['run', 'hello', '-', '--input', '{}'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('The input is given more than once.'),
    })
  })

  it('shows a person the head of a long result', async () => {
    const long = HELLO.replace(
      "'{{ word }}, {{ times }} times'",
      '"{% for i in range(40) %}line {{ i }}\\n{% endfor %}"',
    )
    const { run } = open({ hello: long })
    const { stdout } = await run('run hello -i who=Ada', { columns: 80 })
    expect(plain(stdout)).toMatch(/^\nline 0\n[\s\S]*line 23\n… 16 more lines: codemie-ci show <run>\n$/)
  })

  it('gives programs one object', async () => {
    const { run } = open({ hello: HELLO })
    const { status, stdout, stderr } = await run('run hello -i who=Ada --json')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'succeeded',
      exitStatus: 0,
      output: '{"text": "Hello Ada, 1 times"}',
      steps: 2,
      record: { ref: 'refs/heads/codemie/runs' },
    })
  })

  it('gives programs every event as a line', async () => {
    const { run } = open({ hello: HELLO })
    const { stdout } = await run('run hello -i who=Ada --jsonl --no-commit')
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as RunEvent)
    expect(events.map(({ type }) => type)).toEqual([
      'run-started',
      'superstep-started',
      'step-started',
      'step-finished',
      'superstep-started',
      'step-started',
      'step-finished',
      'run-finished',
    ])
  })

  it('says what is missing before anything is spent', async () => {
    const { run } = open({ ask: ASK })
    const { status, stdout, stderr } = await run('run ask')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('OPENAI_API_KEY is not set')
  })

  it('keeps control characters of a model off the terminal', async () => {
    const { run, server } = await openWithModel({ ask: ASK })
    server.reply('one', { text: 'two\u001b[2J\u001b]0;owned\u0007 \u202etext' })
    const { stdout } = await run('run ask', { columns: 80 })
    expect(stdout).toBe('\ntwo text\n')
  })

  it('shows no secret, whoever says it', async () => {
    const { run, server } = await openWithModel({ ask: ASK })
    server.reply('one', 'The key is sk-0123456789abcdef')
    const shown = await run('run ask --jsonl')
    expect(shown.stdout).toContain('The key is [redacted]')
    expect(shown.stdout + shown.stderr).not.toContain('sk-0123456789abcdef')
  })

  it('shows tokens, and never a price that is not known', async () => {
    const { run, server } = await openWithModel({ ask: ASK })
    server.reply('one', 'two')
    const { stderr } = await run('run ask')
    expect(stderr).toContain('✓ Ask succeeded · 0.0s · 2 steps · 30 tokens · cost unknown\n')
    expect(stderr).toContain('  ▸ first\n')
  })

  it('says of each obstacle what to do about it', async () => {
    const { run } = open({
      w: `assistants:
  - { id: a, command: goose acp }
states:
  - { id: ask, assistant_id: a, task: Go, next: { state_id: end } }
`,
    })
    expect((await run('run w', { env: { PATH: '' } })).stderr).toBe(
      `error not-runnable: .codemie/workflows/w.yaml:2:5: Agent 'goose acp': the program is not allowed (allowed: none)
  = help: Add it under policy.agents in .codemie/config.yaml: agents: { "goose": {} }.
error not-runnable: The provider \`openai\` needs a key, and the environment variable OPENAI_API_KEY is not set.
  = help: Set OPENAI_API_KEY (in GitHub Actions: \`env\` from a secret).
error not-runnable: Agent 'goose acp': there is no program 'goose' here
  = help: Install it in the job, or correct its command.
  = help: \`codemie-ci plan w\` shows what the workflow needs.
`,
    )
  })
})

describe('resume', () => {
  it('goes on after a failure without asking twice', async () => {
    const { run, server } = await openWithModel({ ask: ASK })
    server.reply('one', { status: 503, text: 'overloaded' })
    const failed = await run('run ask')
    expect(failed).toMatchObject({ status: 6, stdout: '' })
    const line = /codemie-ci (resume \S+)/.exec(failed.stderr)?.[1]
    expect(line).toBeDefined()
    server.reply('two')
    const resumed = await run(line ?? '')
    expect(resumed).toMatchObject({ status: 0, stdout: 'two\n' })
    expect(resumed.stderr).toContain('  ↺ first     done before\n')
    expect(server.requests.map((request) => request.lastUserMessage)).toEqual([
      'First question',
      'Second question',
      'Second question',
    ])
  })

  it('goes on after Ctrl-C, and a second Ctrl-C does not wait', async () => {
    const { run, server } = await openWithModel({ ask: ASK })
    const gate = createGate()
    server.reply('one', { text: 'never', after: gate.passed })
    let interrupt = () => {}
    const running = run('run ask', {
      onInterruptible: (send) => {
        interrupt = send
      },
    })
    await server.waitForRequests(2)
    interrupt()
    interrupt()
    const { status, stdout, stderr } = await running
    gate.open()
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' })
    expect(stderr).toContain('‖ stopping: saving what is finished; Ctrl-C again ends at once\n')
    expect(stderr).toMatch(/\n {2}resume {2}codemie-ci resume \S+\n$/)
    server.reply('two')
    expect(await run('resume latest')).toMatchObject({ status: 0, stdout: 'two\n' })
    expect(server.requests).toHaveLength(3)
  })

  it('hands on what a person answers', async () => {
    const { run, server } = await openWithModel({
      ask: ASK.replace('task: Second question', '$&, interrupt_before: true'),
    })
    server.reply('one')
    const paused = await run('run ask')
    expect(paused.status).toBe(3)
    expect(paused.stderr).toContain('  ‖ waits for you before second\n')
    expect(paused.stderr).toMatch(/ {2}resume {2}codemie-ci resume \S+ -m "your answer"\n$/)
    server.reply('two')
    expect(await run(['resume', 'latest', '-m', 'Go ahead'])).toMatchObject({ status: 0, stdout: 'two\n' })
    const messages = server.requests[1]?.body.messages as { role: string; content: string }[]
    expect(messages.map(({ content }) => content)).toContain('Go ahead')
  })

  it('has nothing to do for a run that succeeded', async () => {
    const { run } = open({ hello: HELLO })
    await run('run hello -i who=Ada')
    expect(await run('resume latest')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^error run-succeeded: .*\n.* `codemie-ci rerun \S+` repeats it\.\n$/),
    })
  })
})

describe('runs and show', () => {
  it('say so when there is nothing', async () => {
    const { run } = open({ hello: HELLO })
    expect(await run('runs')).toEqual({
      status: 0,
      stdout: 'There are no runs yet. `codemie-ci run <workflow>` makes one.\n',
      stderr: '',
    })
    expect(await run('show latest')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no-such-run'),
    })
  })

  it('list what was run', async () => {
    const { run } = open({ hello: HELLO, ask: ASK })
    await run('run hello -i who=Ada')
    const result = await run('runs')
    expect(plain(result.stdout)).toBe('✓ succeeded  hello  2026-01-02 03:04  0.0s  <run>\n')
    expect((await run('runs ask')).stdout).toBe("There are no runs of 'ask'.\n")
    const { runs } = JSON.parse((await run('runs --json -n 1')).stdout) as { runs: object[] }
    expect(runs).toMatchObject([{ workflow: 'hello', status: 'succeeded', where: 'branch' }])
  })

  it('show a run and one of its steps', async () => {
    const { run } = open({ hello: HELLO })
    await run('run hello -i who=Ada')
    expect(plain((await run('show latest')).stdout)).toMatchInlineSnapshot(`
      "✓ succeeded Hello · run <run>
        started   2026-01-02 03:04 UTC, ran 0.0s
        workflow  .codemie/workflows/hello.yaml
        commit    <commit> (main)
        used      2 steps
        input     {"who":"Ada","times":1}

      Steps
        ✓ words  0.0s
        ✓ text   0.0s

      Result
        Hello Ada, 1 times
      "
    `)
    expect((await run('show latest words')).stdout).toBe('Hello Ada\n')
    expect(await run('show latest wrds')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("= help: Did you mean 'words'?"),
    })
    expect(JSON.parse((await run('show latest --json')).stdout)).toMatchObject({
      status: 'succeeded',
      input: { who: 'Ada', times: 1 },
      output: '{"text": "Hello Ada, 1 times"}',
    })
  })

  it('show why a run failed', async () => {
    const { run, server } = await openWithModel({ ask: ASK })
    server.reply({ status: 401, text: 'wrong key' })
    await run('run ask')
    const { stdout } = await run('show latest')
    expect(stdout).toMatch(/^✗ failed Ask · run /)
    expect(stdout).toContain('error provider-unauthorized: ')
    expect(stdout).toMatch(/ {2}resume {2}codemie-ci resume \S+\n$/)
  })
})

describe('doctor', () => {
  it('finds everything in place', async () => {
    const { run, server, repository } = await openWithModel({ ask: ASK })
    repository.git('config', 'user.name', 'Ada')
    const { status, stdout } = await run('doctor')
    expect(status).toBe(0)
    expect(stdout).toContain(`✓ openai:test-model: ${server.url} answers, key in OPENAI_API_KEY\n`)
    expect(stdout).toMatch(/\nEverything is in place\n$/)
  })

  it('says what is wrong and how to mend it', async () => {
    const { run, repository } = open({ ask: ASK, hello: 'states: []\n' })
    repository.write('.codemie/config.yaml', 'models: { default: 3 }\n')
    const { status, stdout } = await run('doctor --offline')
    expect(status).toBe(1)
    expect(stdout).toContain('✗ .codemie/config.yaml:1:')
    expect(stdout).toContain('✗ 1 of 2 workflows invalid: .codemie/workflows/hello.yaml\n')
    expect(stdout).toContain('OPENAI_API_KEY is not set')
    const report = JSON.parse((await run('doctor --offline --json')).stdout) as { healthy: boolean }
    expect(report.healthy).toBe(false)
  })

  it('works outside of a repository', async () => {
    const { run, repository } = open({ hello: HELLO })
    const { status, stdout } = await run('doctor', { cwd: repository.beside('') })
    expect(status).toBe(1)
    expect(stdout).toContain('is not inside a git repository')
    expect(stdout).toContain('= help: Run `git init` here first')
  })
})
