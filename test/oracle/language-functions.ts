import {
  coerceValue,
  compileExpression,
  evaluate,
  evaluateCondition,
  loadExpression,
  type PyDict,
  type PyValue,
  parseOutput,
  renderBatch,
  renderDynamic,
  renderDynamicArgs,
  renderSecure,
} from '../../schema/language/index.ts'
import type { Node } from '../../schema/language/nodes.ts'
import type { FunctionTable } from './compare.ts'
import { encode } from './recorded.ts'

/** The expression and template language, called as the recordings called upstream's. */
export const languageFunctions: FunctionTable = {
  safe_eval: ({ expr, vars = {} }, decode) =>
    encode(evaluate(compileExpression(String(expr)), decode(vars) as PyDict)),
  // Upstream stores expressions written anew; ours keep the author's text, so what they mean is compared.
  expression_load: {
    run: ({ expression }) => meaningOf(loadExpression(String(expression))),
    recorded: (output) => meaningOf(String(output)),
  },
  condition: ({ output, expression }) => evaluateCondition(String(output), String(expression)).value,
  convert_value: ({ value }, decode) => encode(coerceValue(decode(value))),
  parse: ({ text }, decode) => encode(parseOutput(decode(text))),
  render_dynamic: ({ source, context }, decode) =>
    encode(renderDynamic(String(source), decode(context)).value),
  render_args: ({ args, context }, decode) =>
    encode(renderDynamicArgs(decode(args) as PyDict, decode(context)).value),
  render_secure: ({ template, context }, decode) => renderSecure(String(template), decode(context) as PyDict),
  render_batch: ({ items, template }, decode) =>
    renderBatch(decode(items) as PyValue[], template === null ? undefined : String(template)),
}

/** The tree of an expression without its places. */
export function meaningOf(text: string): unknown {
  const plain = (node: Node) =>
    JSON.stringify(node, (key, value: unknown) => {
      if (key === 'start' || key === 'height') return undefined
      if (typeof value === 'bigint') return `${value}n`
      return typeof value === 'number' ? encode(value) : value
    })
  return JSON.parse(plain(compileExpression(text).node))
}
