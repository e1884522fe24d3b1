import { describe, expect, test } from 'vitest'
import { originOf } from '../../../action/event.ts'
import { isRunId } from '../../../runner/store/run-id.ts'
import { makeEvent } from '../../helpers/action.ts'

const RUN = { workflow: 'review', input: '' }
const RECEIVED = Date.UTC(2026, 0, 2, 3, 4, 5)

describe('when an event happened', () => {
  test.each([
    ['a push', { repository: { pushed_at: 1767268800 } }, '20260101T120000Z'],
    [
      'a pull request',
      {
        pull_request: { updated_at: '2026-01-01T08:00:00Z' },
        repository: { pushed_at: '2025-01-01T00:00:00Z' },
      },
      '20260101T080000Z',
    ],
    [
      'a comment on an issue',
      { comment: { updated_at: '2026-01-01T09:00:00Z' }, issue: { updated_at: '2026-01-01T07:00:00Z' } },
      '20260101T090000Z',
    ],
    ['a schedule', { schedule: '0 6 * * 1' }, '20260102T030405Z'],
    [
      'a call by hand',
      { inputs: null, repository: { pushed_at: '2025-01-01T00:00:00Z' } },
      '20260102T030405Z',
    ],
    ['a payload that makes no sense', { comment: null, issue: { updated_at: 'soon' } }, '20260102T030405Z'],
  ])('%s', (_, payload, stamp) => {
    const { runId } = originOf(makeEvent({ payload }), RUN, RECEIVED)
    expect(isRunId(runId)).toBe(true)
    expect(runId).toContain(`${stamp}-`)
  })
})

describe('the id of a run', () => {
  const idOf = (changes: Parameters<typeof makeEvent>[0], run = RUN) =>
    originOf(makeEvent(changes), run, RECEIVED).runId

  test('is the same for the same event, whoever asks', () => {
    expect(idOf({ actor: 'ann' })).toBe(idOf({ actor: 'octo' }))
  })

  test.each([
    ['another attempt', idOf({ attempt: 2 })],
    ['another run of the workflow', idOf({ runId: '1002' })],
    ['another job', idOf({ job: 'other' })],
    ['another step', idOf({ step: 'other' })],
    ['another repository', idOf({ repository: 'acme/other' })],
    ['another workflow', idOf({}, { ...RUN, workflow: 'triage' })],
    ['a job of a matrix with another input', idOf({}, { ...RUN, input: 'x' })],
  ])('differs for %s', (_, id) => {
    expect(id).not.toBe(idOf({}))
  })
})
