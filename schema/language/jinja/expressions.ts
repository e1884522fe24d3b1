import { PyError } from '../errors.ts'
import { type CallParts, heightOver, type Node } from '../nodes.ts'
import type { CompareOperator } from '../operators.ts'
import type { PyValue } from '../values.ts'
import type { TemplateToken } from './lexer.ts'
import type { Target } from './statements.ts'

const CONSTANTS: Readonly<Record<string, PyValue>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
}

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>='])
const MAX_DEPTH = 150
const NO_PARTS: CallParts = { positional: [], named: [] }
/** Names that end a test without argument: `x is defined and …`. */
const AFTER_TEST = new Set(['else', 'or', 'and'])

/** The tokens of a template with a place in them, and Jinja's expression grammar, which differs from Python's. */
export class ExpressionReader {
  protected readonly tokens: readonly TemplateToken[]
  protected place = 0
  /** How many loops are open: inside them nothing may be assigned to `loop`. */
  protected loops = 0
  #depth = 0

  constructor(tokens: readonly TemplateToken[]) {
    this.tokens = tokens
  }

  protected get token(): TemplateToken {
    return this.tokens[this.place] ?? { type: 'end', text: '', start: 0 }
  }

  protected fail(message: string, start = this.token.start): PyError {
    return new PyError('SyntaxError', message, start)
  }

  protected describe(): string {
    const { type, text } = this.token
    switch (type) {
      case 'end':
        return 'end of template'
      case 'close':
        return text === 'block' ? 'end of statement block' : 'end of print statement'
      case 'open':
        return text === 'block' ? 'begin of statement block' : 'begin of print statement'
      case 'data':
        return 'template data'
      default:
        return text
    }
  }

  protected isName(name: string): boolean {
    return this.token.type === 'name' && this.token.text === name
  }

  protected isOperator(text: string): boolean {
    return this.token.type === 'operator' && this.token.text === text
  }

  protected skipName(name: string): boolean {
    const matched = this.isName(name)
    if (matched) this.place += 1
    return matched
  }

  protected skipOperator(text: string): boolean {
    const matched = this.isOperator(text)
    if (matched) this.place += 1
    return matched
  }

  protected expectOperator(text: string): void {
    if (!this.skipOperator(text)) throw this.fail(`expected token '${text}', got '${this.describe()}'`)
  }

  protected expectName(): string {
    const { token } = this
    if (token.type !== 'name') throw this.fail(`expected a name, got '${this.describe()}'`)
    this.place += 1
    return token.text
  }

  #at(start: number, nodes: readonly (Node | undefined)[]): { start: number; height: number } {
    const height = heightOver(nodes)
    if (height > 500) throw new PyError('RecursionError', 'the expression nests too deeply', start)
    return { start, height }
  }

  /** Jinja's `a if b else c`, where `else` may be left out; without `choices` only the parts of it. */
  expression(choices = true): Node {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH)
      throw new PyError('RecursionError', 'the expression nests too deeply', this.token.start)
    const node = choices ? this.#choice() : this.#or()
    this.#depth -= 1
    return node
  }

  #choice(): Node {
    const { start } = this.token
    let node = this.#or()
    while (this.skipName('if')) {
      const test = this.#or()
      const otherwise = this.skipName('else') ? this.expression() : undefined
      node = { kind: 'choice', test, chosen: node, otherwise, ...this.#at(start, [test, node, otherwise]) }
    }
    return node
  }

  #or(): Node {
    const { start } = this.token
    let left = this.#and()
    while (this.skipName('or')) {
      const right = this.#and()
      left = { kind: 'logic', op: 'or', left, right, ...this.#at(start, [left, right]) }
    }
    return left
  }

  #and(): Node {
    const { start } = this.token
    let left = this.#not()
    while (this.skipName('and')) {
      const right = this.#not()
      left = { kind: 'logic', op: 'and', left, right, ...this.#at(start, [left, right]) }
    }
    return left
  }

  #not(): Node {
    const { start } = this.token
    let count = 0
    while (this.skipName('not')) count += 1
    let node = this.#compare()
    for (; count > 0; count -= 1)
      node = { kind: 'unary', op: 'not', operand: node, ...this.#at(start, [node]) }
    return node
  }

  #compare(): Node {
    const { start } = this.token
    const first = this.#sum()
    const rest: { op: CompareOperator; right: Node }[] = []
    for (let op = this.#comparison(); op !== undefined; op = this.#comparison())
      rest.push({ op, right: this.#sum() })
    if (rest.length === 0) return first
    return { kind: 'compare', first, rest, ...this.#at(start, [first, ...rest.map((step) => step.right)]) }
  }

  #comparison(): CompareOperator | undefined {
    const { token } = this
    if (token.type === 'operator' && COMPARISONS.has(token.text)) {
      this.place += 1
      return token.text as CompareOperator
    }
    if (this.skipName('in')) return 'in'
    const next = this.tokens[this.place + 1]
    if (this.isName('not') && next?.type === 'name' && next.text === 'in') {
      this.place += 2
      return 'not in'
    }
    return undefined
  }

  #sum(): Node {
    const { start } = this.token
    let left = this.#concat()
    for (;;) {
      const op = this.skipOperator('+') ? '+' : this.skipOperator('-') ? '-' : undefined
      if (op === undefined) return left
      const right = this.#concat()
      left = { kind: 'binary', op, left, right, ...this.#at(start, [left, right]) }
    }
  }

  #concat(): Node {
    const { start } = this.token
    const parts = [this.#product()]
    while (this.skipOperator('~')) parts.push(this.#product())
    return parts.length === 1 && parts[0] !== undefined
      ? parts[0]
      : { kind: 'concat', parts, ...this.#at(start, parts) }
  }

  #product(): Node {
    const { start } = this.token
    let left = this.#power()
    for (;;) {
      const op = (['*', '/', '//', '%'] as const).find((text) => this.skipOperator(text))
      if (op === undefined) return left
      const right = this.#power()
      left = { kind: 'binary', op, left, right, ...this.#at(start, [left, right]) }
    }
  }

  #power(): Node {
    const { start } = this.token
    let left = this.#unary(true)
    while (this.skipOperator('**')) {
      const right = this.#unary(true)
      left = { kind: 'binary', op: '**', left, right, ...this.#at(start, [left, right]) }
    }
    return left
  }

  #unary(withFilters: boolean): Node {
    const { start } = this.token
    const op = this.skipOperator('-') ? '-' : this.skipOperator('+') ? '+' : undefined
    let node: Node
    if (op === undefined) node = this.primary()
    else {
      this.#depth += 1
      if (this.#depth > MAX_DEPTH)
        throw new PyError('RecursionError', 'the expression nests too deeply', start)
      const operand = this.#unary(false)
      this.#depth -= 1
      node = { kind: 'unary', op, operand, ...this.#at(start, [operand]) }
    }
    node = this.#postfix(node)
    return withFilters ? this.#filtersAndTests(node) : node
  }

  #filtersAndTests(first: Node): Node {
    let node = first
    for (;;) {
      if (this.isOperator('|')) node = this.filters(node)
      else if (this.isName('is')) node = this.#test(node)
      else if (this.isOperator('(')) node = this.#call(node)
      else return node
    }
  }

  /** One filter after the other; `target` is absent in filter blocks. `started` when the first `|` is left out. */
  filters(target: Node, started?: boolean): Node
  filters(target: Node | undefined, started?: boolean): Node | undefined
  filters(target: Node | undefined, started = false): Node | undefined {
    let node = target
    let inline = started
    while (inline || this.skipOperator('|')) {
      inline = false
      const { start } = this.token
      let name = this.expectName()
      while (this.skipOperator('.')) name += `.${this.expectName()}`
      const parts = this.isOperator('(') ? this.#arguments() : NO_PARTS
      node = { kind: 'filter', target: node, name, parts, ...this.#at(start, [node, ...partNodes(parts)]) }
    }
    return node
  }

  #test(target: Node): Node {
    this.place += 1
    const negated = this.skipName('not')
    const { start } = this.token
    let name = this.expectName()
    while (this.skipOperator('.')) name += `.${this.expectName()}`
    let parts = NO_PARTS
    const { token } = this
    if (this.isOperator('(')) parts = this.#arguments()
    else if (
      token.type === 'string' ||
      token.type === 'integer' ||
      token.type === 'float' ||
      (token.type === 'name' && !AFTER_TEST.has(token.text)) ||
      this.isOperator('[') ||
      this.isOperator('{')
    ) {
      if (this.isName('is')) throw this.fail('You cannot chain multiple tests with is')
      parts = { positional: [this.#postfix(this.primary())], named: [] }
    }
    const test: Node = {
      kind: 'test',
      target,
      name,
      parts,
      ...this.#at(start, [target, ...partNodes(parts)]),
    }
    return negated ? { kind: 'unary', op: 'not', operand: test, ...this.#at(start, [test]) } : test
  }

  /** A literal, a name or something in brackets. */
  primary(): Node {
    const { token } = this
    const { start } = token
    switch (token.type) {
      case 'name':
        this.place += 1
        if (Object.hasOwn(CONSTANTS, token.text))
          return { kind: 'constant', value: CONSTANTS[token.text] ?? null, ...this.#at(start, []) }
        return { kind: 'name', name: token.text, ...this.#at(start, []) }
      case 'string': {
        let value = ''
        for (let next = this.token; next.type === 'string'; next = this.token) {
          value += String(next.value)
          this.place += 1
        }
        return { kind: 'constant', value, ...this.#at(start, []) }
      }
      case 'integer':
      case 'float':
        this.place += 1
        return { kind: 'constant', value: token.value, ...this.#at(start, []) }
      case 'operator':
        if (token.text === '(') {
          this.place += 1
          const node = this.tuple({ brackets: true })
          this.expectOperator(')')
          return node
        }
        if (token.text === '[') return this.#list()
        if (token.text === '{') return this.#dict()
        throw this.fail(`unexpected '${token.text}'`)
      default:
        throw this.fail(`unexpected '${this.describe()}'`)
    }
  }

  /** One expression, or several with commas as a tuple. `until` is a name that ends it. */
  tuple(options: { brackets?: boolean; choices?: boolean; until?: string } = {}): Node {
    const { start } = this.token
    const items: Node[] = []
    let isTuple = false
    while (!this.#isTupleEnd(options.until)) {
      items.push(this.expression(options.choices ?? true))
      if (!this.skipOperator(',')) break
      isTuple = true
    }
    const [only] = items
    if (!isTuple && only !== undefined) return only
    if (!isTuple && options.brackets !== true)
      throw this.fail(`Expected an expression, got '${this.describe()}'`)
    return { kind: 'tuple', items, ...this.#at(start, items) }
  }

  #isTupleEnd(until: string | undefined): boolean {
    return this.token.type === 'close' || this.isOperator(')') || (until !== undefined && this.isName(until))
  }

  #list(): Node {
    const { start } = this.token
    this.place += 1
    const items: Node[] = []
    while (!this.isOperator(']')) {
      if (items.length > 0) this.expectOperator(',')
      if (this.isOperator(']')) break
      items.push(this.expression())
    }
    this.expectOperator(']')
    return { kind: 'list', items, ...this.#at(start, items) }
  }

  #dict(): Node {
    const { start } = this.token
    this.place += 1
    const entries: [Node, Node][] = []
    while (!this.isOperator('}')) {
      if (entries.length > 0) this.expectOperator(',')
      if (this.isOperator('}')) break
      const key = this.expression()
      this.expectOperator(':')
      entries.push([key, this.expression()])
    }
    this.expectOperator('}')
    return { kind: 'dict', entries, ...this.#at(start, entries.flat()) }
  }

  #postfix(first: Node): Node {
    let node = first
    for (;;) {
      if (this.isOperator('.') || this.isOperator('[')) node = this.#subscript(node)
      else if (this.isOperator('(')) node = this.#call(node)
      else return node
    }
  }

  #subscript(object: Node): Node {
    const { start } = object
    if (this.skipOperator('.')) {
      const { token } = this
      this.place += 1
      if (token.type === 'name')
        return { kind: 'attribute', object, name: token.text, ...this.#at(start, [object]) }
      if (token.type !== 'integer') throw this.fail('expected name or number', token.start)
      const key: Node = { kind: 'constant', value: token.value, ...this.#at(token.start, []) }
      return { kind: 'subscript', object, key, bracket: false, ...this.#at(start, [object]) }
    }
    this.place += 1
    const keyStart = this.token.start
    const keys: Node[] = []
    while (!this.isOperator(']')) {
      if (keys.length > 0) this.expectOperator(',')
      keys.push(this.#sliceOrKey())
    }
    this.expectOperator(']')
    const [only] = keys
    const key: Node =
      keys.length === 1 && only !== undefined
        ? only
        : { kind: 'tuple', items: keys, ...this.#at(keyStart, keys) }
    return { kind: 'subscript', object, key, bracket: true, ...this.#at(start, [object, key]) }
  }

  #sliceOrKey(): Node {
    const { start } = this.token
    const parts: (Node | undefined)[] = []
    if (this.isOperator(':')) parts.push(undefined)
    else {
      const key = this.expression()
      if (!this.isOperator(':')) return key
      parts.push(key)
    }
    while (parts.length < 3 && this.skipOperator(':')) {
      const isEmpty = this.isOperator(':') || this.isOperator(']') || this.isOperator(',')
      parts.push(isEmpty ? undefined : this.expression())
    }
    return { kind: 'slice', parts, ...this.#at(start, parts) }
  }

  #call(callee: Node): Node {
    const parts = this.#arguments()
    return { kind: 'call', callee, parts, ...this.#at(callee.start, [callee, ...partNodes(parts)]) }
  }

  #arguments(): CallParts {
    const { start } = this.token
    this.expectOperator('(')
    const positional: Node[] = []
    const named: [string, Node][] = []
    let star: Node | undefined
    let doubleStar: Node | undefined
    const ensure = (isValid: boolean): void => {
      if (!isValid) throw this.fail('invalid syntax for function call expression', start)
    }
    let isFirst = true
    while (!this.isOperator(')')) {
      if (!isFirst) {
        this.expectOperator(',')
        if (this.isOperator(')')) break
      }
      isFirst = false
      const next = this.tokens[this.place + 1]
      if (this.isOperator('*')) {
        ensure(star === undefined && doubleStar === undefined)
        this.place += 1
        star = this.expression()
      } else if (this.isOperator('**')) {
        ensure(doubleStar === undefined)
        this.place += 1
        doubleStar = this.expression()
      } else if (this.token.type === 'name' && next?.type === 'operator' && next.text === '=') {
        ensure(doubleStar === undefined)
        const name = this.expectName()
        this.place += 1
        named.push([name, this.expression()])
      } else {
        ensure(star === undefined && doubleStar === undefined && named.length === 0)
        positional.push(this.expression())
      }
    }
    this.expectOperator(')')
    return { positional, named, star, doubleStar }
  }

  /** What an assignment goes to: names, tuples of them, or `namespace.name` when `members` are allowed. */
  target(options: { members?: boolean; until?: string } = {}): Target {
    const { start } = this.token
    const items: Target[] = []
    let isTuple = false
    while (!(items.length > 0 && !isTuple) && !this.#isTargetEnd(options.until)) {
      items.push(this.#oneTarget(options.members ?? false))
      if (!this.skipOperator(',')) break
      isTuple = true
    }
    const [only] = items
    if (isTuple) return { kind: 'tuple', items }
    if (only === undefined) throw this.fail(`Expected an expression, got '${this.describe()}'`, start)
    return only
  }

  #isTargetEnd(until: string | undefined): boolean {
    return this.#isTupleEnd(until)
  }

  #oneTarget(members: boolean): Target {
    const { token } = this
    if (this.skipOperator('(')) {
      const inner = this.target({ members })
      this.expectOperator(')')
      return inner
    }
    if (token.type !== 'name' || Object.hasOwn(CONSTANTS, token.text))
      throw this.fail(`can't assign to '${this.describe()}'`)
    if (token.text === 'loop' && this.loops > 0)
      throw this.fail("can't assign to the special variable 'loop' in a for loop")
    this.place += 1
    if (members && this.skipOperator('.'))
      return { kind: 'member', name: token.text, attribute: this.expectName() }
    return { kind: 'name', name: token.text }
  }
}

function partNodes(parts: CallParts): (Node | undefined)[] {
  return [...parts.positional, ...parts.named.map(([, value]) => value), parts.star, parts.doubleStar]
}
