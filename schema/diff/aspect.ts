import type { Workflow } from '../workflow.ts'
import type { ChangeClass, ChangeReach } from './change.ts'

/** The models of the workflows that two things stand in which are compared. */
export interface Whole {
  readonly before: Pick<Workflow, 'models'>
  readonly after: Pick<Workflow, 'models'>
}

/** Tells the class of a change from the values before and after. */
export interface ClassRule {
  /** The rule for people: a piece of a sentence for the documentation. */
  readonly words: string
  readonly of: (before: unknown, after: unknown, whole: Whole) => ChangeClass
}

/** One thing that two versions are compared by. */
export interface Aspect<T> {
  /** Stable; names the change. */
  readonly code: string
  /** What it is about; the sentence begins with it. */
  readonly name: string
  readonly of: (one: T) => unknown
  readonly class: ChangeClass | ClassRule
  readonly reach: ChangeReach
  /**
   * The sentence after the name, for values that are more than a text or a number; `undefined`: other rows tell it.
   * Default: `fromTo`.
   */
  readonly say?: (before: unknown, after: unknown) => string | undefined
  /** The sentence says it all without the name. */
  readonly isSentence?: true
}
