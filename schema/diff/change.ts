/** What a change does to what a workflow may do, or to those who use it. */
export type ChangeClass =
  /** It may do, read, spend or start more than before. */
  | 'widening'
  /** It may do less. */
  | 'narrowing'
  /** It does something else, with the same means. */
  | 'neutral'
  /** Those who call or start it have to change something. */
  | 'breaking'

/** All classes; what asks for a decision comes first. */
export const CHANGE_CLASSES: readonly ChangeClass[] = ['breaking', 'widening', 'narrowing', 'neutral']

/** `2 widening`, `1 neutral`: how many changes there are of each class, for those that there are. */
export function countByClass(changes: readonly Pick<Change, 'class'>[]): string[] {
  return CHANGE_CLASSES.flatMap((kind) => {
    const many = changes.filter((change) => change.class === kind).length
    return many === 0 ? [] : [`${many} ${kind}`]
  })
}

/**
 * How much of a run that was begun before the change no longer stands: nothing; what follows a state; the state, too;
 * or every step.
 */
export type ChangeReach = 'nothing' | 'followers' | 'state' | 'all'

/** One difference in meaning between two versions of a workflow. */
export interface Change {
  /** Stable name of the kind of change, e.g. `prompt-changed`. */
  readonly code: string
  readonly class: ChangeClass
  readonly reach: ChangeReach
  /** Id of the state that it is about, as it is called after the change; absent: the workflow as a whole. */
  readonly state?: string
  /** One line without a full stop, e.g. `task: First → Second`. Holds texts of the definitions. */
  readonly sentence: string
  /** The texts are too long for the sentence, which only counts words. */
  readonly isLong?: true
  /** The texts or values that differ, for those who want to see all of them. Absent: there was, or is, none. */
  readonly before?: string
  readonly after?: string
}
