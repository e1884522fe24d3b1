import {
  Client,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client'
import { StepFailure } from '../failure.ts'
import { MessageProgram } from '../process/message-program.ts'
import { raced } from '../process/raced.ts'
import { oneLine } from '../report/plain-text.ts'
import { VERSION } from '../version.ts'
import { serverTitle } from './policy.ts'
import { readAnswer, type ServerAnswer } from './result.ts'
import { type DescribedTool, pinTools, type ToolList } from './tool-list.ts'

/** How a server is reached and how long it may take. */
export interface ServerOptions {
  readonly name: string
  /** Makes what the messages go through; called for each start. */
  readonly openTransport: () => Promise<Transport>
  /** How people know it: the command line or the address. */
  readonly reachedAt: string
  /** Until the server has listed its tools. Milliseconds. */
  readonly startTimeoutMs: number
  /** Of one call. Milliseconds. */
  readonly callTimeoutMs: number
  /** Of the text that is kept of one answer. */
  readonly maxOutputBytes: number
}

/** Pages of a list of tools, and tools in all, that are read. */
const MAX_PAGES = 50
const MAX_TOOLS = 1000

/** How long the end of a session at an address may take, in milliseconds. */
const GOODBYE_MS = 1000

/** Characters of a list of tools, as JSON. */
const MAX_LIST = 4 * 1024 * 1024

/**
 * A server that was started or connected to once, with the tools it then had. Ends when the program does; there is no
 * second start.
 */
export class ServerConnection {
  readonly #options: ServerOptions
  readonly #client: Client
  readonly #transport: Transport
  #tools: ToolList
  /** The server said that its tools changed, and was not asked again yet. */
  #isStale = false
  #asking: Promise<void> | undefined
  #isOver = false

  private constructor(options: ServerOptions, client: Client, transport: Transport) {
    this.#options = options
    this.#client = client
    this.#transport = transport
    this.#tools = { tools: [], digest: '' }
  }

  /**
   * Starts a server and lists its tools.
   *
   * Rejects with a `StepFailure`: `mcp-server-not-started` with how the program ended and its last words,
   * `mcp-server-unreachable`, `tool-timeout`; or with the reason of the signal.
   */
  static async open(options: ServerOptions, signal: AbortSignal): Promise<ServerConnection> {
    signal.throwIfAborted()
    const transport = await options.openTransport()
    const client = new Client(
      { name: 'codemie-ci', version: VERSION },
      // What servers ask of a client (answers of a model, of a person) is not offered; results are not theirs to check.
      {
        capabilities: {},
        jsonSchemaValidator: {
          getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
        },
      },
    )
    const connection = new ServerConnection(options, client, transport)
    client.onclose = () => {
      connection.#isOver = true
    }
    client.setNotificationHandler('notifications/tools/list_changed', () => {
      connection.#isStale = true
    })
    const limit = AbortSignal.timeout(options.startTimeoutMs)
    const either = AbortSignal.any([signal, limit])
    try {
      // The limit is for both together; the package knows only one for each request.
      const timing = { signal: either, timeout: options.startTimeoutMs + 1000 }
      await raced(client.connect(transport, timing), either)
      connection.#tools = await connection.#list(timing.timeout, either)
      return connection
    } catch (error) {
      const failure = signal.aborted ? signal.reason : connection.#startFailure(error, limit.aborted)
      await connection.close()
      throw failure
    }
  }

  /** Whether the server is gone. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** The tools it has now, as far as it told. Asks again when it said that they changed. */
  async tools(signal: AbortSignal): Promise<ToolList> {
    if (this.#isStale) this.#asking ??= this.#askAgain()
    if (this.#asking) {
      try {
        await raced(this.#asking, signal)
      } catch (error) {
        throw this.#callFailure('tools/list', error, signal)
      }
    }
    return this.#tools
  }

  async #askAgain(): Promise<void> {
    this.#isStale = false
    try {
      this.#tools = await this.#list(this.#options.callTimeoutMs)
    } catch (error) {
      this.#isStale = true
      throw error
    } finally {
      this.#asking = undefined
    }
  }

  /**
   * Calls a tool.
   *
   * Rejects with a `StepFailure`: `mcp-server-died`, `tool-timeout`, `tool-failed`; or with the reason of the signal.
   */
  async call(
    tool: string,
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<ServerAnswer> {
    const { callTimeoutMs, maxOutputBytes } = this.#options
    try {
      const result = await this.#client.request(
        { method: 'tools/call', params: { name: tool, arguments: { ...args } } },
        { signal, timeout: callTimeoutMs },
      )
      return readAnswer(result, maxOutputBytes)
    } catch (error) {
      throw this.#callFailure(tool, error, signal)
    }
  }

  /** Ends the program, or the session at the address. Never rejects. */
  async close(): Promise<void> {
    this.#isOver = true
    const transport = this.#transport
    if (transport instanceof StreamableHTTPClientTransport) {
      // A server that does not answer must not hold the run up.
      await within(transport.terminateSession(), GOODBYE_MS)
    }
    await this.#client.close().catch(() => {})
    await this.#transport.close().catch(() => {})
  }

  async #list(timeout: number, signal?: AbortSignal): Promise<ToolList> {
    if (!this.#client.getServerCapabilities()?.tools) return pinTools([])
    const described: DescribedTool[] = []
    let cursor: string | undefined
    for (let page = 0; page < MAX_PAGES; page++) {
      const params = cursor === undefined ? {} : { cursor }
      const timing = { timeout, ...(signal ? { signal } : {}) }
      const answer = await this.#client.request({ method: 'tools/list', params }, timing)
      described.push(...answer.tools)
      cursor = answer.nextCursor
      if (cursor === undefined) break
    }
    if (cursor !== undefined || described.length > MAX_TOOLS || JSON.stringify(described).length > MAX_LIST) {
      throw new StepFailure('tool-failed', `${this.#title}: its list of tools is too long to be used`, {
        blame: 'tool',
      })
    }
    return pinTools(described)
  }

  #startFailure(error: unknown, isLate: boolean): StepFailure {
    const { startTimeoutMs, reachedAt } = this.#options
    const { ended, words } = this.#end()
    if (isLate && ended === undefined) {
      return new StepFailure(
        'tool-timeout',
        `${this.#title} was not ready within ${startTimeoutMs} ms: ${reachedAt}${words}`,
        { blame: 'tool', retryable: true, help: 'Raise mcp.start_timeout_seconds in .codemie/config.yaml.' },
      )
    }
    if (error instanceof StepFailure) return error
    const code = (error as NodeJS.ErrnoException).code
    const why = ended === undefined ? describe(error) : code === 'ENOENT' ? 'there is no such program' : ended
    const answered = statusOf(error)
    const isProgram = this.#transport instanceof MessageProgram
    return new StepFailure(
      'mcp-server-not-started',
      `${this.#title} ${isProgram ? 'did not start' : 'cannot be used'}: ${reachedAt}: ${why}${words}`,
      {
        blame: 'tool',
        help: isProgram
          ? 'Install it in the job, or correct how it is started.'
          : answered.status === 401 || answered.status === 403
            ? 'Look at its token: auth_token or headers in the workflow, headers_env or the integration in the config.'
            : 'Correct its address, or wait until it works again.',
        ...answered,
        cause: error,
      },
    )
  }

  #callFailure(tool: string, error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason
    if (error instanceof StepFailure) return error
    const { ended, words } = this.#end()
    if (ended !== undefined || this.#isOver) {
      const how = ended ?? 'closed the connection'
      return new StepFailure('mcp-server-died', `${this.#title} ${how} while '${tool}' was called${words}`, {
        blame: 'tool',
        retryable: true,
        cause: error,
      })
    }
    if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) {
      return new StepFailure(
        'tool-timeout',
        `${this.#title}: '${tool}' took longer than ${this.#options.callTimeoutMs} ms`,
        { blame: 'tool', retryable: true, help: 'Raise mcp.call_timeout_seconds in .codemie/config.yaml.' },
      )
    }
    // The address no longer knows us, as after a restart of the server: a further attempt begins anew.
    const answered = statusOf(error)
    const isForgotten = answered.status === 404
    if (isForgotten) this.#isOver = true
    return new StepFailure('tool-failed', `${this.#title}: '${tool}': ${describe(error)}`, {
      blame: 'tool',
      ...answered,
      ...(isForgotten ? { retryable: true } : {}),
      cause: error,
    })
  }

  get #title(): string {
    return serverTitle(this.#options.name)
  }

  /** How the program ended and what it said last. Of an address nothing is known. */
  #end(): { readonly ended: string | undefined; readonly words: string } {
    if (!(this.#transport instanceof MessageProgram)) return { ended: undefined, words: '' }
    const { ended, lastWords } = this.#transport
    return {
      ended,
      words: lastWords === '' ? '' : `. Its last words: ${oneLine(lastWords).slice(-LAST_WORDS)}`,
    }
  }
}

/** Characters of what a program wrote to its standard error that a message holds. */
const LAST_WORDS = 1000

/** The status that an address answered with, and whether a further attempt may find another one. */
function statusOf(error: unknown): { readonly status?: number; readonly retryable?: boolean } {
  if (!(error instanceof SdkHttpError) || error.status === undefined) return {}
  const { status } = error
  return { status, retryable: status === 408 || status === 429 || status >= 500 }
}

function describe(error: unknown): string {
  const { status } = statusOf(error)
  const said = error instanceof Error ? error.message : String(error)
  const message =
    status === undefined
      ? said
      : `answered with status ${status}: ${said.replace(/^Error POSTing to endpoint(?: \(HTTP \d+\))?: /, '')}`
  return oneLine(message).slice(0, 500)
}

async function within(promise: Promise<void>, ms: number): Promise<void> {
  await raced(promise, AbortSignal.timeout(ms)).catch(() => {})
}
