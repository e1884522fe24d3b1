import { describe, expect, test } from 'vitest'
import { renderResult, renderRunSummary, statusOfStates } from '../../../action/run-summary.ts'
import { digestRun, type StepDigest } from '../../../runner/store/digest-run.ts'
import { eventsOf } from '../../helpers/run-of-events.ts'
import { workflowOf } from '../../helpers/scripted-engine.ts'

const ID = '20261120T104455Z-00000001'
const WORKFLOW = workflowOf([
  ['a', '{ state_id: b }'],
  ['b', '{ state_id: end }'],
])

function stepOf(path: string, state: string, status: StepDigest['status']): StepDigest {
  return { path, state, kind: 'agent', status, attempts: [] }
}

describe('how far a state has come', () => {
  const states = WORKFLOW.states
  test.each([
    [
      'one of its steps failed',
      'failed',
      [stepOf('a[1]', 'a', 'finished'), stepOf('a[2]', 'a', 'failed')],
      [],
      { a: 'failed' },
    ],
    [
      'a finished run did not come to it',
      'succeeded',
      [stepOf('a', 'a', 'finished')],
      [],
      { a: 'done', b: 'skipped' },
    ],
    [
      'an unfinished run may come to it',
      'interrupted',
      [stepOf('a', 'a', 'unfinished')],
      [],
      { a: 'running' },
    ],
    [
      'a person is waited for',
      'paused',
      [stepOf('a', 'a', 'finished')],
      ['b[2]#3'],
      { a: 'done', b: 'waiting' },
    ],
  ] as const)('%s', (_, status, steps, heldBefore, expected) => {
    const found = statusOfStates({ states }, { status, steps, heldBefore })
    expect(Object.fromEntries(found)).toEqual(expected)
  })
})

describe('a result that is too long', () => {
  test('text is cut at the end of a line, and still harmless', () => {
    const { markdown, isCut } = renderResult('`a` ![x](https://evil.test) <b>\n'.repeat(1000), 5000)
    expect(isCut).toBe(true)
    expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(5000)
    expect(markdown).not.toMatch(/!\[x\]|<b>/)
  })

  test('data stays in its fence', () => {
    const { markdown } = renderResult(JSON.stringify({ rows: Array(500).fill('row'), more: '```' }), 2000)
    expect(markdown).toMatch(/^```+json\n/)
    expect(markdown).toMatch(/\n```+$/)
    expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(2000)
  })

  test('a fence that the cut opens is closed', () => {
    const { markdown } = renderResult(`\`\`\`\n${'x\n'.repeat(1000)}\`\`\`\n<b>`, 500)
    expect(markdown.match(/^```/gm)).toHaveLength(2)
  })
})

test('the whole summary keeps its limit, whatever is in the result', () => {
  const events = eventsOf(ID, { a: 'x', b: '@<'.repeat(50_000) })
  const run = {
    runId: ID,
    workflow: WORKFLOW,
    digest: digestRun(events),
    record: undefined,
    recordProblem: undefined,
    event: undefined,
  }
  const summary = renderRunSummary(run, 20_000)
  expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(20_000)
  expect(summary).toContain('### Steps')
  expect(summary).toContain('### Record')
})
