/** A place in a definition file. Lines and columns count from 1; columns are UTF-16 units, as editors count. */
export interface Position {
  /** Path as the person knows it: relative to the repository root, with `/`. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** Where the marked text ends (exclusive). Absent: the end of the line is meant. */
  readonly endLine?: number
  readonly endColumn?: number
}

/** `error` stops a run before anything is spent; `warning` does not, unless `--strict` is given. */
export type Severity = 'error' | 'warning' | 'info'

/** One thing to say about a definition. A file is reported with all of its diagnostics at once, in file order. */
export interface Diagnostic extends Position {
  /** Stable kebab-case name; `codemie-ci explain <code>` tells more. Listed in `rules/catalogue.ts`. */
  readonly code: string
  readonly severity: Severity
  /** One sentence: what is wrong, naming the key or value as the author typed it. No trailing full stop needed. */
  readonly message: string
  /** What would have been right, where that can be said shortly. */
  readonly expected?: string
  /** What stands there instead. */
  readonly found?: string
  /** The known name nearest to a mistyped one. */
  readonly didYouMean?: string
  /** What to do about it, as an instruction. */
  readonly help?: string
  /** Where in the document, as a JSON pointer (`/states/0/next/state_id`). */
  readonly path?: string
  /** The state concerned, if it is about one. */
  readonly stateId?: string
}

/** A value together with the place it was written at. */
export interface Located<T> {
  readonly value: T
  readonly at: Position
}

/** File order, then severity; the order in which people read a report. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0)
}

/** How many errors and warnings there are. */
export function countProblems(diagnostics: readonly Diagnostic[]): {
  readonly errors: number
  readonly warnings: number
} {
  const many = (wanted: Severity) => diagnostics.filter(({ severity }) => severity === wanted).length
  return { errors: many('error'), warnings: many('warning') }
}

/** The first error among diagnostics, as `line: message`, for a sentence about a file that cannot be used. */
export function firstError(diagnostics: readonly Diagnostic[]): string {
  const first = diagnostics.find(({ severity }) => severity === 'error')
  return `${first?.line ?? 1}: ${first?.message ?? 'it cannot be read'}`
}
