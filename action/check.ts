import type { Definition, Project } from '../runner/project.ts'
import { compareDiagnostics, type Diagnostic, renderDiagnostic } from '../schema/index.ts'
import { chooseAnnotations } from './annotations.ts'
import type { Job } from './job.ts'

/** A file that was looked at. */
export interface CheckedFile {
  /** Relative to the root of the repository. */
  readonly file: string
  /** Name of the workflow in it; `undefined` for the config, and where it could not be read. */
  readonly workflow: string | undefined
  /** What the diagnostics point into. */
  readonly text: string | undefined
  /** In file order. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * What is wrong with the config and with some definitions. With `isStrict`, warnings are errors.
 * The config is among the files only when there is something to say about it.
 */
export function checkFiles(
  project: Project,
  definitions: readonly Definition[],
  isStrict: boolean,
): readonly CheckedFile[] {
  const judge = (diagnostics: readonly Diagnostic[]) =>
    diagnostics
      .map(
        (one): Diagnostic => (isStrict && one.severity === 'warning' ? { ...one, severity: 'error' } : one),
      )
      .sort(compareDiagnostics)
  const [config] = project.configDiagnostics
  const files = definitions.map(({ file, text, workflow, diagnostics }) => ({
    file,
    workflow: workflow?.name,
    text,
    diagnostics: judge(diagnostics),
  }))
  if (!config) return files
  const { file } = config
  return [
    { file, workflow: undefined, text: undefined, diagnostics: judge(project.configDiagnostics) },
    ...files,
  ]
}

/** Whether anything stops a run or fails a check. */
export function hasErrors(files: readonly CheckedFile[]): boolean {
  return files.some(({ diagnostics }) => diagnostics.some(({ severity }) => severity === 'error'))
}

/** Writes every problem to the log, and marks as many of them in their files as GitHub shows. */
export function reportProblems(files: readonly CheckedFile[], job: Job): void {
  for (const { text, diagnostics } of files) {
    for (const diagnostic of diagnostics) job.log(`${renderDiagnostic(diagnostic, text)}\n`)
  }
  annotateAll(
    files.flatMap(({ diagnostics }) => diagnostics),
    job,
  )
}

/** Marks places in files, as many as GitHub shows, and says how many did not fit. To be called once in a step. */
export function annotateAll(diagnostics: readonly Diagnostic[], job: Job): void {
  const { shown, leftOut } = chooseAnnotations(diagnostics)
  for (const diagnostic of shown) job.annotate(diagnostic)
  if (leftOut !== undefined) job.say('info', 'More problems', leftOut)
}
