import { nearestName } from '../schema/nearest.ts'
import type { InputSpec } from '../schema/workflow.ts'

/** What a person or an event gave as input, before it is understood. */
export interface GivenInput {
  /** The whole input: a JSON object of inputs, or free text. `undefined`: not given. */
  readonly text?: string | undefined
  /** Single inputs as typed, by name; they win over those in `text`. */
  readonly values: Readonly<Record<string, string>>
}

/** An input that cannot be used. */
export interface InputProblem {
  readonly code:
    | 'input-missing'
    | 'input-invalid'
    | 'input-unknown'
    | 'input-not-json'
    | 'input-not-an-object'
    | 'input-mixed'
  readonly message: string
  /** The input concerned, if it is about one. */
  readonly name?: string
}

/** One input as the plan shows it. */
export interface PlannedInput {
  readonly name: string
  /** `undefined`: there is none, which is fine for an optional input. */
  readonly value?: unknown
  readonly from: 'given' | 'default' | 'nowhere'
  readonly required: boolean
  readonly description: string
}

export interface InputPlan {
  /** What the run starts with: JSON text of an object when there are named inputs, free text otherwise, `""` for none. */
  readonly text: string
  readonly inputs: readonly PlannedInput[]
  /** All of them at once. Not empty: the run must not start. */
  readonly problems: readonly InputProblem[]
}

/** Says what is wrong with a value under a JSON Schema, one sentence each; empty: it fits. */
export type SchemaCheck = (schema: Readonly<Record<string, unknown>>, value: unknown) => readonly string[]

/**
 * Understands the input of a run: single values are typed by the inputs that the workflow declares (read as JSON unless
 * declared as text), defaults are filled in, and everything is checked. Without declared inputs anything goes. Pure.
 */
export function planInput(specs: readonly InputSpec[], given: GivenInput, check: SchemaCheck): InputPlan {
  const problems: InputProblem[] = []
  const names = Object.keys(given.values)
  const whole = readWhole(given.text)
  if (whole === undefined && given.text !== undefined && given.text !== '') {
    if (specs.length === 0 && names.length === 0) return { text: given.text, inputs: [], problems }
    problems.push(
      names.length > 0
        ? {
            code: 'input-mixed',
            message: `Free text cannot be mixed with the named input '${names[0]}': give a JSON object, or only one of the two`,
          }
        : {
            code: 'input-not-an-object',
            message: `The workflow takes named inputs (${specs.map(({ name }) => name).join(', ')}), and the input is no JSON object`,
          },
    )
    return { text: given.text, inputs: specs.map((spec) => planned(spec, undefined)), problems }
  }
  const values = new Map<string, unknown>(Object.entries(whole ?? {}))
  for (const name of names) {
    const spec = specs.find((one) => one.name === name)
    if (!spec && specs.length > 0) problems.push(unknownInput(name, specs))
    const read = readValue(given.values[name] ?? '', spec)
    if ('problem' in read) problems.push({ ...read.problem, name })
    else values.set(name, read.value)
  }
  const named = new Set(values.keys())
  for (const spec of specs) {
    const { name, required, description } = spec
    if (!values.has(name)) {
      if (spec.default !== undefined) values.set(name, spec.default)
      else if (required && !problems.some((problem) => problem.name === name)) {
        const about = description === '' ? '' : ` (${description})`
        problems.push({ code: 'input-missing', message: `The input '${name}' is missing${about}`, name })
      }
      continue
    }
    for (const problem of check(spec.schema, values.get(name))) {
      problems.push({ code: 'input-invalid', message: `The input '${name}' ${problem}`, name })
    }
  }
  return {
    text: values.size === 0 ? '' : JSON.stringify(Object.fromEntries(values)),
    inputs: [
      ...specs.map((spec) =>
        planned(spec, values.has(spec.name) ? { value: values.get(spec.name) } : undefined, named),
      ),
      ...[...named]
        .filter((name) => !specs.some((spec) => spec.name === name))
        .map((name) => ({
          name,
          value: values.get(name),
          from: 'given' as const,
          required: false,
          description: '',
        })),
    ],
    problems,
  }
}

function planned(
  { name, required, description }: InputSpec,
  found: { readonly value: unknown } | undefined,
  named: ReadonlySet<string> = new Set(),
): PlannedInput {
  if (!found) return { name, from: 'nowhere', required, description }
  return { name, value: found.value, from: named.has(name) ? 'given' : 'default', required, description }
}

/** The object that a text holds; `undefined`: it is free text. */
function readWhole(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined || text.trim() === '') return undefined
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

function readValue(
  typed: string,
  spec: InputSpec | undefined,
): { readonly value: unknown } | { readonly problem: InputProblem } {
  const types = spec ? typesOf(spec.schema) : []
  // An input of any type is text: what people type stays what it is.
  if (!spec || types.length === 0 || types.includes('string')) return { value: typed }
  try {
    return { value: JSON.parse(typed) as unknown }
  } catch {
    const message = `The input '${spec.name}' must be ${types.map(article).join(' or ')}, written as JSON, and '${typed}' is not`
    return { problem: { code: 'input-not-json', message } }
  }
}

function typesOf(schema: Readonly<Record<string, unknown>>): readonly string[] {
  return [schema['type']].flat().filter((type) => typeof type === 'string')
}

function article(type: string): string {
  if (type === 'null') return 'null'
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

function unknownInput(name: string, specs: readonly InputSpec[]): InputProblem {
  const declared = specs.map((spec) => spec.name)
  const near = nearestName(name, declared)
  const hint = near === undefined ? `It takes ${declared.join(', ')}` : `Did you mean '${near}'?`
  return { code: 'input-unknown', message: `The workflow has no input '${name}'. ${hint}`, name }
}

/** Loads the check that `planInput` asks for; only worth its time when there are declared inputs. */
export async function loadSchemaCheck(): Promise<SchemaCheck> {
  const { Ajv } = await import('ajv')
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false })
  return (schema, value) => {
    try {
      const validate = ajv.compile(schema)
      if (validate(value)) return []
      return (validate.errors ?? []).map(({ instancePath, message, params }) => {
        const where = instancePath === '' ? '' : ` at ${instancePath}`
        const allowed = Array.isArray(params['allowedValues'])
          ? ` (${params['allowedValues'].join(', ')})`
          : ''
        return `${message ?? 'does not fit'}${allowed}${where}, and is ${JSON.stringify(value)}`
      })
    } catch (error) {
      return [`cannot be checked, because its schema is wrong: ${(error as Error).message}`]
    }
  }
}
