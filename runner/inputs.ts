import { parseJsonObject } from '../schema/json-object.ts'
import { nearestName } from '../schema/nearest.ts'
import type { InputSpec, Workflow } from '../schema/workflow.ts'
import { Refusal } from './failure.ts'

/** What a person gave a run to work on. */
export interface GivenInput {
  /** `key=value` pairs as typed; later ones win. */
  readonly pairs: readonly (readonly [key: string, value: string])[]
  /** A JSON object, or free text for a workflow that declares no inputs. */
  readonly text?: string
  /** Another workflow gives it: what templates made is text, and is read like pairs. */
  readonly isCall?: boolean
}

/** One thing wrong with the inputs. */
export interface InputProblem {
  readonly code: 'input-missing' | 'input-unknown' | 'input-invalid'
  readonly message: string
}

/**
 * The input text of a run: a JSON object with defaults filled in for a workflow that declares its inputs, what was
 * given otherwise. `""` when nothing was given.
 *
 * Refuses with `inputs-invalid` and all problems at once.
 */
export async function resolveInput(workflow: Workflow, given: GivenInput): Promise<string> {
  const { values, problems } = await readInputs(workflow, given)
  if (problems.length > 0) {
    throw new Refusal('inputs-invalid', problems.map((problem) => problem.message).join('\n'), {
      help: `\`codemie-ci plan ${workflow.id}\` shows the inputs of this workflow.`,
    })
  }
  if (values === undefined) return given.text ?? ''
  return JSON.stringify(values)
}

interface ReadInputs {
  /** `undefined`: the given text stands as it is. */
  readonly values: Readonly<Record<string, unknown>> | undefined
  readonly problems: readonly InputProblem[]
}

/** Reads and checks inputs without refusing: for a plan, which shows what is missing. */
export async function readInputs(workflow: Workflow, given: GivenInput): Promise<ReadInputs> {
  const object = given.text === undefined ? {} : parseJsonObject(given.text)
  const declared = new Map(workflow.inputs.map((input) => [input.name, input]))
  if (declared.size === 0) {
    if (given.pairs.length === 0) return { values: undefined, problems: [] }
    if (!object) return { values: undefined, problems: [textAndPairs] }
    return { values: { ...object, ...Object.fromEntries(given.pairs) }, problems: [] }
  }
  if (!object) return { values: undefined, problems: [notAnObject(workflow)] }
  const problems: InputProblem[] = []
  const values = new Map(Object.entries(object))
  const texts = given.isCall ? [...values].filter(isText) : given.pairs
  for (const [key, text] of texts) values.set(key, readPair(text, declared.get(key)))
  for (const key of values.keys()) {
    if (!declared.has(key)) problems.push(unknownInput(key, [...declared.keys()]))
  }
  for (const input of declared.values()) {
    if (!values.has(input.name)) {
      if (input.default !== undefined) values.set(input.name, plain(input.default))
      else if (input.required) problems.push(missingInput(input, given))
      continue
    }
    for (const message of await checkValue(input, values.get(input.name))) {
      problems.push({ code: 'input-invalid', message: `Input '${input.name}' ${message}` })
    }
  }
  return { values: Object.fromEntries(values), problems }
}

function isText(entry: [key: string, value: unknown]): entry is [string, string] {
  return typeof entry[1] === 'string'
}

/** Text where text may stand; anything else is written as JSON, and checked afterwards whatever it turns out to be. */
function readPair(text: string, input: InputSpec | undefined): unknown {
  const type = input?.schema['type']
  const types = Array.isArray(type) ? type : [type]
  if (type === undefined || types.includes('string')) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Ajv is dear at start-up, so it is loaded when a declared input has a schema to check. */
async function checkValue(input: InputSpec, value: unknown): Promise<readonly string[]> {
  if (Object.keys(input.schema).length === 0) return []
  const { Ajv2020 } = await import('./ajv.ts')
  const check = new Ajv2020({ allErrors: true, strict: false }).compile(plain(input.schema) as object)
  if (check(value)) return []
  return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`.trim())
}

/** Definitions keep whole numbers as bigint, which JSON does not know. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]))
}

const textAndPairs: InputProblem = {
  code: 'input-invalid',
  message: 'Inputs given one by one can only be added to a JSON object, and the input text is none',
}

function notAnObject(workflow: Workflow): InputProblem {
  const names = workflow.inputs.map((input) => input.name).join(', ')
  return {
    code: 'input-invalid',
    message: `The workflow '${workflow.id}' takes a JSON object with ${names}, and the input is no JSON object`,
  }
}

function unknownInput(key: string, known: readonly string[]): InputProblem {
  const near = nearestName(key, known)
  const hint = near === undefined ? `it takes ${known.join(', ')}` : `did you mean '${near}'?`
  return { code: 'input-unknown', message: `The workflow has no input '${key}': ${hint}` }
}

function missingInput({ name, description }: InputSpec, { isCall }: GivenInput): InputProblem {
  const what = description === '' ? '' : ` (${description})`
  const how = isCall ? '' : `: give it with -i ${name}=…`
  return { code: 'input-missing', message: `Input '${name}' is missing${what}${how}` }
}
