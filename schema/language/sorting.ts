import type { Budget } from './budget.ts'
import { ordered } from './operators.ts'
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
  const keyed = items.map((item) => ({ item, key: keyOf === undefined ? item : keyOf(item) }))
  // Reversing before and after keeps equal items in their old order, as CPython does.
  if (reverse) keyed.reverse()
  keyed.sort((a, b) => {
    budget.step()
    return ordered('<', a.key, b.key) ? -1 : ordered('<', b.key, a.key) ? 1 : 0
  })
  if (reverse) keyed.reverse()
  return keyed.map((entry) => entry.item)
}
