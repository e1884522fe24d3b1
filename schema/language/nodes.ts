import type { BinaryOperator, CompareOperator } from './operators.ts'
import type { PyValue } from './values.ts'

/** Where a node starts in its text, and how many nodes are below it on the longest path. */
type Common = { readonly start: number; readonly height: number }

/** What a call passes: expressions by position and by name; `unpack` when `*` or `**` was used. */
export type CallParts = {
  readonly positional: readonly Node[]
  readonly named: readonly (readonly [name: string, value: Node])[]
  readonly star?: Node | undefined
  readonly doubleStar?: Node | undefined
}

/** A piece of an f-string: text, or a field with its optional format specification. */
export type FStringPart = string | { readonly value: Node; readonly spec: readonly FStringPart[] | undefined }

/** An expression of either language. `filter`, `test` and `concat` are Jinja's; `forbidden` is Python that is never evaluated. */
export type Node = Common &
  (
    | { readonly kind: 'constant'; readonly value: PyValue }
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'unary'; readonly op: '-' | '+' | 'not'; readonly operand: Node }
    | { readonly kind: 'binary'; readonly op: BinaryOperator; readonly left: Node; readonly right: Node }
    | { readonly kind: 'logic'; readonly op: 'and' | 'or'; readonly left: Node; readonly right: Node }
    | {
        readonly kind: 'compare'
        readonly first: Node
        readonly rest: readonly { readonly op: CompareOperator; readonly right: Node }[]
      }
    | {
        readonly kind: 'choice'
        readonly test: Node
        readonly chosen: Node
        readonly otherwise: Node | undefined
      }
    | { readonly kind: 'attribute'; readonly object: Node; readonly name: string }
    | { readonly kind: 'subscript'; readonly object: Node; readonly key: Node; readonly bracket: boolean }
    | { readonly kind: 'slice'; readonly parts: readonly (Node | undefined)[] }
    | { readonly kind: 'list'; readonly items: readonly Node[] }
    | { readonly kind: 'tuple'; readonly items: readonly Node[] }
    | { readonly kind: 'set'; readonly items: readonly Node[] }
    | { readonly kind: 'dict'; readonly entries: readonly (readonly [Node, Node])[] }
    | { readonly kind: 'call'; readonly callee: Node; readonly parts: CallParts }
    | { readonly kind: 'fstring'; readonly parts: readonly FStringPart[] }
    | { readonly kind: 'forbidden'; readonly what: string; readonly inside: readonly Node[] }
    | { readonly kind: 'concat'; readonly parts: readonly Node[] }
    | {
        readonly kind: 'filter'
        readonly target: Node | undefined
        readonly name: string
        readonly parts: CallParts
      }
    | { readonly kind: 'test'; readonly target: Node; readonly name: string; readonly parts: CallParts }
  )

/** The nodes directly below a node, in the order of the text. */
export function children(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'constant':
    case 'name':
      return []
    case 'unary':
      return [node.operand]
    case 'binary':
    case 'logic':
      return [node.left, node.right]
    case 'compare':
      return [node.first, ...node.rest.map((step) => step.right)]
    case 'choice':
      return node.otherwise === undefined
        ? [node.chosen, node.test]
        : [node.chosen, node.test, node.otherwise]
    case 'attribute':
      return [node.object]
    case 'subscript':
      return [node.object, node.key]
    case 'slice':
      return node.parts.filter((part) => part !== undefined)
    case 'list':
    case 'tuple':
    case 'set':
      return node.items
    case 'dict':
      return node.entries.flat()
    case 'call':
      return [node.callee, ...partsOf(node.parts)]
    case 'fstring':
      return fieldsOf(node.parts)
    case 'forbidden':
      return node.inside
    case 'concat':
      return node.parts
    case 'filter':
      return node.target === undefined ? partsOf(node.parts) : [node.target, ...partsOf(node.parts)]
    case 'test':
      return [node.target, ...partsOf(node.parts)]
  }
}

function partsOf(parts: CallParts): Node[] {
  const all = [...parts.positional, ...parts.named.map(([, value]) => value)]
  if (parts.star !== undefined) all.push(parts.star)
  if (parts.doubleStar !== undefined) all.push(parts.doubleStar)
  return all
}

function fieldsOf(parts: readonly FStringPart[]): Node[] {
  return parts.flatMap((part) => (typeof part === 'string' ? [] : [part.value, ...fieldsOf(part.spec ?? [])]))
}

/** One more than the highest of the given nodes. */
export function heightOver(nodes: readonly (Node | undefined)[]): number {
  let height = 0
  for (const node of nodes) if (node !== undefined && node.height > height) height = node.height
  return height + 1
}
