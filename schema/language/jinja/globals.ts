import { integer } from '../arguments.ts'
import type { Budget } from '../budget.ts'
import { pairsOf } from '../collection-methods.ts'
import { TYPES } from '../conversions.ts'
import { PyDict } from '../dict.ts'
import { PyError, typeError } from '../errors.ts'
import { type CallArguments, PyFunction, PyRange, PyType, type PyValue } from '../values.ts'
import { PyCycler, PyJoiner, PyNamespace } from './values.ts'

/** The longest range that a sandboxed template may make (Jinja's `MAX_RANGE`). */
const MAX_RANGE = 100_000n

function range(args: CallArguments): PyRange {
  const { positional, named } = args
  if (named.size > 0) throw typeError('range() takes no keyword arguments')
  if (positional.length < 1 || positional.length > 3)
    throw typeError(`range expected 1 to 3 arguments, got ${positional.length}`)
  const [first = 0n, second = 0n, third = 1n] = positional.map((value) => integer(value, 0n))
  return positional.length === 1 ? new PyRange(0n, first, 1n) : new PyRange(first, second, third)
}

function boundedRange(args: CallArguments): PyRange {
  const made = range(args)
  if (made.size > MAX_RANGE)
    throw new PyError(
      'OverflowError',
      `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${MAX_RANGE}).`,
    )
  return made
}

function namespace(args: CallArguments, budget: Budget): PyNamespace {
  const made = new PyNamespace()
  const [source] = args.positional
  if (source !== undefined) for (const [key, value] of pairsOf(source, budget)) made.members.set(key, value)
  for (const [key, value] of args.named) made.members.set(key, value)
  return made
}

function refuseRandomText(): PyValue {
  throw new PyError(
    'NotAllowed',
    "'lipsum' makes random text, and a run must come out the same when it is repeated",
  )
}

const COMMON: readonly (readonly [string, PyValue])[] = [
  ['dict', TYPES.dict],
  [
    'lipsum',
    new PyFunction(
      'lipsum',
      refuseRandomText,
      '<function generate_lorem_ipsum at 0x7f0000000000>',
      'function',
    ),
  ],
  ['cycler', new PyType('jinja2.utils.Cycler', (args) => new PyCycler(args.positional))],
  [
    'joiner',
    new PyType(
      'jinja2.utils.Joiner',
      (args) => new PyJoiner(args.positional[0] ?? args.named.get('sep') ?? ', '),
    ),
  ],
  ['namespace', new PyType('jinja2.utils.Namespace', namespace)],
]

const PLAIN = new PyDict([...COMMON, ['range', new PyType('range', range)]])
const SANDBOXED = new PyDict([
  ...COMMON,
  ['range', new PyFunction('range', boundedRange, '<function safe_range at 0x7f0000000000>', 'function')],
])

/** The names that every template knows besides its context. */
export function templateGlobals(sandboxed: boolean): PyDict {
  return sandboxed ? SANDBOXED : PLAIN
}
