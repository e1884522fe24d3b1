import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/**
 * The behaviour cases of CodeMie's engine, section 8 of the behaviour notes, and the tests that hold them. The numbers
 * that are not there belong to no case.
 */
const CASES: Readonly<Record<string, readonly number[]>> = {
  'schema/language/behaviour.test.ts': [
    ...[1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 14, 15, 16, 18, 19, 21],
    ...[22, 23, 24, 25, 26, 27, 29, 31, 32, 33, 34, 35, 37, 38, 39, 40, 43, 45, 46, 47, 49, 50],
    ...[51, 52, 54, 55, 56, 58, 59, 60, 62, 67, 68, 69, 70, 71, 72, 73],
  ],
  'schema/dialects/behaviour.test.ts': [93, 94, 119, 121],
  'runner/engine/behaviour.test.ts': [
    ...[48, 63, 64, 65, 66, 74, 75, 76, 77, 78, 79, 80, 81, 83, 84, 85, 86, 87, 89, 91, 92],
    ...[95, 96, 97, 99, 100, 102, 103, 104, 105, 106, 107, 108, 123, 124, 125],
  ],
  'runner/steps/behaviour.test.ts': [110, 112, 113, 115, 116, 117, 120, 122],
}

/** Cases that the notes leave out. */
const NONE = [
  ...[6, 9, 13, 17, 20, 28, 30, 36, 41, 42, 44, 53, 57, 61, 82, 88, 90, 98, 101, 109, 111, 114, 118],
]

test('every number is a test somewhere, or there is no such case', () => {
  const all = [...Object.values(CASES).flat(), ...NONE].sort((a, b) => a - b)
  expect(all).toEqual(Array.from({ length: 125 }, (_, i) => i + 1))
})

test.each(Object.entries(CASES))('%s has a test for each of its numbers', (file, numbers) => {
  const found = numbersIn(readFileSync(new URL(file, import.meta.url), 'utf8'))
  expect(numbers.filter((number) => !found.has(number))).toEqual([])
})

/** Numbers that begin a title, or a row of a table. */
function numbersIn(source: string): ReadonlySet<number> {
  const titles = source.matchAll(/['"](\d+)(?: and (\d+))?: /g)
  const rows = source.matchAll(/^\s*\[\n?\s*(\d+),/gm)
  const texts = [...titles, ...rows].flatMap(([, one, other]) => [one, other])
  return new Set(texts.map(Number))
}
