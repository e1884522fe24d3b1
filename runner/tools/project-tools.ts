import type { ToolMapping } from '../../schema/config.ts'
import type { Assistant, McpServer, RepositoryConfig, ToolWork } from '../../schema/index.ts'
import type { PyDict } from '../../schema/language/index.ts'
import type { AvailableSkill } from '../assistants.ts'
import type { ToolReply, ToolRequest } from '../effect.ts'
import { StepFailure } from '../failure.ts'
import { type DescribedServer, describeServer, problemsOf } from '../mcp/check.ts'
import { renderEndpoint } from '../mcp/endpoint.ts'
import type { McpServers } from '../mcp/servers.ts'
import type { PreflightProblem } from '../preflight.ts'
import { INVOKE_FLOW } from '../steps/bedrock-flow.ts'
import { listDatasource } from '../steps/documents-tree-listing.ts'
import type { OfferedTool, StepKit, UsedServer } from '../steps/kit.ts'
import type { World } from '../world.ts'
import { createBuiltInTools } from './built-in.ts'
import { createDatasourceTools } from './datasource.ts'
import { credentialsOf } from './http-credentials.ts'
import { createToolRegistry, runTool, type ToolLookup, type ToolRegistry } from './registry.ts'
import { createSkillTools } from './skill.ts'
import type { ServerTool, Tool, ToolContext, ToolPolicy } from './tool.ts'

/** The tools of a project: the built-in ones, those of its datasources, and what its config says of both. */
export interface ProjectTools {
  /** What a name in a workflow stands for. */
  readonly find: (name: string) => ToolLookup
  /** What an assistant may call: the tools it names, those that search its datasources, and the one that loads its skills. */
  readonly toolsOf: (assistant: Assistant) => readonly OfferedTool[]
  /** See `StepKit`. */
  readonly serverToolOf: StepKit['serverToolOf']
  /** See `StepKit`. */
  readonly serversOf: StepKit['serversOf']
  /** MCP servers as far as they are known without starting any. */
  readonly servers: ProjectServers
  /** See `renderEndpoint`. */
  readonly endpointOf: StepKit['endpointOf']
  /** Documents of a datasource. Fails with `datasource-unknown`. */
  readonly documentsOf: (datasourceId: string, signal: AbortSignal) => Promise<readonly PyDict[]>
  /** Carries out a call; see `runTool` and `McpServers.perform`. */
  readonly run: (request: ToolRequest, signal: AbortSignal) => Promise<ToolReply>
  /** Ends what calls have started. Never rejects. */
  readonly close: () => Promise<void>
}

/** See {@link ProjectTools.servers}. */
export interface ProjectServers {
  /** The servers whose tools an assistant or a tool state may call; not those of assistants that it can ask. */
  readonly usedBy: (user: Assistant | ToolWork) => readonly McpServer[]
  readonly describe: (server: McpServer) => DescribedServer
  /** Why it could not be used, as far as that can be known; variables that are not set are not among it. */
  readonly problemsOf: (server: McpServer) => readonly PreflightProblem[]
}

/**
 * Starts nothing.
 *
 * @param project `root`: absolute real path of the repository.
 * @param skills those that assistants have, by id. Default: none.
 */
export function openProjectTools(
  { config, root }: { readonly config: RepositoryConfig; readonly root: string },
  world: World,
  skills: ReadonlyMap<string, AvailableSkill> = new Map(),
): ProjectTools {
  const registry = createToolRegistry(
    [
      ...createBuiltInTools(),
      ...createDatasourceTools([...config.datasources.values()]),
      ...createSkillTools([...skills.values()]),
    ],
    toolMapping(config),
  )
  const env = toolEnvironment(world)
  const policy = toolPolicy(config)
  const contextOf = (signal: AbortSignal, alias?: string): ToolContext => {
    const integration = alias === undefined ? undefined : config.integrations.get(alias)
    return {
      root,
      env,
      signal,
      policy,
      ...(integration ? { credentials: credentialsOf(integration, world.env) } : {}),
    }
  }
  let servers: McpServers | undefined
  const { maxOutputBytes } = policy
  return {
    find: (name) => registry.find(name),
    serverToolOf: (work) => serverToolOf(work, registry),
    serversOf: (assistant) => serversOf(assistant, registry),
    servers: {
      usedBy(user) {
        if (!('kind' in user)) return serversOf(user, registry).map(({ server }) => server)
        const tool = serverToolOf(user, registry)
        return tool ? [tool.server] : []
      },
      describe: (server) => describeServer(server, config),
      problemsOf: (server) => problemsOf(server, config),
    },
    endpointOf: (server, context, warn) => renderEndpoint(server, config, context, warn),
    toolsOf: (assistant) => [
      ...toolsOf(assistant, registry, config),
      ...createSkillTools(assistant.skillIds.flatMap((id) => skills.get(id) ?? [])).map((tool) => ({ tool })),
    ],
    async documentsOf(id, signal) {
      const datasource = config.datasources.get(id)
      if (!datasource) throw unknownDatasource(id)
      return listDatasource(contextOf(signal), datasource, true)
    },
    async run(request, signal) {
      if (request.tool === INVOKE_FLOW) {
        const { invokeFlow } = await import('./bedrock-flow.ts')
        return { result: await invokeFlow(request, config, world.env, signal) }
      }
      if (!request.mcp) return runTool(registry, request, contextOf(signal, request.integrationAlias))
      const { McpServers } = await import('../mcp/servers.ts')
      servers ??= new McpServers({ config, root, env: world.env, maxOutputBytes })
      return servers.perform(request, signal)
    },
    async close() {
      await servers?.close()
    },
  }
}

function toolsOf(
  assistant: Assistant,
  tools: ToolRegistry,
  { datasources, tools: mapping }: RepositoryConfig,
): readonly OfferedTool[] {
  const named = assistant.tools.flatMap(
    ({ name, integrationAlias = mapping.get(name)?.integrationAlias }) => {
      const lookup = tools.find(name)
      if (!lookup.found || lookup.tool.mcp) return []
      return [{ tool: lookup.tool, ...(integrationAlias === undefined ? {} : { integrationAlias }) }]
    },
  )
  const searched = assistant.datasourceIds.flatMap((id) => datasources.get(id) ?? [])
  const searches = createDatasourceTools(searched, { listing: !assistant.excludeExtraContextTools })
  return [...named, ...searches.map((tool) => ({ tool }))]
}

function serverToolOf(work: ToolWork, tools: ToolRegistry): ServerTool | undefined {
  const { mcpServer, tool, integrationAlias } = work
  if (!mcpServer) return mappedTool(tool, integrationAlias, tools)
  return { server: withIntegration(mcpServer, mcpServer.integrationAlias ?? integrationAlias), tool }
}

/** The tool of a server that the config maps a name to. What the workflow says of the integration counts more. */
function mappedTool(name: string, alias: string | undefined, tools: ToolRegistry): ServerTool | undefined {
  const lookup = tools.find(name)
  const mcp = lookup.found ? lookup.tool.mcp : undefined
  return mcp && { ...mcp, server: withIntegration(mcp.server, alias ?? mcp.server.integrationAlias) }
}

function withIntegration(server: McpServer, integrationAlias: string | undefined): McpServer {
  return integrationAlias === undefined ? server : { ...server, integrationAlias }
}

/** Those that it names, and for each tool that is mapped to a server the server with that tool. */
function serversOf(assistant: Assistant, tools: ToolRegistry): readonly UsedServer[] {
  const mapped = new Map<string, { server: McpServer; names: Map<string, string> }>()
  for (const { name, integrationAlias } of assistant.tools) {
    const mcp = mappedTool(name, integrationAlias, tools)
    if (!mcp) continue
    const { server, tool } = mcp
    const key = `${server.name} ${server.integrationAlias ?? ''}`
    const known = mapped.get(key)
    if (known) known.names.set(tool, name)
    else mapped.set(key, { server, names: new Map([[tool, name]]) })
  }
  const own = assistant.mcpServers.filter(({ enabled }) => enabled).map((server) => ({ server }))
  return [...own, ...mapped.values()]
}

/** What stands for a name that is mapped to a tool of an MCP server. */
function mappedServerTool({ mcp, tool, at, integrationAlias }: ToolMapping & { readonly mcp: string }): Tool {
  const name = `${mcp}/${tool}`
  const server: McpServer = {
    name: mcp,
    enabled: true,
    tools: [],
    config: { mcp_config_id: mcp },
    resolveDynamicArguments: false,
    ...(integrationAlias === undefined ? {} : { integrationAlias }),
    at,
  }
  return {
    name,
    description: `Tool '${tool}' of MCP server '${mcp}'`,
    parameters: {},
    reach: 'outside',
    aliases: [],
    mcp: { server, tool },
    run: () => Promise.reject(new Error(`${name} is called through its server`)),
  }
}

function unknownDatasource(id: string): StepFailure {
  return new StepFailure('datasource-unknown', `There is no datasource '${id}'`, {
    blame: 'workflow',
    help: `Say where it is: datasources: { ${id}: { path: docs } } in .codemie/config.yaml.`,
  })
}

function toolMapping({ tools }: RepositoryConfig): Readonly<Record<string, string | Tool>> {
  const pairs = [...tools.values()].map((mapping): readonly [string, string | Tool | undefined] => {
    const { name, use, mcp } = mapping
    return [name, mcp === undefined ? use : mappedServerTool({ ...mapping, mcp })]
  })
  return Object.fromEntries(pairs.filter((pair): pair is [string, string | Tool] => pair[1] !== undefined))
}

function toolPolicy({ policy }: RepositoryConfig): ToolPolicy {
  const hosts = { none: [], 'allow-list': policy.httpAllowHosts, any: ['*'] }[policy.network]
  return {
    allowedHosts: hosts,
    allowedCommands: policy.commands,
    writeFiles: true,
    writePaths: policy.writePaths,
    timeoutMs: 120_000,
    maxOutputBytes: 1024 * 1024,
  }
}

/** What programs need to run at all. No secret, no CI variable: tools get what a workflow gives them by name. */
const TOOL_VARIABLES = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SystemRoot', 'USERPROFILE', 'TEMP']

function toolEnvironment(world: World): Readonly<Record<string, string>> {
  const pairs = TOOL_VARIABLES.map((name) => [name, world.env[name]] as const)
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined))
}
