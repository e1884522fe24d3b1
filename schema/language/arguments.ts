import { type PyError, typeError } from './errors.ts'
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
  const { parameters, required = 0, positionalOnly = parameters.length } = signature
  const { positional, named } = args
  const bound: (PyValue | undefined)[] = positional.slice()
  let taken = 0
  for (let place = bound.length; place < parameters.length; place += 1) {
    const value = place < positionalOnly ? undefined : named.get(parameters[place] ?? '')
    if (value !== undefined) taken += 1
    bound.push(value)
  }
  if (positional.length > most || taken < named.size) throw misfit(signature, args, most)
  for (let place = 0; place < required; place += 1)
    if (bound[place] === undefined) throw missing(signature, args)
  return bound
}

/** Why arguments do not fit: there are too many, or one has a name that does not stand for a free place. */
function misfit(
  { name, parameters, positionalOnly = parameters.length }: Signature,
  { positional, named }: CallArguments,
  most: number,
): PyError {
  const given = positional.length
  if (given > most)
    return typeError(`${name}() takes at most ${most} argument${most === 1 ? '' : 's'} (${given} given)`)
  const isFree = (key: string): boolean => parameters.indexOf(key) >= Math.max(given, positionalOnly)
  const key = Array.from(named.keys()).find((one) => !isFree(one)) ?? ''
  const place = parameters.indexOf(key)
  if (place >= positionalOnly && place < given)
    return typeError(`argument for ${name}() given by name ('${key}') and position`)
  return typeError(
    positionalOnly === parameters.length
      ? `${name}() takes no keyword arguments`
      : `'${key}' is an invalid keyword argument for ${name}()`,
  )
}

function missing({ name, required = 0 }: Signature, { positional }: CallArguments): PyError {
  const plural = required === 1 ? '' : 's'
  return typeError(`${name}() takes at least ${required} argument${plural} (${positional.length} given)`)
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
