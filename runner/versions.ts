import { type Change, countByClass } from '../schema/diff/change.ts'
import { compareWorkflows } from '../schema/diff/compare.ts'
import type { Lifecycle } from '../schema/lifecycle.ts'
import { readWorkflow } from '../schema/read.ts'
import type { Workflow } from '../schema/workflow.ts'
import type { FileCommit } from './file-history.ts'
import type { Git } from './git/git.ts'
import { byImportance } from './report/diff-words.ts'
import { readObjects } from './store/objects.ts'

/** One version of a definition, as a commit made it. */
export interface WorkflowVersion extends Omit<FileCommit, 'parents' | 'isOldestHere'> {
  /** `undefined`: it had errors. */
  readonly lifecycle: Lifecycle | undefined
  /**
   * What is different from the version before, and in a merge from all that it brings together; `first`: there was none;
   * `oldest-here`: a shallow clone does not have it; `unreadable`: one of them has errors.
   */
  readonly meaning: 'first' | 'oldest-here' | 'unreadable' | readonly Change[]
  /** Brings several versions together. */
  readonly isMerge: boolean
}

/**
 * Versions of a history, each with what it changed. Only those that are asked for are read.
 *
 * @param history as `historyOf` gives it. @param places of the versions in it. @param id of the workflow, for files that hold several.
 */
export async function describeVersions(
  git: Git,
  history: readonly FileCommit[],
  places: readonly number[],
  id: string,
): Promise<WorkflowVersion[]> {
  const shown = places.flatMap((index) => {
    const one = history[index]
    return one === undefined ? [] : [{ one, index, before: ancestorsOf(history, index) }]
  })
  const workflows = await readVersions(
    git,
    history,
    shown.flatMap(({ index, before }) => [index, ...before]),
    id,
  )
  return shown.map(({ one: { parents, isOldestHere, ...one }, index, before }): WorkflowVersion => {
    const now = workflows.get(index)
    const rest = { ...one, lifecycle: now?.lifecycle, isMerge: before.length > 1 }
    if (one.blob === undefined) return { ...rest, meaning: [] }
    if (before.length === 0) return { ...rest, meaning: isOldestHere ? 'oldest-here' : 'first' }
    const changes = before.map((place) => {
      const old = workflows.get(place)
      return old && now && compareWorkflows(old, now)
    })
    return { ...rest, meaning: inAll(changes) ?? 'unreadable' }
  })
}

/** The versions that one was made from; one that was taken away and brought back is compared with what it was. */
function ancestorsOf(history: readonly FileCommit[], index: number): number[] {
  const places = history[index]?.parents ?? []
  return places.flatMap((place) =>
    history[place]?.blob === undefined ? ancestorsOf(history, place) : [place],
  )
}

/** The changes that all lists have; `undefined` when one of them is not known. */
function inAll(lists: readonly (readonly Change[] | undefined)[]): readonly Change[] | undefined {
  const [first, ...others] = lists
  const key = ({ state, code }: Change) => `${code} ${state}`
  let common = first
  for (const other of others) {
    const keys = other && new Set(other.map(key))
    common = keys && common?.filter((change) => keys.has(key(change)))
  }
  return common
}

/** The workflows of versions by their place in the history; `undefined` for those with errors, or without it. Each content is read once. */
export async function readVersions(
  git: Git,
  history: readonly FileCommit[],
  places: readonly number[],
  id: string,
): Promise<ReadonlyMap<number, Workflow | undefined>> {
  const wanted = [...new Set(places)].flatMap((place) => {
    const { blob, file } = history[place] ?? {}
    return blob === undefined || file === undefined ? [] : [{ place, blob, file }]
  })
  const blobs = [...new Set(wanted.map(({ blob }) => blob))]
  const contents = await readObjects(git, blobs)
  const contentOf = new Map(blobs.map((blob, index) => [blob, contents[index]]))
  const read = new Map<string, Workflow | undefined>()
  return new Map(
    wanted.map(({ place, blob, file }) => {
      const key = `${blob} ${file}`
      const bytes = contentOf.get(blob)
      if (!read.has(key)) read.set(key, bytes && readWorkflow({ file, bytes, part: id }).workflow)
      return [place, read.get(key)]
    }),
  )
}

/** `2 widening, 1 neutral: plan: tools +shell; …`: what a version changed, on one line, what asks for a decision first. */
export function summarise(changes: readonly Change[]): string {
  const what = [
    ...new Set(
      byImportance(changes).map(
        ({ state, sentence }) => (state === undefined ? '' : `${state}: `) + sentence,
      ),
    ),
  ]
  const shown = what.slice(0, 2).join('; ')
  return `${countByClass(changes).join(', ')}: ${shown}${what.length > 2 ? `; and ${what.length - 2} more` : ''}`
}
