import { describe, expect, test } from 'vitest'
import { extractPath, extractSource } from '../../../../runner/steps/path-extract.ts'
import { fromJson, PyDict } from '../../../../schema/language/index.ts'
import { decode, encode } from '../../../oracle/recorded.ts'

function dict(value: unknown): PyDict {
  const decoded = decode(value)
  if (!(decoded instanceof PyDict)) throw new Error('the vector holds no dictionary')
  return decoded
}

describe('slices with a step', () => {
  const list = [0, 1, 2, 3, 4, 5]
  const rows: [path: string, expected: number[] | null][] = [
    ['l[0:6:2]', [0, 2, 4]],
    ['l[4:1:-1]', [4, 3, 2]],
    ['l[-1:-4:-2]', [5, 3]],
    ['l[9:0:-2]', [5, 3, 1]],
    ['l[1:-9:-1]', [1, 0]],
    ['l[3:1]', []],
    ['l[-9:2]', [0, 1]],
    ['l[0:3:0]', null],
  ]
  for (const [path, expected] of rows) {
    test(path, () => {
      const found = extractPath(new PyDict([['l', fromJson(list)]]), path)
      expect(encode(found ?? null)).toEqual(expected)
    })
  }
})

test('texts are decoded only at the end of the path', () => {
  const context = dict({ a: { j: '{"x": 1}', l: ['[1]', 'x'] }, j: '{"x": 1}' })
  expect(encode(extractSource(context, 'a.j'))).toEqual({ j: { x: 1 } })
  expect(encode(extractSource(context, 'a.l[0]'))).toEqual({ l: [1] })
  expect(encode(extractSource(context, 'a.l[1]'))).toEqual({ l: 'x' })
  expect(encode(extractSource(context, 'a.j.x'))).toEqual({})
  expect(encode(extractSource(context, 'j'))).toEqual({ x: 1 })
})

test('what is given out can be changed without changing the context', () => {
  const context = dict({ d: { a: 1 } })
  extractSource(context, 'd').set('b', 2n)
  extractSource(context, null).set('c', 3n)
  expect(encode(context)).toEqual({ d: { a: 1 } })
})
