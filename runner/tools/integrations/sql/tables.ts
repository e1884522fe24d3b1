import { noteOf, type SqlAnswer } from './answer.ts'
import type { SqlParameter } from './driver.ts'

/** Of each column: schema (empty: the usual one), table, column, type, whether it can be null (1 or 0). */
const COLUMNS: Readonly<
  Record<string, { readonly statement: string; readonly named: string; readonly order: string }>
> = {
  postgres: {
    statement: `SELECT CASE WHEN table_schema = current_schema() THEN '' ELSE table_schema END, table_name, column_name, data_type,
      CASE WHEN is_nullable = 'YES' THEN 1 ELSE 0 END
      FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
    named: 'AND table_name = $1',
    order: 'ORDER BY table_schema, table_name, ordinal_position',
  },
  mysql: {
    statement: `SELECT CASE WHEN table_schema = DATABASE() THEN '' ELSE table_schema END, table_name, column_name, column_type,
      CASE WHEN is_nullable = 'YES' THEN 1 ELSE 0 END
      FROM information_schema.columns WHERE table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')`,
    named: 'AND table_name = ?',
    order: 'ORDER BY table_schema, table_name, ordinal_position',
  },
  sqlite: {
    statement: `SELECT '', tables.name, columns.name, columns.type, 1 - columns."notnull"
      FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns
      WHERE tables.type IN ('table', 'view') AND tables.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
    named: 'AND tables.name = ?',
    order: 'ORDER BY tables.name, columns.cid',
  },
}

interface Table {
  readonly table: string
  readonly columns: { readonly name: unknown; readonly type: unknown; readonly nullable: boolean }[]
}

/**
 * Lists tables with their columns, as far as the account sees them.
 *
 * @param type of the integration.
 * @param name of the only table that counts. `undefined`: all.
 */
export async function listTables(
  type: string,
  name: string | undefined,
  ask: (statement: string, parameters: SqlParameter[]) => Promise<SqlAnswer>,
): Promise<{ readonly tables: readonly Table[]; readonly note?: string }> {
  const { statement, named, order } = COLUMNS[type] as (typeof COLUMNS)[string]
  const answer = await ask(
    [statement, name === undefined ? '' : named, order].join('\n'),
    name === undefined ? [] : [name],
  )
  const tables = new Map<string, Table>()
  for (const [schema, plain, column, columnType, nullable] of answer.rows) {
    const table = schema === '' ? String(plain) : `${schema}.${plain}`
    const entry = tables.get(table) ?? { table, columns: [] }
    entry.columns.push({ name: column, type: columnType, nullable: Number(nullable) === 1 })
    tables.set(table, entry)
  }
  return { tables: [...tables.values()], ...noteOf(answer) }
}
