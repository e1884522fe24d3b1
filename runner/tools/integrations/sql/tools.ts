import { type BuiltInTool, defineTool, refusedByPolicy } from '../../define-tool.ts'
import { withinTimeLimit } from '../../time-limit.ts'
import type { ToolContext } from '../../tool.ts'
import { integrationOf } from '../rest.ts'
import { noteOf, type SqlAnswer } from './answer.ts'
import type { SqlDriver, SqlParameter, SqlRequest } from './driver.ts'
import { listTables } from './tables.ts'

/** Drivers by type of integration, loaded when they are called. */
const DRIVERS: Readonly<Record<string, () => Promise<SqlDriver>>> = {
  postgres: async () => (await import('./postgres.ts')).runOnPostgres,
  mysql: async () => (await import('./mysql.ts')).runOnMysql,
  sqlite: async () => (await import('./sqlite.ts')).runOnSqlite,
}

const DATABASES = Object.keys(DRIVERS)

interface StatementArgs {
  query: string
  parameters?: SqlParameter[]
  limit?: number
}

const PROPERTIES = {
  query: { type: 'string', minLength: 1, maxLength: 100_000, description: 'One statement of SQL.' },
  parameters: {
    type: 'array',
    items: { type: ['string', 'number', 'boolean', 'null'] },
    maxItems: 1000,
    description: 'Values for its placeholders: $1, $2 in PostgreSQL, ? in MySQL and SQLite.',
  },
  limit: {
    type: 'integer',
    minimum: 1,
    description: 'Most rows. Default: as many as the configuration allows.',
  },
}

const ARGUMENT_NAMES = { sql_query: 'query', sql: 'query', statement: 'query', params: 'parameters' }

/** Tools for databases. */
export const sqlTools: readonly BuiltInTool[] = [
  defineTool<StatementArgs>({
    name: 'sql_query',
    description:
      'Asks a SQL database; it cannot change anything. Returns {columns, rows, note?}, each row an object by column.',
    reach: 'network',
    aliases: ['sql', 'SQL'],
    integration: DATABASES,
    argumentNames: ARGUMENT_NAMES,
    properties: PROPERTIES,
    required: ['query'],
    async run(args, context) {
      return present(await runStatement('sql_query', args, false, context))
    },
  }),
  defineTool<StatementArgs>({
    name: 'sql_execute',
    description:
      'Changes a SQL database, where its integration allows it. Returns {changed, columns?, rows?, note?}.',
    reach: 'outside',
    integration: DATABASES,
    argumentNames: ARGUMENT_NAMES,
    properties: PROPERTIES,
    required: ['query'],
    async run(args, context) {
      const { alias, options } = integrationOf(context)
      if (options['write'] !== true) {
        throw refusedByPolicy(
          'sql_execute',
          `the database of integration '${alias}' is only read`,
          `Set integrations.${alias}.options.write to true in .codemie/config.yaml.`,
        )
      }
      const answer = await runStatement('sql_execute', args, true, context)
      const changed = answer.changed === undefined ? {} : { changed: answer.changed }
      return answer.columns.length === 0 ? changed : { ...changed, ...present(answer) }
    },
  }),
  defineTool<{ table?: string }>({
    name: 'sql_tables',
    description:
      'Lists the tables and views of a SQL database: {tables: [{table, columns: [{name, type, nullable}]}], note?}.',
    reach: 'network',
    integration: DATABASES,
    argumentNames: { table_name: 'table' },
    properties: { table: { type: 'string', minLength: 1, description: 'Only the tables of this name.' } },
    run: ({ table }, context) =>
      listTables(integrationOf(context).type, table, (query, parameters) =>
        runStatement('sql_tables', { query, parameters }, false, context),
      ),
  }),
]

function runStatement(
  tool: string,
  { query, parameters = [], limit }: StatementArgs,
  mayWrite: boolean,
  context: ToolContext,
): Promise<SqlAnswer> {
  const { type, options } = integrationOf(context)
  const maxRows = Number(options['max_rows'])
  const request: SqlRequest = {
    tool,
    statement: query,
    parameters,
    mayWrite,
    maxRows: Math.min(limit ?? maxRows, maxRows),
  }
  return withinTimeLimit({ tool, what: 'the database', retryable: !mayWrite }, context, async (limited) => {
    const driver = await (DRIVERS[type] as () => Promise<SqlDriver>)()
    return driver(request, limited)
  })
}

function present(answer: SqlAnswer) {
  const { columns, rows } = answer
  return {
    columns,
    rows: rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]]))),
    ...noteOf(answer),
  }
}
