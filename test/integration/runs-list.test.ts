import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

let repository: TestRepository

beforeEach(() => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
})
afterEach(() => repository.remove())

const runs = (line = '', columns?: number) =>
  runInProcess(['runs', ...line.split(' ').filter((word) => word !== '')], {
    cwd: repository.root,
    env: repository.env,
    ...(columns === undefined ? {} : { columns }),
  })
const idsOf = async (line: string) =>
  (JSON.parse((await runs(`${line} --json`)).stdout) as { runs: { id: string }[] }).runs.map(({ id }) =>
    id.slice(-1),
  )

interface Made {
  readonly seed: number
  readonly workflow?: string
  readonly actor?: string
  readonly event?: string
  readonly steps?: number
  readonly status?: 'succeeded' | 'failed'
  /** Milliseconds after the others. */
  readonly later?: number
  /** It stays in progress. */
  readonly isOpen?: boolean
}

async function make({ seed, workflow = 'review', actor, event, steps = 1, status, later = 0, isOpen }: Made) {
  const store = await openTestStore(repository, { seed })
  store.wait(later)
  const definition = { id: workflow, name: workflow, file: `${workflow}.yaml`, text: 'states: []\n' }
  const writer = await store.claim(
    newRun({
      workflow: definition,
      trigger: { event: event ?? 'manual' },
      ...(actor === undefined ? {} : { actor: { name: actor, source: 'git' } }),
    }),
  )
  const outputs = Object.fromEntries(Array.from({ length: steps }, (_, index) => [`s${index}`, 'x']))
  if (!isOpen) await play(writer, eventsOf(writer.id, outputs, status))
}

async function makeFour() {
  await make({ seed: 1, actor: 'Ann Lee' })
  repository.git('checkout', '-q', '-b', 'topic')
  await make({ seed: 2, actor: 'Bob', event: 'schedule', steps: 4, status: 'failed' })
  await make({ seed: 3, workflow: 'triage', actor: '=cmd|x', steps: 2 })
  await make({ seed: 4, steps: 0, workflow: '🙂'.repeat(30) })
}

describe('the list of runs', () => {
  test('as a table, with what they cost and who started them', async () => {
    await makeFour()
    expect((await runs()).stdout).toMatchInlineSnapshot(`
      "✓ succeeded  🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂…  2026-11-20 10:44  0.0s                    20261120T104455Z-00000004
      ✓ succeeded  triage                                   2026-11-20 10:44  2.0s  $0.0050  =cmd|x   20261120T104455Z-00000003
      ✗ failed     review                                   2026-11-20 10:44  4.0s  $0.0100  Bob      20261120T104455Z-00000002
      ✓ succeeded  review                                   2026-11-20 10:44  1.0s  $0.0025  Ann Lee  20261120T104455Z-00000001
      "
    `)
    expect((await runs('', 121)).stdout).toMatchInlineSnapshot(`
      "✓ succeeded  🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂…  2026-11-20 10:44  0.0s                    20261120T104455Z-00000004
      ✓ succeeded  triage                                   2026-11-20 10:44  2.0s  $0.0050  =cmd|x   20261120T104455Z-00000003
      ✗ failed     review                                   2026-11-20 10:44  4.0s  $0.0100  Bob      20261120T104455Z-00000002
      ✓ succeeded  review                                   2026-11-20 10:44  1.0s  $0.0025  Ann Lee  20261120T104455Z-00000001
      "
    `)
    expect((await runs('', 60)).stdout.split('\n')[2]).toMatchInlineSnapshot(
      `"✗ failed     review                                   2026-11-20 10:44  20261120T104455Z-00000002"`,
    )
  })

  test.each([
    ['', '4321'],
    ['review', '21'],
    ['--status failed', '2'],
    ['--status failed --status succeeded', '4321'],
    ['--status paused', ''],
    ['--branch topic', '432'],
    ['--actor ann', '1'],
    ['--event schedule', '2'],
    ['--min-cost 0.005', '32'],
    ['--max-cost 0.005', '431'],
    ['--max-cost 0', '4'],
    ['--since 2026-11-20', '4321'],
    ['--since 2026-11-20T10:44:56Z', ''],
    ['--until 2026-11-20T10:44:55', ''],
    ['--until 2026-11-20', '4321'],
    ['--until 2026-11-19', ''],
    ['--until 2026-11-20T12:00+01:00', '4321'],
    ['--branch topic --actor bob --min-cost 0.001', '2'],
    ['-n 2', '43'],
  ])('filtered with "%s"', async (line, expected) => {
    await makeFour()
    expect((await idsOf(line)).join('')).toBe(expected)
  })

  test('within one second those come first that started last, wherever they are', async () => {
    await make({ seed: 9 })
    await make({ seed: 3, later: 1, isOpen: true })
    await make({ seed: 5, later: 2 })
    await make({ seed: 4, later: 2 })
    await make({ seed: 1, later: 1000 })
    await make({ seed: 8, later: -1 })
    expect(await idsOf('')).toEqual([...'154398'])
    expect(await idsOf('-n 3')).toEqual([...'154'])
    expect(await idsOf('-n 1')).toEqual(['1'])
  })

  test('the latest run is the one that started last', async () => {
    await make({ seed: 9 })
    await make({ seed: 3, later: 1 })
    const shown = await runInProcess(['show', 'latest', '--json'], {
      cwd: repository.root,
      env: repository.env,
    })
    expect(JSON.parse(shown.stdout)).toMatchObject({ id: '20261120T104455Z-00000003' })
  })

  test('an age counts back from now', async () => {
    await make({ seed: 1 })
    // The clock of the command line stands on 2 January 2026, before the run.
    expect(await idsOf('--since 1h')).toEqual(['1'])
    expect(await idsOf('--until 7d')).toEqual([])
  })

  test('as CSV, safe for a spreadsheet', async () => {
    await makeFour()
    expect((await runs('--csv --all')).stdout).toMatchInlineSnapshot(`
      "id,workflow,status,started_at,duration_ms,steps,input_tokens,output_tokens,cost_usd,cost_is_lower_bound,event,actor,branch,where
      20261120T104455Z-00000004,🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂,succeeded,2026-11-20T10:44:55Z,0,0,,,,,manual,,topic,branch
      20261120T104455Z-00000003,triage,succeeded,2026-11-20T10:44:55Z,2000,2,2400,60,0.005,no,manual,'=cmd|x,topic,branch
      20261120T104455Z-00000002,review,failed,2026-11-20T10:44:55Z,4000,4,4800,120,0.01,no,schedule,Bob,topic,branch
      20261120T104455Z-00000001,review,succeeded,2026-11-20T10:44:55Z,1000,1,1200,30,0.0025,no,manual,Ann Lee,main,branch
      "
    `)
  })

  test('nothing matches', async () => {
    await make({ seed: 1 })
    expect(await runs('--actor zoe')).toEqual({ status: 0, stdout: 'No run matches.\n', stderr: '' })
  })

  test.each([
    ['--status done', '--status takes running'],
    ['--since yesterday', '--since takes a date, a time or an age'],
    ['--min-cost much', '--min-cost takes US dollars'],
    ['--all -n 3', '--all and --limit exclude each other'],
    ['--csv --json', '--json and --csv exclude each other'],
    ['-n 0', '--limit takes a whole number from 1'],
  ])('"%s" is refused', async (line, words) => {
    expect(await runs(line)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining(words) })
  })

  test('runs that an older version published, without figures in the message', async () => {
    await makeFour()
    const old = repository.git('log', '-1', '--format=%B', 'codemie/runs~1').replace(/ \{.*\}/g, '')
    const tree = repository.git('rev-parse', 'codemie/runs~1^{tree}')
    const commit = repository.git('commit-tree', tree, '-p', 'codemie/runs~2', '-m', old)
    repository.git('update-ref', 'refs/heads/codemie/runs', commit)
    expect(await idsOf('--actor cmd')).toEqual(['3'])
    expect((await runs('triage')).stdout).toContain('=cmd|x')
  })

  test('a message with made-up figures does no harm', async () => {
    await make({ seed: 1 })
    const message = repository
      .git('log', '-1', '--format=%B', 'codemie/runs')
      .replace(/\{.*\}/, '{"event":1,"actor":{"length":9}}')
    const tree = repository.git('rev-parse', 'codemie/runs^{tree}')
    repository.git(
      'update-ref',
      'refs/heads/codemie/runs',
      repository.git('commit-tree', tree, '-m', message),
    )
    expect(await idsOf('')).toEqual(['1'])
    expect((await runs('--csv')).stdout).toContain(',manual,')
  })
})

describe('show', () => {
  const show = (...args: string[]) =>
    runInProcess(['show', 'latest', ...args], { cwd: repository.root, env: repository.env })

  test('the journal, of all or of one step', async () => {
    await make({ seed: 1, steps: 2 })
    expect((await show('--journal')).stdout).toMatchInlineSnapshot(`
      "10:44:55.000  run-started      runId=20261120T104455Z-00000001  workflow=review  name=Review  file=review.yaml
      10:44:55.000  step-started     s0  kind=agent  attempt=1  task=Do it  after=[]
      10:44:56.000  effect-finished  s0  attempt=1  ordinal=1  kind=model  name=openai:gpt-4.1  request=0123456789abcdef  reply={"text":"x"}  durationMs=900  usage={"inputTokens":1200,"outputTokens":30,"cachedInputTokens":0}  costUsd=0.0025
      10:44:56.000  step-finished    s0  attempt=1  output=x  durationMs=1000  usage={"inputTokens":1200,"outputTokens":30,"cachedInputTokens":0}  costUsd=0.0025
      10:44:56.000  step-started     s1  kind=agent  attempt=1  task=Do it  after=[]
      10:44:57.000  effect-finished  s1  attempt=1  ordinal=1  kind=model  name=openai:gpt-4.1  request=0123456789abcdef  reply={"text":"x"}  durationMs=900  usage={"inputTokens":1200,"outputTokens":30,"cachedInputTokens":0}  costUsd=0.0025
      10:44:57.000  step-finished    s1  attempt=1  output=x  durationMs=1000  usage={"inputTokens":1200,"outputTokens":30,"cachedInputTokens":0}  costUsd=0.0025
      10:44:57.000  run-finished     runId=20261120T104455Z-00000001  status=succeeded  durationMs=2000  steps=2  output=x
      "
    `)
    const lines = (await show('s1', '--journal', '--json')).stdout.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).type)).toEqual([
      'step-started',
      'effect-finished',
      'step-finished',
    ])
  })

  test('an attempt', async () => {
    await make({ seed: 1 })
    expect((await show('s0', '--attempt', '1')).stdout).toBe('x\n')
    expect(await show('s0', '--attempt', '2')).toMatchObject({
      status: 2,
      stderr: "error no-such-attempt: Step s0 has no attempt '2'\n  = help: It has 1.\n",
    })
    expect(await show('--attempt', '1')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--attempt needs a step'),
    })
  })
})
