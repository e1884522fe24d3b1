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
  /** The model is the name of a deployment, which says nothing of the model behind it. */
  readonly modelIsDeployment: boolean
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

const openAiQuirks: ProviderQuirks = {
  responseFormat: 'json_schema',
  tokenLimit: 'max_completion_tokens',
  keyHeader: 'authorization',
  colonInModelIds: false,
  modelIsDeployment: false,
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
    quirks: { ...openAiQuirks, keyHeader: 'api-key', modelIsDeployment: true },
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
