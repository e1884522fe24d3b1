import type { Price, Provider, Rates, RepositoryConfig, Workflow } from '../../schema/index.ts'
import type { ModelClientSettings } from './client.ts'
import type { ModelPrice, PriceRates } from './prices.ts'
import type { ProviderSettings } from './providers.ts'

/** Model of assistants that name none, where neither workflow nor config says which. */
export const LAST_RESORT_MODEL = 'gpt-5-mini'

/** The models of a workflow where its assistants name none: its own, or else those of the config. */
export function modelsOfWorkflow(
  { models }: Pick<Workflow, 'models'>,
  config: Pick<RepositoryConfig, 'models'>,
): { readonly defaultModel: string; readonly fallbackModels: readonly string[] } {
  return {
    defaultModel: models.default ?? config.models.default ?? LAST_RESORT_MODEL,
    fallbackModels: [...models.fallback, ...config.models.fallback],
  }
}

/** What the config of a repository says of models, as the client takes it. */
export function modelSettings({
  models,
  prices,
}: Pick<RepositoryConfig, 'models' | 'prices'>): ModelClientSettings {
  return {
    defaultProvider: models.defaultProvider,
    aliases: models.aliases,
    providers: Object.fromEntries(
      [...models.providers].map(([name, provider]) => [name, providerSettings(provider)]),
    ),
    prices: Object.fromEntries([...prices].flatMap(([model, price]) => priceEntry(model, price))),
    modelLimits: Object.fromEntries(models.limits),
  }
}

/** Half a price is no price: what a call costs would still not be known. */
function priceEntry(model: string, { long, ...short }: Price): readonly [string, ModelPrice][] {
  const price = wholeRates(short)
  if (price === undefined) return []
  if (long?.aboveInputTokens === undefined) return [[model, price]]
  const rates = wholeRates(long)
  return [
    [model, { ...price, long: { aboveInputTokens: long.aboveInputTokens, ...(rates ? { rates } : {}) } }],
  ]
}

function wholeRates({ input, output, cachedInput }: Rates): PriceRates | undefined {
  if (input === undefined || output === undefined) return undefined
  return { input, output, ...(cachedInput === undefined ? {} : { cachedInput }) }
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
