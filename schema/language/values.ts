import type { Budget } from './budget.ts'
import type { PyDict } from './dict.ts'
import { PyError, typeError, valueError } from './errors.ts'

/**
 * A value of the two languages. Python's `None` is `null`, `bool` a boolean, `int` a bigint, `float` a number, `str` a string
 * (lone surrogates possible), `list` an array; everything else is one of our classes.
 */
export type PyValue = null | boolean | bigint | number | string | PyValue[] | PyObject

/** The arguments of one call: by position and by name. */
export type CallArguments = {
  readonly positional: readonly PyValue[]
  readonly named: ReadonlyMap<string, PyValue>
}

/** Stands where CPython prints a memory address. */
export const ADDRESS = '0x7f0000000000'

/**
 * Every value that is not a plain JavaScript one. The hooks are what Python's data model calls `__repr__`, `__len__` and so on;
 * a hook that is absent means "this type cannot". No other property of a value can be reached from an expression.
 */
export abstract class PyObject {
  /** Python's name of the type. */
  abstract readonly pyType: string
  pyLength?(): number
  pyIterate?(budget: Budget): Iterator<PyValue>
  pyItem?(key: PyValue, budget: Budget): PyValue
  pyContains?(value: PyValue, budget: Budget): boolean
  pyEquals?(other: PyValue): boolean
  pyCall?(args: CallArguments, budget: Budget): PyValue
  /** The value as a text, for types that are texts with something added. */
  pyText?(): string
  /** The value as a number, or an error that is better than "not a number". */
  pyNumber?(): number

  pyRepr(): string {
    return `<${this.pyType} object at ${ADDRESS}>`
  }

  pyStr(): string {
    return this.pyRepr()
  }

  pyTruthy(): boolean {
    return this.pyLength === undefined || this.pyLength() > 0
  }

  /** A data attribute that expressions may read; methods live in the method tables. */
  pyAttribute(_name: string, _budget: Budget): PyValue | undefined {
    return undefined
  }
}

/** Python's immutable sequence. */
export class PyTuple extends PyObject {
  readonly pyType: string = 'tuple'
  readonly items: readonly PyValue[]

  constructor(items: readonly PyValue[]) {
    super()
    this.items = items
  }

  override pyLength(): number {
    return this.items.length
  }

  override pyIterate(): Iterator<PyValue> {
    return this.items[Symbol.iterator]()
  }
}

/** A tuple whose places also have names, as Jinja's `groupby` gives them. */
export class PyNamedTuple extends PyTuple {
  readonly #names: readonly string[]

  constructor(names: readonly string[], items: readonly PyValue[]) {
    super(items)
    this.#names = names
  }

  override pyAttribute(name: string): PyValue | undefined {
    const index = this.#names.indexOf(name)
    return index < 0 ? undefined : this.items[index]
  }
}

/** Python's `bytes`. */
export class PyBytes extends PyObject {
  readonly pyType = 'bytes'
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    super()
    this.bytes = bytes
  }

  override pyLength(): number {
    return this.bytes.length
  }

  override *pyIterate(): Iterator<PyValue> {
    for (const byte of this.bytes) yield BigInt(byte)
  }
}

/** Python's complex number. */
export class PyComplex extends PyObject {
  readonly pyType = 'complex'
  readonly re: number
  readonly im: number

  constructor(re: number, im: number) {
    super()
    this.re = re
    this.im = im
  }

  override pyTruthy(): boolean {
    return this.re !== 0 || this.im !== 0
  }

  override pyAttribute(name: string): PyValue | undefined {
    return name === 'real' ? this.re : name === 'imag' ? this.im : undefined
  }
}

class PyEllipsis extends PyObject {
  readonly pyType = 'ellipsis'

  override pyRepr(): string {
    return 'Ellipsis'
  }
}

/** Python's `...`. */
export const Ellipsis: PyObject = new PyEllipsis()

/** What a subscript with colons makes. */
export class PySlice extends PyObject {
  readonly pyType = 'slice'
  readonly lower: PyValue
  readonly upper: PyValue
  readonly step: PyValue

  constructor(lower: PyValue, upper: PyValue, step: PyValue) {
    super()
    this.lower = lower
    this.upper = upper
    this.step = step
  }
}

/** An iterator that can be walked once, such as `map(…)` or a filter's result. */
export class PyIterator extends PyObject {
  readonly pyType: string
  readonly #iterator: Iterator<PyValue>
  readonly #title: string

  /** `title` is how it prints itself. */
  constructor(pyType: string, iterator: Iterator<PyValue>, title = `${pyType} object`) {
    super()
    this.pyType = pyType
    this.#iterator = iterator
    this.#title = title
  }

  override pyRepr(): string {
    return `<${this.#title} at ${ADDRESS}>`
  }

  override pyIterate(): Iterator<PyValue> {
    return this.#iterator
  }
}

/** A function or bound method that expressions can call. */
export class PyFunction extends PyObject {
  readonly pyType: string
  readonly name: string
  readonly #call: (args: CallArguments, budget: Budget) => PyValue
  readonly #repr: string

  constructor(
    name: string,
    call: (args: CallArguments, budget: Budget) => PyValue,
    repr = `<built-in function ${name}>`,
    pyType = 'builtin_function_or_method',
  ) {
    super()
    this.name = name
    this.#call = call
    this.#repr = repr
    this.pyType = pyType
  }

  override pyCall(args: CallArguments, budget: Budget): PyValue {
    return this.#call(args, budget)
  }

  override pyRepr(): string {
    return this.#repr
  }
}

/** A type as a value: `int`, `str`, what `isinstance` asks for. Calling it converts. */
export class PyType extends PyObject {
  readonly pyType = 'type'
  readonly name: string
  readonly #construct: ((args: CallArguments, budget: Budget) => PyValue) | undefined

  constructor(name: string, construct?: (args: CallArguments, budget: Budget) => PyValue) {
    super()
    this.name = name
    this.#construct = construct
  }

  override pyCall(args: CallArguments, budget: Budget): PyValue {
    if (this.#construct === undefined) throw typeError(`cannot create '${this.name}' instances`)
    return this.#construct(args, budget)
  }

  override pyRepr(): string {
    return `<class '${this.name}'>`
  }

  override pyAttribute(name: string): PyValue | undefined {
    return name === '__name__' || name === '__qualname__' ? this.name : undefined
  }
}

/** Python's `range`. */
export class PyRange extends PyObject {
  readonly pyType = 'range'
  readonly start: bigint
  readonly stop: bigint
  readonly step: bigint

  constructor(start: bigint, stop: bigint, step: bigint) {
    super()
    if (step === 0n) throw valueError('range() arg 3 must not be zero')
    this.start = start
    this.stop = stop
    this.step = step
  }

  /** How many integers it holds, exactly. */
  get size(): bigint {
    const span = this.step > 0n ? this.stop - this.start : this.start - this.stop
    const stride = this.step > 0n ? this.step : -this.step
    return span <= 0n ? 0n : (span + stride - 1n) / stride
  }

  at(index: bigint): PyValue {
    const place = index < 0n ? index + this.size : index
    if (place < 0n || place >= this.size) throw new PyError('IndexError', 'range object index out of range')
    return this.start + place * this.step
  }

  override pyLength(): number {
    return Number(this.size)
  }

  override *pyIterate(): Iterator<PyValue> {
    const size = this.size
    for (let index = 0n; index < size; index += 1n) yield this.start + index * this.step
  }

  override pyContains(value: PyValue): boolean {
    const wanted = typeof value === 'boolean' ? (value ? 1n : 0n) : value
    const whole = typeof wanted === 'number' && Number.isInteger(wanted) ? BigInt(wanted) : wanted
    if (typeof whole !== 'bigint') return false
    const offset = whole - this.start
    return offset % this.step === 0n && offset / this.step >= 0n && offset / this.step < this.size
  }

  override pyEquals(other: PyValue): boolean {
    if (!(other instanceof PyRange) || other.size !== this.size) return false
    return this.size === 0n || (other.start === this.start && (this.size === 1n || other.step === this.step))
  }

  override pyRepr(): string {
    const step = this.step === 1n ? '' : `, ${this.step}`
    return `range(${this.start}, ${this.stop}${step})`
  }
}

/** Python's name of a value's type, as its error messages print it. */
export function typeName(value: PyValue): string {
  if (value === null) return 'NoneType'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float'
    case 'string':
      return 'str'
    default:
      return Array.isArray(value) ? 'list' : value.pyType
  }
}

/** The text of a text, also of one with something added; nothing for other values. */
export function asText(value: PyValue | undefined): string | undefined {
  if (typeof value === 'string') return value
  return value instanceof PyObject ? value.pyText?.() : undefined
}

/** Python's `bool(value)`: empty containers, zero, `''` and `None` are false. */
export function truthy(value: PyValue): boolean {
  if (value === null) return false
  switch (typeof value) {
    case 'boolean':
      return value
    case 'bigint':
      return value !== 0n
    case 'number':
      return value !== 0
    case 'string':
      return value !== ''
    default:
      return Array.isArray(value) ? value.length > 0 : value.pyTruthy()
  }
}

/** A dictionary's `keys()`, `values()` or `items()`: it shows later changes of the dictionary. */
export class PyView extends PyObject {
  readonly pyType: string
  readonly kind: 'keys' | 'values' | 'items'
  readonly dict: PyDict

  constructor(kind: 'keys' | 'values' | 'items', dict: PyDict) {
    super()
    this.kind = kind
    this.pyType = `dict_${kind}`
    this.dict = dict
  }

  override pyLength(): number {
    return this.dict.size
  }

  override pyIterate(): Iterator<PyValue> {
    switch (this.kind) {
      case 'keys':
        return this.dict.keys()
      case 'values':
        return this.dict.values()
      case 'items':
        return pairs(this.dict)
    }
  }
}

function* pairs(dict: PyDict): Iterator<PyValue> {
  for (const [key, value] of dict.entries()) yield new PyTuple([key, value])
}

/** Walk the items of an iterable value; throws Python's `TypeError` for any other. */
export function iterate(value: PyValue, budget: Budget): Iterator<PyValue> {
  if (typeof value === 'string') return value[Symbol.iterator]()
  if (Array.isArray(value)) return value[Symbol.iterator]()
  if (value !== null && typeof value === 'object' && value.pyIterate !== undefined)
    return value.pyIterate(budget)
  throw typeError(`'${typeName(value)}' object is not iterable`)
}

/** All items of an iterable value as a new array, counted against the budget. */
export function toArray(value: PyValue, budget: Budget): PyValue[] {
  if (Array.isArray(value)) {
    budget.items(value.length)
    return value.slice()
  }
  const source = iterate(value, budget)
  const items: PyValue[] = []
  for (let next = source.next(); next.done !== true; next = source.next()) {
    items.push(next.value)
    if ((items.length & 15) === 0) {
      budget.step()
      if (items.length > budget.limits.items) budget.items(items.length)
    }
  }
  return items
}

/** Call a value; throws Python's `TypeError` when it cannot be called. */
export function callValue(callee: PyValue, args: CallArguments, budget: Budget): PyValue {
  if (
    callee !== null &&
    typeof callee === 'object' &&
    !Array.isArray(callee) &&
    callee.pyCall !== undefined
  ) {
    budget.step()
    budget.enter()
    try {
      return callee.pyCall(args, budget)
    } finally {
      budget.leave()
    }
  }
  throw typeError(`'${typeName(callee)}' object is not callable`)
}
