import { type FailureInfo, StepFailure } from '../failure.ts'
import { createHttpFetch, type HttpFetchOptions } from './http-fetch.ts'
import { explainFailure, HttpStatusError, notACompletion } from './model-failure.ts'
import type { ModelEndpoint } from './providers.ts'

/** What `checkProvider` found. */
export type ProviderCheck =
  /** The server listed its models, so address, network and key are right. */
  | {
      readonly state: 'ready'
      readonly modelCount: number
      /** Whether the endpoint's model is in the list. `false` is a hint only: some lists leave aliases out. */
      readonly listsModel: boolean
    }
  /** A server answers, but has no list of models; nothing is known about the key. */
  | { readonly state: 'reachable'; readonly status: number }
  | { readonly state: 'failed'; readonly failure: FailureInfo }

/**
 * Asks a provider for its list of models (`GET <base URL>/models`): costs nothing and shows whether address, proxy,
 * certificates and key work.
 *
 * @param signal aborts the check; the promise then rejects with its reason.
 * @param options `env` for the proxies; every limit is 10 s unless given.
 */
export async function checkProvider(
  endpoint: ModelEndpoint,
  signal: AbortSignal,
  options: HttpFetchOptions = {},
): Promise<ProviderCheck> {
  const limitMs = 10_000
  const fetch = createHttpFetch({
    connectTimeoutMs: limitMs,
    answerTimeoutMs: limitMs,
    idleTimeoutMs: limitMs,
    ...options,
  })
  try {
    const url = new URL(`${endpoint.baseUrl}/models`)
    for (const [name, value] of Object.entries(endpoint.query)) url.searchParams.set(name, value)
    const headers = {
      accept: 'application/json',
      'user-agent': 'codemie-ci',
      ...endpoint.credentials().headers,
    }
    const response = await fetch(url, { headers, signal })
    const body = await response.text()
    if (response.status === 404 || response.status === 405)
      return { state: 'reachable', status: response.status }
    if (!response.ok) throw new HttpStatusError(response.status, response.headers, body)
    if (/^\s*</.test(body)) throw notACompletion({ endpoint, isStream: false, now: Date.now }, body)
    return readModels(body, endpoint) ?? { state: 'reachable', status: response.status }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    const failure = explainFailure(error, { endpoint, isStream: false, now: Date.now })
    if (failure instanceof StepFailure) return { state: 'failed', failure: failure.toInfo() }
    throw failure
  } finally {
    fetch.close()
  }
}

function readModels(body: string, endpoint: ModelEndpoint): ProviderCheck | undefined {
  let value: { data?: unknown } | null
  try {
    value = JSON.parse(body)
  } catch {
    return undefined
  }
  if (!Array.isArray(value?.data)) return undefined
  const ids = value.data.map((row: { id?: unknown } | null) => String(row?.id ?? ''))
  // Gemini lists `models/<id>`.
  const listsModel = ids.some((id) => id === endpoint.model || id === `models/${endpoint.model}`)
  return { state: 'ready', modelCount: ids.length, listsModel }
}
