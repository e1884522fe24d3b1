import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { eventsOfType, makeProject, type TestProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const NODE = process.execPath
const EXAMPLE = fileURLToPath(new URL('../helpers/acp-agent.mjs', import.meta.url))

const bench = setUpWorkbench()
let project: TestProject | undefined

afterEach(() => {
  project?.remove()
  project = undefined
})

type Deeds = readonly Readonly<Record<string, unknown>>[]

/** The key of an assistant that is the example agent, which does these things for each prompt. */
const command = (...deeds: Deeds) => `command: ${JSON.stringify([NODE, EXAMPLE, JSON.stringify(deeds)])}`

interface Scene {
  /** Keys of the agent in the config. */
  readonly settings?: string
  /** Further keys of the config. */
  readonly config?: string
}

const NO_SUMMARY = 'enable_summarization_node: false\n'

const ALLOWED = `policy: { agents: { "${NODE} ${EXAMPLE}": { env: [STARTS]`

function projectOf(text: string, { settings = '', config = '' }: Scene = {}): TestProject {
  const made = makeProject({
    workflows: { w: `${NO_SUMMARY}${text}` },
    config: `${ALLOWED} ${settings} } } }\n${config}`,
  })
  project = made
  const env = { STARTS: join(made.root, '.git', 'starts') }
  return {
    ...made,
    env: { ...made.env, ...env },
    run: (workflow, options) => made.run(workflow, { ...options, env: { ...env, ...options?.env } }),
    resume: (run, options) => made.resume(run, { ...options, env: { ...env, ...options?.env } }),
  }
}

const startsOf = (made: TestProject) => {
  const file = join(made.root, '.git', 'starts')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0
}

const one = (assistant: string, state = '') =>
  `assistants:\n  - ${assistant}\nstates:\n  - { id: ask, assistant_id: a, task: Say hello, ${state} next: { state_id: end } }\n`

describe('an assistant that is a program', () => {
  test('is told its instructions, what was said before and the task', async () => {
    const run = await projectOf(one(`{ id: a, system_prompt: Be brief., ${command({ echo: true })} }`)).run(
      'w',
      {
        input: 'Greet Ann',
      },
    )
    expect(run).toMatchObject({ status: 'succeeded', exitStatus: 0 })
    expect(run.events.at(-1)).toMatchObject({ type: 'run-finished', costUnknown: true })
    expect(run.output).toBe(
      '# Instructions\n\nBe brief.\n\n# Said before\n\n## User\n\nGreet Ann\n\n# Your task\n\nSay hello',
    )
  })

  test('without instructions and history is told the task alone', async () => {
    const run = await projectOf(one(`{ id: a, ${command({ echo: true })} }`)).run('w')
    expect(run.output).toBe('Say hello')
  })

  test('is started by a command line, too', async () => {
    const line = `${NODE} ${EXAMPLE} '[{"say":"hello world"}]'`
    const run = await projectOf(one(`{ id: a, command: ${JSON.stringify(line)} }`)).run('w')
    expect(run.output).toBe('hello world')
  })

  test('is heard while it works, and its record says what it did', async () => {
    const call = { title: 'Read a.txt', kind: 'read', status: 'completed' }
    const made = projectOf(
      one(`{ id: a, ${command({ say: 'hel' }, { tool: call }, { say: 'lo' }, { cost: 0.25 })} }`),
    )
    const run = await made.run('w', { streaming: true })
    expect(eventsOfType(run, 'step-progress').map(({ text, tool }) => text ?? tool)).toEqual([
      'hel',
      'Read a.txt',
      'lo',
    ])
    const [effect] = (await made.read()).events.filter(({ type }) => type === 'effect-finished')
    expect(effect).toMatchObject({
      kind: 'agent',
      reply: { text: 'hello', stopReason: 'end_turn', toolCalls: [call], costUsd: 0.25 },
      costUsd: 0.25,
    })
    expect(run.events.at(-1)).toMatchObject({ type: 'run-finished', costUsd: 0.25 })
  })

  test('is held to the output schema, and asked again', async () => {
    const schema = JSON.stringify({
      type: 'object',
      required: ['ok'],
      properties: { ok: { type: 'boolean' } },
    })
    const made = projectOf(
      one(
        `{ id: a, ${command({ echo: true })} }`,
        `output_schema: '${schema}', retry_policy: { max_attempts: 1 },`,
      ),
    )
    const run = await made.run('w')
    expect(run.failure).toMatchObject({ code: 'model-output-invalid' })
    expect(startsOf(made)).toBe(3)
  })

  test('that refuses is tried again, and the money is counted', async () => {
    const made = projectOf(
      one(`{ id: a, ${command({ cost: 0.5 }, { stop: 'refusal' })} }`, 'retry_policy: { max_attempts: 2 },'),
    )
    const run = await made.run('w')
    expect(run.failure).toMatchObject({ code: 'agent-stopped' })
    expect(eventsOfType(run, 'attempt-failed').map(({ costUsd }) => costUsd)).toEqual([0.5, 0.5])
    expect(run.events.at(-1)).toMatchObject({ costUsd: 1 })
  })

  test('that never answers ends with the timeout of its state', async () => {
    const made = projectOf(
      one(`{ id: a, ${command({ wait: true })} }`, 'timeout: 1s, retry_policy: { max_attempts: 1 },'),
    )
    const run = await made.run('w')
    expect(run.failure).toMatchObject({ code: 'step-timeout', blame: 'tool' })
    expect(run.exitStatus).toBe(1)
  })

  test('is not asked again for what the journal knows', async () => {
    const text = `assistants:
  - { id: a, ${command({ say: 'kept' })} }
states:
  - { id: ask, assistant_id: a, task: Go, next: { state_id: hold } }
  - { id: hold, assistant_id: a, task: Go on, interrupt_before: true, next: { state_id: end } }
`
    const made = projectOf(text)
    expect(await made.run('w')).toMatchObject({ status: 'paused' })
    expect(startsOf(made)).toBe(1)
    expect(await made.resume('latest', { userInput: 'yes' })).toMatchObject({ status: 'succeeded' })
    expect(startsOf(made)).toBe(2)
  })
})

describe('an assistant that can ask a program', () => {
  test('gets its answer like that of another assistant', async () => {
    bench.server.reply({ toolCalls: [{ name: 'ask_b', args: { question: 'How many?' } }] }, 'Seven, then.')
    const made = bench.projectOf(
      `assistants:
  - { id: a, system_prompt: Lead., assistant_ids: [b] }
  - { id: b, system_prompt: Count., description: Counts, ${command({ echo: true }, { say: ' Seven.' })} }
states:
  - { id: ask, assistant_id: a, task: Go, next: { state_id: end } }
`,
      { config: `${ALLOWED} } } }\n` },
    )
    expect(await made.run('w')).toMatchObject({ status: 'succeeded', output: 'Seven, then.' })
    expect(bench.server.requests[1]?.body.messages.at(-1)).toMatchObject({
      role: 'tool',
      content: '# Instructions\n\nCount.\n\n# Your task\n\nHow many? Seven.',
    })
    bench.server.assertDone()
  })

  test('asks no program that is not allowed', async () => {
    const made = bench.projectOf(
      `assistants:
  - { id: a, system_prompt: Lead., assistant_ids: [b] }
  - { id: b, command: goose acp }
states:
  - { id: ask, assistant_id: a, task: Go, next: { state_id: end } }
`,
    )
    await expect(made.run('w')).rejects.toMatchObject({
      code: 'not-runnable',
      message: expect.stringContaining("Agent 'goose acp': the program is not allowed (allowed: none)"),
    })
    expect(bench.server.requests).toEqual([])
  })
})

describe('a program that', () => {
  test('is not allowed is refused before anything runs', async () => {
    const made = projectOf(one('{ id: a, command: [goose, acp] }'))
    await expect(made.run('w')).rejects.toMatchObject({
      code: 'not-runnable',
      message: expect.stringContaining(
        `.codemie/workflows/w.yaml:3:5: Agent 'goose acp': the program is not allowed (allowed: ${NODE} ${EXAMPLE})\n  Add it under policy.agents in .codemie/config.yaml: agents: { "goose": {} }.`,
      ),
    })
    expect(startsOf(made)).toBe(0)
  })

  test('is not there is refused before anything runs', async () => {
    const made = makeProject({
      workflows: { w: `${NO_SUMMARY}${one('{ id: a, command: no-such-agent acp }')}` },
      config: 'policy: { agents: { no-such-agent: {} } }\n',
    })
    project = made
    await expect(made.run('w')).rejects.toMatchObject({
      message:
        "Agent 'no-such-agent acp': there is no program 'no-such-agent' here\n  Install it in the job, or correct its command.",
    })
  })

  test('is only allowed with other arguments is refused', async () => {
    const made = makeProject({
      workflows: { w: `${NO_SUMMARY}${one(`{ id: a, command: ["${NODE}", -e, "process.exit()"] }`)}` },
      config: `${ALLOWED} } } }\n`,
    })
    project = made
    await expect(made.run('w')).rejects.toMatchObject({ code: 'not-runnable', exitStatus: 5 })
  })

  test('does not tell what it costs is not asked within a budget in dollars', async () => {
    const made = projectOf(one(`{ id: a, ${command({ say: 'x' })} }`), { config: 'budgets: { usd: 1 }\n' })
    const run = await made.run('w')
    expect(run).toMatchObject({ exitStatus: 5, failure: { code: 'price-unknown' } })
    expect(startsOf(made)).toBe(0)
  })

  test('tells what it costs is asked until the budget is spent', async () => {
    const two = `assistants:\n  - { id: a, ${command({ cost: 0.75 }, { say: 'x' })} }\nstates:
  - { id: one, assistant_id: a, task: Go, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Go, next: { state_id: three } }
  - { id: three, assistant_id: a, task: Go, next: { state_id: end } }\n`
    const made = projectOf(two, { settings: ', reports_cost: true', config: 'budgets: { usd: 1 }\n' })
    const run = await made.run('w')
    expect(run.failure).toMatchObject({ code: 'budget-exceeded' })
    expect(startsOf(made)).toBe(2)
  })

  test('said that it tells what it costs, and does not, is asked once', async () => {
    const two = `assistants:\n  - { id: a, ${command({ say: 'x' })} }\nstates:
  - { id: one, assistant_id: a, task: Go, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Go, next: { state_id: end } }\n`
    const made = projectOf(two, { settings: ', reports_cost: true', config: 'budgets: { usd: 1 }\n' })
    const run = await made.run('w')
    expect(run.failure).toMatchObject({ code: 'usage-unknown' })
    expect(startsOf(made)).toBe(1)
  })
})

describe('before a run', () => {
  test('the plan says who answers and what it gets', async () => {
    const made = projectOf(one('{ id: a, command: [goose, acp] }'), {})
    made.write('.codemie/config.yaml', 'policy: { agents: { goose: { env: [GOOSE_KEY, OTHER_KEY] } } }\n')
    const { stdout } = await runInProcess(['plan', 'w', '--json'], {
      cwd: made.root,
      env: { ...made.env, GOOSE_KEY: 'x' },
    })
    const plan = JSON.parse(stdout)
    expect(plan.states[0].assistant).toMatchObject({
      command: 'goose acp',
      variables: ['GOOSE_KEY', 'OTHER_KEY'],
    })
    expect(plan.secrets).toEqual([{ variable: 'GOOSE_KEY', isSet: true, for: ['agent goose acp'] }])
    expect(plan.effects).toEqual([
      { state: 'ask', certainty: 'may', reach: 'unknown', by: 'agent goose acp' },
    ])
    expect(plan.models).toEqual([])
    expect(plan.problems.map(({ message }: { message: string }) => message)).toEqual([
      "Agent 'goose acp': there is no program 'goose' here",
    ])
  })

  test('validate tells of a command that needs a shell, of keys without effect, and of what is not allowed', async () => {
    const made = makeProject({
      workflows: {
        shell: one('{ id: a, command: "goose acp && true" }'),
        unused: one('{ id: a, command: goose acp, model: gpt-4.1, tools: [{ name: git_log }] }'),
      },
    })
    project = made
    const { stdout } = await runInProcess(['validate'], { cwd: made.root, env: made.env })
    expect(stdout).toMatchInlineSnapshot(`
      "error agent-command: The command is not a plain command: "&" needs a shell
       --> .codemie/workflows/shell.yaml:2:23
        |
      2 |   - { id: a, command: "goose acp && true" }
        |                       ^^^^^^^^^^^^^^^^^^^
        = help: Programs are started without a shell: give the program and its arguments, and quote what belongs together

      warning agent-not-allowed: Agent 'goose acp': the program is not allowed (allowed: none)
       --> .codemie/workflows/unused.yaml:2:5
        |
      2 |   - { id: a, command: goose acp, model: gpt-4.1, tools: [{ name: git_log }] }
        |     ^
        = help: Add it under policy.agents in .codemie/config.yaml: agents: { "goose": {} }.

      warning agent-key-unused: 'model' has no effect: the assistant 'a' is a program, with a model and tools of its own
       --> .codemie/workflows/unused.yaml:2:34
        |
      2 |   - { id: a, command: goose acp, model: gpt-4.1, tools: [{ name: git_log }] }
        |                                  ^^^^^
        = help: Remove it, and set up in the program itself what it is for

      warning agent-key-unused: 'tools' has no effect: the assistant 'a' is a program, with a model and tools of its own
       --> .codemie/workflows/unused.yaml:2:50
        |
      2 |   - { id: a, command: goose acp, model: gpt-4.1, tools: [{ name: git_log }] }
        |                                                  ^^^^^
        = help: Remove it, and set up in the program itself what it is for

      ✗ 2 files checked, 1 error and 3 warnings in 2 files
      "
    `)
  })

  test('a session of an earlier try is begun anew, with a warning', async () => {
    // Steps ask without a session; what shares one is asked through the same door.
    const { sessionDoor } = await import('../../runner/agents/sessions.ts')
    const reply = { text: 'x', stopReason: 'end_turn', toolCalls: [], usage: undefined, costUsd: undefined }
    const known = { type: 'effect-finished', session: 'talk' } as never
    const door = sessionDoor((() => Promise.resolve(reply)) as never, [known])
    const ask = (session: string) =>
      door({
        kind: 'agent',
        path: 'p',
        attempt: 1,
        ordinal: 1,
        signal: new AbortController().signal,
        request: { command: ['goose', 'acp'], text: '', session },
      })
    const codes = async (session: string) => (await ask(session)).warnings?.map(({ code }) => code)
    expect([await codes('other'), await codes('talk'), await codes('talk')]).toEqual([
      undefined,
      ['agent-session-lost'],
      undefined,
    ])
  })
})
