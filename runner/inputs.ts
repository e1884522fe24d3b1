import { jsonValue, parseJsonObject } from '../schema/json-object.ts'
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
  if (workflow.inputs.length === 0) {
    if (given.pairs.length === 0) return { values: undefined, problems: blankInput(workflow, given) }
    if (!object) return { values: undefined, problems: [textAndPairs] }
    return { values: { ...object, ...Object.fromEntries(given.pairs) }, problems: [] }
  }
  if (!object) return { values: undefined, problems: [notAnObject(workflow)] }
  const values = Object.entries(object)
  const texts = given.isCall ? values.filter(isText) : given.pairs
  return await fitValues(workflow.inputs, { values, texts }, given.isCall ? CALL_WORDS : INPUT_WORDS)
}

/** A workflow in a file of Octomind works on a text, whether its prompts name it or not. */
function blankInput({ dialect }: Workflow, { text = '' }: GivenInput): readonly InputProblem[] {
  if (dialect !== 'octomind-file' || text.trim() !== '') return []
  return [{ code: 'input-missing', message: 'The workflow needs an input: the text that its steps work on' }]
}

/** How the problems of values are worded. */
interface Wording {
  /** At the beginning of a sentence. */
  readonly one: string
  readonly owner: string
  /** What to do about a missing one, with what leads there; `''`: nothing can be typed. */
  readonly how: (name: string) => string
}

const INPUT_WORDS: Wording = {
  one: 'Input',
  owner: 'The workflow has no input',
  how: (name) => `: give it with -i ${name}=…`,
}
const CALL_WORDS: Wording = { ...INPUT_WORDS, how: () => '' }

/** For parameters of a template, which are declared as inputs are. */
export const PARAMETER_WORDS: Wording = {
  one: 'Parameter',
  owner: 'The template has no parameter',
  how: (name) => `: give it with --set ${name}=…`,
}

/** The same where a person is asked for them. */
export const ANSWER_WORDS: Wording = { ...PARAMETER_WORDS, how: () => '' }

/**
 * Fits values to what is declared, defaults filled in, and finds everything that is wrong with them.
 *
 * @param given.texts values that were typed: read as JSON where what is declared is no text. They count over `values`.
 */
export async function fitValues(
  specs: readonly InputSpec[],
  given: {
    readonly values: readonly (readonly [name: string, value: unknown])[]
    readonly texts: readonly (readonly [name: string, text: string])[]
  },
  words: Wording,
): Promise<{
  readonly values: Readonly<Record<string, unknown>>
  readonly problems: readonly InputProblem[]
}> {
  const declared = new Map(specs.map((input) => [input.name, input]))
  const problems: InputProblem[] = []
  const values = new Map(given.values)
  for (const [key, text] of given.texts) values.set(key, readPair(text, declared.get(key)))
  for (const key of values.keys()) {
    if (!declared.has(key)) problems.push(unknownInput(key, [...declared.keys()], words))
  }
  for (const input of declared.values()) {
    if (!values.has(input.name)) {
      if (input.default !== undefined) values.set(input.name, jsonValue(input.default))
      else if (input.required) problems.push(missingInput(input, words))
      continue
    }
    for (const message of await checkValue(input, values.get(input.name))) {
      problems.push({ code: 'input-invalid', message: `${words.one} '${input.name}' ${message}` })
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
  const ajv = new Ajv2020({ allErrors: true, strict: false })
  let check: ReturnType<typeof ajv.compile>
  try {
    check = ajv.compile(jsonValue(input.schema) as object)
  } catch (error) {
    // A file declares it, so that a wrong one is there to mend, and no bug.
    return [`is declared by a schema that is not valid: ${(error as Error).message}`]
  }
  if (check(value)) return []
  return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`.trim())
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

function unknownInput(key: string, known: readonly string[], { owner }: Wording): InputProblem {
  const near = nearestName(key, known)
  const all = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`
  const hint = near === undefined ? all : `did you mean '${near}'?`
  return { code: 'input-unknown', message: `${owner} '${key}': ${hint}` }
}

function missingInput({ name, description }: InputSpec, { one, how }: Wording): InputProblem {
  const what = description === '' ? '' : ` (${description})`
  return { code: 'input-missing', message: `${one} '${name}' is missing${what}${how(name)}` }
}
