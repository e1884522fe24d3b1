import { beforeAll, expect, test } from 'vitest'
import { buildIfStale } from '../helpers/built-cli.ts'
import { openEventScene } from '../helpers/event-scene.ts'

beforeAll(buildIfStale, 60_000)

const TRIAGE = `
on: issues
permissions: { comment: 1, label: triage/* }
inputs: { title: {} }
enable_summarization_node: false
assistants:
  - { id: a, model: gpt-5-mini, system_prompt: P, tools: [{ name: propose_comment }, { name: propose_labels }, { name: propose_issue }] }
states: [{ id: one, assistant_id: a, task: 'Triage {{title}}', resolve_dynamic_values_in_prompt: true, next: { state_id: end } }]
`

test('the built action: a model proposes in one job, and another one carries it out, once', async () => {
  const { forge, models, runBundle } = await openEventScene({ triage: TRIAGE })
  const { number } = forge.openIssue('acme/app', { title: 'It is broken', author: 'eve' })
  const event = forge.event('issues', 'acme/app', { number })
  models.reply(
    {
      toolCalls: [
        { name: 'propose_comment', args: { body: 'Thanks @eve' } },
        { name: 'propose_labels', args: { add: ['triage/bug'] } },
        { name: 'propose_issue', args: { title: 'More', body: 'Mine' } },
      ],
    },
    'done',
  )
  const ran = await runBundle(event, {
    runId: '9',
    permissions: { contents: 'write' },
    inputs: { push: 'true', comment: 'false' },
  })
  expect(ran, ran.stdout).toMatchObject({ status: 0, stderr: '' })
  const run = ran.outputs['effects'] ?? ''
  const repo = forge.repo('acme/app')
  expect([repo.comments.size, repo.labels.size, repo.issues.size]).toEqual([0, 0, 1])
  for (const _ of ['first', 'again']) {
    const step = await runBundle(event, {
      runId: '9',
      permissions: { contents: 'write', issues: 'write' },
      inputs: { mode: 'effects', run },
    })
    expect(step, step.stdout).toMatchObject({ status: 0, stderr: '' })
    expect(step.summary).toContain('`permissions` of the workflow does not declare'.replaceAll('`', '\\`'))
    expect([...repo.comments.values()].map(({ body }) => body.split('\n')[1])).toEqual(['Thanks @\u200beve'])
    expect([...(repo.labels.get(number) ?? [])]).toEqual(['triage/bug'])
    expect(repo.issues.size).toBe(1)
  }
})
