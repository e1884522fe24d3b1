import type {
  AgentSettings,
  Datasource,
  GuardrailSettings,
  Integration,
  McpServerSettings,
  Provider,
  RepositoryConfig,
  ToolMapping,
} from '../config.ts'
import type { Aspect, ClassRule } from './aspect.ts'
import type { ChangeClass } from './change.ts'
import { ceiling, guards, model, models, power, powers, widest } from './classes.ts'
import { fromTo, isSame, listed, meaningOf, members, membersOf } from './values.ts'

/** Entries that the author names, each compared by its own rows. */
export interface Collection<T> {
  /** `provider` for `provider-added` and `provider-removed`. */
  readonly code: string
  /** For people. */
  readonly name: string
  readonly of: (config: RepositoryConfig) => ReadonlyMap<string, T>
  readonly aspects: readonly Aspect<T>[]
  /** What it means that one came. Default: widening. */
  readonly added?: ChangeClass
  /** What it means that one went. Default: narrowing. */
  readonly removed?: ChangeClass
}

const NETWORKS = ['none', 'allow-list', 'any']

const network: ClassRule = {
  words: 'from `none` over `allow-list` to `any`: widening; back: narrowing',
  of: (before, after) =>
    NETWORKS.indexOf(String(after)) > NETWORKS.indexOf(String(before)) ? 'widening' : 'narrowing',
}

/** Nobody named is everybody who may go on with a run. */
const approvers: ClassRule = {
  words: 'one came beside others, or nobody is named any more: widening; else narrowing',
  of: (before, after, whole) => {
    const isOpen = (list: unknown) => Array.isArray(list) && list.length === 0
    if (isOpen(before) !== isOpen(after)) return isOpen(after) ? 'widening' : 'narrowing'
    return powers.of(before, after, whole)
  },
}

const pushes: ClassRule = {
  words: 'always: widening; never: narrowing',
  of: (_before, after) => (after === 'always' ? 'widening' : 'narrowing'),
}

/** Other tools than somebody looked at, or any at all. */
const pinned: ClassRule = {
  words: 'one where there was none: narrowing; another or none: widening',
  of: (before) => (before === undefined ? 'narrowing' : 'widening'),
}

/** Tools of a server; none named is all of them. */
const offered: ClassRule = {
  words: 'all, or one more: widening; only fewer: narrowing',
  of: (before, after, whole) => {
    if (before === undefined || after === undefined) return after === undefined ? 'widening' : 'narrowing'
    return powers.of(before, after, whole)
  },
}

/** Kinds of effects; without a list definitions alone decide. */
const effectKinds: ClassRule = {
  words: 'a kind came, or there is no list any more: widening; else narrowing',
  of: offered.of,
}

/** Other names of models: the text goes to whom they stand for. */
const aliases: ClassRule = {
  words: 'one stands for another provider, came or went: widening; else neutral',
  of: (before, after, whole) => {
    const [a, b] = [membersOf(before), membersOf(after)]
    return widest(
      [...new Set([...a.keys(), ...b.keys()])].map((name) => {
        const [old, now] = [a.get(name), b.get(name)]
        if (meaningOf(old) === meaningOf(now)) return 'neutral'
        // The name of one that went is the default provider's from then on.
        return model.of(old, now, whole)
      }),
    )
  },
}

/** A budget in dollars lasts for longer when a model costs less, and a model without a price is not asked within one. */
const prices: ClassRule = {
  words: 'only raised: narrowing; else widening',
  of: (before, after) => {
    const [a, b] = [membersOf(before), membersOf(after)]
    const isRaised = (model: string) => {
      const [old, now] = [membersOf(a.get(model)), membersOf(b.get(model))]
      return [...new Set([...old.keys(), ...now.keys()])].every(
        (kind) => isSame(old.get(kind), now.get(kind)) || Number(now.get(kind)) >= Number(old.get(kind)),
      )
    }
    return [...a.keys(), ...b.keys()].every((model) => a.has(model) && b.has(model) && isRaised(model))
      ? 'narrowing'
      : 'widening'
  },
}

const sayOffered = (before: unknown, after: unknown): string => {
  const inWords = (tools: unknown) => (Array.isArray(tools) ? tools.join(', ') : 'all')
  return Array.isArray(before) && Array.isArray(after)
    ? listed(before, after)
    : `${inWords(before)} → ${inWords(after)}`
}

const digestWords = (digest: unknown): string => (typeof digest === 'string' ? digest.slice(0, 12) : 'none')

/** Environment variables whose values an entry hands on. */
const secrets = <T>(of: (one: T) => readonly (string | undefined)[]): Aspect<T> => ({
  code: 'secrets-changed',
  name: 'secrets and variables that it names',
  of: (one) => [...new Set(of(one).filter((name) => name !== undefined))].sort(),
  class: powers,
  reach: 'nothing',
  say: listed,
})

/** All that a setting can be is a list of names of what may be used. */
const list = (code: string, name: string, of: Aspect<RepositoryConfig>['of']): Aspect<RepositoryConfig> => ({
  code,
  name,
  of,
  class: powers,
  reach: 'nothing',
  say: listed,
})

/** What holds for every run in a repository. */
export const CONFIG_ASPECTS: readonly Aspect<RepositoryConfig>[] = [
  {
    code: 'model-changed',
    name: 'model',
    of: (config) => config.models.default,
    class: model,
    reach: 'nothing',
  },
  {
    code: 'default-provider-changed',
    name: 'provider of bare model names',
    of: (config) => config.models.defaultProvider,
    class: 'widening',
    reach: 'nothing',
  },
  {
    code: 'fallback-models-changed',
    name: 'fallback models',
    of: (config) => config.models.fallback,
    class: models,
    reach: 'nothing',
    say: listed,
  },
  {
    code: 'model-aliases-changed',
    name: 'other names of models',
    of: (config) => config.models.aliases,
    class: aliases,
    reach: 'nothing',
    say: members,
  },
  {
    code: 'model-limits-changed',
    name: 'how much goes into one call of a model',
    of: ({ models: { limits } }) => Object.fromEntries(limits),
    // They are what is known of a model, and hold nobody back.
    class: 'neutral',
    reach: 'nothing',
    say: members,
  },
  {
    code: 'prices-changed',
    name: 'prices',
    of: ({ prices }) => Object.fromEntries(prices),
    class: prices,
    reach: 'nothing',
    say: members,
  },
  {
    code: 'budget-usd-changed',
    name: 'budget in US dollars',
    of: ({ budgets }) => budgets.usd,
    class: ceiling,
    reach: 'nothing',
  },
  {
    code: 'budget-tokens-changed',
    name: 'budget in tokens',
    of: ({ budgets }) => budgets.tokens,
    class: ceiling,
    reach: 'nothing',
  },
  {
    code: 'budget-steps-changed',
    name: 'budget in steps',
    of: ({ budgets }) => budgets.steps,
    class: ceiling,
    reach: 'nothing',
  },
  {
    code: 'network-changed',
    name: 'network of tools',
    of: ({ policy }) => policy.network,
    class: network,
    reach: 'nothing',
  },
  list('hosts-changed', 'hosts of the HTTP tool', ({ policy }) => policy.httpAllowHosts),
  list('link-hosts-changed', 'hosts of links in answers of models', ({ policy }) => policy.linkHosts),
  list('commands-changed', 'programs of the command tool', ({ policy }) => policy.commands),
  list('write-paths-changed', 'files that tools may write', ({ policy }) => policy.writePaths),
  {
    code: 'effects-changed',
    name: 'effects of workflows',
    of: ({ policy }) => policy.effects,
    class: effectKinds,
    reach: 'nothing',
    say: (before, after) =>
      before === undefined || after === undefined ? fromTo(before, after) : listed(before, after),
  },
  list('mcp-commands-changed', 'programs of MCP servers', ({ mcp }) => mcp.allowedCommands),
  list('mcp-hosts-changed', 'hosts of MCP servers', ({ mcp }) => mcp.allowedHosts),
  {
    code: 'mcp-timeouts-changed',
    name: 'time limits of MCP servers',
    of: ({ mcp }) => ({ start: `${mcp.startTimeoutMs} ms`, call: `${mcp.callTimeoutMs} ms` }),
    class: 'neutral',
    reach: 'nothing',
    say: members,
  },
  {
    code: 'approvers-changed',
    name: 'who may approve',
    of: ({ policy }) => policy.approvers,
    class: approvers,
    reach: 'nothing',
    say: listed,
  },
  {
    code: 'results-place-changed',
    name: 'where records are kept',
    of: ({ results: { remote, branch, prefix } }) => ({ remote, branch, prefix }),
    class: 'widening',
    reach: 'nothing',
    say: members,
  },
  {
    code: 'results-push-changed',
    name: 'records are pushed',
    of: ({ results }) => results.push,
    class: pushes,
    reach: 'nothing',
  },
  {
    code: 'retention-changed',
    name: 'how long records stay',
    of: ({ results: { keepDays, keepRuns } }) => ({ days: keepDays, runs: keepRuns }),
    class: 'neutral',
    reach: 'nothing',
    say: members,
  },
]

const PROVIDERS: Collection<Provider> = {
  code: 'provider',
  name: 'provider',
  // A built-in one of the same name takes its place.
  removed: 'widening',
  of: (config) => config.models.providers,
  aspects: [
    {
      code: 'provider-kind-changed',
      name: 'kind',
      of: ({ kind }) => kind,
      class: 'widening',
      reach: 'nothing',
    },
    {
      code: 'provider-address-changed',
      name: 'address',
      of: ({ baseUrl }) => baseUrl,
      class: 'widening',
      reach: 'nothing',
    },
    secrets(({ apiKeyEnv, headersEnv }) => [apiKeyEnv, ...Object.values(headersEnv)]),
    {
      code: 'provider-headers-changed',
      name: 'headers',
      of: ({ headers, headersEnv }) => ({ ...headers, ...headersEnv }),
      class: 'neutral',
      reach: 'nothing',
      say: members,
    },
    {
      code: 'provider-api-version-changed',
      name: 'API version',
      of: ({ apiVersion }) => apiVersion,
      class: 'neutral',
      reach: 'nothing',
    },
    {
      code: 'provider-timeout-changed',
      name: 'time limit of a call in ms',
      of: ({ timeoutMs }) => timeoutMs,
      class: ceiling,
      reach: 'nothing',
    },
  ],
}

const INTEGRATIONS: Collection<Integration> = {
  code: 'integration',
  name: 'integration',
  of: ({ integrations }) => integrations,
  aspects: [
    {
      code: 'integration-type-changed',
      name: 'type',
      of: ({ type }) => type,
      class: 'widening',
      reach: 'nothing',
    },
    {
      code: 'integration-address-changed',
      name: 'address',
      of: ({ url }) => url,
      class: 'widening',
      reach: 'nothing',
    },
    {
      code: 'integration-account-changed',
      name: 'account',
      of: ({ username }) => username,
      class: 'widening',
      reach: 'nothing',
    },
    secrets(({ env }) => Object.values(env)),
    {
      code: 'integration-options-changed',
      name: 'options',
      of: ({ env, options }) => ({ ...options, ...env }),
      class: 'widening',
      reach: 'nothing',
      say: members,
    },
  ],
}

const TOOLS: Collection<ToolMapping> = {
  code: 'tool-mapping',
  name: 'tool',
  // A built-in one of the same name takes its place.
  removed: 'widening',
  of: ({ tools }) => tools,
  aspects: [
    {
      code: 'tool-mapping-changed',
      name: 'what stands for it',
      of: ({ use, mcp, tool }) => use ?? `${mcp ?? ''}/${tool}`,
      class: 'widening',
      reach: 'nothing',
    },
    {
      code: 'tool-integration-changed',
      name: 'integration',
      of: ({ integrationAlias }) => integrationAlias,
      class: power,
      reach: 'nothing',
    },
  ],
}

const SERVERS: Collection<McpServerSettings> = {
  code: 'mcp-server',
  name: 'MCP server',
  of: ({ mcp }) => mcp.servers,
  aspects: [
    {
      code: 'mcp-command-changed',
      name: 'command',
      of: ({ command, args }) => (command === undefined ? undefined : [command, ...args].join(' ')),
      class: 'widening',
      reach: 'nothing',
    },
    {
      code: 'mcp-folder-changed',
      name: 'folder that it starts in',
      // The other one is empty.
      of: ({ cwd }) => (cwd === 'repository' ? cwd : undefined),
      class: power,
      reach: 'nothing',
    },
    {
      code: 'mcp-address-changed',
      name: 'address',
      of: ({ url }) => url,
      class: 'widening',
      reach: 'nothing',
    },
    secrets(({ env, headersEnv }) => [...Object.values(env), ...Object.values(headersEnv)]),
    {
      code: 'mcp-variables-changed',
      name: 'variables and headers',
      of: ({ env, headersEnv }) => ({ ...env, ...headersEnv }),
      class: 'neutral',
      reach: 'nothing',
      say: members,
    },
    {
      code: 'mcp-digest-changed',
      name: 'digest of its tools',
      of: ({ toolsSha256 }) => toolsSha256,
      class: pinned,
      reach: 'nothing',
      say: (before, after) => `${digestWords(before)} → ${digestWords(after)}`,
    },
    {
      code: 'mcp-tools-changed',
      name: 'tools',
      of: ({ tools }) => tools,
      class: offered,
      reach: 'nothing',
      say: sayOffered,
    },
  ],
}

const AGENTS: Collection<AgentSettings> = {
  code: 'agent',
  name: 'ACP agent',
  of: ({ policy }) => policy.agents,
  aspects: [
    {
      code: 'agent-permissions-changed',
      name: 'what it may do',
      of: ({ allowed }) => allowed,
      class: powers,
      reach: 'nothing',
      say: listed,
    },
    secrets(({ env }) => env),
    {
      code: 'agent-timeout-changed',
      name: 'time limit of an answer in ms',
      of: ({ timeoutMs }) => timeoutMs,
      class: ceiling,
      reach: 'nothing',
    },
    {
      code: 'agent-cost-changed',
      name: 'tells what it costs',
      of: ({ reportsCost }) => reportsCost || undefined,
      class: power,
      reach: 'nothing',
    },
  ],
}

const DATASOURCES: Collection<Datasource> = {
  code: 'datasource',
  name: 'datasource',
  of: ({ datasources }) => datasources,
  aspects: [
    {
      code: 'datasource-files-changed',
      name: 'files',
      of: ({ path, globs }) => ({ folder: path, globs: globs.join(' ') }),
      class: 'widening',
      reach: 'nothing',
      say: members,
    },
    {
      code: 'datasource-description-changed',
      name: 'what the model reads of it',
      of: ({ name, description, kind }) => ({ name, description, kind }),
      class: 'neutral',
      reach: 'nothing',
      say: members,
    },
  ],
}

/** What is asked of a model. */
const question: ClassRule = {
  words: 'came: narrowing; went or is another: widening',
  of: (before) => (before === undefined ? 'narrowing' : 'widening'),
}

const GUARDRAILS: Collection<GuardrailSettings> = {
  code: 'guardrail',
  name: 'guardrail',
  // Nothing names it yet.
  added: 'neutral',
  removed: 'widening',
  of: ({ guardrails }) => guardrails,
  aspects: [
    {
      code: 'guardrail-patterns-changed',
      name: 'patterns that block',
      of: ({ deny }) => deny,
      class: guards,
      reach: 'nothing',
      say: listed,
    },
    {
      code: 'guardrail-patterns-changed',
      name: 'patterns that are masked',
      of: ({ mask }) => mask,
      class: guards,
      reach: 'nothing',
      say: listed,
    },
    {
      code: 'guardrail-prompt-changed',
      name: 'what a model is asked',
      of: ({ prompt }) => prompt,
      class: question,
      reach: 'nothing',
    },
    {
      code: 'guardrail-model-changed',
      name: 'model',
      of: ({ model: asked }) => asked,
      class: model,
      reach: 'nothing',
    },
  ],
}

/** Each list of rows is only ever given two entries of its collection. */
export const COLLECTIONS = [
  PROVIDERS,
  INTEGRATIONS,
  TOOLS,
  SERVERS,
  AGENTS,
  DATASOURCES,
  GUARDRAILS,
] as readonly Collection<unknown>[]
