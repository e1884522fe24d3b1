import {
  isSpace,
  PyDict,
  PyError,
  type PyValue,
  parseFloatText,
  parseInteger,
  parseJson,
  stripChars,
} from '../../schema/language/index.ts'
import { StepFailure } from '../failure.ts'

const TRUE_WORDS = new Set(['true', '1', 'yes'])
const FALSE_WORDS = new Set(['false', '0', 'no'])

/** Reads the text for each declared type; `undefined` or a Python error: it does not fit. */
const READERS: Readonly<Record<string, (text: string) => PyValue | undefined>> = {
  STRING: (text) => text,
  NUMBER: (text) => (text.includes('.') ? parseFloatText(text) : parseInteger(text, 10)),
  BOOLEAN: (text) => {
    const word = text.toLowerCase()
    return TRUE_WORDS.has(word) ? true : FALSE_WORDS.has(word) ? false : undefined
  },
  ARRAY: (text) => {
    const value = parseJson(text)
    return Array.isArray(value) ? value : undefined
  },
  OBJECT: (text) => {
    const value = parseJson(text)
    return value instanceof PyDict ? value : undefined
  },
}

/**
 * The first message of the conversation as the input of a Bedrock flow.
 *
 * @param type `input_node_output_type` of the node, in any case: STRING, NUMBER, BOOLEAN, OBJECT, ARRAY. Another word
 * means text without the blanks around it; `null`: the text as it is.
 * @throws StepFailure `bedrock-input-invalid`, not retryable, when the text does not fit the type.
 */
export function normalizeBedrockInput(text: string, type: string | null): PyValue {
  if (type === null) return text
  const trimmed = stripChars(text, isSpace)
  const read = Object.hasOwn(READERS, type.toUpperCase()) ? READERS[type.toUpperCase()] : undefined
  if (read === undefined) return trimmed
  const value = readOrUndefined(read, trimmed)
  if (value !== undefined) return value
  throw new StepFailure(
    'bedrock-input-invalid',
    `The input of the flow should be of type ${type}, but is: ${trimmed.slice(0, 100) || '(empty)'}`,
    { blame: 'user', help: 'Start the run with such an input, or change input_node_output_type.' },
  )
}

function readOrUndefined(read: (text: string) => PyValue | undefined, text: string): PyValue | undefined {
  try {
    return read(text)
  } catch (error) {
    if (error instanceof PyError) return undefined
    throw error
  }
}
