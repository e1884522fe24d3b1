import { PyError } from './errors.ts'

/** The limits of one evaluation or rendering. Every number is an upper bound that may be reached but not passed. */
export type BudgetLimits = {
  /** Nodes of evaluated expressions, statements, loop turns and, for big values, one step per 256 characters or 16 items made. */
  readonly steps: number
  /** UTF-16 units of one rendered template. */
  readonly outputChars: number
  /** UTF-16 units of any single text made on the way. */
  readonly textChars: number
  /** Items of any single list, tuple, set or dictionary made on the way. */
  readonly items: number
  /** Bits of any integer made by power, product or shift. */
  readonly intBits: number
  /** Macro calls, recursive loops and callbacks inside each other. */
  readonly recursion: number
}

/** What applies when a caller names no limits: generous for workflow files, small enough to stop within seconds. */
export const DEFAULT_LIMITS: BudgetLimits = Object.freeze({
  steps: 2_000_000,
  outputChars: 20_000_000,
  textChars: 10_000_000,
  items: 1_000_000,
  intBits: 200_000,
  recursion: 150,
})

/** A limit of {@link BudgetLimits} was passed. `limit` is its name, `allowed` its value. */
export class BudgetError extends PyError {
  readonly limit: keyof BudgetLimits
  readonly allowed: number

  constructor(limit: keyof BudgetLimits, allowed: number) {
    super('BudgetError', `more than ${allowed} ${LIMIT_WORDS[limit]} (limit "${limit}")`)
    this.limit = limit
    this.allowed = allowed
  }
}

const LIMIT_WORDS: Readonly<Record<keyof BudgetLimits, string>> = {
  steps: 'steps of evaluation',
  outputChars: 'characters of output',
  textChars: 'characters in one text',
  items: 'items in one collection',
  intBits: 'bits in one integer',
  recursion: 'calls inside each other',
}

/**
 * The counters of one evaluation. Make a new one for each untrusted text; share one to bound several together.
 * Every method throws {@link BudgetError} as soon as its limit is passed.
 */
export class Budget {
  readonly limits: BudgetLimits
  #steps = 0
  #output = 0
  #recursion = 0

  constructor(limits?: Partial<BudgetLimits>) {
    this.limits = limits === undefined ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, ...limits }
  }

  /** Steps used so far. */
  get used(): number {
    return this.#steps
  }

  step(count = 1): void {
    this.#steps += count
    if (this.#steps > this.limits.steps) throw new BudgetError('steps', this.limits.steps)
  }

  /** Ask before making a text of `length` units. */
  text(length: number): void {
    if (length > this.limits.textChars) throw new BudgetError('textChars', this.limits.textChars)
    if (length > 256) this.step(Math.ceil(length / 256))
  }

  /** Ask before making a collection of `count` items. */
  items(count: number): void {
    if (count > this.limits.items) throw new BudgetError('items', this.limits.items)
    if (count > 16) this.step(Math.ceil(count / 16))
  }

  /** Ask before making an integer of about `bits` bits. */
  bits(bits: number): void {
    if (bits > this.limits.intBits) throw new BudgetError('intBits', this.limits.intBits)
    if (bits > 4096) this.step(Math.ceil((bits / 4096) ** 2))
  }

  /** Count rendered output. */
  output(length: number): void {
    this.#output += length
    if (this.#output > this.limits.outputChars) throw new BudgetError('outputChars', this.limits.outputChars)
  }

  /** Go one call deeper; {@link Budget.leave} must follow, also when the call fails. */
  enter(): void {
    if (this.#recursion >= this.limits.recursion) throw new BudgetError('recursion', this.limits.recursion)
    this.#recursion += 1
  }

  leave(): void {
    this.#recursion -= 1
  }
}
