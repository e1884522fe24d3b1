import { describe, expect, test } from 'vitest'
import { resolveToolArguments, type ToolArgumentsSource } from '../../../../runner/steps/tool-arguments.ts'
import { PyDict } from '../../../../schema/language/index.ts'
import { decode, encode } from '../../../oracle/recorded.ts'

function dict(value: unknown): PyDict {
  const decoded = decode(value)
  if (!(decoded instanceof PyDict)) throw new Error('no dictionary')
  return decoded
}

describe('situations', () => {
  const rows: [situation: string, source: Partial<ToolArgumentsSource>, expected: unknown][] = [
    [
      'no arguments: every parameter that the context knows',
      { parameters: ['a', 'z'], context: dict({ a: [1], b: 2 }) },
      { a: [1] },
    ],
    [
      'empty arguments count as none',
      { args: new PyDict(), parameters: ['a'], context: dict({ a: 1 }) },
      { a: 1 },
    ],
    ['null arguments are left out', { args: dict({ a: null, b: 'x' }), context: dict({ c: 1 }) }, { b: 'x' }],
    ['an empty context renders nothing', { args: dict({ a: '{{ b }}' }) }, { a: '{{ b }}' }],
    [
      'a value of the context keeps its type',
      { args: dict({ a: 'written' }), context: dict({ a: { n: 1 } }) },
      { a: { n: 1 } },
    ],
    [
      'an item goes over the context',
      { args: dict({ a: '{{ x }}' }), context: dict({ x: 'c' }), firstItem: dict({ x: 'i' }) },
      { a: 'i' },
    ],
    [
      'an item that is a text is not seen',
      { args: dict({ a: '{{ task }}' }), context: dict({ x: 1 }), firstItem: 'text' },
      { a: '' },
    ],
    [
      'an item also where the input key leads nowhere',
      {
        args: dict({ a: '{{ x }}' }),
        context: dict({ y: 1 }),
        inputKey: 'nope',
        firstItem: dict({ x: 'i' }),
      },
      { a: 'i' },
    ],
  ]
  for (const [situation, source, expected] of rows) {
    test(situation, () => {
      const args = resolveToolArguments({
        args: undefined,
        parameters: [],
        context: new PyDict(),
        inputKey: undefined,
        firstItem: undefined,
        ...source,
      })
      expect(encode(args)).toEqual(expected)
    })
  }
})

test('an argument that cannot be rendered stays as written and is told', () => {
  const problems: unknown[] = []
  const args = resolveToolArguments(
    {
      args: dict({ a: '{{ b.c.d }}', x: '{{ y }}' }),
      parameters: [],
      context: dict({ y: 'Y' }),
      inputKey: undefined,
      firstItem: undefined,
    },
    (problem) => void problems.push(problem),
  )
  expect(encode(args)).toEqual({ a: '{{ b.c.d }}', x: 'Y' })
  expect(problems).toMatchObject([{ argument: 'a' }])
})
