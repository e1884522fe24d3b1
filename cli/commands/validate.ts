import { readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { Refusal } from '../../runner/failure.ts'
import type { Project } from '../../runner/project.ts'
import type { World } from '../../runner/world.ts'
import type { RepositoryConfig } from '../../schema/config.ts'
// Not through the index of the room: it would load all that a check of files does not need.
import { compareDiagnostics, countProblems, type Diagnostic } from '../../schema/diagnostic.ts'
import { renderAnnotation, renderDiagnostic } from '../../schema/frame.ts'
import { GITHUB_WORKFLOW_FILE } from '../../schema/github-workflow/file-name.ts'
import { needsProject } from '../../schema/needs.ts'
import { readWorkflow } from '../../schema/read.ts'
import type { Workflow } from '../../schema/workflow.ts'
import type { CommandRunner } from '../command.ts'
import type { Cli } from '../context.ts'
import { definitionsAt, isThere, noSuchFile } from '../definition-files.ts'
import { EXIT } from '../exit-status.ts'
import { findRoot } from '../find-root.ts'
import type { Invocation } from '../invocation.ts'
import { printJson } from '../ui/json.ts'
import { paintWith } from '../ui/paint.ts'
import type { Palette } from '../ui/palette.ts'
import { count } from '../ui/plain-text.ts'

/** A file that was looked at, and all that is wrong with it. */
interface CheckedFile {
  /** Relative to the root of the repository. */
  readonly file: string
  /** What the diagnostics point into. */
  readonly text: string
  readonly diagnostics: readonly Diagnostic[]
  /** What a definition or the config says, where it could be read. */
  readonly workflow?: Workflow | undefined
  readonly config?: RepositoryConfig | undefined
}

/** `codemie-ci validate`: every problem of every file at once. Exits 2 when a file is invalid. */
export const validate: CommandRunner = async (invocation, cli) => {
  const isStrict = invocation.flag('strict')
  const checked = (await checkAll(invocation, cli)).map((one) => ({
    ...one,
    diagnostics: one.diagnostics.map((diagnostic) => judge(diagnostic, isStrict)).sort(compareDiagnostics),
  }))
  const all = checked.flatMap(({ diagnostics }) => diagnostics)
  const { errors, warnings } = countProblems(all)
  switch (invocation.flag('json') ? 'json' : (invocation.text('format') ?? 'text')) {
    case 'json':
      printJson(cli, {
        valid: errors === 0,
        errors,
        warnings,
        files: checked.map(({ file, diagnostics }) => ({
          file,
          valid: diagnostics.every(({ severity }) => severity !== 'error'),
          diagnostics,
        })),
      })
      break
    case 'github':
      // The words of the summary go to the log beside the annotations; those of GitHub are for machines.
      for (const diagnostic of all) cli.stdout.writeCommand(`${renderAnnotation(diagnostic)}\n`)
      cli.stderr.write(summarise(checked, errors, warnings, cli.look.stderr))
      break
    default:
      writeReport(checked, cli)
      cli.stdout.write(summarise(checked, errors, warnings, cli.look.stdout))
  }
  return errors > 0 ? EXIT.usage : EXIT.done
}

function judge(diagnostic: Diagnostic, isStrict: boolean): Diagnostic {
  return isStrict && diagnostic.severity === 'warning' ? { ...diagnostic, severity: 'error' } : diagnostic
}

async function checkAll(invocation: Invocation, cli: Cli): Promise<readonly CheckedFile[]> {
  const { cwd } = cli.world
  const named = invocation.rest('files')
  const root = findRoot(cwd)
  if (named.length === 0 && root === undefined) {
    throw new Refusal('no-repository', `${cwd} is not inside a git repository`, {
      help: 'Change into one, or name the files to check.',
    })
  }
  const typed = invocation.text('config')
  const config = typed === undefined ? undefined : resolve(cwd, typed)
  if (config !== undefined && !isThere(config)) throw noSuchFile(String(typed), config)
  const paths =
    named.length > 0
      ? named.flatMap((name) => definitionsAt(resolve(cwd, name), name))
      : filesOf(root ?? cwd, config)
  const github = root === undefined ? undefined : join(root, GITHUB_WORKFLOW_FILE)
  const needs = root === undefined ? undefined : needsIn(cli.world, config)
  const checked: CheckedFile[] = []
  // The order given, each file once.
  for (const path of new Set(paths)) {
    if (path !== github) checked.push(await checkFile(root ?? cwd, path, config, needs))
  }
  if (root === undefined || github === undefined || !isThere(github)) return checked
  if (named.length === 0)
    return [...checked, ...(await checkGithub(root, checked)), ...(await checkPublish(root))]
  if (!paths.includes(github)) return checked
  const all = filesOf(root, config).map((path) => checkFile(root, path, config, undefined))
  return [...checked, ...(await checkGithub(root, await Promise.all(all)))]
}

/** Compares the GitHub workflow with all that a repository has, once that is right. */
async function checkGithub(root: string, all: readonly CheckedFile[]): Promise<readonly CheckedFile[]> {
  if (all.some(({ diagnostics }) => diagnostics.some(({ severity }) => severity === 'error'))) return []
  const [{ checkGithubWorkflow, readGithubWorkflowText }, { defaultConfig }] = await Promise.all([
    import('../../runner/github-workflow.ts'),
    import('../../schema/config.ts'),
  ])
  const text = (await readGithubWorkflowText(root)) ?? ''
  const diagnostics = checkGithubWorkflow(text, {
    workflows: all.flatMap(({ workflow }) => workflow ?? []),
    config: all.flatMap(({ config }) => config ?? [])[0] ?? defaultConfig(),
  })
  return [{ file: GITHUB_WORKFLOW_FILE, text, diagnostics }]
}

/** Looks at the GitHub workflow that follows the other one. */
async function checkPublish(root: string): Promise<readonly CheckedFile[]> {
  const { checkPublishWorkflow, readGithubWorkflowText } = await import('../../runner/github-workflow.ts')
  const publish = await checkPublishWorkflow(root, await readGithubWorkflowText(root))
  return publish ? [publish] : []
}

/** Everything of a repository that has a format of ours: configuration, assistants, templates, workflows. */
function filesOf(root: string, config = join(root, '.codemie/config.yaml')): readonly string[] {
  const folders = ['.codemie/assistants', '.codemie/templates', '.codemie/workflows'].map((folder) =>
    join(root, folder),
  )
  return [...[config].filter(isThere), ...folders.filter(isThere).flatMap((folder) => definitionsAt(folder))]
}

/** Looks up what workflows need of the project. Opens it for the first one that needs anything: most of the time none does. */
function needsIn(world: World, config: string | undefined): NeedsCheck {
  let project: Promise<Project> | undefined
  return async (workflow) => {
    if (!needsProject(workflow)) return []
    const [{ checkNeeds }, { openProject }] = await Promise.all([
      import('../../runner/needs.ts'),
      import('../../runner/project.ts'),
    ])
    project ??= openProject(world, config === undefined ? {} : { config })
    const opened = await project
    // A config that cannot be read maps no names, and is reported by itself.
    if (opened.configDiagnostics.some(({ severity }) => severity === 'error')) return []
    return checkNeeds(workflow, opened, world)
  }
}

type NeedsCheck = (workflow: Workflow) => Promise<readonly Diagnostic[]>

/** Tells by its place what kind of file a file is, and loads the reader of that kind when there is one to read. */
async function checkFile(
  root: string,
  path: string,
  config: string | undefined,
  needs: NeedsCheck | undefined,
): Promise<CheckedFile> {
  const file = relative(root, path).split(sep).join('/')
  const bytes = readBytes(path, file)
  if (path === config || file === '.codemie/config.yaml') {
    const { readConfig } = await import('../../schema/config.ts')
    return { file, text: textOf(bytes), ...readConfig({ file, bytes }) }
  }
  if (/(?:^|\/)\.codemie\/assistants\/[^/]+$/.test(file)) {
    const { readAssistantFile } = await import('../../schema/assistant-file.ts')
    return { file, text: textOf(bytes), diagnostics: readAssistantFile({ file, bytes }).diagnostics }
  }
  if (/(?:^|\/)\.codemie\/templates\/[^/]+$/.test(file)) {
    const { checkTemplate } = await import('../../schema/template/check.ts')
    return { file, text: textOf(bytes), diagnostics: checkTemplate({ file, text: textOf(bytes) }) }
  }
  const { workflow, diagnostics, meta } = readWorkflow({ file, bytes })
  const others = meta.parts.slice(1).map((part) => readWorkflow({ file, bytes, part }).workflow)
  const more: Diagnostic[] = []
  for (const one of needs ? [workflow, ...others] : []) more.push(...((one && (await needs?.(one))) ?? []))
  return { file, text: meta.text, diagnostics: [...diagnostics, ...unlike(more)], workflow }
}

/** What a layer or a role needs is told once, however many workflows of the file use it. */
function unlike(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const keyOf = ({ line, column, code, message }: Diagnostic) => `${line}:${column} ${code} ${message}`
  return [...new Map(diagnostics.map((one) => [keyOf(one), one])).values()]
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function readBytes(path: string, file: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Refusal('definition-unreadable', `${file} cannot be read: ${(error as Error).message}`, {
      help: 'Mend its permissions, or leave it out.',
      cause: error,
    })
  }
}

function writeReport(checked: readonly CheckedFile[], cli: Cli): void {
  const paint = paintWith(cli.look.stdout)
  for (const { text, diagnostics } of checked) {
    for (const diagnostic of diagnostics) {
      cli.stdout.write(`${renderDiagnostic(diagnostic, text, paint)}\n\n`)
    }
  }
}

function summarise(
  checked: readonly CheckedFile[],
  errors: number,
  warnings: number,
  { green, red, yellow, symbols }: Palette,
): string {
  if (checked.length === 0)
    return 'There is nothing to check: no files in .codemie. `codemie-ci init` writes the first ones.\n'
  const files = count(checked.length, 'file')
  if (errors + warnings === 0) return `${green(symbols.done)} ${files} checked, no problems\n`
  const affected = checked.filter(({ diagnostics }) => diagnostics.length > 0).length
  const sign = errors > 0 ? red(symbols.failed) : yellow(symbols.warning)
  const problems = [
    ...(errors > 0 ? [count(errors, 'error')] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ]
  return `${sign} ${files} checked, ${problems.join(' and ')} in ${count(affected, 'file')}\n`
}
