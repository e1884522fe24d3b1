import { TextCache } from '../cache.ts'
import { asPyError, PyError } from '../errors.ts'
import { later } from '../evaluator.ts'
import { children, type Node } from '../nodes.ts'
import { type LanguageProblem, problemOf, TemplateError } from '../problems.ts'
import { compileBlocks, compileBody, type Step } from './compiler.ts'
import { type Engine, findFilter, findTest } from './environment.ts'
import { lexTemplate, normaliseTemplate } from './lexer.ts'
import { parseTemplate } from './parser.ts'
import { insideOf, type Statement } from './statements.ts'

/** A parsed template of one engine. */
export type Template = {
  /** The author's text. */
  readonly text: string
  readonly engine: Engine
  readonly body: readonly Statement[]
  /** What writes the output of the body, and those of its blocks, to the rendering of a frame; made when it is first rendered. */
  readonly compiled: () => { readonly run: Step; readonly blocks: ReadonlyMap<string, Step> }
}

/** Jinja2 as CodeMie uses it for tasks, tool arguments and the like: nothing is trimmed, nothing is hidden upstream. */
export const DYNAMIC_ENGINE: Engine = {
  name: 'dynamic',
  trimBlocks: false,
  lstripBlocks: false,
  sandboxed: false,
  missingFilters: new Set(),
  missingTests: new Set(),
}

/** The sandboxed Jinja2 of transforms and state processors. */
export const SECURE_ENGINE: Engine = {
  name: 'secure',
  trimBlocks: true,
  lstripBlocks: true,
  sandboxed: true,
  missingFilters: new Set(['attr']),
  missingTests: new Set(['callable']),
}

const CACHES: Readonly<Record<Engine['name'], TextCache<Template>>> = {
  dynamic: new TextCache(),
  secure: new TextCache(),
}

/** Parse a template; results are kept by text. Throws {@link TemplateError} for what Jinja refuses to compile. */
export function compileTemplate(text: string, engine: Engine): Template {
  try {
    return CACHES[engine.name].get(text, () => {
      const source = normaliseTemplate(text)
      const body = parseTemplate(lexTemplate(source, engine))
      const unknown = firstUnknown(body, engine)
      if (unknown !== undefined) throw unknown
      return {
        text,
        engine,
        body,
        compiled: later(() => ({ run: compileBody(body), blocks: compileBlocks(body) })),
      }
    })
  } catch (error) {
    throw templateError(asPyError(error), text)
  }
}

/** An error of a template with its offset in the author's text, whose line ends may be longer than the ones that were read. */
export function templateError(error: PyError, text: string, rule?: string): TemplateError {
  if (error.offset !== undefined && text.includes('\r\n')) {
    const moved = new PyError(error.pyType, error.message, originalOffset(text, error.offset))
    return new TemplateError(moved, text, rule)
  }
  return new TemplateError(error, text, rule)
}

function originalOffset(text: string, offset: number): number {
  let place = 0
  for (let count = 0; count < offset && place < text.length; count += 1)
    place += text.startsWith('\r\n', place) ? 2 : 1
  return place
}

/** The first filter or test that does not exist. Jinja looks for those inside `if` only when the branch is rendered. */
function firstUnknown(body: readonly Statement[], engine: Engine): PyError | undefined {
  for (const statement of body) {
    if (statement.kind === 'if') continue
    const { nodes, bodies } = insideOf(statement)
    for (const node of nodes) {
      const unknown = firstUnknownIn(node, engine)
      if (unknown !== undefined) return unknown
    }
    for (const inner of bodies) {
      const unknown = firstUnknown(inner, engine)
      if (unknown !== undefined) return unknown
    }
  }
  return undefined
}

function firstUnknownIn(node: Node, engine: Engine): PyError | undefined {
  if (node.kind === 'choice') return undefined
  if (node.kind === 'filter' && findFilter(engine, node.name) === undefined)
    return new PyError('SyntaxError', `No filter named '${node.name}'.`, node.start)
  if (node.kind === 'test' && findTest(engine, node.name) === undefined)
    return new PyError('SyntaxError', `No test named '${node.name}'.`, node.start)
  for (const child of children(node)) {
    const unknown = firstUnknownIn(child, engine)
    if (unknown !== undefined) return unknown
  }
  return undefined
}

/** What is wrong with a template before it is rendered: nothing, or the one place where reading it stops. */
export function checkSyntax(text: string, engine: Engine): LanguageProblem[] {
  try {
    compileTemplate(text, engine)
    return []
  } catch (error) {
    if (error instanceof TemplateError) return [error.problem]
    return [problemOf(asPyError(error), text)]
  }
}
