import { expect, test } from 'vitest'
import { evaluateQuestion } from '../../../../schema/language/index.ts'

test.each<[output: string, expression: string, value: boolean, problem?: string]>([
  ['{"score": 4}', 'score > 3', true],
  ['{"score": 3}', 'score > 3', false],
  ['{"score": "4"}', 'score > 3', true],
  ['{"score": 4}', "'score' in keys and len(output) == 12", true],
  ['Some risks', "'risks' in output", true],
  ['Some risks', 'keys', false],
  ['42', "output == '42'", true],
  ['{"output": "mine"}', "output == 'mine'", false],
  ['Some risks', 'score > 3', false, 'unknown-name'],
  ['{"score": "high"}', 'score > 3', false, 'type-error'],
])('%s: %s', (output, expression, value, problem) => {
  const result = evaluateQuestion(output, expression)
  expect([result.value, result.problem?.code]).toEqual([value, problem])
})
