import { render } from 'ink-testing-library'
import { describe, expect, it } from 'vitest'
import { renderEntry } from '../../../cli/ui/entry-lines.ts'
import { makePalette } from '../../../cli/ui/palette.ts'
import { Progress } from '../../../cli/ui/progress.ts'
import { RunView } from '../../../cli/ui/RunView.tsx'
import { Select } from '../../../cli/ui/select-one.tsx'
import { renderSummary } from '../../../cli/ui/summary.ts'
import { stateOfPath } from '../../../runner/engine/step.ts'
import type { RunEvent } from '../../../runner/events.ts'

const palette = makePalette({ color: false, unicode: true })
const layout = { palette, labelWidth: 10, onlyWhatIsOver: false }

/** ISO time at so many milliseconds after the start. */
const at = (ms: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, 5) + ms).toISOString()
const superstep = (number: number, steps: string[], ms = 0): RunEvent => ({
  type: 'superstep-started',
  at: at(ms),
  number,
  steps,
})
const started = (path: string, ms = 0, kind = 'agent'): RunEvent => ({
  type: 'step-started',
  at: at(ms),
  path,
  state: stateOfPath(path),
  kind,
  attempt: 1,
  task: '',
  after: [],
})
const finished = (path: string, ms: number, more: object = {}): RunEvent => ({
  type: 'step-finished',
  at: at(ms),
  path,
  state: stateOfPath(path),
  attempt: 1,
  output: 'x',
  durationMs: ms,
  ...more,
})
const usage = { inputTokens: 1000, outputTokens: 234, cachedInputTokens: 0 }

function log(events: readonly RunEvent[], options = layout): string[] {
  const progress = new Progress()
  return events.flatMap((event) =>
    progress.apply(event).flatMap((entry) => renderEntry(entry, options) ?? []),
  )
}

describe('the plain log', () => {
  it('tells once of a step that was given up', () => {
    const failure = { code: 'provider-error', blame: 'provider', message: 'no' } as const
    const gaveUp: RunEvent = {
      type: 'attempt-failed',
      at: at(50),
      path: 'risky',
      state: 'risky',
      attempt: 1,
      failure,
      durationMs: 50,
    }
    const events = [superstep(1, ['risky']), started('risky'), gaveUp, finished('risky', 50, { failure })]
    expect(log(events)).toEqual(['  ▸ risky', '  ✗ risky: attempt 1 failed: no', '  ✗ risky       0.1s'])
  })

  it('shows the steps of a called workflow under the step that calls it', () => {
    const within = 'check[1]'
    const inner = (paths: string[], ms: number): RunEvent =>
      ({
        ...superstep(1, paths, ms),
        within,
      }) as RunEvent
    const lines = log([
      superstep(1, ['check[1]', 'check[2]']),
      started('check[1]', 0, 'call'),
      inner(['check[1]/look[1]', 'check[1]/look[2]'], 0),
      started('check[1]/look[1]'),
      started('check[1]/look[2]'),
      finished('check[1]/look[1]', 100),
      finished('check[1]/look[2]', 200),
      inner(['check[1]/say'], 200),
      started('check[1]/say', 200),
      finished('check[1]/say', 300),
      finished('check[1]', 300),
      started('check[2]', 300, 'call'),
      finished('check[2]', 400),
    ])
    expect(lines).toEqual([
      '  ▸ check       2 steps',
      '  ▸ check[1]/look  2 steps',
      '  · check[1]/look  1 of 2',
      '  ✓ check[1]/look  2 of 2  0.2s',
      '  ▸ check[1]/say',
      '  ✓ check[1]/say  0.1s',
      '  · check       1 of 2',
      '  ✓ check       2 of 2  0.4s',
    ])
  })

  it('names single steps when they start and when they end', () => {
    const lines = log([
      { type: 'run-started', at: at(0), runId: 'R1', workflow: 'review', name: 'Review', file: 'r.yaml' },
      superstep(1, ['read']),
      started('read', 0, 'tool'),
      finished('read', 200),
      superstep(2, ['judge'], 200),
      started('judge', 200),
      finished('judge', 3200, { usage, costUsd: 0.0123 }),
    ])
    expect(lines).toEqual([
      'Review · run R1',
      '  ▸ read',
      '  ✓ read        0.2s',
      '  ▸ judge',
      '  ✓ judge       3.0s  1,234 tokens  $0.0123',
    ])
  })

  it('says that a price is not known, and never that it is nothing', () => {
    const lines = log([superstep(1, ['a']), started('a'), finished('a', 100, { usage, costUnknown: true })])
    expect(lines.at(-1)).toBe('  ✓ a           0.1s  1,234 tokens  cost unknown')
  })

  it('counts a map in tenths instead of naming each item', () => {
    const paths = Array.from({ length: 1000 }, (_, index) => `item[${index + 1}]`)
    const lines = log([
      superstep(1, paths),
      ...paths.flatMap((path, index) => [started(path, index), finished(path, index + 1)]),
    ])
    expect(lines).toHaveLength(11)
    expect(lines[0]).toBe('  ▸ item        1,000 steps')
    expect(lines[1]).toBe('  · item        100 of 1,000')
    expect(lines.at(-1)).toBe('  ✓ item        1,000 of 1,000  1.0s')
  })

  it('does not count what waits for nobody', () => {
    const paths = Array.from({ length: 100 }, (_, index) => `sort[${index + 1}]`)
    const lines = log([
      superstep(1, paths),
      ...paths.flatMap((path, index) => [started(path, index, 'transform'), finished(path, index + 1)]),
    ])
    expect(lines).toEqual(['  ✓ sort        100 of 100  0.1s'])
  })

  it('tells of attempts that fail, and of the last one', () => {
    const failure = {
      code: 'provider-busy',
      blame: 'provider',
      message: 'The server\u001b[2J says 503',
    } as const
    const lines = log([
      superstep(1, ['a']),
      started('a'),
      {
        type: 'attempt-failed',
        at: at(10),
        path: 'a',
        state: 'a',
        attempt: 1,
        failure,
        durationMs: 10,
        retryInMs: 1500,
      },
      { type: 'attempt-failed', at: at(20), path: 'a', state: 'a', attempt: 2, failure, durationMs: 10 },
    ])
    expect(lines).toEqual([
      '  ▸ a',
      '  ! a: attempt 1 failed, next in 1.5s: The server says 503',
      '  ✗ a: attempt 2 failed: The server says 503',
      '  ✗ a           0.0s',
    ])
  })

  it('shows steps that the journal knew as done before', () => {
    const reused = (path: string): RunEvent => ({
      type: 'step-reused',
      at: at(0),
      path,
      state: 'a',
      output: 'x',
    })
    const lines = log([
      { type: 'run-resumed', at: at(0), runId: 'R1', finishedSteps: 3 },
      superstep(1, ['a']),
      reused('a'),
      superstep(2, ['b[1]', 'b[2]', 'b[3]']),
      reused('b[1]'),
      reused('b[2]'),
      started('b[3]', 5),
      finished('b[3]', 1005),
    ])
    expect(lines).toEqual([
      '  going on with run R1: 3 steps finished before',
      '  ↺ a           done before',
      '  ▸ b           3 steps',
      '  ✓ b           3 of 3  2 done before  1.0s',
    ])
  })

  it('tells what is held, and of warnings with their place', () => {
    const lines = log([
      {
        type: 'warning',
        at: at(0),
        code: 'condition-false',
        message: "unknown name 'x'",
        position: 'w.yaml:3:5',
      },
      { type: 'run-paused', at: at(0), before: ['publish'], reason: 'interrupt-before' },
    ])
    expect(lines).toEqual([
      "  ! w.yaml:3:5: unknown name 'x' [condition-false]",
      '  ‖ waits for you before publish',
    ])
  })

  it('is ASCII where the terminal shows no more', () => {
    const ascii = { ...layout, palette: makePalette({ color: false, unicode: false }) }
    const lines = log([superstep(1, ['a']), started('a'), finished('a', 100)], ascii)
    expect(lines).toEqual(['  > a', '  + a           0.1s'])
  })
})

describe('the live view', () => {
  it('shows what is at work below the lines that stay', () => {
    const progress = new Progress()
    for (const event of [
      superstep(1, ['read']),
      finished('read', 100),
      superstep(2, ['review[1]', 'review[2]', 'review[3]', 'sum'], 100),
      started('review[1]', 100),
      started('review[2]', 100),
      finished('review[1]', 900, { usage }),
      { type: 'step-progress', at: at(950), path: 'review[2]', text: 'Looks \u001b[31mfine' } as const,
    ]) {
      progress.apply(event)
    }
    const view = (nowMs: number, stopping: boolean) => (
      <RunView
        frame={{
          lines: [{ key: 0, text: '  ✓ read' }],
          live: progress.live,
          totals: '2 steps',
          nowMs,
          tick: 1,
          stopping,
        }}
        palette={palette}
        columns={80}
        labelWidth={10}
      />
    )
    const { lastFrame, rerender } = render(view(Date.parse(at(2100)), false))
    expect(lastFrame()).toBe(
      [
        '  ✓ read',
        '  ⠙ review      1 of 3  1 running  2.0s  Looks fine',
        '  ○ sum',
        '  2 steps · Ctrl-C saves and stops',
      ].join('\n'),
    )
    rerender(view(Date.parse(at(2100)), true))
    expect(lastFrame()).toContain('stopping: saving what is finished')
  })

  it('stays small however many states are at work', () => {
    const live = Array.from({ length: 30 }, (_, index) => ({
      label: `state-${index}`,
      total: 1,
      done: 0,
      failed: 0,
      running: 1,
      startedAt: at(0),
      activity: '',
    }))
    const frame = { lines: [], live, totals: '0 steps', nowMs: Date.parse(at(0)), tick: 0, stopping: false }
    const { lastFrame } = render(<RunView frame={frame} palette={palette} columns={80} labelWidth={10} />)
    expect(lastFrame()?.split('\n')).toHaveLength(10)
    expect(lastFrame()).toContain('and 22 more')
  })
})

describe('the list to choose from', () => {
  const choices = [
    { name: 'one', summary: 'the first' },
    { name: 'two', summary: 'the second' },
  ]
  const wait = () => new Promise((resolve) => setImmediate(resolve))
  it.each([
    ['Enter', ['\r'], 0],
    ['arrow down and Enter', ['\u001b[B', '\r'], 1],
    ['a round with j', ['j', 'j', '\r'], 0],
    ['a number', ['2'], 1],
    ['Ctrl-C', ['\u0003'], undefined],
  ])('answers to %s', async (_what, keys, expected) => {
    const answers: (number | undefined)[] = []
    const { stdin } = render(
      <Select
        question="Which?"
        choices={choices}
        palette={palette}
        onChoose={(index) => answers.push(index)}
      />,
    )
    await wait()
    for (const key of keys) {
      stdin.write(key)
      await wait()
    }
    expect(answers).toEqual([expected])
  })
})

describe('the last block', () => {
  const spent = { usage, costUsd: undefined, costUnknown: true }
  it('says where the record is and how to go on', () => {
    expect(
      renderSummary(
        {
          runId: 'R1',
          name: 'Review',
          status: 'failed',
          failure: {
            code: 'provider-unauthorized',
            blame: 'provider',
            message: 'The key is wrong',
            help: 'Set another one',
          },
          durationMs: 2300,
          steps: 3,
          spent,
          record: {
            ref: 'refs/heads/codemie/runs',
            commit: '0123456789abcdef0123',
            path: 'runs/review/R1',
            pushedTo: 'origin',
            look: ['git show codemie/runs:runs/review/R1/README.md'],
          },
        },
        palette,
      ),
    ).toBe(`
✗ Review failed · 2.3s · 3 steps · 1,234 tokens · cost unknown
error provider-unauthorized: The key is wrong
  = help: Set another one
  record  codemie/runs 0123456789ab runs/review/R1, pushed to origin
  look    codemie-ci show R1
          git show codemie/runs:runs/review/R1/README.md
  resume  codemie-ci resume R1
`)
  })

  it('asks for an answer when the run waits for one', () => {
    const record = { ref: 'refs/codemie/live/R1', commit: 'abc', path: '', pushedTo: undefined, look: [] }
    const text = renderSummary(
      {
        runId: 'R1',
        name: 'R',
        status: 'paused',
        durationMs: 0,
        steps: 1,
        spent: { usage: undefined, costUsd: undefined, costUnknown: false },
        record,
      },
      palette,
    )
    expect(text).toContain('‖ R waits for you · 0.0s · 1 step\n')
    expect(text).toContain('  resume  codemie-ci resume R1 -m "your answer"\n')
  })
})
