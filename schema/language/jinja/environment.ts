import type { Budget } from '../budget.ts'
import { typeOf } from '../conversions.ts'
import { PyDict } from '../dict.ts'
import { PyError } from '../errors.ts'
import { getAttribute, isDictMethod } from '../methods.ts'
import { repr } from '../printing.ts'
import { subscript } from '../subscript.ts'
import { type CallArguments, PyType, type PyValue } from '../values.ts'
import { FILTERS, type Filter } from './filters.ts'
import { TESTS, type Test } from './tests.ts'
import { objectWords, PyUndefined } from './values.ts'

/** What one of the two template engines allows, and how it treats white space. */
export type Engine = {
  readonly name: 'dynamic' | 'secure'
  readonly trimBlocks: boolean
  readonly lstripBlocks: boolean
  /** Attributes with a leading underscore are hidden, ranges bounded. */
  readonly sandboxed: boolean
  readonly missingFilters: ReadonlySet<string>
  readonly missingTests: ReadonlySet<string>
}

/** What filters and tests may ask of the template they run in. */
export type TemplateWorld = {
  readonly engine: Engine
  readonly budget: Budget
  readonly autoescape: boolean
  readonly attribute: (object: PyValue, name: string) => PyValue
  readonly item: (object: PyValue, key: PyValue) => PyValue
  /** An attribute or method of the value itself, never an item of it. */
  readonly ownAttribute: (object: PyValue, name: string) => PyValue
  readonly callFilter: (name: string, value: PyValue, args: CallArguments) => PyValue
  readonly callTest: (name: string, value: PyValue, args: CallArguments) => boolean
}

/** The filter of an engine with this name, or nothing. */
export function findFilter(engine: Engine, name: string): Filter | undefined {
  return engine.missingFilters.has(name) ? undefined : FILTERS.get(name)
}

/** The test of an engine with this name, or nothing. */
export function findTest(engine: Engine, name: string): Test | undefined {
  return engine.missingTests.has(name) ? undefined : TESTS.get(name)
}

const LOOKUP_ERRORS = new Set(['TypeError', 'KeyError', 'IndexError', 'LookupError', 'AttributeError'])

function tryItem(object: PyValue, key: PyValue, budget: Budget): PyValue | undefined {
  if (object instanceof PyDict && typeof key === 'string') return object.get(key)
  try {
    return subscript(object, key, budget)
  } catch (error) {
    if (error instanceof PyError && LOOKUP_ERRORS.has(error.pyType)) return undefined
    throw error
  }
}

function tryAttribute(engine: Engine, object: PyValue, name: string, budget: Budget): PyValue | undefined {
  if (!name.startsWith('_')) return getAttribute(object, name, budget)
  if (engine.sandboxed) return undefined
  // Engine A has no sandbox upstream. Only the type is shown here, as a value that leads nowhere.
  if (name === '__class__') return typeOf(object)
  return object instanceof PyType ? getAttribute(object, name, budget) : undefined
}

/** An attribute or method of the value itself, never an item of it. */
export function readOwnAttribute(engine: Engine, object: PyValue, name: string, budget: Budget): PyValue {
  if (object instanceof PyUndefined) throw object.error()
  const attribute = tryAttribute(engine, object, name, budget)
  return attribute === undefined ? noAttribute(object, name) : attribute
}

/** `object.name` as Jinja reads it: an attribute or method first, then an item, else undefined. */
export function readAttribute(engine: Engine, object: PyValue, name: string, budget: Budget): PyValue {
  if (object instanceof PyDict && !isDictMethod(name) && !name.startsWith('_')) {
    const own = object.get(name)
    return own === undefined ? noAttribute(object, name) : own
  }
  if (object instanceof PyUndefined) throw object.error()
  const attribute = tryAttribute(engine, object, name, budget)
  if (attribute !== undefined) return attribute
  const item = tryItem(object, name, budget)
  return item === undefined ? noAttribute(object, name) : item
}

/** `object[key]` as Jinja reads it: an item first, then an attribute, else undefined. */
export function readItem(engine: Engine, object: PyValue, key: PyValue, budget: Budget): PyValue {
  if (object instanceof PyUndefined) throw object.error()
  const item = tryItem(object, key, budget)
  if (item !== undefined) return item
  if (typeof key !== 'string') return new PyUndefined(`${objectWords(object)} has no element ${repr(key)}`)
  const attribute = tryAttribute(engine, object, key, budget)
  return attribute === undefined ? noAttribute(object, key) : attribute
}

function noAttribute(object: PyValue, name: string): PyUndefined {
  return new PyUndefined(`${objectWords(object)} has no attribute '${name}'`)
}
