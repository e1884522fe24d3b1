import type { Budget } from './budget.ts'
import { PyError, typeError } from './errors.ts'
import {
  asText,
  PyBytes,
  PyComplex,
  PyObject,
  PyRange,
  PyTuple,
  type PyValue,
  PyView,
  typeName,
} from './values.ts'

/** Python's `hash` refuses mutable containers; this is its error. */
function unhashable(value: PyValue): PyError {
  return typeError(`unhashable type: '${typeName(value)}'`)
}

/**
 * The identity of a value as a key: equal keys (1, 1.0 and True) map to the same thing. Plain texts are themselves, so
 * the usual dictionary costs one `Map` look-up; composite keys become texts behind a NUL mark that plain texts cannot have.
 */
function identity(key: PyValue): unknown {
  // Short, so that V8 puts it into each look-up without the rest.
  return typeof key === 'string' && key.charCodeAt(0) !== 0 ? key : rareIdentity(key)
}

function rareIdentity(key: PyValue): unknown {
  switch (typeof key) {
    case 'string':
      return `\0s${key}`
    case 'boolean':
      return key ? 1n : 0n
    case 'number':
      return Number.isInteger(key) ? BigInt(key) : key
    case 'bigint':
      return key
    default:
      break
  }
  if (key === null) return null
  const own = asText(key)
  if (own !== undefined) return identity(own)
  if (Array.isArray(key)) throw unhashable(key)
  if (key instanceof PyTuple) return `\0t${key.items.map(tagged).join('')}`
  if (key instanceof PyBytes) return `\0b${key.bytes.join(',')}`
  if (key instanceof PyComplex) return key.im === 0 ? identity(key.re) : `\0c${key.re},${key.im}`
  if (key instanceof PyRange) return `\0r${key.size},${key.start},${key.step}`
  if (key instanceof PyDict || key instanceof PySet) throw unhashable(key)
  if (key instanceof PyView && key.kind !== 'values') throw unhashable(key)
  return key
}

const OBJECT_NUMBERS = new WeakMap<object, number>()
let lastObjectNumber = 0

/** A member's identity as text, prefixed with type and length so that no two tuples run together. */
function tagged(member: PyValue): string {
  const own = identity(member)
  if (own !== null && typeof own === 'object') {
    let number = OBJECT_NUMBERS.get(own)
    if (number === undefined) {
      lastObjectNumber += 1
      number = lastObjectNumber
      OBJECT_NUMBERS.set(own, number)
    }
    return `o${number};`
  }
  const text = String(own)
  return `${typeof own}${text.length}:${text};`
}

type Entry = { readonly key: PyValue; value: PyValue }

/** Python's `dict`: insertion order, Python's equality of keys, the first spelling of a key is kept. */
export class PyDict extends PyObject {
  readonly pyType: string = 'dict'
  readonly #entries = new Map<unknown, Entry>()

  constructor(entries?: Iterable<readonly [PyValue, PyValue]>) {
    super()
    if (entries === undefined) return
    for (const [key, value] of entries) this.set(key, value)
  }

  get size(): number {
    return this.#entries.size
  }

  /** The value under a key; `undefined` when there is none. Throws `TypeError` for a key that cannot be hashed. */
  get(key: PyValue): PyValue | undefined {
    return this.#entries.get(identity(key))?.value
  }

  has(key: PyValue): boolean {
    return this.#entries.has(identity(key))
  }

  set(key: PyValue, value: PyValue): void {
    const id = identity(key)
    const entry = this.#entries.get(id)
    if (entry === undefined) this.#entries.set(id, { key, value })
    else entry.value = value
  }

  /** Remove a key; `false` when it was not there. */
  delete(key: PyValue): boolean {
    return this.#entries.delete(identity(key))
  }

  clear(): void {
    this.#entries.clear()
  }

  /** Remove and give the newest pair. */
  pop(): [PyValue, PyValue] | undefined {
    const last = Array.from(this.#entries.entries()).at(-1)
    if (last === undefined) return undefined
    this.#entries.delete(last[0])
    return [last[1].key, last[1].value]
  }

  keys(): Iterator<PyValue> & Iterable<PyValue> {
    return this.#walk((entry) => entry.key)
  }

  values(): Iterator<PyValue> & Iterable<PyValue> {
    return this.#walk((entry) => entry.value)
  }

  entries(): Iterator<[PyValue, PyValue]> & Iterable<[PyValue, PyValue]> {
    return this.#walk((entry) => [entry.key, entry.value])
  }

  /** A shallow copy. */
  copy(): PyDict {
    return new PyDict(this.entries())
  }

  *#walk<T>(pick: (entry: Entry) => T): Generator<T> {
    const size = this.#entries.size
    for (const entry of this.#entries.values()) {
      yield pick(entry)
      if (this.#entries.size !== size)
        throw new PyError('RuntimeError', 'dictionary changed size during iteration')
    }
  }

  override pyLength(): number {
    return this.size
  }

  override pyIterate(): Iterator<PyValue> {
    return this.keys()
  }

  override pyContains(value: PyValue): boolean {
    return this.has(value)
  }

  override pyItem(key: PyValue, _budget: Budget): PyValue {
    const found = this.get(key)
    if (found === undefined) throw new PyError('KeyError', missingKey(key))
    return found
  }
}

function missingKey(key: PyValue): string {
  return typeof key === 'string' ? `'${key}'` : `a key of type ${typeName(key)}`
}

/** Python's `set`. Order is insertion order, except that sets of small whole numbers are in CPython's table order. */
export class PySet extends PyObject {
  readonly pyType: string = 'set'
  readonly #members = new Map<unknown, PyValue>()

  constructor(members: Iterable<PyValue> = []) {
    super()
    for (const member of members) this.add(member)
  }

  get size(): number {
    return this.#members.size
  }

  add(member: PyValue): void {
    const id = identity(member)
    if (!this.#members.has(id)) this.#members.set(id, member)
  }

  has(member: PyValue): boolean {
    // CPython looks a set up in a set as if it were frozen.
    return member instanceof PySet ? false : this.#members.has(identity(member))
  }

  delete(member: PyValue): boolean {
    return this.#members.delete(identity(member))
  }

  clear(): void {
    this.#members.clear()
  }

  members(): PyValue[] {
    return tableOrder(Array.from(this.#members.values()))
  }

  override pyLength(): number {
    return this.size
  }

  override pyIterate(): Iterator<PyValue> {
    return this.members()[Symbol.iterator]()
  }

  override pyContains(value: PyValue): boolean {
    return this.has(value)
  }

  override pyEquals(other: PyValue): boolean {
    return (
      other instanceof PySet &&
      other.size === this.size &&
      this.members().every((member) => other.has(member))
    )
  }
}

/**
 * CPython orders a set by hash; an int is its own hash, so for ints the order is a fact that results depend on, while the order
 * of texts changes from process to process. This replays CPython's open addressing (`Objects/setobject.c`) for ints only.
 */
function tableOrder(members: PyValue[]): PyValue[] {
  if (members.length < 2 || members.length > 10_000) return members
  const hashes: bigint[] = []
  for (const member of members) {
    const id = identity(member)
    if (typeof id !== 'bigint' || id < 0n || id > 0xffff_ffffn) return members
    hashes.push(id)
  }
  let mask = 7
  let table: (number | undefined)[] = new Array(8)
  let fill = 0
  hashes.forEach((_, index) => {
    place(table, mask, hashes, index)
    fill += 1
    if (fill * 5 < mask * 3) return
    let size = 8
    const wanted = fill > 50_000 ? fill * 2 : fill * 4
    while (size <= wanted) size *= 2
    const old = table
    table = new Array(size)
    mask = size - 1
    for (const slot of old) if (slot !== undefined) place(table, mask, hashes, slot)
  })
  const ordered: PyValue[] = []
  for (const slot of table) if (slot !== undefined) ordered.push(members[slot] ?? null)
  return ordered
}

function place(table: (number | undefined)[], mask: number, hashes: readonly bigint[], index: number): void {
  const hash = hashes[index] ?? 0n
  let perturb = hash
  let slot = Number(hash & BigInt(mask))
  for (;;) {
    const probes = slot + 9 <= mask ? 9 : 0
    for (let probe = 0; probe <= probes; probe += 1) {
      if (table[slot + probe] === undefined) {
        table[slot + probe] = index
        return
      }
    }
    perturb >>= 5n
    slot = Number((BigInt(slot) * 5n + 1n + perturb) & BigInt(mask))
  }
}
