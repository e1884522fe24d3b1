import {
  type DynamicArguments,
  PyDict,
  type PyValue,
  renderDynamicArgs,
} from '../../schema/language/index.ts'
import { extractPath } from './path-extract.ts'

/** Where the arguments of a tool state come from. */
export interface ToolArgumentsSource {
  /** Arguments as written in the state or the tool. `undefined` or empty: every parameter, taken from the context. */
  readonly args: PyDict | undefined
  /** Names of the tool's parameters, for when there are no arguments. */
  readonly parameters: readonly string[]
  readonly context: PyDict
  /** Path to the dictionary of the context to look values up in, e.g. `a.b[0]`. `undefined`: the whole context. */
  readonly inputKey: string | undefined
  /** The item, when this is the first state of an iteration; only a dictionary counts. */
  readonly firstItem: PyValue | undefined
}

/** Told of an argument whose template failed: it stays as it is written, which is no failure of the step. */
export type ArgumentProblemListener = (problem: DynamicArguments['problems'][number]) => void

/**
 * The arguments that a tool state calls its tool with.
 *
 * Texts are rendered as templates, and a value of the context under the name of an argument replaces what is written
 * there. Arguments that end up `null` are left out.
 */
export function resolveToolArguments(
  source: ToolArgumentsSource,
  onProblem?: ArgumentProblemListener,
): PyDict {
  const rendered = renderToolArguments(source, onProblem)
  return new PyDict([...rendered.entries()].filter(([, value]) => value !== null))
}

/** {@link resolveToolArguments}, with the arguments that are `null` still in it. */
export function renderToolArguments(
  source: ToolArgumentsSource,
  onProblem?: ArgumentProblemListener,
): PyDict {
  const given = source.args !== undefined && source.args.size > 0 ? source.args : undefined
  const args = given ?? new PyDict(source.parameters.map((name) => [name, null] as const))
  const { value, problems } = renderDynamicArgs(args, scopeOf(source))
  for (const problem of problems) onProblem?.(problem)
  return value
}

function scopeOf({ context, inputKey, firstItem }: ToolArgumentsSource): PyDict {
  let scope = context
  if (inputKey !== undefined && inputKey !== '') {
    const found = extractPath(context, inputKey)
    scope = found instanceof PyDict ? found : new PyDict()
  }
  return firstItem instanceof PyDict ? new PyDict([...scope.entries(), ...firstItem.entries()]) : scope
}
