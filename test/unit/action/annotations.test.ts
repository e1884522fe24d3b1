import { expect, test } from 'vitest'
import { chooseAnnotations, countProblems } from '../../../action/annotations.ts'
import type { Diagnostic, Severity } from '../../../schema/index.ts'

function make(counts: Readonly<Partial<Record<Severity, number>>>): Diagnostic[] {
  return Object.entries(counts).flatMap(([severity, number]) =>
    Array.from({ length: number }, (_, index) => ({
      severity: severity as Severity,
      code: 'a-code',
      message: 'M',
      file: 'w.yaml',
      line: number - index,
      column: 1,
    })),
  )
}

test.each([
  ['none', {}, [0, 0, 0], undefined],
  ['as many as are shown', { info: 10, warning: 10, error: 10 }, [10, 10, 10], undefined],
  ['one error too many', { error: 11 }, [10, 0, 0], /: 1 error more/],
  [
    'too many of all',
    { error: 12, warning: 30, info: 10 },
    [10, 10, 9],
    /: 2 errors and 20 warnings and 1 notice more/,
  ],
])('annotations: %s', (_, counts, [errors, warnings, notices], leftOut) => {
  const chosen = chooseAnnotations(make(counts))
  const shown = chosen.shown.map(({ severity }) => severity)
  expect(shown).toEqual([
    ...Array(errors).fill('error'),
    ...Array(warnings).fill('warning'),
    ...Array(notices).fill('info'),
  ])
  if (leftOut === undefined) expect(chosen.leftOut).toBeUndefined()
  else expect(chosen.leftOut).toMatch(leftOut)
})

test('the first in the file are shown', () => {
  const lines = chooseAnnotations(make({ error: 12 })).shown.map(({ line }) => line)
  expect(lines).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test.each([
  [{}, 'no problems'],
  [{ info: 2 }, 'no problems'],
  [{ error: 1, warning: 2 }, '1 error and 2 warnings'],
])('counting %j', (counts, words) => {
  expect(countProblems(make(counts))).toBe(words)
})
