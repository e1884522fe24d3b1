import { expect, test } from 'vitest'
import { normalizeBedrockInput } from '../../../../runner/steps/bedrock-input.ts'

test('a text that does not fit says what was expected and what was found', () => {
  expect(() => normalizeBedrockInput(' many ', 'Number')).toThrow(
    expect.objectContaining({
      code: 'bedrock-input-invalid',
      blame: 'user',
      retryable: false,
      message: 'The input of the flow should be of type Number, but is: many',
    }),
  )
})
