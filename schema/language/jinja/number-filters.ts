import { clamp, integer } from '../arguments.ts'
import { roundValue } from '../builtins.ts'
import { parseInteger, toFloatValue, toInt, truncate } from '../conversions.ts'
import { PyError, typeError } from '../errors.ts'
import { fixed } from '../floats.ts'
import { asNumber, binary, toFloat } from '../operators.ts'
import { str } from '../printing.ts'
import { PyComplex, type PyValue, truthy, typeName } from '../values.ts'
import type { FilterRow } from './filters.ts'
import { plain } from './values.ts'

/** Run the first reader that does not fail with one of Python's conversion errors. */
function firstThatWorks(
  readers: readonly (() => PyValue)[],
  caught: ReadonlySet<string>,
  fallback: PyValue,
): PyValue {
  for (const read of readers) {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof PyError) || !caught.has(error.pyType)) throw error
    }
  }
  return fallback
}

const CONVERSION = new Set(['TypeError', 'ValueError'])
const CONVERSION_OR_OVERFLOW = new Set([...CONVERSION, 'OverflowError'])

function toInteger(value: PyValue, fallback: PyValue, base: number): PyValue {
  const text = plain(value)
  return firstThatWorks(
    [
      () => (typeof text === 'string' ? parseInteger(text, base) : toInt(text)),
      () => truncate(toFloatValue(text)),
    ],
    typeof text === 'number' && !Number.isFinite(text) ? CONVERSION : CONVERSION_OR_OVERFLOW,
    fallback,
  )
}

const SIZES = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'] as const

function fileSize(value: PyValue, binaryUnits: boolean): string {
  const bytes = toFloatValue(plain(value))
  const base = binaryUnits ? 1024 : 1000
  const unit = (letter: string): string => (binaryUnits ? `${letter.toUpperCase()}iB` : `${letter}B`)
  if (bytes === 1) return '1 Byte'
  if (bytes < base) return `${truncate(bytes)} Bytes`
  let size = base
  for (const letter of SIZES) {
    size *= base
    if (bytes < size || letter === 'Y')
      return `${bytes < 0 ? '-' : ''}${fixed((base * bytes) / size, 1)} ${unit(letter)}`
  }
  return str(value)
}

/** Jinja's filters on numbers. */
export const NUMBER_FILTERS: readonly FilterRow[] = [
  [
    'abs',
    [],
    (_world, value) => {
      const number = asNumber(value)
      if (number === undefined) throw typeError(`bad operand type for abs(): '${typeName(value)}'`)
      if (number instanceof PyComplex) return Math.hypot(number.re, number.im)
      return typeof number === 'bigint' ? (number < 0n ? -number : number) : Math.abs(number)
    },
  ],
  [
    'int',
    ['default', 'base'],
    (_world, value, [fallback, base]) => toInteger(value, fallback ?? 0n, clamp(integer(base, 10n))),
  ],
  [
    'float',
    ['default'],
    (_world, value, [fallback]) =>
      firstThatWorks([() => toFloatValue(plain(value))], CONVERSION, fallback ?? 0),
  ],
  [
    'round',
    ['precision', 'method'],
    (world, value, [precision, method]) => {
      const how = method ?? 'common'
      const places = integer(precision, 0n)
      if (how === 'common') return roundValue(value, places)
      if (how !== 'ceil' && how !== 'floor')
        throw new PyError('ValueError', 'method must be common, ceil or floor')
      const power = binary('**', 10n, places, world.budget)
      const scaled = binary('*', value, power, world.budget)
      const number = typeof scaled === 'bigint' || typeof scaled === 'number' ? toFloat(scaled) : undefined
      if (number === undefined) throw typeError(`must be real number, not ${typeName(scaled)}`)
      return binary(
        '/',
        truncate(how === 'ceil' ? Math.ceil(number) : Math.floor(number)),
        power,
        world.budget,
      )
    },
  ],
  [
    'filesizeformat',
    ['binary'],
    (_world, value, [binaryUnits]) => fileSize(value, truthy(binaryUnits ?? false)),
  ],
]
