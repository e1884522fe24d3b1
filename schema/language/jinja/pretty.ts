import type { Budget } from '../budget.ts'
import { PyDict } from '../dict.ts'
import { PyError } from '../errors.ts'
import { repr } from '../printing.ts'
import { sortBy } from '../sorting.ts'
import { PyTuple, type PyValue } from '../values.ts'

const WIDTH = 80

/** Python's `pprint.pformat` for dictionaries, lists and tuples: keys sorted, one item per line when it gets too wide. */
export function prettyPrint(value: PyValue, budget: Budget, indent = 0, allowance = 0): string {
  budget.step()
  const flat = repr(sorted(value, budget))
  if (flat.length <= WIDTH - indent - allowance) return flat
  const blanks = ' '.repeat(indent + 1)
  if (value instanceof PyDict && value.size > 0) {
    const entries = pairs(value, budget)
    const lines = entries.map(([key, item], index) => {
      const name = repr(key)
      const after = index === entries.length - 1 ? allowance + 1 : 1
      return `${name}: ${prettyPrint(item, budget, indent + name.length + 3, after)}`
    })
    return `{${lines.join(`,\n${blanks}`)}}`
  }
  const items = Array.isArray(value) ? value : value instanceof PyTuple ? value.items : []
  if (items.length === 0) return flat
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['(', items.length === 1 ? ',)' : ')']
  const lines = items.map((item, index) =>
    prettyPrint(item, budget, indent + 1, index === items.length - 1 ? allowance + close.length : 1),
  )
  return open + lines.join(`,\n${blanks}`) + close
}

function pairs(dict: PyDict, budget: Budget): (readonly [PyValue, PyValue])[] {
  const entries = Array.from(dict.entries())
  try {
    const keys = sortBy(
      entries.map(([key]) => key),
      undefined,
      false,
      budget,
    )
    return keys.map((key) => [key, dict.get(key) ?? null] as const)
  } catch (error) {
    // Keys of types without a common order stay in theirs.
    if (error instanceof PyError && error.pyType === 'TypeError') return entries
    throw error
  }
}

function sorted(value: PyValue, budget: Budget): PyValue {
  if (value instanceof PyDict)
    return new PyDict(pairs(value, budget).map(([key, item]) => [key, sorted(item, budget)] as const))
  if (Array.isArray(value)) return value.map((item) => sorted(item, budget))
  return value instanceof PyTuple ? new PyTuple(value.items.map((item) => sorted(item, budget))) : value
}
