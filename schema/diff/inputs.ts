import type { InputSpec } from '../workflow.ts'
import type { ClassRule } from './aspect.ts'
import { isSame, meaningOf, members, membersOf } from './values.ts'

/** Inputs by name, each with all that is said of it: the order in which they are declared does not matter. */
export function inputsOf(inputs: readonly InputSpec[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    inputs.map(({ name, schema, required, description, default: given }) => {
      const { required: members, ...rest } = schema
      return [name, { ...rest, 'required members': members, default: given, description, required }]
    }),
  )
}

/** What those who start the workflow have to give. */
export const inputs: ClassRule = {
  words:
    'one that has to be given came, or went, or takes other values; or inputs are declared for the first time, so that no others are taken: breaking; else neutral',
  of: (before, after) => {
    const [a, b] = [membersOf(before), membersOf(after)]
    // Without declared inputs a workflow takes any.
    if (b.size === 0) return 'neutral'
    const isBreaking =
      a.size === 0 ||
      [...a].some(([name, old]) => !b.has(name) || takesLess(old, b.get(name))) ||
      [...b].some(([name, now]) => isAsked(now) && !isAsked(a.get(name)))
    return isBreaking ? 'breaking' : 'neutral'
  },
}

/** Whether a run cannot start without it. */
function isAsked(input: unknown): boolean {
  const said = membersOf(input)
  return said.get('required') === true && said.get('default') === undefined
}

/** What is said of an input, and not of its values. */
const ABOUT: ReadonlySet<string> = new Set(['required', 'default', 'description', 'title', 'examples'])
/** Constraints that allow more values when they are gone. */
const SIMPLE: ReadonlySet<string> = new Set([
  ...['type', 'enum', 'const', 'pattern', 'format', 'minLength', 'maxLength', 'minimum', 'maximum'],
  ...['exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minItems', 'maxItems', 'uniqueItems'],
])

/** Whether a value that was taken may be refused now; when that cannot be told from the schemas, it may. */
function takesLess(before: unknown, after: unknown): boolean {
  const [a, b] = [membersOf(before), membersOf(after)]
  return [...new Set([...a.keys(), ...b.keys()])].some((key) => {
    const [old, now] = [a.get(key), b.get(key)]
    if (ABOUT.has(key) || isSame(old, now)) return false
    if (now === undefined) return !SIMPLE.has(key)
    return !((key === 'type' || key === 'enum') && old !== undefined && isAmong(old, now))
  })
}

function isAmong(some: unknown, all: unknown): boolean {
  const known = new Set([all].flat().map(meaningOf))
  return [some].flat().every((one) => known.has(meaningOf(one)))
}

/** `+severity (required), −lang, topic (type: string → number)`. */
export function sayInputs(before: unknown, after: unknown): string {
  return members(before, after, {
    came: (name, input) => `+${name}${isAsked(input) ? ' (required)' : ''}`,
    changed: (name, a, b) => `${name} (${members(a, b)})`,
  })
}
