import type { Assistant, Price, Provider, RepositoryConfig, Workflow } from '../schema/index.ts'
import type { Perform } from './effect.ts'
import { openDoor } from './engine/door.ts'
import { StepFailure } from './failure.ts'
import { createModelClient, type HttpModelClient, type ModelClientSettings } from './models/client.ts'
import type { ModelPrice } from './models/prices.ts'
import type { ProviderSettings } from './models/providers.ts'
import { createStructuredOutput } from './models/structured.ts'
import type { Project } from './project.ts'
import { listDatasource } from './steps/documents-tree-listing.ts'
import type { OfferedTool, StepKit } from './steps/kit.ts'
import { createBuiltInTools } from './tools/built-in.ts'
import { createDatasourceTools } from './tools/datasource.ts'
import { credentialsOf } from './tools/http-credentials.ts'
import { createToolRegistry, runTool, type ToolRegistry } from './tools/registry.ts'
import type { ToolContext, ToolPolicy } from './tools/tool.ts'
import type { World } from './world.ts'

/** Model of assistants that name none, where neither workflow nor config says which. */
export const LAST_RESORT_MODEL = 'gpt-5-mini'

/** All that running a workflow needs beside the workflow. */
export interface RunSetup {
  readonly kit: StepKit
  /** The door to the real world. */
  readonly perform: Perform
  readonly models: HttpModelClient
  readonly tools: ToolRegistry
  readonly knowsPrice: (model: string) => boolean
}

/** Wires models and tools up from a project's config and the environment. Loads and starts nothing. */
export function setUpRun(
  { config, root }: Pick<Project, 'config' | 'root'>,
  workflow: Workflow,
  world: World,
  options: { readonly model?: string } = {},
): RunSetup {
  const tools = createToolRegistry(
    [...createBuiltInTools(), ...createDatasourceTools([...config.datasources.values()])],
    toolMapping(config),
  )
  const settings = modelSettings(config)
  const models = createModelClient({ settings, env: world.env, now: world.now })
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
    models,
    tools,
    knowsPrice: (model) => models.priceOf(model) !== undefined,
    kit: {
      defaultModel: workflow.models.default ?? config.models.default ?? LAST_RESORT_MODEL,
      ...(options.model === undefined ? {} : { modelOverride: options.model }),
      fallbackModels: [...workflow.models.fallback, ...config.models.fallback],
      structured: createStructuredOutput(),
      findTool(name) {
        const lookup = tools.find(name)
        return lookup.found ? lookup.tool : undefined
      },
      toolsOf: (assistant) => toolsOf(assistant, tools, config),
      async documentsOf(id, signal) {
        const datasource = config.datasources.get(id)
        if (!datasource) throw unknownDatasource(id)
        return listDatasource(contextOf(signal), datasource, true)
      },
    },
    perform: openDoor({
      model: ({ request, signal, onText }) => models.call(request, { signal, ...(onText ? { onText } : {}) }),
      tool: ({ request, signal }) => runTool(tools, request, contextOf(signal, request.integrationAlias)),
    }),
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

function modelSettings({ models, prices }: RepositoryConfig): ModelClientSettings {
  return {
    defaultProvider: models.defaultProvider,
    aliases: models.aliases,
    providers: Object.fromEntries(
      [...models.providers].map(([name, provider]) => [name, providerSettings(provider)]),
    ),
    prices: Object.fromEntries([...prices].flatMap(([model, price]) => priceEntry(model, price))),
  }
}

/** Half a price is no price: what a call costs would still not be known. */
function priceEntry(model: string, { input, output, cachedInput }: Price): readonly [string, ModelPrice][] {
  if (input === undefined || output === undefined) return []
  return [[model, { input, output, ...(cachedInput === undefined ? {} : { cachedInput }) }]]
}

function providerSettings(provider: Provider): ProviderSettings {
  return {
    like: provider.kind,
    headers: provider.headers,
    headers_env: provider.headersEnv,
    timeout_seconds: provider.timeoutMs / 1000,
    ...(provider.baseUrl === undefined ? {} : { base_url: provider.baseUrl }),
    ...(provider.apiKeyEnv === undefined ? {} : { api_key_env: provider.apiKeyEnv }),
    ...(provider.apiVersion === undefined ? {} : { query: { 'api-version': provider.apiVersion } }),
  }
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
