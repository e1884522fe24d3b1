import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withoutCredentials } from '../../../../runner/git/repository.ts'
import { canonicalJson, canonicalLine } from '../../../../runner/store/canonical-json.ts'
import { placeOfStep, slugOf } from '../../../../runner/store/file-name.ts'
import { parseSubject, parseTrailers, publishMessage } from '../../../../runner/store/refs.ts'
import { isRunId, manualRunId, runPath, startOfRun, triggeredRunId } from '../../../../runner/store/run-id.ts'

describe('ids of runs', () => {
  const startedAt = Date.UTC(2026, 10, 20, 10, 44, 55, 999)

  test('say when the run started', () => {
    const id = manualRunId(startedAt, () => '3f9a1c2e')
    expect(id).toBe('20261120T104455Z-3f9a1c2e')
    expect(startOfRun(id)).toBe('2026-11-20T10:44:55Z')
    expect(runPath('review', id)).toBe('runs/review/2026/11/20/20261120T104455Z-3f9a1c2e')
  })

  const event = {
    happenedAt: startedAt,
    repository: 'acme/app',
    workflow: 'review',
    eventId: '7',
    attempt: 1,
  }
  test('are equal for equal events, and for no others', () => {
    expect(triggeredRunId(event)).toBe(triggeredRunId({ ...event }))
    const others = [
      { ...event, eventId: '8' },
      { ...event, attempt: 2 },
      { ...event, workflow: 'triage' },
      { ...event, repository: 'acme/lib' },
      { ...event, repository: 'acme/app"', workflow: '"review' },
    ].map(triggeredRunId)
    expect(new Set([triggeredRunId(event), ...others]).size).toBe(6)
    expect(others.every(isRunId)).toBe(true)
  })

  test.each([
    '',
    'latest',
    '20261120T104455Z',
    '20261120T104455Z-3F9A1C2E',
    '../20261120T104455Z-3f9a1c2e',
    '20261120T104455Z-3f9a1c2e/..',
  ])('%s is none', (text) => {
    expect(isRunId(text)).toBe(false)
    expect(() => runPath('review', text)).toThrow(RangeError)
  })
})

describe('names of folders', () => {
  test.each([
    ['review', 'review'],
    ['review-all_2', 'review-all_2'],
    ['Review', 'review-e2f9a2a1'],
    ['a b/c', 'a-b-c-'],
    ['größe', 'gro-e-'],
    ['レビュー', 'x-'],
    ['con', 'con-'],
    ['a-0123abcd', 'a-0123abcd-'],
    ['..', 'x-'],
    ['', 'x-'],
  ])('%s', (text, expected) => {
    const slug = slugOf(text)
    if (expected.endsWith('-') || text === 'Review') {
      expect(slug).toMatch(
        new RegExp(`^${expected.replace(/[0-9a-f]{8}$/, '').replace(/-$/, '')}-[0-9a-f]{8}$`),
      )
    } else expect(slug).toBe(expected)
  })

  test.each([
    ['review', 'review', []],
    ['review[3]', 'review', [3]],
    ['review[3][1]', 'review', [3, 1]],
    ['fix#2', 'fix@2', []],
    ['fix#2[4]', 'fix@2', [4]],
    ['refine[2]/tester', 'refine+tester', [2]],
    ['refine[2]/tester#3', 'refine+tester@3', [2]],
  ])('step %s', (path, folder, item) => {
    expect(placeOfStep(path)).toEqual({ folder, item })
  })

  test('are legal everywhere and differ where their texts differ, also where case does not count', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(slugOf(a)).toMatch(/^[a-z0-9][a-z0-9_-]{0,70}$/)
        if (a !== b) expect(slugOf(a)).not.toBe(slugOf(b))
      }),
    )
    expect(slugOf('ABC').toLowerCase()).not.toBe(slugOf('abc'))
    expect(placeOfStep('fix@2').folder).not.toBe(placeOfStep('fix#2').folder)
    expect(placeOfStep('a+b').folder).not.toBe(placeOfStep('a/b').folder)
  })
})

describe('JSON of records', () => {
  test('is the same for the same value, whatever the order', () => {
    expect(canonicalJson({ b: [{ d: 1, c: undefined }], a: 'ä' })).toBe(
      '{\n  "a": "ä",\n  "b": [\n    {\n      "d": 1\n    }\n  ]\n}\n',
    )
    expect(canonicalLine({ b: 1, a: { d: 1, c: 2 } })).toBe('{"a":{"c":2,"d":1},"b":1}')
  })

  test('a key named __proto__ is a key', () => {
    expect(canonicalLine(JSON.parse('{"__proto__":{"x":1}}'))).toBe('{"__proto__":{"x":1}}')
  })
})

describe('messages of commits', () => {
  const run = {
    id: '20261120T104455Z-3f9a1c2e',
    workflow: 'review',
    status: 'failed',
    tree: 'a'.repeat(40),
  } as const

  test('are read as they are written', () => {
    const other = { ...run, workflow: 'triage', status: 'succeeded' } as const
    expect(parseTrailers(publishMessage([run, other]))).toEqual([run, other])
    expect(parseSubject('review 20261120T104455Z-3f9a1c2e failed')).toEqual({
      id: run.id,
      workflow: 'review',
      status: 'failed',
    })
  })

  test.each([
    '',
    'Remove old runs',
    'review 2026 failed',
    '../x 20261120T104455Z-3f9a1c2e failed',
    'a 20261120T104455Z-3f9a1c2e odd',
  ])('of others are not: %s', (subject) => {
    expect(parseSubject(subject)).toBeUndefined()
    expect(parseTrailers(`x\n\nRun: ${subject}\n`)).toEqual([])
  })
})

test.each([
  ['https://bot:hush@example.test/a.git', 'https://example.test/a.git'],
  ['https://hush@example.test/a.git', 'https://example.test/a.git'],
  ['ssh://git@example.test/a.git', 'ssh://example.test/a.git'],
  ['git@example.test:a/b.git', 'git@example.test:a/b.git'],
  ['/srv/a@b.git', '/srv/a@b.git'],
])('%s is shown as %s', (url, shown) => {
  expect(withoutCredentials(url)).toBe(shown)
})
