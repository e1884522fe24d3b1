import type { FormatSchema } from './dialects/codemie/format.ts'
import { EFFECT_KINDS } from './effects.ts'
import { INTEGRATION_TYPES } from './integration-types.ts'

const text = (description: string): FormatSchema => ({ type: 'string', description })
const list = (description: string): FormatSchema => ({
  type: 'array',
  items: { type: 'string' },
  description,
})
const closed = (
  title: string,
  description: string,
  properties: Record<string, FormatSchema>,
): FormatSchema => ({
  title,
  type: 'object',
  description,
  properties,
})
/** A map from names chosen by the author to values of one shape. */
const named = (description: string, value: FormatSchema): FormatSchema => ({
  type: 'object',
  description,
  additionalProperties: value,
})
/** Names of environment variables, never values. */
const ENV_NAME: FormatSchema = {
  type: 'string',
  minLength: 1,
  description: 'Name of an environment variable',
}

const RATES: Readonly<Record<string, FormatSchema>> = {
  input: { type: 'number', minimum: 0, description: 'Input tokens' },
  output: { type: 'number', minimum: 0, description: 'Output tokens' },
  cached_input: {
    type: 'number',
    minimum: 0,
    description: 'Input tokens read from the cache of the provider',
  },
}

/** Kinds of model provider; each has a preset for address and key. */
export const PROVIDER_KINDS = [
  'openai',
  'azure',
  'anthropic',
  'gemini',
  'ollama',
  'openrouter',
  'custom',
] as const

/** Kinds of what an agent asks permission for, as ACP has them. Source: its `ToolKind`. */
export const AGENT_KINDS = [
  'read',
  'edit',
  'delete',
  'move',
  'search',
  'execute',
  'think',
  'fetch',
  'switch_mode',
  'other',
] as const

/** The format of `.codemie/config.yaml` as JSON Schema (draft 07); the one truth about its keys, defaults and meaning. */
export const configFileSchema: FormatSchema = {
  $id: 'codemie-ci-config',
  title: 'config',
  type: 'object',
  description: 'Settings of a repository. Secrets stay in the environment; here stand their names only',
  properties: {
    models: closed('models', 'Which model answers, and where it is reached', {
      default: text('Model of assistants that name none, as provider:model or bare'),
      default_provider: { type: 'string', default: 'openai', description: 'Provider of bare model names' },
      fallback: list('Models tried in order when the chosen one cannot answer'),
      providers: named(
        'Providers by name',
        closed('provider', 'How a provider is reached', {
          kind: {
            enum: PROVIDER_KINDS,
            description: 'Preset to start from; absent: the name if it is one, else custom',
          },
          base_url: text('Address of an OpenAI-compatible API'),
          api_key_env: ENV_NAME,
          headers: named('Further headers; not for secrets', { type: 'string' }),
          headers_env: named('Further headers whose values stand in environment variables', ENV_NAME),
          api_version: text('API version, for Azure'),
          timeout_seconds: {
            type: 'number',
            exclusiveMinimum: 0,
            default: 600,
            description: 'Limit of one call',
          },
        }),
      ),
      aliases: named('Other names of models, e.g. gpt-4.1 for openai:gpt-4.1', { type: 'string' }),
      limits: named(
        'How much goes into one call, over the built-in table; by provider:model or model',
        closed('limits', 'Limits of a model', {
          context_tokens: { type: 'integer', minimum: 1, description: 'Most input tokens' },
          output_tokens: { type: 'integer', minimum: 1, description: 'Most output tokens' },
        }),
      ),
    }),
    prices: named(
      'Prices in US dollars for a million tokens, over the built-in table; by provider:model or model',
      closed('price', 'Price of a model', {
        ...RATES,
        long: closed('long price', 'What a call with long input costs as a whole', {
          above_input_tokens: {
            type: 'integer',
            minimum: 1,
            description: 'Input tokens of the longest call with the price above',
          },
          ...RATES,
        }),
      }),
    ),
    integrations: named(
      'Integrations by alias; tools and assistants name them in integration_alias',
      closed('integration', 'An outside system', {
        type: {
          enum: Object.keys(INTEGRATION_TYPES),
          default: 'http',
          description: 'What kind of system it is',
        },
        url: text('Its address'),
        username: text('The account, where that is no secret'),
        token_env: ENV_NAME,
        password_env: ENV_NAME,
        url_env: { ...ENV_NAME, description: `${ENV_NAME.description}, for an address that is a secret` },
        env: named(
          'Further secrets: the name the tool knows them by, and the environment variable',
          ENV_NAME,
        ),
        options: { type: 'object', description: 'Settings of the type, see integrations.md' },
      }),
    ),
    tools: named(
      'Tool names of workflows and what stands for them here',
      closed('tool mapping', 'What stands for a tool', {
        use: text('Name of a built-in tool'),
        mcp: text('Name of an MCP server under mcp.servers'),
        tool: text('Name of the tool on that server; absent: the same name'),
        integration_alias: text('Integration to use when the workflow names none'),
      }),
    ),
    mcp: closed('mcp', 'MCP servers', {
      allowed_commands: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description: 'Programs that workflows may start as MCP servers',
      },
      allowed_hosts: list('Hosts that MCP servers may be reached at'),
      start_timeout_seconds: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 60,
        description: 'Limit of a start, until the server has listed its tools',
      },
      call_timeout_seconds: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 120,
        description: 'Limit of one call of a tool',
      },
      servers: named(
        'Servers by name',
        closed('MCP server', 'How a server is reached', {
          command: text('Program to start'),
          args: list(`Its arguments; \${REPOSITORY} is the root of the repository`),
          cwd: {
            enum: ['empty', 'repository'],
            default: 'empty',
            description:
              'Where the program starts: in an empty folder of its own, or at the root of the repository',
          },
          url: text('Address instead of a program'),
          env: named('Its environment: variable and the variable to copy from', ENV_NAME),
          headers_env: named('Headers whose values stand in environment variables', ENV_NAME),
          tools: list('Tools to offer; absent: all'),
          tools_sha256: {
            type: 'string',
            pattern: '^[0-9a-f]{64}$',
            description: 'Digest of its tools, as run.json has it; a server with other tools is refused',
          },
        }),
      ),
    }),
    datasources: named(
      'Datasources by id; assistants name them in datasource_ids',
      closed('datasource', 'Files that can be searched', {
        name: text('Display name'),
        description: text('What is in it; the model reads this'),
        path: text('Folder, relative to the root of the repository'),
        glob: {
          type: ['string', 'array'],
          items: { type: 'string' },
          description: 'Files in it; absent: all',
        },
        kind: {
          enum: ['code', 'documents'],
          default: 'documents',
          description: 'Code gets a tool that shows the tree',
        },
      }),
    ),
    guardrails: named(
      'Guardrails by name; workflows and assistants name them in guardrails',
      closed('guardrail', 'What is checked in the last message before a state sees it', {
        deny: list('Regular expressions (RE2) of what blocks a message'),
        mask: list('Regular expressions (RE2) of what is masked in a message'),
        prompt: text(
          'What blocks a message, in words: a model is asked, and may block what nothing else does',
        ),
        model: text('The model that is asked; absent: the default'),
      }),
    ),
    budgets: closed('budgets', 'Ceilings of every run; a workflow can set lower ones', {
      usd: { type: 'number', minimum: 0, description: 'Money in US dollars' },
      tokens: { type: 'integer', minimum: 1, description: 'Tokens, input and output together' },
      steps: { type: 'integer', minimum: 1, description: 'Steps' },
    }),
    policy: closed('policy', 'What tools may do', {
      network: {
        enum: ['none', 'allow-list', 'any'],
        default: 'allow-list',
        description: 'Where tools may connect to',
      },
      http_allow_hosts: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description: 'Hosts of the HTTP tool',
      },
      link_hosts: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description:
          'Hosts that links in comments and summaries may lead to, beside pages of this repository; other addresses are shown as text',
      },
      commands: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description: 'Programs of the command tool',
      },
      write_paths: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description: 'Globs that tools may write to',
      },
      effects: {
        type: 'array',
        items: { enum: EFFECT_KINDS },
        description: 'Kinds of effects that workflows may have carried out; absent: all that they declare',
      },
      approvers: list(
        'Who of those who may write may answer a run that waits, in the action: logins, or `id:` with the number of an account; empty: all',
      ),
      agents: named(
        'ACP agents that may be started, by the words that their command begins with',
        closed('agent', 'What a program may do that answers as an agent', {
          permissions: {
            // Which words and kinds there are is checked by `checkAgents`: of alternatives, all problems would be told.
            type: ['string', 'object'],
            additionalProperties: { enum: ['deny', 'allow'] },
            default: 'deny',
            description:
              'What it is told when it asks: deny or allow in the place of the map, or one of them for each kind of tool call; other kinds are denied',
          },
          env: {
            type: 'array',
            items: ENV_NAME,
            default: [],
            description: 'Environment variables that it gets, beside those of every program',
          },
          timeout_seconds: {
            type: 'number',
            exclusiveMinimum: 0,
            default: 1800,
            description: 'Limit of one answer',
          },
          reports_cost: {
            type: 'boolean',
            default: false,
            description: 'It tells what its answers cost; others are not asked within a budget in US dollars',
          },
        }),
      ),
    }),
    results: closed('results', 'Where records of runs are kept', {
      branch: { type: 'string', minLength: 1, default: 'codemie/runs', description: 'Branch of the records' },
      remote: { type: 'string', minLength: 1, default: 'origin', description: 'Remote to push to' },
      push: {
        enum: ['always', 'never'],
        default: 'never',
        description: 'always: every run pushes its record, as with --push',
      },
      prefix: { type: 'string', default: '', description: 'Folder on the branch' },
      keep_days: {
        type: 'integer',
        minimum: 1,
        description: 'Days that a record stays at the tip of the branch; absent: for ever',
      },
      keep_runs: {
        type: 'integer',
        minimum: 1,
        description: 'Newest records of each workflow that stay at the tip of the branch; absent: all',
      },
    }),
  },
}
