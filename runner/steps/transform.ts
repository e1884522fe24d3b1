import {
  dumpsJson,
  LanguageError,
  PyDict,
  PyError,
  type PyValue,
  parseJson,
  truthy,
  typeName,
} from '../../schema/language/index.ts'
import { StepFailure } from '../failure.ts'
import { extractSource } from './path-extract.ts'
import { runMapping } from './transform-mapping.ts'
import { checkTransformOutput } from './transform-output.ts'
import { TransformProblem } from './transform-problem.ts'

/** What a transform may look at. */
export interface TransformSource {
  readonly context: PyDict
  /**
   * Text of the last message of the conversation if it came from outside (the run's input, an answer on resume).
   * `undefined`: there is no message, or the last one is the output of a step, which transforms do not read.
   */
  readonly lastOutsideMessage: string | undefined
  /** The run's input as it was given. */
  readonly userInput: string
  /** What else the step knows: `task` (the item), `iteration_node_number`, `user_input` and so on. */
  readonly taskState: PyDict
}

/** Something that did not stop the transform but that its author should know. */
export interface TransformWarning {
  /** Place in `mappings`, from 0; `undefined`: the transform as a whole. */
  readonly mapping: number | undefined
  readonly code: string
  readonly message: string
}

/** What a transform gives. */
export interface TransformResult {
  /** JSON text with non-ASCII characters as they are. */
  readonly output: string
  readonly warnings: readonly TransformWarning[]
}

/**
 * Runs the mappings of a transform node, checks its `output_schema` and applies `on_error`.
 *
 * @param config the node's `config` as written: `input_source`, `input_key`, `mappings`, `output_schema`, `on_error`,
 * `default_output`.
 * @param name what a failure calls it.
 * @throws StepFailure `transform-failed`, never worth a retry: the same data fails the same way.
 */
export function runTransform(
  config: PyDict,
  source: TransformSource,
  name = 'The transform',
): TransformResult {
  const warnings: TransformWarning[] = []
  const strategy = config.has('on_error') ? (config.get('on_error') ?? null) : 'fail'
  let output: PyValue
  try {
    const data = readSource(config, source)
    const mapped = runMappings(config, data, strategy === 'partial', warnings)
    output = checkTransformOutput(mapped, config.get('output_schema') ?? null)
  } catch (error) {
    const problem = problemMessage(error)
    if (problem === undefined) throw error
    output = afterFailure(strategy, config, problem, name)
    warnings.push({
      mapping: undefined,
      code: 'transform-replaced',
      message: `on_error took over: ${problem}`,
    })
  }
  try {
    return { output: dumpsJson(output, { ensureAscii: false }), warnings }
  } catch (error) {
    if (!(error instanceof PyError)) throw error
    throw failed(name, `the output cannot be written as JSON: ${error.message}`)
  }
}

function runMappings(config: PyDict, data: PyDict, keepGoing: boolean, warnings: TransformWarning[]): PyDict {
  const output = new PyDict()
  for (const [index, mapping] of mappingsOf(config).entries()) {
    const warn = (code: string, message: string) => void warnings.push({ mapping: index, code, message })
    try {
      if (!(mapping instanceof PyDict)) throw new TransformProblem('it is not a set of keys')
      const field = mapping.get('output_field') ?? null
      if (!truthy(field)) throw new TransformProblem('"output_field" is missing')
      output.set(field, runMapping(mapping, overlaid(data, output), warn))
    } catch (error) {
      const problem = problemMessage(error)
      if (problem === undefined) throw error
      if (!keepGoing) throw new TransformProblem(`mapping ${index + 1}${fieldName(mapping)}: ${problem}`)
      warn('mapping-failed', `left out${fieldName(mapping)}: ${problem}`)
    }
  }
  return output
}

function mappingsOf(config: PyDict): readonly PyValue[] {
  const mappings = config.get('mappings')
  if (mappings === undefined) return []
  if (Array.isArray(mappings)) return mappings
  // Python walks over the keys of a dictionary and the letters of a text; neither is a mapping.
  if (mappings instanceof PyDict) return [...mappings.keys()]
  if (mappings === '') return []
  throw new TransformProblem(`"mappings" must be a list, not ${typeName(mappings)}`)
}

function fieldName(mapping: PyValue): string {
  const field = mapping instanceof PyDict ? mapping.get('output_field') : undefined
  return typeof field === 'string' && field !== '' ? ` ("${field}")` : ''
}

/** Where `input_source` takes the data from. */
const SOURCES: Readonly<Record<string, (config: PyDict, source: TransformSource) => PyDict>> = {
  context_store(config, source) {
    const key = config.get('input_key') ?? null
    if (key !== null && typeof key !== 'string') throw new TransformProblem('"input_key" must be text')
    return extractSource(source.context, key)
  },
  messages: (_config, source) => dictIn(source.lastOutsideMessage ?? ''),
  user_input: (_config, source) => dictIn(source.userInput),
  state_schema: (_config, source) => source.taskState,
  // Known to CodeMie, and always empty there.
  combined: () => new PyDict(),
}

function readSource(config: PyDict, source: TransformSource): PyDict {
  const name = config.has('input_source') ? (config.get('input_source') ?? null) : 'context_store'
  const read = typeof name === 'string' && Object.hasOwn(SOURCES, name) ? SOURCES[name] : undefined
  if (read === undefined) {
    throw new TransformProblem(`"input_source" must be one of ${Object.keys(SOURCES).join(', ')}`)
  }
  return read(config, source)
}

function dictIn(text: string): PyDict {
  try {
    const value = parseJson(text)
    return value instanceof PyDict ? value : new PyDict()
  } catch (error) {
    if (error instanceof PyError) return new PyDict()
    throw error
  }
}

function overlaid(data: PyDict, output: PyDict): PyDict {
  if (output.size === 0) return data
  return new PyDict([...data.entries(), ...output.entries()])
}

function afterFailure(strategy: PyValue, config: PyDict, problem: string, name: string): PyValue {
  switch (strategy) {
    case 'fail':
      throw failed(name, problem)
    case 'skip':
      return new PyDict()
    case 'default':
      return config.has('default_output') ? (config.get('default_output') ?? null) : new PyDict()
    default:
      // `partial` covers mappings only: an output that breaks its schema fails.
      throw failed(
        name,
        strategy === 'partial'
          ? problem
          : `on_error is ${JSON.stringify(strategy)}, which is no strategy; ${problem}`,
      )
  }
}

/** What went wrong, when it is something of the workflow's and not of ours. */
function problemMessage(error: unknown): string | undefined {
  return error instanceof TransformProblem || error instanceof PyError || error instanceof LanguageError
    ? error.message
    : undefined
}

function failed(name: string, problem: string): StepFailure {
  return new StepFailure('transform-failed', `${name} failed: ${problem}`, {
    blame: 'workflow',
    help: 'Correct the mapping, or say with on_error (skip, default, partial) what should happen.',
  })
}
