import { typeError } from './errors.ts'
import { asText, type CallArguments, type PyValue, typeName } from './values.ts'

/** What a function accepts: its parameters in order, how many must be given, and which cannot be named. */
export type Signature = {
  readonly name: string
  readonly parameters: readonly string[]
  readonly required?: number
  /** The first so many parameters only go by position; all of them when absent. */
  readonly positionalOnly?: number
  /** The last parameters only go by name from this index on; none when absent. */
  readonly keywordOnly?: number
}

/** Arguments in the places of a signature; those not given are `undefined` or past the end. */
export type Bound = readonly (PyValue | undefined)[]

/** Put the arguments of a call into the places of a signature. Throws Python's `TypeError` when they do not fit. */
export function bind(signature: Signature, args: CallArguments): Bound {
  const { positional, named } = args
  const given = positional.length
  const most = signature.keywordOnly ?? signature.parameters.length
  // Nearly every call is like this. V8 puts these few lines into each caller; with the rest they would be too long.
  if (named.size === 0 && given <= most && given >= (signature.required ?? 0)) return positional
  return bindNamed(signature, args, most)
}

function bindNamed(signature: Signature, args: CallArguments, most: number): Bound {
  const { name, parameters, required = 0, positionalOnly = parameters.length } = signature
  const given = args.positional.length
  if (given > most) {
    const plural = most === 1 ? '' : 's'
    throw typeError(`${name}() takes at most ${most} argument${plural} (${given} given)`)
  }
  const bound: (PyValue | undefined)[] = parameters.map((_, index) => args.positional[index])
  for (const [key, value] of args.named) {
    const index = parameters.indexOf(key)
    if (index < 0 || index < positionalOnly)
      throw typeError(
        positionalOnly === parameters.length
          ? `${name}() takes no keyword arguments`
          : `'${key}' is an invalid keyword argument for ${name}()`,
      )
    if (bound[index] !== undefined)
      throw typeError(`argument for ${name}() given by name ('${key}') and position`)
    bound[index] = value
  }
  for (let index = 0; index < required; index += 1) {
    if (bound[index] === undefined)
      throw typeError(
        `${name}() takes at least ${required} argument${required === 1 ? '' : 's'} (${given} given)`,
      )
  }
  return bound
}

/** An integer argument (booleans count), or `fallback` when it is absent. `None` counts as absent only with `noneIsAbsent`. */
export function integer(value: PyValue | undefined, fallback: bigint, noneIsAbsent = false): bigint {
  if (value === undefined || (noneIsAbsent && value === null)) return fallback
  if (typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1n : 0n
  throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`)
}

/** A text argument; `what` names the function and place in the message. */
export function text(value: PyValue | undefined, what: string): string {
  const found = asText(value)
  if (found !== undefined) return found
  throw typeError(`${what} must be str, not ${value === undefined ? 'missing' : typeName(value)}`)
}

/** A number that stays inside JavaScript's exact range, for lengths and offsets. */
export function clamp(value: bigint): number {
  const number = Number(value)
  const most = Number.MAX_SAFE_INTEGER
  return number > most ? most : number < -most ? -most : number
}
