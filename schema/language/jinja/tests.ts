import { bind } from '../arguments.ts'
import { isLower, isUpper } from '../characters.ts'
import { PyDict } from '../dict.ts'
import { typeError } from '../errors.ts'
import { binary, contains, isSame, ordered, pyEquals } from '../operators.ts'
import { str } from '../printing.ts'
import { isCaseOnly } from '../string-methods.ts'
import {
  type CallArguments,
  PyBytes,
  PyComplex,
  PyObject,
  PyRange,
  PyTuple,
  type PyValue,
  typeName,
} from '../values.ts'
import { findFilter, findTest, type TemplateWorld } from './environment.ts'
import { PyMarkup, PyUndefined, plain } from './values.ts'

/** A test, as in `value is name(args)`. */
export type Test = (world: TemplateWorld, value: PyValue, args: CallArguments) => boolean

function plainTest(name: string, run: (value: PyValue, world: TemplateWorld) => boolean): [string, Test] {
  return [
    name,
    (world, value, args) => {
      bind({ name, parameters: [] }, args)
      return run(value, world)
    },
  ]
}

function against(
  names: readonly string[],
  run: (value: PyValue, other: PyValue, world: TemplateWorld) => boolean,
): [string, Test][] {
  return names.map((name) => [
    name,
    (world, value, args) => {
      const [other = null] = bind({ name, parameters: ['other'], required: 1, positionalOnly: 0 }, args)
      return run(value, other, world)
    },
  ])
}

function isIterable(value: PyValue): boolean {
  return (
    typeof value === 'string' ||
    Array.isArray(value) ||
    (value instanceof PyObject && value.pyIterate !== undefined)
  )
}

function isSequence(value: PyValue): boolean {
  if (typeof value === 'string' || Array.isArray(value)) return true
  return (
    [PyTuple, PyDict, PyMarkup, PyRange, PyBytes].some((kind) => value instanceof kind) ||
    value instanceof PyUndefined
  )
}

function isNumber(value: PyValue): boolean {
  return ['bigint', 'number', 'boolean'].includes(typeof value) || value instanceof PyComplex
}

function remainder(value: PyValue, divisor: bigint, world: TemplateWorld): PyValue {
  if (value instanceof PyUndefined) throw value.error()
  return binary('%', value, divisor, world.budget)
}

function compare(op: '<' | '<=' | '>' | '>='): (value: PyValue, other: PyValue) => boolean {
  return (value, other) => {
    for (const side of [value, other]) if (side instanceof PyUndefined) throw side.error()
    return ordered(op, plain(value), plain(other))
  }
}

function isCallable(value: PyValue): boolean {
  return value instanceof PyObject && value.pyCall !== undefined
}

/** A value as the name it may be; Python cannot look up what it cannot hash. */
function nameIn(value: PyValue): string {
  if (Array.isArray(value) || value instanceof PyDict)
    throw typeError(`unhashable type: '${typeName(value)}'`)
  return typeof value === 'string' ? value : ''
}

/** Jinja's built-in tests. */
export const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  plainTest('odd', (value, world) => pyEquals(remainder(value, 2n, world), 1n)),
  plainTest('even', (value, world) => pyEquals(remainder(value, 2n, world), 0n)),
  ...against(['divisibleby'], (value, other, world) => {
    if (value instanceof PyUndefined) throw value.error()
    return pyEquals(binary('%', value, other, world.budget), 0n)
  }),
  plainTest('defined', (value) => !(value instanceof PyUndefined)),
  plainTest('undefined', (value) => value instanceof PyUndefined),
  plainTest('none', (value) => value === null),
  plainTest('boolean', (value) => typeof value === 'boolean'),
  plainTest('true', (value) => value === true),
  plainTest('false', (value) => value === false),
  plainTest('integer', (value) => typeof value === 'bigint'),
  plainTest('float', (value) => typeof value === 'number'),
  plainTest('number', isNumber),
  plainTest('string', (value) => typeof value === 'string' || value instanceof PyMarkup),
  plainTest('mapping', (value) => value instanceof PyDict),
  plainTest('sequence', isSequence),
  plainTest('iterable', isIterable),
  plainTest('callable', isCallable),
  plainTest('escaped', (value) => value instanceof PyMarkup),
  plainTest('lower', (value) => isCaseOnly(str(value), isLower)),
  plainTest('upper', (value) => isCaseOnly(str(value), isUpper)),
  plainTest('filter', (value, world) => findFilter(world.engine, nameIn(value)) !== undefined),
  plainTest('test', (value, world) => findTest(world.engine, nameIn(value)) !== undefined),
  ...against(['sameas'], (value, other) => isSame(value, other, true)),
  ...against(['in'], (value, other, world) => contains(other, plain(value), world.budget)),
  ...against(['==', 'eq', 'equalto'], (value, other) => pyEquals(value, other)),
  ...against(['!=', 'ne'], (value, other) => !pyEquals(value, other)),
  ...against(['>', 'gt', 'greaterthan'], compare('>')),
  ...against(['>=', 'ge'], compare('>=')),
  ...against(['<', 'lt', 'lessthan'], compare('<')),
  ...against(['<=', 'le'], compare('<=')),
])
