import { CHANGE_CLASSES, type Change } from '../../schema/diff/change.ts'

/** Said where definitions differ in nothing that counts. */
export const NOTHING_CHANGED = 'No workflow means anything else'

/** Changes in the order in which people want to read them: what asks for a decision first. */
export function byImportance(changes: readonly Change[]): Change[] {
  return [...changes].sort((a, b) => CHANGE_CLASSES.indexOf(a.class) - CHANGE_CLASSES.indexOf(b.class))
}
