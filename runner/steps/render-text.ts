import type { Located, Position } from '../../schema/diagnostic.ts'
import { PyDict, type PyValue, renderDynamic } from '../../schema/language/index.ts'
import type { StepWarning } from '../engine/step-effects.ts'
import { StepFailure } from '../failure.ts'

/**
 * Renders text with the context as dynamic values. A text that cannot be rendered stays as it is, which is what
 * workflows rely on, and becomes a warning. Fails when the context replaces the text with something that is no text.
 */
export function renderText(
  text: Located<string>,
  context: PyDict,
  warn: (warning: StepWarning) => void,
): string {
  const { value, problems } = renderDynamic(text.value, context)
  for (const problem of problems) {
    warn({ code: problem.code, message: problem.message, position: positionText(text.at) })
  }
  if (typeof value === 'string') return value
  throw new StepFailure(
    'text-replaced-by-value',
    "The context key 'string_value' replaces every rendered text, and its value here is no text",
    { blame: 'workflow', help: "Rename the key 'string_value' in the output that sets it." },
  )
}

/** The context with the keys of a dict item over it, as templates of an iteration see it. */
export function contextWithItem(context: PyDict, item: PyValue | undefined): PyDict {
  if (!(item instanceof PyDict) || item.size === 0) return context
  const merged = context.copy()
  for (const [key, value] of item.entries()) merged.set(key, value)
  return merged
}

export function positionText({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`
}
