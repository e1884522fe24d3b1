import { afterEach, beforeEach, expect, test } from 'vitest'
import { forgeShards, type Machines, openMachines, RUN } from '../helpers/machines.ts'
import { createGate, type ModelServer, startModelServer } from '../helpers/model-server.ts'

let machines: Machines
let models: ModelServer
let one: ReturnType<Machines['machine']> | undefined

const REVIEW = `
name: Review
enable_summarization_node: false
max_concurrency: 3
assistants:
  - { id: asks, model: 'own:m', system_prompt: Be brief. }
custom_nodes:
  - id: list
    custom_node_id: transform_node
    config: { mappings: [{ output_field: files, type: constant, value: [a, b, c, d, e, f, g, h, i, j] }] }
states:
  - { id: plan, custom_node_id: list, next: { iter_key: files, state_id: review, shard: 4 } }
  - { id: review, assistant_id: asks, task: Review, next: { iter_key: files, state_id: fix } }
  - { id: fix, assistant_id: asks, task: Fix, next: { state_id: report } }
  - { id: report, assistant_id: asks, task: Report, next: { state_id: end } }
`

const open = (workflow = REVIEW, config = '') => {
  one = undefined
  machines = openMachines(
    {
      '.codemie/workflows/review.yaml': workflow,
      '.codemie/config.yaml': `models: { default: 'own:m', providers: { own: { kind: openai, base_url: '${models.url}', api_key_env: OWN_KEY } } }\n${config}`,
    },
    { OWN_KEY: 'own-key-0123456789' },
  )
}

beforeEach(async () => {
  models = await startModelServer()
  models.otherwise(({ lastUserMessage }) => `${lastUserMessage} done`)
})
afterEach(async () => {
  machines?.remove()
  await models.close()
})

const asked = () => models.requests.map(({ lastUserMessage }) => lastUserMessage)

test('four machines, one of which fails and is run again alone, make the record that one machine makes', async () => {
  open()
  expect(await machines.machine().run('review')).toMatchObject({ status: 'succeeded' })
  const alone = machines.treeOf(RUN)
  const record = machines.textOf(RUN, 'run.json')
  const askedAlone = asked()
  machines.forget()

  const planned = await machines.machine().run('review', { untilShards: true })
  expect(planned).toMatchObject({ status: 'paused', shards: { step: 'plan', items: 10, of: 4 } })
  const seen = models.requests.length
  for (const number of [4, 1])
    expect(await machines.machine().shard(RUN, number)).toMatchObject({ status: 'succeeded' })
  const cut = machines.machine()
  const abort = new AbortController()
  models.when(/^Review\b.*\bf$/s, () => {
    setImmediate(() => abort.abort(new Error('the job was cancelled')))
    return 'Review\nCurrent task: f done'
  })
  expect(await cut.shard(RUN, 3, abort.signal)).toMatchObject({
    status: 'interrupted',
    exitStatus: 130,
    items: { first: 6, last: 7 },
  })
  await expect(machines.machine().resume(RUN)).rejects.toMatchObject({
    code: 'shard-missing',
    message: `Of 4 shards of plan these are not there: 2; these did not come to their end: 3
  shard 3: interrupted`,
    exitStatus: 6,
  })
  expect(await machines.machine().shard(RUN, 2)).toMatchObject({ status: 'succeeded' })
  expect(await machines.machine().shard(RUN, 3)).toMatchObject({ status: 'succeeded' })
  expect(await machines.machine().resume(RUN)).toMatchObject({ status: 'succeeded', output: 'Report done' })
  expect(machines.textOf(RUN, 'run.json')).toBe(record)
  expect(machines.treeOf(RUN)).toBe(alone)
  expect(machines.refs()).toEqual([])
  // What was asked when the job was cancelled is asked again, as on one machine; nothing else is.
  expect(new Set(asked().slice(seen))).toEqual(new Set(askedAlone))
}, 90_000)

const PLAIN = `
name: Plain
enable_summarization_node: false
max_concurrency: 2
assistants:
  - { id: asks, system_prompt: Be brief. }
custom_nodes:
  - id: list
    custom_node_id: transform_node
    config: { mappings: [{ output_field: files, type: constant, value: [a, b, c, d] }] }
states:
  - { id: plan, custom_node_id: list, next: { iter_key: files, state_id: review, shard: 2 } }
  - { id: review, assistant_id: asks, task: Review, next: { state_id: report } }
  - { id: report, assistant_id: asks, task: Report, next: { state_id: end } }
`
const REFUSED = { status: 400, text: 'no' }
/** One machine that does it all, where it does not matter how many there are. */
const here = () => {
  one ??= machines.machine()
  return one
}
const handOut = async (settings: Parameters<ReturnType<Machines['machine']>['run']>[1] = {}) =>
  await here().run('review', { untilShards: true, ...settings })
/** How often a model was asked about an item. */
const timesAsked = (item: string) => asked().filter((text) => text === `Review\nCurrent task: ${item}`).length

test('an item that fails: those before it are kept, and the attempt that failed is part of the record', async () => {
  open(PLAIN)
  await handOut()
  models.when(/Current task: d$/, REFUSED)
  expect(await here().shard(RUN, 2)).toMatchObject({
    status: 'failed',
    exitStatus: 1,
    failure: { code: 'model-request-rejected' },
  })
  await here().shard(RUN, 1)
  await expect(here().resume(RUN)).rejects.toMatchObject({
    message: expect.stringMatching(
      /^Of 2 shards of plan these did not come to their end: 2\n {2}shard 2: own \(127.*\) rejected the request \(400\): no$/,
    ),
    help: `Run their jobs again, or \`codemie-ci shard ${RUN} <number>\`; what they and the others found is kept.`,
  })
  expect(await here().shard(RUN, 2)).toMatchObject({ status: 'succeeded' })
  expect(await here().resume(RUN)).toMatchObject({ status: 'succeeded' })
  expect(['a', 'b', 'c', 'd'].map(timesAsked)).toEqual([1, 1, 1, 2])
  const lines = machines.textOf(RUN, 'map/review/0001.ndjson').split('\n')
  expect(
    lines
      .slice(0, 4)
      .map((line) => JSON.parse(line))
      .map(({ path, attempt }) => [path, attempt]),
  ).toEqual([
    ['review[1]', 1],
    ['review[2]', 1],
    ['review[3]', 1],
    ['review[4]', 2],
  ])
})

test('a shard that is done is not done again, and another one with its name does not count', async () => {
  open(PLAIN)
  await handOut()
  const [early, other] = [machines.machine(), machines.machine()]
  // Both begin before either of them has ended.
  const held = createGate()
  models.when(/Current task: a$/, { after: held.passed, text: 'the first' }, { text: 'the second' })
  const late = early.shard(RUN, 1)
  await models.waitForRequests(2)
  expect(await other.shard(RUN, 1)).toMatchObject({ status: 'succeeded' })
  held.open()
  await expect(late).rejects.toMatchObject({
    code: 'shard-differs',
    message: 'Another shard 1 of plan is there already',
  })
  const before = models.requests.length
  expect(await machines.machine().shard(RUN, 1)).toMatchObject({ status: 'succeeded', wasDone: true })
  expect(models.requests.length).toBe(before)
  await machines.machine().shard(RUN, 2)
  await machines.machine().resume(RUN)
  expect(machines.textOf(RUN, 'map/review/0001.ndjson')).toContain('the second')
})

test('what does not fit is not taken: of another run, of another definition, of other items, made up', async () => {
  open(PLAIN)
  await handOut()
  for (const number of [1, 2]) await machines.machine().shard(RUN, number)
  const { remote } = machines
  const ref = (run: string, number: number) => `refs/codemie/shard/${run}/plan/000${number}`
  const right = remote.git('rev-parse', ref(RUN, 2))
  /** Puts another commit under the name of shard 2, and says how the run is refused then. */
  const joining = machines.machine()
  const refused = async (commit: string, name = ref(RUN, 2)) => {
    const before = remote.git('rev-parse', name)
    remote.git('update-ref', name, commit)
    const why = await joining.resume(RUN).catch(({ code, message }) => `${code}: ${message}`)
    remote.git('update-ref', name, before)
    return why
  }
  const OTHER = '20260102T030405Z-0000002b'
  await handOut({ runId: OTHER })
  await machines.machine().shard(OTHER, 2)
  expect(await refused(ref(OTHER, 2))).toBe(
    'shard-damaged: Shard 2 of plan is not taken: it belongs to another run, and so does what is in it',
  )
  expect(await refused(ref(RUN, 1))).toBe(
    'shard-damaged: Shard 2 of plan is not taken: shard.json does not fit what it holds',
  )
  expect(await refused(ref(OTHER, 0), ref(RUN, 0))).toContain(
    'Shard 0 of plan is not taken: it belongs to another run',
  )
  expect(await refused('refs/heads/main')).toContain('shard.json does not fit what it holds')

  const forge = forgeShards(machines, right)
  expect(await refused(forge((manifest) => ({ ...manifest, key: '0'.repeat(64) })))).toBe(
    'shard-damaged: Shard 2 of plan is not taken: it is of other work than the first one: another definition, or other items',
  )
  expect(
    await refused(
      forge(
        (one) => one,
        (journal) => journal.replaceAll('review[4]', 'review[1]'),
      ),
    ),
  ).toBe('shard-damaged: Shard 2 of plan is not taken: it holds something else than its items 3 to 4')
  expect(
    await refused(
      forge(
        (one) => one,
        (journal) => journal.replaceAll('review[4]', 'report'),
      ),
    ),
  ).toContain('it holds something else than its items 3 to 4')
  const withoutLast = (journal: string) =>
    journal
      .split('\n')
      .filter((line) => !line.includes('review[4]'))
      .join('\n')
  expect(await refused(forge((one) => one, withoutLast))).toBe(
    'shard-damaged: Shard 2 of plan is not taken: of its items 3 to 4 only 1 are in it',
  )
  expect(
    await refused(
      forge(
        (one) => one,
        () => 'no journal\n',
      ),
    ),
  ).toContain('its journal cannot be read')
  const forgeWork = forgeShards(machines, remote.git('rev-parse', ref(RUN, 0)))
  expect(
    await refused(
      forgeWork(
        (one) => one,
        (text) => text.replace('a\\"', 'z\\"'),
      ),
      ref(RUN, 0),
    ),
  ).toContain('Shard 0 of plan is not taken: it is of another run, another definition or other inputs')
  expect(await machines.machine().resume(RUN)).toMatchObject({ status: 'succeeded' })
}, 90_000)

test('a list that is too long for the record arrives whole', async () => {
  const value = Array.from({ length: 24 }, (_, n) => `${n} ${'x'.repeat(20_000)}`)
  open(
    PLAIN.replace('value: [a, b, c, d]', `value: ${JSON.stringify(value)}`)
      .replace(/( {2}- \{ id: review,).*$/m, '$1 custom_node_id: short, next: { state_id: report } }')
      .replace(
        'custom_nodes:\n',
        `custom_nodes:
  - id: short
    custom_node_id: transform_node
    config: { input_source: state_schema, mappings: [{ output_field: seen, type: extract, source_path: task }] }
`,
      ),
  )
  await machines.machine().run('review')
  const alone = machines.treeOf(RUN)
  machines.forget()
  await handOut()
  for (const number of [1, 2]) await machines.machine().shard(RUN, number)
  expect(await machines.machine().resume(RUN)).toMatchObject({ status: 'succeeded' })
  expect(machines.textOf(RUN, 'map/review/0001.ndjson')).toContain('23 x')
  expect(machines.treeOf(RUN)).toBe(alone)
}, 90_000)

test('a shard has its part of the budget, and run again what the others left of it', async () => {
  // Four reviews and a report of 15 tokens each.
  open(PLAIN.replace('max_concurrency: 2', 'max_concurrency: 1\nbudget: { tokens: 75 }'))
  await handOut()
  models.when(/Current task: c$/, { text: 'dear', usage: { input: 35, output: 5 } })
  expect(await here().shard(RUN, 2)).toMatchObject({
    status: 'budget-exceeded',
    exitStatus: 4,
    failure: { message: 'The budget of 37 tokens is spent (40 tokens)' },
  })
  await here().shard(RUN, 1)
  // 75 without the 30 of the first; 40 are spent.
  expect(await here().shard(RUN, 2)).toMatchObject({ status: 'succeeded' })
  expect(await here().resume(RUN)).toMatchObject({
    status: 'budget-exceeded',
    failure: { message: 'The budget of 75 tokens is spent (85 tokens)' },
  })
  expect(timesAsked('c')).toBe(1)
})

test('a workflow that an item calls waits for a person: the rest is done on one machine, which can wait', async () => {
  open(PLAIN.replace('assistant_id: asks, task: Review, next', 'workflow_id: ask, next'))
  machines.remove()
  one = undefined
  machines = openMachines(
    {
      '.codemie/workflows/review.yaml': PLAIN.replace(
        'assistant_id: asks, task: Review,',
        'workflow_id: ask,',
      ),
      '.codemie/workflows/ask.yaml': ASK,
      '.codemie/config.yaml': `models: { default: 'own:m', providers: { own: { kind: openai, base_url: '${models.url}', api_key_env: OWN_KEY } } }\n`,
    },
    { OWN_KEY: 'own-key-0123456789' },
  )
  await handOut()
  expect(await here().shard(RUN, 1)).toMatchObject({
    status: 'failed',
    failure: {
      code: 'shard-waits',
      message: 'review[1]/sure, review[2]/sure waits for a person, which a shard cannot',
    },
  })
  await expect(here().resume(RUN)).rejects.toMatchObject({ code: 'shard-missing' })
  expect(await here().resume(RUN, { restHere: true })).toMatchObject({
    status: 'paused',
    heldBefore: ['review[1]/sure', 'review[2]/sure', 'review[3]/sure', 'review[4]/sure'],
  })
})

const ASK = `
name: Ask
enable_summarization_node: false
custom_nodes:
  - { id: n, custom_node_id: transform_node, config: { mappings: [{ output_field: a, type: constant, value: 1 }] } }
states:
  - { id: look, custom_node_id: n, next: { state_id: sure } }
  - { id: sure, custom_node_id: n, approval: true, next: { state_id: end } }
`

test('an item that proposes something to be written to GitHub: that is counted over all items, so a shard cannot', async () => {
  open(
    PLAIN.replace(
      'states:',
      'permissions: { issues: write }\ntools:\n  - { id: label, tool: propose_labels, tool_args: { add: [x] } }\nstates:',
    ).replace('assistant_id: asks, task: Review,', 'tool_id: label,'),
  )
  await handOut()
  expect(await here().shard(RUN, 1)).toMatchObject({
    status: 'failed',
    failure: {
      code: 'shard-proposes',
      message: "'propose_labels' proposes something to be written to GitHub, which a shard cannot",
    },
  })
})

test('what is missing can be done by the machine that joins', async () => {
  open(PLAIN)
  await handOut()
  await here().shard(RUN, 2)
  expect(await here().resume(RUN, { restHere: true })).toMatchObject({ status: 'succeeded' })
  expect(['a', 'b', 'c', 'd'].map(timesAsked)).toEqual([1, 1, 1, 1])
  expect(machines.refs()).toEqual([])
})

test('a run that nobody handed out has no shards, and one that was has no more than it has', async () => {
  open(PLAIN)
  await handOut()
  const machine = here()
  await expect(machine.shard(RUN, 3)).rejects.toMatchObject({
    code: 'no-such-shard',
    message: `Run ${RUN} has 2 shards, and no 3`,
  })
  await expect(
    machine.run('review', { untilShards: true, commit: false, push: false }),
  ).rejects.toMatchObject({
    code: 'shards-need-record',
  })
  await machine.resume(RUN, { restHere: true })
  await expect(machine.shard(RUN, 1)).rejects.toMatchObject({ code: 'run-not-shared' })
})

test('a list with one item, and one beside which something else runs, are done by one machine', async () => {
  open(PLAIN.replace('[a, b, c, d]', '[a]'))
  expect(await handOut()).toMatchObject({ status: 'succeeded' })
  machines.remove()
  open(
    PLAIN.replace(
      'states:',
      'states:\n  - { id: start, custom_node_id: list, next: { state_ids: [plan, other] } }',
    ).concat(
      '  - { id: other, custom_node_id: list, next: { state_id: more } }\n  - { id: more, custom_node_id: list, next: { state_id: report } }\n',
    ),
  )
  const machine = here()
  expect(await machine.run('review', { untilShards: true })).toMatchObject({ status: 'succeeded' })
  expect(machine.events.filter(({ type }) => type === 'warning')).toMatchObject([
    {
      code: 'not-shared',
      message: 'Other states run beside the items of the list, so this machine does all of them',
    },
  ])
})

test('hundreds of items', async () => {
  open(
    PLAIN.replace('type: constant, value: [a, b, c, d]', 'type: extract, source_path: all')
      .replace('assistant_id: asks, task: Review', 'custom_node_id: short')
      .replace('shard: 2', 'shard: 5')
      .replace(
        'custom_nodes:\n',
        `custom_nodes:\n  - { id: short, custom_node_id: transform_node, config: { mappings: [{ output_field: seen, type: constant, value: yes }] } }\n`,
      ),
  )
  const input = JSON.stringify({ all: Array.from({ length: 400 }, (_, n) => n) })
  await here().run('review', { input })
  const alone = machines.treeOf(RUN)
  machines.forget()
  await machines.machine().run('review', { input, untilShards: true })
  const other = machines.machine()
  for (const number of [5, 2, 1, 4, 3]) await other.shard(RUN, number)
  expect(await machines.machine().resume(RUN)).toMatchObject({ status: 'succeeded' })
  expect(machines.treeOf(RUN)).toBe(alone)
}, 90_000)
