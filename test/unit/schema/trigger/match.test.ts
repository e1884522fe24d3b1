import { describe, expect, test } from 'vitest'
import { readWorkflow } from '../../../../schema/index.ts'
import { isTriggered, type Occurrence } from '../../../../schema/trigger/match.ts'

/** The triggers of a workflow with this under `on`. */
function triggersOf(on: string) {
  const text = `on: ${on}\nassistants: [{id: a, system_prompt: P}]\nstates: [{id: s, assistant_id: a, next: {state_id: end}}]\n`
  const { workflow, diagnostics } = readWorkflow({ file: 'w.yaml', text })
  if (!workflow) throw new Error(diagnostics.map(({ message }) => message).join())
  return workflow.triggers
}

const PULL: Occurrence = {
  event: 'pull_request',
  type: 'opened',
  branch: 'main',
  paths: ['src/a.ts', 'docs/b.md'],
  labels: ['AI review', 'bug'],
  draft: false,
}
const PUSH: Occurrence = { event: 'push', branch: 'main', paths: ['src/a.ts'] }
const TAG: Occurrence = { event: 'push', tag: 'v1.2.3' }

type Row = readonly [on: string, occurrence: Occurrence, starts: boolean]

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'names of events': [
    ['pull_request', PULL, true],
    ['[push, pull_request]', PULL, true],
    ['{push: , pull_request: {}}', PULL, true],
    ['push', PULL, false],
    ['pull_request_target', PULL, false],
    ['toString', { event: 'toString' }, false],
  ],
  'activity types': [
    ['pull_request', { ...PULL, type: 'synchronize' }, true],
    ['pull_request', { ...PULL, type: 'reopened' }, true],
    ['pull_request', { ...PULL, type: 'labeled' }, false],
    ['pull_request', { ...PULL, type: undefined }, false],
    ['{pull_request: {types: [labeled]}}', { ...PULL, type: 'labeled' }, true],
    ['{pull_request: {types: labeled}}', PULL, false],
    ['issues', { event: 'issues', type: 'transferred' }, true],
    ['{issue_comment: {types: [created]}}', { event: 'issue_comment', type: 'deleted' }, false],
    ['{repository_dispatch: {types: [ticket]}}', { event: 'repository_dispatch', type: 'ticket' }, true],
    ['{repository_dispatch: {types: [ticket]}}', { event: 'repository_dispatch', type: 'other' }, false],
    ['repository_dispatch', { event: 'repository_dispatch', type: 'other' }, true],
    ['merge_group', { event: 'merge_group', type: 'checks_requested', branch: 'main' }, true],
  ],
  'branches and tags': [
    ['{pull_request: {branches: [main]}}', PULL, true],
    ["{pull_request: {branches: ['releases/**']}}", PULL, false],
    ['{pull_request: {branches-ignore: [main]}}', PULL, false],
    ["{push: {branches: ['**', '!main']}}", PUSH, false],
    ['{push: {branches: main}}', TAG, false],
    ['{push: {branches-ignore: other}}', TAG, false],
    ["{push: {tags: ['v[0-9]+.*']}}", TAG, true],
    ["{push: {tags: ['v*']}}", PUSH, false],
    ["{push: {tags-ignore: ['v*']}}", TAG, false],
    ["{push: {branches: main, tags: ['v*']}}", TAG, true],
    ["{push: {branches: main, tags: ['v*']}}", PUSH, true],
    ['push', TAG, true],
    ['{merge_group: {branches: main}}', { event: 'merge_group', branch: 'next' }, false],
  ],
  paths: [
    ["{pull_request: {paths: ['src/**']}}", PULL, true],
    ["{pull_request: {paths: ['*.ts']}}", PULL, false],
    ["{pull_request: {paths: ['**', '!docs/**', '!src/**']}}", PULL, false],
    ["{pull_request: {paths-ignore: ['docs/**']}}", PULL, true],
    ["{pull_request: {paths-ignore: ['docs/**', 'src/**']}}", PULL, false],
    ["{pull_request: {paths: ['src/**']}}", { ...PULL, paths: [] }, false],
    ["{pull_request: {paths: ['src/**']}}", { ...PULL, paths: undefined }, true],
    ["{push: {branches: main, paths: ['docs/**']}}", PUSH, false],
    ["{push: {paths: ['docs/**']}}", TAG, true],
  ],
  'labels and drafts': [
    ['{pull_request: {labels: [ai review]}}', PULL, true],
    ['{pull_request: {labels: [other, bug]}}', PULL, true],
    ['{pull_request: {labels: other}}', PULL, false],
    ['{pull_request: {labels: bug}}', { ...PULL, labels: undefined }, false],
    ['{pull_request: {draft: false}}', PULL, true],
    ['{pull_request: {draft: true}}', PULL, false],
    ['{pull_request: {draft: false}}', { ...PULL, draft: true }, false],
    ['pull_request', { ...PULL, draft: true }, true],
  ],
  schedules: [
    ["{schedule: [{cron: '0 6 * * 1'}]}", { event: 'schedule', cron: '0 6 * * 1' }, true],
    ["{schedule: [{cron: '0  6 * * 1 '}]}", { event: 'schedule', cron: '0 6 * * 1' }, true],
    ["{schedule: [{cron: '0 6 * * 1'}]}", { event: 'schedule', cron: '0 7 * * 1' }, false],
    [
      "{schedule: [{cron: '0 6 * * 1'}, {cron: '0 7 * * 1'}]}",
      { event: 'schedule', cron: '0 7 * * 1' },
      true,
    ],
    ['schedule', { event: 'schedule', cron: '0 7 * * 1' }, false],
  ],
  'other events': [
    ['{workflow_dispatch: {inputs: {a: {type: string}}}}', { event: 'workflow_dispatch' }, true],
    ['workflow_call', { event: 'workflow_call' }, true],
    ['{workflow_run: {workflows: [Build]}}', { event: 'workflow_run', workflow: 'Build' }, true],
    ['{workflow_run: {workflows: [Build]}}', { event: 'workflow_run', workflow: 'Test' }, false],
  ],
}

describe.each(Object.entries(ROWS))('%s', (_, rows) => {
  test.each(rows)('%s', (on, occurrence, starts) => {
    expect(isTriggered(triggersOf(on), occurrence)).toBe(starts)
  })
})

test('a filter that is not known lets nothing through', () => {
  const at = { file: 'w.yaml', line: 1, column: 1 }
  expect(isTriggered([{ event: 'push', options: { branch: 'main' }, at }], PUSH)).toBe(false)
})
