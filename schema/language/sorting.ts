import type { Budget } from './budget.ts'
import { ordered } from './operators.ts'
import { compareText } from './text.ts'
import { callValue, type PyValue } from './values.ts'

/** Python's stable `sorted`; `key` is called once per item, `None` means none. Throws `TypeError` for unordered types. */
export function sortItems(
  items: readonly PyValue[],
  key: PyValue,
  reverse: boolean,
  budget: Budget,
): PyValue[] {
  const keyOf =
    key === null
      ? undefined
      : (item: PyValue) => callValue(key, { positional: [item], named: new Map() }, budget)
  return sortBy(items, keyOf, reverse, budget)
}

/** {@link sortItems} with a key function of ours. */
export function sortBy(
  items: readonly PyValue[],
  keyOf: ((item: PyValue) => PyValue) | undefined,
  reverse: boolean,
  budget: Budget,
): PyValue[] {
  budget.items(items.length)
  // About as many comparisons as sorting takes.
  budget.step(items.length * Math.ceil(Math.log2(items.length + 1)))
  if (keyOf === undefined) return sortStably(items.slice(), compare, reverse)
  const keyed = items.map((item) => ({ item, key: keyOf(item) }))
  return sortStably(keyed, (a, b) => compare(a.key, b.key), reverse).map(({ item }) => item)
}

/** Sort in place. Reversing before and after keeps equal items in their old order, as CPython does. */
function sortStably<T>(items: T[], order: (a: T, b: T) => number, reverse: boolean): T[] {
  if (reverse) items.reverse()
  items.sort(order)
  return reverse ? items.reverse() : items
}

function compare(a: PyValue, b: PyValue): number {
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  return ordered('<', a, b) ? -1 : ordered('<', b, a) ? 1 : 0
}
