import { expect, test } from 'vitest'
import type { Outcome } from '../../../action/event-outcome.ts'
import { renderEventSummary } from '../../../action/event-summary.ts'
import { readFindings } from '../../../action/findings.ts'
import { digestRun } from '../../../runner/store/digest-run.ts'
import { makeEvent } from '../../helpers/action.ts'
import { eventsOf } from '../../helpers/run-of-events.ts'
import { workflowOf } from '../../helpers/scripted-engine.ts'

const WORKFLOW = workflowOf([['a', '{ state_id: end }']])

function outcomeOf(id: string, output: string): Outcome {
  const run = {
    runId: '20261120T104455Z-00000001',
    workflow: WORKFLOW,
    digest: { ...digestRun(eventsOf('20261120T104455Z-00000001', {})), status: 'succeeded' as const, output },
    record: undefined,
    recordProblem: undefined,
    event: undefined,
    exitStatus: 0,
    diagnostics: [],
    thrown: undefined,
  }
  return { id, name: id, status: 'succeeded', exitStatus: 0, run }
}

test('two hundred workflows with long results share what a summary may hold', () => {
  const outcomes = Array.from({ length: 200 }, (_, index) =>
    outcomeOf(`w${index}`, 'A line of text.\n'.repeat(5000)),
  )
  const summary = renderEventSummary({ event: makeEvent(), outcomes, removed: [] })
  expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(1024 * 1024)
  expect(summary).toContain('## 200 workflows on `push`')
  expect(summary.match(/^### Result$/gm)).toHaveLength(200)
})

test.each<[situation: string, output: string | undefined, found: object | undefined]>([
  ['nothing', undefined, undefined],
  ['text', 'findings', undefined],
  ['a list', '[{"file": "a"}]', undefined],
  ['findings that are no list', '{"findings": {}}', undefined],
  ['no findings', '{"findings": []}', { findings: [], placed: [], unread: 0, rest: undefined }],
  [
    'a severity that is left out, and an end before the beginning',
    '{"findings": [{"file": "./a", "line": 3, "endLine": 2, "message": "M", "title": " "}], "more": 1}',
    {
      findings: [{ file: 'a', line: 3, severity: 'warning', message: 'M' }],
      placed: [{ file: 'a', line: 3, severity: 'warning', message: 'M' }],
      unread: 0,
      rest: '{"more":1}',
    },
  ],
  [
    'entries that cannot be read',
    '{"findings": [null, {}, {"file": "a", "line": "3", "message": "M"}, {"file": "a", "line": 1, "message": "M", "severity": "high"}]}',
    { findings: [], placed: [], unread: 4, rest: undefined },
  ],
])('findings in an output: %s', (_, output, found) => {
  expect(readFindings(output, ['a'])).toEqual(found)
})
