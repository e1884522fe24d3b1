import { expect, test } from 'vitest'
import { secretsIn, spellingsOf } from '../../helpers/canary.ts'
import { asking, openEventScene } from '../../helpers/event-scene.ts'
import { openStrangerScene } from '../../helpers/stranger-scene.ts'
import { whatLeft } from '../../helpers/what-left.ts'

/** A secret by its variable's name, and one that only the config names. */
const CANARIES = { DEPLOY_TOKEN: 'c4n4ry?Zk3x/9pLw+7Vb2', WIKI_LOGIN: 'w1k1-Hq5t8mNd1Rs6Yb4' } as const
const SECRETS = Object.values(CANARIES)
/** Raw, in base64 and hex, URL-encoded, backwards, and split in many ways. */
const SPELLINGS = spellingsOf(SECRETS)
const CONFIG =
  'integrations: { wiki: { type: confluence, env: { login: WIKI_LOGIN } } }\npolicy: { commands: [sh] }\n'
const READS = `
on: pull_request
enable_summarization_node: false
inputs: { number: { type: integer } }
tools: [{ id: t, tool: read_file, tool_args: { path: note.md } }]
states: [{ id: look, tool_id: t, next: { state_id: end } }]
`
const NOTE = `${SPELLINGS.join('\n\n')}\n`
const PERMISSIONS = { contents: 'write', pull_requests: 'write', checks: 'write' } as const

/** Everything that left, by where it went, must hold none of the canaries, and be something at all. */
function expectClean(left: Readonly<Record<string, string>>): void {
  for (const [place, text] of Object.entries(left)) {
    expect(text, place).not.toBe('')
    expect(secretsIn(text, SECRETS), place).toEqual([])
  }
}

test('attack 11: a canary, however it is spelled, is in no comment, check, summary, log, output, commit, record or artifact', async () => {
  // A pull request of the repository itself: what a model says goes everywhere.
  const own = await openEventScene({
    review: asking('pull_request', 'Go', 'inputs: { number: { type: integer } }'),
    '.codemie/config.yaml': CONFIG,
  })
  own.forge.commit('acme/app', 'change', { 'src/a.ts': 'a\n' }, { from: 'main' })
  const { number } = own.forge.openPull('acme/app', { head: 'change' })
  const findings = SPELLINGS.map((message) => ({ file: 'src/a.ts', line: 1, title: message, message }))
  own.models.reply(JSON.stringify({ summary: NOTE, findings }))
  const said = await own.run(own.forge.event('pull_request', 'acme/app', { number }), {
    env: CANARIES,
    permissions: PERMISSIONS,
    inputs: { push: 'true' },
  })
  expect(said.status).toBe('succeeded')
  const { forge, job, record } = whatLeft(own, said)
  const { dir } = own.forge.repo('acme/app')
  const pushed = own.git('-C', dir, 'log', '-p', '--text', '--format=%an %ae%n%B', 'codemie/runs')
  expectClean({ forge, job, record, pushed })
  for (const text of [forge, job, record, pushed]) expect(text).toContain('[redacted]')

  // A stranger's: what the job leaves behind, though its variables hold the canaries.
  const theirs = await openStrangerScene({
    files: { reads: READS, '.codemie/config.yaml': CONFIG },
    change: { 'note.md': NOTE, '.codemie/workflows/more.yaml': READS.replace('look', 'other') },
  })
  const left = await theirs.job('events', { env: CANARIES })
  const review = await theirs.job('review', { env: CANARIES })
  const artifacts = [...theirs.left(left).values(), ...theirs.left(review).values()].map(String).join('\n')
  expect(left.said.map(({ title }) => title)).toContain('Not handed over')
  expectClean({
    artifacts,
    log: left.log,
    summary: left.summary,
    outputs: JSON.stringify([left.outputs, left.said]),
  })

  // What a stranger knows or guesses, published by a job that has the canaries: taken out of the comment, and no record of it.
  const text = SPELLINGS.join('\n')
  const head = JSON.parse(String(theirs.left(left).get('report.json'))).head
  const report = JSON.stringify({ schema: 1, mode: 'events', head, status: 'succeeded', text })
  theirs.plant([{ name: 'report.json', content: report }])
  const published = await theirs.publish({ env: CANARIES })
  expect(published.status).toBe('published')
  const [comment = ''] = theirs.comments()
  expect(comment).toContain('[redacted]')
  expectClean({ comment, ...whatLeft(theirs, published), models: 'nobody was asked', record: 'none' })
}, 120_000)

test('attack 11: a record of a stranger in which a secret of the base shows is not put on the branch', async () => {
  const scene = await openStrangerScene({
    files: { reads: READS, '.codemie/config.yaml': CONFIG },
    change: { 'note.md': NOTE },
  })
  scene.upload(await scene.job('events'))
  const step = await scene.publish({ env: CANARIES })
  expect(step).toMatchObject({ status: 'refused', exitStatus: 5, said: [{ title: 'secret-in-record' }] })
  expect(scene.comments()).toEqual([])
  expect(scene.git('ls-remote', scene.forge.repo('acme/app').dir)).not.toContain('codemie')
  // GitHub is told what to mask, and nobody else.
  expect(secretsIn(JSON.stringify({ ...step, masked: [] }), SECRETS)).toEqual([])
})
