import { join } from 'node:path'
import { Refusal } from './failure.ts'
import { findInCommit } from './file-history.ts'
import { resolveCommit } from './git/revision.ts'
import { addressOf, type Definition, type Project } from './project.ts'

/** A definition, and the project that holds it and what it calls. */
export interface FoundDefinition {
  readonly definition: Definition
  /** At the commit, where the name says one. */
  readonly project: Project
}

/**
 * Finds what `<workflow>` or `<workflow>@<revision>` names. With a revision, the workflow is the one that is called so in
 * the working tree, as the commit has it, under that path or an earlier one; or else the one that is called so in the
 * commit. A workflow whose own name has an `@` in it goes before.
 *
 * Refuses as `Project.find` does, with `unknown-revision`, and with `not-in-revision`.
 */
export async function findAtRevision(project: Project, typed: string): Promise<FoundDefinition> {
  const whole = await findIfThere(project, typed)
  if (!(whole instanceof Refusal)) return { definition: whole, project }
  const splits = [...typed.matchAll(/@/g)]
    .map(({ index }) => ({ name: typed.slice(0, index), revision: typed.slice(index + 1) }))
    .filter(({ name }) => name !== '')
  const [first] = splits
  if (first === undefined) throw whole
  // Either can have an @ in it: `main@{1}` is a revision, too.
  for (const { name, revision } of splits.toReversed()) {
    const now = await findIfThere(project, name)
    if (!(now instanceof Refusal)) return await findEarlier(project, now, revision)
  }
  return await findOnlyThere(project, first)
}

async function findEarlier(project: Project, now: Definition, revision: string): Promise<FoundDefinition> {
  const { repository, root } = project
  const commit = await resolveCommit(repository.git, revision)
  const { file } = await findInCommit(repository, { commit, revision }, now.file)
  const there = await project.at(commit)
  // Of a file that was called otherwise the id was another one, too.
  const address = addressOf(now) === now.file ? file : addressOf({ file, id: now.id })
  return { definition: await there.find(join(root, address)), project: there }
}

async function findOnlyThere(
  project: Project,
  { name, revision }: { readonly name: string; readonly revision: string },
): Promise<FoundDefinition> {
  const there = await project.at(await resolveCommit(project.repository.git, revision))
  const definition = await findIfThere(there, name)
  if (!(definition instanceof Refusal)) return { definition, project: there }
  throw new Refusal('not-in-revision', `There is no workflow '${name}', neither here nor in ${revision}`, {
    ...(definition.help === undefined ? {} : { help: definition.help }),
    cause: definition,
  })
}

/** The definition, or the refusal that says that there is none. */
async function findIfThere(project: Project, name: string): Promise<Definition | Refusal> {
  try {
    return await project.find(name)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'unknown-workflow') return error
    throw error
  }
}
