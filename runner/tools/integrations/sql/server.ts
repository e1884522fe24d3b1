import { isIP } from 'node:net'
import { StepFailure } from '../../../failure.ts'
import { rejectWhenAborted } from '../../time-limit.ts'
import type { ToolContext } from '../../tool.ts'
import { badSetting } from '../bad-setting.ts'
import { integrationOf } from '../rest.ts'
import { readServerAddress, type ServerAddress } from '../server-address.ts'
import type { SqlAnswer } from './answer.ts'
import type { SqlDriver, SqlRequest } from './driver.ts'
import { type ServerError, serverFailure } from './failure.ts'

/** What opens a database on a server. */
export interface SqlAccount extends ServerAddress {
  readonly username: string
  /** `undefined`: the integration names none. */
  readonly password: string | undefined
  /** Empty: none is named. */
  readonly database: string
  /** `undefined`: no TLS is spoken. */
  readonly tls: { readonly ca?: string; readonly servername?: string } | undefined
}

/** A connection for one statement. */
export interface SqlConnection {
  open(): Promise<void>
  run(request: SqlRequest, maxBytes: number): Promise<SqlAnswer>
  /** Asks the server, over another connection, to end the statement that runs. */
  cancel(): Promise<void>
  /** Closes it at once, whatever is going on. */
  destroy(): void
}

/** What is different between servers. */
export interface SqlServer {
  readonly defaultPort: number
  connect(account: SqlAccount, context: ToolContext): SqlConnection
  /** An error of its driver. */
  read(error: unknown): ServerError
}

/** To ask a server that hangs to end a statement helps nobody. */
const MAX_CANCEL_MS = 2000

/** Makes the driver of a database on a server. */
export function serverDriver(server: SqlServer): SqlDriver {
  return async (request, context) => {
    const integration = integrationOf(context)
    const account = await readAccount(server, request, context)
    const connection = server.connect(account, context)
    const ended = rejectWhenAborted(context.signal)
    // Nobody may be listening any more when it comes.
    ended.catch(() => {})
    let isSent = false
    const work = async () => {
      await connection.open()
      isSent = true
      return await connection.run(request, context.policy.maxOutputBytes)
    }
    try {
      return await Promise.race([work(), ended])
    } catch (error) {
      if (context.signal.aborted) {
        if (isSent) await withinTime(MAX_CANCEL_MS, connection.cancel())
        throw context.signal.reason
      }
      if (error instanceof StepFailure) throw error
      throw serverFailure(request, server.read(error), { integration, server: account.name, isSent })
    } finally {
      connection.destroy()
    }
  }
}

async function readAccount(
  { defaultPort }: SqlServer,
  { tool }: SqlRequest,
  context: ToolContext,
): Promise<SqlAccount> {
  const integration = integrationOf(context)
  const { url = '', options } = integration
  const address = await readServerAddress(tool, integration, context, defaultPort)
  const { username, host, isLoopback, ca } = address
  if (username === undefined) {
    throw badSetting(integration, 'username', 'is missing', 'Write the account of the database there.')
  }
  const speaksTls = options['tls'] === undefined ? !isLoopback || ca !== undefined : options['tls'] === true
  return {
    ...address,
    username,
    password: integration.secret('password'),
    database: decodeURIComponent(new URL(url).pathname.slice(1)),
    tls: speaksTls
      ? { ...(ca === undefined ? {} : { ca }), ...(isIP(host) ? {} : { servername: host }) }
      : undefined,
  }
}

async function withinTime(ms: number, work: Promise<void>): Promise<void> {
  const limit = rejectWhenAborted(AbortSignal.timeout(ms))
  await Promise.race([work, limit]).catch(() => {})
  limit.catch(() => {})
}
