import { children, type Node } from '../nodes.ts'

/** What `for`, `set` and `with` assign to. */
export type Target =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'tuple'; readonly items: readonly Target[] }
  | { readonly kind: 'member'; readonly name: string; readonly attribute: string }

/** The parameters of a macro; the last ones have defaults. */
export type Parameters = { readonly names: readonly string[]; readonly defaults: readonly Node[] }

/** The body of a macro or call block, and which of Jinja's special names it uses. */
export type MacroBody = {
  readonly name: string
  readonly parameters: Parameters
  readonly body: readonly Statement[]
  readonly uses: ReadonlySet<string>
}

/** One piece of a template. */
export type Statement = { readonly start: number } & (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly value: Node }
  | {
      readonly kind: 'for'
      readonly target: Target
      readonly items: Node
      readonly test: Node | undefined
      readonly recursive: boolean
      readonly body: readonly Statement[]
      readonly otherwise: readonly Statement[]
    }
  | {
      readonly kind: 'if'
      readonly branches: readonly { readonly test: Node; readonly body: readonly Statement[] }[]
      readonly otherwise: readonly Statement[]
    }
  | { readonly kind: 'set'; readonly target: Target; readonly value: Node }
  | {
      readonly kind: 'set-block'
      readonly target: Target
      readonly filter: Node | undefined
      readonly body: readonly Statement[]
    }
  | {
      readonly kind: 'with'
      readonly bindings: readonly (readonly [Target, Node])[]
      readonly body: readonly Statement[]
    }
  | { readonly kind: 'macro'; readonly macro: MacroBody }
  | { readonly kind: 'call'; readonly caller: MacroBody; readonly call: Node & { readonly kind: 'call' } }
  | { readonly kind: 'filter'; readonly filter: Node; readonly body: readonly Statement[] }
  | { readonly kind: 'autoescape'; readonly value: Node; readonly body: readonly Statement[] }
  | {
      readonly kind: 'block'
      readonly name: string
      readonly scoped: boolean
      readonly required: boolean
      readonly body: readonly Statement[]
    }
  | { readonly kind: 'load'; readonly tag: string; readonly names: readonly Node[] }
)

/** The expressions and the statements directly inside a statement. */
export function insideOf(statement: Statement): {
  nodes: readonly Node[]
  bodies: readonly (readonly Statement[])[]
} {
  switch (statement.kind) {
    case 'text':
      return { nodes: [], bodies: [] }
    case 'print':
      return { nodes: [statement.value], bodies: [] }
    case 'for':
      return {
        nodes: statement.test === undefined ? [statement.items] : [statement.items, statement.test],
        bodies: [statement.body, statement.otherwise],
      }
    case 'if':
      return {
        nodes: statement.branches.map((branch) => branch.test),
        bodies: [...statement.branches.map((branch) => branch.body), statement.otherwise],
      }
    case 'set':
      return { nodes: [statement.value], bodies: [] }
    case 'set-block':
      return { nodes: statement.filter === undefined ? [] : [statement.filter], bodies: [statement.body] }
    case 'with':
      return { nodes: statement.bindings.map(([, value]) => value), bodies: [statement.body] }
    case 'macro':
      return { nodes: statement.macro.parameters.defaults, bodies: [statement.macro.body] }
    case 'call':
      return {
        nodes: [statement.call, ...statement.caller.parameters.defaults],
        bodies: [statement.caller.body],
      }
    case 'filter':
      return { nodes: [statement.filter], bodies: [statement.body] }
    case 'autoescape':
      return { nodes: [statement.value], bodies: [statement.body] }
    case 'block':
      return { nodes: [], bodies: [statement.body] }
    case 'load':
      return { nodes: statement.names, bodies: [] }
  }
}

/** Every name that the expressions of some statements mention. */
export function namesIn(statements: readonly Statement[], names = new Set<string>()): Set<string> {
  for (const statement of statements) {
    const { nodes, bodies } = insideOf(statement)
    for (const node of nodes) collect(node, names)
    for (const body of bodies) namesIn(body, names)
  }
  return names
}

function collect(node: Node, names: Set<string>): void {
  if (node.kind === 'name') names.add(node.name)
  for (const child of children(node)) collect(child, names)
}
