import type { Assistant, RepositoryConfig, Workflow } from '../schema/index.ts'
import {
  type ModelEndpoint,
  type ModelSettings,
  type ProviderSettings,
  providerPresets,
  resolveModel,
} from './models/providers.ts'
import type { ModelFacts, PlanOptions } from './plan.ts'
import type { Project } from './project.ts'
import { setUpRun } from './setup.ts'
import type { World } from './world.ts'

/**
 * Looks up what `planRun` needs to know besides the workflow and its input: tools, models, stored assistants, and which
 * variables are set. Reads files of the repository; calls nobody.
 */
export async function gatherPlanFacts(
  project: Project,
  workflow: Workflow,
  options: {
    readonly world: World
    readonly modelOverride?: string | undefined
  },
): Promise<Omit<PlanOptions, 'input'>> {
  const { config } = project
  const { world, modelOverride } = options
  const { env } = world
  const settings = modelSettingsOf(config)
  const { kit, tools } = setUpRun(project, workflow, world)
  const stored = await readStored(project, workflow)
  return {
    defaultModel: kit.defaultModel,
    modelOverride,
    describeModel: (id) => describeModel(id, settings, env),
    findTool: (name) => tools.find(name),
    storedAssistant: (id) => stored.get(id),
    integrationSecrets: (alias) => Object.values(config.integrations.get(alias)?.env ?? {}),
    isSet: (variable) => (env[variable] ?? '') !== '',
  }
}

async function readStored(project: Project, workflow: Workflow): Promise<ReadonlyMap<string, Assistant>> {
  const refs = new Set(
    workflow.states.flatMap(({ work }) =>
      work.kind === 'agent' && work.assistant.ref !== undefined ? [work.assistant.ref] : [],
    ),
  )
  const found = new Map<string, Assistant>()
  for (const ref of refs) {
    const assistant = (await project.assistant(ref))?.assistant
    if (assistant) found.set(ref, assistant)
  }
  return found
}

/** Where a model id leads, without its key: a missing one is a secret that is not set, not a problem of the plan. */
export function describeModel(
  id: string,
  settings: ModelSettings,
  env: Readonly<Record<string, string | undefined>>,
): ModelFacts {
  const resolved = resolveModel(id, settings, env)
  if (resolved.ok) return factsOf(resolved.endpoint)
  const { code, message, help } = resolved.problem
  if (code === 'provider-key-missing') {
    // With a key in place of each missing one it shows which of them this model would use.
    const withKeys = resolveModel(id, settings, { ...placeholderKeys(settings), ...withoutEmpty(env) })
    if (withKeys.ok) return factsOf(withKeys.endpoint)
  }
  return { id, problem: { message, help } }
}

function factsOf({ provider, model, keyVariable }: ModelEndpoint): ModelFacts {
  return { id: `${provider}:${model}`, keyVariable }
}

function placeholderKeys(settings: ModelSettings): Readonly<Record<string, string>> {
  const names = [
    ...Object.values(providerPresets).flatMap(({ keyEnv }) => keyEnv.slice(0, 1)),
    ...Object.values(settings.providers ?? {}).flatMap(({ api_key_env }) => api_key_env ?? []),
  ]
  return Object.fromEntries(names.map((name) => [name, 'placeholder']))
}

function withoutEmpty(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value ? [[name, value] as const] : [])),
  )
}

/** The model settings of a repository as the provider table reads them. */
export function modelSettingsOf(config: RepositoryConfig): ModelSettings {
  const providers = new Map<string, ProviderSettings>()
  for (const {
    name,
    kind,
    baseUrl,
    apiKeyEnv,
    headers,
    headersEnv,
    apiVersion,
  } of config.models.providers.values()) {
    providers.set(name, {
      like: kind,
      headers,
      headers_env: headersEnv,
      ...(baseUrl === undefined ? {} : { base_url: baseUrl }),
      ...(apiKeyEnv === undefined ? {} : { api_key_env: apiKeyEnv }),
      ...(apiVersion === undefined ? {} : { query: { 'api-version': apiVersion } }),
    })
  }
  return {
    defaultProvider: config.models.defaultProvider,
    aliases: config.models.aliases,
    providers: Object.fromEntries(providers),
  }
}
