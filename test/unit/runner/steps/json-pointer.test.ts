import { describe, expect, test } from 'vitest'
import { StepFailure } from '../../../../runner/failure.ts'
import { resolvePointer, toolOutputText } from '../../../../runner/steps/json-pointer.ts'
import { fromJson } from '../../../../schema/language/index.ts'

test('a failure tells the pointer, the place and what is there, and is final', () => {
  const resolve = () => resolvePointer(fromJson({ a: { b: 1, c: 2 } }), '/a/x')
  expect(resolve).toThrow(
    expect.objectContaining({
      code: 'json-pointer-failed',
      retryable: false,
      message: 'JSON pointer "/a/x": "x" is not in the object at "/a/x" (it has b, c)',
    }),
  )
})

describe('index of a list, as Python reads it', () => {
  const list = fromJson(['a', 'b'])
  const rows: [part: string, expected: string | undefined][] = [
    ['1', 'b'],
    ['-2', 'a'],
    ['+1', 'b'],
    [' 1 ', 'b'],
    ['0_1', 'b'],
    ['١', 'b'],
    ['2', undefined],
    ['-3', undefined],
    ['1.0', undefined],
    ['0x1', undefined],
    ['99999999999999999999', undefined],
  ]
  for (const [part, expected] of rows) {
    test(JSON.stringify(part), () => {
      if (expected === undefined) expect(() => resolvePointer(list, part)).toThrow(StepFailure)
      else expect(resolvePointer(list, part)).toBe(expected)
    })
  }
})

describe('output text of a tool state', () => {
  const rows: [result: unknown, pointer: string | undefined, expected: string][] = [
    ['plain', undefined, 'plain'],
    [{ a: [1, 'ż'] }, undefined, '{"a": [1, "\\u017c"]}'],
    [null, undefined, 'null'],
    [{ a: 'x' }, '/a', 'x'],
    ['{"a": 5}', '/a', '5'],
    [{ a: true }, '/a', 'true'],
    [{ a: null }, '/a', 'null'],
    [{ a: { b: [1] } }, '/a', '{"b": [1]}'],
    [{ content: [{ text: '{"r": [1]}' }] }, '/content/0/text', '{"r": [1]}'],
    [{ content: [{ text: '{"r": [1]}' }] }, '/content/0/text/', '{"r": [1]}'],
  ]
  for (const [result, pointer, expected] of rows) {
    test(`${JSON.stringify(result)} at ${pointer ?? 'no pointer'}`, () => {
      expect(toolOutputText(fromJson(result), pointer)).toBe(expected)
    })
  }
})
