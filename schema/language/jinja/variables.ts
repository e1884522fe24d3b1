import { children, type Node } from '../nodes.ts'
import { insideOf, type MacroBody, type Statement, type Target } from './statements.ts'

type Names = { readonly bound: ReadonlySet<string>; readonly free: Set<string> }

/**
 * The names that statements read without having set them before, in order of appearance. A name that only some branches set counts
 * as set, so what is listed is needed from outside in every run.
 */
export function freeNames(body: readonly Statement[], known: ReadonlySet<string>): string[] {
  const free = new Set<string>()
  walk(body, { bound: known, free })
  return Array.from(free)
}

function targetNames(target: Target): string[] {
  switch (target.kind) {
    case 'name':
      return [target.name]
    case 'tuple':
      return target.items.flatMap(targetNames)
    case 'member':
      return []
  }
}

function read(node: Node, { bound, free }: Names): void {
  if (node.kind === 'name' && !bound.has(node.name)) free.add(node.name)
  for (const child of children(node)) read(child, { bound, free })
}

function withNames(bound: ReadonlySet<string>, names: readonly string[]): Set<string> {
  return new Set([...bound, ...names])
}

/** Walk statements of one scope; gives the names that are set in it afterwards. */
function walk(body: readonly Statement[], outer: Names): ReadonlySet<string> {
  let { bound } = outer
  const { free } = outer
  for (const statement of body) {
    const here: Names = { bound, free }
    switch (statement.kind) {
      case 'for': {
        read(statement.items, here)
        const inside = withNames(bound, [...targetNames(statement.target), 'loop'])
        if (statement.test !== undefined) read(statement.test, { bound: inside, free })
        walk(statement.body, { bound: inside, free })
        walk(statement.otherwise, here)
        break
      }
      case 'if': {
        let after = bound
        for (const branch of statement.branches) {
          read(branch.test, here)
          after = withNames(after, [...walk(branch.body, here)])
        }
        bound = withNames(after, [...walk(statement.otherwise, here)])
        break
      }
      case 'set':
        read(statement.value, here)
        bound = withNames(bound, targetNames(statement.target))
        break
      case 'set-block':
        if (statement.filter !== undefined) read(statement.filter, here)
        walk(statement.body, here)
        bound = withNames(bound, targetNames(statement.target))
        break
      case 'with':
        for (const [, value] of statement.bindings) read(value, here)
        walk(statement.body, {
          bound: withNames(
            bound,
            statement.bindings.flatMap(([target]) => targetNames(target)),
          ),
          free,
        })
        break
      case 'macro':
        bound = withNames(bound, [statement.macro.name])
        macro(statement.macro, { bound, free })
        break
      case 'call':
        read(statement.call, here)
        macro(statement.caller, here)
        break
      default: {
        const { nodes, bodies } = insideOf(statement)
        for (const node of nodes) read(node, here)
        for (const inner of bodies) walk(inner, here)
      }
    }
  }
  return bound
}

function macro({ parameters, body }: MacroBody, outer: Names): void {
  for (const value of parameters.defaults) read(value, outer)
  walk(body, {
    bound: withNames(outer.bound, [...parameters.names, 'varargs', 'kwargs', 'caller']),
    free: outer.free,
  })
}
