import type { Project } from '../runner/project.ts'
import { type Diagnostic, renderDiagnostic, type Workflow } from '../schema/index.ts'
import type { Cli } from './context.ts'
import type { Invocation } from './invocation.ts'
import { paintWith } from './ui/paint.ts'
import { count } from './ui/plain-text.ts'

/**
 * The workflow that the command line names, if it may run: its errors (with `isStrict` also its warnings) and those of the
 * configuration are reported on standard error, all at once, and it is `undefined`.
 */
export async function loadWorkflow(
  invocation: Invocation,
  project: Project,
  cli: Cli,
  { isStrict }: { readonly isStrict: boolean },
): Promise<Workflow | undefined> {
  const definition = await project.find(invocation.required('workflow'))
  const stops = ({ severity }: Diagnostic) => severity === 'error' || (isStrict && severity === 'warning')
  const problems = [
    ...project.configDiagnostics.filter(stops).map((diagnostic) => ({ diagnostic, text: undefined })),
    ...definition.diagnostics.filter(stops).map((diagnostic) => ({ diagnostic, text: definition.text })),
  ]
  if (definition.workflow && problems.length === 0) return definition.workflow
  const paint = paintWith(cli.look.stderr)
  for (const { diagnostic, text } of problems) {
    cli.stderr.write(`${renderDiagnostic({ ...diagnostic, severity: 'error' }, text, paint)}\n\n`)
  }
  cli.stderr.write(
    `${cli.look.stderr.red(cli.look.stderr.symbols.failed)} ${definition.file} cannot run: ${count(problems.length, 'error')}\n`,
  )
  return undefined
}
