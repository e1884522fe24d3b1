import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ToolPolicy } from '../../../../runner/tools/tool.ts'
import { createIntegrationWorld } from './integrations-world.ts'

const PEOPLE = `CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, photo BLOB, height REAL)`

function open(options: Record<string, unknown> = {}, policy: Partial<ToolPolicy> = {}) {
  const world = createIntegrationWorld(
    { type: 'sqlite', env: {}, options: { path: 'data/people.db', write: true, ...options } },
    { policy: { writePaths: ['data/**'], ...policy } },
  )
  world.write({ 'data/readme': '' })
  return world
}

/** With a database of Ann and Bob in `data/people.db`. */
async function withPeople(options: Record<string, unknown> = {}) {
  const world = open(options)
  await world.call('sql_execute', { query: PEOPLE })
  const people = "INSERT INTO people (name, photo, height) VALUES ('Ann', x'00ff', 1.5), (?, NULL, 9e999)"
  expect(await world.call('sql_execute', { query: people, parameters: ["Bob'); --"] })).toEqual({
    changed: 2,
  })
  return world
}

test('rows are objects by column, with what JSON lacks as text', async () => {
  const { call, root } = await withPeople()
  const query = 'SELECT *, id, 9007199254740993 AS big FROM people WHERE id < ? ORDER BY id'
  expect(await call('SQL', { sql_query: query, parameters: [10] })).toEqual({
    columns: ['id', 'name', 'photo', 'height', 'id_2', 'big'],
    rows: [
      { id: 1, name: 'Ann', photo: 'AP8=', height: 1.5, id_2: 1, big: '9007199254740993' },
      { id: 2, name: "Bob'); --", photo: null, height: 'Infinity', id_2: 2, big: '9007199254740993' },
    ],
  })
  expect(await call('sql_query', { query: 'SELECT name FROM people WHERE id = 9' })).toEqual({
    columns: ['name'],
    rows: [],
  })
  expect(readdirSync(join(root, 'data'))).toEqual(['people.db', 'readme'])
})

test('tables and views are listed with their columns', async () => {
  const { call } = await withPeople()
  await call('sql_execute', { query: 'CREATE VIEW names AS SELECT name FROM people' })
  const columns = [
    { name: 'id', type: 'INTEGER', nullable: true },
    { name: 'name', type: 'TEXT', nullable: false },
    { name: 'photo', type: 'BLOB', nullable: true },
    { name: 'height', type: 'REAL', nullable: true },
  ]
  const names = { table: 'names', columns: [{ name: 'name', type: 'TEXT', nullable: true }] }
  expect(await call('sql_tables')).toEqual({ tables: [names, { table: 'people', columns }] })
  expect(await call('sql_tables', { table: 'names' })).toEqual({ tables: [names] })
})

test('what must not be, is refused by the database and blamed on who can act', async () => {
  const { fail, root } = await withPeople()
  const evil = join(root, 'evil.db')
  const rows: readonly (readonly [query: string, blame: string, says: string])[] = [
    ['DELETE FROM people', 'policy', 'attempt to write a readonly database'],
    ['DROP TABLE people', 'policy', 'attempt to write a readonly database'],
    [`VACUUM INTO '${evil}'`, 'policy', `unable to open database: ${evil}`],
    [`ATTACH '${join(root, 'data', 'readme')}' AS other`, 'policy', 'unable to open database'],
    ["ATTACH 'new.db' AS other", 'policy', 'unable to open database'],
    ['SELECT 1; DELETE FROM people', 'workflow', 'holds several statements'],
    ['SELECT nme FROM people', 'workflow', 'no such column: nme'],
    ['SELECT * FROM persons', 'workflow', 'no such table: persons'],
    ['SELEC', 'workflow', 'syntax error'],
    ['-- nothing', 'workflow', 'Nothing to prepare'],
    ['SELECT zeroblob(900000000)', 'tool', 'out of memory'],
  ]
  for (const [query, blame, says] of rows) {
    const failure = await fail('sql_query', { query })
    expect([query, failure.blame, failure.message]).toEqual([query, blame, expect.stringContaining(says)])
  }
  expect(readdirSync(root)).toEqual(['data'])
})

test('a statement that changes rows comes to its end, however many it gives back', async () => {
  const { call, fail } = await withPeople()
  const query = 'UPDATE people SET height = 2 RETURNING id'
  expect(await call('sql_execute', { query, limit: 1 })).toEqual({
    changed: 2,
    columns: ['id'],
    rows: [{ id: 1 }],
    note: 'There are more rows; these are the first 1. Ask for fewer of them, or count them.',
  })
  expect(await call('sql_query', { query: 'SELECT sum(height) AS sum FROM people' })).toMatchObject({
    rows: [{ sum: 4 }],
  })
  const trigger = `CREATE TRIGGER one AFTER INSERT ON people BEGIN UPDATE people SET height = 1; DELETE FROM people; END;`
  expect(await call('sql_execute', { query: trigger })).toEqual({ changed: 0 })
  const again = await fail('sql_execute', { query: "INSERT INTO people (id, name) VALUES (1, 'Eve')" })
  expect([again.blame, again.message]).toEqual(['tool', expect.stringContaining('UNIQUE constraint failed')])
})

test('a million rows are not read', async () => {
  const { call } = await withPeople({ max_rows: 3 })
  const numbers = (values: string) =>
    `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 1000000) SELECT ${values} AS x FROM n`
  expect(await call('sql_query', { query: numbers('x'), limit: 100 })).toEqual({
    columns: ['x'],
    rows: [{ x: 1 }, { x: 2 }, { x: 3 }],
    note: 'There are more rows; these are the first 3. Ask for fewer of them, or count them.',
  })
  expect(await call('sql_query', { query: numbers('hex(zeroblob(300000))') })).toMatchObject({
    rows: [{ x: expect.stringMatching(/^0{600000}$/) }],
    note: 'There are more rows; these are the first 1, for they are long. Ask for fewer of them, or count them.',
  })
})

test('a statement without an end is ended, and the file is as before', async () => {
  const endless = 'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)'
  const { call, fail, context, root } = await withPeople()
  const { policy } = context as { policy: { timeoutMs: number } }
  policy.timeoutMs = 1500
  const query = `${endless} SELECT count(*) FROM n`
  const failure = await fail('sql_query', { query })
  expect([failure.code, failure.message]).toEqual([
    'tool-timeout',
    'sql_query: the database took longer than 1500 ms',
  ])
  await fail('sql_execute', { query: `INSERT INTO people (name) ${endless} SELECT 'x' FROM n WHERE x < 0` })
  policy.timeoutMs = 20_000
  expect(existsSync(join(root, 'data/people.db.lock'))).toBe(false)
  expect(await call('sql_execute', { query: 'UPDATE people SET height = 1' })).toEqual({ changed: 2 })
})

test('statements at the same time wait for each other', async () => {
  const { call } = await withPeople()
  const add = "INSERT INTO people (name) VALUES ('x')"
  const changes = await Promise.all([1, 2, 3].map(() => call('sql_execute', { query: add })))
  expect(changes).toEqual([{ changed: 1 }, { changed: 1 }, { changed: 1 }])
})

test.each<[situation: string, change: (root: string) => void, blame: string, says: string]>([
  ['no file', () => {}, 'tool', '"data/people.db" does not exist'],
  [
    'a folder',
    (root) => mkdirSync(join(root, 'data/people.db')),
    'workflow',
    'must name a file, but "data/people.db" is a folder',
  ],
  [
    'another file',
    (root) => writeFileSync(join(root, 'data/people.db'), 'a,b\n'.repeat(200)),
    'user',
    'file is not a database',
  ],
  [
    'a program that writes',
    (root) => {
      writeFileSync(join(root, 'data/people.db'), '')
      mkdirSync(join(root, 'data/people.db.lock'))
    },
    'infrastructure',
    'database is locked',
  ],
])('the file: %s', async (_situation, change, blame, says) => {
  const { fail, root } = open()
  change(root)
  const failure = await fail('sql_query', { query: 'SELECT * FROM sqlite_master' })
  expect([failure.blame, failure.message]).toEqual([blame, expect.stringContaining(says)])
})

test('a file in WAL mode is not read, and the failure says what to do', async () => {
  const { fail, root } = await withPeople()
  const file = join(root, 'data/people.db')
  const bytes = readFileSync(file)
  bytes[18] = 2
  bytes[19] = 2
  writeFileSync(file, bytes)
  const failure = await fail('sql_query', { query: 'SELECT * FROM people' })
  expect([failure.blame, failure.help]).toEqual([
    'user',
    expect.stringContaining('PRAGMA journal_mode = DELETE'),
  ])
})

test.each<[situation: string, options: Record<string, unknown>, policy: Partial<ToolPolicy>, says: string]>([
  ['the integration only reads', { write: false }, {}, "the database of integration 'there' is only read"],
  ['write as text', { write: 'true' }, {}, "the database of integration 'there' is only read"],
  ['not among write_paths', {}, { writePaths: ['docs/**'] }, '"data/people.db" is not among the places'],
  ['outside', { path: '../people.db' }, { writePaths: ['**'] }, '"../people.db" contains ".."'],
  ['in .git', { path: '.git/people.db' }, { writePaths: ['**'] }, '".git/people.db" leads into .git'],
  ['the configuration', { path: '.codemie/people.db' }, { writePaths: ['**'] }, 'is protected'],
])('no change is made: %s', async (_situation, options, policy, says) => {
  const { fail, root } = open(options, policy)
  const failure = await fail('sql_execute', { query: PEOPLE })
  expect([failure.code, failure.blame, failure.message]).toEqual([
    'tool-refused',
    'policy',
    expect.stringContaining(says),
  ])
  expect(readdirSync(join(root, 'data'))).toEqual(['readme'])
})
