import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ToolPolicy } from '../../../../runner/tools/tool.ts'
import { POSTGRES_BIN, type PostgresServer, startPostgres } from '../../../helpers/postgres.ts'
import { createIntegrationWorld } from './integrations-world.ts'

interface Differences {
  readonly options?: Record<string, unknown>
  readonly policy?: Partial<ToolPolicy>
  readonly url?: string
  readonly username?: string
  readonly password?: string
  readonly signal?: AbortSignal
}

function open({ options = {}, url = '', username = 'postgres', password = '', ...more }: Differences) {
  return createIntegrationWorld(
    { type: 'postgres', url, username, env: { password: 'PASSWORD' }, options },
    { ...more, env: { PASSWORD: password } },
  )
}

describe.skipIf(POSTGRES_BIN === undefined)('PostgreSQL', () => {
  let server: PostgresServer

  function world(differences: Differences = {}) {
    const url = `postgres://127.0.0.1:${server.port}/postgres`
    return open({ url, password: server.password, ...differences })
  }

  /** With a table of Ann and Bob of its own. */
  async function withTable(name: string) {
    const { call } = world({ options: { write: true } })
    await call('sql_execute', { query: `CREATE TABLE ${name} (id serial PRIMARY KEY, name text UNIQUE)` })
    const query = `INSERT INTO ${name} (name) VALUES ($1), ($2)`
    expect(await call('sql_execute', { query, parameters: ['Ann', "Bob'); --"] })).toEqual({ changed: 2 })
  }

  beforeAll(async () => {
    server = await startPostgres(POSTGRES_BIN ?? '')
  }, 60_000)
  afterAll(() => server.stop())

  test('values are JSON, with what JSON lacks as text', async () => {
    const values: readonly (readonly [sql: string, value: unknown])[] = [
      ['5::bigint', 5],
      ['9007199254740993::bigint', '9007199254740993'],
      ['1.10::numeric', '1.10'],
      ['1.5::real', 1.5],
      ["'NaN'::float8", 'NaN'],
      ['true', true],
      ['NULL', null],
      ["date '2026-02-03'", '2026-02-03'],
      ["timestamptz '2026-01-02 03:04:05+02'", '2026-01-02 01:04:05+00'],
      ["interval '36 hours'", '36:00:00'],
      ["'\\x00ff'::bytea", 'AP8='],
      [`'{"a": [1]}'::jsonb`, { a: [1] }],
      ["ARRAY['x', NULL]", ['x', null]],
      ['ARRAY[1, 2]', [1, 2]],
      ['$1::text', "it's"],
      ['$2::int + 1', 3],
    ]
    const query = `SELECT ${values.map(([sql], at) => `${sql} AS c${at}`).join(', ')}`
    const answer = await world().call('sql', { query, parameters: ["it's", 2] })
    const columns = values.map((_value, at) => `c${at}`)
    expect(answer).toEqual({
      columns,
      rows: [Object.fromEntries(values.map(([, value], at) => [`c${at}`, value]))],
    })
  })

  test('nothing is changed by a tool that reads', async () => {
    await withTable('readers')
    const { fail, call } = world({ options: { write: true } })
    for (const query of [
      'DELETE FROM readers',
      'CREATE TABLE more (id int)',
      "SELECT nextval('readers_id_seq')",
      'WITH gone AS (DELETE FROM readers RETURNING id) SELECT * FROM gone',
      'COPY readers FROM STDIN',
    ]) {
      const failure = await fail('sql_query', { query })
      expect([query, failure.blame, failure.message]).toEqual([
        query,
        'policy',
        expect.stringContaining('in a read-only transaction'),
      ])
    }
    for (const query of [
      'SET TRANSACTION READ WRITE',
      'DO $$ BEGIN SET TRANSACTION READ WRITE; DELETE FROM readers; END $$',
      'DO $$ BEGIN COMMIT; DELETE FROM readers; END $$',
      "SELECT set_config('transaction_read_only', 'off', false)",
      'SELECT 1; DELETE FROM readers',
    ]) {
      expect([query, (await fail('sql_query', { query })).code]).toEqual([query, 'tool-failed'])
    }
    await call('sql_query', { query: 'COMMIT' })
    const count = { query: 'SELECT count(*) FROM readers' }
    expect(await call('sql_query', count)).toEqual({ columns: ['count'], rows: [{ count: 2 }] })
  })

  test('changes are kept, as far as the integration allows them', async () => {
    await withTable('writers')
    const { call } = world({ options: { write: true } })
    const add = "INSERT INTO writers (name) SELECT 'x' || g FROM generate_series(1, 300) g RETURNING id"
    expect(await call('sql_execute', { query: add, limit: 1 })).toEqual({
      changed: 300,
      columns: ['id'],
      rows: [{ id: 3 }],
      note: 'There are more rows; these are the first 1. Ask for fewer of them, or count them.',
    })
    const failure = await world().fail('sql_execute', { query: 'DELETE FROM writers' })
    expect([failure.code, failure.help]).toEqual([
      'tool-refused',
      'Set integrations.there.options.write to true in .codemie/config.yaml.',
    ])
    const count = { query: 'SELECT count(*) FROM writers' }
    expect(await call('sql_query', count)).toMatchObject({ rows: [{ count: 302 }] })
    const columns = [
      { name: 'id', type: 'integer', nullable: false },
      { name: 'name', type: 'text', nullable: true },
    ]
    expect(await call('sql_tables', { table: 'writers' })).toEqual({
      tables: [{ table: 'writers', columns }],
    })
  })

  test('a million rows are not read, and neither is a value of 200 MB', async () => {
    const { call, fail } = world({ options: { max_rows: 2 } })
    const many = { query: 'SELECT g FROM generate_series(1, 1000000) g' }
    expect(await call('sql_query', many)).toMatchObject({
      rows: [{ g: 1 }, { g: 2 }],
      note: 'There are more rows; these are the first 2. Ask for fewer of them, or count them.',
    })
    const exact = { query: 'SELECT g FROM generate_series(1, 2) g' }
    expect(await call('sql_query', exact)).toEqual({ columns: ['g'], rows: [{ g: 1 }, { g: 2 }] })
    const long = { query: "SELECT repeat('x', 600000) AS x FROM generate_series(1, 2)" }
    expect(await call('sql_query', long)).toMatchObject({
      rows: [{}],
      note: 'There are more rows; these are the first 1, for they are long. Ask for fewer of them, or count them.',
    })
    const failure = await fail('sql_query', { query: "SELECT repeat('x', 200000000)" })
    expect([failure.blame, failure.message]).toEqual([
      'tool',
      'sql_query: the database sent more than 67108864 bytes',
    ])
  })

  test('a statement that takes too long, or is called off, is ended on the server', async () => {
    const running =
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active'"
    const late = await world({ policy: { timeoutMs: 300 } }).fail('sql_query', {
      query: 'SELECT pg_sleep(60)',
    })
    expect([late.code, late.retryable]).toEqual(['tool-timeout', true])
    const off = new AbortController()
    const call = world({ signal: off.signal }).call('sql_query', { query: 'SELECT pg_sleep(60)' })
    await expect
      .poll(() => world().call('sql_query', { query: running }), { timeout: 9000 })
      .toMatchObject({
        rows: [{ count: 1 }],
      })
    off.abort(new Error('called off'))
    await expect(call).rejects.toThrow('called off')
    expect(await world().call('sql_query', { query: running })).toMatchObject({ rows: [{ count: 0 }] })
  })

  test('TLS is spoken where it is wanted, and only with whom a certificate vouches for', async () => {
    const query = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    expect(await world().call('sql_query', { query })).toMatchObject({ rows: [{ ssl: false }] })
    const trusting = world({ options: { ca: 'ca.pem' } })
    trusting.write({ 'ca.pem': server.certificate })
    expect(await trusting.call('sql_query', { query })).toMatchObject({ rows: [{ ssl: true }] })
    const failure = await world({ options: { tls: true } }).fail('sql_query', { query })
    expect([failure.blame, failure.help]).toEqual(['user', expect.stringContaining('options.ca')])
  })

  test('what goes wrong is blamed on who can act, and shows no password', async () => {
    await world({ options: { write: true } }).call('sql_execute', {
      query: "CREATE ROLE nobody LOGIN PASSWORD 'pw-of-nobody'",
    })
    await withTable('secrets')
    const at = `127.0.0.1:${server.port}`
    const rows: readonly (readonly [query: string, of: Differences, blame: string, message: string])[] = [
      ['SELECT nope', {}, 'workflow', `${at} says: column "nope" does not exist`],
      ['SELECT * FROM nope', {}, 'workflow', `${at} says: relation "nope" does not exist`],
      ['SELEC', {}, 'workflow', `${at} says: syntax error at or near "SELEC"`],
      [
        'SELECT $1::int',
        {},
        'workflow',
        `${at} says: bind message supplies 0 parameters, but prepared statement "" requires 1`,
      ],
      [
        'SELECT 1',
        { password: 'another-password' },
        'user',
        `${at} says: password authentication failed for user "postgres"`,
      ],
      ['SELECT 1', { url: `postgres://${at}/nope` }, 'user', `${at} says: database "nope" does not exist`],
      [
        'SELECT * FROM secrets',
        { username: 'nobody', password: 'pw-of-nobody' },
        'user',
        `${at} says: permission denied for table secrets`,
      ],
      [
        'SELECT pg_terminate_backend(pg_backend_pid())',
        {},
        'infrastructure',
        `${at} says: terminating connection due to administrator command`,
      ],
    ]
    for (const [query, of, blame, message] of rows) {
      const failure = await world(of).fail('sql_query', { query })
      expect([failure.blame, failure.message]).toEqual([blame, `sql_query: ${message}`])
    }
    const double = { query: "INSERT INTO secrets (name) VALUES ('Ann')" }
    const failure = await world({ options: { write: true } }).fail('sql_execute', double)
    expect([failure.blame, failure.message]).toEqual([
      'tool',
      expect.stringContaining('violates unique constraint'),
    ])
  })
})

/** A server that does what a test says with each connection. */
async function startServer(behave: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    behave(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a database server that is none', () => {
  test.each<
    [
      situation: string,
      behave: (socket: Socket) => void,
      options: Record<string, unknown>,
      code: string,
      says: string,
    ]
  >([
    ['it hangs', () => {}, {}, 'tool-timeout', 'the database took longer than 300 ms'],
    [
      'it drops the connection',
      (socket) => socket.once('data', () => socket.destroy()),
      {},
      'tool-failed',
      ' closed the connection',
    ],
    [
      'it speaks no TLS',
      (socket) => socket.once('data', () => socket.write('N')),
      { tls: true },
      'tool-failed',
      ' could not be reached: it does not speak TLS',
    ],
  ])('%s', async (_situation, behave, options, code, says) => {
    const at = await startServer(behave)
    const policy = code === 'tool-timeout' ? { timeoutMs: 300 } : {}
    const { fail } = open({ url: `postgres://${at}/x`, options, policy, password: 'pw-1' })
    const failure = await fail('sql_query', { query: 'SELECT 1' })
    expect([failure.code, failure.message]).toEqual([
      code,
      `sql_query: ${says.startsWith(' ') ? at : ''}${says}`,
    ])
  })

  test('nobody listens', async () => {
    const { fail } = open({ url: 'postgres://127.0.0.1:1/x', password: 'pw-1' })
    const failure = await fail('sql_query', { query: 'SELECT 1' })
    expect([failure.blame, failure.retryable, failure.message]).toEqual([
      'infrastructure',
      true,
      'sql_query: 127.0.0.1:1 refused the connection',
    ])
  })

  test.each([
    ['a password', 'postgres://me:hidden-1@127.0.0.1/x', 'integrations.there.url has a password in it'],
    ['settings', 'postgres://127.0.0.1/x?sslmode=disable', 'integrations.there.url has a "?" in it'],
  ])('an address with %s', async (_situation, url, message) => {
    const failure = await open({ url, password: 'pw-1' }).fail('sql_query', { query: 'SELECT 1' })
    expect([failure.code, failure.blame, failure.message]).toEqual([
      'integration-setting-invalid',
      'user',
      message,
    ])
  })
})
