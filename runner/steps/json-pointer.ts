import {
  dumpsJson,
  PyDict,
  PyError,
  type PyValue,
  parseInteger,
  parseJson,
} from '../../schema/language/index.ts'
import { StepFailure } from '../failure.ts'

/**
 * The value at a CodeMie JSON pointer, as `tool_result_json_pointer` and `iter_key: /…` use it.
 *
 * It is not RFC 6901: slashes around the pointer do not count, so `a/b` is `/a/b` and the empty pointer means the key
 * `""`; `~0` and `~1` are ordinary characters; a list index may be negative. A text that is met on the way is decoded
 * as JSON; the last value is given as it is, unless the pointer ends in `/`, which decodes it, too.
 *
 * @throws StepFailure `json-pointer-failed`, not retryable, when there is nothing at the pointer or a text on the way is
 * not JSON.
 */
export function resolvePointer(source: PyValue, pointer: string): PyValue {
  const parts = pointer.replace(/^\/+|\/+$/g, '').split('/')
  let value = source
  let walked = ''
  for (const part of parts) {
    value = decoded(value, pointer, walked)
    walked += `/${part}`
    value = step(value, part, pointer, walked)
  }
  return pointer.endsWith('/') ? decoded(value, pointer, `${walked}/`) : value
}

/**
 * What a tool's result becomes as the output text of its state: with a pointer the value there, else the whole result;
 * a text as it is, anything else as JSON.
 *
 * @throws StepFailure as {@link resolvePointer}.
 */
export function toolOutputText(result: PyValue, pointer: string | undefined): string {
  const text = typeof result === 'string' ? result : dumpsJson(result)
  if (pointer === undefined || pointer === '') return text
  const value = resolvePointer(text, pointer)
  return typeof value === 'string' ? value : dumpsJson(value)
}

function step(value: PyValue, part: string, pointer: string, walked: string): PyValue {
  if (Array.isArray(value)) {
    const found = value.at(indexOf(part, value.length))
    if (found !== undefined) return found
    throw failed(pointer, `"${part}" is not in the list at "${walked}", which has ${value.length} items`)
  }
  if (value instanceof PyDict) {
    const found = value.get(part)
    if (found !== undefined) return found
    const keys = [...value.keys()].slice(0, 10).map(String)
    throw failed(
      pointer,
      `"${part}" is not in the object at "${walked}"${keys.length > 0 ? ` (it has ${keys.join(', ')})` : ''}`,
    )
  }
  throw failed(pointer, `there is neither an object nor a list before "${walked}"`)
}

/** The place that Python's `int(part)` names; past the end when it names none. */
function indexOf(part: string, length: number): number {
  try {
    const index = parseInteger(part, 10)
    return index >= -length && index < length ? Number(index) : length
  } catch (error) {
    if (error instanceof PyError) return length
    throw error
  }
}

function decoded(value: PyValue, pointer: string, walked: string): PyValue {
  if (typeof value !== 'string') return value
  try {
    return parseJson(value)
  } catch (error) {
    if (!(error instanceof PyError)) throw error
    throw failed(pointer, `the text at "${walked}" is not JSON`)
  }
}

function failed(pointer: string, why: string): StepFailure {
  return new StepFailure('json-pointer-failed', `JSON pointer "${pointer}": ${why}`, {
    blame: 'workflow',
    help: 'Compare the pointer with what the step before gives out.',
  })
}
