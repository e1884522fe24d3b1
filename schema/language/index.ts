/** The two languages of CodeMie workflows, Python expressions and Jinja templates, and the values they work on. */
export { Budget, BudgetError, type BudgetLimits, DEFAULT_LIMITS } from './budget.ts'
export { type ConditionResult, conditionScope, evaluateCondition, evaluateConditionOn } from './condition.ts'
export { parseFloatText, parseInteger, toFloatValue, toInt } from './conversions.ts'
export { PyDict, PySet } from './dict.ts'
export { type DynamicArguments, type DynamicText, renderDynamic, renderDynamicArgs } from './dynamic.ts'
export { PyError } from './errors.ts'
export {
  checkExpression,
  compileExpression,
  type Expression,
  evaluate,
  expressionNames,
  loadExpression,
  type Scope,
} from './expression.ts'
export { dumpsJson, fromJson, type JsonStyle, parseJson, toJson } from './json.ts'
export { parseLiteral } from './literal.ts'
export { getAttribute } from './methods.ts'
export { pyEquals, pyLength } from './operators.ts'
export { coerceValue, parseOutput } from './output.ts'
export { repr, str } from './printing.ts'
export { ExpressionError, LanguageError, type LanguageProblem, TemplateError } from './problems.ts'
export { renderBatch, renderSecure } from './secure.ts'
export { stripChars } from './string-methods.ts'
export { subscript } from './subscript.ts'
export { checkTemplate, type TemplateEngine, templateVariables } from './template-check.ts'
export { compareText, isSpace } from './text.ts'
export {
  evaluateTransformCondition,
  evaluateTransformFilter,
  evaluateTransformScript,
  FieldsView,
} from './transform.ts'
export {
  Ellipsis,
  PyBytes,
  PyComplex,
  PyObject,
  PyTuple,
  type PyValue,
  PyView,
  truthy,
  typeName,
} from './values.ts'
