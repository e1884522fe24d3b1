import { describe, expect, test } from 'vitest'
import { asking, type EventScene, openEventScene } from '../helpers/event-scene.ts'

const PERMISSIONS = { contents: 'write', pull_requests: 'write', checks: 'write' } as const

/** A pull request that changes `src/a.ts`, and workflows that it starts. */
async function openPull(
  files: Readonly<Record<string, string>>,
): Promise<EventScene & { readonly number: number }> {
  const scene = await openEventScene(files)
  scene.forge.commit('acme/app', 'change', { 'src/a.ts': 'a\nb\nc\n' }, { from: 'main' })
  const { number } = scene.forge.openPull('acme/app', { head: 'change' })
  return { ...scene, number }
}

const commentsOf = ({ forge }: EventScene) =>
  [...forge.repo('acme/app').comments.values()].map(({ body }) => body)
const checksOf = ({ forge }: EventScene) => [...forge.repo('acme/app').checks.values()]

describe('the result of a workflow', () => {
  test('is one comment, which the next push edits, a check run of the head, and outputs', async () => {
    const scene = await openPull({ review: asking('pull_request') })
    const { forge, models, run, number } = scene
    models.reply('# Looks **good**', 'Still good')
    const first = forge.event('pull_request', 'acme/app', { number })
    const step = await run(first, { permissions: PERMISSIONS })
    expect(step).toMatchObject({ status: 'succeeded', said: [] })
    const head = (first.payload['pull_request'] as { head: { sha: string } }).head.sha
    const id = step.outputs['run-id']
    expect(commentsOf(scene)).toEqual([
      `<!-- codemie-ci:run-review -->
## ✅ review succeeded

Commit \`${head.slice(0, 10)}\` · 1 step · 0 ms · 15 tokens · cost $0.000013 · \`openai:gpt-5-mini\` · run \`${id}\`

### Result

# Looks **good**

---

[The job](${forge.url}/acme/app/actions/runs/1001) tells the rest.

### Record

\`${step.outputs.record?.split(':')[1]}\` on \`codemie/runs\`, in this job's clone only: it goes when the job ends. \`push: true\` keeps it.`,
    ])
    expect(checksOf(scene)).toMatchObject([
      {
        name: 'codemie-ci / review',
        head_sha: head,
        conclusion: 'success',
        output: { title: '✅ succeeded' },
      },
    ])
    expect(step.outputs.report).toBe(`${step.outputs.record}/README.md`)
    expect(JSON.parse(step.outputs.runs ?? '')).toEqual([
      {
        workflow: 'review',
        status: 'succeeded',
        'run-id': id,
        record: step.outputs.record,
        tokens: 15,
        'cost-usd': step.outputs['cost-usd'],
      },
    ])

    forge.commit('acme/app', 'change', { 'src/a.ts': 'other\n' })
    await run(forge.event('pull_request', 'acme/app', { number, action: 'synchronize' }), {
      permissions: PERMISSIONS,
    })
    expect(commentsOf(scene)).toEqual([expect.stringContaining('Still good')])
    models.assertDone()
  })

  test('of several workflows is a comment of each', async () => {
    const scene = await openPull({ one: asking('pull_request'), two: asking('pull_request') })
    scene.models.reply('1', '2')
    await scene.run(scene.forge.event('pull_request', 'acme/app', { number: scene.number }), {
      permissions: PERMISSIONS,
    })
    expect(commentsOf(scene).map((body) => body.split('\n')[0])).toEqual([
      '<!-- codemie-ci:run-one -->',
      '<!-- codemie-ci:run-two -->',
    ])
  })

  test('of two workflows whose files have one name is a comment, a check run and a run of each', async () => {
    const twin = `inputs: { title: {} }`
    const scene = await openPull({
      'a/review': asking('pull_request', 'A', twin),
      'b/review': asking('pull_request', 'B', twin),
      review: asking('pull_request', 'C', twin),
    })
    const event = scene.forge.event('pull_request', 'acme/app', { number: scene.number })
    for (const answers of [
      ['1', '2', '3'],
      ['4', '5', '6'],
    ]) {
      scene.models.reply(...answers)
      const step = await scene.run(event, { permissions: PERMISSIONS })
      const runs = JSON.parse(step.outputs.runs ?? '') as Record<string, string>[]
      expect(runs.map(({ workflow }) => workflow)).toEqual(['a/review.yaml', 'b/review.yaml', 'review'])
      expect(new Set(runs.map((one) => one['run-id'])).size).toBe(3)
      expect(commentsOf(scene).map((body) => /### Result\n\n(.*)/.exec(body)?.[1])).toEqual(answers)
    }
    expect(checksOf(scene).map(({ name }) => name)).toEqual([
      'codemie-ci / a/review.yaml',
      'codemie-ci / b/review.yaml',
      'codemie-ci / review',
      'codemie-ci / a/review.yaml',
      'codemie-ci / b/review.yaml',
      'codemie-ci / review',
    ])
  })

  test('is harmless, whatever a model wrote', async () => {
    const scene = await openPull({ review: asking('pull_request') })
    scene.models.reply(
      'Hi @octocat and &#64;octocat ![x](https://evil.test/?q=1) [here](https://evil.test) <img src=x> <!-- a -->\n::error::boo\nin\u200bvi\u{e0041}sible other/repo#1',
    )
    await scene.run(scene.forge.event('pull_request', 'acme/app', { number: scene.number }), {
      permissions: PERMISSIONS,
    })
    expect(commentsOf(scene)[0]).toContain(
      'Hi @\u200boctocat and &amp;#64;octocat !\\[x]\\(https\\://evil.test/?q=1) [here]\\(https\\://evil.test) &lt;img src=x> &lt;!-- a -->\n::error::boo\ninvisible other/repo#\u200b1',
    )
  })

  test('of 70,000 characters is cut at the end of a line', async () => {
    const scene = await openPull({ review: asking('pull_request') })
    scene.models.reply('A line of text.\n'.repeat(4500))
    await scene.run(scene.forge.event('pull_request', 'acme/app', { number: scene.number }), {
      permissions: PERMISSIONS,
    })
    const [body = ''] = commentsOf(scene)
    expect(body.length).toBeLessThanOrEqual(65_536)
    expect(body).toContain(
      'A line of text.\n\n_The result is longer than a summary may be; all of it is in the record._\n\n---',
    )
    expect(checksOf(scene)).toHaveLength(1)
  })

  test('is no comment where none is wanted', async () => {
    const scene = await openPull({ review: asking('pull_request') })
    scene.models.reply('ok')
    const event = scene.forge.event('pull_request', 'acme/app', { number: scene.number })
    const step = await scene.run(event, { permissions: PERMISSIONS, inputs: { comment: 'false' } })
    expect(step.said).toEqual([])
    expect(commentsOf(scene)).toEqual([])
    expect(checksOf(scene)).toHaveLength(1)
  })

  test('without the permissions: a warning for the comment, and no failure', async () => {
    const scene = await openPull({ review: asking('pull_request') })
    scene.models.reply('ok')
    const event = scene.forge.event('pull_request', 'acme/app', { number: scene.number })
    const step = await scene.run(event, { permissions: { contents: 'read' } })
    expect(step).toMatchObject({ status: 'succeeded', exitStatus: 0 })
    expect(step.said).toMatchObject([{ severity: 'warning', title: 'No answer' }])
    expect(step.said[0]?.message).toContain('the token lacks the permission `pull-requests: write`')
    expect(step.log).toContain('No check run: the job has no `checks: write`.')
  })

  test('of a push is a check run', async () => {
    const scene = await openEventScene({ review: asking('push') })
    scene.models.reply({ status: 400, text: 'no', error: { code: 'bad' } })
    const event = scene.forge.event('push', 'acme/app')
    const step = await scene.run(event, { permissions: PERMISSIONS })
    expect(step).toMatchObject({ status: 'failed', exitStatus: 1 })
    expect(checksOf(scene)).toMatchObject([
      { head_sha: event.sha, conclusion: 'failure', output: { title: '❌ failed' } },
    ])
  })
})

describe('a run that waits for approval', () => {
  test('says in the comment what is asked for, and how it is given', async () => {
    const scene = await openPull({
      review: asking('pull_request').replace('id: one, ', 'id: one, approval: true, '),
    })
    const step = await scene.run(scene.forge.event('pull_request', 'acme/app', { number: scene.number }), {
      permissions: PERMISSIONS,
      inputs: { push: 'true' },
    })
    expect(step).toMatchObject({ status: 'paused', exitStatus: 0, said: [{ severity: 'info' }] })
    const [body = ''] = commentsOf(scene)
    expect(body).toContain('## ⏸️ review waits for a person')
    expect(body).toMatch(/`codemie-ci approve \S+ --digest [0-9a-f]{12} --push` gives it\./)
    expect(body).toContain('What `one` would do (`')
    expect(checksOf(scene)).toMatchObject([{ conclusion: 'neutral' }])
  })
})

describe('findings in the output', () => {
  const finding = (more: object = {}) => ({
    file: 'src/a.ts',
    line: 2,
    severity: 'warning',
    message: 'Odd',
    ...more,
  })

  test('are annotations where they are in the change, and a list in comment and summary', async () => {
    const scene = await openPull({ review: asking('pull_request') })
    scene.models.reply(
      JSON.stringify({
        summary: 'Two things.',
        findings: [
          finding({ endLine: 3, title: 'Name' }),
          finding({ severity: 'error', message: 'Bad\n::error::x %0A @octocat' }),
          finding({ file: 'src/other.ts', message: 'Not in the change' }),
          finding({ file: '../../etc/passwd', severity: 'notice' }),
          finding({ line: 0 }),
          'nothing',
        ],
      }),
    )
    const step = await scene.run(scene.forge.event('pull_request', 'acme/app', { number: scene.number }), {
      permissions: PERMISSIONS,
    })
    expect(step.annotations).toEqual([
      {
        file: 'src/a.ts',
        line: 2,
        column: 1,
        severity: 'error',
        code: 'review',
        message: 'Bad\n::error::x %0A @octocat',
      },
      { file: 'src/a.ts', line: 2, column: 1, endLine: 3, severity: 'warning', code: 'Name', message: 'Odd' },
    ])
    const list = [
      '### 4 findings',
      '',
      '- ❌ `src/a.ts:2` Bad ::error::x %0A @\u200boctocat',
      '- ⚠️ `src/a.ts:2` **Name**: Odd',
      '- ⚠️ `src/other.ts:2` Not in the change',
      '- ℹ️ `../../etc/passwd:2` Odd',
      '- and 2 entries that could not be read',
      '',
      '### Result',
      '',
      'Two things.',
    ].join('\n')
    expect(commentsOf(scene)[0]).toContain(list)
    expect(step.summary).toContain(list)
    expect(step).toMatchObject({ status: 'succeeded', exitStatus: 0 })
  })

  test('of more than GitHub shows, the rest is counted', async () => {
    const scene = await openPull({ review: asking('pull_request') })
    const many = Array.from({ length: 60 }, (_, index) => finding({ line: index + 1 }))
    scene.models.reply(JSON.stringify({ findings: many }))
    const step = await scene.run(scene.forge.event('pull_request', 'acme/app', { number: scene.number }), {
      permissions: PERMISSIONS,
    })
    expect(step.annotations).toHaveLength(10)
    expect(step.said).toEqual([
      {
        severity: 'info',
        title: 'More problems',
        message: 'GitHub shows 10 of a kind: 50 warnings more in the summary and the log.',
      },
    ])
    expect(commentsOf(scene)[0]).toContain('- and 10 more')
  })
})
