import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../runner/failure.ts'
import {
  checkGithubWorkflow,
  checkPublishWorkflow,
  readGithubWorkflowText,
} from '../runner/github-workflow.ts'
import type { Definition, Project } from '../runner/project.ts'
import { PROJECT_DIRECTORY } from '../runner/project-files.ts'
import { GITHUB_WORKFLOW_FILE } from '../schema/github-workflow/file-name.ts'
import { compareDiagnostics, type Diagnostic, readAssistantFile, renderDiagnostic } from '../schema/index.ts'
import { chooseAnnotations } from './annotations.ts'
import type { Job } from './job.ts'

/** A file that was looked at. */
export interface CheckedFile {
  /** Relative to the root of the repository. */
  readonly file: string
  readonly kind: 'configuration' | 'assistant' | 'workflow' | 'GitHub workflow'
  /** What a workflow calls itself, where that could be read. */
  readonly name?: string | undefined
  /** What the diagnostics point into. */
  readonly text: string
  /** In file order. */
  readonly diagnostics: readonly Diagnostic[]
}

/** Reads every file of a project that has a format of ours, and compares the GitHub workflow with what they say. */
export async function checkProject(project: Project): Promise<readonly CheckedFile[]> {
  const [config, assistants, definitions] = await Promise.all([
    checkConfig(project),
    checkAssistants(project),
    project.definitions(),
  ])
  const files = [...config, ...assistants, ...definitions.map(checkDefinition)]
  return [...files, ...(hasErrors(files) ? [] : await checkGithub(project, definitions))]
}

/** Compares the GitHub workflow with definitions that are all right. */
async function checkGithub(
  { root, config }: Project,
  definitions: readonly Definition[],
): Promise<readonly CheckedFile[]> {
  const text = await readGithubWorkflowText(root)
  if (text === undefined) return []
  const workflows = definitions.flatMap(({ workflow }) => workflow ?? [])
  const diagnostics = inFileOrder(checkGithubWorkflow(text, { workflows, config }))
  const publish = await checkPublishWorkflow(root, text)
  return [
    { file: GITHUB_WORKFLOW_FILE, kind: 'GitHub workflow', text, diagnostics },
    ...(publish ? [{ ...publish, kind: 'GitHub workflow' as const }] : []),
  ]
}

/** Reads what one workflow is run with: the configuration and its definition. */
export async function checkWorkflow(
  project: Project,
  definition: Definition,
): Promise<readonly CheckedFile[]> {
  return [...(await checkConfig(project)), checkDefinition(definition)]
}

/** The same files with every warning made an error. */
export function makeStrict(files: readonly CheckedFile[]): readonly CheckedFile[] {
  return files.map((file) => ({
    ...file,
    diagnostics: file.diagnostics.map((one) =>
      one.severity === 'warning' ? { ...one, severity: 'error' } : one,
    ),
  }))
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

function checkDefinition({ file, text, workflow, diagnostics }: Definition): CheckedFile {
  return { file, kind: 'workflow', name: workflow?.name, text, diagnostics: inFileOrder(diagnostics) }
}

async function checkConfig({ root, configDiagnostics }: Project): Promise<readonly CheckedFile[]> {
  const file = `${PROJECT_DIRECTORY}/config.yaml`
  const bytes = await orMissing(readFile(join(root, file)), file)
  if (!bytes) return []
  const text = bytes.toString('utf8')
  return [{ file, kind: 'configuration', text, diagnostics: inFileOrder(configDiagnostics) }]
}

async function checkAssistants({ root }: Project): Promise<readonly CheckedFile[]> {
  const folder = `${PROJECT_DIRECTORY}/assistants`
  const names = await orMissing(readdir(join(root, folder)), folder)
  const files = (names ?? [])
    .filter((name) => /\.ya?ml$/i.test(name))
    .sort()
    .map(async (name): Promise<readonly CheckedFile[]> => {
      const file = `${folder}/${name}`
      const bytes = await orMissing(readFile(join(root, file)), file)
      if (!bytes) return []
      const { diagnostics } = readAssistantFile({ file, bytes })
      return [
        { file, kind: 'assistant', text: bytes.toString('utf8'), diagnostics: inFileOrder(diagnostics) },
      ]
    })
  return (await Promise.all(files)).flat()
}

function inFileOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort(compareDiagnostics)
}

/** What was read, or `undefined` when it is not there. Refuses with `file-unreadable`. */
async function orMissing<T>(reading: Promise<T>, file: string): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new Refusal('file-unreadable', `${file} cannot be read: ${message}`, { cause: error })
  }
}
