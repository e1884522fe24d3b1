/** The two languages of CodeMie workflows, Python expressions and Jinja templates, and the values they work on. */
export { Budget, type BudgetLimits } from './budget.ts'
export {
  type ConditionResult,
  evaluateCondition,
  evaluateConditionOn,
  evaluateQuestion,
} from './condition.ts'
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
export { coerceValue, parseOutput } from './output.ts'
export { repr, str } from './printing.ts'
export { ExpressionError, LanguageError, type LanguageProblem, TemplateError } from './problems.ts'
export { renderBatch, renderSecure } from './secure.ts'
export { stripChars } from './string-methods.ts'
export { checkTemplate, type TemplateEngine, templateVariables } from './template-check.ts'
export { compareText, isSpace } from './text.ts'
export {
  evaluateTransformCondition,
  evaluateTransformFilter,
  evaluateTransformScript,
} from './transform.ts'
export {
  PyBytes,
  PyComplex,
  PyIterator,
  PyTuple,
  type PyValue,
  truthy,
  typeName,
} from './values.ts'
