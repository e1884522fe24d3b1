import type { Invocation } from './invocation.ts'
import { usageError } from './usage-error.ts'

const USUAL_LIMIT = 20

/** What `--limit` and `--all` say of how much to list; `undefined`: all. */
export function readLimit(invocation: Invocation): number | undefined {
  const limit = readCount(invocation, 'limit', '-n 5')
  if (!invocation.flag('all')) return limit ?? USUAL_LIMIT
  if (limit === undefined) return undefined
  throw usageError('--all and --limit exclude each other.', 'Use one of them.')
}

/** An option that is a whole number from 1; `undefined`: it is not given. @param example as it may be typed. */
export function readCount(invocation: Invocation, name: string, example: string): number | undefined {
  const typed = invocation.text(name)
  if (typed === undefined) return undefined
  const value = Number(typed)
  if (Number.isInteger(value) && value >= 1) return value
  throw usageError(`--${name} takes a whole number from 1, and not '${typed}'.`, `For example ${example}.`)
}
