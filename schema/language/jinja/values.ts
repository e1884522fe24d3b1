import { bind } from '../arguments.ts'
import type { Budget } from '../budget.ts'
import { PyDict } from '../dict.ts'
import { PyError, typeError, valueError } from '../errors.ts'
import { formatValue } from '../format.ts'
import { formatMethod } from '../methods.ts'
import { asNumber, binary, contains, pyEquals } from '../operators.ts'
import { repr, str, textRepr } from '../printing.ts'
import { stringMethod } from '../string-methods.ts'
import { subscript } from '../subscript.ts'
import { textLength } from '../text.ts'
import {
  asText,
  type CallArguments,
  PyFunction,
  PyObject,
  PyTuple,
  type PyValue,
  toArray,
  typeName,
} from '../values.ts'
import { stripTags, unescapeHtml } from './html.ts'

/** Jinja's undefined value: prints as nothing, counts as empty and false, and fails when it is really used. */
export class PyUndefined extends PyObject {
  readonly pyType = 'Undefined'
  readonly #message: string

  /** `message` is what using it says, for example `'x' is undefined`. */
  constructor(message: string) {
    super()
    this.#message = message
  }

  /** The error of using it. */
  error(): PyError {
    return new PyError('UndefinedError', this.#message)
  }

  override pyRepr(): string {
    return 'Undefined'
  }

  override pyStr(): string {
    return ''
  }

  override pyLength(): number {
    return 0
  }

  override pyIterate(): Iterator<PyValue> {
    return [][Symbol.iterator]()
  }

  override pyEquals(other: PyValue): boolean {
    return other instanceof PyUndefined
  }

  override pyNumber(): number {
    throw this.error()
  }

  override pyItem(): PyValue {
    throw this.error()
  }

  override pyCall(): PyValue {
    throw this.error()
  }
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
}

/** A text that is known to be HTML, so that nothing escapes it again. It behaves as a text otherwise. */
export class PyMarkup extends PyObject {
  readonly pyType = 'Markup'
  readonly text: string

  constructor(text: string) {
    super()
    this.text = text
  }

  override pyRepr(): string {
    return `Markup(${textRepr(this.text)})`
  }

  override pyStr(): string {
    return this.text
  }

  override pyLength(): number {
    return textLength(this.text)
  }

  override pyText(): string {
    return this.text
  }

  /** Its characters one by one are plain texts. */
  override pyIterate(): Iterator<PyValue> {
    return this.text[Symbol.iterator]()
  }

  override pyContains(value: PyValue, budget: Budget): boolean {
    return contains(this.text, value, budget)
  }

  override pyItem(key: PyValue, budget: Budget): PyValue {
    return new PyMarkup(str(subscript(this.text, key, budget)))
  }

  override pyEquals(other: PyValue): boolean {
    return asText(other) === this.text
  }

  override pyAttribute(name: string): PyValue | undefined {
    if (name === 'unescape') return new PyFunction(name, () => unescapeHtml(this.text))
    if (name === 'striptags') return new PyFunction(name, () => stripTags(this.text))
    const format = formatMethod(this.text, name, formatEscaped)
    if (format !== undefined)
      return new PyFunction(name, (args, budget) => new PyMarkup(format(args, budget)))
    const run = stringMethod(name)
    if (run === undefined) return undefined
    const place = ESCAPED_ARGUMENT[name]
    return new PyFunction(
      name,
      ({ positional, named }, budget) => {
        const given = name === 'join' ? positional.map((items) => toArray(items, budget)) : positional
        const escaped = given.map((value, index) => (index === place ? escapedArgument(value) : value))
        const result = run(this.text, { positional: escaped, named }, budget)
        return name === 'encode' ? result : remarked(result)
      },
      `<bound method Markup.${name} of ${this.pyRepr()}>`,
    )
  }
}

/** What fills a field of a marked-up text is escaped; what is marked up itself takes no format specification. */
function formatEscaped(value: PyValue, spec: string, budget: Budget): string {
  if (!(value instanceof PyMarkup)) return escapeHtml(formatValue(value, spec, budget))
  if (spec !== '') throw valueError('Unsupported format specification for Markup.')
  return value.text
}

/** Which argument of a method goes into the result, so that it is escaped. */
const ESCAPED_ARGUMENT: Readonly<Record<string, number>> = {
  join: 0,
  replace: 1,
  ljust: 1,
  rjust: 1,
  center: 1,
}

function escapedArgument(value: PyValue): PyValue {
  return Array.isArray(value) ? value.map(escapeHtml) : escapeHtml(value)
}

function remarked(value: PyValue): PyValue {
  if (typeof value === 'string') return new PyMarkup(value)
  if (Array.isArray(value)) return value.map(remarked)
  return value instanceof PyTuple ? new PyTuple(value.items.map(remarked)) : value
}

/** The text of a marked-up text; other values as they are. */
export function plain(value: PyValue): PyValue {
  return value instanceof PyMarkup ? value.text : value
}

/** Jinja's `escape`: HTML's five characters, unless the value is marked as HTML already. */
export function escapeHtml(value: PyValue): string {
  return value instanceof PyMarkup ? value.text : str(value).replace(/[&<>'"]/g, (char) => HTML[char] ?? char)
}

/** Operators on marked-up text: what is added or filled in is escaped. Nothing when neither side is marked up. */
export function operateOnMarkup(
  op: string,
  left: PyValue,
  right: PyValue,
  budget: Budget,
): PyValue | undefined {
  if (!(left instanceof PyMarkup) && !(right instanceof PyMarkup)) return undefined
  if (op === '+' && isText(left) && isText(right)) {
    const text = escapeHtml(left) + escapeHtml(right)
    budget.text(text.length)
    return new PyMarkup(text)
  }
  if (op === '%' && left instanceof PyMarkup)
    return new PyMarkup(str(binary('%', left.text, escapedFilling(right), budget)))
  if (op === '*') return remarked(binary('*', plain(left), plain(right), budget))
  if (op === '+') return undefined
  if (op === '==' || op === '!=') return pyEquals(plain(left), plain(right)) === (op === '==')
  return undefined
}

/** What fills a marked-up text with `%`: everything but numbers is escaped when it is printed. */
function escapedFilling(value: PyValue): PyValue {
  if (value instanceof PyTuple) return new PyTuple(value.items.map(escapedValue))
  if (!(value instanceof PyDict)) return escapedValue(value)
  return new PyDict(Array.from(value.entries(), ([key, item]) => [key, escapedValue(item)] as const))
}

function escapedValue(value: PyValue): PyValue {
  return asNumber(value) === undefined ? new Escaped(value) : value
}

/** A value that prints as HTML. */
class Escaped extends PyObject {
  readonly pyType = '_MarkupEscapeHelper'
  readonly #value: PyValue

  constructor(value: PyValue) {
    super()
    this.#value = value
  }

  override pyStr(): string {
    return escapeHtml(this.#value)
  }

  override pyRepr(): string {
    return escapeHtml(repr(this.#value))
  }
}

function isText(value: PyValue): boolean {
  return typeof value === 'string' || value instanceof PyMarkup
}

/** Jinja's `namespace(…)`, the one thing that `set` can change from inside a loop. */
export class PyNamespace extends PyObject {
  readonly pyType = 'Namespace'
  readonly members = new PyDict()

  override pyAttribute(name: string): PyValue | undefined {
    return this.members.get(name)
  }

  override pyRepr(): string {
    return `<Namespace ${repr(this.members)}>`
  }
}

/** Jinja's `cycler(…)`. */
export class PyCycler extends PyObject {
  readonly pyType = 'Cycler'
  readonly #items: readonly PyValue[]
  #place = 0

  constructor(items: readonly PyValue[]) {
    super()
    if (items.length === 0) throw new PyError('RuntimeError', 'at least one item has to be provided')
    this.#items = items
  }

  override pyAttribute(name: string): PyValue | undefined {
    const current = this.#items[this.#place] ?? null
    switch (name) {
      case 'current':
        return current
      case 'next':
        return new PyFunction(name, () => {
          const value = this.#items[this.#place] ?? null
          this.#place = (this.#place + 1) % this.#items.length
          return value
        })
      case 'reset':
        return new PyFunction(name, () => {
          this.#place = 0
          return null
        })
      default:
        return undefined
    }
  }
}

/** Jinja's `joiner(separator)`: nothing at the first call, the separator at every other. */
export class PyJoiner extends PyObject {
  readonly pyType = 'Joiner'
  readonly #separator: PyValue
  #used = false

  constructor(separator: PyValue) {
    super()
    this.#separator = separator
  }

  override pyCall(): PyValue {
    const value = this.#used ? this.#separator : ''
    this.#used = true
    return value
  }
}

/** Jinja's `loop` in a `for` body. */
export class PyLoop extends PyObject {
  readonly pyType = 'LoopContext'
  readonly #items: readonly PyValue[]
  readonly #depth: number
  readonly #again: ((items: PyValue) => PyValue) | undefined
  #index = 0
  #changed: readonly PyValue[] | undefined

  /** `again` renders the loop for other items, in recursive loops. */
  constructor(items: readonly PyValue[], depth: number, again: ((items: PyValue) => PyValue) | undefined) {
    super()
    this.#items = items
    this.#depth = depth
    this.#again = again
  }

  /** Go to the item with this index. */
  moveTo(index: number): void {
    this.#index = index
  }

  override pyLength(): number {
    return this.#items.length
  }

  override pyRepr(): string {
    return `<LoopContext ${this.#index + 1}/${this.#items.length}>`
  }

  override pyCall(args: CallArguments): PyValue {
    const [items = null] = bind(
      { name: 'loop', parameters: ['iterable'], required: 1, positionalOnly: 0 },
      args,
    )
    if (this.#again === undefined)
      throw typeError("The loop must have the 'recursive' marker to be called recursively.")
    return this.#again(items)
  }

  override pyAttribute(name: string, budget: Budget): PyValue | undefined {
    const length = this.#items.length
    const index = this.#index
    switch (name) {
      case 'index':
        return BigInt(index + 1)
      case 'index0':
        return BigInt(index)
      case 'revindex':
        return BigInt(length - index)
      case 'revindex0':
        return BigInt(length - index - 1)
      case 'first':
        return index === 0
      case 'last':
        return index === length - 1
      case 'length':
        return BigInt(length)
      case 'depth':
        return BigInt(this.#depth + 1)
      case 'depth0':
        return BigInt(this.#depth)
      case 'previtem':
        return index === 0 ? new PyUndefined('there is no previous item') : (this.#items[index - 1] ?? null)
      case 'nextitem':
        return index === length - 1
          ? new PyUndefined('there is no next item')
          : (this.#items[index + 1] ?? null)
      case 'cycle':
        return new PyFunction(name, (args) => {
          if (args.positional.length === 0) throw typeError('no items for cycling given')
          return args.positional[index % args.positional.length] ?? null
        })
      case 'changed':
        return new PyFunction(name, (args) => {
          const same = this.#changed !== undefined && pyEquals([...this.#changed], [...args.positional])
          this.#changed = args.positional
          return !same
        })
      default:
        budget.step()
        return undefined
    }
  }
}

/** A macro as a value: calling it renders its body. */
export class PyMacro extends PyObject {
  readonly pyType = 'Macro'
  readonly #name: string
  readonly #facts: PyDict
  readonly #render: (args: CallArguments, budget: Budget) => PyValue

  constructor(name: string, facts: PyDict, render: (args: CallArguments, budget: Budget) => PyValue) {
    super()
    this.#name = name
    this.#facts = facts
    this.#render = render
  }

  override pyCall(args: CallArguments, budget: Budget): PyValue {
    return this.#render(args, budget)
  }

  override pyAttribute(name: string): PyValue | undefined {
    return this.#facts.get(name)
  }

  override pyRepr(): string {
    return `<Macro ${textRepr(this.#name)}>`
  }
}

/** Jinja's `self`: the blocks of the template as functions. */
export class PyTemplateReference extends PyObject {
  readonly pyType = 'TemplateReference'
  readonly #block: (name: string) => PyValue | undefined

  constructor(block: (name: string) => PyValue | undefined) {
    super()
    this.#block = block
  }

  override pyAttribute(name: string): PyValue | undefined {
    return this.#block(name)
  }

  override pyRepr(): string {
    return '<TemplateReference None>'
  }
}

/** What an error message calls an object: its type, or its name for `None`. */
export function objectWords(value: PyValue): string {
  return value === null ? "'None'" : `'${typeName(value)} object'`
}
