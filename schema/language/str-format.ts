import type { Budget } from './budget.ts'
import { PyError, valueError } from './errors.ts'
import { formatValue } from './format.ts'
import { ascii, repr, str } from './printing.ts'
import type { CallArguments, PyValue } from './values.ts'

/** How a replacement field reads attributes and items; the caller decides what is allowed. */
export type FieldAccess = {
  readonly attribute: (value: PyValue, name: string) => PyValue
  readonly item: (value: PyValue, key: PyValue) => PyValue
}

/** How a replacement field prints its value with a format specification. */
export type FieldPrinter = (value: PyValue, spec: string, budget: Budget) => string

type State = {
  readonly args: CallArguments
  /** Where named fields come from when not from the call, as in `format_map`. */
  readonly lookup: ((name: string) => PyValue) | undefined
  readonly access: FieldAccess
  readonly print: FieldPrinter
  readonly budget: Budget
  automatic: number
  manual: boolean
}

/** Python's `template.format(*args, **kwargs)`; `lookup` replaces the keyword arguments for `format_map`. */
export function formatTemplate(
  template: string,
  args: CallArguments,
  access: FieldAccess,
  budget: Budget,
  lookup?: (name: string) => PyValue,
  print: FieldPrinter = formatValue,
): string {
  return expand(template, { args, lookup, access, print, budget, automatic: 0, manual: false }, 2)
}

function expand(template: string, state: State, depth: number): string {
  if (depth < 0) throw valueError('Max string recursion exceeded')
  let result = ''
  let place = 0
  while (place < template.length) {
    const char = template[place]
    if (char === '{' || char === '}') {
      if (template[place + 1] === char) {
        result += char
        place += 2
        continue
      }
      if (char === '}') throw valueError("Single '}' encountered in format string")
      const end = fieldEnd(template, place + 1)
      result += field(template.slice(place + 1, end), state, depth)
      place = end + 1
    } else {
      const next = template.slice(place).search(/[{}]/)
      const stop = next < 0 ? template.length : place + next
      result += template.slice(place, stop)
      place = stop
    }
    state.budget.text(result.length)
  }
  return result
}

function fieldEnd(template: string, start: number): number {
  let depth = 1
  for (let place = start; place < template.length; place += 1) {
    const char = template[place]
    if (char === '[') {
      const close = template.indexOf(']', place)
      if (close > 0) place = close
    } else if (char === '{') depth += 1
    else if (char === '}') {
      depth -= 1
      if (depth === 0) return place
    }
  }
  throw valueError(
    start === template.length
      ? "Single '{' encountered in format string"
      : "expected '}' before end of string",
  )
}

const FIELD = /^(?<name>(?:[^[!:]|\[[^\]]*\]?)*)(?:!(?<conversion>[^:]*))?(?::(?<spec>.*))?$/su

function field(text: string, state: State, depth: number): string {
  const { name = '', conversion, spec = '' } = FIELD.exec(text)?.groups ?? {}
  const value = convert(resolve(name, state), conversion)
  state.budget.step()
  return state.print(value, spec === '' ? '' : expand(spec, state, depth - 1), state.budget)
}

function convert(value: PyValue, conversion: string | undefined): PyValue {
  switch (conversion) {
    case undefined:
      return value
    case 's':
      return str(value)
    case 'r':
      return repr(value)
    case 'a':
      return ascii(value)
    case '':
      throw valueError('end of string while looking for conversion specifier')
    default:
      throw valueError(`Unknown conversion specifier '${conversion}'`)
  }
}

function resolve(name: string, state: State): PyValue {
  const first = /^[^.[]*/.exec(name)?.[0] ?? ''
  let value = firstValue(first, state)
  let rest = name.slice(first.length)
  while (rest !== '') {
    const part = /^(?:\.(?<attribute>[^.[]+)|\[(?<item>[^\]]+)\])/.exec(rest)
    if (part === null) throw valueError('Empty attribute in format string')
    const { attribute, item } = part.groups ?? {}
    if (attribute !== undefined) value = state.access.attribute(value, attribute)
    else if (item !== undefined) value = state.access.item(value, /^\d+$/.test(item) ? BigInt(item) : item)
    rest = rest.slice(part[0].length)
  }
  return value
}

function firstValue(first: string, state: State): PyValue {
  if (first === '') {
    if (state.manual)
      throw valueError('cannot switch from manual field specification to automatic field numbering')
    state.automatic += 1
    return positional(state.automatic - 1, state)
  }
  if (/^\d+$/.test(first)) {
    if (state.automatic > 0)
      throw valueError('cannot switch from automatic field numbering to manual field specification')
    state.manual = true
    return positional(Number(first), state)
  }
  if (state.lookup !== undefined) return state.lookup(first)
  const named = state.args.named.get(first)
  if (named === undefined) throw new PyError('KeyError', `'${first}'`)
  return named
}

function positional(index: number, state: State): PyValue {
  if (state.lookup !== undefined) throw valueError('Format string contains positional fields')
  const value = state.args.positional[index]
  if (value === undefined)
    throw new PyError('IndexError', `Replacement index ${index} out of range for positional args tuple`)
  return value
}
