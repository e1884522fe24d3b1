import { closestName } from './closest-name.ts'

/** How a provider's OpenAI-compatible interface differs from OpenAI's own. */
export interface ProviderQuirks {
  /**
   * What happens to `response_format`: `json_schema` works, `json_object` is the most it understands, `ignored` has
   * no effect. For the last two the schema is put into the prompt.
   */
  readonly responseFormat: 'json_schema' | 'json_object' | 'ignored'
  /** The parameter that bounds the length of an answer. Its other spelling is renamed to this one. */
  readonly tokenLimit: 'max_tokens' | 'max_completion_tokens'
  /** The header that carries the key; `authorization` carries it as a bearer token. */
  readonly keyHeader: 'authorization' | 'api-key'
  /** Model ids may hold a colon (`llama3:8b`), so a bare id with an unknown prefix is not a typo. */
  readonly colonInModelIds: boolean
  /** `usage.cost` of an answer is what the call cost in US dollars. */
  readonly reportsCost: boolean
}

/** One row of the table of known providers. */
export interface ProviderPreset {
  /** `undefined`: there is no common address; the environment or the config has to give it. */
  readonly baseUrl: string | undefined
  /** Environment variables that replace `baseUrl`, first one set wins, each with how to read its value. */
  readonly baseUrlEnv: readonly { readonly name: string; readonly read: (value: string) => string }[]
  /** Environment variables that may hold the key; the first one set wins. */
  readonly keyEnv: readonly string[]
  /** `optional`: works without, e.g. a server on this machine. */
  readonly key: 'required' | 'optional'
  /** Header name to environment variable; sent when the variable is set. */
  readonly headersEnv: Readonly<Record<string, string>>
  readonly quirks: ProviderQuirks
}

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

const openAiQuirks: ProviderQuirks = {
  responseFormat: 'json_schema',
  tokenLimit: 'max_completion_tokens',
  keyHeader: 'authorization',
  colonInModelIds: false,
  reportsCost: false,
}

/** Most servers that copy the interface know the older `max_tokens` only. */
const compatibleQuirks: ProviderQuirks = { ...openAiQuirks, tokenLimit: 'max_tokens' }

const asIs = (value: string) => value

function preset(row: Partial<ProviderPreset>): ProviderPreset {
  return {
    baseUrl: undefined,
    baseUrlEnv: [],
    keyEnv: [],
    key: 'required',
    headersEnv: {},
    quirks: compatibleQuirks,
    ...row,
  }
}

const gemini = preset({
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
  keyEnv: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
})

/** The providers known by name. Addresses and variables are those of each provider's own documentation. */
export const providerPresets: Readonly<Record<string, ProviderPreset>> = {
  openai: preset({
    baseUrl: 'https://api.openai.com/v1',
    baseUrlEnv: [{ name: 'OPENAI_BASE_URL', read: asIs }],
    keyEnv: ['OPENAI_API_KEY'],
    headersEnv: { 'openai-organization': 'OPENAI_ORG_ID', 'openai-project': 'OPENAI_PROJECT_ID' },
    quirks: openAiQuirks,
  }),
  /** The `v1` interface of Azure OpenAI; the model is the name of a deployment. */
  azure: preset({
    baseUrlEnv: [
      { name: 'AZURE_OPENAI_BASE_URL', read: asIs },
      { name: 'AZURE_OPENAI_ENDPOINT', read: (value) => `${value.replace(/\/+$/, '')}/openai/v1` },
    ],
    keyEnv: ['AZURE_OPENAI_API_KEY'],
    quirks: { ...openAiQuirks, keyHeader: 'api-key' },
  }),
  /** Its compatibility page says that `response_format` is ignored. */
  anthropic: preset({
    baseUrl: 'https://api.anthropic.com/v1',
    keyEnv: ['ANTHROPIC_API_KEY'],
    quirks: { ...compatibleQuirks, responseFormat: 'ignored' },
  }),
  gemini,
  google: gemini,
  ollama: preset({
    baseUrl: 'http://localhost:11434/v1',
    baseUrlEnv: [{ name: 'OLLAMA_HOST', read: readOllamaHost }],
    keyEnv: ['OLLAMA_API_KEY'],
    key: 'optional',
    quirks: { ...compatibleQuirks, colonInModelIds: true },
  }),
  openrouter: preset({
    baseUrl: 'https://openrouter.ai/api/v1',
    keyEnv: ['OPENROUTER_API_KEY'],
    quirks: { ...compatibleQuirks, colonInModelIds: true, reportsCost: true },
  }),
  /** Needs `permissions: models: read` for the token of a GitHub Actions job. */
  github: preset({
    baseUrl: 'https://models.github.ai/inference',
    keyEnv: ['GITHUB_MODELS_TOKEN', 'GITHUB_TOKEN', 'GH_TOKEN'],
  }),
  deepseek: preset({
    baseUrl: 'https://api.deepseek.com/v1',
    keyEnv: ['DEEPSEEK_API_KEY'],
    quirks: { ...compatibleQuirks, responseFormat: 'json_object' },
  }),
  groq: preset({ baseUrl: 'https://api.groq.com/openai/v1', keyEnv: ['GROQ_API_KEY'] }),
  mistral: preset({ baseUrl: 'https://api.mistral.ai/v1', keyEnv: ['MISTRAL_API_KEY'] }),
  /** Any other server; `base_url` comes from the config. */
  custom: preset({
    baseUrlEnv: [{ name: 'CODEMIE_CI_BASE_URL', read: asIs }],
    keyEnv: ['CODEMIE_CI_API_KEY'],
    key: 'optional',
    quirks: { ...compatibleQuirks, colonInModelIds: true },
  }),
}

/**
 * Finds the endpoint of a model id.
 *
 * @param id `provider:model`, or bare for the default provider, or an alias of the settings. Only the first colon
 *   separates: `openrouter:meta-llama/llama-4:free`.
 * @param env where keys and addresses are read from, by name.
 */
export function resolveModel(id: string, settings: ModelSettings, env: ModelEnv): ResolvedModel {
  const wanted = own(settings.aliases, id.trim()) ?? id.trim()
  const place = splitModelId(wanted, settings)
  if ('problem' in place) return { ok: false, problem: place.problem }
  const { provider, model } = place
  const said = own(settings.providers, provider) ?? {}
  const base = own(providerPresets, said.like ?? provider) ?? (providerPresets.custom as ProviderPreset)

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
      credentials: () => credentials,
    },
  }
}

function splitModelId(
  id: string,
  settings: ModelSettings,
): { provider: string; model: string } | { problem: ModelProblem } {
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

function quirksOf(provider: string, settings: ModelSettings): ProviderQuirks {
  const like = own(settings.providers, provider)?.like ?? provider
  return (own(providerPresets, like) ?? (providerPresets.custom as ProviderPreset)).quirks
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
  const near = closestName(name, known)
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
  if (!isHeaderValue(value) || /\s/.test(value)) {
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
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || !isHeaderValue(value)) return false
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

/**
 * `OLLAMA_HOST` is written for the server too: often without a scheme (then port 11434 unless given), or as the
 * "all addresses" that a server listens on.
 */
function readOllamaHost(value: string): string {
  const parts = /^(https?:\/\/)?(\[[^\]]+\]|[^/:]*)(:\d+)?(\/.*)?$/.exec(value.trim())
  if (!parts) return value
  const [, scheme = 'http://', name, port = parts[1] ? '' : ':11434', path = ''] = parts
  const host = name === '' || name === '0.0.0.0' ? '127.0.0.1' : name
  return `${scheme}${host}${port}${path.replace(/\/+$/, '') || '/v1'}`
}

/** Whether an address is on this machine. */
export function isLoopback(address: string): boolean {
  const host = new URL(address).hostname
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(value)
}

/** Own keys only, so that a provider called `constructor` is simply unknown. */
function own<T>(table: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return table && Object.hasOwn(table, name) ? table[name] : undefined
}
