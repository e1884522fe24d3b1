import { isAsciiHeaderValue, isHeaderName } from '../../schema/http-header.ts'
import { nearestName } from '../../schema/nearest.ts'
import { own } from './own.ts'
import { type ProviderPreset, type ProviderQuirks, providerPresets } from './provider-presets.ts'

export { providerPresets }

/** What the project's config says of one provider (`providers: {<name>: …}`), as plain data. */
export interface ProviderSettings {
  /** Address up to the part before `/chat/completions`, e.g. `https://llm.example.org/v1`. */
  readonly base_url?: string
  /** Name of the environment variable with the key; `null`: the server wants no key. */
  readonly api_key_env?: string | null
  /** Further headers as they are. Not for secrets: the config is a committed file. */
  readonly headers?: Readonly<Record<string, string>>
  /** Further headers whose values stand in environment variables: header name to variable name. */
  readonly headers_env?: Readonly<Record<string, string>>
  /** Query parameters added to every request, e.g. `api-version`. */
  readonly query?: Readonly<Record<string, string>>
  /** Take the rest from this preset. Default: the preset of the same name, else `custom`. */
  readonly like?: string
  /** Longest time for one call, in seconds, from its start to the end of its answer. Default: no limit of its own. */
  readonly timeout_seconds?: number
  /** Replaces the preset's quirk of this name. */
  readonly response_format?: ProviderQuirks['responseFormat']
  /** Replaces the preset's quirk `tokenLimit`. */
  readonly token_limit?: ProviderQuirks['tokenLimit']
}

/** Everything that decides where a model id leads. */
export interface ModelSettings {
  /** Provider of a bare model id. Default: `openai`. */
  readonly defaultProvider?: string
  /** Other names of models: the id a workflow writes to the id that is meant. Followed once. */
  readonly aliases?: Readonly<Record<string, string>>
  readonly providers?: Readonly<Record<string, ProviderSettings>>
}

/** Environment variables, as in `process.env`. An empty value counts as not set: that is how CI passes a missing secret. */
export type ModelEnv = Readonly<Record<string, string | undefined>>

/** Where a model is and how to talk to it. Safe to print: the key is only reachable through `credentials()`. */
export interface ModelEndpoint {
  readonly provider: string
  /** The model's name as the provider knows it. */
  readonly model: string
  /** Without a trailing slash. */
  readonly baseUrl: string
  readonly query: Readonly<Record<string, string>>
  readonly quirks: ProviderQuirks
  /** The variable that holds the key, or that would; `undefined`: this provider takes none. */
  readonly keyVariable: string | undefined
  /** Longest time for one call; `undefined`: only the limits of the transport. */
  readonly timeoutMs: number | undefined
  /** Headers of a request, the key among them, and the values that must never be shown. */
  credentials(): { readonly headers: Readonly<Record<string, string>>; readonly secrets: readonly string[] }
}

/** Why a model id leads nowhere. Never holds a key. */
export interface ModelProblem {
  readonly code:
    | 'model-id-invalid'
    | 'provider-unknown'
    | 'provider-key-missing'
    | 'provider-key-malformed'
    | 'provider-url-missing'
    | 'provider-url-invalid'
    | 'provider-header-invalid'
  readonly message: string
  readonly help: string
}

export type ResolvedModel =
  | { readonly ok: true; readonly endpoint: ModelEndpoint }
  | { readonly ok: false; readonly problem: ModelProblem }

/**
 * Finds the endpoint of a model id.
 *
 * @param id `provider:model`, or bare for the default provider, or an alias of the settings. Only the first colon
 *   separates: `openrouter:meta-llama/llama-4:free`.
 * @param env where keys and addresses are read from, by name.
 */
export function resolveModel(id: string, settings: ModelSettings, env: ModelEnv): ResolvedModel {
  const place = locateModel(id, settings)
  if ('problem' in place) return { ok: false, problem: place.problem }
  const { provider, model } = place
  const said = own(settings.providers, provider) ?? {}
  const base = presetOf(provider, said)

  const address = findBaseUrl(provider, said, base, env)
  if (typeof address !== 'string') return { ok: false, problem: address }
  const key = findKey(provider, said, base, address, env, settings)
  if ('problem' in key) return { ok: false, problem: key.problem }
  const extra = collectHeaders(provider, said, base, env)
  if ('problem' in extra) return { ok: false, problem: extra.problem }

  const quirks: ProviderQuirks = {
    ...base.quirks,
    ...(said.response_format ? { responseFormat: said.response_format } : {}),
    ...(said.token_limit ? { tokenLimit: said.token_limit } : {}),
  }
  const keyHeader: Record<string, string> = key.value
    ? { [quirks.keyHeader]: quirks.keyHeader === 'authorization' ? `Bearer ${key.value}` : key.value }
    : {}
  const credentials = {
    headers: { ...keyHeader, ...extra.headers },
    secrets: [...(key.value ? [key.value] : []), ...extra.secrets],
  }
  return {
    ok: true,
    endpoint: {
      provider,
      model,
      baseUrl: address,
      query: said.query ?? {},
      quirks,
      keyVariable: key.variable,
      timeoutMs: said.timeout_seconds === undefined ? undefined : said.timeout_seconds * 1000,
      credentials: () => credentials,
    },
  }
}

/**
 * Which provider and model an id means, aliases and the default provider applied. Needs no key and no address, so it also
 * serves plans and checks.
 */
export function locateModel(
  written: string,
  settings: ModelSettings,
): { readonly provider: string; readonly model: string } | { readonly problem: ModelProblem } {
  const id = own(settings.aliases, written.trim()) ?? written.trim()
  const known = [...new Set([...Object.keys(providerPresets), ...Object.keys(settings.providers ?? {})])]
  const fallback = settings.defaultProvider ?? 'openai'
  const colon = id.indexOf(':')
  const prefix = colon < 0 ? undefined : id.slice(0, colon)
  if (prefix !== undefined && known.includes(prefix)) {
    const model = id.slice(colon + 1).trim()
    if (model !== '') return { provider: prefix, model }
    return invalidId(id, `names the provider \`${prefix}\` but no model`)
  }
  if (id === '') return invalidId(id, 'is empty')
  if (!known.includes(fallback)) return { problem: unknownProvider(fallback, known, 'the default provider') }
  // `ft:…` is how OpenAI writes a fine-tuned model.
  if (prefix === undefined || prefix === 'ft' || quirksOf(fallback, settings).colonInModelIds) {
    return { provider: fallback, model: id }
  }
  return { problem: unknownProvider(prefix, known, `the model \`${id}\``) }
}

/**
 * The variable in which the key of a model is looked for first. `undefined`: the id leads nowhere, or the provider asks for no
 * key, as a server on this machine.
 */
export function keyVariableOf(id: string, settings: ModelSettings): string | undefined {
  const place = locateModel(id, settings)
  if ('problem' in place) return undefined
  const said = own(settings.providers, place.provider) ?? {}
  if (said.api_key_env !== undefined) return said.api_key_env ?? undefined
  const { key, keyEnv } = presetOf(place.provider, said)
  return key === 'required' || said.base_url !== undefined ? keyEnv[0] : undefined
}

function quirksOf(provider: string, settings: ModelSettings): ProviderQuirks {
  return presetOf(provider, own(settings.providers, provider) ?? {}).quirks
}

/**
 * The preset that a provider starts from. One with a name and an address of its own does not get the preset's keys: they
 * belong to another host. Its key is looked for under its own name (`acme` in `ACME_API_KEY`).
 */
function presetOf(provider: string, said: ProviderSettings): ProviderPreset {
  // `custom` without an address says nothing; a preset of the provider's own name says more.
  const like = said.like === 'custom' && said.base_url === undefined ? provider : (said.like ?? provider)
  const found = own(providerPresets, like)
  const base = found ?? (providerPresets.custom as ProviderPreset)
  const isItself = found !== undefined && like === provider
  if (isItself || said.base_url === undefined) return base
  const variable = `${provider.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}_API_KEY`
  return { ...base, keyEnv: [variable], headersEnv: {} }
}

function invalidId(id: string, what: string): { problem: ModelProblem } {
  return {
    problem: {
      code: 'model-id-invalid',
      message: `The model id \`${id}\` ${what}.`,
      help: 'Write `provider:model`, e.g. `openai:gpt-4.1`, or a bare model name for the default provider.',
    },
  }
}

function unknownProvider(name: string, known: readonly string[], where: string): ModelProblem {
  const near = nearestName(name, known)
  return {
    code: 'provider-unknown',
    message: `There is no provider \`${name}\` (named by ${where}).${near ? ` Did you mean \`${near}\`?` : ''}`,
    help: `Known providers: ${known.join(', ')}. Another one is declared in the config under \`providers.${name}\` with its \`base_url\`.`,
  }
}

function findBaseUrl(
  provider: string,
  said: ProviderSettings,
  base: ProviderPreset,
  env: ModelEnv,
): string | ModelProblem {
  const fromEnv = base.baseUrlEnv.find((row) => env[row.name])
  const [text, source] =
    said.base_url !== undefined
      ? [said.base_url, `\`providers.${provider}.base_url\` in the config`]
      : fromEnv
        ? [fromEnv.read(env[fromEnv.name] as string), `the environment variable ${fromEnv.name}`]
        : [base.baseUrl, 'the preset']
  if (text === undefined) {
    const names = base.baseUrlEnv.map((row) => row.name).join(' or ')
    return {
      code: 'provider-url-missing',
      message: `The provider \`${provider}\` has no address.`,
      help: `Set \`providers.${provider}.base_url\` in the config${names ? `, or ${names} in the environment` : ''}.`,
    }
  }
  let url: URL | undefined
  try {
    url = new URL(text)
  } catch {
    // Reported below together with addresses that parse and still cannot be used.
  }
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    return {
      code: 'provider-url-invalid',
      message: `The address of the provider \`${provider}\`, from ${source}, is not an http(s) address without user and password.`,
      help: 'It looks like `https://host/v1`. A key goes into an environment variable, never into the address.',
    }
  }
  return text.trim().replace(/\/+$/, '')
}

function findKey(
  provider: string,
  said: ProviderSettings,
  base: ProviderPreset,
  address: string,
  env: ModelEnv,
  settings: ModelSettings,
): { value: string | undefined; variable: string | undefined } | { problem: ModelProblem } {
  if (said.api_key_env === null) return { value: undefined, variable: undefined }
  const names = said.api_key_env === undefined ? base.keyEnv : [said.api_key_env]
  const variable = names.find((name) => env[name]?.trim())
  if (variable === undefined) {
    // A server on this machine rarely asks for a key, whatever interface it copies.
    const optional = said.api_key_env === undefined && (base.key === 'optional' || isLoopback(address))
    if (optional) return { value: undefined, variable: names[0] }
    return { problem: missingKey(provider, names, env, settings) }
  }
  // A secret stored with `echo` ends in a line break, which no header can carry.
  const value = (env[variable] as string).trim()
  if (!isAsciiHeaderValue(value) || /\s/.test(value)) {
    return {
      problem: {
        code: 'provider-key-malformed',
        message: `The environment variable ${variable} does not hold a usable key: it has spaces, line breaks or characters outside ASCII.`,
        help: `Store the key of \`${provider}\` in ${variable} again, alone and on one line.`,
      },
    }
  }
  return { value, variable }
}

function missingKey(
  provider: string,
  names: readonly string[],
  env: ModelEnv,
  settings: ModelSettings,
): ModelProblem {
  const others = Object.entries(providerPresets)
    .filter(
      ([name, row]) => name !== provider && name !== 'github' && row.keyEnv.some((key) => env[key]?.trim()),
    )
    .map(([name]) => name)
  const other = settings.defaultProvider === undefined && provider === 'openai' ? others[0] : undefined
  return {
    code: 'provider-key-missing',
    message: `The provider \`${provider}\` needs a key, and the environment variable ${names.join(' or ')} is not set.`,
    help: `Set ${names[0]} (in GitHub Actions: \`env\` from a secret).${
      other
        ? ` A key of \`${other}\` is set: write \`${other}:<model>\`, or make \`${other}\` the default provider.`
        : ''
    }`,
  }
}

function collectHeaders(
  provider: string,
  said: ProviderSettings,
  base: ProviderPreset,
  env: ModelEnv,
): { headers: Record<string, string>; secrets: string[] } | { problem: ModelProblem } {
  const headers: Record<string, string> = {}
  const secrets: string[] = []
  const put = (name: string, value: string): boolean => {
    if (!isHeaderName(name) || !isAsciiHeaderValue(value)) return false
    headers[name.toLowerCase()] = value
    return true
  }
  for (const [name, value] of Object.entries(said.headers ?? {})) {
    if (!put(name, value)) return { problem: badHeader(provider, name, 'its value') }
  }
  for (const [name, variable] of Object.entries({ ...base.headersEnv, ...said.headers_env })) {
    const value = env[variable]?.trim()
    if (!value) continue
    if (!put(name, value)) return { problem: badHeader(provider, name, variable) }
    if (said.headers_env && Object.hasOwn(said.headers_env, name)) secrets.push(value)
  }
  return { headers, secrets }
}

function badHeader(provider: string, name: string, where: string): ModelProblem {
  return {
    code: 'provider-header-invalid',
    message: `The header \`${name}\` of the provider \`${provider}\` cannot be sent: the name or ${where} holds characters that a header may not have.`,
    help: `Correct it under \`providers.${provider}.headers\` or \`headers_env\` in the config.`,
  }
}

/** Whether an address is on this machine. */
export function isLoopback(address: string): boolean {
  const host = new URL(address).hostname
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
