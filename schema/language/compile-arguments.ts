import { PyDict } from './dict.ts'
import { PyError } from './errors.ts'
import { type Compile, compileAll, type World } from './evaluator.ts'
import type { CallParts } from './nodes.ts'
import { str } from './printing.ts'
import { type CallArguments, type PyValue, toArray } from './values.ts'

const NO_NAMES: ReadonlyMap<string, PyValue> = new Map()

/**
 * The arguments of a call, a filter or a test: evaluated in the order of the text, with `*` and `**` unpacked. Of those with the same
 * name the last counts.
 */
export function compileArguments<W extends World>(
  parts: CallParts,
  compile: Compile<W>,
): (world: W) => CallArguments {
  const positional = compileAll(parts.positional, compile)
  if (parts.named.length === 0 && parts.star === undefined && parts.doubleStar === undefined)
    return (world) => ({ positional: positional(world), named: NO_NAMES })
  const names = parts.named.map(([name, value]) => [name, compile(value)] as const)
  const star = parts.star === undefined ? undefined : compile(parts.star)
  const doubleStar = parts.doubleStar === undefined ? undefined : compile(parts.doubleStar)
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
