import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { firstError } from '../schema/diagnostic.ts'
import type { Change } from '../schema/diff/change.ts'
import { compareWorkflows } from '../schema/diff/compare.ts'
import { readWorkflow } from '../schema/read.ts'
import { Refusal } from './failure.ts'
import { findInCommit } from './file-history.ts'
import type { Repository } from './git/repository.ts'
import { resolveCommit } from './git/revision.ts'
import type { Definition } from './project.ts'

/** A definition that was put back in the working tree. */
export interface Reverted {
  readonly file: string
  /** Commit whose version it is. */
  readonly commit: string
  /** What this changes; empty: nothing was to do. */
  readonly changes: readonly Change[]
  readonly isChanged: boolean
  /** For the commit that somebody may make of it. */
  readonly message: string
}

/**
 * Writes the version of a definition that a revision has to the working tree; nothing is committed. A file that was called
 * otherwise then is found by its history.
 *
 * Refuses with `unknown-revision`, with `not-in-revision`, with `definition-invalid` when that version has errors, and with
 * `uncommitted-changes` when the file has changes that would be lost, unless `force` is set.
 */
export async function revertDefinition(
  repository: Pick<Repository, 'root' | 'git' | 'commonDir'>,
  definition: Definition,
  revision: string,
  options: { readonly force: boolean },
): Promise<Reverted> {
  const { git, root } = repository
  const { file, id } = definition
  const commit = await resolveCommit(git, revision)
  const { content } = await findInCommit(repository, { commit, revision }, file)
  const text = Buffer.from(content).toString('utf8')
  const { workflow, diagnostics } = readWorkflow({ file, text, part: id })
  if (workflow === undefined && diagnostics.every(({ severity }) => severity !== 'error')) {
    throw new Refusal('not-in-revision', `${file} has no workflow '${id}' in ${revision}`, {
      help: `\`codemie-ci versions ${id}\` lists the versions of it.`,
    })
  }
  if (workflow === undefined) {
    throw new Refusal('definition-invalid', `${file} has errors in ${revision}: ${firstError(diagnostics)}`, {
      help: `\`codemie-ci versions ${id}\` lists the versions of it.`,
    })
  }
  const path = join(root, file)
  const before = readFileSync(path, 'utf8')
  const changes = definition.workflow === undefined ? [] : compareWorkflows(definition.workflow, workflow)
  const message = `Revert ${id} to ${commit.slice(0, 12)}`
  if (before === text) return { file, commit, changes: [], isChanged: false, message }
  const { stdout } = await git.run({
    args: ['--literal-pathspecs', 'status', '--porcelain', '-z', '--', file],
  })
  if (stdout.length > 0 && !options.force) {
    throw new Refusal('uncommitted-changes', `${file} has changes that are not committed`, {
      help: 'Commit them first, or add --force to lose them.',
    })
  }
  writeFileSync(path, text)
  return { file, commit, changes, isChanged: true, message }
}
