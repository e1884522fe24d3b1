import type { Position } from '../diagnostic.ts'
import type { Draft } from '../dialects/codemie/draft.ts'
import { customNodeKind } from '../dialects/codemie/lower.ts'
import { checkExpression, compileExpression, expressionNames } from '../language/index.ts'
import { readText } from '../lax.ts'
import { childOf, sourceOffsetOf, type YamlNode } from '../yaml.ts'
import type { Rule, Say } from './rule.ts'

/** An expression of a workflow and what its names stand for. */
interface Written {
  readonly node: YamlNode
  readonly path: string
  /**
   * `output`: the fields of the state's own output, plain dictionaries. `wrapped`: a transform's source, where `a.b` works.
   * `item`: a transform's filter, where `item` is a plain dictionary.
   */
  readonly scope: 'output' | 'wrapped' | 'item'
}

function expressionsOf(draft: Draft): readonly Written[] {
  const found: Written[] = []
  const add = (node: YamlNode | undefined, path: string, scope: Written['scope']) => {
    if (node && readText(node) !== undefined) found.push({ node, path, scope })
  }
  for (const { next } of draft.states) {
    add(childOf(childOf(next.node, 'condition'), 'expression'), `${next.path}/condition/expression`, 'output')
    const cases = childOf(childOf(next.node, 'switch'), 'cases')
    if (cases?.kind !== 'seq') continue
    cases.items.forEach((one, i) => {
      add(childOf(one, 'condition'), `${next.path}/switch/cases/${i}/condition`, 'output')
    })
  }
  for (const item of draft.customNodes) {
    const mappings = childOf(childOf(item.node, 'config'), 'mappings')
    if (customNodeKind(item) !== 'transform_node' || mappings?.kind !== 'seq') continue
    mappings.items.forEach((mapping, i) => {
      const path = `${item.path}/config/mappings/${i}`
      if (readText(childOf(mapping, 'condition')))
        add(childOf(mapping, 'condition'), `${path}/condition`, 'wrapped')
      if (readText(childOf(mapping, 'script'))) add(childOf(mapping, 'script'), `${path}/script`, 'wrapped')
      if (readText(childOf(mapping, 'filter_condition'))) {
        add(childOf(mapping, 'filter_condition'), `${path}/filter_condition`, 'item')
      }
    })
  }
  return found
}

/** The place of an offset inside a text value; the whole value where the file spells it differently (escapes, folded lines). */
export function placeInside(
  draft: Draft,
  node: YamlNode,
  offset: number | undefined,
  length = 1,
): Position | YamlNode {
  const from = offset === undefined ? undefined : sourceOffsetOf(draft.document, node, offset)
  return from === undefined ? node : draft.document.at(from, Math.min(from + length, node.end))
}

/** Expressions can be read, and use only what the language allows. */
export const expressionSyntax: Rule = (draft, say) => {
  for (const { node, path, scope } of expressionsOf(draft)) {
    const text = readText(node) ?? ''
    for (const problem of checkExpression(text)) {
      const isSyntax = problem.severity === 'error'
      say({
        code: isSyntax ? 'expression-syntax' : 'expression-refused',
        // CodeMie reads conditions when it loads the file, the expressions of a transform only when they run.
        severity: isSyntax && scope === 'output' ? 'error' : 'warning',
        at: placeInside(draft, node, problem.offset),
        path,
        message: isSyntax
          ? `The expression cannot be read: ${problem.message}`
          : `The expression always fails: ${problem.message}`,
        help:
          problem.hint === undefined
            ? undefined
            : problem.hint.charAt(0).toUpperCase() + problem.hint.slice(1),
      })
    }
  }
}

/** Methods of other languages, and what Python calls them. */
const FOREIGN_METHODS: Readonly<Record<string, string>> = {
  contains: "'x' in value",
  includes: "'x' in value",
  startsWith: 'value.startswith(…)',
  endsWith: 'value.endswith(…)',
  toLowerCase: 'value.lower()',
  toUpperCase: 'value.upper()',
  trim: 'value.strip()',
  indexOf: 'value.find(…)',
  push: 'value + [x]',
  size: 'len(value)',
  isEmpty: 'not value',
}

/** Names of other languages that Python does not have. */
const FOREIGN_NAMES = ['null', 'none', 'undefined', 'nil', 'NULL']

interface Visited {
  readonly kind?: unknown
  readonly name?: unknown
  readonly start?: unknown
  readonly callee?: unknown
  readonly object?: unknown
}

/** Visits every part of a parsed expression with the part around it. */
function visit(
  node: unknown,
  parent: Visited | undefined,
  see: (node: Visited, parent: Visited | undefined) => void,
) {
  if (Array.isArray(node)) {
    for (const one of node) visit(one, parent, see)
  } else if (typeof node === 'object' && node !== null) {
    const isNode = typeof (node as Visited).kind === 'string'
    if (isNode) see(node as Visited, parent)
    for (const one of Object.values(node)) visit(one, isNode ? (node as Visited) : parent, see)
  }
}

/** Expressions that can be read but can never mean what they seem to. */
export const expressionMeaning: Rule = (draft, say) => {
  for (const { node, path, scope } of expressionsOf(draft)) {
    const text = readText(node) ?? ''
    if (checkExpression(text).some((problem) => problem.severity === 'error')) continue
    visit(compileExpression(text).node, undefined, (part, parent) => {
      if (part.kind !== 'attribute' || typeof part.name !== 'string') return
      const at = placeInside(draft, node, typeof part.start === 'number' ? part.start : undefined, 1)
      if (parent?.kind === 'call' && parent.callee === part) foreignMethod(say, part.name, at, path)
      else if (scope === 'output' || (scope === 'item' && rootName(part) === 'item')) {
        say({
          code: 'attribute-of-dict',
          severity: 'warning',
          at,
          path,
          message: `'.${part.name}' always fails: a field of a dictionary is no attribute`,
          help: `Write ['${part.name}'] or .get('${part.name}')`,
        })
      }
    })
    for (const name of expressionNames(text)) {
      if (!FOREIGN_NAMES.includes(name)) continue
      const offset = text.search(new RegExp(`\\b${name}\\b`))
      say({
        code: 'foreign-name',
        severity: 'warning',
        at: placeInside(draft, node, offset, name.length),
        path,
        message: `'${name}' is no word of the expression language, so the expression fails`,
        help: 'Write None',
      })
    }
  }
}

function rootName(node: Visited): unknown {
  const below = node.object as Visited | undefined
  return below?.kind === 'name' ? below.name : below?.kind === 'attribute' ? rootName(below) : undefined
}

function foreignMethod(say: Say, name: string, at: Position | YamlNode, path: string) {
  const instead = Object.hasOwn(FOREIGN_METHODS, name) ? FOREIGN_METHODS[name] : undefined
  if (instead === undefined) return
  say({
    code: 'foreign-method',
    severity: 'warning',
    at,
    path,
    message: `'.${name}()' does not exist in the expression language, so the expression fails`,
    help: `Write ${instead}`,
  })
}
