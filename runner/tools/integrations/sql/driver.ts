import type { ToolContext } from '../../tool.ts'
import type { SqlAnswer } from './answer.ts'

/** A value that is bound to a placeholder. */
export type SqlParameter = string | number | boolean | null

/** One statement for a database. */
export interface SqlRequest {
  /** Name of the tool, for messages. */
  readonly tool: string
  /** As the database writes it, one statement. */
  readonly statement: string
  /** In the order of their placeholders: `$1` in PostgreSQL, `?` in MySQL and SQLite. */
  readonly parameters: readonly SqlParameter[]
  /** Changes are made and kept. Else the database itself refuses them. */
  readonly mayWrite: boolean
  /** Rows to give back at most; no more are read. */
  readonly maxRows: number
}

/**
 * Carries a statement out on the database of the context's integration, and ends it there when the context's signal is
 * aborted. Fails with a `StepFailure` whose blame is who has to act.
 */
export type SqlDriver = (request: SqlRequest, context: ToolContext) => Promise<SqlAnswer>
