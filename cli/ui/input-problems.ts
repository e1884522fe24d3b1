import type { InputPlan } from '../../runner/plan-input.ts'
import type { Workflow } from '../../schema/workflow.ts'
import { renderProblem } from '../report-error.ts'
import type { Palette } from './palette.ts'
import { count } from './plain-text.ts'
import { quoteWord } from './quote-word.ts'

/** All problems of the input at once, and what would be right. Ends with a line feed. */
export function renderInputProblems(input: InputPlan, workflow: Workflow, palette: Palette): string {
  const problems = input.problems.map((problem) => renderProblem(problem, palette)).join('')
  const words = workflow.inputs
    .filter(({ required }) => required)
    .map(({ name, schema }) => `-i ${name}=${placeholderOf(schema)}`)
  // One without declared inputs can need a text all the same.
  const needsText = words.length === 0 && input.problems.some(({ code }) => code === 'input-missing')
  const line = [
    'codemie-ci run',
    quoteWord(workflow.id),
    ...words,
    ...(needsText ? ["--input '…'"] : []),
  ].join(' ')
  return `${problems}\n${palette.red(palette.symbols.failed)} ${workflow.file} cannot run: ${count(input.problems.length, 'problem')} with its input. Try: ${line}\n`
}

/** What stands for a value in an example: the first allowed one, or its type. */
function placeholderOf(schema: Readonly<Record<string, unknown>>): string {
  const allowed = schema['enum']
  if (Array.isArray(allowed) && allowed.length > 0) return String(allowed[0])
  const type = [schema['type']].flat()[0]
  return `<${typeof type === 'string' ? type : 'text'}>`
}
