import type { Price, Provider, RepositoryConfig } from '../../schema/index.ts'
import type { ModelClientSettings } from './client.ts'
import type { ModelPrice } from './prices.ts'
import type { ProviderSettings } from './providers.ts'

/** Model of assistants that name none, where neither workflow nor config says which. */
export const LAST_RESORT_MODEL = 'gpt-5-mini'

/** What the config of a repository says of models, as the client takes it. */
export function modelSettings({ models, prices }: RepositoryConfig): ModelClientSettings {
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
