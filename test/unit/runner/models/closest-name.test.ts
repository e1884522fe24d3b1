import { expect, it } from 'vitest'
import { closestName } from '../../../../runner/models/closest-name.ts'

const names = ['openai', 'ollama', 'azure', 'anthropic', 'gemini']

it.each([
  ['a letter missing', 'opnai', 'openai'],
  ['letters swapped', 'oepnai', 'openai'],
  ['other case', 'OpenAI', 'openai'],
  ['a letter too many', 'geminii', 'gemini'],
  ['nothing like it', 'whatever', undefined],
  ['short and different', 'gcp', undefined],
  ['empty', '', undefined],
])('%s', (_, typed, name) => {
  expect(closestName(typed, names)).toBe(name)
})
