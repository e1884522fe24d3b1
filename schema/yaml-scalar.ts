/**
 * What a YAML 1.1 scalar means, exactly as PyYAML's safe loader reads it, because CodeMie reads its files with that.
 * Integers become `bigint` and floats `number`, so that `1` and `1.0` stay apart and no digit is lost.
 */
export type ScalarValue = string | boolean | null | bigint | number | YamlTimestamp | Uint8Array

/** A date or a date with time. Python keeps these as objects; here the text that Python's `str()` prints is kept. */
export class YamlTimestamp {
  constructor(
    readonly kind: 'date' | 'datetime',
    /** `2024-01-01` or `2024-01-01 10:00:00+00:00`. */
    readonly text: string,
  ) {}
}

/** A scalar that has the form of a kind but no value in it, e.g. the date `2024-13-01`. */
export class ScalarProblem {
  constructor(readonly message: string) {}
}

const BOOL = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/
const TRUE_WORD = /^(?:yes|true|on)$/i
const NULL = /^(?:~|null|Null|NULL|)$/
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const INT =
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/
const TIMESTAMP =
  /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?)$/
const TIMESTAMP_PARTS =
  /^([0-9]{4})-([0-9][0-9]?)-([0-9][0-9]?)(?:(?:[Tt]|[ \t]+)([0-9][0-9]?):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?(?:[ \t]*(Z|([-+])([0-9][0-9]?)(?::([0-9]{2}))?))?)?$/

/** The kinds a plain scalar can resolve to. */
export type ScalarKind = 'str' | 'bool' | 'null' | 'int' | 'float' | 'timestamp' | 'merge' | 'value'

/** The kind that a plain (unquoted, untagged) scalar has in YAML 1.1. */
export function kindOfPlain(text: string): ScalarKind {
  // Most scalars are words; one look at the first letter settles them.
  switch (text.charCodeAt(0)) {
    case 121: // y
    case 89:
    case 116: // t
    case 84:
    case 102: // f
    case 70:
    case 111: // o
    case 79:
      return BOOL.test(text) ? 'bool' : 'str'
    case 110: // n
    case 78:
      if (BOOL.test(text)) return 'bool'
      return NULL.test(text) ? 'null' : 'str'
    case 126: // ~
      return text === '~' ? 'null' : 'str'
    case 60: // <
      return text === '<<' ? 'merge' : 'str'
    case 61: // =
      return text === '=' ? 'value' : 'str'
    case 43: // +
    case 45: // -
    case 46: // .
    case 48:
    case 49:
    case 50:
    case 51:
    case 52:
    case 53:
    case 54:
    case 55:
    case 56:
    case 57:
      if (FLOAT.test(text)) return 'float'
      if (INT.test(text)) return 'int'
      return TIMESTAMP.test(text) ? 'timestamp' : 'str'
    default:
      return text === '' ? 'null' : 'str'
  }
}

/** Turns the text of a scalar of a known kind into its value. */
export function scalarOf(kind: ScalarKind | 'binary', text: string): ScalarValue | ScalarProblem {
  switch (kind) {
    case 'str':
    case 'value':
    case 'merge':
      return text
    case 'null':
      return null
    case 'bool':
      return BOOL.test(text) || /^(?:yes|no|true|false|on|off)$/i.test(text)
        ? TRUE_WORD.test(text)
        : new ScalarProblem(`'${text}' is not a boolean`)
    case 'int':
      return integerOf(text)
    case 'float':
      return floatOf(text)
    case 'timestamp':
      return timestampOf(text)
    case 'binary':
      return bytesOf(text)
  }
}

function splitSign(text: string): [negative: boolean, rest: string] {
  const bare = text.replaceAll('_', '')
  if (bare.startsWith('-')) return [true, bare.slice(1)]
  return [false, bare.startsWith('+') ? bare.slice(1) : bare]
}

function integerOf(text: string): bigint | ScalarProblem {
  const [negative, digits] = splitSign(text)
  let value: bigint
  try {
    if (digits.startsWith('0b') || digits.startsWith('0x')) value = BigInt(digits)
    else if (digits.includes(':')) {
      value = digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n)
    } else if (digits.startsWith('0') && digits !== '0') value = BigInt(`0o${digits.slice(1)}`)
    else if (/^[0-9]+$/.test(digits)) value = BigInt(digits)
    else return new ScalarProblem(`'${text}' is not an integer`)
  } catch {
    return new ScalarProblem(`'${text}' is not an integer`)
  }
  return negative ? -value : value
}

function floatOf(text: string): number | ScalarProblem {
  const [negative, rest] = splitSign(text.toLowerCase())
  const sign = negative ? -1 : 1
  if (rest === '.inf') return sign * Number.POSITIVE_INFINITY
  if (rest === '.nan') return Number.NaN
  if (rest.includes(':')) return sign * rest.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  const value = /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?$/.test(rest) ? Number(rest) : Number.NaN
  return Number.isNaN(value) ? new ScalarProblem(`'${text}' is not a number`) : sign * value
}

function timestampOf(text: string): YamlTimestamp | ScalarProblem {
  const parts = TIMESTAMP_PARTS.exec(text)
  if (!parts) return new ScalarProblem(`'${text}' is not a date`)
  const [
    ,
    year = '',
    month = '',
    day = '',
    hour,
    minute,
    second,
    fraction,
    zone,
    sign,
    zoneHour,
    zoneMinute,
  ] = parts
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  const daysInMonth = m >= 1 && m <= 12 ? new Date(Date.UTC(2000, m, 0)).getUTCDate() : 0
  const leap = y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0)
  if (y < 1) return new ScalarProblem(`'${text}' has no year that exists`)
  if (daysInMonth === 0) return new ScalarProblem(`'${text}' has no month that exists`)
  if (d < 1 || d > (m === 2 && !leap ? 28 : daysInMonth)) {
    return new ScalarProblem(`'${text}' has no day that exists`)
  }
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  if (hour === undefined || minute === undefined || second === undefined)
    return new YamlTimestamp('date', date)
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    return new ScalarProblem(`'${text}' has no time of day that exists`)
  }
  const micros = (fraction ?? '').slice(0, 6).padEnd(6, '0')
  let offset = ''
  if (zone === 'Z') offset = '+00:00'
  else if (zone !== undefined && zoneHour !== undefined) {
    if (Number(zoneHour) > 23) return new ScalarProblem(`'${text}' has no time zone that exists`)
    offset = `${sign}${zoneHour.padStart(2, '0')}:${zoneMinute ?? '00'}`
    if (offset === '-00:00') offset = '+00:00'
  }
  const time = `${hour.padStart(2, '0')}:${minute}:${second}${micros === '000000' ? '' : `.${micros}`}`
  return new YamlTimestamp('datetime', `${date} ${time}${offset}`)
}

function bytesOf(text: string): Uint8Array | ScalarProblem {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const digits = text.replace(/[^A-Za-z0-9+/=]/g, '')
  const body = digits.replace(/=+$/, '')
  if (digits.length % 4 !== 0 || body.includes('=')) return new ScalarProblem('this is not base64')
  const bytes: number[] = []
  let bits = 0
  let held = 0
  for (const letter of body) {
    held = ((held << 6) | alphabet.indexOf(letter)) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes.push((held >> bits) & 0xff)
    }
  }
  return Uint8Array.from(bytes)
}

const INT_1_2 = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/
const FLOAT_1_2 =
  /^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/

/**
 * What readers of YAML 1.2 (most editors and newer tools) take a plain scalar for, where that differs from 1.1.
 *
 * @returns words for a warning, or `undefined` when both versions agree.
 */
export function readingInYaml12(kind: ScalarKind, text: string): string | undefined {
  switch (kind) {
    case 'bool':
      return /^(?:true|false)$/i.test(text) ? undefined : `the text "${text}"`
    case 'int':
      if (!INT_1_2.test(text)) return `the text "${text}"`
      return /^[-+]?0[0-9]/.test(text) && !/^[-+]?0+$/.test(text) ? `the number ${Number(text)}` : undefined
    case 'float':
      return FLOAT_1_2.test(text) ? undefined : `the text "${text}"`
    case 'timestamp':
    case 'value':
      return `the text "${text}"`
    case 'str':
      if (!/^[-+.0-9]/.test(text)) return undefined
      return INT_1_2.test(text) || FLOAT_1_2.test(text) ? `the number ${Number(text)}` : undefined
    default:
      return undefined
  }
}
