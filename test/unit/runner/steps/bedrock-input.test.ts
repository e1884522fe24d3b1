import { describe, expect, test } from 'vitest'
import { StepFailure } from '../../../../runner/failure.ts'
import { normalizeBedrockInput } from '../../../../runner/steps/bedrock-input.ts'
import { canonical, encode, readVectors } from '../../schema/language/vectors.ts'

describe('as recorded', () => {
  for (const { id, input, output, error } of readVectors('bedrock_input')) {
    test(`${id} ${JSON.stringify(input.text)} as ${input.type}`, () => {
      const normalize = () => normalizeBedrockInput(input.text as string, input.type as string | null)
      if (error !== undefined) expect(normalize).toThrow(StepFailure)
      else expect(canonical(encode(normalize()))).toBe(canonical(output))
    })
  }
})

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
