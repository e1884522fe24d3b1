import type { Budget } from '../budget.ts'
import { PyDict } from '../dict.ts'
import { asPyError, PyError, typeError } from '../errors.ts'
import { type Environment, evaluateNode } from '../evaluator.ts'
import type { Node } from '../nodes.ts'
import { str } from '../printing.ts'
import {
  asText,
  type CallArguments,
  PyFunction,
  PyTuple,
  type PyValue,
  toArray,
  truthy,
  typeName,
} from '../values.ts'
import { type TemplateWorld, templateArguments, templateEnvironment, templateWorld } from './environment.ts'
import { templateGlobals } from './globals.ts'
import { insideOf, type MacroBody, type Statement, type Target } from './statements.ts'
import { type Template, templateError } from './template.ts'
import {
  escapeHtml,
  PyLoop,
  PyMacro,
  PyMarkup,
  PyNamespace,
  PyTemplateReference,
  PyUndefined,
} from './values.ts'

/** The names of one scope; reading goes outwards, setting stays here. */
class Frame {
  readonly #names = new Map<string, PyValue>()
  readonly #outer: Frame | undefined

  constructor(outer?: Frame) {
    this.#outer = outer
  }

  get(name: string): PyValue | undefined {
    for (let frame: Frame | undefined = this; frame !== undefined; frame = frame.#outer) {
      const value = frame.#names.get(name)
      if (value !== undefined) return value
    }
    return undefined
  }

  set(name: string, value: PyValue): void {
    this.#names.set(name, value)
  }
}

/**
 * Render a template with the names of `context`. Throws {@link TemplateError} with the place of the failure; names that nothing
 * defines are empty, as in Jinja's lenient default.
 */
export function renderTemplate(template: Template, context: PyDict, budget: Budget): string {
  try {
    return new Renderer(template, context, budget).render()
  } catch (error) {
    throw templateError(asPyError(error), template.text)
  }
}

class Renderer {
  readonly #template: Template
  readonly #context: PyDict
  readonly #budget: Budget
  readonly #globals: PyDict
  readonly #world: TemplateWorld
  readonly #blocks = new Map<string, readonly Statement[]>()
  readonly #top = new Frame()
  readonly #self: PyTemplateReference
  #autoescape = false
  #output: string[] = []

  constructor(template: Template, context: PyDict, budget: Budget) {
    this.#template = template
    this.#context = context
    this.#budget = budget
    this.#globals = templateGlobals(template.engine.sandboxed)
    this.#world = templateWorld(template.engine, budget, () => this.#autoescape)
    this.#self = new PyTemplateReference((name) => this.#blockFunction(name))
  }

  render(): string {
    this.#collectBlocks(this.#template.body)
    this.#run(this.#template.body, this.#top)
    return this.#output.join('')
  }

  /** Blocks can be called by name wherever they stand, also before them. */
  #collectBlocks(body: readonly Statement[]): void {
    for (const statement of body) {
      if (statement.kind === 'block') this.#blocks.set(statement.name, statement.body)
      for (const inner of insideOf(statement).bodies) this.#collectBlocks(inner)
    }
  }

  #blockFunction(name: string): PyValue | undefined {
    const body = this.#blocks.get(name)
    if (body === undefined) return undefined
    return new PyFunction(name, () => this.#captured(body, new Frame(this.#top)))
  }

  #environment(frame: Frame): Environment {
    return templateEnvironment(this.#world, (name) => this.#lookup(name, frame))
  }

  #lookup(name: string, frame: Frame): PyValue {
    const local = frame.get(name)
    if (local !== undefined) return local
    const given = this.#context.get(name)
    if (given !== undefined) return given
    const global = this.#globals.get(name)
    if (global !== undefined) return global
    return name === 'self' ? this.#self : new PyUndefined(`'${name}' is undefined`)
  }

  #value(node: Node, frame: Frame): PyValue {
    return evaluateNode(node, this.#environment(frame))
  }

  #write(text: string): void {
    if (text === '') return
    this.#budget.output(text.length)
    this.#output.push(text)
  }

  /** What filter and call blocks give goes out as it is, so that it has to be text already. */
  #writeText(value: PyValue): void {
    const text = asText(value)
    if (text === undefined)
      throw typeError(
        `a block gives text, but this one gave '${typeName(value)}'; add a filter such as 'string'`,
      )
    this.#write(text)
  }

  /** Render statements aside and give their text, which counts as HTML where escaping is on. */
  #captured(body: readonly Statement[], frame: Frame): PyValue {
    const outer = this.#output
    this.#output = []
    try {
      this.#run(body, frame)
      const text = this.#output.join('')
      this.#budget.text(text.length)
      return this.#autoescape ? new PyMarkup(text) : text
    } finally {
      this.#output = outer
    }
  }

  #run(body: readonly Statement[], frame: Frame): void {
    for (const statement of body) {
      try {
        this.#budget.step()
        this.#statement(statement, frame)
      } catch (error) {
        if (error instanceof PyError) error.offset ??= statement.start
        throw error
      }
    }
  }

  #statement(statement: Statement, frame: Frame): void {
    switch (statement.kind) {
      case 'text':
        this.#write(statement.text)
        return
      case 'print': {
        const value = this.#value(statement.value, frame)
        this.#write(this.#autoescape ? escapeHtml(value) : str(value))
        return
      }
      case 'for':
        this.#for(statement, this.#value(statement.items, frame), frame, 0)
        return
      case 'if': {
        const branch = statement.branches.find(({ test }) => truthy(this.#value(test, frame)))
        this.#run(branch === undefined ? statement.otherwise : branch.body, frame)
        return
      }
      case 'set':
        this.#assign(statement.target, this.#value(statement.value, frame), frame)
        return
      case 'set-block':
        this.#setBlock(statement, frame)
        return
      case 'with': {
        const inner = new Frame(frame)
        const values = statement.bindings.map(([, value]) => this.#value(value, frame))
        statement.bindings.forEach(([target], index) => {
          this.#assign(target, values[index] ?? null, inner)
        })
        this.#run(statement.body, inner)
        return
      }
      case 'macro':
        frame.set(statement.macro.name, this.#macro(statement.macro, frame))
        return
      case 'call': {
        const { callee, parts } = statement.call
        const run = (node: Node): PyValue => this.#value(node, frame)
        const args = templateArguments(parts, run, this.#budget)
        const named = new Map([...args.named, ['caller', this.#macro(statement.caller, frame)] as const])
        const environment = this.#environment(frame)
        const constants = {
          positional: args.positional.map(constant),
          named: Array.from(named, ([name, value]) => [name, constant(value)] as const),
        }
        const value = environment.call({ ...statement.call, callee, parts: constants }, run)
        this.#writeText(value)
        return
      }
      case 'filter': {
        const text = this.#captured(statement.body, new Frame(frame))
        this.#writeText(this.#filtered(statement.filter, text, frame))
        return
      }
      case 'autoescape': {
        const before = this.#autoescape
        this.#autoescape = truthy(this.#value(statement.value, frame))
        try {
          this.#run(statement.body, new Frame(frame))
        } finally {
          this.#autoescape = before
        }
        return
      }
      case 'block':
        if (statement.required)
          throw new PyError(
            'RuntimeError',
            `the required block '${statement.name}' has no other template to fill it`,
          )
        this.#run(statement.body, new Frame(statement.scoped ? frame : this.#top))
        return
      case 'load':
        throw typeError(`'${statement.tag}' needs other templates, and a workflow's template has none`)
    }
  }

  /** Put a value where the innermost filter of a chain has none, as filter blocks do. */
  #filtered(filter: Node, value: PyValue, frame: Frame): PyValue {
    const fill = (node: Node): Node =>
      node.kind === 'filter'
        ? { ...node, target: node.target === undefined ? constant(value) : fill(node.target) }
        : node
    return this.#value(fill(filter), frame)
  }

  #setBlock(statement: Statement & { kind: 'set-block' }, frame: Frame): void {
    const text = this.#captured(statement.body, new Frame(frame))
    this.#assign(
      statement.target,
      statement.filter === undefined ? text : this.#filtered(statement.filter, text, frame),
      frame,
    )
  }

  #assign(target: Target, value: PyValue, frame: Frame): void {
    switch (target.kind) {
      case 'name':
        frame.set(target.name, value)
        return
      case 'member': {
        const space = this.#lookup(target.name, frame)
        if (!(space instanceof PyNamespace))
          throw new PyError('RuntimeError', 'cannot assign attribute on non-namespace object')
        space.members.set(target.attribute, value)
        return
      }
      case 'tuple': {
        const items = toArray(value, this.#budget)
        if (items.length !== target.items.length) {
          const trouble = items.length < target.items.length ? 'not enough' : 'too many'
          throw new PyError(
            'ValueError',
            `${trouble} values to unpack (expected ${target.items.length}, got ${items.length})`,
          )
        }
        target.items.forEach((part, index) => {
          this.#assign(part, items[index] ?? null, frame)
        })
      }
    }
  }

  #for(statement: Statement & { kind: 'for' }, iterable: PyValue, frame: Frame, depth: number): void {
    let items: readonly PyValue[] =
      iterable instanceof PyTuple ? iterable.items : toArray(iterable, this.#budget)
    const { test } = statement
    if (test !== undefined)
      items = items.filter((item) => {
        const inner = new Frame(frame)
        this.#assign(statement.target, item, inner)
        return truthy(this.#value(test, inner))
      })
    const again = (more: PyValue): PyValue =>
      this.#capturedLoop(() => this.#for(statement, more, frame, depth + 1))
    const loop = new PyLoop(items, depth, statement.recursive ? again : undefined)
    items.forEach((item, index) => {
      this.#budget.step()
      const inner = new Frame(frame)
      loop.moveTo(index)
      inner.set('loop', loop)
      this.#assign(statement.target, item, inner)
      this.#run(statement.body, inner)
    })
    if (items.length === 0) this.#run(statement.otherwise, new Frame(frame))
  }

  #capturedLoop(run: () => void): PyValue {
    const outer = this.#output
    this.#output = []
    try {
      run()
      const text = this.#output.join('')
      this.#budget.text(text.length)
      return this.#autoescape ? new PyMarkup(text) : text
    } finally {
      this.#output = outer
    }
  }

  #macro(macro: MacroBody, frame: Frame): PyMacro {
    const facts = new PyDict([
      ['name', macro.name],
      ['arguments', new PyTuple(macro.parameters.names)],
      ['caller', macro.uses.has('caller')],
      ['catch_kwargs', macro.uses.has('kwargs')],
      ['catch_varargs', macro.uses.has('varargs')],
    ])
    return new PyMacro(macro.name, facts, (args) => this.#callMacro(macro, args, frame))
  }

  #callMacro(macro: MacroBody, args: CallArguments, frame: Frame): PyValue {
    const { names, defaults } = macro.parameters
    const inner = new Frame(frame)
    const named = new Map(args.named)
    const firstDefault = names.length - defaults.length
    if (args.positional.length > names.length && !macro.uses.has('varargs'))
      throw typeError(`macro '${macro.name}' takes not more than ${names.length} argument(s)`)
    names.forEach((name, index) => {
      const given = args.positional[index]
      const byName = named.get(name)
      if (given !== undefined && byName !== undefined)
        throw typeError(`macro '${macro.name}' got '${name}' by position and by name`)
      named.delete(name)
      const value = given === undefined ? byName : given
      const fallback = defaults[index - firstDefault]
      if (value !== undefined) inner.set(name, value)
      else
        inner.set(
          name,
          fallback === undefined
            ? new PyUndefined(`parameter '${name}' was not provided`)
            : this.#value(fallback, inner),
        )
    })
    if (macro.uses.has('caller')) {
      inner.set('caller', named.get('caller') ?? new PyUndefined('No caller defined'))
      named.delete('caller')
    }
    if (macro.uses.has('varargs')) inner.set('varargs', new PyTuple(args.positional.slice(names.length)))
    if (macro.uses.has('kwargs')) inner.set('kwargs', new PyDict(named))
    else if (named.has('caller'))
      throw typeError(
        `macro '${macro.name}' was invoked with two values for the special caller argument or takes none`,
      )
    else if (named.size > 0)
      throw typeError(`macro '${macro.name}' takes no keyword argument '${[...named.keys()][0]}'`)
    return this.#captured(macro.body, inner)
  }
}

function constant(value: PyValue): Node {
  return { kind: 'constant', value, start: 0, height: 1 }
}
