import { PyError, typeError } from '../errors.ts'
import { compileTree, type Evaluation, located } from '../evaluator.ts'
import type { Node } from '../nodes.ts'
import { str } from '../printing.ts'
import { asText, callValue, PyTuple, type PyValue, toArray, truthy, typeName } from '../values.ts'
import type { Frame } from './frame.ts'
import { TEMPLATE_LANGUAGE, templateArguments } from './language.ts'
import { compileMacro } from './macros.ts'
import { insideOf, type Statement, type Target } from './statements.ts'
import { escapeHtml, PyLoop, PyNamespace } from './values.ts'

/** What statements do in a frame: they write to its rendering and set its names. */
export type Step = (frame: Frame) => void

type CompileValue = (node: Node) => Evaluation<Frame>

/** Turn the statements of one scope into one function, which takes a step of the budget for each and for each of their nodes. */
export function compileBody(body: readonly Statement[]): Step {
  let size = body.length
  const value = (node: Node): Evaluation<Frame> => {
    const tree = compileTree(node, TEMPLATE_LANGUAGE)
    size += tree.size
    return tree.run
  }
  const steps = body.map((statement) => ({ start: statement.start, run: compileStatement(statement, value) }))
  return (frame) => {
    let start = body[0]?.start ?? 0
    try {
      frame.budget.step(size)
      for (const step of steps) {
        start = step.start
        step.run(frame)
      }
    } catch (error) {
      throw located(error, start)
    }
  }
}

/** The same in a scope of its own. */
function compileScope(body: readonly Statement[]): Step {
  const run = compileBody(body)
  return (frame) => run(frame.inner())
}

/** The blocks of a template by name, wherever they stand: they can be called before they are met. */
export function compileBlocks(
  body: readonly Statement[],
  blocks = new Map<string, Step>(),
): ReadonlyMap<string, Step> {
  for (const statement of body) {
    if (statement.kind === 'block') blocks.set(statement.name, compileScope(statement.body))
    for (const inner of insideOf(statement).bodies) compileBlocks(inner, blocks)
  }
  return blocks
}

function compileStatement(statement: Statement, compileValue: CompileValue): Step {
  switch (statement.kind) {
    case 'text': {
      const { text } = statement
      return ({ rendering }) => rendering.write(text)
    }
    case 'print': {
      const value = compileValue(statement.value)
      return (frame) => print(value(frame), frame)
    }
    case 'for':
      return compileFor(statement, compileValue)
    case 'if': {
      const branches = statement.branches.map(({ test, body }) => ({
        test: compileValue(test),
        run: compileBody(body),
      }))
      const otherwise = compileBody(statement.otherwise)
      return (frame) => {
        for (const { test, run } of branches) if (truthy(test(frame))) return run(frame)
        otherwise(frame)
      }
    }
    case 'set': {
      const value = compileValue(statement.value)
      const assign = compileTarget(statement.target)
      return (frame) => assign(value(frame), frame)
    }
    case 'set-block': {
      const text = compileCaptured(statement.body, statement.filter, compileValue)
      const assign = compileTarget(statement.target)
      return (frame) => assign(text(frame), frame)
    }
    case 'with': {
      const bindings = statement.bindings.map(([target, value]) => ({
        assign: compileTarget(target),
        value: compileValue(value),
      }))
      const run = compileBody(statement.body)
      return (frame) => {
        const inner = frame.inner()
        const values = bindings.map(({ value }) => value(frame))
        bindings.forEach(({ assign }, index) => {
          assign(values[index] ?? null, inner)
        })
        run(inner)
      }
    }
    case 'macro': {
      const { macro } = statement
      const make = compileMacro(macro)
      return (frame) => frame.set(macro.name, make(frame))
    }
    case 'call': {
      const callee = compileValue(statement.call.callee)
      const args = templateArguments(statement.call.parts, compileValue)
      const caller = compileMacro(statement.caller)
      return (frame) => {
        const { positional, named } = args(frame)
        const withCaller = { positional, named: new Map([...named, ['caller', caller(frame)]]) }
        writeText(callValue(callee(frame), withCaller, frame.budget), frame)
      }
    }
    case 'filter': {
      const text = compileCaptured(statement.body, statement.filter, compileValue)
      return (frame) => writeText(text(frame), frame)
    }
    case 'autoescape': {
      const value = compileValue(statement.value)
      const run = compileScope(statement.body)
      return (frame) => {
        const { rendering } = frame
        const before = rendering.autoescape
        rendering.autoescape = truthy(value(frame))
        try {
          run(frame)
        } finally {
          rendering.autoescape = before
        }
      }
    }
    case 'block': {
      const { name, required, scoped } = statement
      if (required)
        return () => {
          throw new PyError('RuntimeError', `the required block '${name}' has no other template to fill it`)
        }
      const run = compileScope(statement.body)
      return (frame) => {
        run(scoped ? frame : frame.top)
      }
    }
    case 'load': {
      const { tag } = statement
      return () => {
        throw typeError(`'${tag}' needs other templates, and a workflow's template has none`)
      }
    }
  }
}

function print(value: PyValue, { rendering }: Frame): void {
  rendering.write(rendering.autoescape ? escapeHtml(value) : str(value))
}

/** What filter and call blocks give goes out as it is, so that it has to be text already. */
function writeText(value: PyValue, { rendering }: Frame): void {
  const text = asText(value)
  if (text === undefined)
    throw typeError(
      `a block gives text, but this one gave '${typeName(value)}'; add a filter such as 'string'`,
    )
  rendering.write(text)
}

/** The name under which a filter reads the text of its block; no template can write it. */
const BLOCK_TEXT = 'text of the block'

/** The text of a block, passed through filters when there are any. */
function compileCaptured(
  body: readonly Statement[],
  filter: Node | undefined,
  compileValue: CompileValue,
): Evaluation<Frame> {
  const run = compileScope(body)
  const text = (frame: Frame): PyValue => frame.rendering.captured(() => run(frame))
  if (filter === undefined) return text
  const filtered = compileValue(applied(filter))
  return (frame) => {
    const inner = frame.inner()
    inner.set(BLOCK_TEXT, text(frame))
    return filtered(inner)
  }
}

/** A chain of filters with the text of the block where the innermost has no value, as filter blocks do. */
function applied(filter: Node): Node {
  if (filter.kind !== 'filter') return filter
  const { target, start } = filter
  return {
    ...filter,
    target: target === undefined ? { kind: 'name', name: BLOCK_TEXT, start, height: 1 } : applied(target),
  }
}

function compileTarget(target: Target): (value: PyValue, frame: Frame) => void {
  switch (target.kind) {
    case 'name': {
      const { name } = target
      return (value, frame) => frame.set(name, value)
    }
    case 'member':
      return (value, frame) => {
        const space = frame.get(target.name)
        if (!(space instanceof PyNamespace))
          throw new PyError('RuntimeError', 'cannot assign attribute on non-namespace object')
        space.members.set(target.attribute, value)
      }
    case 'tuple': {
      const parts = target.items.map(compileTarget)
      return (value, frame) => {
        const items = value instanceof PyTuple ? value.items : toArray(value, frame.budget)
        if (items.length !== parts.length) {
          const trouble = items.length < parts.length ? 'not enough' : 'too many'
          throw new PyError(
            'ValueError',
            `${trouble} values to unpack (expected ${parts.length}, got ${items.length})`,
          )
        }
        parts.forEach((assign, index) => {
          assign(items[index] ?? null, frame)
        })
      }
    }
  }
}

/** Whether statements set no names and let nothing keep their frame, so that one frame does for all turns of a loop. */
function leaveFrameAlone(body: readonly Statement[]): boolean {
  return body.every((statement) => {
    switch (statement.kind) {
      case 'set':
        return statement.target.kind === 'member'
      case 'set-block':
      case 'macro':
      case 'call':
      case 'block':
        return false
      default:
        return insideOf(statement).bodies.every(leaveFrameAlone)
    }
  })
}

function compileFor(statement: Statement & { kind: 'for' }, compileValue: CompileValue): Step {
  const iterable = compileValue(statement.items)
  const test = statement.test === undefined ? undefined : compileTree(statement.test, TEMPLATE_LANGUAGE)
  const assign = compileTarget(statement.target)
  const run = compileBody(statement.body)
  const otherwise = compileScope(statement.otherwise)
  const isReusable = leaveFrameAlone(statement.body)

  // One function also for the first turn: V8 would compile the loop a second time inside one that only starts it.
  const walk = (frame: Frame, values = iterable(frame), depth = 0): void => {
    const { budget, rendering } = frame
    let items: readonly PyValue[] = values instanceof PyTuple ? values.items : toArray(values, budget)
    if (test !== undefined)
      items = items.filter((item) => {
        const inner = frame.inner()
        budget.step(test.size)
        assign(item, inner)
        return truthy(test.run(inner))
      })
    const again = (more: PyValue): PyValue => rendering.captured(() => walk(frame, more, depth + 1))
    const loop = new PyLoop(items, depth, statement.recursive ? again : undefined)
    let inner = frame.inner()
    inner.set('loop', loop)
    for (let index = 0; index < items.length; index += 1) {
      budget.step()
      if (index > 0 && !isReusable) {
        inner = frame.inner()
        inner.set('loop', loop)
      }
      loop.moveTo(index)
      assign(items[index] ?? null, inner)
      run(inner)
    }
    if (items.length === 0) otherwise(frame)
  }
  return walk
}
