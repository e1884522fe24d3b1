import type { Budget } from './budget.ts'
import { PyDict } from './dict.ts'
import { PyError } from './errors.ts'
import { formatValue } from './format.ts'
import type { FStringPart, Node } from './nodes.ts'
import {
  type BinaryOperator,
  type CompareOperator,
  contains,
  isSame,
  operation,
  ordered,
  pyEquals,
  unary,
} from './operators.ts'
import { str } from './printing.ts'
import { PySlice, PyTuple, type PyValue, truthy } from './values.ts'

/** What expressions are evaluated in: their budget, and whatever else their language reads from it. */
export type World = { readonly budget: Budget }

/** A compiled tree: its value in a world. Throws {@link PyError} with the offset of the innermost node that failed. */
export type Evaluation<W extends World> = (world: W) => PyValue

/** Compiles a node of the tree that is being compiled. */
export type Compile<W extends World> = (node: Node) => Evaluation<W>

/** What differs between the two languages. */
export type Language<W extends World> = {
  readonly name: (name: string, start: number) => Evaluation<W>
  /** Reads an attribute of this name: what the name alone decides is decided when it is compiled. */
  readonly attribute: (name: string) => (object: PyValue, world: W) => PyValue
  readonly item: (object: PyValue, key: PyValue, world: W) => PyValue
  readonly call: (node: Node & { readonly kind: 'call' }, compile: Compile<W>) => Evaluation<W>
  /** Nodes that only one of the languages has, and choices without `else`. */
  readonly special: (node: Node, compile: Compile<W>) => Evaluation<W>
  /** Replaces an operator when one side is an object that only this language has; nothing to go on as usual. */
  readonly operate?: (op: string, left: PyValue, right: PyValue, world: W) => PyValue | undefined
}

/** A compiled tree, and how many nodes it has. */
export type CompiledTree<W extends World> = { readonly run: Evaluation<W>; readonly size: number }

/**
 * Turn a tree into one function that calls those of its parts: looking at each node again in every evaluation costs several times as
 * much. It counts no steps, because an expression has no loop and ends after one for each node; who runs it takes them together.
 */
export function compileTree<W extends World>(tree: Node, language: Language<W>): CompiledTree<W> {
  let size = 0
  const compile = (node: Node): Evaluation<W> => {
    size += 1
    return compileNode(node, language, compile)
  }
  const run = compile(tree)
  return { run, size }
}

/** Compute at the first use: most texts are only checked. */
export function later<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** What was thrown, with the place where it happened unless a part of that place has said so. */
export function located(thrown: unknown, start: number): unknown {
  if (thrown instanceof PyError) thrown.offset ??= start
  return thrown
}

/** The same work, with errors that are {@link located}. */
export function placed<W, R>(start: number, run: (world: W) => R): (world: W) => R {
  return (world) => {
    try {
      return run(world)
    } catch (error) {
      throw located(error, start)
    }
  }
}

// The most frequent nodes catch by themselves: a function around each of them takes time.
function compileNode<W extends World>(node: Node, language: Language<W>, compile: Compile<W>): Evaluation<W> {
  const { start } = node
  switch (node.kind) {
    case 'constant': {
      const { value } = node
      return () => value
    }
    case 'name':
      return language.name(node.name, start)
    case 'unary': {
      const { op } = node
      const operand = compile(node.operand)
      return op === 'not'
        ? (world) => !truthy(operand(world))
        : placed(start, (world) => unary(op, operand(world)))
    }
    case 'binary': {
      const left = compile(node.left)
      const right = compile(node.right)
      const operate = arithmetic(node.op, language)
      return (world) => {
        try {
          return operate(left(world), right(world), world.budget, world)
        } catch (error) {
          throw located(error, start)
        }
      }
    }
    case 'logic': {
      const left = compile(node.left)
      const right = compile(node.right)
      const goesOn = node.op === 'and'
      return (world) => {
        const value = left(world)
        return truthy(value) === goesOn ? right(world) : value
      }
    }
    case 'compare':
      return comparisons(node, language, compile)
    case 'choice': {
      const test = compile(node.test)
      const chosen = compile(node.chosen)
      const otherwise =
        node.otherwise === undefined ? language.special(node, compile) : compile(node.otherwise)
      return (world) => (truthy(test(world)) ? chosen(world) : otherwise(world))
    }
    case 'attribute': {
      const object = compile(node.object)
      const read = language.attribute(node.name)
      return (world) => {
        try {
          return read(object(world), world)
        } catch (error) {
          throw located(error, start)
        }
      }
    }
    case 'subscript': {
      const object = compile(node.object)
      const key = compile(node.key)
      const { item } = language
      return (world) => {
        try {
          return item(object(world), key(world), world)
        } catch (error) {
          throw located(error, start)
        }
      }
    }
    case 'slice': {
      const [lower = none, upper = none, stride = none] = node.parts.map((part) =>
        part === undefined ? none : compile(part),
      )
      return (world) => new PySlice(lower(world), upper(world), stride(world))
    }
    case 'list':
      return compileAll(node.items, compile)
    case 'tuple': {
      const items = compileAll(node.items, compile)
      return (world) => new PyTuple(items(world))
    }
    case 'dict': {
      const keysAndValues = compileAll(node.entries.flat(), compile)
      return placed(start, (world) => {
        const evaluated = keysAndValues(world)
        const dict = new PyDict()
        for (let place = 0; place < evaluated.length; place += 2)
          dict.set(evaluated[place] ?? null, evaluated[place + 1] ?? null)
        return dict
      })
    }
    case 'call':
      return placed(start, language.call(node, compile))
    case 'fstring':
      return placed(start, joinedParts(node.parts, compile))
    case 'set':
    case 'forbidden':
    case 'concat':
    case 'filter':
    case 'test':
      return placed(start, language.special(node, compile))
  }
}

const none = (): PyValue => null

/** The values of nodes, evaluated in their order. */
export function compileAll<W extends World>(
  nodes: readonly Node[],
  compile: Compile<W>,
): (world: W) => PyValue[] {
  const runs = nodes.map(compile)
  const [first, second] = runs
  // Most calls and displays have few items.
  if (first === undefined) return () => []
  if (second === undefined) return (world) => [first(world)]
  if (runs.length === 2) return (world) => [first(world), second(world)]
  return (world) => {
    const made: PyValue[] = []
    for (const run of runs) made.push(run(world))
    return made
  }
}

type Operation<W, R> = (left: PyValue, right: PyValue, world: W) => R

/** Whether a value is no plain one, so that the language may have an opinion on its operators. */
function isObject(value: PyValue): boolean {
  return typeof value === 'object' && value !== null
}

function arithmetic<W extends World>(
  op: BinaryOperator,
  { operate }: Language<W>,
): (left: PyValue, right: PyValue, budget: Budget, world: W) => PyValue {
  const plain = operation(op)
  if (operate === undefined) return plain
  return (left, right, budget, world) =>
    (isObject(left) || isObject(right) ? operate(op, left, right, world) : undefined) ??
    plain(left, right, budget)
}

function comparisons<W extends World>(
  { first, rest, start }: Node & { kind: 'compare' },
  language: Language<W>,
  compile: Compile<W>,
): Evaluation<W> {
  const leftmost = compile(first)
  const steps = rest.map(({ op, right }, index) => ({
    right: compile(right),
    holds: comparison(op, samePlace(rest[index - 1]?.right ?? first, right), language),
  }))
  const [only] = steps
  if (only !== undefined && steps.length === 1) {
    const { holds, right } = only
    return (world) => {
      try {
        return holds(leftmost(world), right(world), world)
      } catch (error) {
        throw located(error, start)
      }
    }
  }
  return placed(start, (world) => {
    let left = leftmost(world)
    for (const { right, holds } of steps) {
      const value = right(world)
      if (!holds(left, value, world)) return false
      left = value
    }
    return true
  })
}

function comparison<W extends World>(
  op: CompareOperator,
  isSamePlace: boolean,
  { operate }: Language<W>,
): Operation<W, boolean> {
  switch (op) {
    // V8 compiles one function for an operator and its opposite, in half the time of two.
    case 'in':
    case 'not in': {
      const wanted = op === 'in'
      return (left, right, world) => contains(right, left, world.budget) === wanted
    }
    case 'is':
    case 'is not': {
      const wanted = op === 'is'
      return (left, right) => isSame(left, right, isSamePlace) === wanted
    }
    default:
  }
  const plain = plainComparison(op)
  if (operate === undefined) return plain
  return (left, right, world) => {
    const special = isObject(left) || isObject(right) ? operate(op, left, right, world) : undefined
    return special === undefined ? plain(left, right) : truthy(special)
  }
}

function plainComparison(
  op: '==' | '!=' | '<' | '<=' | '>' | '>=',
): (left: PyValue, right: PyValue) => boolean {
  if (op === '==') return pyEquals
  return op === '!=' ? (left, right) => !pyEquals(left, right) : (left, right) => ordered(op, left, right)
}

/** Whether two nodes read the same name, attribute or item, so that they give one object. */
function samePlace(a: Node, b: Node): boolean {
  if (a.kind === 'name') return b.kind === 'name' && a.name === b.name
  if (a.kind === 'attribute')
    return b.kind === 'attribute' && a.name === b.name && samePlace(a.object, b.object)
  if (a.kind === 'subscript')
    return (
      b.kind === 'subscript' &&
      samePlace(a.object, b.object) &&
      a.key.kind === 'constant' &&
      b.key.kind === 'constant' &&
      pyEquals(a.key.value, b.key.value)
    )
  return false
}

function joinedParts<W extends World>(
  parts: readonly FStringPart[],
  compile: Compile<W>,
): (world: W) => string {
  const pieces = parts.map((part): ((world: W) => string) => {
    if (typeof part === 'string') return () => part
    const value = compile(part.value)
    if (part.spec === undefined) return (world) => str(value(world))
    const spec = joinedParts(part.spec, compile)
    return (world) => formatValue(value(world), spec(world), world.budget)
  })
  return (world) => {
    let text = ''
    for (const piece of pieces) {
      text += piece(world)
      world.budget.text(text.length)
    }
    return text
  }
}
