import mysql from 'mysql2'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ToolPolicy } from '../../../../runner/tools/tool.ts'
import { createIntegrationWorld } from './integrations-world.ts'

/** Address of a server that is there, with an account that may make tables, e.g. `mysql://root@127.0.0.1:3306/test`. */
const REAL = process.env['CODEMIE_TEST_MYSQL']

function open(
  url: string,
  options: Record<string, unknown> = {},
  policy: Partial<ToolPolicy> = {},
  password = process.env['CODEMIE_TEST_MYSQL_PASSWORD'] ?? 'pw-of-mysql',
) {
  return createIntegrationWorld(
    { type: 'mysql', url, env: { password: 'PASSWORD' }, options },
    { policy, env: { PASSWORD: password } },
  )
}

describe.skipIf(REAL === undefined)('a real MySQL', () => {
  const world = (...more: [Record<string, unknown>?, Partial<ToolPolicy>?, string?]) =>
    open(REAL ?? '', ...more)

  test('values are JSON, with what JSON lacks as text', async () => {
    const values: readonly (readonly [sql: string, value: unknown])[] = [
      ['5', 5],
      ['CAST(9007199254740993 AS SIGNED)', '9007199254740993'],
      ['CAST(1.1 AS DECIMAL(10, 2))', '1.10'],
      ['NULL', null],
      ["CAST('2026-02-03 04:05:06' AS DATETIME)", '2026-02-03 04:05:06'],
      ["x'00ff'", 'AP8='],
      ['?', "it's"],
    ]
    for (const parameters of [["it's"]]) {
      const query = `SELECT ${values.map(([sql], at) => `${sql} AS c${at}`).join(', ')}`
      expect(await world().call('sql_query', { query, parameters })).toEqual({
        columns: values.map((_value, at) => `c${at}`),
        rows: [Object.fromEntries(values.map(([, value], at) => [`c${at}`, value]))],
      })
    }
  })

  test('changes are made by the tool that may, and by no other', async () => {
    const { call, fail } = world({ write: true })
    await call('sql_execute', { query: 'DROP TABLE IF EXISTS people' })
    await call('sql_execute', {
      query: 'CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL)',
    })
    const add = 'INSERT INTO people (name) VALUES (?), (?)'
    expect(await call('sql_execute', { query: add, parameters: ['Ann', "Bob'); --"] })).toEqual({
      changed: 2,
    })
    for (const query of ['DELETE FROM people', 'DROP TABLE people', 'CREATE TABLE more (id INT)']) {
      const failure = await fail('sql_query', { query })
      expect([query, failure.blame, failure.message]).toEqual([
        query,
        'policy',
        expect.stringContaining('READ ONLY'),
      ])
    }
    const several = await fail('sql_query', { query: 'SELECT 1; DELETE FROM people' })
    expect(several.blame).toBe('workflow')
    expect(await call('sql_query', { query: 'SELECT count(*) AS n FROM people' })).toEqual({
      columns: ['n'],
      rows: [{ n: 2 }],
    })
    expect(await call('sql_tables', { table: 'people' })).toEqual({
      tables: [
        {
          table: 'people',
          columns: [
            { name: 'id', type: expect.stringMatching(/^int/), nullable: false },
            { name: 'name', type: 'varchar(40)', nullable: false },
          ],
        },
      ],
    })
  })

  test('a million rows are not read, and what takes too long is ended on the server', async () => {
    const many =
      'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 900) SELECT a.x FROM n a, n b, n c'
    expect(await world().call('sql_query', { query: many, limit: 2 })).toMatchObject({
      rows: [{}, {}],
      note: expect.any(String),
    })
    const late = await world({}, { timeoutMs: 500 }).fail('sql_query', { query: 'SELECT sleep(60)' })
    expect(late.code).toBe('tool-timeout')
    const running = "SELECT count(*) AS n FROM information_schema.processlist WHERE info = 'SELECT sleep(60)'"
    expect(await world().call('sql_query', { query: running })).toMatchObject({ rows: [{ n: 0 }] })
  })

  test('what goes wrong is blamed on who can act', async () => {
    for (const [query, blame, says] of [
      ['SELECT nope', 'workflow', 'nope'],
      ['SELECT * FROM nope', 'workflow', 'nope'],
      ['SELEC', 'workflow', 'SQL syntax'],
    ] as const) {
      const failure = await world().fail('sql_query', { query })
      expect([query, failure.blame, failure.message]).toEqual([query, blame, expect.stringContaining(says)])
    }
    const wrong = await world({}, {}, 'another-password').fail('sql_query', { query: 'SELECT 1' })
    expect([wrong.blame, wrong.message]).toEqual(['user', expect.stringContaining('Access denied')])
    expect(wrong.message).not.toContain('another-password')
  })
})

type Reply =
  | { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly code: number; readonly message: string }
  | 'hang'
  | 'drop'
  | 'ok'

interface ServerSide {
  serverHandshake(options: object): void
  writeOk(values: object): void
  /** The next command begins to count anew. */
  _resetSequenceId(): void
  writeError(error: object): void
  writeColumns(columns: readonly object[]): void
  writeTextRow(row: readonly unknown[]): void
  writeEof(): void
  close(): void
  readonly stream: { destroy(): void }
  on(event: string, listener: (text: string) => void): void
}

/** A stand-in that speaks the protocol of MySQL on loopback, and says what it was told. */
async function startServer(
  reply: (statement: string) => Reply,
): Promise<{ url: string; told: readonly string[] }> {
  const told: string[] = []
  const server = mysql.createServer((connection: unknown) => {
    const side = connection as ServerSide
    side.on('error', () => {})
    side.serverHandshake({
      protocolVersion: 10,
      serverVersion: 'stand-in',
      connectionId: 7,
      statusFlags: 2,
      characterSet: 33,
      capabilityFlags: 0xffffff & ~(1 << 11),
      authCallback(_who: unknown, accept: (error: null) => void) {
        accept(null)
        side._resetSequenceId()
      },
    })
    // The package's server takes every SET for the preparation of a statement.
    side.on('stmt_prepare', (statement) => {
      told.push(statement)
      side.writeOk({})
      side._resetSequenceId()
    })
    side.on('query', (statement) => {
      told.push(statement)
      const what = /^(START|COMMIT|KILL)/.test(statement) ? 'ok' : reply(statement)
      if (what === 'hang') return
      if (what === 'drop') side.stream.destroy()
      else if (what === 'ok') side.writeOk({ affectedRows: 3 })
      else if ('code' in what) side.writeError(what)
      else {
        side.writeColumns(
          what.columns.map((name) => ({
            catalog: 'def',
            schema: '',
            table: '',
            orgTable: '',
            name,
            orgName: name,
            characterSet: 33,
            columnLength: 100,
            columnType: 253,
            flags: 0,
            decimals: 0,
          })),
        )
        for (const row of what.rows) side.writeTextRow(row)
        side.writeEof()
      }
      side._resetSequenceId()
    })
  })
  await new Promise<void>((resolve) =>
    (server.listen as (...args: readonly unknown[]) => void)(0, '127.0.0.1', resolve),
  )
  onTestFinished(() => new Promise<void>((resolve) => (server.close as (done: () => void) => void)(resolve)))
  const { port } = (server as unknown as { _server: { address(): { port: number } } })._server.address()
  return { url: `mysql://me@127.0.0.1:${port}/shop`, told }
}

describe('a stand-in for MySQL', () => {
  test('a statement that reads runs in a transaction that only reads', async () => {
    const { url, told } = await startServer(() => ({
      columns: ['id', 'id'],
      rows: [
        ['1', '2'],
        ['3', '4'],
      ],
    }))
    expect(await open(url).call('sql_query', { query: 'SELECT * FROM a, b', limit: 1 })).toEqual({
      columns: ['id', 'id_2'],
      rows: [{ id: '1', id_2: '2' }],
      note: 'There are more rows; these are the first 1. Ask for fewer of them, or count them.',
    })
    expect(told).toEqual([
      "SET time_zone = '+00:00'",
      'SET SESSION TRANSACTION READ ONLY',
      'START TRANSACTION READ ONLY',
      'SELECT * FROM a, b',
    ])
  })

  test('a statement that changes rows is committed', async () => {
    const { url, told } = await startServer(() => 'ok')
    expect(await open(url, { write: true }).call('sql_execute', { query: 'DELETE FROM a' })).toEqual({
      changed: 3,
    })
    expect(told.slice(1)).toEqual(['START TRANSACTION', 'DELETE FROM a', 'COMMIT'])
  })

  test('a statement that hangs is ended over another connection', async () => {
    const { url, told } = await startServer(() => 'hang')
    const failure = await open(url, {}, { timeoutMs: 300 }).fail('sql_query', { query: 'SELECT sleep(60)' })
    expect([failure.code, told.at(-1)]).toEqual(['tool-timeout', 'KILL QUERY 7'])
  })

  test.each<[situation: string, reply: Reply, write: boolean, blame: string, says: string]>([
    [
      'no right',
      { code: 1142, message: 'SELECT command denied' },
      false,
      'user',
      ' says: SELECT command denied',
    ],
    [
      'no such database',
      { code: 1049, message: 'Unknown database' },
      false,
      'user',
      ' says: Unknown database',
    ],
    ['a dropped connection', 'drop', false, 'infrastructure', ' closed the connection'],
    [
      'a dropped change',
      'drop',
      true,
      'infrastructure',
      ' closed the connection; nobody knows whether the change was made',
    ],
  ])('%s', async (_situation, reply, write, blame, says) => {
    const { url } = await startServer(() => reply)
    const tool = write ? 'sql_execute' : 'sql_query'
    const failure = await open(url, { write }).fail(tool, { query: 'SELECT 1' })
    expect([failure.blame, failure.message]).toEqual([blame, `${tool}: ${new URL(url).host}${says}`])
    expect(failure.retryable).toBe(blame === 'infrastructure' && !write)
  })

  test('TLS that the server does not speak', async () => {
    const { url } = await startServer(() => 'ok')
    const failure = await open(url, { tls: true }).fail('sql_query', { query: 'SELECT 1' })
    expect([failure.blame, failure.help]).toEqual(['user', expect.stringContaining('options.tls')])
  })
})
