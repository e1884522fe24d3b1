import { afterEach, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

let repository: TestRepository
afterEach(() => repository.remove())

const compare = (...args: string[]) =>
  runInProcess(['compare', '00000001', '00000002', ...args], { cwd: repository.root, env: repository.env })

interface Made {
  readonly outputs: Readonly<Record<string, string>>
  readonly text?: string
  readonly input?: unknown
  readonly status?: 'succeeded' | 'failed'
}

async function make(first: Made, second: Made): Promise<void> {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
  for (const [index, { outputs, text = 'a: 1\nb: 2\nc: 3\n', input = { who: 'Ann' }, status }] of [
    first,
    second,
  ].entries()) {
    const store = await openTestStore(repository, { seed: index + 1 })
    const writer = await store.claim(
      newRun({
        workflow: { id: 'review', name: 'Review', file: 'review.yaml', text },
        inputs: { text: typeof input === 'string' ? input : JSON.stringify(input), fileNames: [] },
      }),
    )
    await play(writer, eventsOf(writer.id, outputs, status))
  }
}

test('two runs of which one step differs', async () => {
  await make(
    {
      outputs: {
        plan: 'Look at the door.',
        report:
          'The door is open, and all the rest of this house is as it should be. Nothing else was seen today, I promise you. Ann',
      },
    },
    {
      outputs: {
        plan: 'Look at the door.',
        report:
          'The door is shut, and all the rest of this house is as it should be. Nothing else was seen today, I promise you. Bob',
      },
    },
  )
  expect(await compare()).toMatchInlineSnapshot(`
    {
      "status": 0,
      "stderr": "",
      "stdout": "before  20261120T104455Z-00000001
    after   20261120T104455Z-00000002

    The first step that differs: report

    Steps
      report
        The door is [-open-]{+shut+}, and all the rest of this house is as it should be. Nothing else was seen today, I promise you. [-Ann-]{+Bob+}

    the same: inputs · definition · 1 step
    ",
    }
  `)
  expect((await compare('--exit-code')).status).toBe(1)
})

test('another definition, other inputs, another path', async () => {
  await make(
    { outputs: { a: 'x', b: 'y' }, status: 'failed', input: { who: 'Ann', n: 1 } },
    { outputs: { a: 'x', c: 'z', d: '' }, text: 'a: 1\nb: 5\nc: 3\n', input: { who: 'Bob', list: [1] } },
  )
  expect((await compare()).stdout).toMatchInlineSnapshot(`
    "before  20261120T104455Z-00000001
    after   20261120T104455Z-00000002

    The first step that differs: c
      status  failed → succeeded

    Inputs
      who   Ann → Bob
      n     1 → none
      list  none → [1]

    Definition
        a: 1
      - b: 2
      + b: 5
        c: 3

    Steps
      c  only in the second run
      d  only in the second run
      b  only in the first run

    What it took
      input tokens   2400 → 3600
      output tokens  60 → 90
      cost in USD    0.005 → 0.0075
      time in ms     2000 → 3000

    the same: 1 step
    "
  `)
})

test('nothing differs', async () => {
  await make({ outputs: { a: 'x' } }, { outputs: { a: 'x' } })
  expect(await compare('--exit-code')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('Nothing differs but what it took\n'),
  })
})

test('as an object for programs', async () => {
  await make({ outputs: { a: 'x y' }, input: 'free text' }, { outputs: { a: 'x z' }, input: 'free words' })
  expect(JSON.parse((await compare('--json')).stdout)).toMatchObject({
    isSame: false,
    firstDifference: 'a',
    inputs: [{ name: 'input', before: 'free text', after: 'free words' }],
    steps: [
      {
        path: 'a',
        change: 'output',
        output: [
          { kind: 'same', text: 'x ' },
          { kind: 'removed', text: 'y' },
          { kind: 'added', text: 'z' },
        ],
      },
    ],
  })
})

test('outputs that would drive a terminal, and long ones, are tamed', async () => {
  await make({ outputs: { a: '\u001b[2J old' } }, { outputs: { a: `new ${'word '.repeat(30_000)}` } })
  const { stdout } = await compare()
  expect(stdout).not.toContain('\u001b')
  expect(stdout.length).toBeLessThan(6000)
})

test('one step alone, with all of its output', async () => {
  const long = Array.from({ length: 900 }, (_, index) => `word${index}`).join(' ')
  await make({ outputs: { a: `${long} old`, b: 'same' } }, { outputs: { a: `${long} new`, b: 'same' } })
  const { stdout, status } = await compare('--step', 'a', '--exit-code')
  expect([status, stdout.startsWith('  a\n    ')]).toEqual([1, true])
  expect(stdout).toContain('[-old-]{+new+}')
  expect((await compare('--step', 'b')).stdout).toBe('  b  put out the same in both runs\n')
  expect(await compare('--step', 'c')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("error no-such-step: Neither run has a step 'c'"),
  })
})

test('long texts without a word in common are not compared piece by piece', async () => {
  const words = (seed: number) =>
    Array.from({ length: 4000 }, (_, index) => ((index + seed) * 2654435761).toString(36))
      .join(' ')
      .slice(0, 29_000)
  await make({ outputs: { a: words(1) } }, { outputs: { a: words(99_991) } })
  const { stdout } = await compare('--json')
  expect(JSON.parse(stdout).steps[0].output.map(({ kind }: { kind: string }) => kind)).toEqual([
    'removed',
    'added',
  ])
})
