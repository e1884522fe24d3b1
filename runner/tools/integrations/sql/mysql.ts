import type { Socket } from 'node:net'
import mysql from 'mysql2'
import { NO_TLS } from '../network-verdict.ts'
import type { SqlAnswer } from './answer.ts'
import { RowCollector } from './answer.ts'
import type { SqlRequest } from './driver.ts'
import { type SqlAccount, type SqlConnection, serverDriver } from './server.ts'

/** What MySQL says with a SQLSTATE that tells too little, and the one that would. Source: its error reference. */
const STATES: Readonly<Record<number, string>> = {
  1044: '28000', // the account has no right to the database
  1049: '3D000', // unknown database
  1142: '42501', // no right to the table
  1143: '42501', // no right to the column
  1227: '42501', // no privilege
  1290: '25006', // the server is read-only
  1317: '57014', // interrupted
  3024: '57014', // longer than max_execution_time
}

/** Runs a statement on MySQL or MariaDB. */
export const runOnMysql = serverDriver({
  defaultPort: 3306,
  connect: (account) => new MysqlConnection(account),
  read(error) {
    const { message, code, errno = 0, sqlState } = error as mysql.QueryError
    if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return { message, state: undefined, code: NO_TLS }
    if (code === 'PROTOCOL_CONNECTION_LOST') return { message, state: undefined, code: 'ECONNRESET' }
    return { message, state: sqlState === undefined ? undefined : (STATES[errno] ?? sqlState), code }
  },
})

class MysqlConnection implements SqlConnection {
  readonly #account: SqlAccount
  #connection: mysql.Connection | undefined
  /** Rejects when the connection is lost, of which a statement hears nothing. */
  #lost: Promise<never> | undefined

  constructor(account: SqlAccount) {
    this.#account = account
  }

  async open(): Promise<void> {
    const connection = createConnection(this.#account)
    this.#connection = connection
    this.#lost = new Promise((_resolve, reject) => connection.on('error', reject))
    this.#lost.catch(() => {})
    await connected(connection)
  }

  async run(request: SqlRequest, maxBytes: number): Promise<SqlAnswer> {
    const connection = this.#connection
    const lost = this.#lost
    if (!connection || !lost) throw new Error('the connection is not open')
    return await Promise.race([lost, this.#runOn(connection, request, maxBytes)])
  }

  async #runOn(connection: mysql.Connection, request: SqlRequest, maxBytes: number): Promise<SqlAnswer> {
    await ask(connection, "SET time_zone = '+00:00'")
    // The session too: a procedure can end a transaction.
    if (!request.mayWrite) await ask(connection, 'SET SESSION TRANSACTION READ ONLY')
    await ask(connection, request.mayWrite ? 'START TRANSACTION' : 'START TRANSACTION READ ONLY')
    const answer = await readRows(connection, request, maxBytes)
    if (request.mayWrite) await ask(connection, 'COMMIT')
    return answer
  }

  async cancel(): Promise<void> {
    const running = this.#connection?.threadId
    if (!running) return
    const other = createConnection(this.#account)
    try {
      await connected(other)
      await ask(other, `KILL QUERY ${Number(running)}`)
    } finally {
      close(other)
    }
  }

  destroy(): void {
    if (this.#connection) close(this.#connection)
  }
}

/** The package's own way waits for all that the server still sends. */
function close(connection: mysql.Connection): void {
  const { stream } = connection as unknown as { readonly stream: Socket }
  stream.destroy()
}

function createConnection({ host, port, username, password, database, tls }: SqlAccount): mysql.Connection {
  const connection = mysql.createConnection({
    host,
    port,
    user: username,
    password: password ?? '',
    ...(database === '' ? {} : { database }),
    ...(tls === undefined
      ? {}
      : { ssl: { ...(tls.ca === undefined ? {} : { ca: tls.ca }), verifyIdentity: true } }),
    // The server could ask for files of this machine.
    flags: ['-LOCAL_FILES'],
    multipleStatements: false,
    rowsAsArray: true,
    dateStrings: true,
    supportBigNumbers: true,
    // Names of columns would become code.
    disableEval: true,
  })
  // Whoever waits hears of it, too; without a listener the process would end.
  connection.on('error', () => {})
  return connection
}

function connected(connection: mysql.Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()))
  })
}

function ask(connection: mysql.Connection, statement: string): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.query(statement, (error: unknown) => (error ? reject(error) : resolve()))
  })
}

/** A statement that only reads is left when there is no more room; one that writes has to come to its end. */
function readRows(
  connection: mysql.Connection,
  { statement, parameters, mayWrite, maxRows }: SqlRequest,
  maxBytes: number,
): Promise<SqlAnswer> {
  const rows = new RowCollector({ maxRows, maxBytes })
  let names: readonly string[] = []
  let changed: number | undefined
  return new Promise((resolve, reject) => {
    // Only what is prepared has parameters that are bound and not written into the text; some statements cannot be prepared.
    const query =
      parameters.length === 0 ? connection.query(statement) : connection.execute(statement, [...parameters])
    const finish = () => resolve(rows.answer(names, changed))
    query.on('error', reject)
    query.on('fields', (fields: readonly mysql.FieldPacket[] | undefined) => {
      names = (fields ?? []).map(({ name }) => name)
    })
    query.on('result', (row: unknown) => {
      if (Array.isArray(row)) {
        rows.add(row)
        if (rows.isFull && !mayWrite) finish()
      } else {
        changed = (row as mysql.ResultSetHeader).affectedRows
      }
    })
    query.on('end', finish)
  })
}
