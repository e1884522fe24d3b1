import { PyDict } from './dict.ts'
import { PyError } from './errors.ts'
import { type Compile, compileAll, type World } from './evaluator.ts'
import type { CallParts, Node } from './nodes.ts'
import { str } from './printing.ts'
import { type CallArguments, type PyValue, toArray } from './values.ts'

const NO_NAMES: ReadonlyMap<string, PyValue> = new Map()

/**
 * The arguments of a call, a filter or a test: evaluated in the order of the text, with `*` and `**` unpacked. Of those with the same
 * name the last counts. Those that are all constants, as most are, are made once: nothing that is called changes its arguments.
 */
export function compileArguments<W extends World>(
  parts: CallParts,
  compile: Compile<W>,
): (world: W) => CallArguments {
  const positional = compileAll(parts.positional, compile)
  const names = parts.named.map(([name, value]) => [name, compile(value)] as const)
  const star = parts.star === undefined ? undefined : compile(parts.star)
  const doubleStar = parts.doubleStar === undefined ? undefined : compile(parts.doubleStar)
  const fixedNames = constantNames(parts)
  if (star === undefined && fixedNames !== undefined) {
    if (!parts.positional.every(isConstant))
      return (world) => ({ positional: positional(world), named: fixedNames })
    const fixed = {
      positional: parts.positional.filter(isConstant).map(({ value }) => value),
      named: fixedNames,
    }
    return () => fixed
  }
  return (world) => {
    const listed = positional(world)
    const named = new Map<string, PyValue>()
    for (const [name, value] of names) named.set(name, value(world))
    if (star !== undefined) listed.push(...toArray(star(world), world.budget))
    if (doubleStar !== undefined) {
      const more = doubleStar(world)
      if (!(more instanceof PyDict)) throw new PyError('TypeError', 'argument after ** must be a mapping')
      for (const [name, value] of more.entries()) named.set(str(name), value)
    }
    return { positional: listed, named }
  }
}

/** The arguments by name, when no evaluation can change them. */
function constantNames({ named, doubleStar }: CallParts): CallArguments['named'] | undefined {
  if (doubleStar !== undefined) return undefined
  if (named.length === 0) return NO_NAMES
  const values = new Map<string, PyValue>()
  for (const [name, node] of named) {
    if (!isConstant(node)) return undefined
    values.set(name, node.value)
  }
  return values
}

function isConstant(node: Node): node is Node & { readonly kind: 'constant' } {
  return node.kind === 'constant'
}
