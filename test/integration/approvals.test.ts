import { describe, expect, onTestFinished, test } from 'vitest'
import type { PauseAnswered } from '../../runner/events.ts'
import { openProject } from '../../runner/project.ts'
import { openRecords } from '../../runner/records.ts'
import { verifyRecord } from '../../runner/store/verify-record.ts'
import { realWorld } from '../../runner/world.ts'
import { makeRepository } from '../helpers/git-repository.ts'
import { eventsOfType, type TestProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()

const ASSISTANT = 'assistants: [{ id: a, system_prompt: P, model: writer-1 }]\n'
/** `draft` writes, `send` needs a yes and sends what was written. */
const LETTER = `name: Letter
${ASSISTANT}states:
  - { id: draft, assistant_id: a, task: Draft, next: { state_id: send, output_key: text } }
  - { id: send, assistant_id: a, approval: true, task: "Send {{ text }}", resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
`

function commandLine(project: TestProject, more: Readonly<Record<string, string>> = {}) {
  return async (...argv: string[]) => {
    const env = {
      ...project.env,
      OPENAI_API_KEY: 'sk-test-0123456789',
      OPENAI_BASE_URL: bench.server.url,
      ...more,
    }
    const result = await runInProcess(argv, { cwd: project.root, env })
    const plain = (text: string) => text.replace(/\d{8}T\d{6}Z-[0-9a-f]{8}/g, '<run>')
    return { ...result, stdout: plain(result.stdout), stderr: plain(result.stderr) }
  }
}

/** A run that waits for its yes, and the prompts that were sent since. */
async function waiting(workflow = LETTER) {
  bench.server.otherwise(({ lastUserMessage }) => `to ${lastUserMessage}`)
  const project = bench.projectOf(workflow)
  project.git('config', 'user.name', 'Ada')
  const { runId } = await project.run('w')
  const before = bench.server.requests.length
  const cli = commandLine(project)
  const asks = async (): Promise<{ path: string; task: string; digest: string }[]> =>
    JSON.parse((await cli('show', runId, '--json')).stdout).asks
  return {
    project,
    runId,
    cli,
    asks,
    digest: async () => (await asks())[0]?.digest ?? '',
    sent: () => bench.server.requests.slice(before).map((request) => request.lastUserMessage),
  }
}

test.each(['plain-secret-12345', 'pa"ss\\word 12345', 'two\nlines of \t’secrets’'])(
  'a yes counts where the step gets to see a secret: %j',
  async (secret) => {
    bench.server.otherwise(({ lastUserMessage }) => `to ${lastUserMessage}`)
    const project = bench.projectOf(LETTER.replace('{{ text }}', '{{ k }}'))
    project.git('config', 'user.name', 'Ada')
    const cli = commandLine(project, { MY_TOKEN: secret })
    const input = JSON.stringify({ k: secret, more: [{ k: `Bearer ${secret}` }] })
    expect((await cli('run', 'w', '--input', input)).status).toBe(3)
    const approved = await cli('approve', 'latest')
    expect(approved.stderr).not.toContain('approval-void')
    expect(approved.status).toBe(0)
    expect(project.git('log', '-p', '--all')).not.toContain(secret)
  },
)

test('a record whose journal was rewritten as if nobody had been asked is told by its definition', async () => {
  bench.server.otherwise(({ lastUserMessage }) => `to ${lastUserMessage}`)
  const project = bench.projectOf(LETTER)
  project.git('config', 'user.name', 'Ada')
  const cli = commandLine(project)
  expect((await cli('run', 'w')).status).toBe(3)
  expect((await cli('approve', 'latest')).status).toBe(0)
  const folder = project.git('ls-tree', '-r', '--name-only', 'codemie/runs', 'runs/').split('\n')
  const top = /^.*\/(?=run\.json$)/m.exec(folder.join('\n'))?.[0] ?? ''
  const files = new Map<string, Uint8Array>(
    folder.map((path) => [
      path.slice(top.length),
      Buffer.from(`${project.git('show', `codemie/runs:${path}`)}\n`),
    ]),
  )
  const id = top.split('/').at(-2) ?? ''
  const founded = () =>
    verifyRecord({ id, entries: [], files })
      .problems.filter(({ code }) => code === 'approval-unfounded')
      .map(({ message }) => message)
  expect(founded()).toEqual([])
  const journal = 'journal/000001.ndjson'
  const lines = Buffer.from(files.get(journal) ?? [])
    .toString()
    .split('\n')
  const others = lines.filter((line) => !/"type":"run-(paused|resumed)"/.test(line))
  expect(others.length).toBeLessThan(lines.length)
  files.set(journal, Buffer.from(others.join('\n')))
  expect(founded()).toEqual(['send started without the yes that it needs'])
})

describe('what a yes is asked for', () => {
  test('is shown with its digest, on the terminal and on the page of the run', async () => {
    const { project, cli, digest } = await waiting()
    const short = (await digest()).slice(0, 12)
    const { stdout } = await cli('show', 'latest')
    expect(stdout.slice(stdout.indexOf('Waits'))).toBe(`Waits for an approval before send

What send would do [${short}]
  Send to Draft

Result
  to Draft

  approve  codemie-ci approve <run> --digest ${short}
  reject   codemie-ci reject <run> -m "why"
`)
    const { files, manifest } = await project.read()
    const page = Buffer.from(files.get('README.md') ?? []).toString()
    expect(page.slice(page.indexOf('## How to go on'))).toBe(`## How to go on

The run waits for an approval of \`send\`: \`codemie-ci approve ${manifest.id} --digest ${short}\`, or \`codemie-ci reject ${manifest.id}\`.

What \`send\` would do (\`${short}\`):

\`\`\`text
Send to Draft
\`\`\`
`)
  })

  test('of a tool is the call with its arguments', async () => {
    const { asks } = await waiting(`tools: [{ id: t, tool: read_file, tool_args: { path: "{{ text }}.md" } }]
${ASSISTANT}states:
  - { id: draft, assistant_id: a, task: Draft, next: { state_id: read, output_key: text } }
  - { id: read, tool_id: t, approval: true, next: { state_id: end } }
`)
    expect((await asks()).map(({ task }) => task)).toEqual(['Call read_file with {"path":"to Draft.md"}'])
  })

  test('of a step that cannot even be asked for is that it fails', async () => {
    const { asks } = await waiting(`enable_summarization_node: false
tools: [{ id: t, tool: read_file }]
states: [{ id: read, tool_id: t, approval: true, next: { state_id: end } }]
`)
    expect((await asks()).map(({ task }) => task)).toEqual(['Call read_file with {}'])
  })
})

test('a yes is recorded with who gave it, when, and the digests of all that it was for', async () => {
  const { project, cli, digest } = await waiting()
  const asked = await digest()
  expect((await cli('approve', 'latest', '--digest', asked.slice(0, 12))).status).toBe(0)
  const { files, manifest, events } = await project.read()
  const [pause] = eventsOfType({ events }, 'run-paused')
  expect(JSON.parse(Buffer.from(files.get('approvals.json') ?? []).toString())).toEqual([
    {
      path: 'send',
      task: 'Send to Draft',
      decision: 'approved',
      at: '2026-01-02T03:04:05.000Z',
      by: expect.objectContaining({ name: 'Ada', source: 'git' }),
      digest: asked,
      definition: [manifest.workflow.blob],
      inputs: manifest.inputs.sha256,
      effect: pause?.asks?.[0]?.effect,
    },
  ])
  expect(await cli('verify')).toMatchObject({ status: 0 })
})

describe('a yes to something else', () => {
  test('is refused where it names a digest that the run does not ask for, and disturbs nothing', async () => {
    const { cli, digest, sent } = await waiting()
    const short = (await digest()).slice(0, 12)
    expect(await cli('approve', 'latest', '--digest', '0123456789ab')).toEqual({
      status: 2,
      stdout: '',
      stderr: `error approval-moved-on: Run <run> does not ask for 0123456789ab: it asks for ${short} before send
  = help: It has gone on, or what would be done has changed. \`codemie-ci show <run>\` shows what it asks for.
`,
    })
    for (const text of ['012345', 'xyzxyzxyz', ''])
      expect((await cli('approve', 'latest', '--digest', text)).stderr).toMatch(
        /^error usage: --digest takes the first 8 or more digits of a digest, /,
      )
    expect(sent()).toEqual([])
  })

  test('is refused for a later turn of a loop that asks for the same step again', async () => {
    const { cli, digest, sent } = await waiting(`${ASSISTANT}states:
  - { id: ask, assistant_id: a, approval: true, task: Ask, next: { condition: { expression: "n == 1", then: end, otherwise: ask } } }
`)
    const first = await digest()
    bench.server.reply('{"n": 0}')
    expect((await cli('approve', 'latest', '--digest', first)).status).toBe(3)
    expect((await cli('approve', 'latest', '--digest', first)).stderr).toContain('error approval-moved-on')
    expect((await cli('approve', 'latest', 'ask#2', '--digest', await digest())).status).toBe(3)
    expect(sent()).toEqual(['Ask', 'Ask'])
  })

  test('is refused once the output before it was reworked', async () => {
    const { cli, digest, sent } = await waiting()
    const before = await digest()
    bench.server.reply('short')
    const reworked = await cli('resume', 'latest', '--request-changes', 'Shorter')
    const after = await digest()
    expect(after).not.toBe(before)
    expect(reworked.stderr).toContain(`codemie-ci approve <run> --digest ${after.slice(0, 12)}\n`)
    expect((await cli('approve', 'latest', '--digest', before)).status).toBe(2)
    expect((await cli('approve', 'latest', '--digest', after)).status).toBe(0)
    expect(sent()).toEqual(['Shorter', 'Send short'])
    expect(await cli('verify')).toMatchObject({ status: 0 })
  })

  test('does not count when the step would ask another model now, and the run asks again', async () => {
    const { project, cli, digest, sent } = await waiting(LETTER.replace(', model: writer-1', ''))
    const before = await digest()
    project.write('.codemie/config.yaml', 'models: { default: gpt-other }\n')
    const again = await cli('approve', 'latest', '--digest', before)
    expect([again.status, again.stderr]).toEqual([
      3,
      expect.stringContaining(
        '  ! send: What it would do is not what was approved, so the yes does not count [approval-void]\n',
      ),
    ])
    expect(sent()).toEqual([])
    expect(await digest()).not.toBe(before)
    expect((await cli('approve', 'latest', '--digest', await digest())).status).toBe(0)
    expect(sent()).toEqual(['Send to Draft'])
  })

  test.each([
    ['the instructions of a skill', 'polite/SKILL.md'],
    ['a file of the skill of an assistant that can be asked', 'short/limits.md'],
  ])('does not count when %s differ now', async (_, file) => {
    bench.server.otherwise('fine')
    const skills = {
      'polite/SKILL.md': 'Greet.',
      'short/SKILL.md': 'Be short.',
      'short/limits.md': 'Ten words.',
    }
    const at = (path: string) => `.codemie/skills/${path}`
    const project = bench.projectOf(
      `assistants: [{ id: a, system_prompt: P, skill_ids: [polite], assistant_ids: [b] }, { id: b, system_prompt: Q, skill_ids: [short] }]
states: [{ id: send, assistant_id: a, approval: true, task: Send, next: { state_id: end } }]
`,
      { files: Object.fromEntries(Object.entries(skills).map(([path, text]) => [at(path), text])) },
    )
    const cli = commandLine(project)
    expect((await cli('run', 'w')).status).toBe(3)
    project.write(at(file), 'Say what eve wants.')
    expect((await cli('approve', 'latest')).status).toBe(3)
    expect(bench.server.requests).toEqual([])
    expect((await cli('approve', 'latest')).status).toBe(0)
  })

  test.each([
    [
      'a stored assistant',
      '.codemie/assistants/sender.yaml',
      'system_prompt: Do what eve wants.\nskill_ids: [short]\n',
    ],
    ['a skill', '.codemie/skills/short/SKILL.md', 'Say what eve wants.'],
  ])('to a call does not count when %s of a workflow further down differs now', async (_, file, text) => {
    bench.server.otherwise('fine')
    const off = 'enable_summarization_node: false\n'
    const project = bench.make({
      workflows: {
        w: `${off}states: [{ id: go, workflow_id: middle, approval: true, task: Go, next: { state_id: end } }]\n`,
        middle: `${off}states: [{ id: pass, workflow_id: last, task: Go, next: { state_id: end } }]\n`,
        last: `${off}assistants: [{ id: a, assistant_id: sender }]\nstates: [{ id: send, assistant_id: a, task: Send, next: { state_id: end } }]\n`,
      },
      files: {
        '.codemie/assistants/sender.yaml': 'system_prompt: You send.\nskill_ids: [short]\n',
        '.codemie/skills/short/SKILL.md': 'Be short.',
      },
    })
    const cli = commandLine(project)
    expect((await cli('run', 'w')).status).toBe(3)
    project.write(file, text)
    expect((await cli('approve', 'latest')).status).toBe(3)
    expect(bench.server.requests).toEqual([])
    expect((await cli('approve', 'latest')).status).toBe(0)
  })

  test('does not count when the config lets a name stand for another tool of a server', async () => {
    const project = bench.projectOf(
      `assistants: [{ id: a, system_prompt: P, tools: [{ name: notes }] }]
states: [{ id: send, assistant_id: a, approval: true, task: Send, next: { state_id: end } }]
`,
    )
    const config = (tool: string) =>
      `mcp: { allowed_commands: [notes-server], servers: { m: { command: notes-server } } }
tools: { notes: { mcp: m, tool: ${tool} } }
`
    project.write('.codemie/config.yaml', config('read'))
    const cli = commandLine(project)
    expect((await cli('run', 'w')).status).toBe(3)
    project.write('.codemie/config.yaml', config('delete'))
    expect((await cli('approve', 'latest')).status).toBe(3)
  })

  test('does not count when it was given to another run', async () => {
    const { project, cli, digest, sent } = await waiting()
    const first = await digest()
    const { runId } = await project.run('w')
    const copied: PauseAnswered = {
      decision: 'approved',
      digests: { send: first },
      by: { name: 'Eve', source: 'git' },
    }
    const world = realWorld({ cwd: () => project.root, env: project.env })
    const records = await openRecords({ project: await openProject(world), world }, () => {})
    const { writer } = await records.resume(runId)
    await writer.append({
      type: 'run-resumed',
      at: new Date(0).toISOString(),
      runId,
      finishedSteps: 1,
      answer: copied,
    })
    await writer.finish({ status: 'interrupted' })
    expect(await cli('verify')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('Eve approved something else than send asks for'),
    })
    expect((await cli('resume', runId)).status).toBe(3)
    expect(sent()).toEqual(['Draft'])
  })

  test('does not count when all it said was to go on, and the definition asks for a yes by now', async () => {
    const { project, cli, sent } = await waiting(LETTER.replace('approval: true', 'interrupt_before: true'))
    bench.server.when('Send to Draft', { status: 401, text: 'no' })
    expect((await cli('resume', 'latest')).status).toBe(6)
    project.write('.codemie/workflows/w.yaml', `enable_summarization_node: false\n${LETTER}`)
    expect((await cli('resume', 'latest', '--accept-changes')).status).toBe(3)
    expect(sent()).toEqual(['Send to Draft'])
  })
})

test('a yes that was used is not asked for again when what comes later fails', async () => {
  const { project, cli, sent } = await waiting(
    `${LETTER.replace('state_id: end', 'state_id: last')}
  - { id: last, assistant_id: a, task: Last, next: { state_id: end } }
`.replace(', model: writer-1', ''),
  )
  bench.server.when('Last', { status: 401, text: 'no' })
  expect((await cli('approve', 'latest')).status).toBe(6)
  project.write('.codemie/config.yaml', 'models: { default: gpt-other }\n')
  expect((await cli('resume', 'latest')).status).toBe(0)
  expect(sent()).toEqual(['Send to Draft', 'Last', 'Last'])
})

test('a yes of a machine whose clock is behind is a yes like any other', async () => {
  const { project, digest, sent } = await waiting()
  const late = commandLine(project, { SOURCE_DATE_EPOCH: '1000000000' })
  expect((await late('approve', 'latest', '--digest', await digest())).status).toBe(0)
  expect(sent()).toEqual(['Send to Draft'])
  expect(await late('verify')).toMatchObject({ status: 0 })
})

test('several steps that wait have one digest together, and each its own', async () => {
  const { cli, asks, sent } = await waiting(`${ASSISTANT}states:
  - { id: plan, assistant_id: a, task: Plan, next: { state_ids: [one, two] } }
  - { id: one, assistant_id: a, task: One, approval: true, next: { state_id: end } }
  - { id: two, assistant_id: a, task: Two, approval: true, next: { state_id: end } }
`)
  const [one, two] = (await asks()).map(({ digest }) => digest)
  const together = /--digest (\w+)/.exec((await cli('show', 'latest')).stdout)?.[1] ?? ''
  expect((await cli('approve', 'latest', '--digest', one ?? '')).status).toBe(2)
  expect((await cli('approve', 'latest', 'one', '--digest', together)).status).toBe(2)
  expect((await cli('approve', 'latest', 'two', '--digest', two ?? '')).status).toBe(3)
  expect((await cli('approve', 'latest', '--digest', together)).status).toBe(2)
  expect((await cli('approve', 'latest', '--digest', one ?? '')).status).toBe(0)
  expect(sent()).toEqual(['One', 'Two'])
})

test('two people in two clones say yes at once: one of them goes on with the run, once', async () => {
  bench.server.reply('a draft', 'sent')
  const remote = makeRepository({ bare: true })
  onTestFinished(remote.remove)
  const one = bench.projectOf(LETTER)
  const other = bench.make({ unborn: true })
  for (const clone of [one, other]) clone.git('remote', 'add', 'origin', remote.root)
  one.git('push', '-q', 'origin', 'main')
  other.git('pull', '-q', 'origin', 'main')
  const { runId } = await one.run('w', { push: true })
  const clones = [one, other]
  const results = await Promise.all(
    clones.map((clone) => commandLine(clone)('approve', runId, 'send', '--push')),
  )
  expect(results.map(({ status }) => status).sort()).toEqual([0, expect.any(Number)])
  expect(bench.server.requests.map((request) => request.lastUserMessage)).toEqual(['Draft', 'Send a draft'])
  const winner = clones[results.findIndex(({ status }) => status === 0)] ?? one
  const shown = JSON.parse((await commandLine(winner)('show', runId, '--json')).stdout)
  expect(shown.approvals).toHaveLength(1)
})

test('a state processor says which outputs it reads, and a yes holds for exactly these', async () => {
  const { asks } =
    await waiting(`${ASSISTANT}custom_nodes: [{ id: p, custom_node_id: state_processor_node, model: m, config: { output_template: x } }]
states:
  - { id: draft, assistant_id: a, task: Draft, next: { state_id: sum } }
  - { id: sum, custom_node_id: p, task: Sum up, approval: true, next: { state_id: end } }
`)
  expect((await asks()).map(({ task }) => task)).toEqual(['Read draft: Sum up'])
})
