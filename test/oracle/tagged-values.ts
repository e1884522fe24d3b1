import { PyDict, PySet, PyTuple, type PyValue } from '../../schema/language/index.ts'

/** A value of the recordings that JSON cannot carry, e.g. `{"$py": "tuple", "items": [1, 2]}`. */
interface Tagged {
  readonly $py: string
  readonly repr?: string
  readonly items?: readonly unknown[]
  readonly utf16?: readonly number[]
}

/** Thrown for values that only exist in the other program, such as iterators. */
export class NotRepresentable extends Error {}

/** A recorded JSON value as a value of the language: whole numbers are ints, numbers with a fraction are floats. */
export function fromRecorded(value: unknown): PyValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(fromRecorded)
  if (isTagged(value)) return fromTagged(value)
  const dict = new PyDict()
  for (const [key, entry] of Object.entries(value as object)) dict.set(key, fromRecorded(entry))
  return dict
}

function isTagged(value: unknown): value is Tagged {
  return typeof value === 'object' && value !== null && '$py' in value
}

function fromTagged(tagged: Tagged): PyValue {
  const items = tagged.items ?? []
  switch (tagged.$py) {
    case 'float':
      return parseFloatText(tagged.repr ?? '')
    case 'int':
      return BigInt(tagged.repr ?? '')
    case 'tuple':
      return new PyTuple(items.map(fromRecorded))
    case 'set':
      return new PySet(items.map(fromRecorded))
    case 'dict': {
      const dict = new PyDict()
      for (const item of items) {
        const [key, value] = item as [unknown, unknown]
        dict.set(fromRecorded(key), fromRecorded(value))
      }
      return dict
    }
    case 'str':
      return String.fromCharCode(...(tagged.utf16 ?? []))
    default:
      throw new NotRepresentable(tagged.$py)
  }
}

function parseFloatText(repr: string): number {
  if (repr === 'inf') return Number.POSITIVE_INFINITY
  if (repr === '-inf') return Number.NEGATIVE_INFINITY
  return repr === 'nan' ? Number.NaN : Number(repr)
}
