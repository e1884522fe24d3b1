import { clamp, integer } from './arguments.ts'
import type { Budget } from './budget.ts'
import { PyDict, PySet } from './dict.ts'
import { PyError, typeError, valueError } from './errors.ts'
import { type Method, NONE, type Table, table } from './method-table.ts'
import { pyEquals } from './operators.ts'
import { repr } from './printing.ts'
import { sortItems } from './sorting.ts'
import { PyTuple, type PyValue, PyView, toArray, truthy } from './values.ts'

/** The methods of `list`. */
export const LIST: Table<PyValue[]> = table<PyValue[]>([
  [
    'append',
    ['object'],
    (self, [item], budget) => {
      budget.items(self.length + 1)
      self.push(item ?? NONE)
      return NONE
    },
  ],
  [
    'extend',
    ['iterable'],
    (self, [items], budget) => {
      const more = toArray(items ?? NONE, budget)
      budget.items(self.length + more.length)
      self.push(...more)
      return NONE
    },
  ],
  [
    'insert',
    ['index', 'object'],
    (self, [index, item], budget) => {
      budget.items(self.length + 1)
      self.splice(clamp(integer(index, 0n)), 0, item ?? NONE)
      return NONE
    },
  ],
  ['pop', ['index'], (self, [index]) => popItem(self, integer(index, -1n)), { required: 0 }],
  [
    'remove',
    ['value'],
    (self, [value]) => {
      const place = self.findIndex((item) => pyEquals(item, value ?? NONE))
      if (place < 0) throw valueError('list.remove(x): x not in list')
      self.splice(place, 1)
      return NONE
    },
  ],
  [
    'clear',
    [],
    (self) => {
      self.length = 0
      return NONE
    },
  ],
  ['copy', [], (self) => [...self]],
  ['count', ['value'], (self, [value]) => countItems(self, value ?? NONE)],
  [
    'index',
    ['value', 'start', 'stop'],
    (self, [value, start, stop]) => indexOfItem(self, value ?? NONE, start, stop, 'list'),
    { required: 1 },
  ],
  [
    'reverse',
    [],
    (self) => {
      self.reverse()
      return NONE
    },
  ],
  [
    'sort',
    ['key', 'reverse'],
    (self, [key, reverse], budget) => {
      const sorted = sortItems(self, key ?? NONE, truthy(reverse ?? false), budget)
      self.splice(0, self.length, ...sorted)
      return NONE
    },
    { required: 0, positionalOnly: 0, keywordOnly: 0 },
  ],
])

function popItem(self: PyValue[], index: bigint): PyValue {
  if (self.length === 0) throw new PyError('IndexError', 'pop from empty list')
  const place = clamp(index) + (index < 0n ? self.length : 0)
  if (place < 0 || place >= self.length) throw new PyError('IndexError', 'pop index out of range')
  return self.splice(place, 1)[0] ?? NONE
}

function countItems(items: readonly PyValue[], value: PyValue): bigint {
  return BigInt(items.filter((item) => pyEquals(item, value)).length)
}

function indexOfItem(
  items: readonly PyValue[],
  value: PyValue,
  start: PyValue | undefined,
  stop: PyValue | undefined,
  kind: string,
): bigint {
  const bound = (wanted: PyValue | undefined, fallback: number): number => {
    if (wanted === undefined) return fallback
    const place = clamp(integer(wanted, 0n))
    return place < 0 ? Math.max(0, place + items.length) : Math.min(place, items.length)
  }
  const from = bound(start, 0)
  const place = items.slice(from, bound(stop, items.length)).findIndex((item) => pyEquals(item, value))
  if (place < 0)
    throw valueError(kind === 'list' ? `${repr(value)} is not in list` : `${kind}.index(x): x not in ${kind}`)
  return BigInt(from + place)
}

/** The methods of `tuple`. */
export const TUPLE: Table<PyTuple> = table<PyTuple>([
  ['count', ['value'], (self, [value]) => countItems(self.items, value ?? NONE)],
  [
    'index',
    ['value', 'start', 'stop'],
    (self, [value, start, stop]) => indexOfItem(self.items, value ?? NONE, start, stop, 'tuple'),
    { required: 1 },
  ],
])

/** The value under a key, which may be `None`, or the fallback when the key is absent. */
function valueOr(dict: PyDict, key: PyValue, fallback: PyValue): PyValue {
  const value = dict.get(key)
  return value === undefined ? fallback : value
}

/** The methods of `dict`. */
export const DICT: Table<PyDict> = new Map<string, Method<PyDict>>([
  ...table<PyDict>([
    [
      'get',
      ['key', 'default'],
      (self, bound) => valueOr(self, bound[0] ?? NONE, bound[1] ?? NONE),
      { required: 1 },
    ],
    ['keys', [], (self) => new PyView('keys', self)],
    ['values', [], (self) => new PyView('values', self)],
    ['items', [], (self) => new PyView('items', self)],
    ['copy', [], (self) => self.copy()],
    [
      'clear',
      [],
      (self) => {
        self.clear()
        return NONE
      },
    ],
    [
      'pop',
      ['key', 'default'],
      (self, [key, fallback], budget) => {
        // An empty dictionary does not look at the key, so that it may be one that cannot be hashed.
        if (self.size === 0 && fallback !== undefined) return fallback
        const value =
          fallback === undefined ? self.pyItem(key ?? NONE, budget) : valueOr(self, key ?? NONE, fallback)
        self.delete(key ?? NONE)
        return value
      },
      { required: 1 },
    ],
    [
      'popitem',
      [],
      (self) => {
        const last = self.pop()
        if (last === undefined) throw new PyError('KeyError', "'popitem(): dictionary is empty'")
        return new PyTuple(last)
      },
    ],
    [
      'setdefault',
      ['key', 'default'],
      (self, [key, fallback], budget) => {
        const present = self.get(key ?? NONE)
        if (present !== undefined) return present
        budget.items(self.size + 1)
        self.set(key ?? NONE, fallback ?? NONE)
        return fallback ?? NONE
      },
      { required: 1 },
    ],
    [
      'fromkeys',
      ['iterable', 'value'],
      (_self, [keys, value], budget) =>
        new PyDict(toArray(keys ?? NONE, budget).map((key) => [key, value ?? NONE] as const)),
      { required: 1 },
    ],
  ]),
  [
    'update',
    (self, args, budget) => {
      if (args.positional.length > 1) throw typeError('update expected at most 1 argument')
      const [source] = args.positional
      if (source !== undefined) for (const [key, value] of pairsOf(source, budget)) self.set(key, value)
      for (const [key, value] of args.named) self.set(key, value)
      budget.items(self.size)
      return NONE
    },
  ],
])

/** The pairs that `dict(source)` and `dict.update(source)` read: of a dictionary, or of an iterable of pairs. */
export function pairsOf(source: PyValue, budget: Budget): (readonly [PyValue, PyValue])[] {
  if (source instanceof PyDict) return Array.from(source.entries())
  return toArray(source, budget).map((pair, index) => {
    const [key, value, ...rest] = iterablePair(pair, index, budget)
    if (key === undefined || value === undefined || rest.length > 0)
      throw valueError(`dictionary update sequence element #${index} has another length than 2`)
    return [key, value] as const
  })
}

function iterablePair(pair: PyValue, index: number, budget: Budget): PyValue[] {
  try {
    return toArray(pair, budget)
  } catch (error) {
    if (error instanceof PyError && error.pyType === 'TypeError')
      throw typeError(`cannot convert dictionary update sequence element #${index} to a sequence`)
    throw error
  }
}

type SetRow = readonly [name: string, combine: (mine: PySet, other: PyValue, budget: Budget) => PySet]

const SET_COMBINATIONS: readonly SetRow[] = [
  ['union', (mine, other, budget) => new PySet([...mine.members(), ...toArray(other, budget)])],
  ['intersection', intersection],
  ['difference', difference],
]

/** Of equal members such as 1 and True those of the other side are kept, but of two sets those of the smaller one. */
function intersection(mine: PySet, other: PyValue, budget: Budget): PySet {
  const [large, small] = other instanceof PySet && other.size > mine.size ? [other, mine] : [mine, other]
  return new PySet(toArray(small, budget).filter((member) => large.has(member)))
}

function difference(mine: PySet, other: PyValue, budget: Budget): PySet {
  const theirs = asSet(other, budget)
  return new PySet(mine.members().filter((member) => !theirs.has(member)))
}

function asSet(value: PyValue, budget: Budget): PySet {
  return value instanceof PySet ? value : new PySet(toArray(value, budget))
}

function combineAll(self: PySet, others: readonly PyValue[], combine: SetRow[1], budget: Budget): PySet {
  let result = new PySet(self.members())
  for (const other of others) {
    budget.step()
    result = combine(result, other, budget)
  }
  return result
}

function refill(self: PySet, members: readonly PyValue[]): null {
  self.clear()
  for (const member of members) self.add(member)
  return null
}

function symmetric(self: PySet, other: PySet): PySet {
  return new PySet([
    ...other.members().filter((member) => !self.has(member)),
    ...self.members().filter((member) => !other.has(member)),
  ])
}

/** The methods of `set`. */
export const SET: Table<PySet> = new Map<string, Method<PySet>>([
  ...SET_COMBINATIONS.map(([name, combine]): [string, Method<PySet>] => [
    name,
    (self, args, budget) => combineAll(self, args.positional, combine, budget),
  ]),
  ...SET_COMBINATIONS.map(([name, combine]): [string, Method<PySet>] => [
    name === 'union' ? 'update' : `${name}_update`,
    (self, args, budget) => refill(self, combineAll(self, args.positional, combine, budget).members()),
  ]),
  ...table<PySet>([
    [
      'add',
      ['elem'],
      (self, [member], budget) => {
        budget.items(self.size + 1)
        self.add(member ?? NONE)
        return NONE
      },
    ],
    [
      'remove',
      ['elem'],
      (self, [member]) => {
        if (!self.delete(member ?? NONE)) throw new PyError('KeyError', repr(member ?? NONE))
        return NONE
      },
    ],
    [
      'discard',
      ['elem'],
      (self, [member]) => {
        self.delete(member ?? NONE)
        return NONE
      },
    ],
    [
      'pop',
      [],
      (self) => {
        const [first] = self.members()
        if (first === undefined) throw new PyError('KeyError', "'pop from an empty set'")
        self.delete(first)
        return first
      },
    ],
    ['clear', [], (self) => refill(self, [])],
    ['copy', [], (self) => new PySet(self.members())],
    [
      'symmetric_difference',
      ['other'],
      (self, [other], budget) => symmetric(self, asSet(other ?? NONE, budget)),
    ],
    [
      'symmetric_difference_update',
      ['other'],
      (self, [other], budget) => refill(self, symmetric(self, asSet(other ?? NONE, budget)).members()),
    ],
    [
      'isdisjoint',
      ['other'],
      (self, [other], budget) =>
        !asSet(other ?? NONE, budget)
          .members()
          .some((member) => self.has(member)),
    ],
    [
      'issubset',
      ['other'],
      (self, [other], budget) => {
        const large = asSet(other ?? NONE, budget)
        return self.members().every((member) => large.has(member))
      },
    ],
    [
      'issuperset',
      ['other'],
      (self, [other], budget) =>
        asSet(other ?? NONE, budget)
          .members()
          .every((member) => self.has(member)),
    ],
  ]),
])
