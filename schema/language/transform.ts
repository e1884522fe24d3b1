import { bind } from './arguments.ts'
import type { Budget } from './budget.ts'
import { PyDict } from './dict.ts'
import { PyError } from './errors.ts'
import { compileExpression, evaluate, type Scope } from './expression.ts'
import { ExpressionError, type LanguageProblem } from './problems.ts'
import { PyFunction, PyObject, type PyValue, truthy } from './values.ts'

/**
 * A dictionary as scripts and conditions of a transform see it: fields are attributes, a missing one is `None`, `a['k']` and
 * `a.get('k')` work, and that is all (no `in`, no `len`). It cannot be written as JSON, so a script that returns one fails.
 */
export class FieldsView extends PyObject {
  readonly pyType = 'DotDict'
  readonly dict: PyDict

  constructor(dict: PyDict) {
    super()
    this.dict = dict
  }

  override pyAttribute(name: string): PyValue {
    const value = this.dict.get(name)
    if (value !== undefined) return viewed(value)
    return name === 'get' ? new PyFunction('get', (args) => this.#get(args)) : null
  }

  override pyItem(key: PyValue, budget: Budget): PyValue {
    return viewed(this.dict.pyItem(key, budget))
  }

  #get(args: Parameters<PyFunction['pyCall']>[0]): PyValue {
    const [key = null, fallback = null] = bind(
      { name: 'get', parameters: ['key', 'default'], required: 1, positionalOnly: 0 },
      args,
    )
    const value = this.dict.get(key)
    return value === undefined ? fallback : viewed(value)
  }
}

function viewed(value: PyValue): PyValue {
  return value instanceof PyDict ? new FieldsView(value) : value
}

/** Names with their dictionaries wrapped in {@link FieldsView}; nothing is coerced. */
function fieldScope(source: PyDict): Scope {
  return {
    get: (name: string) => {
      const value = source.get(name)
      return value === undefined ? undefined : viewed(value)
    },
  }
}

/**
 * A transform's `script` on its source data (with the outputs so far laid over it): the value, `None` for an empty script.
 * Throws {@link ExpressionError}.
 */
export function evaluateTransformScript(script: string, source: PyDict, budget?: Budget): PyValue {
  return script === '' ? null : evaluate(compileExpression(script), fieldScope(source), budget)
}

/** A transform's `condition`. Never throws: an empty or failing condition is false, a failing one says why. */
export function evaluateTransformCondition(
  condition: string,
  source: PyDict,
  budget?: Budget,
): { value: boolean; problem?: LanguageProblem } {
  return condition === ''
    ? { value: false }
    : quietly(() => evaluate(compileExpression(condition), fieldScope(source), budget))
}

/**
 * A transform's `filter_condition` for one item: the names are `item` and those of the source, which wins; nothing is wrapped.
 * Never throws: a failing filter drops the item and says why.
 */
export function evaluateTransformFilter(
  condition: string,
  item: PyValue,
  source: PyDict,
  budget?: Budget,
): { value: boolean; problem?: LanguageProblem } {
  const scope: Scope = {
    get: (name: string) => (name !== 'item' || source.has(name) ? source.get(name) : item),
  }
  return quietly(() => evaluate(compileExpression(condition), scope, budget))
}

function quietly(run: () => PyValue): { value: boolean; problem?: LanguageProblem } {
  try {
    return { value: truthy(run()) }
  } catch (error) {
    if (error instanceof ExpressionError)
      return { value: false, problem: { ...error.problem, severity: 'warning' } }
    if (error instanceof PyError)
      return {
        value: false,
        problem: { code: 'evaluation-failed', severity: 'warning', message: error.message },
      }
    throw error
  }
}
