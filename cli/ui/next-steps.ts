import { assistantsOf } from '../../schema/needs.ts'
import { readWorkflow } from '../../schema/read.ts'
import type { Palette } from './palette.ts'

/**
 * What to type after a workflow was written, as lines for people.
 *
 * @param written.file its path. Default: that of a YAML file.
 * @param written.tryWith what follows `codemie-ci run <id>`.
 */
export function nextSteps(
  {
    id,
    text,
    tryWith,
    file = 'new.yaml',
  }: { readonly id: string; readonly text: string; readonly tryWith: string; readonly file?: string },
  { bold, dim }: Palette,
): string {
  const steps: readonly (readonly [line: string, what: string])[] = [
    ['codemie-ci validate', 'check everything'],
    [`codemie-ci plan ${id}`, 'see what a run would do'],
    ...(asksModel(file, text)
      ? [['export OPENAI_API_KEY=...', 'or another provider, in .codemie/config.yaml'] as const]
      : []),
    [`codemie-ci run ${id} ${tryWith}`.trimEnd(), 'run it'],
  ]
  const width = Math.max(...steps.map(([line]) => line.length))
  return `\n${bold('Next')}\n${steps.map(([line, what]) => `  ${line.padEnd(width)}  ${dim(what)}\n`).join('')}`
}

function asksModel(file: string, text: string): boolean {
  const { workflow } = readWorkflow({ file, text })
  return workflow !== undefined && (workflow.finalizer || assistantsOf(workflow).length > 0)
}
