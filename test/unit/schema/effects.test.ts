import { describe, expect, test } from 'vitest'
import { permissions } from '../../../schema/diff/classes.ts'
import { effectGrants } from '../../../schema/effects.ts'
import { readWorkflow } from '../../../schema/index.ts'

const STATES = `
enable_summarization_node: false
tools: [{ id: t, tool: propose_comment, tool_args: { body: Hi } }]
states: [{ id: s, tool_id: t, next: { state_id: end } }]
`
const said = (declared: string) =>
  readWorkflow({ file: 'w.yaml', text: `permissions: ${declared}${STATES}` }).diagnostics.map(
    ({ code, severity, line, column, message }) => `${line}:${column} ${severity} ${code} ${message}`,
  )

describe('what a definition declares under permissions', () => {
  test.each<readonly [declared: string, ...expected: string[]]>([
    ['{ comment: 1 }'],
    ['{ comment: 10, label: [a/*, "!a/b"], review: request-changes, status: x, issues: write }'],
    ['{ comment: 0 }', "1:25 error out-of-range 'comment' is out of range"],
    ['{ comment: 11 }', "1:25 error out-of-range 'comment' is out of range"],
    ['{ comment: write }', "1:25 error wrong-type 'comment' has the wrong type"],
    ['{ comment: 1, review: approve }', "1:36 error unknown-value 'review' does not take this value"],
    ['{ comment: 1, label: [] }', "1:35 error effect-limit 'label' names nothing that is allowed"],
    ['{ comment: 1, label: ["!a"] }', "1:35 error effect-limit 'label' names nothing that is allowed"],
    [
      '{ comment: 1, branch: "**" }',
      "1:36 warning effect-limit 'branch' covers the branches that people work on",
    ],
    [
      '{ comment: 1, pull-request: 1 }',
      "1:28 warning effect-limit 'pull-request' is declared, and 'branch' is not",
    ],
    [
      '{ issues: write }',
      "3:24 warning effect-not-declared 'propose_comment' proposes to comment on the issue or pull request that it is about, which 'permissions' does not declare",
    ],
  ])('%s', (declared, ...expected) => {
    expect(said(declared)).toEqual(expected)
  })

  test('keys that every object has grant nothing', () => {
    expect([...effectGrants({ constructor: 1, toString: 'x' } as never)]).toEqual([])
  })
})

describe('a change of it', () => {
  test.each<readonly [before: object, after: object, meaning: string]>([
    [{}, { comment: 1 }, 'widening'],
    [{ comment: 1 }, { comment: 2 }, 'widening'],
    [{ comment: 2 }, { comment: 1 }, 'narrowing'],
    [{ comment: 1 }, {}, 'narrowing'],
    [{ label: 'a' }, { label: ['a'] }, 'neutral'],
    [{ label: 'a' }, { label: ['a', 'b'] }, 'widening'],
    [{ label: ['a', 'b'] }, { label: 'a' }, 'narrowing'],
    [{ label: ['a/*', '!a/b'] }, { label: ['a/*'] }, 'widening'],
    [{ label: ['a/*', '!a/b'] }, { label: ['!a/b', 'a/*'] }, 'widening'],
    [{ label: ['a/*', '!a/b'] }, {}, 'narrowing'],
    [{ review: 'comment' }, { review: 'request-changes' }, 'widening'],
    [{ review: 'request-changes' }, { review: 'comment' }, 'narrowing'],
    [{ comment: 2 }, { comment: 1, issue: 1 }, 'widening'],
  ])('%o to %o is %s', (before, after, meaning) => {
    const whole = { before: { models: { fallback: [] } }, after: { models: { fallback: [] } } }
    expect(permissions.of(before, after, whole)).toBe(meaning)
  })
})
