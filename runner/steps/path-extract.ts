import { PyDict, PyError, type PyValue, parseJson } from '../../schema/language/index.ts'

/**
 * `name.of.list[3]`, `name[1:5:2].rest`: names up to the first bracket, an index or a slice with both ends, and what
 * follows behind a dot. Anything else, such as `x[:2]` or `x[0][1]`, is only a strange key.
 */
const INDEXED =
  /^(?<base>[^[\]]+)\[(?<start>-?\d+)(?::(?<stop>-?\d+)(?::(?<step>-?\d+))?)?\](?:\.(?<rest>[\s\S]+))?$/

/**
 * The value at a path such as `a.b[0].c`, `rows[-1]` or `rows[0:2]` inside a dictionary.
 *
 * Dots walk through dictionaries only, and texts are not decoded. Out of range, a bracket on something that is no
 * list, an open slice, an unknown name: `undefined`. A `null` that is there is `null`.
 */
export function extractPath(data: PyDict, path: string): PyValue | undefined {
  const indexed = INDEXED.exec(path)?.groups
  if (indexed === undefined) return walkNames(data, path)
  const list = walkNames(data, indexed.base ?? '')
  if (!Array.isArray(list)) return undefined
  const found =
    indexed.stop === undefined
      ? list.at(Number(indexed.start))
      : slice(list, Number(indexed.start), Number(indexed.stop), Number(indexed.step ?? 1))
  if (indexed.rest === undefined || found === undefined) return found
  return found instanceof PyDict ? extractPath(found, indexed.rest) : undefined
}

/** The value at a dotted path through dictionaries, without brackets; `undefined` when a name is missing on the way. */
export function walkNames(data: PyDict, path: string): PyValue | undefined {
  let value: PyValue | undefined = data
  for (const name of path.split('.')) {
    if (!(value instanceof PyDict)) return undefined
    value = value.get(name)
  }
  return value
}

/**
 * What a transform works on when it has an `input_key`.
 *
 * No key: the whole context. A plain key: the keys of the dictionary there, anything else as `data`. A path: its
 * value under the last name of the path. JSON texts at the end of a path are decoded. What is missing, or `null` where
 * no list element is meant, gives nothing.
 */
export function extractSource(context: PyDict, inputKey: string | null): PyDict {
  if (inputKey === null || inputKey === '') return context.copy()
  const indexed = INDEXED.exec(inputKey)?.groups
  const value = extractPath(context, inputKey)
  if (value === undefined) return new PyDict()
  if (indexed !== undefined) {
    if (indexed.rest === undefined) return named(lastName(indexed.base ?? ''), value)
    // Only an index is taken off the name here; a slice stays in it.
    return value === null ? new PyDict() : named(lastName(indexed.rest).replace(/\[-?\d+\]$/, ''), value)
  }
  if (value === null) return new PyDict()
  if (inputKey.includes('.')) return named(lastName(inputKey), value)
  const plain = decodeText(value)
  return plain instanceof PyDict ? plain.copy() : new PyDict([['data', plain]])
}

function named(name: string, value: PyValue): PyDict {
  return new PyDict([[name, decodeText(value)]])
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

function decodeText(value: PyValue): PyValue {
  if (typeof value !== 'string') return value
  try {
    return parseJson(value)
  } catch (error) {
    if (error instanceof PyError) return value
    throw error
  }
}

/** Python's `list[start:stop:step]`; `undefined` for a step of 0. */
function slice(list: readonly PyValue[], start: number, stop: number, step: number): PyValue[] | undefined {
  if (step === 0) return undefined
  const lowest = step < 0 ? -1 : 0
  const highest = step < 0 ? list.length - 1 : list.length
  const clamp = (index: number) =>
    Math.min(highest, Math.max(lowest, index < 0 ? index + list.length : index))
  const taken: PyValue[] = []
  for (let at = clamp(start); step > 0 ? at < clamp(stop) : at > clamp(stop); at += step) {
    const item = list[at]
    if (item !== undefined) taken.push(item)
  }
  return taken
}
