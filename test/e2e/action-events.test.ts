import { beforeAll, expect, test } from 'vitest'
import { buildIfStale } from '../helpers/built-cli.ts'
import { asking, openEventScene } from '../helpers/event-scene.ts'

beforeAll(buildIfStale, 60_000)

test('the built action runs what a pull request asks for, and answers', async () => {
  const { forge, models, runBundle, asked } = await openEventScene({
    review: asking("{pull_request: {paths: ['src/**']}}", 'Title {{title}}', 'inputs: { title: {} }'),
    other: asking('push'),
  })
  forge.commit('acme/app', 'change', { 'src/a.ts': 'a\n' }, { from: 'main' })
  const { number } = forge.openPull('acme/app', { head: 'change', title: '::error::Fix it' })
  models.reply(
    '{"findings": [{"file": "src/a.ts", "line": 1, "severity": "error", "message": "a\\n::set-output name=x::y"}]}',
  )
  const step = await runBundle(forge.event('pull_request', 'acme/app', { number }), {
    permissions: { contents: 'write', pull_requests: 'write', checks: 'write' },
    inputs: { push: 'true' },
  })
  expect(step, step.stdout).toMatchObject({ status: 0, stderr: '', outputs: { status: 'succeeded' } })
  expect(asked()[0]).toMatch(/Title <untrusted-[^>]*>\n::error::Fix it\n</)
  expect(
    step.stdout.split('\n').filter((line) => line.startsWith('::error') || line.startsWith('::set-output')),
  ).toEqual(['::error file=src/a.ts,line=1,col=1,title=review::a%0A::set-output name=x::y'])
  const { comments, checks } = forge.repo('acme/app')
  expect([...comments.values()].map(({ body }) => body.split('\n')[1])).toEqual(['## ✅ review succeeded'])
  expect([...checks.values()]).toMatchObject([{ name: 'codemie-ci / review', conclusion: 'success' }])
})

test('the built action lets a run wait, and goes on with it in the job of a comment', async () => {
  const { forge, models, runBundle, asked } = await openEventScene({
    letter: `
on: pull_request
inputs: { number: { type: integer } }
enable_summarization_node: false
assistants: [{ id: a, model: gpt-5-mini, system_prompt: P }]
states:
  - { id: draft, assistant_id: a, task: Draft, next: { state_id: send } }
  - { id: send, assistant_id: a, approval: true, task: Send, next: { state_id: end } }
`,
  })
  forge.setRole('acme/app', 'ann', 'write')
  forge.commit('acme/app', 'change', { a: 'a\n' }, { from: 'main' })
  const { number } = forge.openPull('acme/app', { head: 'change' })
  const job = {
    permissions: { contents: 'write', pull_requests: 'write', checks: 'write' },
    inputs: { push: 'true' },
  } as const
  models.reply('drafted', 'sent')
  const first = await runBundle(forge.event('pull_request', 'acme/app', { number }), job)
  expect(first, first.stdout).toMatchObject({ status: 0, outputs: { status: 'paused' } })
  const { digest, 'run-id': run } = first.outputs
  const comment = forge.write(
    'acme/app',
    number,
    'ann',
    `/codemie approve ${run} send ${digest?.slice(0, 12)}`,
  )
  const event = forge.event('issue_comment', 'acme/app', { number, comment, actor: 'ann' })
  const second = await runBundle(event, job)
  expect(second, second.stdout).toMatchObject({
    status: 0,
    stderr: '',
    outputs: { status: 'succeeded', 'run-id': run, output: 'sent' },
  })
  expect(asked()).toHaveLength(2)
  const { reactions = [] } = forge.repo('acme/app').comments.get(comment) ?? {}
  expect(reactions.map(({ content }) => content)).toEqual(['eyes', 'rocket'])
})
