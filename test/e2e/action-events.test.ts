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
