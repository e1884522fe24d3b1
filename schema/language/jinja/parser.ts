import { PyError } from '../errors.ts'
import type { Node } from '../nodes.ts'
import { ExpressionReader } from './expressions.ts'
import type { TemplateToken } from './lexer.ts'
import { type MacroBody, namesIn, type Parameters, type Statement } from './statements.ts'

const MAX_NESTING = 100
/** Tags that need other templates, which a workflow does not have. */
const LOADING = new Set(['include', 'import', 'from', 'extends'])

/** Read the tokens of a template into statements. Throws `SyntaxError` with an offset, as Jinja does when it compiles. */
export function parseTemplate(tokens: readonly TemplateToken[]): Statement[] {
  return new TemplateParser(tokens).template()
}

class TemplateParser extends ExpressionReader {
  readonly #open: { readonly tag: string; readonly ends: readonly string[] }[] = []
  readonly #blocks = new Set<string>()

  template(): Statement[] {
    return this.#statements([])
  }

  /** Statements up to one of the end tags, whose name is then the current token, or up to the end of the template. */
  #statements(ends: readonly string[]): Statement[] {
    const body: Statement[] = []
    for (;;) {
      const { token } = this
      if (token.type === 'end') return body
      this.place += 1
      if (token.type === 'data') body.push({ kind: 'text', text: token.text, start: token.start })
      else if (token.type === 'open' && token.text === 'variable') {
        body.push({ kind: 'print', value: this.tuple(), start: token.start })
        this.#close('variable')
      } else {
        const { token: tag } = this
        if (tag.type === 'name' && ends.includes(tag.text)) return body
        body.push(...this.#statement(token.start))
        this.#close('block')
      }
    }
  }

  #close(kind: 'block' | 'variable'): void {
    const { token } = this
    if (token.type !== 'close' || token.text !== kind) {
      const wanted = kind === 'block' ? 'end of statement block' : 'end of print statement'
      throw this.fail(`expected token '${wanted}', got '${this.describe()}'`)
    }
    this.place += 1
  }

  /** The body of a tag: from the end of the opening block to an end tag, whose name is stepped over and given back. */
  #body(tag: string, ends: readonly string[]): { body: Statement[]; end: string } {
    this.skipOperator(':')
    this.#close('block')
    if (this.#open.length >= MAX_NESTING)
      throw new PyError('RecursionError', `blocks nest more than ${MAX_NESTING} levels`, this.token.start)
    this.#open.push({ tag, ends })
    const body = this.#statements(ends)
    if (this.token.type === 'end')
      throw this.fail(
        `Unexpected end of template. The innermost block that needs to be closed is '${tag}', with ${ends.map((end) => `'${end}'`).join(' or ')}.`,
      )
    this.#open.pop()
    return { body, end: this.expectName() }
  }

  #statement(start: number): Statement[] {
    const { token } = this
    if (token.type !== 'name') throw this.fail('tag name expected')
    const tag = token.text
    this.place += 1
    switch (tag) {
      case 'for':
        return [this.#for(start)]
      case 'if':
        return [this.#if(start)]
      case 'set':
        return [this.#set(start)]
      case 'with':
        return [this.#with(start)]
      case 'macro': {
        const name = this.#parameterName()
        return [{ kind: 'macro', macro: this.#macro(name, this.#parameters(), 'macro'), start }]
      }
      case 'call':
        return [this.#callBlock(start)]
      case 'filter': {
        const filter = this.filters(undefined, true)
        if (filter === undefined) throw this.fail('expected a filter')
        return [{ kind: 'filter', filter, body: this.#body('filter', ['endfilter']).body, start }]
      }
      case 'autoescape': {
        const value = this.expression()
        return [{ kind: 'autoescape', value, body: this.#body('autoescape', ['endautoescape']).body, start }]
      }
      case 'block':
        return [this.#block(start)]
      case 'print':
        return this.#print(start)
      default:
        if (LOADING.has(tag)) return [this.#load(tag, start)]
        throw this.#unknownTag(tag, token.start)
    }
  }

  #unknownTag(tag: string, start: number): PyError {
    const open = this.#open.at(-1)
    const looking = open === undefined ? '' : ` The innermost block that needs to be closed is '${open.tag}'.`
    return this.fail(`Encountered unknown tag '${tag}'.${looking}`, start)
  }

  #for(start: number): Statement {
    this.loops += 1
    const target = this.target({ until: 'in' })
    if (!this.skipName('in')) throw this.fail(`expected token 'in', got '${this.describe()}'`)
    const items = this.tuple({ choices: false, until: 'recursive' })
    const test = this.skipName('if') ? this.expression() : undefined
    const recursive = this.skipName('recursive')
    const { body, end } = this.#body('for', ['endfor', 'else'])
    const otherwise = end === 'else' ? this.#body('for', ['endfor']).body : []
    this.loops -= 1
    return { kind: 'for', target, items, test, recursive, body, otherwise, start }
  }

  #if(start: number): Statement {
    const branches: { test: Node; body: Statement[] }[] = []
    for (;;) {
      const test = this.tuple({ choices: false })
      const { body, end } = this.#body('if', ['elif', 'else', 'endif'])
      branches.push({ test, body })
      if (end === 'elif') continue
      const otherwise = end === 'else' ? this.#body('if', ['endif']).body : []
      return { kind: 'if', branches, otherwise, start }
    }
  }

  #set(start: number): Statement {
    const target = this.target({ members: true })
    if (this.skipOperator('=')) return { kind: 'set', target, value: this.tuple(), start }
    const filter = this.filters(undefined)
    return { kind: 'set-block', target, filter, body: this.#body('set', ['endset']).body, start }
  }

  #with(start: number): Statement {
    const bindings: [ReturnType<ExpressionReader['target']>, Node][] = []
    while (this.token.type !== 'close') {
      if (bindings.length > 0) this.expectOperator(',')
      const name = this.#parameterName()
      this.expectOperator('=')
      bindings.push([{ kind: 'name', name }, this.expression()])
    }
    return { kind: 'with', bindings, body: this.#body('with', ['endwith']).body, start }
  }

  #parameterName(): string {
    const target = this.target({ until: '=' })
    if (target.kind !== 'name') throw this.fail('expected a name')
    return target.name
  }

  #parameters(): Parameters {
    const names: string[] = []
    const defaults: Node[] = []
    this.expectOperator('(')
    while (!this.isOperator(')')) {
      if (names.length > 0) this.expectOperator(',')
      const { start } = this.token
      const name = this.expectName()
      if (names.includes(name)) throw this.fail(`duplicate argument '${name}' in macro definition`, start)
      names.push(name)
      if (this.skipOperator('=')) defaults.push(this.expression())
      else if (defaults.length > 0) throw this.fail('non-default argument follows default argument')
    }
    this.expectOperator(')')
    return { names, defaults }
  }

  #macro(name: string, parameters: Parameters, tag: string): MacroBody {
    const { start } = this.token
    const { body } = this.#body(tag, [`end${tag}`])
    const uses = namesIn(body)
    const { names, defaults } = parameters
    const caller = names.indexOf('caller')
    if (uses.has('caller') && caller >= 0 && caller < names.length - defaults.length)
      throw this.fail("the parameter 'caller' must be left out or have a default", start)
    // Special names that the parameters declare are ordinary ones.
    for (const own of names) uses.delete(own)
    return { name, parameters, body, uses }
  }

  #callBlock(start: number): Statement {
    const parameters = this.isOperator('(') ? this.#parameters() : { names: [], defaults: [] }
    const call = this.expression()
    if (call.kind !== 'call') throw this.fail('expected call', start)
    return { kind: 'call', call, caller: this.#macro('caller', parameters, 'call'), start }
  }

  #block(start: number): Statement {
    const name = this.expectName()
    if (this.#blocks.has(name)) throw this.fail(`block '${name}' defined twice`, start)
    this.#blocks.add(name)
    const scoped = this.skipName('scoped')
    const required = this.skipName('required')
    if (this.isOperator('-'))
      throw this.fail('block names may not contain hyphens, use an underscore instead')
    const { body } = this.#body('block', ['endblock'])
    if (required && body.some((part) => part.kind !== 'text' || part.text.trim() !== ''))
      throw this.fail('Required blocks can only contain comments or whitespace', start)
    this.skipName(name)
    return { kind: 'block', name, scoped, required, body, start }
  }

  #print(start: number): Statement[] {
    const values: Statement[] = []
    while (this.token.type !== 'close') {
      if (values.length > 0) this.expectOperator(',')
      values.push({ kind: 'print', value: this.expression(), start })
    }
    return values
  }

  /** Tags that load other templates are read so that the text is known to be sound; rendering one fails. */
  #load(tag: string, start: number): Statement {
    const names = [this.expression()]
    if (tag === 'import' && !(this.skipName('as') && this.expectName() !== ''))
      throw this.fail("expected 'as'")
    if (tag === 'from' && !this.skipName('import')) throw this.fail("expected 'import'")
    while (this.token.type !== 'close') {
      if (this.token.type !== 'name' && !this.isOperator(','))
        throw this.fail(`unexpected '${this.describe()}'`)
      this.place += 1
    }
    return { kind: 'load', tag, names, start }
  }
}
