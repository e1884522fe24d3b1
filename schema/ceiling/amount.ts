/** Why there is no number. */
export interface Gap {
  /** `unbounded`: the definition sets no limit. `unknown`: there is one, and it cannot be told from here. */
  readonly kind: 'unbounded' | 'unknown'
  /** The state where it comes from, as `call/state` inside of a called workflow; absent: no single one. */
  readonly state?: string
  /** A clause without a full stop, e.g. `the price of 'acme:big' is not known`. Holds texts of the definition. */
  readonly sentence: string
}

/** What something comes to at most: a number of 0 or more, or why there is none. */
export type Amount = { readonly most: number } | { readonly gaps: readonly Gap[] }

/** Exactly so much at most. */
export const amount = (most: number): Amount => ({ most })

export const NONE = amount(0)
export const ONE = amount(1)

/** Not known, or without an end, for one reason. */
export const gap = (one: Gap): Amount => ({ gaps: [one] })

/** Why there is no number; empty where there is one. */
export function gapsOf(one: Amount): readonly Gap[] {
  return 'gaps' in one ? one.gaps : []
}

/** The number, or `undefined`. */
export function mostOf(one: Amount): number | undefined {
  return 'most' in one ? one.most : undefined
}

/** The sum; without a number when one of them has none. */
export function sum(amounts: readonly Amount[]): Amount {
  return fold(amounts, (a, b) => a + b)
}

/** The largest; without a number when one of them has none. */
export function largest(amounts: readonly Amount[]): Amount {
  return fold(amounts, Math.max)
}

/** The product. Nothing times whatever is nothing. */
export function times(a: Amount, b: Amount): Amount {
  if (mostOf(a) === 0 || mostOf(b) === 0) return NONE
  return 'most' in a && 'most' in b ? amount(a.most * b.most) : withoutNumber([a, b])
}

/** The lower of two limits that both hold, so one number is enough. */
export function lower(a: Amount, b: Amount): Amount {
  if (!('most' in a)) return b
  return 'most' in b && b.most < a.most ? b : a
}

function fold(amounts: readonly Amount[], join: (a: number, b: number) => number): Amount {
  let most = 0
  for (const one of amounts) {
    if (!('most' in one)) return withoutNumber(amounts)
    most = join(most, one.most)
  }
  return amount(most)
}

/** Each reason once. */
function withoutNumber(amounts: readonly Amount[]): Amount {
  const gaps = amounts.flatMap(gapsOf)
  return { gaps: [...new Map(gaps.map((one) => [`${one.state} ${one.sentence}`, one])).values()] }
}
