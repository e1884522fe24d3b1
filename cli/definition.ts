import type { Project } from '../runner/project.ts'
import { type Diagnostic, renderDiagnostic, type Workflow } from '../schema/index.ts'
import type { Cli } from './context.ts'
import type { Invocation } from './invocation.ts'
import { paintWith } from './ui/paint.ts'
import { count } from './ui/plain-text.ts'

/**
 * The workflow that the command line names, with the project that it belongs to (at a commit, where the line names one), if
 * it may run: its errors (with `isStrict` also its warnings) and those of the configuration are reported on standard error,
 * all at once, and it is `undefined`.
 */
export async function loadWorkflow(
  invocation: Invocation,
  here: Project,
  cli: Cli,
  { isStrict }: { readonly isStrict: boolean },
): Promise<{ readonly workflow: Workflow; readonly project: Project } | undefined> {
  const { definition, project } = await findDefinition(here, invocation.required('workflow'))
  const stops = ({ severity }: Diagnostic) => severity === 'error' || (isStrict && severity === 'warning')
  const problems = [
    ...project.configDiagnostics.filter(stops).map((diagnostic) => ({ diagnostic, text: undefined })),
    ...definition.diagnostics.filter(stops).map((diagnostic) => ({ diagnostic, text: definition.text })),
  ]
  const { workflow, file } = definition
  if (workflow && problems.length === 0) return { workflow, project }
  const paint = paintWith(cli.look.stderr)
  for (const { diagnostic, text } of problems) {
    cli.stderr.write(`${renderDiagnostic({ ...diagnostic, severity: 'error' }, text, paint)}\n\n`)
  }
  const { red, symbols } = cli.look.stderr
  const where = project.revision === undefined ? file : `${file} of commit ${project.revision.slice(0, 12)}`
  cli.stderr.write(`${red(symbols.failed)} ${where} cannot run: ${count(problems.length, 'error')}\n`)
  return undefined
}

async function findDefinition(project: Project, typed: string) {
  if (!typed.includes('@')) return { definition: await project.find(typed), project }
  const { findAtRevision } = await import('../runner/find-at-revision.ts')
  return await findAtRevision(project, typed)
}
