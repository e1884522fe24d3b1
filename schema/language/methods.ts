import { bind, clamp, integer, text } from './arguments.ts'
import type { Budget } from './budget.ts'
import { bytesMethod } from './bytes-methods.ts'
import { DICT, LIST, SET, TUPLE } from './collection-methods.ts'
import { PyDict, PySet } from './dict.ts'
import { PyError, typeError } from './errors.ts'
import { type Method, NONE, type Table, table } from './method-table.ts'
import { pyEquals } from './operators.ts'
import { type FieldAccess, type FieldPrinter, formatTemplate } from './str-format.ts'
import { stringMethod } from './string-methods.ts'
import { subscript } from './subscript.ts'
import {
  ADDRESS,
  type CallArguments,
  PyBytes,
  PyComplex,
  PyFunction,
  PyObject,
  PyRange,
  PyTuple,
  PyType,
  type PyValue,
  PyView,
  toArray,
  typeName,
} from './values.ts'

const INT: Table<bigint> = table<bigint>([
  ['bit_length', [], (self) => (self === 0n ? 0n : BigInt((self < 0n ? -self : self).toString(2).length))],
  ['bit_count', [], (self) => BigInt((self < 0n ? -self : self).toString(2).replaceAll('0', '').length)],
  ['conjugate', [], (self) => self],
  ['is_integer', [], () => true],
  [
    'to_bytes',
    ['length', 'byteorder', 'signed'],
    (self, [length, order, signed], budget) => {
      const size = integer(length, 1n)
      budget.bits(clamp(size) * 8)
      return toBytes(self, size, order === undefined ? 'big' : text(order, 'byteorder'), signed === true)
    },
    { required: 0, positionalOnly: 0 },
  ],
  ['as_integer_ratio', [], (self) => new PyTuple([self, 1n])],
])

/** `int.to_bytes`: the big end first unless told otherwise. */
function toBytes(self: bigint, length: bigint, order: string, signed: boolean): PyBytes {
  const size = clamp(length)
  const least = signed ? -(1n << BigInt(size * 8 - 1)) : 0n
  const most = signed ? 1n << BigInt(size * 8 - 1) : 1n << BigInt(size * 8)
  if (self < least || self >= most) throw new PyError('OverflowError', 'int too big to convert')
  const bytes = new Uint8Array(size)
  let rest = BigInt.asUintN(size * 8, self)
  for (let place = size - 1; place >= 0; place -= 1) {
    bytes[place] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return new PyBytes(order === 'little' ? bytes.reverse() : bytes)
}

const FLOAT: Table<number> = table<number>([
  ['is_integer', [], (self) => Number.isInteger(self)],
  ['conjugate', [], (self) => self],
  ['as_integer_ratio', [], (self) => integerRatio(self)],
])

function integerRatio(value: number): PyTuple {
  if (!Number.isFinite(value)) throw new PyError('OverflowError', 'cannot convert Infinity to integer ratio')
  let numerator = value
  let denominator = 1n
  while (!Number.isInteger(numerator)) {
    numerator *= 2
    denominator *= 2n
  }
  return new PyTuple([BigInt(numerator), denominator])
}

const RANGE: Table<PyRange> = table<PyRange>([
  ['count', ['value'], (self, [value]) => (self.pyContains(value ?? NONE) ? 1n : 0n)],
])

const COMPLEX: Table<PyComplex> = table<PyComplex>([
  ['conjugate', [], (self) => new PyComplex(self.re, -self.im)],
])

/** Methods of `str` that read attributes and items of what they print. */
const FORMATTING: Table<string> = new Map(
  ['format', 'format_map'].map((name): [string, Method<string>] => [
    name,
    (self, args, budget) => formatMethod(self, name)?.(args, budget) ?? NONE,
  ]),
)

const VIEW: Table<PyView> = new Map<string, Method<PyView>>([
  [
    'isdisjoint',
    (self, args, budget) =>
      !toArray(args.positional[0] ?? NONE, budget).some((item) =>
        toArray(self, budget).some((own) => pyEquals(own, item)),
      ),
  ],
])

/** A method of a value, to be called with that value; nothing when the type has no such method on our list. */
function findMethod(value: PyValue, name: string): Method<PyValue> | undefined {
  // The table is the one of the value's own type, which the compiler cannot see.
  return methodFor(value, name) as Method<PyValue> | undefined
}

function methodFor(value: PyValue, name: string): Method<never> | undefined {
  if (typeof value === 'string') return stringMethod(name) ?? FORMATTING.get(name)
  if (Array.isArray(value)) return LIST.get(name)
  if (typeof value === 'bigint' || typeof value === 'boolean') return INT.get(name)
  if (typeof value === 'number') return FLOAT.get(name)
  if (value instanceof PyDict) return DICT.get(name)
  if (value instanceof PySet) return SET.get(name)
  if (value instanceof PyTuple) return TUPLE.get(name)
  if (value instanceof PyBytes) return bytesMethod(name)
  if (value instanceof PyRange) return RANGE.get(name)
  if (value instanceof PyComplex) return COMPLEX.get(name)
  return value instanceof PyView ? VIEW.get(name) : undefined
}

/** The value as the methods of its type know it: a boolean has those of its number. */
function selfOf(value: PyValue): PyValue {
  return typeof value === 'boolean' ? (value ? 1n : 0n) : value
}

function fieldAccess(budget: Budget): FieldAccess {
  return {
    attribute: (value, name) => {
      if (name.startsWith('_'))
        throw new PyError('NotAllowed', `attribute '${name}' is private and cannot be read`)
      const found = getAttribute(value, name, budget)
      if (found === undefined)
        throw new PyError('AttributeError', `'${typeName(value)}' object has no attribute '${name}'`)
      return found
    },
    item: (value, key) => subscript(value, key, budget),
  }
}

function formatMap(template: string, args: CallArguments, budget: Budget, print?: FieldPrinter): string {
  const [mapping = NONE] = bind({ name: 'format_map', parameters: ['mapping'], required: 1 }, args)
  const lookup = (name: string): PyValue => subscript(mapping, name, budget)
  return formatTemplate(template, args, fieldAccess(budget), budget, lookup, print)
}

/** `str.format` and `str.format_map` by name, ready to be called; nothing for other names. */
export function formatMethod(
  template: string,
  name: string,
  print?: FieldPrinter,
): ((args: CallArguments, budget: Budget) => string) | undefined {
  if (name === 'format')
    return (args, budget) => formatTemplate(template, args, fieldAccess(budget), budget, undefined, print)
  return name === 'format_map' ? (args, budget) => formatMap(template, args, budget, print) : undefined
}

const SAMPLES: Readonly<Record<string, PyValue>> = {
  str: '',
  list: [],
  dict: new PyDict(),
  set: new PySet(),
  tuple: new PyTuple([]),
  int: 0n,
  float: 0,
  bool: false,
  bytes: new PyBytes(new Uint8Array()),
}

/** What a type offers without a value of it. */
const CLASS_METHODS: Readonly<Record<string, (args: CallArguments, budget: Budget) => PyValue>> = {
  'dict.fromkeys': (args, budget) => DICT.get('fromkeys')?.(new PyDict(), args, budget) ?? NONE,
  'str.maketrans': (args, budget) => stringMethod('maketrans')?.('', args, budget) ?? NONE,
  'int.from_bytes': (args) => {
    const [source, order] = bind(
      { name: 'from_bytes', parameters: ['bytes', 'byteorder'], required: 1, positionalOnly: 0 },
      args,
    )
    if (!(source instanceof PyBytes)) throw typeError('from_bytes() needs bytes')
    const bytes = order === 'little' ? source.bytes.toReversed() : source.bytes
    return bytes.length === 0
      ? 0n
      : BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`)
  },
}

/** `str.lower` and the like: the method takes its object as the first argument. */
function unbound(type: PyType, name: string): PyValue | undefined {
  const classMethod = CLASS_METHODS[`${type.name}.${name}`]
  if (classMethod !== undefined) return new PyFunction(name, classMethod)
  const sample = SAMPLES[type.name]
  if (sample === undefined || findMethod(sample, name) === undefined) return undefined
  return new PyFunction(
    name,
    ({ positional: [self, ...rest], named }, budget) => {
      const own = self === undefined ? 'nothing' : typeName(self)
      const method = self !== undefined && own === type.name ? findMethod(self, name) : undefined
      if (self === undefined || method === undefined)
        throw typeError(`descriptor '${name}' for '${type.name}' objects doesn't apply to a '${own}' object`)
      return method(selfOf(self), { positional: rest, named }, budget)
    },
    `<method '${name}' of '${type.name}' objects>`,
    'method_descriptor',
  )
}

const NUMBER_PARTS: Readonly<Record<string, (value: bigint | number) => PyValue>> = {
  real: (value) => value,
  imag: (value) => (typeof value === 'bigint' ? 0n : 0),
  numerator: (value) => (typeof value === 'bigint' ? value : undefined) as PyValue,
  denominator: (value) => (typeof value === 'bigint' ? 1n : undefined) as PyValue,
}

/**
 * Python's `value.name` for the attributes and methods on our lists; nothing for any other name. Callers decide about names that
 * start with an underscore before they ask.
 */
export function getAttribute(value: PyValue, name: string, budget: Budget): PyValue | undefined {
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') {
    const number = typeof value === 'boolean' ? (value ? 1n : 0n) : value
    const own = Object.hasOwn(NUMBER_PARTS, name) ? NUMBER_PARTS[name]?.(number) : undefined
    if (own !== undefined) return own
  }
  if (value instanceof PyRange && (name === 'start' || name === 'stop' || name === 'step')) return value[name]
  if (value instanceof PyObject) {
    const own = value.pyAttribute(name, budget)
    if (own !== undefined) return own
  }
  if (value instanceof PyType) return unbound(value, name)
  const method = findMethod(value, name)
  if (method === undefined) return undefined
  return new PyFunction(
    name,
    (args, given) => method(selfOf(value), args, given),
    `<built-in method ${name} of ${typeName(value)} object at ${ADDRESS}>`,
  )
}

/** Whether every dictionary has a method of this name, which then stands before a key of the same name. */
export function isDictMethod(name: string): boolean {
  return DICT.has(name)
}

/** Call `value.name(…)` without making a function object; nothing when the type has no such method on our list. */
export function callMethod(
  value: PyValue,
  name: string,
  args: CallArguments,
  budget: Budget,
): PyValue | undefined {
  const method = findMethod(value, name)
  if (method === undefined) return undefined
  budget.step()
  return method(selfOf(value), args, budget)
}
