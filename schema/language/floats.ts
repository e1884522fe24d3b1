/**
 * Floats in decimal as Python writes them. JavaScript's `toFixed` rounds ties away from zero and changes notation at 1e21, so the
 * exact digits are worked out with integers: every double is a whole number times a power of two.
 */

const VIEW = new DataView(new ArrayBuffer(8))

/** A finite positive double as `digits × 10^-scale`, exactly. */
function exact(value: number): { digits: bigint; scale: number } {
  VIEW.setFloat64(0, value)
  const bits = VIEW.getBigUint64(0)
  const biased = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xf_ffff_ffff_ffffn
  const mantissa = biased === 0 ? fraction : fraction | 0x10_0000_0000_0000n
  const exponent = (biased === 0 ? 1 : biased) - 1075
  if (exponent >= 0) return { digits: mantissa << BigInt(exponent), scale: 0 }
  return { digits: mantissa * 5n ** BigInt(-exponent), scale: -exponent }
}

/** `digits / 10^drop`, halves to even. */
function dropDigits(digits: bigint, drop: number): bigint {
  if (drop <= 0) return digits * 10n ** BigInt(-drop)
  const unit = 10n ** BigInt(drop)
  const quotient = digits / unit
  const twice = (digits % unit) * 2n
  return twice > unit || (twice === unit && quotient % 2n === 1n) ? quotient + 1n : quotient
}

/**
 * Whether a float may stand exactly between two decimals with `places` digits after the point: then it has at most one binary digit
 * more after its own. Such ties are all that JavaScript's `toFixed` rounds otherwise.
 */
function isTie(size: number, places: number): boolean {
  return !Number.isInteger(size) && Number.isInteger(size * 2 ** (places + 1))
}

/** The absolute value of a finite float with `places` digits after the point (negative: whole tens), as Python's `%f`. */
export function fixed(value: number, places: number): string {
  const size = Math.abs(value)
  if (places >= 0 && places <= 100 && size < 1e21 && !isTie(size, places)) return size.toFixed(places)
  const { digits, scale } = exact(size)
  const rounded = dropDigits(digits, scale - places)
  if (places <= 0) return `${rounded}${rounded === 0n ? '' : '0'.repeat(-places)}`
  const text = rounded.toString().padStart(places + 1, '0')
  return `${text.slice(0, -places)}.${text.slice(-places)}`
}

/** The absolute value of a finite float rounded to `count` significant digits: the digits, and the exponent of the first. */
export function significant(value: number, count: number): { digits: string; exponent: number } {
  if (value === 0) return { digits: '0'.repeat(count), exponent: 0 }
  const { digits, scale } = exact(Math.abs(value))
  const length = digits.toString().length
  let text = dropDigits(digits, length - count).toString()
  let exponent = length - 1 - scale
  if (text.length > count) {
    text = text.slice(0, count)
    exponent += 1
  }
  return { digits: text, exponent }
}

/** The shortest digits that read back as the same float, and the exponent of the first. */
function shortest(value: number): { digits: string; exponent: number } {
  const [mantissa = '0', exponent = '0'] = Math.abs(value).toExponential().split('e')
  return { digits: mantissa.replace('.', ''), exponent: Number(exponent) }
}

/** `d.ddde±XX`, with at least two digits of exponent. */
export function scientific(digits: string, exponent: number): string {
  const size = Math.abs(exponent).toString().padStart(2, '0')
  const rest = digits.slice(1)
  return `${digits[0] ?? '0'}${rest === '' ? '' : `.${rest}`}e${exponent < 0 ? '-' : '+'}${size}`
}

/** Digits without exponent; no point when there is nothing behind it. */
export function positional(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0')
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}

/** Python's `repr(float)`. */
export function floatRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const size = Math.abs(value)
  // Within these bounds JavaScript and Python write the same digits without an exponent.
  if (size >= 1e-4 && size < 1e16) return Number.isInteger(value) ? `${value}.0` : String(value)
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const { digits, exponent } = shortest(value)
  if (exponent < -4 || exponent >= 16) return sign + scientific(digits, exponent)
  const text = positional(digits, exponent)
  return sign + (text.includes('.') ? text : `${text}.0`)
}

/** Python's `round(float, places)`: halves of the exact value to even. */
export function roundFloat(value: number, places: number): number {
  if (!Number.isFinite(value) || places > 323) return value
  if (places < -308) return value < 0 ? -0 : 0
  const rounded = Number(fixed(value, places))
  return value < 0 || Object.is(value, -0) ? -rounded : rounded
}

/** A finite float to the nearest integer, halves to even, as Python's `round(float)`. */
export function roundToInt(value: number): bigint {
  const floor = Math.floor(value)
  const rest = value - floor
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0)
  return BigInt(floor) + (up ? 1n : 0n)
}
