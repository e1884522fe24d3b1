import { dirname, extname } from 'node:path'
import { helpWithName } from '../schema/nearest.ts'
import { workflowIdOf } from '../schema/read.ts'
import { callersOf, callsTo, refuseCalled, refuseLostCalls } from './callers.ts'
import { validWorkflow } from './edit-definition.ts'
import { Refusal } from './failure.ts'
import type { FileChange } from './file-change.ts'
import { definitionFile, planDefinition, titleOf, withName } from './new-definition.ts'
import { ARCHIVE, DEFINITIONS, type Definition, type Project } from './project.ts'
import { moveFile, removeFile, writeNewFile, writeOver } from './working-tree.ts'

/** A change that put a definition somewhere. */
export interface Moved extends FileChange {
  /** Where it is now, relative to the root. */
  readonly to: string
}

/** Copies a definition. Refuses like `planDefinition`. */
export async function cloneDefinition(
  project: Project,
  definition: Definition,
  name: string,
): Promise<Moved> {
  const workflow = validWorkflow(definition)
  const to = fileBeside(definition.file, name)
  await refuseLostCalls(project, workflow, to)
  refuseConfiguration(definition, 'Copy its table in the file, and give the copy another name.')
  const text = workflow.dialect === 'codemie' ? withName(definition.text, titleOf(to)) : definition.text
  await planDefinition(project, to, text)
  await writeNewFile(project.root, to, text)
  return {
    to,
    files: [{ path: to, what: 'written' }],
    message: `Clone ${definition.id} as ${workflowIdOf(to)}`,
  }
}

/**
 * Gives a definition another name. Refuses like `planDefinition`, and with `still-called` while others call it by its old one.
 *
 * @param options.callers change these, too.
 */
export async function renameDefinition(
  project: Project,
  definition: Definition,
  name: string,
  options: { readonly callers: boolean },
): Promise<Moved> {
  const { file, id, text } = definition
  const workflow = validWorkflow(definition)
  refuseElsewhere(definition)
  refuseConfiguration(definition, 'Change its name in the file.')
  const to = fileBeside(file, name)
  await planDefinition(project, to, text, [file])
  await refuseLostCalls(project, workflow, to)
  // Its display name stays, and with it what calls it by that.
  const callers = (await callersOf(project, definition)).filter((one) => one.name !== workflow.name)
  if (!options.callers) {
    refuseCalled(id, callers, 'With --callers they call it by its new name from then on.')
  }
  const changed = callsTo(callers, workflowIdOf(to))
  await moveFile(project.root, file, to)
  for (const one of changed) writeOver(project.root, one.file, one.text)
  return {
    to,
    files: [
      { path: file, what: 'removed' },
      { path: to, what: 'written' },
      ...changed.map((one) => ({ path: one.file, what: 'changed' as const })),
    ],
    message: `Rename ${id} to ${workflowIdOf(to)}`,
  }
}

/** Puts a definition away, as it is. Refuses with `still-called`, and with `file-exists` when the archive has one of its name. */
export async function archiveDefinition(project: Project, definition: Definition): Promise<Moved> {
  const { file, id } = definition
  refuseElsewhere(definition)
  refuseConfiguration(
    definition,
    'Move the file yourself, with all that is in it, or take its table out of it.',
  )
  refuseCalled(
    id,
    await callersOf(project, definition),
    'What is in the archive cannot be called. Change these first.',
  )
  const to = `${ARCHIVE}/${file.slice(DEFINITIONS.length + 1)}`
  await moveFile(project.root, file, to)
  return { to, files: movedFiles(file, to), message: `Archive ${id}` }
}

/** Brings an archived definition back to where it was. Refuses with `not-archived`, and like `planDefinition`. */
export async function unarchiveDefinition(project: Project, wanted: string): Promise<Moved> {
  const all = await project.archived()
  const found = all.filter(({ id, file }) => id === wanted || file === wanted)
  const [definition] = found
  if (!definition || found.length > 1) throw notArchived(wanted, definition ? found : all)
  const { file, id, text } = definition
  const to = `${DEFINITIONS}/${file.slice(ARCHIVE.length + 1)}`
  await planDefinition(project, to, text)
  await moveFile(project.root, file, to)
  return { to, files: movedFiles(file, to), message: `Bring ${id} back` }
}

/**
 * Removes a definition. Refuses with `still-called`, and with `uncommitted-changes` when git could not bring it back, unless
 * `force` is set.
 */
export async function deleteDefinition(
  project: Project,
  definition: Definition,
  { force }: { readonly force: boolean },
): Promise<FileChange> {
  const { file, id } = definition
  refuseElsewhere(definition)
  refuseConfiguration(
    definition,
    'Take its table out of the file, or remove the file yourself, with all that is in it.',
  )
  refuseCalled(id, await callersOf(project, definition), 'They could not run any more. Change these first.')
  if (!force && !(await isCommitted(project, file))) {
    throw new Refusal(
      'uncommitted-changes',
      `${file} is not committed as it is, so that git could not bring it back`,
      {
        help: 'Commit it first, put it away with `codemie-ci archive`, or add --force to lose it.',
      },
    )
  }
  await removeFile(project.root, file)
  return { files: [{ path: file, what: 'removed' }], message: `Delete ${id}` }
}

/** A name without a folder means the folder of the definition it comes from; the ending stays. */
function fileBeside(file: string, name: string): string {
  const folder = dirname(file).slice(DEFINITIONS.length + 1)
  const isBelow = file.startsWith(`${DEFINITIONS}/`) && folder !== ''
  const to = definitionFile(name.includes('/') || !isBelow ? name : `${folder}/${name}`)
  return to.replace(/\.yaml$/, extname(file).toLowerCase())
}

function refuseElsewhere({ file }: Definition): void {
  if (file.startsWith(`${DEFINITIONS}/`)) return
  throw new Refusal('workflow-outside', `${file} is not in ${DEFINITIONS}`, {
    help: 'Only definitions of this repository are renamed, put away and deleted; other files are yours to move.',
  })
}

/** A workflow out of a configuration of Octomind is not a file, also where it is the only one. @param help what to do instead. */
function refuseConfiguration({ file, id, meta: { dialect, parts } }: Definition, help: string): void {
  // One with errors has no workflows yet, and its name is that of the file.
  if (dialect !== 'octomind-config' || parts.length === 0) return
  throw new Refusal('not-editable', `'${id}' is one of the workflows of ${file}, which go with the file`, {
    help,
  })
}

function movedFiles(from: string, to: string): FileChange['files'] {
  return [
    { path: from, what: 'removed' },
    { path: to, what: 'written' },
  ]
}

async function isCommitted({ repository: { git } }: Project, file: string): Promise<boolean> {
  const [tracked, changed] = await Promise.all([
    git.run({ args: ['--literal-pathspecs', 'ls-files', '-z', '--', file] }),
    git.run({ args: ['--literal-pathspecs', 'status', '--porcelain', '-z', '--', file] }),
  ])
  return tracked.stdout.length > 0 && changed.stdout.length === 0
}

function notArchived(wanted: string, among: readonly Definition[]): Refusal {
  const isAmbiguous = among.length > 1 && among.every(({ id }) => id === wanted)
  if (isAmbiguous) {
    return new Refusal('ambiguous-workflow', `Several archived workflows are called '${wanted}'`, {
      help: `Name one by its path: ${among.map(({ file }) => file).join(', ')}`,
    })
  }
  const help =
    among.length === 0
      ? 'The archive is empty.'
      : helpWithName(
          wanted,
          among.map(({ id }) => id),
          'The archive has',
        )
  return new Refusal('not-archived', `There is no archived workflow '${wanted}'`, { help })
}
