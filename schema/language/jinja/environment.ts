import type { Budget } from '../budget.ts'
import { typeOf } from '../conversions.ts'
import { PyDict } from '../dict.ts'
import { PyError } from '../errors.ts'
import type { Environment } from '../evaluator.ts'
import { getAttribute } from '../methods.ts'
import type { CallParts, Node } from '../nodes.ts'
import { repr, str } from '../printing.ts'
import { subscript } from '../subscript.ts'
import { type CallArguments, callValue, PySlice, PyType, type PyValue, toArray } from '../values.ts'
import { FILTERS, type Filter } from './filters.ts'
import { TESTS, type Test } from './tests.ts'
import { escapeHtml, objectWords, operateOnMarkup, PyMarkup, PyUndefined } from './values.ts'

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

/** `object.name` as Jinja reads it: an attribute or method first, then an item, else undefined. */
function readAttribute(engine: Engine, object: PyValue, name: string, budget: Budget): PyValue {
  if (object instanceof PyUndefined) throw object.error()
  const attribute = tryAttribute(engine, object, name, budget)
  if (attribute !== undefined) return attribute
  const item = tryItem(object, name, budget)
  return item === undefined ? new PyUndefined(`${objectWords(object)} has no attribute '${name}'`) : item
}

/** `object[key]` as Jinja reads it: an item first, then an attribute, else undefined. */
function readItem(engine: Engine, object: PyValue, key: PyValue, budget: Budget): PyValue {
  if (object instanceof PyUndefined) throw object.error()
  const item = tryItem(object, key, budget)
  if (item !== undefined) return item
  const attribute = typeof key === 'string' ? tryAttribute(engine, object, key, budget) : undefined
  if (attribute !== undefined) return attribute
  return new PyUndefined(
    typeof key === 'string'
      ? `${objectWords(object)} has no attribute '${key}'`
      : `${objectWords(object)} has no element ${repr(key)}`,
  )
}

/** The world of a template at one place of it. `autoescape` is asked each time because blocks change it. */
export function templateWorld(engine: Engine, budget: Budget, autoescape: () => boolean): TemplateWorld {
  const world: TemplateWorld = {
    engine,
    budget,
    get autoescape() {
      return autoescape()
    },
    attribute: (object, name) => readAttribute(engine, object, name, budget),
    item: (object, key) => readItem(engine, object, key, budget),
    ownAttribute: (object, name) => {
      if (object instanceof PyUndefined) throw object.error()
      return (
        tryAttribute(engine, object, name, budget) ??
        new PyUndefined(`${objectWords(object)} has no attribute '${name}'`)
      )
    },
    callFilter: (name, value, args) => {
      const filter = findFilter(engine, name)
      if (filter === undefined) throw new PyError('SyntaxError', `No filter named '${name}'.`)
      budget.step()
      return filter(world, value, args)
    },
    callTest: (name, value, args) => {
      const test = findTest(engine, name)
      if (test === undefined) throw new PyError('SyntaxError', `No test named '${name}'.`)
      budget.step()
      return test(world, value, args)
    },
  }
  return world
}

/** How expressions are evaluated in a template whose names `lookup` finds. */
export function templateEnvironment(world: TemplateWorld, lookup: (name: string) => PyValue): Environment {
  const { budget } = world
  return {
    budget,
    lookup,
    attribute: world.attribute,
    // Jinja compiles a slice as Python's own, which fails where a missing item would be undefined.
    item: (object, key) =>
      key instanceof PySlice ? subscript(object, key, budget) : world.item(object, key),
    call: (node, run) => callValue(run(node.callee), templateArguments(node.parts, run, budget), budget),
    operate: (op, left, right) => {
      if (left instanceof PyUndefined && op !== '==' && op !== '!=' && op !== 'in' && op !== 'not in')
        throw left.error()
      return operateOnMarkup(op, left, right, budget)
    },
    special: (node, run) => special(world, node, run),
  }
}

function special(world: TemplateWorld, node: Node, run: (node: Node) => PyValue): PyValue {
  switch (node.kind) {
    case 'choice':
      return new PyUndefined('the inline if-expression evaluated to false and no else section was defined.')
    case 'concat':
      return concat(world, node.parts.map(run))
    case 'filter': {
      const target = node.target === undefined ? null : run(node.target)
      return world.callFilter(node.name, target, templateArguments(node.parts, run, world.budget))
    }
    case 'test':
      return world.callTest(node.name, run(node.target), templateArguments(node.parts, run, world.budget))
    default:
      throw new PyError('NotAllowed', `a ${node.kind} has no meaning in a template`)
  }
}

function concat(world: TemplateWorld, values: readonly PyValue[]): PyValue {
  const marked = world.autoescape && values.some((value) => value instanceof PyMarkup)
  const text = values.map((value) => (marked ? escapeHtml(value) : str(value))).join('')
  world.budget.text(text.length)
  return marked ? new PyMarkup(text) : text
}

/** Evaluate the arguments of a call, a filter or a test, with `*` and `**` unpacked. */
export function templateArguments(
  parts: CallParts,
  run: (node: Node) => PyValue,
  budget: Budget,
): CallArguments {
  const positional = parts.positional.map(run)
  const named = new Map<string, PyValue>()
  for (const [name, value] of parts.named) {
    if (named.has(name)) throw new PyError('SyntaxError', `keyword argument repeated: ${name}`)
    named.set(name, run(value))
  }
  if (parts.star !== undefined) positional.push(...toArray(run(parts.star), budget))
  if (parts.doubleStar !== undefined) {
    const more = run(parts.doubleStar)
    if (!(more instanceof PyDict)) throw new PyError('TypeError', 'argument after ** must be a mapping')
    for (const [name, value] of more.entries()) named.set(str(name), value)
  }
  return { positional, named }
}
