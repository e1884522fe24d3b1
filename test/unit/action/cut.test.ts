import { describe, expect, test } from 'vitest'
import { cutText, shorten } from '../../../action/cut.ts'

describe('cutting a text to bytes', () => {
  test.each([
    ['what fits stays', 'abc\n', 4, 'abc\n'],
    ['whole lines', 'one\ntwo\nthree', 9, 'one\ntwo'],
    ['a long first line in characters', 'ééé', 5, 'éé'],
    ['a character of four bytes is not divided', 'a😀b', 4, 'a'],
    ['nothing fits', '😀', 3, ''],
    ['no room', 'abc', 0, ''],
  ])('%s', (_, text, maxBytes, expected) => {
    expect(cutText(text, maxBytes)).toBe(expected)
  })
})

test.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  ['a😀bc', 3, 'a…'],
])('shortening %j to %i characters', (text, max, expected) => {
  expect(shorten(text, max)).toBe(expected)
})
