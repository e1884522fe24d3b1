import type { Budget } from '../budget.ts'
import type { PyDict } from '../dict.ts'
import { PyError } from '../errors.ts'
import { type CallArguments, PyFunction, type PyValue } from '../values.ts'
import {
  type Engine,
  findFilter,
  findTest,
  readAttribute,
  readItem,
  readOwnAttribute,
  type TemplateWorld,
} from './environment.ts'
import { templateGlobals } from './globals.ts'
import { PyMarkup, PyTemplateReference, PyUndefined } from './values.ts'

/** One rendering of a template: its output so far, and what all its frames share. */
export class Rendering implements TemplateWorld {
  readonly engine: Engine
  readonly budget: Budget
  /** What the blocks of the template write, by name. */
  readonly blocks = new Map<string, () => void>()
  autoescape = false
  readonly #context: PyDict
  readonly #globals: PyDict
  #output = ''

  constructor(engine: Engine, context: PyDict, budget: Budget) {
    this.engine = engine
    this.budget = budget
    this.#context = context
    this.#globals = templateGlobals(engine.sandboxed)
  }

  get output(): string {
    return this.#output
  }

  write(text: string): void {
    this.budget.output(text.length)
    this.#output += text
  }

  /** The text that `run` writes, which counts as HTML where escaping is on, and which does not go to the output. */
  captured(run: () => void): PyValue {
    const outer = this.#output
    this.#output = ''
    try {
      run()
      const text = this.#output
      this.budget.text(text.length)
      return this.autoescape ? new PyMarkup(text) : text
    } finally {
      this.#output = outer
    }
  }

  /** The value of a name that no frame has. */
  lookup(name: string): PyValue {
    const given = this.#context.get(name)
    if (given !== undefined) return given
    const global = this.#globals.get(name)
    if (global !== undefined) return global
    if (name === 'self') return new PyTemplateReference((block) => this.#blockFunction(block))
    return new PyUndefined(`'${name}' is undefined`)
  }

  #blockFunction(name: string): PyValue | undefined {
    const write = this.blocks.get(name)
    return write === undefined ? undefined : new PyFunction(name, () => this.captured(write))
  }

  attribute(object: PyValue, name: string): PyValue {
    return readAttribute(this.engine, object, name, this.budget)
  }

  item(object: PyValue, key: PyValue): PyValue {
    return readItem(this.engine, object, key, this.budget)
  }

  ownAttribute(object: PyValue, name: string): PyValue {
    return readOwnAttribute(this.engine, object, name, this.budget)
  }

  callFilter(name: string, value: PyValue, args: CallArguments): PyValue {
    const filter = findFilter(this.engine, name)
    if (filter === undefined) throw new PyError('SyntaxError', `No filter named '${name}'.`)
    this.budget.step()
    return filter(this, value, args)
  }

  callTest(name: string, value: PyValue, args: CallArguments): boolean {
    const test = findTest(this.engine, name)
    if (test === undefined) throw new PyError('SyntaxError', `No test named '${name}'.`)
    this.budget.step()
    return test(this, value, args)
  }
}
