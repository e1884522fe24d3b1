import { describe, expect, test } from 'vitest'
import { asking } from '../helpers/event-scene.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { openStrangerScene } from '../helpers/stranger-scene.ts'

/** Needs no key, and puts out what a file of the pull request says. */
const READS = `
on: pull_request
enable_summarization_node: false
inputs: { number: { type: integer } }
tools: [{ id: t, tool: read_file, tool_args: { path: note.md } }]
states: [{ id: look, tool_id: t, next: { state_id: end } }]
`
const ASKS = asking('pull_request', 'T {{title}}', 'inputs: { title: {} }').replace('gpt-5-mini', 'own:model')
const CONFIG =
  "models: { providers: { own: { kind: openai, base_url: 'https://models.test/v1', api_key_env: OWN_KEY } } }\n"
const FILES = { reads: READS, asks: ASKS, '.codemie/config.yaml': CONFIG }
const CHANGE = { 'note.md': 'Hello from a fork\n' }

/** What a job asked the forge for that changes something. */
const writes = (log: readonly { readonly method: string; readonly path: string }[]) =>
  log
    .filter(({ method, path }) => method !== 'GET' && !/git-upload-pack|graphql/.test(path))
    .map(({ method, path }) => `${method} ${path}`)

describe.each([
  ['a fork', 'fork', 'the pull request comes from a fork', 'untrusted-fork'],
  ['Dependabot', 'dependabot', 'Dependabot gets no secrets', 'untrusted-dependabot'],
] as const)('a pull request of %s', (_, from, why, trust) => {
  test('runs what needs no key, plans the rest, and writes nothing but what it hands over', async () => {
    const scene = await openStrangerScene({ files: FILES, change: CHANGE, from })
    const step = await scene.job('events', { inputs: { push: 'true' } })
    expect(step).toMatchObject({ status: 'succeeded', exitStatus: 0 })
    expect(writes(scene.forge.log)).toEqual([])
    expect(step.log).toContain(`No comment, for the token may only read: ${why}.`)
    expect(step.summary).toContain(
      [
        '## ⏭️ asks was not run',
        `There are no keys: ${why}.`,
        'What it would do:',
        '```text\nasks own:model\nneeds OWN_KEY\ncomes to 1 step, 10 model calls at most\n```',
      ].join('\n\n'),
    )
    expect(step.summary).toContain('reads succeeded')
    const left = scene.left(step)
    const id = step.outputs['run-id'] ?? ''
    expect([...left.keys()].filter((path) => !path.startsWith(id))).toEqual(['report.json'])
    expect(left.has(`${id}/run.json`)).toBe(true)
    expect(JSON.parse(String(left.get('report.json')))).toEqual({
      schema: 1,
      mode: 'events',
      head: scene.head,
      status: 'succeeded',
      text: [
        '⏭️ was not run: asks',
        `  There are no keys: ${why}.`,
        '  asks own:model',
        '  needs OWN_KEY',
        '  comes to 1 step, 10 model calls at most',
        '✅ succeeded: reads',
      ].join('\n'),
    })
  })

  test('is published by a job of the base, as what it is', async () => {
    const scene = await openStrangerScene({ files: FILES, change: CHANGE, from })
    scene.upload(await scene.job('events'))
    const step = await scene.publish()
    expect(step).toMatchObject({ status: 'published', exitStatus: 0, said: [] })
    const [comment = ''] = scene.comments()
    expect(comment).toContain(
      '<!-- codemie-ci:stranger-events -->\n## AI workflows: what ran on this pull request',
    )
    expect(comment).toContain('**This is not trusted: a job')
    expect(comment).toContain('```text\n⏭️ was not run: asks')
    expect(comment).toContain('### ✅ reads succeeded\n\nHello from a fork')
    const path =
      scene
        .records()
        .split('\n')
        .find((one) => one.endsWith('/run.json')) ?? ''
    expect(path).toMatch(/^runs\/reads\//)
    const manifest = JSON.parse(scene.records(path))
    expect(manifest).toMatchObject({
      trust,
      status: 'succeeded',
      trigger: { event: 'pull_request', eventId: String(scene.source.id), attempt: 1 },
      actor: { source: 'ci' },
    })
    const readme = scene.records(path.replace('run.json', 'README.md'))
    expect(readme).toContain('| Trust | not trusted: a job')
    expect(readme).not.toContain('codemie-ci resume')
    expect(step.summary).toContain(`comment on #${scene.number} created, 1 record put on codemie/runs`)
    // A second time, as when the job is run again.
    const again = await scene.publish()
    expect(again).toMatchObject({ status: 'published', exitStatus: 0, said: [] })
    expect(again.summary).toContain(`comment on #${scene.number} unchanged, 0 records put on codemie/runs`)
    expect(scene.comments()).toHaveLength(1)
  })

  test('is reviewed without a comment, and what changes is published', async () => {
    const scene = await openStrangerScene({
      files: { 'reads.yaml': '', '.codemie/workflows/reads.yaml': READS },
      change: { '.codemie/workflows/reads.yaml': READS.replace('read_file', 'run_command') },
      from,
    })
    const step = await scene.job('review')
    expect(step).toMatchObject({ status: 'needs-approval', exitStatus: 1 })
    expect(writes(scene.forge.log)).toEqual([])
    expect(step.summary).toContain('## ✋ AI workflows: this needs approval')
    scene.upload(step, 'codemie-ci-review-1')
    expect(await scene.publish()).toMatchObject({ status: 'published', exitStatus: 0, said: [] })
    const [comment = ''] = scene.comments()
    expect(comment).toContain('## AI workflows: what this pull request changes, as its own job says')
    expect(comment).toContain('result `needs-approval`')
    expect(comment).toMatch(
      /```text\n✋ AI workflows: this needs approval\n\n\.codemie\/workflows\/reads\.yaml \(changed\)\n {2}widening: /,
    )
    expect(scene.git('ls-remote', scene.forge.repo('acme/app').dir)).not.toContain('codemie')
  })
})

test('what cannot be handed over is a warning, and the step is what it was', async () => {
  const scene = await openStrangerScene({ files: FILES, change: CHANGE })
  const step = await scene.job('events', { env: { RUNNER_TEMP: '/dev/null/not-a-folder' } })
  expect(step).toMatchObject({ status: 'succeeded', exitStatus: 0 })
  expect(step.said.map(({ severity, title }) => `${severity}: ${title}`)).toContain(
    'warning: Not handed over',
  )
  expect(step.outputs.artifact).toBeUndefined()
})

test('a record of a stranger is shown, and nothing of it is executed', async () => {
  const scene = await openStrangerScene({ files: FILES, change: CHANGE })
  scene.upload(await scene.job('events'))
  await scene.publish()
  const cwd = scene.checkOut(scene.forge.event('push', 'acme/app'))
  scene.git('fetch', '-q', scene.forge.repo('acme/app').dir, 'codemie/runs:codemie/runs')
  const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' }
  const show = await runInProcess(['show', 'latest'], { cwd, env })
  expect(show.stdout).toContain('not trusted: a job about a pull request of a fork wrote it')
  for (const command of [
    ['rerun', 'latest'],
    ['resume', 'latest'],
  ]) {
    const { status, stderr } = await runInProcess(command, { cwd, env })
    expect({ command, status }).toEqual({ command, status: 5 })
    expect(stderr).toContain('error run-untrusted: The record of run ')
  }
  expect((await runInProcess(['verify'], { cwd, env })).status).toBe(0)
})

describe('there is nothing to publish, and that is no fault, when', () => {
  const scene = () => openStrangerScene({ files: FILES, change: CHANGE })
  const nothing = { status: 'skipped', exitStatus: 0, said: [] }

  test('the run left nothing', async () => {
    const { publish } = await scene()
    const step = await publish()
    expect(step).toMatchObject(nothing)
    expect(step.log).toBe('Nothing to publish: The workflow run left nothing of codemie-ci.')
  })

  test.each([
    ['the run was about a push', { event: 'push' }, 'The workflow run is not about a pull request.'],
    ['it goes on again', { status: 'in_progress' }, 'The workflow run was started again'],
    [
      'the head was forced away meanwhile',
      { headSha: 'f'.repeat(40) },
      'No open pull request has ffffffffff',
    ],
    ['it was of the repository itself', { headRepo: 'acme/app' }, 'had a token of its own that may write'],
    [
      'a person has a name like that of Dependabot',
      { headRepo: 'acme/app', actor: 'dependabot' },
      'had a token of its own that may write',
    ],
  ])('%s', async (_, more, why) => {
    const { publish, upload, job, comments, records } = await scene()
    upload(await job('events'))
    const step = await publish({ more })
    expect(step).toMatchObject(nothing)
    expect(step.log).toContain(why)
    expect(comments()).toEqual([])
    expect(records).toThrow()
  })

  test('the pull request was closed', async () => {
    const { publish, upload, job, forge, number } = await scene()
    upload(await job('events'))
    Object.assign(forge.repo('acme/app').pulls.get(number) ?? {}, { state: 'closed' })
    expect((await publish()).log).toContain('No open pull request has')
  })

  test('a later attempt has begun since the event', async () => {
    const { publish, upload, job, source, forge, run } = await scene()
    upload(await job('events'))
    const event = forge.event('workflow_run', 'acme/app', { run: source.id })
    Object.assign(source, { attempt: 2 })
    const step = await run(event, { inputs: { mode: 'publish' }, permissions: { actions: 'read' } })
    expect(step.log).toContain('The workflow run was started again')
    expect((await publish()).log).toContain('The workflow run left nothing of codemie-ci.')
  })
})

test('the head that is pushed while an artifact is published gets no comment of the earlier commit', async () => {
  const scene = await openStrangerScene({ files: FILES, change: CHANGE })
  scene.upload(await scene.job('events'))
  scene.forge.beforePush = () => {
    scene.forge.beforePush = undefined
    scene.forge.commit('eve/app', 'change', { 'note.md': 'later\n' })
  }
  const step = await scene.publish()
  expect(step).toMatchObject({ status: 'published', exitStatus: 0 })
  expect(step.summary).toContain(`no comment: #${scene.number} has a later commit by now`)
  expect(scene.comments()).toEqual([])
})

describe('`mode: publish`', () => {
  test('works on no other event, and not without a token', async () => {
    const { forge, run, number } = await openStrangerScene({ files: FILES, change: CHANGE })
    const step = await run(forge.event('pull_request', 'acme/app', { number }), {
      inputs: { mode: 'publish' },
    })
    expect(step).toMatchObject({ status: 'refused', exitStatus: 2, said: [{ title: 'event-refused' }] })
    const bare = await run(forge.event('push', 'acme/app'), { inputs: { mode: 'publish' }, tokenless: true })
    expect(bare).toMatchObject({
      status: 'refused',
      exitStatus: 2,
      said: [{ title: 'action-inputs-invalid' }],
    })
  })

  test('says which permission it lacks', async () => {
    const scene = await openStrangerScene({ files: FILES, change: CHANGE })
    scene.upload(await scene.job('events'))
    const step = await scene.publish({ permissions: { contents: 'write', pull_requests: 'write' } })
    expect(step).toMatchObject({ status: 'refused', exitStatus: 6 })
    expect(step.said[0]?.message).toContain('It takes `actions: read` under `permissions` of the job')
  })

  test('waits while GitHub has trouble', async () => {
    const scene = await openStrangerScene({ files: FILES, change: CHANGE })
    scene.upload(await scene.job('events'))
    scene.forge.fail({ path: /_artifacts/, status: 503 })
    scene.forge.fail({ path: /_artifacts/, drop: true })
    expect(await scene.publish()).toMatchObject({ status: 'published', said: [] })
    scene.forge.fail({ path: /\/zip$/, status: 502, times: 3 } as never)
    expect(await scene.publish()).toMatchObject({
      status: 'refused',
      exitStatus: 6,
      said: [{ title: 'forge-unreachable' }],
    })
  })

  test('leaves comments out when none are wanted', async () => {
    const scene = await openStrangerScene({ files: FILES, change: CHANGE })
    scene.upload(await scene.job('events'))
    const step = await scene.publish({ inputs: { comment: 'false' } })
    expect(step.summary).toContain('no comment is wanted, 1 record put on codemie/runs')
    expect(scene.comments()).toEqual([])
  })
})
