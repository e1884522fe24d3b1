import { afterEach, expect, test } from 'vitest'
import { makeEvent, runStep } from '../helpers/action.ts'
import { type GitServer, startRemote } from '../helpers/git-http.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'

const TOKEN = 'write-token-0123'
const FILES = `
name: Files
enable_summarization_node: false
inputs:
  files: { type: array, required: true }
tools:
  - { id: read, tool: read_file, tool_args: { path: '{{path}}' } }
custom_nodes:
  - { id: list, custom_node_id: transform_node, config: { mappings: [{ output_field: files, type: extract, source_path: files }] } }
states:
  - { id: plan, custom_node_id: list, next: { iter_key: files, state_id: look, shard: 2 } }
  - { id: look, tool_id: read, next: { state_id: report } }
  - { id: report, custom_node_id: list, next: { state_id: end } }
`
const made: TestRepository[] = []
let forge: GitServer | undefined

afterEach(async () => {
  await forge?.close()
  for (const one of made.splice(0)) one.remove()
})

/** A job with a checkout of its own. */
async function open() {
  const repository = makeRepository({
    files: { '.codemie/workflows/files.yaml': FILES, 'a.md': 'This is a.\n', 'b.md': 'This is b.\n' },
  })
  made.push(repository)
  const remote = await startRemote(repository, { tokens: { [TOKEN]: { login: 'bot[bot]', write: true } } })
  forge = remote.server
  const address = repository.git('remote', 'get-url', 'origin')
  return (inputs: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) => {
    const clone = makeRepository({})
    made.push(clone)
    clone.git('remote', 'add', 'origin', address)
    clone.git('pull', '-q', remote.bare, 'main')
    for (const [path, text] of Object.entries(files)) clone.write(path, text)
    return runStep({
      cwd: clone.root,
      env: { ...clone.env, INPUT_TOKEN: TOKEN },
      inputs: { push: 'true', token: TOKEN, ...inputs },
      event: makeEvent({ serverUrl: remote.server.origin }),
    })
  }
}

const inputs = (...names: string[]) => JSON.stringify({ files: names.map((path) => ({ path })) })

test('plan, shards and join; a shard that fails says how to go on', async () => {
  const job = await open()
  const plan = await job({ mode: 'plan', workflow: 'files', inputs: inputs('a.md', 'gone.md') })
  expect(plan).toMatchObject({ status: 'paused', exitStatus: 0, outputs: { matrix: '[1,2]' } })
  expect(plan.summary).toContain('## ⏸️ Files waits for its shards')
  expect(plan.summary).toContain('The run waits for 2 shards with the 2 items of plan.')
  const run = plan.outputs['run-id'] ?? ''

  const first = await job({ mode: 'shard', run, shard: '1' })
  expect(first).toMatchObject({ status: 'succeeded', exitStatus: 0, said: [] })
  expect(first.summary).toBe(`## ✅ Shard 1 of 2 succeeded\n\n1 item (1 to 1) · run \`${run}\`\n`)
  const second = await job({ mode: 'shard', run, shard: '2' })
  expect(second).toMatchObject({ status: 'failed', exitStatus: 1 })
  expect(second.said).toMatchObject([
    {
      severity: 'error',
      message: expect.stringContaining('What is finished is kept: re-run this job alone'),
    },
  ])
  const early = await job({ mode: 'join', run })
  expect(early).toMatchObject({ status: 'refused', exitStatus: 6 })
  expect(early.said).toMatchObject([
    { title: 'shard-missing', message: expect.stringContaining('these did not come to their end: 2') },
  ])

  expect(await job({ mode: 'shard', run, shard: '2' }, { 'gone.md': 'Here.\n' })).toMatchObject({
    status: 'succeeded',
  })
  const join = await job({ mode: 'join', run })
  expect(join).toMatchObject({
    status: 'succeeded',
    exitStatus: 0,
    outputs: { 'run-id': run, record: expect.stringContaining('codemie/runs:') },
  })
  expect(join.summary).toContain('## ✅ Files succeeded')
  expect(join.summary).toContain('4 steps')
})

test('a run that has nothing to share ends in the first job', async () => {
  const job = await open()
  const plan = await job({ mode: 'plan', workflow: 'files', inputs: inputs('a.md') })
  expect(plan).toMatchObject({ status: 'succeeded', exitStatus: 0, outputs: { matrix: '[]' } })
})

test.each([
  [
    { mode: 'plan', push: 'false' },
    [
      '`mode: plan` needs `push: true`: other jobs find the run on the remote.',
      '`mode: plan` needs `workflow`.',
    ],
  ],
  [{ mode: 'shard' }, ['`mode: shard` needs `run`.', '`mode: shard` needs `shard`.']],
  [
    { mode: 'shard', run: 'x', shard: '257' },
    ["`shard` takes a whole number from 1 to 256, and not '257'.", '`mode: shard` needs `shard`.'],
  ],
  [
    { mode: 'join', run: 'x', shard: '1', workflow: 'files' },
    ['`mode: join` and `workflow` exclude each other: use two steps.', '`shard` is for `mode: shard`.'],
  ],
  [
    { run: 'x', shard: '1' },
    ['`run` is for `mode: resume`, `effects`, `shard` and `join`.', '`shard` is for `mode: shard`.'],
  ],
])('inputs that do not fit: %j', async (given, expected) => {
  const job = await open()
  const step = await job(given)
  expect(step).toMatchObject({ status: 'refused', exitStatus: 2 })
  expect(step.said.map(({ message }) => message.split('\n').slice(0, -1))).toEqual([expected])
})
