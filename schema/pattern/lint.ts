import type { PatternNode } from './node.ts'

/** Whether a pattern matches only from the start of the text or of a line on, in each of its branches. */
export function isAnchored(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'assertion':
      return node.at === 'text-start' || node.at === 'line-start'
    case 'sequence': {
      const first = node.items.find((item) => item.kind !== 'assertion' || isAnchored(item))
      return first !== undefined && isAnchored(first)
    }
    case 'choice':
      return node.branches.every(isAnchored)
    case 'group':
      return isAnchored(node.item)
    case 'repeat':
      return node.min > 0 && isAnchored(node.item)
  }
}

/**
 * Whether any text can match a pattern. `false` is certain: a character that is none, or something before the start or behind the
 * end of the text, as in `a^b`. `true` is not.
 */
export function canMatch(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
      return node.set.length > 0
    case 'assertion':
      return true
    case 'sequence':
      return (
        node.items.every(canMatch) &&
        !consumesBefore(node.items, 'text-start') &&
        !consumesBefore([...node.items].reverse(), 'text-end')
      )
    case 'choice':
      return node.branches.some(canMatch)
    case 'group':
      return canMatch(node.item)
    case 'repeat':
      return node.min === 0 || canMatch(node.item)
  }
}

type Edge = 'text-start' | 'text-end'

function consumesBefore(items: readonly PatternNode[], edge: Edge): boolean {
  const first = items.findIndex(consumes)
  return first >= 0 && items.slice(first + 1).some((item) => needs(item, edge))
}

/** Whether every match takes at least one character. */
function consumes(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
      return true
    case 'assertion':
      return false
    case 'sequence':
      return node.items.some(consumes)
    case 'choice':
      return node.branches.every(consumes)
    case 'group':
      return consumes(node.item)
    case 'repeat':
      return node.min > 0 && consumes(node.item)
  }
}

/** Whether every match has an edge of the text in it. */
function needs(node: PatternNode, edge: Edge): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'assertion':
      return node.at === edge
    case 'sequence':
      return node.items.some((item) => needs(item, edge))
    case 'choice':
      return node.branches.every((branch) => needs(branch, edge))
    case 'group':
      return needs(node.item, edge)
    case 'repeat':
      return node.min > 0 && needs(node.item, edge)
  }
}
