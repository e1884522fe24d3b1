import { Budget } from './budget.ts'
import { PyDict } from './dict.ts'
import { asPyError, codeOf, PyError } from './errors.ts'
import { compileExpression, evaluate } from './expression.ts'
import { coerceValue, parseOutput } from './output.ts'
import { ExpressionError, type LanguageProblem } from './problems.ts'
import { type PyValue, PyView, truthy, typeName } from './values.ts'

/** How a condition came out. With a `problem` the value is false because the condition could not be evaluated. */
export type ConditionResult = { readonly value: boolean; readonly problem?: LanguageProblem }

/**
 * Evaluate a condition of `next` on the output text of the step before it. Never throws: any failure is false and says why.
 * The names of the expression are the top-level fields of the output (texts coerced, see {@link coerceValue}), plus `keys`.
 */
export function evaluateCondition(output: string, expression: string, budget?: Budget): ConditionResult {
  return evaluateConditionOn(parseOutput(output), expression, budget)
}

/** {@link evaluateCondition} on an output that is parsed already, for the cases of one switch. */
export function evaluateConditionOn(
  parsed: PyValue,
  expression: string,
  budget = new Budget(),
): ConditionResult {
  if (!(parsed instanceof PyDict)) {
    const found = typeof parsed === 'string' ? 'text' : typeName(parsed)
    const message = `the condition needs an output with named fields (a JSON object), but the output is ${found}`
    return { value: false, problem: { code: 'output-not-a-dict', severity: 'warning', message } }
  }
  return decide(expression, () => conditionScope(parsed), budget)
}

/**
 * The same of an output that may have no fields, for a question that people ask afterwards: the name `output` is the whole
 * text, as it is, whatever field is called so.
 */
export function evaluateQuestion(output: string, expression: string): ConditionResult {
  const scope = () => {
    const parsed = parseOutput(output)
    const names = conditionScope(parsed instanceof PyDict ? parsed : new PyDict())
    names.set('output', output)
    return names
  }
  return decide(expression, scope, new Budget())
}

function decide(expression: string, scope: () => PyDict, budget: Budget): ConditionResult {
  try {
    const compiled = compileExpression(expression)
    return { value: truthy(evaluate(compiled, scope(), budget)) }
  } catch (error) {
    if (error instanceof ExpressionError)
      return { value: false, problem: { ...error.problem, severity: 'warning' } }
    const { pyType, message } = asPyError(error)
    return { value: false, problem: { code: codeOf(pyType), severity: 'warning', message } }
  }
}

/** The names that a condition can use, from a parsed output. Throws {@link PyError} when a field cannot be coerced. */
export function conditionScope(parsed: PyDict): PyDict {
  const scope = new PyDict()
  for (const [key, value] of parsed.entries()) {
    try {
      scope.set(key, coerceValue(value))
    } catch (error) {
      const failure = asPyError(error)
      throw new PyError(
        failure.pyType,
        `the field ${typeof key === 'string' ? `'${key}'` : ''} cannot be read: ${failure.message}`,
      )
    }
  }
  scope.set('keys', new PyView('keys', parsed))
  return scope
}
