import type { YamlNode } from '../yaml.ts'

/** One thing in which the file does not do what the definitions need. */
export interface Gap {
  /** What is missing or stale, as a sentence without its full stop. */
  readonly message: string
  readonly at: YamlNode | undefined
  /** What closes the gap, and changes nothing else; in this order. */
  readonly edits: readonly Edit[]
}

/**
 * A change at one place of the file. `set: undefined` takes the place away; `add` and `remove` are about items of a list; `append`
 * is YAML, without indentation, for the end of a map.
 */
export type Edit = { readonly path: readonly (string | number)[] } & (
  | { readonly set: unknown; readonly comment?: string | undefined }
  | { readonly add: unknown }
  | { readonly remove: unknown }
  | { readonly append: string }
)
