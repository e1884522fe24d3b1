import { PyError } from './errors.ts'
import type { FStringPiece } from './fstring-scanner.ts'
import { type CallParts, type FStringPart, heightOver, type Node } from './nodes.ts'
import type { BinaryOperator, CompareOperator } from './operators.ts'
import { type Token, tokenize } from './tokens.ts'
import { Ellipsis, PyBytes, type PyValue } from './values.ts'

/** How far expressions may nest. CPython gives up a little later, at a depth that differs between builds. */
export const MAX_DEPTH = 500

const KEYWORDS = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global if import ' +
    'in is lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
)

const CONSTANTS: Readonly<Record<string, PyValue>> = { True: true, False: false, None: null }

/** Binding powers, loosest first. `not` binds its operand at 4 and stands only where at most 3 is asked for. */
const POWER = {
  choice: 1,
  or: 2,
  and: 3,
  not: 4,
  compare: 5,
  bitOr: 6,
  bitXor: 7,
  bitAnd: 8,
  shift: 9,
  sum: 10,
  product: 11,
  sign: 12,
  power: 13,
} as const

const BINARY: Readonly<Record<string, { power: number; op: BinaryOperator | undefined }>> = {
  '|': { power: POWER.bitOr, op: undefined },
  '^': { power: POWER.bitXor, op: undefined },
  '&': { power: POWER.bitAnd, op: undefined },
  '<<': { power: POWER.shift, op: undefined },
  '>>': { power: POWER.shift, op: undefined },
  '+': { power: POWER.sum, op: '+' },
  '-': { power: POWER.sum, op: '-' },
  '*': { power: POWER.product, op: '*' },
  '/': { power: POWER.product, op: '/' },
  '//': { power: POWER.product, op: '//' },
  '%': { power: POWER.product, op: '%' },
  '@': { power: POWER.product, op: undefined },
}

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>='])

/** What parsing allows. `atoms` is the language of `ast.literal_eval`, which uses the same grammar. */
export function parseExpression(source: string): Node {
  const parser = new Parser(source, 0, tokenize(source))
  return parser.whole()
}

class Parser {
  readonly #source: string
  readonly #base: number
  readonly #tokens: readonly Token[]
  #place = 0
  #depth = 0

  constructor(source: string, base: number, tokens: readonly Token[]) {
    this.#source = source
    this.#base = base
    this.#tokens = tokens
  }

  /** One expression or tuple up to the end of the text; only line ends may follow. */
  whole(): Node {
    const node = this.#expressions()
    while (this.#token.type === 'newline') this.#place += 1
    if (this.#token.type !== 'end') throw this.#unexpected()
    return node
  }

  /** What a field of an f-string may hold: also `yield` and starred items, which are then refused at evaluation. */
  field(): Node {
    const node = this.#isName('yield') ? this.#yield() : this.#namedOrTuple('end')
    if (this.#token.type !== 'end') throw this.#unexpected()
    return node
  }

  get #token(): Token {
    return (
      this.#tokens[this.#place] ?? {
        type: 'end',
        text: '',
        start: this.#source.length,
        end: this.#source.length,
      }
    )
  }

  #is(text: string): boolean {
    const token = this.#token
    return token.type === 'operator' && token.text === text
  }

  #isName(text: string): boolean {
    const token = this.#token
    return token.type === 'name' && token.text === text
  }

  #skip(text: string): boolean {
    const matched = this.#is(text)
    if (matched) this.#place += 1
    return matched
  }

  #expect(text: string): void {
    if (!this.#skip(text)) throw this.#unexpected(`expected '${text}'`)
  }

  #unexpected(what?: string): PyError {
    const token = this.#token
    const found =
      token.type === 'end'
        ? 'the end of the expression'
        : token.type === 'newline'
          ? 'a line end'
          : `'${token.text}'`
    return new PyError(
      'SyntaxError',
      what !== undefined
        ? `${what}, found ${found}`
        : token.type === 'end'
          ? 'it ends too early'
          : `it makes no sense at ${found}`,
      this.#base + token.start,
    )
  }

  /** The height of a node over others. */
  #height(nodes: readonly (Node | undefined)[], start: number): number {
    const height = heightOver(nodes)
    if (height > MAX_DEPTH)
      throw new PyError(
        'RecursionError',
        `the expression nests more than ${MAX_DEPTH} levels`,
        this.#base + start,
      )
    return height
  }

  #forbidden(what: string, inside: readonly Node[], start: number): Node {
    return { kind: 'forbidden', what, inside, start: this.#base + start, height: this.#height(inside, start) }
  }

  #expressions(): Node {
    const start = this.#token.start
    const first = this.#expression()
    if (!this.#is(',')) return first
    const items = [first]
    while (this.#skip(',')) {
      if (this.#token.type === 'end' || this.#token.type === 'newline') break
      items.push(this.#expression())
    }
    return { kind: 'tuple', items, start: this.#base + start, height: this.#height(items, start) }
  }

  #expression(power: number = POWER.choice): Node {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH)
      throw new PyError(
        'RecursionError',
        `the expression nests more than ${MAX_DEPTH} levels`,
        this.#base + this.#token.start,
      )
    try {
      return this.#continue(this.#prefix(power), power)
    } finally {
      this.#depth -= 1
    }
  }

  /** Extend `left` with operators that bind at least as tightly as `power`. */
  #continue(first: Node, power: number): Node {
    let left = first
    const start = first.start - this.#base
    for (;;) {
      const token = this.#token
      if (token.type === 'operator') {
        const entry = BINARY[token.text]
        if (entry !== undefined && entry.power >= power) {
          this.#place += 1
          const right = this.#expression(entry.power + 1)
          left = this.#binary(entry.op, token, left, right, start)
          continue
        }
        if (token.text === '**' && power <= POWER.power) {
          this.#place += 1
          const right = this.#expression(POWER.sign)
          left = this.#binary('**', token, left, right, start)
          continue
        }
      }
      const comparison = power <= POWER.compare ? this.#comparison() : undefined
      if (comparison !== undefined) {
        left = this.#compareChain(left, comparison, start)
        continue
      }
      if (token.type !== 'name') return left
      if (token.text === 'or' && power <= POWER.or) {
        left = this.#logic('or', left, POWER.or, start)
      } else if (token.text === 'and' && power <= POWER.and) {
        left = this.#logic('and', left, POWER.and, start)
      } else if (token.text === 'if' && power <= POWER.choice) {
        this.#place += 1
        const test = this.#expression(POWER.or)
        if (!this.#isName('else')) throw this.#unexpected("expected 'else' after 'if' expression")
        this.#place += 1
        const otherwise = this.#expression()
        left = {
          kind: 'choice',
          test,
          chosen: left,
          otherwise,
          start: this.#base + start,
          height: this.#height([test, left, otherwise], start),
        }
      } else return left
    }
  }

  /** At `and` or `or`, which binds to the left with `power`. */
  #logic(op: 'and' | 'or', left: Node, power: number, start: number): Node {
    this.#place += 1
    const right = this.#expression(power + 1)
    const height = this.#height([left, right], start)
    return { kind: 'logic', op, left, right, start: this.#base + start, height }
  }

  #binary(op: BinaryOperator | undefined, token: Token, left: Node, right: Node, start: number): Node {
    if (op === undefined) return this.#forbidden(`the operator '${token.text}'`, [left, right], start)
    return {
      kind: 'binary',
      op,
      left,
      right,
      start: this.#base + start,
      height: this.#height([left, right], start),
    }
  }

  #comparison(): CompareOperator | undefined {
    const token = this.#token
    if (token.type === 'operator' && COMPARISONS.has(token.text)) {
      this.#place += 1
      return token.text as CompareOperator
    }
    if (token.type !== 'name') return undefined
    if (token.text === 'in') {
      this.#place += 1
      return 'in'
    }
    if (token.text === 'is') {
      this.#place += 1
      if (!this.#isName('not')) return 'is'
      this.#place += 1
      return 'is not'
    }
    const next = this.#tokens[this.#place + 1]
    if (token.text === 'not' && next?.type === 'name' && next.text === 'in') {
      this.#place += 2
      return 'not in'
    }
    return undefined
  }

  #compareChain(first: Node, operator: CompareOperator, start: number): Node {
    const rest: { op: CompareOperator; right: Node }[] = []
    for (let op: CompareOperator | undefined = operator; op !== undefined; op = this.#comparison())
      rest.push({ op, right: this.#expression(POWER.bitOr) })
    return {
      kind: 'compare',
      first,
      rest,
      start: this.#base + start,
      height: this.#height([first, ...rest.map((step) => step.right)], start),
    }
  }

  #prefix(power: number): Node {
    const token = this.#token
    const { start } = token
    if (token.type === 'operator' && (token.text === '-' || token.text === '+' || token.text === '~')) {
      if (power > POWER.sign) throw this.#unexpected()
      this.#place += 1
      const operand = this.#expression(POWER.sign)
      if (token.text === '~') return this.#forbidden("the operator '~'", [operand], start)
      return {
        kind: 'unary',
        op: token.text === '-' ? '-' : '+',
        operand,
        start: this.#base + start,
        height: this.#height([operand], start),
      }
    }
    if (token.type === 'name' && token.text === 'not') {
      if (power > POWER.not) throw this.#unexpected()
      this.#place += 1
      const operand = this.#expression(POWER.not)
      return {
        kind: 'unary',
        op: 'not',
        operand,
        start: this.#base + start,
        height: this.#height([operand], start),
      }
    }
    if (token.type === 'name' && token.text === 'lambda') {
      if (power > POWER.choice) throw this.#unexpected()
      return this.#lambda()
    }
    if (token.type === 'name' && token.text === 'await') {
      if (power > POWER.power) throw this.#unexpected()
      this.#place += 1
      return this.#forbidden("'await'", [this.#primary()], start)
    }
    return this.#primary()
  }

  #lambda(): Node {
    const { start } = this.#token
    this.#place += 1
    const inside = this.#lambdaParameters()
    inside.push(this.#expression())
    return this.#forbidden('a lambda', inside, start)
  }

  /** The parameters of a lambda up to its colon; gives the expressions of the defaults. */
  #lambdaParameters(): Node[] {
    const defaults: Node[] = []
    let names = 0
    let mark: '' | '/' | '*' | 'bare *' | '**' = ''
    while (!this.#skip(':')) {
      if (mark === '**') throw this.#unexpected()
      if (this.#skip('**')) mark = '**'
      else if (this.#is('*') || this.#is('/')) {
        const isSlash = this.#skip('/')
        if (mark === '*' || mark === 'bare *' || (isSlash && (mark !== '' || names === 0)))
          throw this.#unexpected()
        mark = isSlash ? '/' : '*'
        if (!isSlash) this.#place += 1
        if (!isSlash && this.#is(',')) mark = 'bare *'
      }
      const isNamed = mark !== '/' || !(this.#is(',') || this.#is(':'))
      if (mark !== 'bare *' || !this.#is(',')) {
        if (isNamed) this.#lambdaParameter(defaults, mark)
      } else if (this.#tokens[this.#place + 1]?.type !== 'name') throw this.#unexpected('expected a name')
      names += 1
      if (!this.#skip(',') && !this.#is(':')) throw this.#unexpected()
    }
    return defaults
  }

  #lambdaParameter(defaults: Node[], mark: string): void {
    const token = this.#token
    if (token.type !== 'name' || KEYWORDS.has(token.text)) throw this.#unexpected('expected a name')
    this.#place += 1
    const isCollected = this.#tokens[this.#place - 2]?.text === '*' || mark === '**'
    if (!isCollected && this.#skip('=')) defaults.push(this.#expression())
    else if (defaults.length > 0 && (mark === '' || mark === '/'))
      throw this.#unexpected('parameter without a default follows parameter with a default')
  }

  #primary(): Node {
    let node = this.#atom()
    for (;;) {
      const start = node.start - this.#base
      if (this.#skip('.')) {
        const token = this.#token
        if (token.type !== 'name' || KEYWORDS.has(token.text)) throw this.#unexpected('expected a name')
        this.#place += 1
        node = {
          kind: 'attribute',
          object: node,
          name: token.text,
          start: this.#base + start,
          height: this.#height([node], start),
        }
      } else if (this.#is('(')) {
        this.#place += 1
        const parts = this.#arguments()
        node = {
          kind: 'call',
          callee: node,
          parts,
          start: this.#base + start,
          height: this.#height([node, ...all(parts)], start),
        }
      } else if (this.#skip('[')) {
        const key = this.#slices()
        this.#expect(']')
        node = {
          kind: 'subscript',
          object: node,
          key,
          bracket: true,
          start: this.#base + start,
          height: this.#height([node, key], start),
        }
      } else return node
    }
  }

  #slices(): Node {
    const { start } = this.#token
    const first = this.#slice()
    if (!this.#is(','))
      return first.kind === 'forbidden' && first.what === STARRED ? this.#tupleOf([first], start) : first
    const items = [first]
    while (this.#skip(',')) {
      if (this.#is(']')) break
      items.push(this.#slice())
    }
    return this.#tupleOf(items, start)
  }

  #tupleOf(items: Node[], start: number): Node {
    return { kind: 'tuple', items, start: this.#base + start, height: this.#height(items, start) }
  }

  #slice(): Node {
    const { start } = this.#token
    if (this.#is('*')) return this.#starred()
    const lower = this.#is(':') ? undefined : this.#named()
    if (!this.#is(':')) {
      if (lower === undefined) throw this.#unexpected()
      return lower
    }
    const parts: (Node | undefined)[] = [lower]
    while (parts.length < 3 && this.#skip(':'))
      parts.push(this.#is(':') || this.#is(']') || this.#is(',') ? undefined : this.#expression())
    return { kind: 'slice', parts, start: this.#base + start, height: this.#height(parts, start) }
  }

  #starred(): Node {
    const { start } = this.#token
    this.#expect('*')
    return this.#forbidden(STARRED, [this.#expression(POWER.bitOr)], start)
  }

  /** An expression, or a name with `:=`, which only stands in brackets. */
  #named(): Node {
    const token = this.#token
    const next = this.#tokens[this.#place + 1]
    if (
      token.type === 'name' &&
      !KEYWORDS.has(token.text) &&
      next?.type === 'operator' &&
      next.text === ':='
    ) {
      this.#place += 2
      return this.#forbidden("an assignment with ':='", [this.#expression()], token.start)
    }
    return this.#expression()
  }

  #namedOrTuple(close: string, loneStar = false): Node {
    const { start } = this.#token
    const item = (): Node => (this.#is('*') ? this.#starred() : this.#named())
    const first = item()
    if (!this.#is(',')) {
      if (!loneStar && first.kind === 'forbidden' && first.what === STARRED)
        throw this.#unexpected('cannot use starred expression here')
      return first
    }
    const items = [first]
    while (this.#skip(',')) {
      if (this.#is(close) || this.#token.type === 'end') break
      items.push(item())
    }
    return this.#tupleOf(items, start)
  }

  #arguments(): CallParts {
    const positional: Node[] = []
    const named: [string, Node][] = []
    while (!this.#skip(')')) {
      const token = this.#token
      const next = this.#tokens[this.#place + 1]
      if (this.#is('*')) {
        if (named.some(([name]) => name === '**')) throw this.#unexpected("'*' after '**'")
        positional.push(this.#starred())
      } else if (this.#is('**')) {
        this.#place += 1
        named.push(['**', this.#forbidden("'**' in a call", [this.#expression()], token.start)])
      } else if (token.type === 'name' && next?.type === 'operator' && next.text === '=') {
        if (KEYWORDS.has(token.text)) throw this.#unexpected('cannot assign to a keyword')
        this.#place += 2
        named.push([token.text, this.#expression()])
      } else {
        const value = this.#named()
        if (this.#isComprehension()) {
          const generator = this.#comprehension([value], token.start)
          if ((positional.length > 0 || named.length > 0 || !this.#is(')')) && !this.#is(')'))
            throw this.#unexpected('a generator expression needs its own brackets')
          if (positional.length > 0 || named.length > 0)
            throw this.#unexpected('a generator expression needs its own brackets')
          positional.push(generator)
        } else {
          if (named.some(([name]) => name === '**'))
            throw this.#unexpected("a positional argument after '**'")
          if (named.length > 0) throw this.#unexpected('positional argument follows keyword argument')
          positional.push(value)
        }
      }
      if (!this.#skip(',') && !this.#is(')')) throw this.#unexpected()
    }
    return { positional, named }
  }

  #isComprehension(): boolean {
    const next = this.#tokens[this.#place + 1]
    return this.#isName('for') || (this.#isName('async') && next?.type === 'name' && next.text === 'for')
  }

  #comprehension(results: readonly Node[], start: number): Node {
    if (results.some((result) => result.kind === 'forbidden' && result.what === STARRED))
      throw this.#unexpected('iterable unpacking cannot be used in comprehension')
    const inside = [...results]
    while (this.#isComprehension()) {
      if (this.#isName('async')) this.#place += 1
      this.#place += 1
      this.#targets()
      if (!this.#isName('in')) throw this.#unexpected("expected 'in'")
      this.#place += 1
      inside.push(this.#expression(POWER.or))
      while (this.#isName('if')) {
        this.#place += 1
        inside.push(this.#noChoice())
      }
    }
    return this.#forbidden('a comprehension', inside, start)
  }

  #noChoice(): Node {
    const next = this.#tokens[this.#place + 1]
    return next?.type === 'operator' && next.text === ':=' ? this.#named() : this.#expression(POWER.or)
  }

  /** What stands between `for` and `in`: names, attributes, subscripts, in tuples or starred. */
  #targets(): void {
    let isFirst = true
    do {
      if (this.#isName('in') && !isFirst) return
      isFirst = false
      this.#skip('*')
      const target = this.#primary()
      if (!isTarget(target)) throw this.#unexpected('cannot assign to this expression')
    } while (this.#skip(','))
  }

  #yield(): Node {
    const { start } = this.#token
    this.#place += 1
    const inside: Node[] = []
    if (this.#isName('from')) {
      this.#place += 1
      inside.push(this.#expression())
    } else if (!this.#is(')') && this.#token.type !== 'end') inside.push(this.#namedOrTuple(')', true))
    return this.#forbidden("'yield'", inside, start)
  }

  #atom(): Node {
    const token = this.#token
    const { start } = token
    switch (token.type) {
      case 'number':
        this.#place += 1
        return {
          kind: 'constant',
          value: token.value,
          start: this.#base + start,
          height: this.#height([], start),
        }
      case 'string':
      case 'fstring':
        return this.#strings()
      case 'name': {
        const constant = CONSTANTS[token.text]
        if (constant !== undefined && Object.hasOwn(CONSTANTS, token.text)) {
          this.#place += 1
          return {
            kind: 'constant',
            value: constant,
            start: this.#base + start,
            height: this.#height([], start),
          }
        }
        if (KEYWORDS.has(token.text)) throw this.#unexpected()
        this.#place += 1
        return { kind: 'name', name: token.text, start: this.#base + start, height: this.#height([], start) }
      }
      case 'operator':
        switch (token.text) {
          case '(':
            return this.#group()
          case '[':
            return this.#list()
          case '{':
            return this.#braces()
          case '...':
            this.#place += 1
            return {
              kind: 'constant',
              value: Ellipsis,
              start: this.#base + start,
              height: this.#height([], start),
            }
          default:
            throw this.#unexpected()
        }
      default:
        throw this.#unexpected()
    }
  }

  #group(): Node {
    const { start } = this.#token
    this.#place += 1
    if (this.#skip(')')) return this.#tupleOf([], start)
    if (this.#isName('yield')) {
      const node = this.#yield()
      this.#expect(')')
      return node
    }
    const first = this.#namedOrTuple(')')
    const node =
      this.#isComprehension() && first.kind !== 'tuple' ? this.#comprehension([first], start) : first
    this.#expect(')')
    return node.kind === 'constant' || node.kind === 'name' ? node : { ...node, start: this.#base + start }
  }

  #list(): Node {
    const { start } = this.#token
    this.#place += 1
    const items: Node[] = []
    while (!this.#skip(']')) {
      items.push(this.#is('*') ? this.#starred() : this.#named())
      if (items.length === 1 && this.#isComprehension()) {
        const node = this.#comprehension(items, start)
        this.#expect(']')
        return node
      }
      if (!this.#skip(',') && !this.#is(']')) throw this.#unexpected()
    }
    return { kind: 'list', items, start: this.#base + start, height: this.#height(items, start) }
  }

  #braces(): Node {
    const { start } = this.#token
    this.#place += 1
    const entries: [Node, Node][] = []
    const items: Node[] = []
    while (!this.#skip('}')) {
      const at = this.#token.start
      if (this.#skip('**')) {
        if (items.length > 0) throw this.#unexpected()
        const value = this.#forbidden("'**' in a dictionary", [this.#expression(POWER.bitOr)], at)
        entries.push([value, value])
      } else {
        const key = this.#is('*') ? this.#starred() : this.#named()
        if (this.#is(':') && key.kind === 'forbidden' && key.what === STARRED) throw this.#unexpected()
        if (this.#skip(':')) {
          if (items.length > 0) throw this.#unexpected()
          entries.push([key, this.#expression()])
        } else {
          if (entries.length > 0) throw this.#unexpected("expected ':'")
          items.push(key)
        }
      }
      if (entries.length + items.length === 1 && this.#isComprehension()) {
        const node = this.#comprehension([...items, ...entries.flat()], start)
        this.#expect('}')
        return node
      }
      if (!this.#skip(',') && !this.#is('}')) throw this.#unexpected()
    }
    if (items.length > 0)
      return { kind: 'set', items, start: this.#base + start, height: this.#height(items, start) }
    return { kind: 'dict', entries, start: this.#base + start, height: this.#height(entries.flat(), start) }
  }

  /** One or more texts side by side, which are one. */
  #strings(): Node {
    const { start } = this.#token
    const parts: FStringPart[] = []
    let text = ''
    let bytes: number[] | undefined
    let hasFields = false
    let plain = 0
    for (;;) {
      const token = this.#token
      if (token.type === 'string') {
        if (token.value instanceof PyBytes) bytes = [...(bytes ?? []), ...token.value.bytes]
        else {
          plain += 1
          text += String(token.value)
        }
      } else if (token.type === 'fstring') {
        hasFields = true
        plain += 1
        if (text !== '') parts.push(text)
        text = ''
        parts.push(...this.#pieces(token.pieces))
      } else break
      this.#place += 1
    }
    if (bytes !== undefined) {
      if (plain > 0)
        throw new PyError('SyntaxError', 'cannot mix bytes and nonbytes literals', this.#base + start)
      return {
        kind: 'constant',
        value: new PyBytes(Uint8Array.from(bytes)),
        start: this.#base + start,
        height: this.#height([], start),
      }
    }
    if (!hasFields)
      return { kind: 'constant', value: text, start: this.#base + start, height: this.#height([], start) }
    if (text !== '') parts.push(text)
    return {
      kind: 'fstring',
      parts,
      start: this.#base + start,
      height: this.#height(fieldNodes(parts), start),
    }
  }

  #pieces(pieces: readonly FStringPiece[]): FStringPart[] {
    return pieces.map((piece) => {
      if (typeof piece === 'string') return piece
      const source = this.#source.slice(piece.start, piece.end)
      const base = this.#base + piece.start
      if (this.#depth > 50)
        throw new PyError('RecursionError', 'f-string: expressions nested too deeply', base)
      let tokens: Token[]
      try {
        tokens = tokenize(source, true)
      } catch (error) {
        if (error instanceof PyError) error.offset = base + (error.offset ?? 0)
        throw error
      }
      const inner = new Parser(source, base, tokens)
      inner.#depth = this.#depth + 10
      return { value: inner.field(), spec: piece.spec === undefined ? undefined : this.#pieces(piece.spec) }
    })
  }
}

const STARRED = "'*' before an item"

function all(parts: CallParts): Node[] {
  return [...parts.positional, ...parts.named.map(([, value]) => value)]
}

function fieldNodes(parts: readonly FStringPart[]): Node[] {
  return parts.flatMap((part) =>
    typeof part === 'string' ? [] : [part.value, ...fieldNodes(part.spec ?? [])],
  )
}

function isTarget(node: Node): boolean {
  switch (node.kind) {
    case 'name':
    case 'attribute':
    case 'subscript':
      return true
    case 'tuple':
    case 'list':
      return node.items.every(
        (item) => isTarget(item) || (item.kind === 'forbidden' && item.what === STARRED),
      )
    default:
      return false
  }
}
