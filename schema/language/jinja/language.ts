import { compileArguments } from '../compile-arguments.ts'
import { PyDict } from '../dict.ts'
import { PyError } from '../errors.ts'
import { type Compile, compileAll, type Evaluation, type Language } from '../evaluator.ts'
import { isDictMethod } from '../methods.ts'
import type { CallParts, Node } from '../nodes.ts'
import { str } from '../printing.ts'
import { subscript } from '../subscript.ts'
import { type CallArguments, callValue, PySlice, type PyValue } from '../values.ts'
import { readAttribute, readItem } from './environment.ts'
import type { Frame } from './frame.ts'
import type { Rendering } from './rendering.ts'
import { escapeHtml, operateOnMarkup, PyMarkup, PyUndefined } from './values.ts'

/** How the expressions of templates are evaluated. */
export const TEMPLATE_LANGUAGE: Language<Frame> = {
  name: (name) => (frame) => frame.get(name),
  attribute: attributeReader,
  // Jinja compiles a slice as Python's own, which fails where a missing item would be undefined.
  item: (object, key, { budget, rendering }) =>
    key instanceof PySlice ? subscript(object, key, budget) : readItem(rendering.engine, object, key, budget),
  call: ({ callee, parts }, compile) => {
    const called = compile(callee)
    const args = templateArguments(parts, compile)
    return (frame) => callValue(called(frame), args(frame), frame.budget)
  },
  operate: (op, left, right, { budget }) => {
    if (left instanceof PyUndefined && op !== '==' && op !== '!=') throw left.error()
    return operateOnMarkup(op, left, right, budget)
  },
  special,
}

/** Nearly all attributes are items of dictionaries; whether the name of one can be an item is known before. */
function attributeReader(name: string): (object: PyValue, frame: Frame) => PyValue {
  const canBeItem = !isDictMethod(name) && !name.startsWith('_')
  return (object, { budget, rendering }) => {
    const item = canBeItem && object instanceof PyDict ? object.get(name) : undefined
    return item === undefined ? readAttribute(rendering.engine, object, name, budget) : item
  }
}

function special(node: Node, compile: Compile<Frame>): Evaluation<Frame> {
  switch (node.kind) {
    case 'choice':
      return () =>
        new PyUndefined('the inline if-expression evaluated to false and no else section was defined.')
    case 'concat': {
      const parts = compileAll(node.parts, compile)
      return (frame) => concat(frame.rendering, parts(frame))
    }
    case 'filter': {
      const { name } = node
      const target = node.target === undefined ? () => null : compile(node.target)
      const args = templateArguments(node.parts, compile)
      return (frame) => frame.rendering.callFilter(name, target(frame), args(frame))
    }
    case 'test': {
      const { name } = node
      const target = compile(node.target)
      const args = templateArguments(node.parts, compile)
      return (frame) => frame.rendering.callTest(name, target(frame), args(frame))
    }
    default:
      return () => {
        throw new PyError('NotAllowed', `a ${node.kind} has no meaning in a template`)
      }
  }
}

/** The arguments of a call, a filter or a test, each name once as Jinja wants it. */
export function templateArguments(
  parts: CallParts,
  compile: Compile<Frame>,
): (frame: Frame) => CallArguments {
  const names = parts.named.map(([name]) => name)
  const repeated = names.find((name, index) => names.indexOf(name) < index)
  if (repeated === undefined) return compileArguments(parts, compile)
  return () => {
    throw new PyError('SyntaxError', `keyword argument repeated: ${repeated}`)
  }
}

function concat(rendering: Rendering, values: readonly PyValue[]): PyValue {
  const marked = rendering.autoescape && values.some((value) => value instanceof PyMarkup)
  const print = marked ? escapeHtml : str
  let text = ''
  for (const value of values) text += print(value)
  rendering.budget.text(text.length)
  return marked ? new PyMarkup(text) : text
}
