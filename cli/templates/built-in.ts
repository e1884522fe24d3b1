/** A template that comes with the program. */
export interface BuiltInTemplate {
  /** What it is called, and what its workflow is called when nobody says otherwise. */
  readonly id: string
  /** What to type behind `codemie-ci run <name>` to try the workflow; `''`: nothing. */
  readonly tryWith: string
  /** The file, as one in `.codemie/templates` would be written. */
  readonly text: string
  /** The same as a configuration of Octomind, with `<<name>>` for the name of the workflow. Absent: there is none. */
  readonly octomind?: string
}
