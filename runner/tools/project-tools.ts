import type { Assistant, RepositoryConfig } from '../../schema/index.ts'
import type { PyDict } from '../../schema/language/index.ts'
import type { ToolReply, ToolRequest } from '../effect.ts'
import { StepFailure } from '../failure.ts'
import { INVOKE_FLOW } from '../steps/bedrock-flow.ts'
import { listDatasource } from '../steps/documents-tree-listing.ts'
import type { OfferedTool } from '../steps/kit.ts'
import type { World } from '../world.ts'
import { createBuiltInTools } from './built-in.ts'
import { createDatasourceTools } from './datasource.ts'
import { credentialsOf } from './http-credentials.ts'
import { createToolRegistry, runTool, type ToolLookup, type ToolRegistry } from './registry.ts'
import type { ToolContext, ToolPolicy } from './tool.ts'

/** The tools of a project: the built-in ones, those of its datasources, and what its config says of both. */
export interface ProjectTools {
  /** What a name in a workflow stands for. */
  readonly find: (name: string) => ToolLookup
  /** What an assistant may call: the tools it names, and those that search its datasources. */
  readonly toolsOf: (assistant: Assistant) => readonly OfferedTool[]
  /** Documents of a datasource. Fails with `datasource-unknown`. */
  readonly documentsOf: (datasourceId: string, signal: AbortSignal) => Promise<readonly PyDict[]>
  /** Carries out a call; see `runTool`. */
  readonly run: (request: ToolRequest, signal: AbortSignal) => Promise<ToolReply>
}

/** `root`: absolute real path of the repository. Starts nothing. */
export function openProjectTools(config: RepositoryConfig, root: string, world: World): ProjectTools {
  const registry = createToolRegistry(
    [...createBuiltInTools(), ...createDatasourceTools([...config.datasources.values()])],
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
  return {
    find: (name) => registry.find(name),
    toolsOf: (assistant) => toolsOf(assistant, registry, config),
    async documentsOf(id, signal) {
      const datasource = config.datasources.get(id)
      if (!datasource) throw unknownDatasource(id)
      return listDatasource(contextOf(signal), datasource, true)
    },
    async run(request, signal) {
      if (request.tool !== INVOKE_FLOW)
        return runTool(registry, request, contextOf(signal, request.integrationAlias))
      const { invokeFlow } = await import('./bedrock-flow.ts')
      return { result: await invokeFlow(request, config, world.env, signal) }
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
      if (!lookup.found) return []
      return [{ tool: lookup.tool, ...(integrationAlias === undefined ? {} : { integrationAlias }) }]
    },
  )
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
