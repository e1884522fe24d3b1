import type { Ajv, ErrorObject, ValidateFunction } from 'ajv'
import { MOST_REASKS } from '../../schema/limits.ts'
import { StepFailure } from '../failure.ts'
import type { ChatMessage, ModelReply } from './model.ts'

export interface StructuredRequest {
  /** A real JSON Schema. References may only point inside it. */
  readonly schema: Readonly<Record<string, unknown>>
  readonly messages: readonly ChatMessage[]
  /** Asks the model once; fails like a model call. */
  readonly ask: (messages: readonly ChatMessage[]) => Promise<ModelReply>
  /** How often to ask again when the answer does not fit. Default 2. */
  readonly maxReasks?: number
}

/** Gets JSON of a given shape from models. One per run: it keeps the compiled schemas. */
export interface StructuredOutput {
  /**
   * Asks, reads the answer as JSON (bare, or in a fenced block), checks it, and asks again with the errors listed.
   *
   * @returns the value, valid against the schema.
   * @throws StepFailure `model-output-invalid` (retryable) when no answer fitted, `model-output-truncated` when the
   *   answer hit its length limit, `output-schema-unusable` when the schema cannot be compiled; and what `ask` throws.
   */
  request(request: StructuredRequest): Promise<unknown>
}

/** Creates a `StructuredOutput`; Ajv is loaded at the first request. */
export function createStructuredOutput(): StructuredOutput {
  const check = createChecker()
  return {
    async request({ schema, messages, ask, maxReasks = MOST_REASKS }) {
      const validate = await check(schema)
      let asked = messages
      for (let reask = 0; ; reask++) {
        const reply = await ask(asked)
        if (reply.finishReason === 'length') {
          throw new StepFailure(
            'model-output-truncated',
            'The answer hit its length limit before the JSON was complete.',
            {
              blame: 'model',
              help: 'Raise `max_tokens` in the parameters of the assistant, or ask for less.',
            },
          )
        }
        const found = readJson(reply.text)
        const problems =
          'problem' in found ? [found.problem] : validate(found.value) ? [] : listErrors(validate.errors)
        if (problems.length === 0 && 'value' in found) return found.value
        if (reask >= maxReasks) {
          throw new StepFailure(
            'model-output-invalid',
            `The model's answer does not fit the output schema after ${reask + 1} tries: ${problems.join('; ')}`,
            {
              blame: 'model',
              retryable: true,
              help: 'Make the schema simpler, describe its fields in the prompt, or choose another model.',
            },
          )
        }
        // Only the last answer goes back: earlier ones teach nothing and cost as much again.
        asked = [
          ...messages,
          { role: 'assistant', content: reply.text },
          { role: 'user', content: askAgain(problems) },
        ]
      }
    },
  }
}

function askAgain(problems: readonly string[]): string {
  return [
    'This answer does not fit the required JSON Schema:',
    ...problems.map((problem) => `- ${problem}`),
    'Answer again with the corrected JSON document only, without explanation.',
  ].join('\n')
}

/** The JSON document of an answer: the whole text, or its only fenced block. */
function readJson(text: string): { value: unknown } | { problem: string } {
  const whole = text.replace(/^\uFEFF/, '').trim()
  const blocks = [...whole.matchAll(/```[a-zA-Z0-9]*[ \t]*\r?\n([\s\S]*?)\r?\n[ \t]*```/g)]
  const candidates = blocks.length === 1 ? [whole, blocks[0]?.[1] ?? ''] : [whole]
  let reason = ''
  for (const candidate of candidates) {
    try {
      return { value: JSON.parse(candidate) }
    } catch (error) {
      reason = (error as Error).message
    }
  }
  if (whole === '') return { problem: 'the answer is empty' }
  return { problem: `the answer is not one JSON document (${reason})` }
}

const maxErrorsShown = 20

function listErrors(errors: readonly ErrorObject[] | null | undefined): string[] {
  const lines = (errors ?? []).map((error) => {
    const name: unknown = error.params.additionalProperty ?? error.params.unevaluatedProperty
    const allowed: unknown = error.params.allowedValues ?? error.params.allowedValue
    const detail =
      name !== undefined
        ? ` (${JSON.stringify(name)})`
        : allowed !== undefined
          ? ` (${JSON.stringify(allowed)})`
          : ''
    return `${error.instancePath === '' ? 'the document' : error.instancePath} ${error.message ?? error.keyword}${detail}`
  })
  const unique = [...new Set(lines)]
  const left = unique.length - maxErrorsShown
  return left > 0 ? [...unique.slice(0, maxErrorsShown), `and ${left} more`] : unique
}

/** Compiles schemas, each once; equal schemas count as the same. */
function createChecker(): (schema: StructuredRequest['schema']) => Promise<ValidateFunction> {
  const compiled = new Map<string, ValidateFunction>()
  const draft2020 = once(load2020)
  const draft7 = once(loadDraft7)
  return async (schema) => {
    const text = JSON.stringify(schema)
    const known = compiled.get(text)
    if (known) return known
    const isOlder = typeof schema.$schema === 'string' && /draft-0[4-7]/.test(schema.$schema)
    const problems: unknown[] = []
    // Lists under `items` and the like were dropped in 2020, and schemas without `$schema` still use them.
    for (const load of isOlder ? [draft7] : [draft2020, draft7]) {
      const ajv = await load()
      try {
        const validate = compile(ajv, schema)
        compiled.set(text, validate)
        return validate
      } catch (error) {
        problems.push(error)
      }
    }
    throw unusable(problems[0])
  }
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  return () => {
    loaded ??= load()
    return loaded
  }
}

function compile(ajv: Ajv, schema: StructuredRequest['schema']): ValidateFunction {
  // Draft 4 to 6 differ from 7 in details that do not matter for checking an answer, and Ajv knows only 7 by name.
  const { $schema: _, ...rest } = schema
  const validate = ajv.compile(rest)
  // An `$async` schema would answer with a promise, which reads as "valid".
  if ('$async' in validate) throw new Error('`$async` schemas are not supported')
  return validate as ValidateFunction
}

/**
 * Lenient about what a schema says beyond the standard; never fetches a reference, since no loader is given; keeps no
 * schema by its `$id`, so that two states may use the same one; formats are notes, as the standard has them.
 */
const ajvOptions = {
  strict: false,
  allErrors: true,
  addUsedSchema: false,
  validateFormats: false,
  logger: false,
} as const

async function load2020(): Promise<Ajv> {
  const { Ajv2020 } = await import('../ajv.ts')
  return new Ajv2020(ajvOptions)
}

async function loadDraft7(): Promise<Ajv> {
  const { Ajv: AjvDraft7 } = await import('../ajv.ts')
  return new AjvDraft7(ajvOptions)
}

function unusable(error: unknown): StepFailure {
  return new StepFailure(
    'output-schema-unusable',
    `The output schema cannot be used: ${(error as Error).message}`,
    {
      blame: 'workflow',
      help: 'Correct the `output_schema` of the state. References may only point inside it (`#/$defs/…`).',
      cause: error,
    },
  )
}
