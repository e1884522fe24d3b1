import type { ToolMapping } from '../../schema/config.ts'
import type { Assistant, Integration, McpServer, RepositoryConfig, ToolWork } from '../../schema/index.ts'
import { integrationType } from '../../schema/integration-types.ts'
import type { PyDict } from '../../schema/language/index.ts'
import type { AvailableSkill } from '../assistants.ts'
import type { ToolReply, ToolRequest } from '../effect.ts'
import { StepFailure } from '../failure.ts'
import { findIntegration, missingVariables, openIntegration } from '../integrations.ts'
import { type DescribedServer, describeServer, problemsOf } from '../mcp/check.ts'
import { renderEndpoint } from '../mcp/endpoint.ts'
import type { McpServers } from '../mcp/servers.ts'
import { withholding } from '../policy/withhold.ts'
import type { PreflightProblem } from '../preflight.ts'
import type { Project } from '../project.ts'
import { INVOKE_FLOW } from '../steps/bedrock-flow.ts'
import { listDatasource } from '../steps/documents-tree-listing.ts'
import type { FoundTool, OfferedTool, StepKit, UsedServer } from '../steps/kit.ts'
import type { World } from '../world.ts'
import { createBuiltInTools } from './built-in.ts'
import { createDatasourceTools } from './datasource.ts'
import { refusedByPolicy } from './define-tool.ts'
import { loadFamilies, TOOL_FAMILIES } from './families.ts'
import { hostEntryOf } from './http-policy.ts'
import { apiToolPrefix } from './integrations/openapi/name.ts'
import type { ApiPlace } from './integrations/openapi/tools.ts'
import { createToolRegistry, runTool, type ToolRegistry } from './registry.ts'
import { createSkillTools } from './skill.ts'
import type { ServerTool, Tool, ToolContext, ToolIntegration, ToolPolicy } from './tool.ts'

/** The tools of a project: the built-in ones, those of its datasources, and what its config says of both. */
export interface ProjectTools {
  /** What a state or an assistant gets for a name, with the integration that calls use. `undefined`: nothing is there. */
  readonly offer: (name: string, integrationAlias?: string) => FoundTool | undefined
  /** Why a name in a workflow cannot be used here. `undefined`: it can. */
  readonly problemOf: (name: string, integrationAlias?: string) => ToolProblem | undefined
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
  /** Carries out a call; see `runTool` and `McpServers.perform`. Fails with `integration-missing`, too. */
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

/** Why a tool cannot be used. */
export interface ToolProblem {
  readonly code: 'tool-unknown' | 'integration-missing' | 'integration-secret-missing'
  /** Without a full stop. */
  readonly message: string
  readonly help: string
}

/** What workflows need of the tools of a project. */
export interface ToolNeeds {
  /** Tools that will be asked for, as workflows write them: those of families are loaded for their names only. */
  readonly named: readonly string[]
  /** Those that assistants have, by id. Default: none. */
  readonly skills?: ReadonlyMap<string, AvailableSkill> | undefined
}

/**
 * Opens the tools of a project. Starts nothing.
 *
 * @param project.root absolute real path of the repository.
 */
export async function openProjectTools(
  { config, root, configFiles }: Pick<Project, 'config' | 'root' | 'configFiles'>,
  world: World,
  { named, skills = new Map() }: ToolNeeds,
): Promise<ProjectTools> {
  const { integrations } = config
  const mapped = named.flatMap((name) => config.tools.get(name)?.use ?? name)
  const apis = await loadApis([...integrations.values()], mapped, { root, configFiles })
  const registry = createToolRegistry(
    [
      ...createBuiltInTools(),
      ...(await loadFamilies(mapped)),
      ...apis.tools,
      ...createDatasourceTools([...config.datasources.values()]),
      ...createSkillTools([...skills.values()]),
    ],
    toolMapping(config),
    [...TOOL_FAMILIES.flatMap((family) => family.names), ...apis.names],
  )
  const env = toolEnvironment(world)
  const policy = toolPolicy(config)
  const contextOf = (signal: AbortSignal): ToolContext => ({ root, env, signal, policy, sleep: world.sleep })
  const aliasOf = (name: string, written: string | undefined) =>
    written ?? config.tools.get(name)?.integrationAlias
  const offer = (name: string, written?: string): FoundTool | undefined => {
    const lookup = registry.find(name)
    if (!lookup.found) return undefined
    const alias = aliasOf(name, written)
    const found = findIntegration(lookup.tool, alias, integrations)
    const integrationAlias = (found.found ? found.integration?.alias : undefined) ?? alias
    return { tool: lookup.tool, ...(integrationAlias === undefined ? {} : { integrationAlias }) }
  }
  let servers: McpServers | undefined
  const { maxOutputBytes } = policy
  return {
    offer,
    problemOf(name, written) {
      const lookup = registry.find(name)
      if (!lookup.found) {
        const { message, help } = apis.problemOf(name) ?? { message: lookup.problem, help: lookup.help }
        return { code: 'tool-unknown', message, help }
      }
      const found = findIntegration(lookup.tool, aliasOf(name, written), integrations)
      if (!found.found) return found
      const [variable] = found.integration ? missingVariables(found.integration, world.env) : []
      if (variable === undefined) return undefined
      return {
        code: 'integration-secret-missing',
        message: `Integration '${found.integration?.alias}' of ${lookup.tool.name} needs ${variable}, which is not set`,
        help: `Set ${variable} in the environment.`,
      }
    },
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
      ...toolsOf(assistant, offer, config),
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
        const secrets = secretsOf(integrations.get(request.integrationAlias ?? ''), world)
        return await withholding(secrets, async () => ({
          result: await invokeFlow(request, config, world.env, signal),
        }))
      }
      if (request.mcp) {
        const { McpServers } = await import('../mcp/servers.ts')
        servers ??= new McpServers({ config, root, env: world.env, maxOutputBytes })
        return servers.perform(request, signal)
      }
      const context = contextOf(signal)
      const lookup = registry.find(request.tool)
      if (!lookup.found) return runTool(registry, request, context)
      const found = findIntegration(lookup.tool, request.integrationAlias, integrations)
      if (!found.found) {
        throw new StepFailure(found.code, found.message, { blame: 'workflow', help: found.help })
      }
      if (!found.integration) return runTool(registry, request, context)
      const integration = openIntegration(found.integration, world.env)
      return await withholding(secretsOf(found.integration, world), () =>
        runTool(registry, request, {
          ...context,
          integration,
          policy: withHostOf(integration, policy, config),
        }),
      )
    },
    async close() {
      await servers?.close()
    },
  }
}

function secretsOf(integration: Integration | undefined, { env }: Pick<World, 'env'>): readonly string[] {
  return Object.values(integration?.env ?? {}).flatMap((variable) => env[variable]?.trim() || [])
}

interface Apis {
  readonly tools: readonly Tool[]
  readonly names: readonly string[]
  /** Why a document that could give a tool of a name does not. */
  readonly problemOf: (name: string) => Pick<ToolProblem, 'message' | 'help'> | undefined
}

/** Tools of the OpenAPI documents that names may mean; the others are not read. */
async function loadApis(
  integrations: readonly Integration[],
  names: readonly string[],
  within: ApiPlace,
): Promise<Apis> {
  const plain = names.map((name) => name.replace(/^_+/, ''))
  const wanted = integrations.filter(
    (one) =>
      one.options['openapi'] !== undefined && plain.some((name) => name.startsWith(apiToolPrefix(one))),
  )
  if (wanted.length === 0) return { tools: [], names: [], problemOf: () => undefined }
  const { loadApiTools } = await import('./integrations/openapi/tools.ts')
  // By the beginning of a name.
  const problems = new Map<string, Pick<ToolProblem, 'message' | 'help'>>()
  const loaded = await Promise.all(
    wanted.map(async (integration) => {
      const place = `integrations.${integration.alias}.options`
      try {
        const found = await loadApiTools(integration, plain, within)
        for (const [name, id] of found.notAllowed) {
          problems.set(name, {
            message: `the operation '${id}' is not among those that may be used`,
            help: `Add it to ${place}.operations in .codemie/config.yaml.`,
          })
        }
        return found
      } catch (error) {
        if (!(error instanceof StepFailure)) throw error
        const { message, help = `Mend ${place}.openapi in .codemie/config.yaml.` } = error
        problems.set(apiToolPrefix(integration), { message, help })
        return { tools: [], names: [] }
      }
    }),
  )
  return {
    tools: loaded.flatMap(({ tools }) => tools),
    names: loaded.flatMap((one) => one.names),
    problemOf: (name) => [...problems].find(([prefix]) => name.replace(/^_+/, '').startsWith(prefix))?.[1],
  }
}

/** The address of an integration is one that its own calls may reach, unless nothing may be. */
function withHostOf(
  integration: ToolIntegration,
  policy: ToolPolicy,
  { policy: { network } }: RepositoryConfig,
): ToolPolicy {
  if (network === 'none' && !integrationType(integration.type).isLocal) {
    throw refusedByPolicy(
      `integration ${integration.alias}`,
      'nothing may connect to a network',
      'Set policy.network in .codemie/config.yaml to allow-list.',
    )
  }
  const entry = integration.url === undefined ? undefined : hostEntryOf(integration.url)
  return entry === undefined ? policy : { ...policy, allowedHosts: [...policy.allowedHosts, entry] }
}

function toolsOf(
  assistant: Assistant,
  offer: ProjectTools['offer'],
  { datasources }: RepositoryConfig,
): readonly OfferedTool[] {
  const named = assistant.tools.flatMap(({ name, integrationAlias }) => {
    const found = offer(name, integrationAlias)
    return found && !found.tool.mcp ? [found] : []
  })
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
