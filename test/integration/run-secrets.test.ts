import { describe, expect, test } from 'vitest'
import type { ProjectPlan } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const KEY = 'sk-proj-Zq8Rk3Lm5Np7Vb9Xw1Ty4Uc6'
const PASSWORD = 'correct horse/battery+staple'
const WORD = 'Tr0ub4dor&3-plain'
/** JSON writes it in another way, and JSON within JSON in yet another. */
const QUOTED = 'say "friend" \\ and enter'
const SECRETS = {
  OPENAI_API_KEY: KEY,
  JIRA_PASSWORD: PASSWORD,
  DB_PASSWORD: QUOTED,
  // Named by the config alone: nothing in its name says what it is.
  WIKI_LOGIN: WORD,
}
const CONFIG =
  'integrations:\n  wiki: { type: confluence, env: { login: WIKI_LOGIN } }\npolicy: { commands: [sh] }\n'

const escaped = (text: string) => JSON.stringify(text).slice(1, -1)

/** All the forms in which the secrets could stand somewhere. */
const FORMS = Object.values(SECRETS).flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(`bot:${secret}`).toString('base64').slice(8, -8),
  escaped(secret),
  escaped(escaped(secret)),
])

const bench = setUpWorkbench()
const projectOf = (workflow: string, more: ProjectPlan = {}) =>
  bench.projectOf(workflow, { config: CONFIG, ...more, env: SECRETS })

const leaksIn = (text: string) => FORMS.filter((form) => text.includes(form))

const AGENT = `
assistants: [{ id: a, system_prompt: P, tools: [{ name: run_command }] }]
states:
  - { id: ask, assistant_id: a, task: T, next: { state_id: again } }
  - { id: again, assistant_id: a, task: T2, next: { state_id: end } }
`

describe('a secret of the environment', () => {
  test('that a model prints stands nowhere in what is kept', async () => {
    bench.server.reply(
      {
        text: `Look: ${KEY}`,
        toolCalls: [{ name: 'run_command', args: { command: 'sh', args: ['-c', `echo '${PASSWORD}'`] } }],
      },
      `The key is ${KEY}, the password ${PASSWORD} (${encodeURIComponent(PASSWORD)}), ${Buffer.from(`bot:${WORD}`).toString('base64')} and ${WORD}.`,
      'fine',
    )
    const w = projectOf(AGENT)
    const run = await w.run('w', { input: `{"note": "use ${WORD}"}` })
    expect(run.status).toBe('succeeded')
    expect(leaksIn(w.everythingWritten())).toEqual([])
    const { ask } = await w.outputsOf()
    expect(ask).toBe(
      'The key is [redacted], the password [redacted] ([redacted]), Ym90OlRy[redacted] and [redacted].',
    )
  })

  test('that a tool prints stands nowhere, and no tool gets one to print', async () => {
    const w = projectOf(`
tools:
  - { id: t, tool: run_command, tool_args: { command: sh, args: ["-c", "env; printf '%s' 'Tr0ub4dor&3-plain'"] } }
states:
  - { id: act, tool_id: t, next: { state_id: end } }
`)
    // The definition itself quotes the secret, as somebody who pastes it there would.
    const run = await w.run('w')
    expect(run.status).toBe('succeeded')
    expect(run.output).not.toContain('OPENAI_API_KEY')
    expect(run.output).not.toContain('JIRA_PASSWORD')
    const kept = await w.read()
    const text = [...kept.files.values()].map((bytes) => Buffer.from(bytes).toString('utf8')).join('\n')
    expect(leaksIn(text)).toEqual([])
    expect(leaksIn(JSON.stringify(kept.events))).toEqual([])
  })

  test('that a failing tool or provider quotes is in no message', async () => {
    bench.server.reply({
      status: 400,
      text: `Bad request: key ${KEY}, header Basic ${Buffer.from(`x:${PASSWORD}`).toString('base64')}`,
    })
    const w = projectOf(AGENT)
    const cli = await runInProcess(['run', 'w', '--jsonl'], {
      cwd: w.root,
      env: { ...w.env, ...SECRETS, OPENAI_BASE_URL: bench.server.url },
    })
    expect(cli.status).toBe(1)
    expect(leaksIn(cli.stdout + cli.stderr)).toEqual([])
    expect(leaksIn(w.everythingWritten())).toEqual([])
  })

  test.each([['--jsonl'], ['--json'], ['--no-commit']])(
    'that a model prints is not shown by run %s',
    async (flag) => {
      bench.server.reply(`It is ${KEY} and ${WORD}`, `Again ${PASSWORD}`)
      const w = projectOf(AGENT)
      const cli = await runInProcess(['run', 'w', flag], {
        cwd: w.root,
        env: { ...w.env, ...SECRETS, OPENAI_BASE_URL: bench.server.url },
      })
      expect(cli.status).toBe(0)
      expect(leaksIn(cli.stdout + cli.stderr)).toEqual([])
      expect(cli.stdout).toContain('[redacted]')
    },
  )

  test('with quotes in it is found inside JSON, and inside JSON within JSON', async () => {
    bench.server.reply(`It is ${QUOTED}`, JSON.stringify({ said: JSON.stringify({ it: QUOTED }) }))
    const w = projectOf(AGENT)
    const cli = await runInProcess(['run', 'w', '--jsonl'], {
      cwd: w.root,
      env: { ...w.env, ...SECRETS, OPENAI_BASE_URL: bench.server.url },
    })
    expect(cli.status).toBe(0)
    expect(leaksIn(cli.stdout + cli.stderr)).toEqual([])
    expect(leaksIn(w.everythingWritten())).toEqual([])
    expect((await w.outputsOf())['again']).toBe('{"said":"{\\"it\\":\\"[redacted]\\"}"}')
  })
})

describe('a run with a secret in what it said', () => {
  test('is resumed with what the record holds, without asking again', async () => {
    bench.server.reply(`It is ${KEY}`, { status: 401 })
    const w = projectOf(AGENT)
    await w.run('w')
    bench.server.reply('fine')
    expect(await w.resume('latest')).toMatchObject({ status: 'succeeded', output: 'fine' })
    expect(bench.server.requests).toHaveLength(3)
    expect(JSON.stringify(bench.server.requests[2]?.body)).toContain('It is [redacted]')
  })
})
