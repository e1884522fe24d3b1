import { describe, expect, test } from 'vitest'
import {
  code,
  MOST_SUMMARY_BYTES,
  renderCheckSummary,
  renderRefusalSummary,
  table,
} from '../../../action/summary.ts'
import { Refusal } from '../../../runner/failure.ts'
import { cost, duration, tokensOf } from '../../../runner/report/figures.ts'
import { count } from '../../../runner/report/plain-text.ts'
import type { Diagnostic } from '../../../schema/index.ts'

describe('figures as people read them', () => {
  test.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1000, '1.0 s'],
    [59_949, '59.9 s'],
    [59_950, '1 min 0 s'],
    [3_599_000, '59 min 59 s'],
    [7_380_000, '2 h 3 min'],
  ])('%d ms', (ms, words) => {
    expect(duration(ms)).toBe(words)
  })

  const usage = { inputTokens: 1000, outputTokens: 234, cachedInputTokens: 0 }
  test.each([
    ['no model was asked', {}, undefined, undefined],
    ['a price that is not known', { usage, costUnknown: true }, 1234, 'not known'],
    ['a part of it known', { usage, costUsd: 0.5, costUnknown: true }, 1234, 'at least $0.5000'],
    ['nothing of it known', { usage, costUsd: 0, costUnknown: true }, 1234, 'not known'],
    ['a free model', { usage, costUsd: 0 }, 1234, '$0.00'],
    ['very little', { usage, costUsd: 0.0000125 }, 1234, '$0.000013'],
    ['a lot', { usage, costUsd: 12.345 }, 1234, '$12.35'],
  ])('%s', (_, spent, tokens, money) => {
    expect(tokensOf(spent)).toBe(tokens)
    expect(cost(spent)).toBe(money)
  })

  test('counts', () => {
    expect([count(1, 'step'), count(1234567, 'step'), count(0, 'entry', 'entries')]).toEqual([
      '1 step',
      '1,234,567 steps',
      '0 entries',
    ])
  })
})

test.each([
  ['plain', '`plain`'],
  ['a | b\nc', '`a b c`'],
  ['a`b', '`` a`b ``'],
])('a name in a table: %j', (text, expected) => {
  expect(code(text)).toBe(expected)
})

test('a table counts the rows it leaves out', () => {
  const lines = table(
    ['a', 'b'],
    Array.from({ length: 502 }, (_, i) => [String(i), 'x']),
  ).split('\n')
  expect(lines).toHaveLength(503)
  expect(lines.at(-1)).toBe('| and 2 more |  |')
})

test('the summary of a check keeps its limit', () => {
  const diagnostics = Array.from({ length: 3000 }, (_, index): Diagnostic => {
    const message = '<a> @b | '.repeat(200)
    return {
      severity: 'error',
      code: 'bad',
      message,
      help: message,
      file: 'w.yaml',
      line: index + 1,
      column: 1,
    }
  })
  const summary = renderCheckSummary([{ file: 'w.yaml', kind: 'workflow', text: '', diagnostics }])
  expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(MOST_SUMMARY_BYTES)
  expect(summary).toContain('3,000 errors')
  expect(summary).toMatch(/all of it is in the log/)
})

test('a refusal is told as text', () => {
  const refusal = new Refusal('no-go', 'First ![x](https://a.test)\n  <b> second', { help: 'Ask @ann' })
  const summary = renderRefusalSummary(refusal)
  expect(summary).toContain('`no-go`: First')
  expect(summary).toContain('<br>&lt;b> second')
  expect(summary).not.toMatch(/!\[x\]|@ann/)
})
