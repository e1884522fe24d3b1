/**
 * Powers and roots of floats, correctly rounded. C's library, which Python uses, is right to the last digit almost always, while
 * JavaScript's `**` and `Math.hypot` are often one digit off. The work is done in integers that stand for so many bits after the
 * point.
 */

const BITS = 192
const ONE = 1n << BigInt(BITS)
/** Bits of a result that are surely right; the rest is noise, which must not decide a tie. */
const SURE_BITS = 140

function shift(value: bigint, places: number): bigint {
  return places >= 0 ? value << BigInt(places) : value >> BigInt(-places)
}

/** A finite float as `mantissa × 2^exponent`, exactly. */
function parts(value: number): { mantissa: bigint; exponent: number } {
  let mantissa = value
  let exponent = 0
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2
    exponent -= 1
  }
  return { mantissa: BigInt(mantissa), exponent }
}

/** The nearest float to `value × 2^exponent`; halves to even, infinity when it is too large. */
function nearest(value: bigint, exponent: number): number {
  const length = value.toString(2).length
  // Below the smallest normal float there are fewer than 53 bits; cutting first keeps it at one rounding.
  const places = Math.max(length - SURE_BITS, -1074 - 70 - exponent)
  const kept = places > 0 ? shift(value + (1n << BigInt(places - 1)), -places) : value
  let scale = exponent + Math.max(0, places)
  if (length + exponent < -1021) {
    const drop = -1074 - scale
    return drop > 0 ? Number(roundedShift(kept, drop)) * 2 ** -1074 : Number(kept) * 2 ** scale
  }
  let result = Number(kept)
  for (; scale < -1000; scale += 1000) result *= 2 ** -1000
  for (; scale > 1000; scale -= 1000) result *= 2 ** 1000
  return result * 2 ** scale
}

/** `value / 2^places`, halves to even. */
function roundedShift(value: bigint, places: number): bigint {
  const quotient = value >> BigInt(places)
  const rest = value - (quotient << BigInt(places))
  const half = 1n << BigInt(places - 1)
  return rest > half || (rest === half && quotient % 2n === 1n) ? quotient + 1n : quotient
}

/** `2 × artanh(value)` for a small value, by its series. */
function doubleArtanh(value: bigint): bigint {
  const square = (value * value) / ONE
  let sum = 0n
  let term = value
  for (let divisor = 1n; term !== 0n; divisor += 2n) {
    sum += term / divisor
    term = (term * square) / ONE
  }
  return 2n * sum
}

const LN2 = doubleArtanh(ONE / 3n)

/** `e^value` for a small value, by its series. */
function exponential(value: bigint): bigint {
  let sum = 0n
  let term = ONE
  for (let divisor = 1n; term !== 0n; divisor += 1n) {
    sum += term
    term = (term * value) / ONE / divisor
  }
  return sum
}

/** `base ** exponent` for a finite base above zero and a finite exponent; infinity when it is too large. */
export function positivePower(base: number, exponent: number): number {
  const rough = base ** exponent
  // Far beyond what a float holds, and where nothing is rounded, there is nothing to improve.
  if (rough === 0 || rough === Number.POSITIVE_INFINITY || exponent === 1 || base === 1) return rough
  const { mantissa, exponent: scale } = parts(base)
  const power = parts(exponent)
  if (power.exponent === 0 && exponent > 0 && exponent <= 64)
    return nearest(mantissa ** power.mantissa, scale * exponent)
  const length = mantissa.toString(2).length
  const fraction = shift(mantissa, BITS - length)
  const logarithm = BigInt(length + scale) * LN2 + doubleArtanh(((fraction - ONE) * ONE) / (fraction + ONE))
  const total = shift(logarithm * power.mantissa, power.exponent)
  const turns = total / LN2
  return nearest(exponential(total - turns * LN2), Number(turns) - BITS)
}

/** The length of the vector (a, b). */
export function hypotenuse(a: number, b: number): number {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Math.hypot(a, b)
  const [one, two] = [parts(a), parts(b)]
  const exponent = Math.min(one.exponent, two.exponent)
  const squares =
    shift(one.mantissa, one.exponent - exponent) ** 2n + shift(two.mantissa, two.exponent - exponent) ** 2n
  return nearest(squareRoot(shift(squares, 2 * BITS)), exponent - BITS)
}

/** The whole part of a square root, by Newton's method. */
function squareRoot(value: bigint): bigint {
  if (value === 0n) return 0n
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2))
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}
