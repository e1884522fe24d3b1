import pg from 'pg'
import { toolFailed } from '../../define-tool.ts'
import { NO_TLS } from '../network-verdict.ts'
import type { SqlAnswer } from './answer.ts'
import { RowCollector } from './answer.ts'
import type { SqlParameter, SqlRequest } from './driver.ts'
import { type SqlAccount, type SqlConnection, serverDriver } from './server.ts'

/** Rows that the server sends at once: no more than these are read for nothing. */
const ROWS_AT_ONCE = 100

/** A single value can be a gigabyte, and is read whole: longer answers close the connection. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** Runs a statement on PostgreSQL. */
export const runOnPostgres = serverDriver({
  defaultPort: 5432,
  connect: (account, { policy }) => new PostgresConnection(account, policy.timeoutMs),
  read(error) {
    const { message, code, severity } = error as pg.DatabaseError
    if (/does not support SSL/i.test(message)) return { message, state: undefined, code: NO_TLS }
    // What has a severity was said by the server.
    if (severity !== undefined) return { message, state: code ?? 'XX000', code }
    return { message, state: undefined, code: /terminated/i.test(message) ? 'ECONNRESET' : code }
  },
})

class PostgresConnection implements SqlConnection {
  readonly #account: SqlAccount
  readonly #timeoutMs: number
  readonly #client: Client
  #processId: number | undefined

  constructor(account: SqlAccount, timeoutMs: number) {
    this.#account = account
    this.#timeoutMs = timeoutMs
    this.#client = createClient(account)
  }

  async open(): Promise<void> {
    await this.#client.connect()
    this.#processId = this.#client.processID
  }

  async run(request: SqlRequest, maxBytes: number): Promise<SqlAnswer> {
    const client = this.#client
    this.#limitAnswer(request.tool)
    await client.query(request.mayWrite ? 'BEGIN' : 'BEGIN READ ONLY')
    // A transaction that has asked anything cannot be made one that writes.
    await client.query(
      "SELECT set_config('statement_timeout', $1, true), set_config('datestyle', 'ISO', true), set_config('timezone', 'UTC', true)",
      [String(this.#timeoutMs)],
    )
    const answer = await new Promise<SqlAnswer>((resolve, reject) => {
      client.query(new LimitedStatement(request, maxBytes, { resolve, reject }) as unknown as pg.Submittable)
    })
    await client.query(request.mayWrite ? 'COMMIT' : 'ROLLBACK')
    return answer
  }

  #limitAnswer(tool: string): void {
    const { stream } = this.#client.connection
    let received = 0
    stream.on('data', (bytes) => {
      received += bytes.length
      if (received <= MAX_ANSWER_BYTES) return
      stream.destroy(
        toolFailed(tool, `the database sent more than ${MAX_ANSWER_BYTES} bytes`, 'Ask for shorter values.'),
      )
    })
  }

  async cancel(): Promise<void> {
    if (this.#processId === undefined) return
    const other = createClient(this.#account)
    try {
      await other.connect()
      await other.query('SELECT pg_cancel_backend($1)', [this.#processId])
    } finally {
      other.connection.stream.destroy()
    }
  }

  destroy(): void {
    this.#client.connection.stream.destroy()
  }
}

/** What the package's types leave out of a client. */
type Client = pg.Client & {
  readonly processID?: number
  readonly connection: { readonly stream: import('node:net').Socket }
}

/** Everything is said, for what is not said comes from variables of the environment, and a password from a file. */
function createClient({ host, port, username, password, database, tls }: SqlAccount): Client {
  const client = new pg.Client({
    host,
    port,
    user: username,
    password: () => password ?? '',
    database: database === '' ? username : database,
    ssl: tls === undefined ? false : { rejectUnauthorized: true, ...tls },
    application_name: 'codemie-ci',
  }) as Client
  // A statement hears of a lost connection by itself; without a listener the process would end.
  client.on('error', () => {})
  return client
}

/** The part of the package's connection that statements speak to. */
interface Wire {
  parse(message: { text: string }): void
  bind(message: { values: readonly (string | null)[] }): void
  describe(message: { type: 'P' }): void
  /** 0 rows: all. */
  execute(message: { rows: number }): void
  flush(): void
  sync(): void
  sendCopyFail(why: string): void
}

interface Field {
  readonly name: string
  readonly dataTypeID: number
}

/**
 * A statement that is prepared, so that it is one and its parameters are bound, and whose rows are fetched in parts until
 * there is no more room. Source: the extended query protocol of PostgreSQL.
 */
class LimitedStatement {
  readonly #request: SqlRequest
  readonly #rows: RowCollector
  readonly #done: { readonly resolve: (answer: SqlAnswer) => void; readonly reject: (error: unknown) => void }
  #fields: readonly Field[] = []
  #changed: number | undefined
  #error: unknown
  /** The package sets one if there is none. */
  readonly callback = () => {}

  constructor(
    request: SqlRequest,
    maxBytes: number,
    done: { resolve: (answer: SqlAnswer) => void; reject: (error: unknown) => void },
  ) {
    this.#request = request
    this.#rows = new RowCollector({ maxRows: request.maxRows, maxBytes })
    this.#done = done
  }

  submit(wire: Wire): void {
    wire.parse({ text: this.#request.statement })
    wire.bind({ values: this.#request.parameters.map(toText) })
    wire.describe({ type: 'P' })
    this.#fetch(wire)
  }

  #fetch(wire: Wire): void {
    const { mayWrite, maxRows } = this.#request
    // One that writes has to come to its end, and what is fetched in parts is counted in parts.
    const rows = mayWrite ? 0 : Math.min(ROWS_AT_ONCE, maxRows - this.#rows.rows.length + 1)
    wire.execute({ rows })
    wire.flush()
  }

  handleRowDescription({ fields }: { fields: readonly Field[] }): void {
    this.#fields = fields
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    if (this.#rows.isFull || this.#error !== undefined) return
    try {
      this.#rows.add(fields.map((text, index) => readValue(this.#fields[index]?.dataTypeID ?? 0, text)))
    } catch (error) {
      this.#error = error
    }
  }

  handlePortalSuspended(wire: Wire): void {
    if (this.#rows.isFull || this.#error !== undefined) wire.sync()
    else this.#fetch(wire)
  }

  handleCommandComplete({ text }: { text: string }, wire: Wire): void {
    const counted = /^(?:INSERT|UPDATE|DELETE|MERGE|COPY)\b.* (\d+)$/.exec(text)
    if (counted) this.#changed = Number(counted[1])
    wire.sync()
  }

  handleEmptyQuery(wire: Wire): void {
    wire.sync()
  }

  handleCopyInResponse(wire: Wire): void {
    wire.sendCopyFail('there is nothing to copy from')
  }

  /** Rows of COPY are no rows of a statement. */
  handleCopyData(): void {}

  handleError(error: unknown, wire: Wire): void {
    this.#error = error
    this.#done.reject(error)
    wire.sync()
  }

  handleReadyForQuery(): void {
    if (this.#error !== undefined) this.#done.reject(this.#error)
    else
      this.#done.resolve(
        this.#rows.answer(
          this.#fields.map(({ name }) => name),
          this.#changed,
        ),
      )
  }
}

function toText(value: SqlParameter): string | null {
  return value === null ? null : String(value)
}

const whole = (text: string) => BigInt(text)
const json = (text: string): unknown => JSON.parse(text)
const asPackage = (oid: number) => (text: string) => pg.types.getTypeParser(oid)(text) as unknown

/** How values of types that JSON has are read, by the number of the type; others stay text. Source: `pg_type.dat` of PostgreSQL. */
const READERS: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  17: asPackage(17), // bytea
  20: whole, // int8
  21: whole, // int2
  23: whole, // int4
  26: whole, // oid
  114: json,
  700: Number, // float4
  701: Number, // float8
  3802: json, // jsonb
  ...Object.fromEntries([1000, 1005, 1007, 1009, 1015, 1021, 1022, 2951].map((oid) => [oid, asPackage(oid)])), // lists
}

function readValue(oid: number, text: string | null): unknown {
  if (text === null) return null
  return READERS[oid]?.(text) ?? text
}
