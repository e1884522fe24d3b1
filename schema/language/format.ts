import type { Budget } from './budget.ts'
import { decode } from './bytes.ts'
import { TextCache } from './cache.ts'
import { PyDict } from './dict.ts'
import { PyError, typeError, valueError } from './errors.ts'
import { fixed, floatRepr, positional, scientific, significant } from './floats.ts'
import { ascii, intText, repr, str } from './printing.ts'
import { codePoints, textLength } from './text.ts'
import { PyBytes, PyComplex, PyObject, PyRange, PyTuple, type PyValue, typeName } from './values.ts'

/** A format specification, `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`. */
type Spec = {
  readonly fill: string
  readonly align: string
  readonly sign: string
  readonly noNegativeZero: boolean
  readonly alternate: boolean
  readonly width: number
  readonly grouping: string
  readonly precision: number | undefined
  readonly type: string
}

const SPEC =
  /^(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[-+ ])?(?<z>z)?(?<alternate>#)?(?<zero>0)?(?<width>\d+)?(?<grouping>[,_])?(?:\.(?<precision>\d+))?(?<type>[a-zA-Z%])?$/su

const SPECS = new TextCache<Spec>()

function specOf(text: string, value: PyValue): Spec {
  return SPECS.get(text, () => parseSpec(text, value))
}

function parseSpec(text: string, value: PyValue): Spec {
  const groups = SPEC.exec(text)?.groups
  if (groups === undefined)
    throw valueError(`Invalid format specifier '${text}' for object of type '${typeName(value)}'`)
  const { fill, align, sign, z, alternate, zero, width, grouping, precision, type } = groups
  if (grouping !== undefined && type === 'n') throw valueError(`Cannot specify '${grouping}' with 'n'.`)
  return {
    fill: fill ?? (zero && !align ? '0' : zero && align ? '0' : ' '),
    align: align ?? (zero ? '=' : ''),
    sign: sign ?? '',
    noNegativeZero: z !== undefined,
    alternate: alternate !== undefined,
    width: width === undefined ? 0 : smallNumber(width),
    grouping: grouping ?? '',
    precision: precision === undefined ? undefined : smallNumber(precision),
    type: type ?? '',
  }
}

function smallNumber(digits: string): number {
  const number = Number(digits)
  if (number > 2_147_483_647) throw valueError('Too many decimal digits in format string')
  return number
}

function pad(body: string, spec: Spec, fallback: string, budget: Budget, prefixLength = 0): string {
  if (spec.width === 0) return body
  const missing = spec.width - textLength(body)
  if (missing <= 0) return body
  budget.text(spec.width)
  switch (spec.align || fallback) {
    case '<':
      return body + spec.fill.repeat(missing)
    case '^': {
      const left = missing >> 1
      return spec.fill.repeat(left) + body + spec.fill.repeat(missing - left)
    }
    case '=':
      return body.slice(0, prefixLength) + spec.fill.repeat(missing) + body.slice(prefixLength)
    default:
      return spec.fill.repeat(missing) + body
  }
}

function group(digits: string, mark: string, size = 3): string {
  if (mark === '') return digits
  let result = ''
  for (let end = digits.length; end > 0; end -= size)
    result = digits.slice(Math.max(0, end - size), end) + (result === '' ? '' : mark + result)
  return result
}

/** Zeros that fill a number up to its width take part in grouping. */
function groupToWidth(digits: string, spec: Spec, taken: number, size: number): string {
  if (spec.fill !== '0' || spec.align !== '=' || spec.grouping === '')
    return group(digits, spec.grouping, size)
  let padded = digits
  // A separator never stands first, so the result can be one longer than the width.
  while (group(padded, spec.grouping, size).length < spec.width - taken) padded = `0${padded}`
  return group(padded, spec.grouping, size)
}

function signOf(negative: boolean, spec: Spec): string {
  if (negative) return '-'
  return spec.sign === '+' ? '+' : spec.sign === ' ' ? ' ' : ''
}

const RADIX: Readonly<Record<string, { base: number; prefix: string }>> = {
  b: { base: 2, prefix: '0b' },
  o: { base: 8, prefix: '0o' },
  x: { base: 16, prefix: '0x' },
  X: { base: 16, prefix: '0X' },
}

function unknownCode(type: string, value: PyValue): PyError {
  return valueError(`Unknown format code '${type}' for object of type '${typeName(value)}'`)
}

function formatInt(value: bigint, spec: Spec, budget: Budget): string {
  if ('eEfFgG%'.includes(spec.type) && spec.type !== '') return formatFloat(Number(value), spec, budget)
  if (spec.precision !== undefined) throw valueError('Precision not allowed in integer format specifier')
  if (spec.noNegativeZero)
    throw valueError('Negative zero coercion (z) not allowed in format specifier of an integer')
  if (spec.type === 'c') {
    if (spec.sign !== '') throw valueError("Sign not allowed with integer format specifier 'c'")
    if (spec.alternate) throw valueError("Alternate form (#) not allowed with integer format specifier 'c'")
    if (spec.grouping !== '') throw valueError(`Cannot specify '${spec.grouping}' with 'c'.`)
    if (value < 0n || value > 0x10ffffn) throw new PyError('OverflowError', '%c arg not in range(0x110000)')
    return pad(String.fromCodePoint(Number(value)), spec, '>', budget)
  }
  const radix = RADIX[spec.type]
  if (radix === undefined && spec.type !== '' && !'dn'.includes(spec.type))
    throw unknownCode(spec.type, value)
  if (radix !== undefined && spec.grouping === ',')
    throw valueError(`Cannot specify ',' with '${spec.type}'.`)
  const size = value < 0n ? -value : value
  const digits = radix === undefined ? intText(size) : size.toString(radix.base)
  const sign = signOf(value < 0n, spec)
  const prefix = sign + (spec.alternate ? (radix?.prefix ?? '') : '')
  budget.text(spec.width)
  const grouped = groupToWidth(digits, spec, prefix.length, radix === undefined ? 3 : 4)
  const body = prefix + (spec.type === 'X' ? grouped.toUpperCase() : grouped)
  return pad(body, spec, '>', budget, prefix.length)
}

/** The digits of a finite float's absolute value in one of Python's presentation types. */
function floatDigits(value: number, spec: Spec, budget: Budget): string {
  const type = spec.type.toLowerCase()
  if (spec.precision !== undefined) budget.text(spec.precision)
  if (type === 'f' || type === '%') {
    const scaled = type === '%' ? value * 100 : value
    const digits = fixed(scaled, spec.precision ?? 6)
    return (spec.alternate && spec.precision === 0 ? `${digits}.` : digits) + (type === '%' ? '%' : '')
  }
  if (type === 'e') {
    const { digits, exponent } = significant(value, (spec.precision ?? 6) + 1)
    return scientific(digits, exponent)
  }
  if (type === '' && spec.precision === undefined) return floatRepr(Math.abs(value))
  const count = Math.max(1, spec.precision ?? 6)
  const { digits, exponent } = significant(value, count)
  const trimmed = spec.alternate ? digits : digits.replace(/0+$/, '') || '0'
  const limit = type === '' ? count - 1 : count
  if (exponent < -4 || exponent >= limit) {
    return scientific(trimmed, exponent)
  }
  const digitsOnly = withPoint(positional(trimmed, exponent), type)
  return spec.alternate && !digitsOnly.includes('.') ? `${digitsOnly}.` : digitsOnly
}

function withPoint(text: string, type: string): string {
  return type === '' && !text.includes('.') ? `${text}.0` : text
}

function formatFloat(value: number, spec: Spec, budget: Budget): string {
  if (spec.type !== '' && !'eEfFgGn%'.includes(spec.type)) throw unknownCode(spec.type, value)
  let negative = value < 0 || Object.is(value, -0)
  const kind = spec.type === 'n' ? { ...spec, type: 'g' } : spec
  let digits = Number.isFinite(value) ? floatDigits(value, kind, budget) : Number.isNaN(value) ? 'nan' : 'inf'
  if (!Number.isFinite(value) && spec.type === '%') digits += '%'
  if (spec.noNegativeZero && !/[1-9]/.test(digits)) negative = false
  const sign = signOf(negative, spec)
  const isGrouped = spec.grouping !== '' && Number.isFinite(value)
  const body = sign + (isGrouped ? groupWhole(digits, spec, sign.length) : digits)
  const cased = 'EFG'.includes(spec.type) && spec.type !== '' ? body.toUpperCase() : body
  return pad(cased, spec, '>', budget, sign.length)
}

/** Digits with separators before the point. */
function groupWhole(digits: string, spec: Spec, taken: number): string {
  const whole = /^\d+/.exec(digits)?.[0] ?? digits
  const rest = digits.slice(whole.length)
  return groupToWidth(whole, spec, taken + rest.length, 3) + rest
}

function formatText(value: string, spec: Spec, budget: Budget): string {
  if (spec.type !== '' && spec.type !== 's') throw unknownCode(spec.type, value)
  if (spec.sign !== '') throw valueError('Sign not allowed in string format specifier')
  if (spec.noNegativeZero)
    throw valueError('Negative zero coercion (z) not allowed in string format specifier')
  if (spec.grouping !== '') throw valueError(`Cannot specify '${spec.grouping}' with 's'.`)
  if (spec.alternate) throw valueError('Alternate form (#) not allowed in string format specifier')
  const cut = spec.precision === undefined ? value : codePoints(value).slice(0, spec.precision).join('')
  const place = spec.align === '=' && spec.fill === '0' ? { ...spec, align: '<' } : spec
  if (place.align === '=') throw valueError("'=' alignment not allowed in string format specifier")
  return pad(cut, place, '<', budget)
}

function formatComplex(value: PyComplex, spec: Spec, budget: Budget): string {
  if (spec.type === '%' || spec.align === '=' || spec.fill === '0')
    throw valueError('not allowed in complex format')
  const isPlain = spec.type === ''
  const inner = { ...spec, width: 0, type: isPlain && spec.precision !== undefined ? 'g' : spec.type }
  const part = (number: number, sign: string): string => {
    const text = formatFloat(number, { ...inner, sign }, budget)
    return isPlain ? text.replace(/\.0$/, '') : text
  }
  const hasReal = !isPlain || value.re !== 0 || Object.is(value.re, -0)
  const body = hasReal
    ? `${part(value.re, spec.sign)}${part(value.im, '+')}j`
    : `${part(value.im, spec.sign)}j`
  return pad(isPlain && hasReal ? `(${body})` : body, spec, '>', budget)
}

/** Python's `format(value, spec)`. Throws `ValueError` for a specification that does not fit, `TypeError` for other types. */
export function formatValue(value: PyValue, specText: string, budget: Budget): string {
  if (specText === '') return str(value)
  if (typeof value === 'string') return formatText(value, specOf(specText, value), budget)
  if (typeof value === 'bigint') return formatInt(value, specOf(specText, value), budget)
  if (typeof value === 'boolean') {
    return formatInt(value ? 1n : 0n, specOf(specText, value), budget)
  }
  if (typeof value === 'number') return formatFloat(value, specOf(specText, value), budget)
  if (value instanceof PyComplex) return formatComplex(value, specOf(specText, value), budget)
  if (value instanceof PyObject && value.pyType === 'Markup')
    return formatText(value.pyStr(), specOf(specText, value), budget)
  throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`)
}

const PERCENT =
  /%(?:\((?<key>[^()]*(?:\([^()]*\)[^()]*)*)\))?(?<flags>[-+ #0]*)(?<width>\*|\d+)?(?:\.(?<precision>\*|\d*))?[hlL]?(?<type>.)?/gsu

/** Python's `text % values`. */
export function formatPercent(
  template: string,
  values: PyValue,
  budget: Budget,
  print: PrintText = printText,
): string {
  const sequence = values instanceof PyTuple ? values.items : [values]
  let used = 0
  let keyed = false
  const take = (): PyValue => {
    const value = sequence[used]
    if (value === undefined) throw typeError('not enough arguments for format string')
    used += 1
    return value
  }
  const result = template.replace(PERCENT, (...match) => {
    const groups = match.at(-1) as Record<string, string | undefined>
    const { key, flags = '', width, precision, type } = groups
    if (type === undefined) throw valueError('incomplete format')
    if (key !== undefined && !(values instanceof PyDict)) throw typeError('format requires a mapping')
    if (key !== undefined) keyed = true
    const size = width === '*' ? starred(take()) : width === undefined ? 0 : smallNumber(width)
    const places =
      precision === '*'
        ? starred(take())
        : precision === undefined
          ? undefined
          : smallNumber(precision || '0')
    budget.step()
    // Anything between the two makes it a conversion that does not exist.
    if (match[0] === '%%') return '%'
    const value = key === undefined ? take() : (values as PyDict).pyItem(key, budget)
    return percentItem(
      value,
      { flags: size < 0 ? `${flags}-` : flags, width: Math.abs(size), precision: places, type },
      budget,
      print,
    )
  })
  const mapping = Array.isArray(values) || [PyDict, PyBytes, PyRange].some((kind) => values instanceof kind)
  if (!keyed && used < sequence.length && !(mapping && used === 0))
    throw typeError('not all arguments converted during string formatting')
  budget.text(result.length)
  return result
}

function starred(value: PyValue): number {
  if (typeof value !== 'bigint') throw typeError('* wants int')
  return smallNumber(value.toString().replace('-', '')) * (value < 0n ? -1 : 1)
}

type PercentItem = { flags: string; width: number; precision: number | undefined; type: string }

/** What `%s`, `%r`, `%a` and `%c` print of a value; nothing for other types. */
type PrintText = (value: PyValue, type: string) => string | undefined

function printText(value: PyValue, type: string): string | undefined {
  switch (type) {
    case 's':
      return str(value)
    case 'r':
      return repr(value)
    case 'a':
      return ascii(value)
    case 'c':
      if (typeof value === 'string' && textLength(value) === 1) return value
      return String.fromCodePoint(codeOf(value, 0x110000))
    default:
      return undefined
  }
}

/** The number of one character for `%c`. */
function codeOf(value: PyValue, limit: number): number {
  if (typeof value !== 'bigint' && typeof value !== 'boolean') throw typeError('%c requires int or char')
  if (Number(value) >= 0 && Number(value) < limit) return Number(value)
  throw new PyError('OverflowError', `%c arg not in range(${limit})`)
}

function percentItem(value: PyValue, item: PercentItem, budget: Budget, print: PrintText): string {
  const { flags, width, precision, type } = item
  const left = flags.includes('-')
  const zero = flags.includes('0') && !left
  const base: Spec = {
    fill: ' ',
    align: left ? '<' : '>',
    sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '',
    noNegativeZero: false,
    alternate: flags.includes('#'),
    width,
    grouping: '',
    precision,
    type,
  }
  const numeric: Spec = zero ? { ...base, fill: '0', align: '=' } : base
  const text = print(value, type)
  if (text !== undefined)
    return formatText(
      text,
      { ...base, sign: '', alternate: false, type: 's', precision: type === 'c' ? undefined : precision },
      budget,
    )
  switch (type) {
    case 'd':
    case 'i':
    case 'u':
      return percentInt(percentWhole(value, type, true), { ...numeric, type: 'd', alternate: false }, budget)
    case 'x':
    case 'X':
    case 'o':
      return percentInt(percentWhole(value, type, false), numeric, budget)
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      return formatFloat(percentFloat(value), { ...numeric, precision: precision ?? 6 }, budget)
    default:
      throw valueError(`unsupported format character '${type}' (0x${type.codePointAt(0)?.toString(16)})`)
  }
}

function percentInt(value: bigint, spec: Spec, budget: Budget): string {
  const { precision, ...rest } = spec
  if (precision === undefined) return formatInt(value, spec, budget)
  budget.text(precision)
  const radix = RADIX[spec.type]
  const digits = (value < 0n ? -value : value).toString(radix?.base ?? 10).padStart(precision, '0')
  const prefix = signOf(value < 0n, spec) + (spec.alternate ? (radix?.prefix ?? '') : '')
  const body = prefix + (spec.type === 'X' ? digits.toUpperCase() : digits)
  return pad(body, { ...rest, precision: undefined }, '>', budget, prefix.length)
}

function percentWhole(value: PyValue, type: string, floats: boolean): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (floats && typeof value === 'number') {
    if (!Number.isFinite(value))
      throw new PyError('OverflowError', 'cannot convert float infinity to integer')
    return BigInt(Math.trunc(value))
  }
  throw typeError(
    `%${type} format: ${floats ? 'a real number' : 'an integer'} is required, not ${typeName(value)}`,
  )
}

function percentFloat(value: PyValue): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'boolean') return value ? 1 : 0
  throw typeError(`must be real number, not ${typeName(value)}`)
}

/** Python's `bytes % values`: characters stand for bytes of the same number. */
export function formatPercentBytes(template: PyBytes, values: PyValue, budget: Budget): PyBytes {
  const given = values instanceof PyBytes || typeof values === 'string' ? new PyTuple([values]) : values
  const text = formatPercent(decode(template.bytes, 'latin-1', 'strict'), given, budget, printBytes)
  return new PyBytes(Uint8Array.from(text, (char) => char.charCodeAt(0)))
}

function printBytes(value: PyValue, type: string): string | undefined {
  switch (type) {
    case 's':
    case 'b':
      if (value instanceof PyBytes) return decode(value.bytes, 'latin-1', 'strict')
      throw typeError(`%b requires a bytes-like object, not '${typeName(value)}'`)
    case 'r':
    case 'a':
      return ascii(value)
    case 'c':
      if (value instanceof PyBytes && value.bytes.length === 1)
        return decode(value.bytes, 'latin-1', 'strict')
      return String.fromCharCode(codeOf(value, 256))
    default:
      return undefined
  }
}
