import { StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import type { RepositoryConfig } from '../../schema/config.ts'
import { isHeaderName, isHeaderValue } from '../../schema/http-header.ts'
import type { PinnedTool, ToolReply, ToolRequest } from '../effect.ts'
import { StepFailure } from '../failure.ts'
import { openIntegration } from '../integrations.ts'
import { withholding } from '../policy/withhold.ts'
import { pickChildEnv } from '../process/child-env.ts'
import { MessageProgram } from '../process/message-program.ts'
import { raced } from '../process/raced.ts'
import { oneLine } from '../report/plain-text.ts'
import { checkArguments } from '../tools/check-arguments.ts'
import { refusedByPolicy } from '../tools/define-tool.ts'
import { authOf } from '../tools/http-auth.ts'
import { ServerConnection, type ServerOptions } from './connection.ts'
import type { McpEndpoint } from './endpoint.ts'
import { createServerFetch } from './http-fetch.ts'
import { decideAddress, decideCommand, type McpPolicy, mcpPolicyOf, serverTitle } from './policy.ts'
import { changesOf, type ListedTool, type ToolList } from './tool-list.ts'
import { variablesOf } from './variables.ts'

/** The world as MCP servers get to know it. */
export interface ServersWorld {
  readonly config: Pick<RepositoryConfig, 'mcp' | 'policy' | 'integrations'>
  /** Absolute real path of the repository. */
  readonly root: string
  /** Where the variables are read from that the config names for servers. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of the text that is kept of one answer. */
  readonly maxOutputBytes: number
}

/** What is known of one server in a run, over all its starts. */
interface KnownServer {
  /** The tools as the run knows them: those of the first list. */
  pinned: ToolList | undefined
  /** The last change of its tools that was told. */
  told: string | undefined
  opening: Promise<ServerConnection> | undefined
  /** Since it last answered a call. */
  starts: number
}

/** The MCP servers of one run: each configuration is started when it is first needed, and ended with the run. */
export class McpServers {
  readonly #world: ServersWorld
  readonly #policy: McpPolicy
  readonly #known = new Map<string, KnownServer>()
  readonly #over = new AbortController()

  constructor(world: ServersWorld) {
    this.#world = world
    this.#policy = mcpPolicyOf(world.config)
  }

  /**
   * Asks a server for its tools (the result is a {@link ToolList}), or calls one of them.
   *
   * Rejects with a `StepFailure`: `tool-refused` and `mcp-tool-changed` by policy (also for a list that is not the pinned one), `mcp-variable-missing`,
   * `tool-unknown`, `tool-arguments-invalid`, and what {@link ServerConnection} fails with.
   */
  async perform({ args, mcp }: ToolRequest, signal: AbortSignal): Promise<ToolReply> {
    if (!mcp) throw new Error('not asked of an MCP server')
    const { server, called } = mcp
    const { secrets } = variablesOf(server, this.#world.env, this.#world.root)
    return await withholding(secrets, () =>
      this.#with(server, signal, async (connection, known) => {
        const now = await connection.tools(signal)
        refuseOtherTools(server, now)
        known.pinned ??= now
        const warnings = this.#changes(server, known, now)
        const result = called
          ? await callTool(connection, server, { called, args, now }, signal)
          : known.pinned
        if (called) known.starts = 0
        return { result, ...(warnings.length > 0 ? { warnings } : {}) }
      }),
    )
  }

  /** Ends all servers. Never rejects. */
  async close(): Promise<void> {
    this.#over.abort(new Error('the run is over'))
    const opened = [...this.#known.values()].flatMap(({ opening }) => opening ?? [])
    await Promise.all(opened.map((one) => one.then((connection) => connection.close()).catch(() => {})))
  }

  async #with<T>(
    server: McpEndpoint,
    signal: AbortSignal,
    use: (connection: ServerConnection, known: KnownServer) => Promise<T>,
  ): Promise<T> {
    const { tools: _, ...reached } = server
    const key = JSON.stringify(reached)
    const known = this.#known.get(key) ?? {
      pinned: undefined,
      told: undefined,
      opening: undefined,
      starts: 0,
    }
    this.#known.set(key, known)
    if (!server.singleUsage) return await use(await this.#connected(server, known, signal), known)
    const own = await this.#open(server, signal)
    try {
      return await use(own, known)
    } finally {
      await own.close()
    }
  }

  /** The connection that the run has, or a new one where there is none or it has ended. */
  async #connected(server: McpEndpoint, known: KnownServer, signal: AbortSignal): Promise<ServerConnection> {
    const before = known.opening
    if (before) {
      const connection = await raced(before, signal)
      if (!connection.isOver) return connection
      // Somebody else may have started it again while we waited.
      if (known.opening === before) known.opening = undefined
      await connection.close()
    }
    known.opening ??= this.#start(server, known)
    return await raced(known.opening, signal)
  }

  async #start(server: McpEndpoint, known: KnownServer): Promise<ServerConnection> {
    try {
      if (known.starts > 1) {
        throw new StepFailure(
          'mcp-server-died',
          `${serverTitle(server.name)} ended twice before it answered anything, and is not started again`,
          { blame: 'tool', help: 'Start it by hand to see what is wrong with it.' },
        )
      }
      const connection = await this.#open(server, this.#over.signal)
      known.starts++
      return connection
    } catch (error) {
      // The next attempt may try again.
      known.opening = undefined
      throw error
    }
  }

  async #open(server: McpEndpoint, signal: AbortSignal): Promise<ServerConnection> {
    const { mcp } = this.#world.config
    return await ServerConnection.open(
      {
        name: server.name,
        ...this.#reach(server),
        startTimeoutMs: mcp.startTimeoutMs,
        callTimeoutMs: mcp.callTimeoutMs,
        maxOutputBytes: this.#world.maxOutputBytes,
      },
      signal,
    )
  }

  #reach(server: McpEndpoint): Pick<ServerOptions, 'openTransport' | 'reachedAt'> {
    const { env, root, config } = this.#world
    const { name, reach } = server
    const variables = variablesOf(server, env, root)
    if ('command' in reach) {
      const command = variables.fill(reach.command)
      decideCommand(command, this.#policy, name)
      const args = reach.args.map(variables.fillArgument)
      const filled = Object.entries(server.env).map(([key, value]) => [key, variables.fill(value)] as const)
      return {
        reachedAt: oneLine([command, ...args].join(' ')).slice(0, 200),
        openTransport: async () =>
          new MessageProgram({
            command,
            args,
            env: pickChildEnv(env, undefined, Object.fromEntries(filled)),
            ...(reach.cwd === 'repository' ? { cwd: root } : {}),
          }),
      }
    }
    const address = variables.fill(reach.url)
    decideAddress(address, this.#policy, name)
    const url = new URL(address)
    const integration = config.integrations.get(server.integrationAlias ?? '')
    const auth = integration && authOf(openIntegration(integration, env))
    const own = auth?.origin === url.origin ? auth : undefined
    for (const [key, value] of Object.entries(own?.query ?? {})) url.searchParams.set(key, value)
    const headers = {
      ...own?.headers,
      ...Object.fromEntries(
        Object.entries(reach.headers).map(([key, value]) => [key, variables.fill(value)]),
      ),
    }
    for (const [header, value] of Object.entries(headers)) refuseHeader(name, header, value)
    return {
      reachedAt: `${url.origin}${url.pathname}`,
      openTransport: async (): Promise<Transport> =>
        new StreamableHTTPClientTransport(url, {
          fetch: createServerFetch(name, this.#policy),
          requestInit: { headers },
        }),
    }
  }

  /** What the author should know of: the tools are others than at first. Told once for each change. */
  #changes({ name }: McpEndpoint, known: KnownServer, now: ToolList): NonNullable<ToolReply['warnings']> {
    const changes = known.pinned && changesOf(known.pinned, now)
    if (changes === undefined || changes === known.told) return []
    known.told = changes
    return [
      {
        code: 'mcp-tools-changed',
        message: `${serverTitle(name)} changed its tools while the run was on: ${oneLine(changes)}. The run goes by those that it listed first`,
      },
    ]
  }
}

/** The config may say which tools a server must have, so that nobody gets others unseen. */
function refuseOtherTools({ name, toolsSha256 }: McpEndpoint, { digest }: ToolList): void {
  if (toolsSha256 === undefined || toolsSha256 === digest) return
  throw new StepFailure(
    'mcp-tool-changed',
    `${serverTitle(name)} has other tools than those that tools_sha256 in .codemie/config.yaml stands for`,
    { blame: 'policy', help: `Look at what they do now, and write tools_sha256: ${digest}` },
  )
}

interface Call {
  readonly called: PinnedTool
  readonly args: ToolRequest['args']
  readonly now: ToolList
}

async function callTool(
  connection: ServerConnection,
  server: McpEndpoint,
  { called, args, now }: Call,
  signal: AbortSignal,
): Promise<unknown> {
  const title = serverTitle(server.name)
  const tool = now.tools.find(({ name }) => name === called.name)
  if (tool?.digest !== called.digest) {
    throw new StepFailure(
      'mcp-tool-changed',
      `${title}: '${called.name}' ${tool ? 'is another tool' : 'is not there any more'} since the run listed it, so it is not called`,
      { blame: 'policy', help: 'Look at what it does now. A new run takes the tools as they are.' },
    )
  }
  const { result, isError } = await connection.call(tool.name, await checked(server, tool, args), signal)
  if (!isError) return result
  const words = typeof result === 'string' ? result : JSON.stringify(result)
  throw new StepFailure('tool-failed', `${title}: '${tool.name}' failed: ${words.slice(0, MAX_FAILURE)}`, {
    blame: 'tool',
  })
}

/** Characters that a message holds of what a tool says of its failure. */
const MAX_FAILURE = 4000

/** The arguments as the tool's schema wants them. A schema that we cannot read is the server's own to check. */
async function checked(
  { name: server }: McpEndpoint,
  tool: ListedTool,
  args: ToolRequest['args'],
): Promise<ToolRequest['args']> {
  let check = checks.get(tool)
  if (!check) {
    check = { name: `${server}/${tool.name}`, parameters: checkable(tool.parameters) }
    checks.set(tool, check)
  }
  try {
    return await checkArguments(check, args)
  } catch (error) {
    if (error instanceof StepFailure) throw error
    return args
  }
}

const checks = new WeakMap<ListedTool, Parameters<typeof checkArguments>[0]>()

/**
 * A schema without what a stranger should not decide here: patterns, which can take for ever, and where other schemas are.
 * One that names its arguments by patterns says nothing then. The server checks its arguments itself.
 */
function checkable(schema: object): Readonly<Record<string, unknown>> {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    LEFT_OUT.has(key) && typeof value === 'string' ? undefined : value,
  )
  return /"(patternProperties|propertyNames)"/.test(text) ? {} : JSON.parse(text)
}

const LEFT_OUT = new Set(['$schema', '$id', 'pattern'])

function refuseHeader(server: string, header: string, value: string): void {
  if (isHeaderName(header) && isHeaderValue(value)) return
  throw refusedByPolicy(
    serverTitle(server),
    `the header "${oneLine(header)}" holds what HTTP does not allow`,
    'Look for a line break in its value.',
  )
}
