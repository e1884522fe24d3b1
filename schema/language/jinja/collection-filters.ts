import { type Bound, clamp, integer } from '../arguments.ts'
import { best, reversed, sumItems } from '../builtins.ts'
import { PyDict, PySet } from '../dict.ts'
import { PyError, typeError, valueError } from '../errors.ts'
import { pyEquals, pyLength } from '../operators.ts'
import { str } from '../printing.ts'
import { sortBy } from '../sorting.ts'
import { codePoints } from '../text.ts'
import {
  type CallArguments,
  iterate,
  PyIterator,
  PyNamedTuple,
  PyTuple,
  type PyValue,
  toArray,
  truthy,
} from '../values.ts'
import type { TemplateWorld } from './environment.ts'
import type { Filter, FilterRow } from './filters.ts'
import { escapeHtml, PyMarkup, PyUndefined, plain } from './values.ts'

type Getter = (item: PyValue) => PyValue

/** `"a.b.0"` as its parts; whole numbers are places in lists. */
function pathParts(attribute: PyValue | undefined): PyValue[] {
  if (attribute === undefined || attribute === null) return []
  if (typeof attribute !== 'string') return [attribute]
  return attribute.split('.').map((part) => (/^\d+$/.test(part) ? BigInt(part) : part))
}

function getter(world: TemplateWorld, attribute: PyValue | undefined, fallback: PyValue = null): Getter {
  const parts = pathParts(attribute)
  const [only] = parts
  if (only === undefined) return (item) => item
  if (parts.length === 1 && fallback === null) return (item) => world.item(item, only)
  return (item) => {
    let value = item
    for (const part of parts) {
      value = world.item(value, part)
      if (fallback !== null && value instanceof PyUndefined) value = fallback
    }
    return value
  }
}

function ignoreCase(value: PyValue): PyValue {
  const text = plain(value)
  return typeof text === 'string' ? text.toLowerCase() : value
}

function keyed(get: Getter, caseSensitive: PyValue | undefined): Getter {
  return truthy(caseSensitive ?? false) ? get : (item) => ignoreCase(get(item))
}

function sorter(
  world: TemplateWorld,
  attribute: PyValue | undefined,
  caseSensitive: PyValue | undefined,
): Getter {
  const names = typeof attribute === 'string' ? attribute.split(',') : [attribute]
  const getters = names.map((name) => keyed(getter(world, name), caseSensitive))
  return (item) => getters.map((get) => get(item))
}

function extreme(name: 'min' | 'max'): FilterRow {
  return [
    name,
    ['case_sensitive', 'attribute'],
    (world, value, [caseSensitive, attribute]) => {
      const items = toArray(value, world.budget)
      if (items.length === 0) return new PyUndefined('No aggregated item, sequence was empty.')
      return best(name, items, keyed(getter(world, attribute), caseSensitive), world.budget)
    },
  ]
}

function groups(world: TemplateWorld, value: PyValue, [attribute, fallback, caseSensitive]: Bound): PyValue {
  const get = getter(world, attribute, fallback ?? null)
  const key = keyed(get, caseSensitive)
  const sorted = sortBy(toArray(value, world.budget), key, false, world.budget)
  const found: { key: PyValue; items: PyValue[] }[] = []
  for (const item of sorted) {
    const own = key(item)
    const last = found.at(-1)
    if (last !== undefined && pyEquals(last.key, own)) last.items.push(item)
    else found.push({ key: own, items: [item] })
  }
  return found.map(({ items }) => new PyNamedTuple(['grouper', 'list'], [get(items[0] ?? null), items]))
}

/** All undefined values are one for `unique`. */
const NOTHING = new PyUndefined('undefined')

function* unique(world: TemplateWorld, value: PyValue, key: Getter): Generator<PyValue> {
  const seen = new PySet()
  for (const item of toArray(value, world.budget)) {
    world.budget.step()
    const found = key(item)
    const own = found instanceof PyUndefined ? NOTHING : found
    if (seen.has(own)) continue
    seen.add(own)
    yield item
  }
}

function* batches(
  world: TemplateWorld,
  value: PyValue,
  count: PyValue | undefined,
  fill: PyValue,
): Generator<PyValue> {
  const size = clamp(integer(count, 0n))
  let batch: PyValue[] = []
  const source = iterate(value, world.budget)
  for (let next = source.next(); next.done !== true; next = source.next()) {
    world.budget.step()
    if (batch.length === size) {
      yield batch
      batch = []
    }
    batch.push(next.value)
  }
  if (batch.length === 0) return
  if (fill !== null && batch.length < size) {
    world.budget.items(size)
    while (batch.length < size) batch.push(fill)
  }
  yield batch
}

function* slices(
  world: TemplateWorld,
  value: PyValue,
  wanted: PyValue | undefined,
  fill: PyValue,
): Generator<PyValue> {
  const items = toArray(value, world.budget)
  const count = clamp(integer(wanted, 0n))
  if (count === 0) throw new PyError('ZeroDivisionError', 'integer division or modulo by zero')
  const size = Math.floor(items.length / count)
  const extra = items.length % count
  let start = 0
  for (let number = 0; number < count; number += 1) {
    world.budget.step()
    const end = start + size + (number < extra ? 1 : 0)
    const slice = items.slice(start, end)
    if (fill !== null && number >= extra) slice.push(fill)
    yield slice
    start = end
  }
}

/** What a filter gives that is written as a generator in Jinja: nothing is done, or fails, before its items are asked for. */
function generator(name: string, items: Generator<PyValue>): PyIterator {
  return new PyIterator('generator', items, `generator object ${name}`)
}

function* pairsOf(value: PyValue): Generator<PyValue> {
  if (value instanceof PyUndefined) return
  if (!(value instanceof PyDict)) throw typeError('Can only get item pairs from a mapping.')
  for (const pair of value.entries()) yield new PyTuple(pair)
}

function join(world: TemplateWorld, value: PyValue, [separator, attribute]: Bound): PyValue {
  const get = getter(world, attribute)
  const items = toArray(value, world.budget).map(get)
  const mark = separator ?? ''
  const marked = world.autoescape && [mark, ...items].some((item) => item instanceof PyMarkup)
  const print = marked ? escapeHtml : str
  const parts = items.map(print)
  const glue = print(mark)
  world.budget.text(parts.reduce((length, part) => length + part.length + glue.length, 0))
  const text = parts.join(glue)
  return marked ? new PyMarkup(text) : text
}

const ROWS: readonly FilterRow[] = [
  ['length', [], (_world, value) => BigInt(pyLength(value))],
  [
    'first',
    [],
    (world, value) => {
      const next = iterate(value, world.budget).next()
      return next.done === true ? new PyUndefined('No first item, sequence was empty.') : next.value
    },
  ],
  [
    'last',
    [],
    (world, value) => {
      if (value instanceof PyUndefined) return new PyUndefined('No last item, sequence was empty.')
      const next = iterate(reversed(plain(value)), world.budget).next()
      return next.done === true ? new PyUndefined('No last item, sequence was empty.') : next.value
    },
  ],
  ['list', [], (world, value) => toArray(value, world.budget)],
  ['join', ['d', 'attribute'], join],
  [
    'sum',
    ['attribute', 'start'],
    (world, value, [attribute, start]) =>
      sumItems(toArray(value, world.budget).map(getter(world, attribute)), start ?? 0n, world.budget),
  ],
  extreme('min'),
  extreme('max'),
  [
    'sort',
    ['reverse', 'case_sensitive', 'attribute'],
    (world, value, [reverse, caseSensitive, attribute]) =>
      sortBy(
        toArray(value, world.budget),
        sorter(world, attribute, caseSensitive),
        integer(reverse, 0n) !== 0n,
        world.budget,
      ),
  ],
  [
    'dictsort',
    ['case_sensitive', 'by', 'reverse'],
    (world, value, [caseSensitive, by, reverse]) => {
      if (!(value instanceof PyDict)) throw typeError('dictsort needs a dictionary')
      const place = by === undefined || by === 'key' ? 0 : by === 'value' ? 1 : undefined
      if (place === undefined) throw valueError('You can only sort by either "key" or "value"')
      const pairs = Array.from(value.entries(), (pair): PyValue => new PyTuple(pair))
      const get: Getter = (pair) => (pair instanceof PyTuple ? (pair.items[place] ?? null) : null)
      return sortBy(pairs, keyed(get, caseSensitive), integer(reverse, 0n) !== 0n, world.budget)
    },
  ],
  [
    'unique',
    ['case_sensitive', 'attribute'],
    (world, value, [caseSensitive, attribute]) => {
      const key = keyed(getter(world, attribute), caseSensitive)
      return generator('sync_do_unique', unique(world, value, key))
    },
  ],
  ['groupby', ['attribute', 'default', 'case_sensitive'], groups, 1],
  [
    'batch',
    ['linecount', 'fill_with'],
    (world, value, [size, fill]) => generator('do_batch', batches(world, value, size, fill ?? null)),
    1,
  ],
  [
    'slice',
    ['slices', 'fill_with'],
    (world, value, [count, fill]) => generator('sync_do_slice', slices(world, value, count, fill ?? null)),
    1,
  ],
  ['items', [], (_world, value) => generator('do_items', pairsOf(value))],
  [
    'reverse',
    [],
    (world, value) => {
      const text = plain(value)
      if (typeof text === 'string') {
        const turned = codePoints(text).reverse().join('')
        return value instanceof PyMarkup ? new PyMarkup(turned) : turned
      }
      if (value instanceof PyIterator || value instanceof PySet) return toArray(value, world.budget).reverse()
      return value instanceof PyUndefined ? new PyIterator('reversed', value.pyIterate()) : reversed(value)
    },
  ],
  ['attr', ['name'], (world, value, [name]) => world.ownAttribute(value, str(name ?? null)), 1],
  [
    'default',
    ['default_value', 'boolean'],
    (_world, value, [fallback, isBoolean]) =>
      value instanceof PyUndefined || (truthy(isBoolean ?? false) && !truthy(value))
        ? fallback === undefined
          ? ''
          : fallback
        : value,
  ],
]

/** `map('filter', …)` and `map(attribute='name')`. */
const map: Filter = (world, value, args) => generator('sync_do_map', mapped(world, value, args))

function* mapped(world: TemplateWorld, value: PyValue, args: CallArguments): Generator<PyValue> {
  if (!truthy(value)) return
  const run = mapping(world, args)
  for (const item of each(world, value)) yield run(item)
}

function mapping(world: TemplateWorld, { positional, named }: CallArguments): Getter {
  const attribute = named.get('attribute')
  if (positional.length === 0 && attribute !== undefined) {
    for (const name of named.keys())
      if (name !== 'attribute' && name !== 'default')
        throw valueError(`Unexpected keyword argument '${name}'`)
    return getter(world, attribute, named.get('default') ?? null)
  }
  const [name, ...rest] = positional
  if (name === undefined) throw valueError('map requires a filter argument')
  return (item) => world.callFilter(str(name), item, { positional: rest, named })
}

/** `select`, `reject` and their forms for an attribute. */
function selection(keep: boolean, byAttribute: boolean): Filter {
  return (world, value, args) =>
    generator('select_or_reject', selected(world, value, args, { keep, byAttribute }))
}

function* selected(
  world: TemplateWorld,
  value: PyValue,
  args: CallArguments,
  { keep, byAttribute }: { keep: boolean; byAttribute: boolean },
): Generator<PyValue> {
  if (!truthy(value)) return
  const rest = [...args.positional]
  const attribute = byAttribute ? rest.shift() : undefined
  if (byAttribute && attribute === undefined) throw valueError('Missing parameter for attribute name')
  const get = getter(world, attribute)
  const [name, ...others] = rest
  const inner: CallArguments = { positional: others, named: args.named }
  for (const item of each(world, value)) {
    const found = get(item)
    const isChosen = name === undefined ? truthy(found) : world.callTest(str(name), found, inner)
    if (isChosen === keep) yield item
  }
}

function* each(world: TemplateWorld, value: PyValue): Generator<PyValue> {
  const source = iterate(value, world.budget)
  for (let next = source.next(); next.done !== true; next = source.next()) {
    world.budget.step()
    yield next.value
  }
}

/** Jinja's filters on collections: those with named parameters, and those that take any arguments. */
export const COLLECTION_FILTERS: {
  readonly rows: readonly FilterRow[]
  readonly free: readonly (readonly [string, Filter])[]
} = {
  rows: ROWS,
  free: [
    ['map', map],
    ['select', selection(true, false)],
    ['reject', selection(false, false)],
    ['selectattr', selection(true, true)],
    ['rejectattr', selection(false, true)],
  ],
}
