import type { Assistant, Integration, RepositoryConfig } from '../../schema/index.ts'
import { integrationType } from '../../schema/integration-types.ts'
import type { PyDict } from '../../schema/language/index.ts'
import type { ToolReply, ToolRequest } from '../effect.ts'
import { StepFailure } from '../failure.ts'
import { findIntegration, missingVariables, openIntegration } from '../integrations.ts'
import type { Project } from '../project.ts'
import { listDatasource } from '../steps/documents-tree-listing.ts'
import type { OfferedTool } from '../steps/kit.ts'
import type { World } from '../world.ts'
import { createBuiltInTools } from './built-in.ts'
import { createDatasourceTools } from './datasource.ts'
import { refusedByPolicy } from './define-tool.ts'
import { loadFamilies, TOOL_FAMILIES } from './families.ts'
import { hostEntryOf } from './http-policy.ts'
import { apiToolPrefix } from './integrations/openapi/name.ts'
import { createToolRegistry, runTool } from './registry.ts'
import type { Tool, ToolContext, ToolIntegration, ToolPolicy } from './tool.ts'

/** The tools of a project: the built-in ones, those of its datasources, and what its config says of both. */
export interface ProjectTools {
  /** What a state or an assistant gets for a name, with the integration that calls use. `undefined`: nothing is there. */
  readonly offer: (name: string, integrationAlias?: string) => OfferedTool | undefined
  /** Why a name in a workflow cannot be used here. `undefined`: it can. */
  readonly problemOf: (name: string, integrationAlias?: string) => ToolProblem | undefined
  /** What an assistant may call: the tools it names, and those that search its datasources. */
  readonly toolsOf: (assistant: Assistant) => readonly OfferedTool[]
  /** Documents of a datasource. Fails with `datasource-unknown`. */
  readonly documentsOf: (datasourceId: string, signal: AbortSignal) => Promise<readonly PyDict[]>
  /** Carries out a call; see `runTool`. Fails with `integration-missing`, too. */
  readonly run: (request: ToolRequest, signal: AbortSignal) => Promise<ToolReply>
}

/** Why a tool cannot be used. */
export interface ToolProblem {
  readonly code: 'tool-unknown' | 'integration-missing' | 'integration-secret-missing'
  /** Without a full stop. */
  readonly message: string
  readonly help: string
}

/**
 * Opens the tools of a project. Starts nothing.
 *
 * @param project.root absolute real path of the repository.
 * @param named tools that will be asked for, as workflows write them: those of families are loaded for their names only.
 */
export async function openProjectTools(
  { config, root }: Pick<Project, 'config' | 'root'>,
  world: World,
  named: readonly string[],
): Promise<ProjectTools> {
  const { integrations } = config
  const mapped = named.flatMap((name) => config.tools.get(name)?.use ?? name)
  const apis = await loadApis([...integrations.values()], mapped, root)
  const registry = createToolRegistry(
    [
      ...createBuiltInTools(),
      ...(await loadFamilies(mapped)),
      ...apis.tools,
      ...createDatasourceTools([...config.datasources.values()]),
    ],
    toolMapping(config),
    [...TOOL_FAMILIES.flatMap((family) => family.names), ...apis.names],
  )
  const env = toolEnvironment(world)
  const policy = toolPolicy(config)
  const contextOf = (signal: AbortSignal): ToolContext => ({ root, env, signal, policy, sleep: world.sleep })
  const aliasOf = (name: string, written: string | undefined) =>
    written ?? config.tools.get(name)?.integrationAlias
  const offer = (name: string, written?: string): OfferedTool | undefined => {
    const lookup = registry.find(name)
    if (!lookup.found) return undefined
    const alias = aliasOf(name, written)
    const found = findIntegration(lookup.tool, alias, integrations)
    const integrationAlias = (found.found ? found.integration?.alias : undefined) ?? alias
    return { tool: lookup.tool, ...(integrationAlias === undefined ? {} : { integrationAlias }) }
  }
  return {
    offer,
    problemOf(name, written) {
      const lookup = registry.find(name)
      if (!lookup.found) {
        const { message, help } = apis.problemOf(name) ?? { message: lookup.problem, help: lookup.help }
        return { code: 'tool-unknown', message, help: help ?? 'Mend the option openapi of the integration.' }
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
    toolsOf: (assistant) => toolsOf(assistant, offer, config),
    async documentsOf(id, signal) {
      const datasource = config.datasources.get(id)
      if (!datasource) throw unknownDatasource(id)
      return listDatasource(contextOf(signal), datasource, true)
    },
    async run(request, signal) {
      const context = contextOf(signal)
      const lookup = registry.find(request.tool)
      if (!lookup.found) return runTool(registry, request, context)
      const found = findIntegration(lookup.tool, request.integrationAlias, integrations)
      if (!found.found) {
        throw new StepFailure(found.code, found.message, { blame: 'workflow', help: found.help })
      }
      if (!found.integration) return runTool(registry, request, context)
      const integration = openIntegration(found.integration, world.env)
      return runTool(registry, request, {
        ...context,
        integration,
        policy: withHostOf(integration, policy, config),
      })
    },
  }
}

interface Apis {
  readonly tools: readonly Tool[]
  readonly names: readonly string[]
  /** Why a document that could give a tool of a name was not read. */
  readonly problemOf: (name: string) => StepFailure | undefined
}

/** Tools of the OpenAPI documents that names may mean; the others are not read. */
async function loadApis(
  integrations: readonly Integration[],
  names: readonly string[],
  root: string,
): Promise<Apis> {
  const plain = names.map((name) => name.replace(/^_+/, ''))
  const wanted = integrations.filter(
    (one) =>
      one.options['openapi'] !== undefined && plain.some((name) => name.startsWith(apiToolPrefix(one))),
  )
  if (wanted.length === 0) return { tools: [], names: [], problemOf: () => undefined }
  const { loadApiTools } = await import('./integrations/openapi/tools.ts')
  const problems = new Map<string, StepFailure>()
  const loaded = await Promise.all(
    wanted.map(async (integration) => {
      try {
        return await loadApiTools(integration, plain, root)
      } catch (error) {
        if (!(error instanceof StepFailure)) throw error
        problems.set(apiToolPrefix(integration), error)
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
  const named = assistant.tools.flatMap(({ name, integrationAlias }) => offer(name, integrationAlias) ?? [])
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

function toolMapping(config: RepositoryConfig): Readonly<Record<string, string>> {
  const pairs = [...config.tools.values()].map(({ name, use }) => [name, use])
  return Object.fromEntries(pairs.filter(([, use]) => use !== undefined))
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
