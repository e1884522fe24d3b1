import type { Invocation } from './invocation.ts'
import { usageError } from './usage-error.ts'

/**
 * The values of a repeatable option that takes KEY=VALUE.
 *
 * @param option its name in the table; `typed` is how a person types it.
 */
export function readPairs(
  invocation: Invocation,
  option: string,
  typed: string,
): readonly (readonly [key: string, value: string])[] {
  return invocation.texts(option).map((pair) => {
    const equals = pair.indexOf('=')
    if (equals < 1) {
      throw usageError(
        `${typed} takes KEY=VALUE, and '${pair}' ${equals < 0 ? 'has no =' : 'has no KEY'}.`,
        `For example ${typed} base=main.`,
      )
    }
    return [pair.slice(0, equals), pair.slice(equals + 1)]
  })
}
