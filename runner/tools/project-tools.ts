import type { Assistant, Integration, McpServer, RepositoryConfig, ToolWork } from '../../schema/index.ts'
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
import type { FoundTool, OfferedTool, StepKit } from '../steps/kit.ts'
import { PASS_PIPES } from '../steps/pipes.ts'
import { LOOK_AROUND, type LookAround } from '../steps/project-values.ts'
import { RUN_SCRIPT } from '../steps/script.ts'
import type { World } from '../world.ts'
import { loadApis } from './api-tools.ts'
import { createBuiltInTools } from './built-in.ts'
import { createDatasourceTools } from './datasource.ts'
import { loadFamilies, TOOL_FAMILIES } from './families.ts'
import { serversOf, serverToolOf, toolMapping } from './mapped-tools.ts'
import type { PipeRequest } from './pass-pipes.ts'
import { createToolRegistry, runTool } from './registry.ts'
import type { ScriptRequest } from './script.ts'
import { createSkillTools } from './skill.ts'
import type { ToolContext } from './tool.ts'
import { toolEnvironment, toolPolicy, withHostOf } from './tool-policy.ts'

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
      if (request.tool === RUN_SCRIPT) {
        const { runScript } = await import('./script.ts')
        return { result: await runScript(request.args as unknown as ScriptRequest, context) }
      }
      if (request.tool === LOOK_AROUND) {
        const { lookAround } = await import('./look-around.ts')
        return { result: await lookAround(request.args as unknown as LookAround, context, world.now()) }
      }
      if (request.tool === PASS_PIPES) {
        const { passPipes } = await import('./pass-pipes.ts')
        return { result: await passPipes(request.args as unknown as PipeRequest, context) }
      }
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

function unknownDatasource(id: string): StepFailure {
  return new StepFailure('datasource-unknown', `There is no datasource '${id}'`, {
    blame: 'workflow',
    help: `Say where it is: datasources: { ${id}: { path: docs } } in .codemie/config.yaml.`,
  })
}
