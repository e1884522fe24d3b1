import { placedStates } from '../schema/blocks.ts'
import { firstError } from '../schema/diagnostic.ts'
import { type Attribution, blameState } from '../schema/diff/blame.ts'
import { helpWithName } from '../schema/nearest.ts'
import { Refusal } from './failure.ts'
import { type FileCommit, historyOf } from './file-history.ts'
import type { Repository } from './git/repository.ts'
import type { Definition } from './project.ts'
import { readVersions } from './versions.ts'

/** Where one aspect of a state got its meaning. */
export interface BlamedAspect extends Omit<Attribution, 'version'> {
  /** `undefined`: what did it is not committed yet. */
  readonly by: Pick<FileCommit, 'commit' | 'at' | 'author' | 'subject' | 'file'> | undefined
}

/**
 * Says for each aspect of a state, as it is in the working tree, which commit last gave it its meaning; the newest first.
 *
 * Refuses with `definition-invalid` when the definition has errors, and with `unknown-state`.
 */
export async function blame(
  repository: Pick<Repository, 'git' | 'commonDir'>,
  { file, id, workflow, diagnostics }: Definition,
  state: string,
): Promise<BlamedAspect[]> {
  if (workflow === undefined) {
    throw new Refusal('definition-invalid', `${file} has errors: ${firstError(diagnostics)}`, {
      help: `\`codemie-ci validate ${file}\` shows all of them; \`codemie-ci versions ${id}\` lists what it was before.`,
    })
  }
  const ids = placedStates(workflow.states).map(({ place }) => place)
  if (!ids.includes(state)) {
    throw new Refusal('unknown-state', `There is no state '${state}' in ${file}`, {
      help: helpWithName(state, ids),
    })
  }
  const history = await historyOf(repository, file)
  const workflows = await readVersions(repository.git, history, [...history.keys()], id)
  // The working tree stands before the newest commit, which moves all others by one.
  const first = { workflow, isRemoved: false, parents: history.length === 0 ? [] : [1], isOldestHere: false }
  const others = history.map(({ blob, parents, isOldestHere }, place) => ({
    workflow: workflows.get(place),
    isRemoved: blob === undefined,
    parents: parents.map((parent) => parent + 1),
    isOldestHere,
  }))
  const found = blameState([first, ...others], state).sort((a, b) => a.version - b.version)
  return found.map(({ version, ...rest }) => {
    const made = history[version - 1]
    if (made === undefined) return { ...rest, by: undefined }
    const { commit, at, author, subject } = made
    return { ...rest, by: { commit, at, author, subject, file: made.file } }
  })
}
