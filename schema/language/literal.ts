import { Budget } from './budget.ts'
import { PyDict, PySet } from './dict.ts'
import { type PyError, valueError } from './errors.ts'
import type { Node } from './nodes.ts'
import { binary, unary } from './operators.ts'
import { parseExpression } from './parser.ts'
import { PyComplex, PyTuple, type PyValue } from './values.ts'

/**
 * Python's `ast.literal_eval`: numbers, texts, bytes, lists, tuples, sets, dictionaries, `True`, `False`, `None` and `...`.
 * Throws {@link PyError}: `SyntaxError` or `RecursionError` for text that is no Python, `ValueError` for an expression that is no
 * literal, `TypeError` for a key that cannot be hashed.
 */
export function parseLiteral(text: string): PyValue {
  return literal(parseExpression(text.replace(/^[ \t]+/, '')))
}

function literal(node: Node): PyValue {
  switch (node.kind) {
    case 'constant':
      return node.value
    case 'tuple':
      return new PyTuple(node.items.map(literal))
    case 'list':
      return node.items.map(literal)
    case 'set':
      return setOf(node.items)
    case 'dict':
      return dictOf(node.entries)
    case 'call':
      return emptySet(node)
    case 'unary':
      return signed(node)
    case 'binary':
      return complex(node)
    default:
      throw malformed(node)
  }
}

/** Members are put in one by one, so that one that cannot be hashed is found before a later one that is no literal. */
function setOf(items: readonly Node[]): PySet {
  const set = new PySet()
  for (const item of items) set.add(literal(item))
  return set
}

function dictOf(entries: readonly (readonly [Node, Node])[]): PyDict {
  const dict = new PyDict()
  for (const [key, value] of entries) dict.set(literal(key), literal(value))
  return dict
}

function malformed(node: Node): PyError {
  const error = valueError('this is not a literal value')
  error.offset = node.start
  return error
}

function emptySet(node: Node & { kind: 'call' }): PyValue {
  const { callee, parts } = node
  const isEmpty = parts.positional.length === 0 && parts.named.length === 0
  if (callee.kind === 'name' && callee.name === 'set' && isEmpty) return new PySet()
  throw malformed(node)
}

function number(node: Node): bigint | number | PyComplex {
  if (node.kind !== 'constant') throw malformed(node)
  const { value } = node
  if (typeof value === 'bigint' || typeof value === 'number' || value instanceof PyComplex) return value
  throw malformed(node)
}

function signed(node: Node): PyValue {
  if (node.kind !== 'unary') return number(node)
  if (node.op === 'not') throw malformed(node)
  return unary(node.op, number(node.operand))
}

/** `1+2j`: a real number and an imaginary one, the only sum that is a literal. */
function complex(node: Node & { kind: 'binary' }): PyValue {
  if (node.op !== '+' && node.op !== '-') throw malformed(node)
  const left = signed(node.left)
  const right = number(node.right)
  if (left instanceof PyComplex || !(right instanceof PyComplex)) throw malformed(node)
  return binary(node.op, left, right, new Budget())
}
