import { CHANGE_CLASSES, type Change } from '../../schema/diff/change.ts'
import type { DefinitionDiff } from '../../schema/diff/definitions.ts'
import { count } from './plain-text.ts'

/** Said where definitions differ in nothing that counts. */
export const NOTHING_CHANGED = 'Nothing that runs is different'

/** `2 workflows`, or `3 files` where they are of several kinds. */
export function countFiles(diffs: readonly Pick<DefinitionDiff, 'kind'>[]): string {
  const kinds = new Set(diffs.map(({ kind }) => kind))
  return count(diffs.length, kinds.size === 1 ? ([...kinds][0] ?? 'file') : 'file')
}

/** Changes in the order in which people want to read them: what asks for a decision first. */
export function byImportance(changes: readonly Change[]): Change[] {
  return [...changes].sort((a, b) => CHANGE_CLASSES.indexOf(a.class) - CHANGE_CLASSES.indexOf(b.class))
}

/** One change, with all the states that it is about: an assistant that several share changes for each of them. */
export interface SharedChange extends Change {
  /** Empty: it is about the workflow as a whole. */
  readonly states: readonly string[]
}

/** Changes that are the same but for their state, as one, where the first of them stood. */
export function mergeAlike(changes: readonly Change[]): SharedChange[] {
  const merged = new Map<string, Change & { readonly states: string[] }>()
  for (const change of changes) {
    const key = JSON.stringify({ ...change, state: change.state !== undefined })
    const one = merged.get(key) ?? { ...change, states: [] }
    if (change.state !== undefined) one.states.push(change.state)
    merged.set(key, one)
  }
  return [...merged.values()]
}
