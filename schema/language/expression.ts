import { Budget } from './budget.ts'
import { BUILTINS } from './builtins.ts'
import { TextCache } from './cache.ts'
import { compileArguments } from './compile-arguments.ts'
import type { PyDict } from './dict.ts'
import { asPyError, PyError } from './errors.ts'
import {
  type Compile,
  type CompiledTree,
  compileTree,
  type Evaluation,
  type Language,
  later,
  located,
} from './evaluator.ts'
import { callMethod, getAttribute } from './methods.ts'
import { children, type Node } from './nodes.ts'
import { parseExpression } from './parser.ts'
import { ExpressionError, type LanguageProblem, problemOf } from './problems.ts'
import { stringMethod } from './string-methods.ts'
import { subscript } from './subscript.ts'
import {
  type CallArguments,
  callValue,
  PyFunction,
  PyObject,
  PyType,
  type PyValue,
  typeName,
} from './values.ts'

/** A parsed expression. Make it with {@link compileExpression}. */
export type Expression = {
  /** The author's text; all offsets point into it. */
  readonly text: string
  readonly node: Node
  /** What {@link evaluate} runs, made when it is first evaluated. */
  readonly compiled: () => CompiledTree<ExpressionWorld>
}

type ExpressionWorld = { readonly scope: Scope; readonly budget: Budget }

/** Where the names of an expression get their values: a dictionary, or a function that gives `undefined` for unknown names. */
export type Scope = PyDict | { readonly get: (name: string) => PyValue | undefined }

const CACHE = new TextCache<Expression>()

/**
 * Parse a condition, script or filter: one Python expression. Results are kept by text, so asking again is cheap.
 * Throws {@link ExpressionError} with code `syntax-error` or `too-deep`.
 */
export function compileExpression(text: string): Expression {
  try {
    return CACHE.get(text, () => {
      const node = parseExpression(text)
      return { text, node, compiled: later(() => compileTree(node, LANGUAGE)) }
    })
  } catch (error) {
    throw new ExpressionError(asPyError(error), text)
  }
}

/**
 * Evaluate a parsed expression. Only names of the scope, the listed functions and the listed methods can be reached.
 * Throws {@link ExpressionError}; a budget makes even hostile expressions end.
 */
export function evaluate(expression: Expression, scope: Scope, budget: Budget = new Budget()): PyValue {
  try {
    const { run, size } = expression.compiled()
    budget.step(size)
    return run({ scope, budget })
  } catch (error) {
    throw new ExpressionError(asPyError(located(error, expression.node.start)), expression.text)
  }
}

function notAllowed(message: string): PyError {
  return new PyError('NotAllowed', message)
}

const LANGUAGE: Language<ExpressionWorld> = {
  name: (name, start) => {
    const builtin = BUILTINS.get(name)
    return ({ scope }) => {
      const own = scope.get(name)
      const value = own === undefined ? builtin : own
      if (value === undefined) throw new PyError('NameError', `unknown name '${name}'`, start)
      return value
    }
  },
  attribute:
    (name) =>
    (object, { budget }) => {
      if (name.startsWith('_')) throw notAllowed(`the private attribute '${name}' cannot be read`)
      const value = object instanceof PyFunction ? undefined : getAttribute(object, name, budget)
      if (value === undefined)
        throw new PyError('AttributeError', `'${typeName(object)}' object has no attribute '${name}'`)
      return value
    },
  item: (object, key, { budget }) => subscript(object, key, budget),
  call: compileCall,
  special: (node) => {
    const what =
      node.kind === 'forbidden' ? node.what : node.kind === 'set' ? 'a set in braces' : `a ${node.kind}`
    return refusing(`${what} is not allowed in an expression`)
  },
}

/** An evaluation that only fails. What stands inside is not evaluated. */
function refusing(message: string): Evaluation<ExpressionWorld> {
  return () => {
    throw notAllowed(message)
  }
}

function compileCall(
  { callee, parts }: Node & { readonly kind: 'call' },
  compile: Compile<ExpressionWorld>,
): Evaluation<ExpressionWorld> {
  if (callee.kind === 'name') {
    const builtin = BUILTINS.get(callee.name)
    if (builtin === undefined) return refusing(`the function '${callee.name}' is not allowed`)
    const args = compileArguments(parts, compile)
    return (world) => callValue(builtin, args(world), world.budget)
  }
  if (callee.kind !== 'attribute') return refusing('only functions and methods can be called, by their name')
  const { name } = callee
  if (name.startsWith('_')) return refusing(`the private method '${name}' cannot be called`)
  const object = compile(callee.object)
  const args = compileArguments(parts, compile)
  const ofText = stringMethod(name)
  return (world) => {
    const self = object(world)
    if (typeof self !== 'string' || ofText === undefined) return callMember(self, name, args, world)
    // Most methods are those of texts, which are found once for all evaluations.
    const given = args(world)
    world.budget.step()
    return ofText(self, given, world.budget)
  }
}

function callMember(
  object: PyValue,
  name: string,
  args: (world: ExpressionWorld) => CallArguments,
  world: ExpressionWorld,
): PyValue {
  const { budget } = world
  if (object instanceof PyObject) {
    if (object instanceof PyType || object instanceof PyFunction)
      throw notAllowed(`'${name}' cannot be called on a function or type; call it on a value`)
    const own = object.pyAttribute(name, budget)
    if (own !== undefined) return callValue(own, args(world), budget)
  }
  const result = callMethod(object, name, args(world), budget)
  if (result !== undefined) return result
  const attribute = getAttribute(object, name, budget)
  if (attribute !== undefined) return callValue(attribute, args(world), budget)
  throw new PyError('AttributeError', `'${typeName(object)}' object has no method '${name}'`)
}

/**
 * What is wrong with an expression before it runs. Text that is no Python is an error, as it is when CodeMie loads a workflow;
 * Python that may not be evaluated is a warning, because CodeMie loads it and then always takes the other way.
 */
export function checkExpression(text: string): LanguageProblem[] {
  try {
    const { node } = compileExpression(text)
    return Array.from(refusals(node), (error) => problemOf(error, text, 'warning'))
  } catch (error) {
    if (error instanceof ExpressionError) return [error.problem]
    throw error
  }
}

function* refusals(node: Node): Generator<PyError> {
  const refuse = (message: string): PyError => new PyError('NotAllowed', message, node.start)
  if (node.kind === 'forbidden') {
    yield refuse(`${node.what} is not allowed: the expression fails when it is evaluated`)
    return
  }
  if (node.kind === 'set')
    yield refuse('a set in braces is not allowed: the expression fails when it is evaluated')
  if (node.kind === 'attribute' && node.name.startsWith('_'))
    yield refuse(`the private attribute '${node.name}' cannot be read`)
  if (node.kind === 'call') {
    const { callee } = node
    if (callee.kind === 'name' && !BUILTINS.has(callee.name))
      yield refuse(`the function '${callee.name}' is not allowed`)
    if (callee.kind !== 'name' && callee.kind !== 'attribute')
      yield refuse('only functions and methods can be called, by their name')
  }
  for (const child of children(node)) yield* refusals(child)
}

/**
 * The names that an expression reads from its scope, in order of appearance, without the functions that every expression has
 * unless they are read as plain values too. Throws {@link ExpressionError} for text that is no expression.
 */
export function expressionNames(text: string): string[] {
  const names = new Set<string>()
  const visit = (node: Node): void => {
    if (node.kind === 'name') names.add(node.name)
    for (const child of children(node)) {
      if (node.kind === 'call' && child === node.callee && child.kind === 'name') continue
      visit(child)
    }
  }
  visit(compileExpression(text).node)
  return Array.from(names).filter((name) => !BUILTINS.has(name))
}

/**
 * The expression as CodeMie stores it when it loads a workflow: the names `true` and `false` mean `True` and `False`. Length and
 * all offsets stay as they are. Throws {@link ExpressionError} for text that is no expression.
 */
export function loadExpression(text: string): string {
  const { node } = compileExpression(text)
  let result = text
  const visit = (inner: Node): void => {
    if (inner.kind === 'name' && (inner.name === 'true' || inner.name === 'false'))
      result =
        result.slice(0, inner.start) +
        (inner.name === 'true' ? 'True' : 'False') +
        result.slice(inner.start + inner.name.length)
    for (const child of children(inner)) visit(child)
  }
  visit(node)
  return result
}
