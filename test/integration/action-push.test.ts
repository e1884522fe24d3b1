import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeEvent, runStep, type SeenStep } from '../helpers/action.ts'
import { type GitServer, refusePush, startRemote } from '../helpers/git-http.ts'
import { type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { makeProject, type TestProject } from '../helpers/project.ts'

const TOKENS = {
  'write-token-0123': { login: 'bot[bot]', write: true },
  'read-token-01234': { login: 'reader[bot]', write: false },
}

const ASK = `
name: Ask
enable_summarization_node: false
assistants: [{ id: a, model: gpt-5-mini, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: Begin, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Go on, next: { state_id: end } }
`

let models: ModelServer
let forge: GitServer
let project: TestProject
let bare: string

/** A clone of `acme/app` with one commit pushed; it has no credentials of its own. */
beforeEach(async () => {
  models = await startModelServer()
  project = makeProject({
    workflows: { ask: ASK, waits: ASK.replace('id: two, ', 'id: two, interrupt_before: true, ') },
  })
  ;({ server: forge, bare } = await startRemote(project, { tokens: TOKENS }))
})
afterEach(async () => {
  await Promise.all([models.close(), forge.close()])
  project.remove()
})

function push(token: string, workflow = 'ask'): Promise<SeenStep> {
  return runStep({
    cwd: project.root,
    env: {
      ...project.env,
      OPENAI_API_KEY: 'sk-test-0123456789',
      OPENAI_BASE_URL: models.url,
      INPUT_TOKEN: token,
    },
    inputs: { workflow, push: 'true', token },
    event: makeEvent({ serverUrl: forge.origin }),
  })
}

const refsOf = (directory: string) =>
  project.git('-C', directory, 'for-each-ref', '--format=%(refname)').split('\n').filter(Boolean)

describe('a record that is pushed with a token', () => {
  test('is on the branch of the remote; the token is nowhere', async () => {
    models.reply('first', 'last')
    const config = project.git('config', '--local', '--list')
    const step = await push('write-token-0123')
    expect(step).toMatchObject({ status: 'succeeded', exitStatus: 0, said: [] })
    expect(refsOf(bare)).toEqual(['refs/heads/codemie/runs', 'refs/heads/main'])
    expect(project.git('-C', bare, 'show', `${step.outputs.record}/run.json`)).toContain('"name": "octo"')
    const tip = project.git('-C', bare, 'rev-parse', 'codemie/runs')
    const path = step.outputs.record?.split(':')[1] ?? ''
    expect(step.summary).toContain(
      `[\`${path}\`](${forge.origin}/acme/app/tree/${tip}/${path}), pushed to \`origin\`.`,
    )
    expect(project.git('config', '--local', '--list')).toBe(config)
    expect(step.masked).toContain('write-token-0123')
    expect([project.everythingWritten(), step.log, step.summary].join()).not.toContain('write-token-0123')
  })

  test('waits on the remote for a person', async () => {
    models.reply('first')
    const step = await push('write-token-0123', 'waits')
    expect(step).toMatchObject({ status: 'paused', exitStatus: 0, said: [{ severity: 'info' }] })
    expect(refsOf(bare)).toContain(`refs/codemie/live/${step.outputs['run-id']}`)
    expect(step.summary).toContain(`\`codemie-ci resume ${step.outputs['run-id']} --push\``)
  })

  test.each([
    ['a token that may only read', 'read-token-01234', 'push-read-only'],
    ['a token that nobody knows', 'no-such-token-99', 'push-unauthorized'],
    ['no token, and git has none', '', 'push-unauthorized'],
  ])('%s: said once, before anything is spent', async (_, token, code) => {
    const step = await push(token)
    expect(step).toMatchObject({ status: 'refused', exitStatus: 6, outputs: { status: 'refused' } })
    expect(step.said).toEqual([
      { severity: 'error', title: code, message: expect.stringContaining('write access to contents') },
    ])
    expect(step.summary).toContain(code)
    expect(models.requests).toEqual([])
    expect(refsOf(bare)).toEqual(['refs/heads/main'])
  })

  test('a remote that is in trouble when the run ends: the result is told and the record kept', async () => {
    models.reply('first', () => {
      forge.failNext(503, 100)
      return 'last'
    })
    const step = await push('write-token-0123')
    expect(step).toMatchObject({
      status: 'succeeded',
      exitStatus: 6,
      outputs: { status: 'succeeded', output: 'last', record: '' },
      said: [{ severity: 'error', title: 'push-server-trouble' }],
    })
    expect(step.summary).toContain('### Result\n\nlast')
    expect(step.summary).toContain('push-server-trouble')
    expect(refsOf(project.root)).toContain(`refs/codemie/done/${step.outputs['run-id']}`)
  })

  test('a rule that protects the branch: the record waits beside it, with a warning', async () => {
    refusePush(bare, 'refs/heads/*', 'GH006: Protected branch update failed')
    models.reply('first', 'last')
    const step = await push('write-token-0123')
    expect(step).toMatchObject({ status: 'succeeded', exitStatus: 0 })
    expect(step.summary).toContain('### Warnings')
    expect(refsOf(bare)).toContain(`refs/codemie/done/${step.outputs['run-id']}`)
  })
})
