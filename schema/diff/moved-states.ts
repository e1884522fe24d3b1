import type { State } from '../workflow.ts'
import type { Change } from './change.ts'
import { type ComparedDefinition, placeOfDiff } from './definitions.ts'
import { meaningOf } from './values.ts'

/**
 * Says of new workflows which of their states stood in another file before, as when a file is split in two: the same
 * work under the same id, which that file has no longer.
 */
export function tellMovedStates(diffs: readonly ComparedDefinition[]): ComparedDefinition[] {
  const gone = new Map(
    diffs.flatMap((diff) =>
      lostIn(diff.workflows).map(
        (state) => [identityOf(state), placeOfDiff({ ...diff, file: diff.before ?? diff.file })] as const,
      ),
    ),
  )
  if (gone.size === 0) return [...diffs]
  return diffs.map((diff) => {
    const { status, workflows, changes } = diff
    if (status !== 'added' || workflows.after === undefined) return diff
    const from = new Map<string, string[]>()
    for (const state of workflows.after.states) {
      const file = gone.get(identityOf(state))
      if (file !== undefined) from.set(file, [...(from.get(file) ?? []), state.id])
    }
    const told = [...from].map(([file, ids]) => `; from ${file} come ${ids.join(', ')}`).join('')
    const tell = (one: Change) =>
      one.code === 'workflow-added' ? { ...one, sentence: one.sentence + told } : one
    return { ...diff, changes: changes.map(tell) }
  })
}

function lostIn({ before, after }: ComparedDefinition['workflows']): readonly State[] {
  const kept = new Set(after?.states.map(({ id }) => id))
  return before?.states.filter(({ id }) => !kept.has(id)) ?? []
}

const identityOf = ({ id, work }: State) => `${id} ${meaningOf(work)}`
