import { expect, it } from 'vitest'
import { estimateRequestTokens, estimateTokens } from '../../../../runner/models/tokens.ts'

it.each([
  ['nothing', '', 0],
  ['one letter', 'a', 1],
  ['four letters', 'abcd', 1],
  ['five letters', 'abcde', 2],
  ['letters of two bytes', 'яяяя', 2],
  ['letters of three bytes', '漢字漢字', 3],
  ['an emoji', '🐢', 1],
])('%s', (_, text, tokens) => {
  expect(estimateTokens(text)).toBe(tokens)
})

it('counts everything a request sends', () => {
  const messages = [
    { role: 'system', content: 'abcd' },
    { role: 'assistant', content: '', toolCalls: [{ id: '1', name: 'abcd', arguments: '{}' }] },
  ] as const
  const tools = [{ name: 'a', description: 'b', parameters: {} }]
  expect(estimateRequestTokens({ messages })).toBe(5 + 4 + 4 + 1 + 1)
  expect(estimateRequestTokens({ messages, tools })).toBe(
    15 + 4 + Math.ceil(JSON.stringify(tools[0]).length / 4),
  )
})
