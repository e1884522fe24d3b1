import type { Diagnostic } from '../diagnostic.ts'
import { jsonValue } from '../json-object.ts'
import { readWorkflow } from '../read.ts'
import type { InputSpec } from '../workflow.ts'
import { fillPlaceholders } from './placeholder.ts'
import { readTemplate } from './template.ts'

/** All that can be said of a template file: of what it says itself, and of the workflow that it makes with its defaults. */
export function checkTemplate(source: {
  readonly file: string
  readonly text: string
}): readonly Diagnostic[] {
  const { template, diagnostics } = readTemplate(source)
  const values = template && defaultsOf(template.parameters)
  if (!template || !values) return diagnostics
  const filled = fillPlaceholders(template.text, values)
  const made = filled === undefined ? [] : readWorkflow({ file: source.file, text: filled }).diagnostics
  const wrong = made.filter(({ severity }) => severity !== 'info')
  return [
    ...diagnostics,
    ...wrong.map(
      ({ severity, code, message }): Diagnostic => ({
        file: source.file,
        line: 1,
        column: 1,
        code: 'template-result',
        severity,
        message: `The workflow that it makes with its defaults: ${message} [${code}]`,
      }),
    ),
  ]
}

/** The defaults of all parameters by name. `undefined`: one has none. */
export function defaultsOf(parameters: readonly InputSpec[]): Readonly<Record<string, unknown>> | undefined {
  if (parameters.some((one) => one.default === undefined)) return undefined
  return Object.fromEntries(parameters.map((one) => [one.name, jsonValue(one.default)]))
}
