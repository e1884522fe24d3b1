import { describe, expect, test } from 'vitest'
import { asking, type EventScene, openEventScene } from '../helpers/event-scene.ts'

const PERMISSIONS = { contents: 'write', pull_requests: 'write', issues: 'write', checks: 'write' } as const
const NUMBER = 'inputs: { number: { default: none } }'
/** A workflow that asks nobody. */
const counting = (on: string) => `
on: ${on}
inputs: { number: { default: none } }
enable_summarization_node: false
custom_nodes:
  - { id: n, custom_node_id: transform_node, config: { mappings: [{ output_field: kind, type: constant, value: fine }] } }
states:
  - { id: n, custom_node_id: n, next: { state_id: end } }
`

const commentsOf = ({ forge }: EventScene) =>
  [...forge.repo('acme/app').comments.values()].map(({ body }) => body)

async function openPull(files: Readonly<Record<string, string>>) {
  const scene = await openEventScene(files)
  scene.forge.commit('acme/app', 'change', { 'src/a.ts': 'a\nb\n' }, { from: 'main' })
  const { number } = scene.forge.openPull('acme/app', { head: 'change' })
  return { ...scene, number }
}

describe('a payload', () => {
  const names = [
    'pull_request',
    'pull_request_target',
    'pull_request_review',
    'push',
    'issues',
    'issue_comment',
    'discussion',
    'release',
    'merge_group',
    'schedule',
    'workflow_dispatch',
    'workflow_call',
    'workflow_run',
    'repository_dispatch',
  ]
  const odd = {
    action: { a: 1 },
    number: 'x',
    pull_request: { number: 7, head: null, base: { sha: 5, ref: ['x'] }, labels: 'none', user: 'ann' },
    issue: [],
    comment: { body: 5, user: null },
    review: 'yes',
    label: null,
    commits: [null, 5],
    inputs: ['a'],
    client_payload: 'x',
    schedule: 5,
    workflow_run: { head_repository: null },
    merge_group: { base_sha: '-x' },
    sender: [],
    repository: null,
    before: 5,
    after: {},
    __proto__: { polluted: true },
  }

  test('of nothing, and of other types, is read by both modes and never a bug', async () => {
    const scene = await openEventScene({ all: counting(`[${names.join(', ')}]`) })
    const main = scene.forge.event('push', 'acme/app')
    const seen = new Set<string>()
    for (const name of names) {
      for (const payload of [{}, odd]) {
        for (const mode of ['events', 'review']) {
          // A bug would be thrown.
          const step = await scene.run(
            { ...main, name, payload },
            { inputs: { mode, commit: 'false' }, permissions: PERMISSIONS },
          )
          seen.add(`${mode}: ${step.status}`)
        }
      }
    }
    expect([...seen].sort()).toEqual(['events: skipped', 'events: succeeded', 'review: refused'])
  }, 120_000)
})

describe('a pull request', () => {
  test('whose branch was deleted and that was closed before the job began is answered all the same', async () => {
    const scene = await openPull({ review: asking('pull_request', 'Go', NUMBER) })
    const { forge, models, number } = scene
    const event = forge.event('pull_request', 'acme/app', { number })
    Object.assign(forge.repo('acme/app').pulls.get(number) ?? {}, { state: 'closed' })
    scene.checkOut(event)
    scene.git('-C', forge.repo('acme/app').dir, 'update-ref', '-d', 'refs/heads/change')
    models.reply('fine')
    const step = await scene.run(event, { permissions: PERMISSIONS })
    expect(step).toMatchObject({ status: 'succeeded', said: [] })
    expect(commentsOf(scene)).toEqual([expect.stringContaining('fine')])
  })

  test('that is closed starts what asks for that, and nothing else', async () => {
    const scene = await openPull({
      usual: counting('pull_request'),
      last: counting('{pull_request: {types: [closed]}}'),
    })
    const step = await scene.run(
      scene.forge.event('pull_request', 'acme/app', { number: scene.number, action: 'closed' }),
    )
    expect(step.log.split('\n')[0]).toBe('pull_request (closed): last')
  })

  test('whose head was forced away meanwhile: the commit of the event is what counts', async () => {
    const scene = await openPull({
      review: asking('pull_request', '{{files}}', 'inputs: { files: { type: string } }'),
    })
    const { forge, models, number } = scene
    const event = forge.event('pull_request', 'acme/app', { number })
    const head = (event.payload['pull_request'] as { head: { sha: string } }).head.sha
    scene.checkOut(event)
    scene.git('-C', forge.repo('acme/app').dir, 'update-ref', '-d', 'refs/heads/change')
    forge.commit('acme/app', 'change', { 'other.ts': 'x\n' }, { from: 'main' })
    models.reply('fine')
    const step = await scene.run(event, { permissions: PERMISSIONS })
    expect(step.status).toBe('succeeded')
    expect(scene.asked()[0]).toContain('src/a.ts')
    expect(commentsOf(scene)[0]).toContain(`Commit \`${head.slice(0, 10)}\``)
  })

  test('with names of files that hold a line break, `%0A` and commands', async () => {
    const names = ['a\n::error::b.ts', 'c%0A::set-output name=x::y.ts', 'd|`e`<b>.ts']
    const scene = await openEventScene({
      review: asking('pull_request', '{{files}}', 'inputs: { files: { type: string } }'),
    })
    const { forge, models } = scene
    forge.commit('acme/app', 'change', Object.fromEntries(names.map((name) => [name, 'a\n'])), {
      from: 'main',
    })
    const { number } = forge.openPull('acme/app', { head: 'change' })
    const findings = names.map((file) => ({ file, line: 1, severity: 'error', message: 'Odd' }))
    models.reply(JSON.stringify({ findings }))
    const step = await scene.run(forge.event('pull_request', 'acme/app', { number }), {
      permissions: PERMISSIONS,
    })
    expect(step.status).toBe('succeeded')
    expect(step.annotations.map(({ file }) => file)).toEqual(names)
    expect(commentsOf(scene)[0]).toContain(
      [
        '- ❌ `a ::error::b.ts:1` Odd',
        '- ❌ `c%0A::set-output name=x::y.ts:1` Odd',
        '- ❌ `` d `e`<b>.ts:1 `` Odd',
      ].join('\n'),
    )
    for (const name of names) expect(scene.asked()[0]).toContain(name)
  })
})

test.each([
  [403, 'the token lacks the permission `pull-requests: write`'],
  [404, 'it is not there, or the token may not see it'],
  [409, "it answered 'Made to fail'"],
  [422, "it answered 'Made to fail'"],
  [429, 'its rate limit is used up'],
  [503, 'it answered 503'],
])('the forge answers a comment with %i: it is said, and the run counts', async (status, why) => {
  const scene = await openPull({ review: asking('pull_request', 'Go', NUMBER) })
  scene.models.reply('fine')
  for (let time = 0; time < 8; time++) scene.forge.fail({ path: /comments$/, method: 'POST', status })
  const step = await scene.run(scene.forge.event('pull_request', 'acme/app', { number: scene.number }), {
    permissions: PERMISSIONS,
  })
  expect(step).toMatchObject({ status: 'succeeded', exitStatus: 0 })
  expect(step.said).toMatchObject([{ severity: 'warning', title: 'No answer' }])
  expect(step.said[0]?.message).toContain(`GitHub did not let us comment on #1: ${why}`)
  expect(step.summary).toContain('fine')
  // The check run is there all the same.
  expect([...scene.forge.repo('acme/app').checks.values()]).toHaveLength(1)
})

test('two hundred definitions ask for the event: all run, and the answers keep to their limits', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `w${String(index).padStart(3, '0')}`)
  const scene = await openPull(Object.fromEntries(names.map((name) => [name, counting('pull_request')])))
  const step = await scene.run(scene.forge.event('pull_request', 'acme/app', { number: scene.number }), {
    inputs: { commit: 'false', comment: 'false' },
    tokenless: true,
  })
  expect(step).toMatchObject({ status: 'succeeded', exitStatus: 0, said: [] })
  const runs = JSON.parse(step.outputs.runs ?? '') as { workflow: string; status: string }[]
  expect(runs.map(({ workflow }) => workflow)).toEqual(names)
  expect(Buffer.byteLength(step.summary)).toBeLessThan(1024 * 1024)
  for (const name of names) expect(step.summary).toContain(`| ${name} | ✅ succeeded |`)
}, 120_000)
