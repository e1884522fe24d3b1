import type { Budget } from './budget.ts'
import { PyDict } from './dict.ts'
import { PyError } from './errors.ts'
import { formatValue } from './format.ts'
import type { CallParts, FStringPart, Node } from './nodes.ts'
import { binary, contains, isSame, ordered, pyEquals, unary } from './operators.ts'
import { type CallArguments, PySlice, PyTuple, type PyValue, truthy } from './values.ts'

/** What differs between the two languages while a tree is evaluated. */
export type Environment = {
  readonly budget: Budget
  readonly lookup: (name: string) => PyValue
  readonly attribute: (object: PyValue, name: string) => PyValue
  readonly item: (object: PyValue, key: PyValue, bracket: boolean) => PyValue
  readonly call: (node: Node & { readonly kind: 'call' }, evaluate: (node: Node) => PyValue) => PyValue
  /** Nodes that only one of the languages has. */
  readonly special: (node: Node, evaluate: (node: Node) => PyValue) => PyValue
  /** Replaces an operator when one side is a value only this language has; nothing to go on as usual. */
  readonly operate?: (op: string, left: PyValue, right: PyValue) => PyValue | undefined
}

/** Evaluate a tree. Throws {@link PyError} with the offset of the innermost node that failed. */
export function evaluateNode(node: Node, env: Environment): PyValue {
  const run = (inner: Node): PyValue => {
    try {
      env.budget.step()
      return step(inner, env, run)
    } catch (error) {
      if (error instanceof PyError) error.offset ??= inner.start
      throw error
    }
  }
  return run(node)
}

function step(node: Node, env: Environment, run: (node: Node) => PyValue): PyValue {
  switch (node.kind) {
    case 'constant':
      return node.value
    case 'name':
      return env.lookup(node.name)
    case 'unary': {
      const operand = run(node.operand)
      return node.op === 'not' ? !truthy(operand) : unary(node.op, operand)
    }
    case 'binary': {
      const left = run(node.left)
      const right = run(node.right)
      return env.operate?.(node.op, left, right) ?? binary(node.op, left, right, env.budget)
    }
    case 'logic': {
      const left = run(node.left)
      return truthy(left) === (node.op === 'and') ? run(node.right) : left
    }
    case 'compare':
      return compare(node, env, run)
    case 'choice':
      if (truthy(run(node.test))) return run(node.chosen)
      return node.otherwise === undefined ? env.special(node, run) : run(node.otherwise)
    case 'attribute':
      return env.attribute(run(node.object), node.name)
    case 'subscript':
      return env.item(run(node.object), run(node.key), node.bracket)
    case 'slice': {
      const [lower = null, upper = null, stride = null] = node.parts.map((part) =>
        part === undefined ? null : run(part),
      )
      return new PySlice(lower, upper, stride)
    }
    case 'list':
      return node.items.map(run)
    case 'tuple':
      return new PyTuple(node.items.map(run))
    case 'dict':
      return new PyDict(node.entries.map(([key, value]) => [run(key), run(value)] as const))
    case 'call':
      return env.call(node, run)
    case 'fstring':
      return joinParts(node.parts, env, run)
    case 'set':
    case 'forbidden':
    case 'concat':
    case 'filter':
    case 'test':
      return env.special(node, run)
  }
}

function compare(node: Node & { kind: 'compare' }, env: Environment, run: (node: Node) => PyValue): PyValue {
  let leftNode = node.first
  let left = run(leftNode)
  let result = true
  for (const { op, right: rightNode } of node.rest) {
    const right = run(rightNode)
    const special = env.operate?.(op, left, right)
    switch (op) {
      case '==':
        result = special === undefined ? pyEquals(left, right) : truthy(special)
        break
      case '!=':
        result = special === undefined ? !pyEquals(left, right) : truthy(special)
        break
      case 'in':
        result = contains(right, left, env.budget)
        break
      case 'not in':
        result = !contains(right, left, env.budget)
        break
      case 'is':
        result = isSame(left, right, samePlace(leftNode, rightNode))
        break
      case 'is not':
        result = !isSame(left, right, samePlace(leftNode, rightNode))
        break
      default:
        result = special === undefined ? ordered(op, left, right) : truthy(special)
    }
    if (!result) return false
    left = right
    leftNode = rightNode
  }
  return result
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

function joinParts(parts: readonly FStringPart[], env: Environment, run: (node: Node) => PyValue): string {
  let text = ''
  for (const part of parts) {
    if (typeof part === 'string') text += part
    else
      text += formatValue(
        run(part.value),
        part.spec === undefined ? '' : joinParts(part.spec, env, run),
        env.budget,
      )
    env.budget.text(text.length)
  }
  return text
}

/** Evaluate the arguments of a call in the order of the text. */
export function evaluateArguments(parts: CallParts, run: (node: Node) => PyValue): CallArguments {
  const positional = parts.positional.map(run)
  const named = new Map<string, PyValue>()
  for (const [name, value] of parts.named) named.set(name, run(value))
  return { positional, named }
}
