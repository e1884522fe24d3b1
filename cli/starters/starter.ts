/** A first workflow that `init` can write. */
export interface Starter {
  /** File stem of the workflow, and the value of `--template`. */
  readonly name: string
  /** One line for the list that a person chooses from. */
  readonly summary: string
  /** Whether running it needs a key of a model provider. */
  readonly needsModel: boolean
  /** The file, without the line that points editors at the schema. */
  readonly text: string
  /** What to type to try it, after it was written. */
  readonly tryLine: string
}
