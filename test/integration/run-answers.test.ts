import { describe, expect, test } from 'vitest'
import { eventsOfType, type TestProject } from '../helpers/project.ts'
import { type RunCliOptions, runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()

/** A project whose git knows who sits there. */
function projectOf(workflow: string): TestProject {
  const project = bench.projectOf(workflow)
  project.git('config', 'user.name', 'Ada')
  project.git('config', 'user.email', 'ada@example.org')
  return project
}

const turns = () => bench.server.requests.map((request) => request.lastUserMessage)
const contents = (index: number): readonly string[] =>
  bench.server.requests[index]?.body.messages.map((m: { content: string }) => m.content)

const HEAD = 'name: Letter\nassistants: [{ id: a, system_prompt: P, model: writer-1 }]\n'
/** `draft` writes, `send` waits and then sends what is under the key `text`. */
const letter = (hold: string, more = '') => `${HEAD}states:
  - { id: draft, assistant_id: a, task: Draft, next: { state_id: send, output_key: text } }
  - { id: send, assistant_id: a, ${hold}, ${more} task: "Send {{ text }}", resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
  - { id: rescue, assistant_id: a, task: "Rescue {{ error.code }}", resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
`
const ASKED = 'approval: true'
const HELD = 'interrupt_before: true'

/** Command lines in a project, with the names that differ from run to run replaced. */
function commandLine(project: TestProject) {
  return async (argv: readonly string[], options: Partial<RunCliOptions> = {}) => {
    const { OPENAI_API_KEY, OPENAI_BASE_URL } = {
      OPENAI_API_KEY: 'sk-test-0123456789',
      OPENAI_BASE_URL: bench.server.url,
    }
    const result = await runInProcess(argv, {
      cwd: project.root,
      ...options,
      env: { ...project.env, OPENAI_API_KEY, OPENAI_BASE_URL },
    })
    const plain = (text: string) =>
      text.replace(/\d{8}T\d{6}Z-[0-9a-f]{8}/g, '<run>').replace(/\b[0-9a-f]{12}\b/g, '<commit>')
    return { ...result, stdout: plain(result.stdout), stderr: plain(result.stderr) }
  }
}

describe('an edit of the output before the pause', () => {
  test('takes its place in the conversation and in the context, and stays in the record', async () => {
    const w = projectOf(letter(HELD))
    bench.server.reply('a draft', 'sent')
    await w.run('w')
    const run = await w.resume('latest', { answer: { edit: 'a better draft' } })
    expect(run).toMatchObject({ status: 'succeeded', output: 'sent' })
    expect(contents(1)).toEqual(['P', 'a better draft', 'Send a better draft'])
    const [resumed] = eventsOfType(run, 'run-resumed')
    expect(resumed?.answer).toEqual({
      edit: 'a better draft',
      by: { name: 'Ada', email: 'ada@example.org', source: 'git' },
    })
    const { files } = await w.read()
    expect(Buffer.from(files.get('README.md') ?? []).toString()).toContain(
      '## What people said\n\n- 2026-01-02 03:04:05 UTC: Ada let the run go on before `send`, with an output of their own',
    )
  })

  test('and a message are both heard', async () => {
    const w = projectOf(letter(HELD))
    bench.server.reply('a draft', 'sent')
    await w.run('w')
    await w.resume('latest', { answer: { edit: 'mine', userInput: 'in German' } })
    expect(contents(1)).toEqual(['P', 'mine', 'in German', 'Send mine'])
  })
})

describe('changes that are asked for', () => {
  test('a model reworks the output, and again; the run waits on and then goes on with the last', async () => {
    const w = projectOf(letter(HELD))
    const cli = commandLine(w)
    bench.server.reply('a long draft', 'a draft', 'draft', 'sent')
    await cli(['run', 'w'])
    const first = await cli(['resume', 'latest', '--request-changes', 'Shorter'])
    expect(first).toMatchObject({ status: 3, stdout: 'a draft\n' })
    expect(first.stderr).toMatchInlineSnapshot(`
      "
      ‖ the output of draft was reworked · the run still waits before send
        go on   codemie-ci resume <run>
        again   codemie-ci resume <run> --request-changes "what else"
      "
    `)
    expect(bench.server.requests[1]?.body).toMatchObject({
      model: 'writer-1',
      messages: [
        { role: 'system', content: expect.stringMatching(/^You rework a text .*\n\na long draft$/s) },
        { role: 'user', content: 'Shorter' },
      ],
    })
    await cli(['resume', 'latest', '--request-changes', 'Still shorter'])
    expect(contents(2)[0]).toMatch(/\n\na draft$/)
    expect(await cli(['resume', 'latest'])).toMatchObject({ status: 0, stdout: 'sent\n' })
    expect(contents(3)).toEqual(['P', 'draft', 'Send draft'])
    const { events, manifest } = await w.read()
    expect(events.filter(({ type }) => type === 'output-revised')).toMatchObject([
      { path: 'draft', request: 'Shorter', output: 'a draft', model: 'openai:writer-1' },
      { path: 'draft', request: 'Still shorter', output: 'draft' },
    ])
    // Four answers were paid for, the two that reworked included.
    expect(manifest.usage).toMatchObject({ inputTokens: 40, outputTokens: 20 })
  })

  test('is the work of the model that wrote it, also in a called workflow', async () => {
    const project = bench.make({
      workflows: {
        outer:
          'enable_summarization_node: false\nstates: [{ id: go/on, workflow_id: inner, next: { state_id: end } }]\n',
        inner: letter(HELD),
      },
    })
    const cli = commandLine(project)
    bench.server.reply('a draft', 'better')
    await cli(['run', 'outer'])
    expect(await cli(['resume', 'latest', '--request-changes', 'Better'])).toMatchObject({ status: 3 })
    expect(bench.server.requests[1]?.body.model).toBe('writer-1')
  })

  test('can be interrupted, and the run waits on', async () => {
    const w = projectOf(letter(HELD))
    const cli = commandLine(w)
    bench.server.reply('a draft', { trouble: 'hang' }, 'sent')
    await cli(['run', 'w'])
    let interrupt = () => {}
    const asked = cli(['resume', 'latest', '--request-changes', 'Better'], {
      onInterruptible: (send) => {
        interrupt = send
      },
    })
    await bench.server.waitForRequests(2)
    interrupt()
    expect(await asked).toMatchObject({
      status: 130,
      stdout: '',
      stderr: 'interrupted: the output stays as it was, and the run waits on\n',
    })
    expect(await cli(['resume', 'latest'])).toMatchObject({ status: 0 })
    expect(contents(2)).toEqual(['P', 'a draft', 'Send a draft'])
  })

  test('of nothing are refused, and so are options that make no sense', async () => {
    const w = projectOf(letter(HELD))
    const cli = commandLine(w)
    bench.server.reply('a draft')
    await cli(['run', 'w'])
    for (const more of [[' '], ['x', '--max-concurrency', '0'], ['x', '--json', '--jsonl']]) {
      const { status, stderr } = await cli(['resume', 'latest', '--request-changes', ...more])
      expect(status).toBe(2)
      expect(stderr).toMatch(/^error usage: /)
    }
  })

  test('are events for programs, and no secret is printed', async () => {
    const w = projectOf(letter(HELD))
    const cli = commandLine(w)
    bench.server.reply('a draft', 'my key is sk-test-0123456789', 'my key is sk-test-0123456789')
    await cli(['run', 'w'])
    const plain = await cli(['resume', 'latest', '--request-changes', 'x'])
    expect(plain.stdout).toBe('my key is [redacted]\n')
    const { status, stdout, stderr } = await cli(['resume', 'latest', '--request-changes', 'x', '--jsonl'])
    expect({ status, stderr }).toEqual({ status: 3, stderr: '' })
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.map(({ type }) => type)).toEqual(['effect-finished', 'output-revised'])
    expect(stdout).not.toContain('sk-test')
  })

  test('a model that does not answer leaves the run waiting', async () => {
    const w = projectOf(letter(HELD))
    const cli = commandLine(w)
    bench.server.reply('a draft', { status: 401, text: 'no' }, 'sent')
    await cli(['run', 'w'])
    const result = await cli(['resume', 'latest', '--request-changes', 'Shorter'])
    expect(result).toMatchObject({ status: 6, stdout: '' })
    expect(await cli(['resume', 'latest'])).toMatchObject({ status: 0, stdout: 'sent\n' })
    expect(turns()).toEqual(['Draft', 'Shorter', 'Send a draft'])
  })

  test('before any step has finished there is nothing to change', async () => {
    const w = projectOf(
      `${HEAD}states: [{ id: send, assistant_id: a, ${HELD}, task: T, next: { state_id: end } }]\n`,
    )
    const cli = commandLine(w)
    await cli(['run', 'w'])
    const result = await cli(['resume', 'latest', '--request-changes', 'Shorter'])
    expect(result).toMatchObject({ status: 2, stdout: '' })
    expect(result.stderr).toMatch(/^error nothing-to-change: No step has finished before send, /)
    expect((await w.read()).manifest.status).toBe('paused')
  })
})

describe('an approval', () => {
  test('is what the run waits for: resume alone is refused with status 3, approve goes on', async () => {
    const w = projectOf(letter(ASKED))
    const cli = commandLine(w)
    bench.server.reply('a draft', 'sent')
    const run = await cli(['run', 'w'])
    expect(run.status).toBe(3)
    expect(run.stderr).toMatchInlineSnapshot(`
      "Letter · run <run>
        ▸ draft
        ✓ draft     0.0s  15 tokens  cost unknown
        ‖ waits for an approval before send

      ‖ Letter waits for you · 0.0s · 1 step · 15 tokens · cost unknown
        asks     send: Send a draft
        record   refs/codemie/live/<run> <commit>
        look     codemie-ci show <run>
                 git show refs/codemie/live/<run>:README.md
        approve  codemie-ci approve <run> --digest <commit>
        reject   codemie-ci reject <run> -m "why"
      "
    `)
    expect(await cli(['resume', 'latest'])).toMatchObject({
      status: 3,
      stdout: '',
      stderr:
        'error approval-needed: Run <run> waits for an approval before send\n  = help: `codemie-ci approve <run>` lets it go on, `codemie-ci reject <run>` does not.\n',
    })
    expect(await cli(['approve', 'latest', 'publish'])).toMatchObject({
      status: 2,
      stderr:
        "error step-not-waiting: Run <run> does not wait before 'publish'\n  = help: It waits before send.\n",
    })
    expect(await cli(['approve', 'latest', 'send', '-m', 'Nicely'])).toMatchObject({
      status: 0,
      stdout: 'sent\n',
    })
    expect(contents(1)).toEqual(['P', 'a draft', 'Nicely', 'Send a draft'])
    const shown = await cli(['show', 'latest'])
    expect(shown.stdout).toContain('What people said\n  Ada approved send: Nicely 2026-01-02 03:04 UTC\n')
  })

  test('that nobody waits for is refused', async () => {
    const w = projectOf(letter(ASKED))
    bench.server.reply({ status: 401, text: 'no' })
    await w.run('w')
    expect(await commandLine(w)(['approve', 'latest'])).toMatchObject({
      status: 2,
      stderr:
        "error run-not-waiting: Run <run> does not wait for anybody's yes or no\n  = help: `codemie-ci show <run>` says how it stands.\n",
    })
  })
})

describe('a rejection', () => {
  test('fails the step without running it; the run says who said no, and a later yes takes it back', async () => {
    const w = projectOf(letter(ASKED))
    const cli = commandLine(w)
    bench.server.reply('a draft')
    await cli(['run', 'w'])
    const rejected = await cli(['reject', 'latest', '-m', 'Not before Monday'])
    expect(rejected.status).toBe(1)
    expect(rejected.stderr).toContain(
      "error rejected: A person rejected the step 'send': Not before Monday\n",
    )
    expect(turns()).toEqual(['Draft'])
    expect((await w.read()).manifest).toMatchObject({ status: 'failed', failure: { code: 'rejected' } })
    bench.server.reply('sent')
    expect(await cli(['approve', 'latest'])).toMatchObject({ status: 0, stdout: 'sent\n' })
    expect(turns()).toEqual(['Draft', 'Send a draft'])
    expect((await cli(['show', 'latest'])).stdout).toContain(
      'Ada rejected send: Not before Monday 2026-01-02 03:04 UTC\n  Ada approved send 2026',
    )
  })

  test('goes where on_error of the state says', async () => {
    const w = projectOf(letter(ASKED, 'on_error: { catch: rejected, state_id: rescue },'))
    bench.server.reply('a draft', 'rescued')
    await w.run('w')
    const run = await w.resume('latest', { answer: { decision: 'rejected' } })
    expect(run).toMatchObject({ status: 'succeeded', output: 'rescued' })
    expect(turns()).toEqual(['Draft', 'Rescue rejected'])
  })

  test('fails only the steps that wait, not those beside them', async () => {
    const w = projectOf(`${HEAD}states:
  - { id: plan, assistant_id: a, task: Plan, next: { state_ids: [asked, free] } }
  - { id: asked, assistant_id: a, task: Asked, ${ASKED}, on_error: continue, next: { state_id: end } }
  - { id: free, assistant_id: a, task: Free, next: { state_id: end } }
`)
    bench.server.reply('p', 'f')
    await w.run('w')
    const run = await w.resume('latest', { answer: { decision: 'rejected', reason: 'no' } })
    expect(run.status).toBe('succeeded')
    expect(turns()).toEqual(['Plan', 'Free'])
  })
})

describe('an abort', () => {
  test('of a waiting run ends it for good and keeps what it had', async () => {
    const w = projectOf(letter(ASKED))
    const cli = commandLine(w)
    bench.server.reply('a draft')
    await cli(['run', 'w'])
    const aborted = await cli(['abort', 'latest', '-m', 'Wrong branch'])
    expect(aborted).toMatchObject({ status: 0, stdout: '' })
    expect(aborted.stderr).toMatchInlineSnapshot(`
      "✗ aborted run <run>
        record  codemie/runs <commit> runs/w/2026/01/02/<run>
        look    codemie-ci show <run>
                git show codemie/runs:runs/w/2026/01/02/<run>/README.md
      "
    `)
    const { manifest, files } = await w.read()
    expect(manifest.status).toBe('aborted')
    expect(Buffer.from(files.get('README.md') ?? []).toString()).toContain(
      'Ada aborted the run before `send`: Wrong branch',
    )
    expect(await w.outputsOf()).toEqual({ draft: 'a draft' })
    for (const verb of ['resume', 'approve']) {
      expect((await cli([verb, 'latest'])).stderr).toMatch(/^error (?:run-aborted|run-not-waiting): /)
    }
    expect((await cli(['abort', 'latest'])).stderr).toMatch(
      /^error run-is-over: Run <run> was aborted before/,
    )
  })

  test('of a run that failed keeps the record on the branch', async () => {
    const w = projectOf(letter(ASKED))
    bench.server.reply({ status: 401, text: 'no' })
    await w.run('w')
    const cli = commandLine(w)
    await cli(['abort', 'latest', '-m', 'Wrong branch'])
    expect((await w.read()).manifest.status).toBe('aborted')
    expect((await cli(['show', 'latest'])).stdout).toContain('\n  Ada aborted the run: Wrong branch 2026')
    expect(w.git('log', '--format=%s', 'codemie/runs').split('\n')[0]).toMatch(/^w \S+ aborted$/)
  })

  test('of a run that has succeeded is refused', async () => {
    const w = projectOf(`${HEAD}states: [{ id: s, assistant_id: a, next: { state_id: end } }]\n`)
    bench.server.reply('done')
    await w.run('w')
    expect(await commandLine(w)(['abort', 'latest'])).toMatchObject({
      status: 2,
      stderr:
        'error run-is-over: Run <run> has succeeded; there is nothing to abort\n  = help: `codemie-ci show <run>` shows it.\n',
    })
  })
})

describe('several steps that wait at once', () => {
  const QUIET = 'enable_summarization_node: false\nassistants: [{ id: a, system_prompt: P }]\n'
  /** Two items, each with a workflow of its own that drafts and then waits. */
  function projectOfCalls(hold: string, more = ''): TestProject {
    const project = bench.make({
      workflows: {
        outer: `${QUIET}states:
  - { id: split, assistant_id: a, task: Split, next: { state_id: each, iter_key: list } }
  - { id: each, workflow_id: inner, ${more} next: { state_id: end } }
`,
        inner: `${QUIET}states:
  - { id: draft, assistant_id: a, task: "Draft {{ n }}", resolve_dynamic_values_in_prompt: true, next: { state_id: send, output_key: text } }
  - { id: send, assistant_id: a, ${hold}, task: "Send {{ text }}", resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
`,
      },
    })
    bench.server.when(/^Split$/, '{"list": [{"n": "one"}, {"n": "two"}]}')
    bench.server.when(/^Draft one$/, 'I')
    bench.server.when(/^Draft two$/, 'II')
    return project
  }
  const sent = () => turns().filter((turn) => turn.startsWith('Send '))
  const BOTH = ['each[1]/send', 'each[2]/send']

  test('an edit is for the output that the run paused after, and for no other', async () => {
    const project = projectOfCalls(HELD)
    expect(await project.run('outer')).toMatchObject({ status: 'paused', heldBefore: BOTH })
    bench.server.otherwise('sent')
    await project.resume('latest', { answer: { edit: 'mine', userInput: 'go' } })
    expect(sent().sort()).toEqual(['Send II', 'Send mine'])
  })

  test('an output that was reworked stands for itself, and for no other', async () => {
    const project = projectOfCalls(ASKED)
    const cli = commandLine(project)
    await project.run('outer')
    bench.server.reply('reworked')
    await cli(['resume', 'latest', '--request-changes', 'Longer'])
    bench.server.otherwise('sent')
    // Who answers for the other one first does not lose it.
    expect(await cli(['approve', 'latest', 'each[2]/send'])).toMatchObject({ status: 3 })
    expect(await cli(['approve', 'latest'])).toMatchObject({ status: 0 })
    expect(sent()).toEqual(['Send II', 'Send reworked'])
  })

  test('a yes for one of them leaves the others waiting', async () => {
    const project = projectOfCalls(ASKED)
    const cli = commandLine(project)
    await project.run('outer')
    bench.server.otherwise('sent')
    const one = await cli(['approve', 'latest', 'each[2]/send', '--edit', 'mine'])
    expect(one.status).toBe(3)
    expect(one.stderr).toContain('waits for an approval before each[1]/send\n')
    expect(sent()).toEqual(['Send mine'])
    expect(await cli(['approve', 'latest', 'each[2]/send'])).toMatchObject({ status: 2 })
    expect(await cli(['approve', 'latest', 'each[1]/send'])).toMatchObject({ status: 0 })
    expect(sent()).toEqual(['Send mine', 'Send I'])
    const { stdout } = await cli(['show', 'latest'])
    expect(stdout).toContain('approved each[2]/send, with an output of their own')
    expect(stdout).toContain('approved each[1]/send 2026')
  })

  test('a no for one of them leaves the others waiting, and on_error of the call goes on without it', async () => {
    const project = projectOfCalls(ASKED, 'on_error: { catch: rejected, state_id: continue },')
    const cli = commandLine(project)
    await project.run('outer')
    bench.server.otherwise('sent')
    expect(await cli(['reject', 'latest', 'each[1]/send', '-m', 'no'])).toMatchObject({ status: 3 })
    const approved = await cli(['approve', 'latest'])
    expect(approved.status).toBe(0)
    expect(approved.stderr).toContain(' · 5 steps · ')
    expect(sent()).toEqual(['Send II'])
    const { stdout } = await cli(['show', 'latest'])
    expect(stdout).toContain('  used      5 steps · ')
    expect(stdout).toMatch(/✗ each\[1\] .*\n/)
    expect(stdout).toMatch(/✗ each\[1\]\/send .*\n/)
    expect(stdout).toMatch(/✓ each\[2\]\/send .*\n/)
  })

  test('side by side in one workflow each waits for its own yes, and all messages are heard', async () => {
    const w = projectOf(`${HEAD}states:
  - { id: plan, assistant_id: a, task: Plan, next: { state_ids: [one, two] } }
  - { id: one, assistant_id: a, task: One, ${ASKED}, next: { state_id: end } }
  - { id: two, assistant_id: a, task: Two, ${ASKED}, next: { state_id: end } }
`)
    const cli = commandLine(w)
    bench.server.reply('p', 'x', 'x')
    await cli(['run', 'w'])
    expect(await cli(['approve', 'latest', 'two', '-m', 'first', '--edit', 'q'])).toMatchObject({ status: 3 })
    expect(turns()).toEqual(['Plan'])
    // Whoever approved the second did not know of this message, which it gets to see.
    const second = await cli(['approve', 'latest', 'one', '-m', 'second'])
    expect([second.status, second.stderr]).toEqual([
      3,
      expect.stringContaining(
        '! two: What it would do is not what was approved, so the yes does not count [approval-void]\n',
      ),
    ])
    expect(turns()).toEqual(['Plan'])
    expect(await cli(['approve', 'latest', 'two'])).toMatchObject({ status: 0 })
    expect(turns()).toEqual(['Plan', 'One', 'Two'])
    expect(contents(1)).toEqual(['P', 'q', 'first', 'second', 'One'])
  })

  test('a rejection that on_error caught is over: what fails later is simply resumed', async () => {
    const w = projectOf(letter(ASKED, 'on_error: { catch: rejected, state_id: rescue },'))
    const cli = commandLine(w)
    bench.server.reply('a draft', { status: 401, text: 'no' }, 'rescued')
    await cli(['run', 'w'])
    expect(await cli(['reject', 'latest'])).toMatchObject({ status: 6 })
    expect(await cli(['resume', 'latest'])).toMatchObject({ status: 0, stdout: 'rescued\n' })
    expect(turns()).toEqual(['Draft', 'Rescue rejected', 'Rescue rejected'])
  })

  test('an edit where nothing has finished before the pause is refused', async () => {
    const w = projectOf(
      `${HEAD}states: [{ id: send, assistant_id: a, ${ASKED}, task: T, next: { state_id: end } }]\n`,
    )
    const cli = commandLine(w)
    await cli(['run', 'w'])
    expect(await cli(['approve', 'latest', '--edit', 'mine'])).toMatchObject({
      status: 2,
      stderr:
        'error nothing-to-change: No step has finished before send, so there is nothing to change\n  = help: `codemie-ci approve <run>` lets the run go on, and --message tells the next step something.\n',
    })
  })
})
