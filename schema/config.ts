import { checkAgents } from './check-agents.ts'
import { checkIntegrations } from './check-integrations.ts'
import { splitCommandLine } from './command-line.ts'
import { AGENT_KINDS, configFileSchema, PROVIDER_KINDS } from './config-format.ts'
import { compareDiagnostics, type Diagnostic, type Position, type Severity } from './diagnostic.ts'
import { validateConfigFile } from './generated/validators.mjs'
import { SECRET_KEYS } from './integration-types.ts'
import { readBoolean, readNumber, readText, readTexts } from './lax.ts'
import { nearestName } from './nearest.ts'
import { looksLikeSecret } from './secret-forms.ts'
import { checkShape, pointerTo } from './shape.ts'
import type { MoneyAndTokens } from './workflow.ts'
import { childOf, dataOf, readYaml, type YamlDocument, type YamlMap, type YamlNode } from './yaml.ts'

/** Settings of a repository, from `.codemie/config.yaml`, with defaults filled in. Holds names of secrets, never secrets. */
export interface RepositoryConfig {
  readonly file: string
  readonly models: ModelSettings
  /** US dollars for a million tokens, by `provider:model` or model; over the built-in prices. */
  readonly prices: ReadonlyMap<string, Price>
  /** By alias. */
  readonly integrations: ReadonlyMap<string, Integration>
  /** By the tool name that workflows use. */
  readonly tools: ReadonlyMap<string, ToolMapping>
  readonly mcp: McpSettings
  /** By id. */
  readonly datasources: ReadonlyMap<string, Datasource>
  /** By name. */
  readonly guardrails: ReadonlyMap<string, GuardrailSettings>
  /** Ceilings of every run. */
  readonly budgets: MoneyAndTokens
  readonly policy: Policy
  readonly results: ResultSettings
}

export interface ModelSettings {
  readonly default?: string
  /** Provider of bare model names. Default `openai`. */
  readonly defaultProvider: string
  readonly fallback: readonly string[]
  readonly providers: ReadonlyMap<string, Provider>
  /** Other names of models. */
  readonly aliases: Readonly<Record<string, string>>
  /** How much goes into one call, by `provider:model` or model; over the built-in limits. */
  readonly limits: ReadonlyMap<string, ModelLimits>
}

/** Tokens of one call. `undefined`: not said. */
export interface ModelLimits {
  readonly contextTokens?: number
  readonly outputTokens?: number
}

export type ProviderKind = (typeof PROVIDER_KINDS)[number]

export interface Provider {
  readonly name: string
  readonly kind: ProviderKind
  readonly baseUrl?: string
  /** Name of the environment variable that holds the key. */
  readonly apiKeyEnv?: string
  readonly headers: Readonly<Record<string, string>>
  /** Header name to environment variable. */
  readonly headersEnv: Readonly<Record<string, string>>
  readonly apiVersion?: string
  /** Limit of one call. Default 600 seconds. */
  readonly timeoutMs: number
  readonly at: Position
}

/** US dollars for a million tokens. `undefined`: not said. */
export interface Rates {
  readonly input?: number
  readonly output?: number
  readonly cachedInput?: number
}

export interface Price extends Rates {
  /** What a call with more than `aboveInputTokens` of input costs as a whole. */
  readonly long?: Rates & { readonly aboveInputTokens?: number }
}

export interface Integration {
  readonly alias: string
  /** A name in `INTEGRATION_TYPES`. `undefined`: not said, which means `http`. */
  readonly type?: string
  readonly url?: string
  readonly username?: string
  /** What the tool calls a secret, and the environment variable that holds it; `token` and `password` included. */
  readonly env: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, unknown>>
  readonly at: Position
}

/** What stands for a tool of a workflow: a built-in, or a tool of an MCP server. */
export interface ToolMapping {
  readonly name: string
  readonly use?: string
  readonly mcp?: string
  /** Name on the server; default: the same name. */
  readonly tool: string
  readonly integrationAlias?: string
  readonly at: Position
}

export interface McpSettings {
  /** Programs that workflows may start as servers. Default: none. */
  readonly allowedCommands: readonly string[]
  /** Default: none. */
  readonly allowedHosts: readonly string[]
  /** Until a server has listed its tools. Default: 60000. */
  readonly startTimeoutMs: number
  /** Of one call. Default: 120000. */
  readonly callTimeoutMs: number
  readonly servers: ReadonlyMap<string, McpServerSettings>
}

export interface McpServerSettings {
  readonly name: string
  readonly command?: string
  readonly args: readonly string[]
  /** Default: an empty folder of its own. */
  readonly cwd: 'empty' | 'repository'
  readonly url?: string
  /** Variable of the server to variable to copy from. */
  readonly env: Readonly<Record<string, string>>
  readonly headersEnv: Readonly<Record<string, string>>
  /** `undefined`: all. */
  readonly tools?: readonly string[]
  /** Digest of the tools that it must have, in 64 hex digits. `undefined`: any will do. */
  readonly toolsSha256?: string
  readonly at: Position
}

export interface Datasource {
  readonly id: string
  readonly name: string
  readonly description: string
  /** Folder relative to the root of the repository. Default: the root. */
  readonly path: string
  /** Default: all files. */
  readonly globs: readonly string[]
  readonly kind: 'code' | 'documents'
  readonly at: Position
}

/** What is checked in a message; all of it is. */
export interface GuardrailSettings {
  readonly name: string
  /** Patterns, RE2, that block. */
  readonly deny: readonly string[]
  /** Patterns, RE2, that are masked. */
  readonly mask: readonly string[]
  /** What blocks, for a model to judge. `undefined`: no model is asked. */
  readonly prompt?: string
  /** Default: the model of assistants that name none. */
  readonly model?: string
  readonly at: Position
}

/** What tools may do. Everything not named is refused. */
export interface Policy {
  readonly network: 'none' | 'allow-list' | 'any'
  readonly httpAllowHosts: readonly string[]
  /** Beside pages of the repository itself. */
  readonly linkHosts: readonly string[]
  readonly commands: readonly string[]
  readonly writePaths: readonly string[]
  /** Kinds of effects that workflows may have carried out. `undefined`: all that they declare. */
  readonly effects?: readonly string[]
  readonly approvers: readonly string[]
  /** ACP agents that may be started, by the words that their command begins with. */
  readonly agents: ReadonlyMap<string, AgentSettings>
}

/** Kinds of what an agent does, as the protocol has them. */
export type AgentKind = (typeof AGENT_KINDS)[number]

/** What a program may do that answers as an agent (ACP). */
export interface AgentSettings {
  /** As written. */
  readonly name: string
  /** The same, word by word. Empty: it is no plain command, and stands for nothing. */
  readonly words: readonly string[]
  /** Kinds of calls that it hears a yes to when it asks. Default: none. */
  readonly allowed: readonly AgentKind[]
  /** Environment variables that it gets beside those of every program. */
  readonly env: readonly string[]
  /** Limit of one answer. Default: 1800000. */
  readonly timeoutMs: number
  /** It tells what its answers cost, so that a budget in dollars can be kept. Default: it does not. */
  readonly reportsCost: boolean
  readonly at: Position
}

export interface ResultSettings {
  readonly branch: string
  readonly remote: string
  readonly push: 'always' | 'never'
  readonly prefix: string
  /** Days that a record stays at the tip of the branch. `undefined`: for ever. */
  readonly keepDays?: number
  /** Records of each workflow that stay at the tip of the branch. `undefined`: all. */
  readonly keepRuns?: number
}

/** What was read. `config` is there exactly when no diagnostic is an error. */
export interface ConfigResult {
  readonly config?: RepositoryConfig
  /** In file order. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Reads `.codemie/config.yaml`. Pure and total; `config` is there exactly when no diagnostic is an error. An empty file, and
 * {@link defaultConfig} for an absent one, give the defaults.
 */
export function readConfig(source: {
  readonly file: string
  readonly text?: string
  readonly bytes?: Uint8Array
}): ConfigResult {
  const document = readYaml(source.file, source.text ?? source.bytes ?? '')
  const diagnostics: Diagnostic[] = [...document.diagnostics]
  const root = document.root
  const isEmpty = root?.kind === 'scalar' && root.value === null
  if (root && !isEmpty) {
    diagnostics.push(
      ...checkShape({
        document,
        node: root,
        base: '',
        schema: configFileSchema,
        validate: validateConfigFile,
      }),
      ...secretsIn(document, root),
      ...(root.kind === 'map' ? checkRelations(document, root) : []),
      ...checkIntegrations(document, childOf(root, 'integrations'), isInside),
      ...checkAgents(document, childOf(childOf(root, 'policy'), 'agents')),
    )
  }
  diagnostics.sort(compareDiagnostics)
  if (!root || diagnostics.some((diagnostic) => diagnostic.severity === 'error')) return { diagnostics }
  return { config: lowerConfig(document, root), diagnostics }
}

/** The settings of a repository without `.codemie/config.yaml`. */
export function defaultConfig(): RepositoryConfig {
  const document = readYaml('.codemie/config.yaml', '')
  return lowerConfig(document, document.root)
}

type Entry = readonly [name: string, node: YamlNode, at: Position]

function entriesOf(document: YamlDocument, node: YamlNode | undefined): readonly Entry[] {
  if (node?.kind !== 'map') return []
  return [...node.entries].map(
    ([name, entry]) => [name, entry.value, document.at(entry.key.start, entry.key.end)] as const,
  )
}

function textsIn(node: YamlNode | undefined): Readonly<Record<string, string>> {
  if (node?.kind !== 'map') return {}
  const pairs = [...node.entries].map(([name, entry]) => [name, readText(entry.value)] as const)
  return Object.fromEntries(pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined))
}

/** Drops keys without a value. */
function present<T extends Record<string, unknown>>(
  object: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never
}

function namedBy<T>(entries: readonly Entry[], make: (...entry: Entry) => T): ReadonlyMap<string, T> {
  return new Map(entries.map((entry) => [entry[0], make(...entry)]))
}

function kindOfProvider(name: string, node: YamlNode): ProviderKind {
  const kind = readText(childOf(node, 'kind')) ?? name
  return PROVIDER_KINDS.find((known) => known === kind) ?? 'custom'
}

const DEFAULT_TIMEOUT_SECONDS = 600

function readRates(node: YamlNode | undefined): Rates {
  return present({
    input: readNumber(childOf(node, 'input')),
    output: readNumber(childOf(node, 'output')),
    cachedInput: readNumber(childOf(node, 'cached_input')),
  })
}

const DEFAULT_AGENT_TIMEOUT_SECONDS = 1800

function readAgent(name: string, node: YamlNode, at: Position): AgentSettings {
  const split = splitCommandLine(name)
  const permissions = childOf(node, 'permissions')
  return {
    name,
    words: split.ok ? split.words : [],
    allowed: AGENT_KINDS.filter((kind) => readText(childOf(permissions, kind) ?? permissions) === 'allow'),
    env: readTexts(childOf(node, 'env')) ?? [],
    timeoutMs: (readNumber(childOf(node, 'timeout_seconds')) ?? DEFAULT_AGENT_TIMEOUT_SECONDS) * 1000,
    reportsCost: readBoolean(childOf(node, 'reports_cost')) ?? false,
    at,
  }
}

function lowerConfig(document: YamlDocument, root: YamlNode | undefined): RepositoryConfig {
  const get = (...keys: readonly string[]) =>
    keys.reduce<YamlNode | undefined>((node, key) => childOf(node, key), root)
  const text = (...keys: readonly string[]) => readText(get(...keys))
  const texts = (...keys: readonly string[]) => readTexts(get(...keys)) ?? []
  const named = <T>(node: YamlNode | undefined, make: (...entry: Entry) => T) =>
    namedBy(entriesOf(document, node), make)
  return {
    file: document.file,
    models: {
      ...present({ default: text('models', 'default') }),
      defaultProvider: text('models', 'default_provider') ?? 'openai',
      fallback: texts('models', 'fallback'),
      aliases: textsIn(get('models', 'aliases')),
      limits: named(get('models', 'limits'), (_name, node) =>
        present({
          contextTokens: readNumber(childOf(node, 'context_tokens')),
          outputTokens: readNumber(childOf(node, 'output_tokens')),
        }),
      ),
      providers: named(get('models', 'providers'), (name, node, at) => ({
        name,
        kind: kindOfProvider(name, node),
        ...present({
          baseUrl: readText(childOf(node, 'base_url')),
          apiKeyEnv: readText(childOf(node, 'api_key_env')),
          apiVersion: readText(childOf(node, 'api_version')),
        }),
        headers: textsIn(childOf(node, 'headers')),
        headersEnv: textsIn(childOf(node, 'headers_env')),
        timeoutMs: (readNumber(childOf(node, 'timeout_seconds')) ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
        at,
      })),
    },
    prices: named(get('prices'), (_name, node) => {
      const long = childOf(node, 'long')
      const aboveInputTokens = readNumber(childOf(long, 'above_input_tokens'))
      return {
        ...readRates(node),
        ...(long ? { long: { ...readRates(long), ...present({ aboveInputTokens }) } } : {}),
      }
    }),
    integrations: named(get('integrations'), (alias, node, at) => ({
      alias,
      ...present({
        type: readText(childOf(node, 'type')),
        url: readText(childOf(node, 'url')),
        username: readText(childOf(node, 'username')),
      }),
      env: {
        ...present(
          Object.fromEntries(SECRET_KEYS.map((role) => [role, readText(childOf(node, `${role}_env`))])),
        ),
        ...textsIn(childOf(node, 'env')),
      } as Readonly<Record<string, string>>,
      options: childOf(node, 'options')
        ? (dataOf(childOf(node, 'options') as YamlNode) as Record<string, unknown>)
        : {},
      at,
    })),
    tools: named(get('tools'), (name, node, at) => ({
      name,
      ...present({
        use: readText(childOf(node, 'use')),
        mcp: readText(childOf(node, 'mcp')),
        integrationAlias: readText(childOf(node, 'integration_alias')),
      }),
      tool: readText(childOf(node, 'tool')) ?? name,
      at,
    })),
    mcp: {
      allowedCommands: texts('mcp', 'allowed_commands'),
      allowedHosts: texts('mcp', 'allowed_hosts'),
      startTimeoutMs: (readNumber(get('mcp', 'start_timeout_seconds')) ?? 60) * 1000,
      callTimeoutMs: (readNumber(get('mcp', 'call_timeout_seconds')) ?? 120) * 1000,
      servers: named(get('mcp', 'servers'), (name, node, at) => ({
        name,
        ...present({
          command: readText(childOf(node, 'command')),
          url: readText(childOf(node, 'url')),
          tools: readTexts(childOf(node, 'tools')),
          toolsSha256: readText(childOf(node, 'tools_sha256')),
        }),
        args: readTexts(childOf(node, 'args')) ?? [],
        cwd: readText(childOf(node, 'cwd')) === 'repository' ? 'repository' : 'empty',
        env: textsIn(childOf(node, 'env')),
        headersEnv: textsIn(childOf(node, 'headers_env')),
        at,
      })),
    },
    datasources: named(get('datasources'), (id, node, at) => {
      const glob = childOf(node, 'glob')
      const one = readText(glob)
      return {
        id,
        name: readText(childOf(node, 'name')) ?? id,
        description: readText(childOf(node, 'description')) ?? '',
        path: readText(childOf(node, 'path')) ?? '.',
        globs: one === undefined ? (readTexts(glob) ?? ['**']) : [one],
        kind: readText(childOf(node, 'kind')) === 'code' ? ('code' as const) : ('documents' as const),
        at,
      }
    }),
    guardrails: named(get('guardrails'), (name, node, at) => ({
      name,
      deny: readTexts(childOf(node, 'deny')) ?? [],
      mask: readTexts(childOf(node, 'mask')) ?? [],
      ...present({ prompt: readText(childOf(node, 'prompt')), model: readText(childOf(node, 'model')) }),
      at,
    })),
    budgets: present({
      usd: readNumber(get('budgets', 'usd')),
      tokens: readNumber(get('budgets', 'tokens')),
      steps: readNumber(get('budgets', 'steps')),
    }),
    policy: {
      network: (text('policy', 'network') as Policy['network'] | undefined) ?? 'allow-list',
      httpAllowHosts: texts('policy', 'http_allow_hosts'),
      linkHosts: texts('policy', 'link_hosts'),
      commands: texts('policy', 'commands'),
      writePaths: texts('policy', 'write_paths'),
      ...present({ effects: readTexts(get('policy', 'effects')) }),
      approvers: texts('policy', 'approvers'),
      agents: named(get('policy', 'agents'), readAgent),
    },
    results: {
      branch: text('results', 'branch') ?? 'codemie/runs',
      remote: text('results', 'remote') ?? 'origin',
      push: (text('results', 'push') as ResultSettings['push'] | undefined) ?? 'never',
      prefix: text('results', 'prefix') ?? '',
      ...present({
        keepDays: readNumber(get('results', 'keep_days')),
        keepRuns: readNumber(get('results', 'keep_runs')),
      }),
    },
  }
}

/** Every text of the file that has the form of a credential. Git keeps what was committed, so this is an error. */
function secretsIn(document: YamlDocument, root: YamlNode): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  const walk = (node: YamlNode, path: string, name: string) => {
    if (node.kind === 'seq') {
      for (const [i, item] of node.items.entries()) walk(item, pointerTo(path, i), name)
    } else if (node.kind === 'map') {
      for (const [key, entry] of node.entries) walk(entry.value, pointerTo(path, key), key)
    } else if (typeof node.value === 'string' && looksLikeSecret(node.value)) {
      found.push({
        ...document.at(node.start, node.end),
        code: 'secret-in-file',
        severity: 'error',
        path,
        message: `'${name}' looks like a secret written into the file`,
        expected: 'the name of an environment variable, under a key that ends in _env',
        help: 'Move it to the environment, and revoke it: git keeps what was committed',
      })
    }
  }
  walk(root, '', 'config')
  return found
}

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** What JSON Schema cannot say: names that must exist elsewhere, and paths that must stay inside. */
function checkRelations(document: YamlDocument, root: YamlMap): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  const say = (
    severity: Severity,
    code: string,
    node: YamlNode,
    path: string,
    message: string,
    more: Partial<Diagnostic>,
  ) => {
    found.push({ ...document.at(node.start, node.end), code, severity, path, message, ...more })
  }
  const get = (...keys: readonly string[]) =>
    keys.reduce<YamlNode | undefined>((node, key) => childOf(node, key), root)
  const keysOf = (node: YamlNode | undefined) => (node?.kind === 'map' ? [...node.entries.keys()] : [])

  const provider = get('models', 'default_provider')
  const providerName = readText(provider)
  const providers = [...PROVIDER_KINDS, ...keysOf(get('models', 'providers'))]
  if (provider && providerName !== undefined && !providers.includes(providerName)) {
    const near = nearestName(providerName, providers)
    say(
      'error',
      'unknown-provider',
      provider,
      '/models/default_provider',
      `There is no provider '${providerName}'`,
      {
        expected: `one of ${providers.join(', ')}`,
        ...(near === undefined ? {} : { didYouMean: near }),
        help: "Add it under 'models.providers'",
      },
    )
  }

  const envNames = (node: YamlNode | undefined, path: string) => {
    if (node?.kind !== 'map') return
    for (const [key, entry] of node.entries) {
      const at = pointerTo(path, key)
      const isEnvMap = key === 'env' || key === 'headers_env'
      if (key.endsWith('_env') && entry.value.kind === 'scalar') envName(entry.value, at)
      else if (isEnvMap && entry.value.kind === 'map')
        for (const one of entry.value.entries) envName(one[1].value, pointerTo(at, one[0]))
    }
  }
  const envName = (node: YamlNode, path: string) => {
    const value = readText(node)
    if (value === undefined || ENV_NAME.test(value) || looksLikeSecret(value)) return
    say('error', 'bad-env-name', node, path, `'${value}' is no name of an environment variable`, {
      expected: 'letters, digits and _, e.g. OPENAI_API_KEY',
      help: 'Write the name without $ and braces',
    })
  }
  for (const place of [['models', 'providers'], ['integrations'], ['mcp', 'servers']]) {
    const node = get(...place)
    for (const key of keysOf(node)) envNames(childOf(node, key), `/${place.join('/')}/${key}`)
  }

  for (const [name, node] of entriesOf(document, get('policy', 'agents'))) {
    const env = childOf(node, 'env')
    if (env?.kind !== 'seq') continue
    for (const [index, item] of env.items.entries())
      envName(item, `${pointerTo('/policy/agents', name)}/env/${index}`)
  }

  const servers = keysOf(get('mcp', 'servers'))
  for (const [name, node] of entriesOf(document, get('tools'))) {
    const path = pointerTo('/tools', name)
    const [use, mcp] = [childOf(node, 'use'), childOf(node, 'mcp')]
    if (node.kind === 'map' && (use === undefined) === (mcp === undefined)) {
      say(
        'error',
        'tool-mapping',
        node,
        path,
        `The mapping of '${name}' needs exactly one of 'use' and 'mcp'`,
        {
          help: "'use' names a built-in tool, 'mcp' a server under 'mcp.servers'",
        },
      )
    }
    const server = readText(mcp)
    if (!mcp || server === undefined || servers.includes(server)) continue
    const near = nearestName(server, servers)
    say('error', 'unknown-server', mcp, `${path}/mcp`, `There is no MCP server '${server}'`, {
      ...(near === undefined ? {} : { didYouMean: near }),
      help: "Add it under 'mcp.servers'",
    })
  }
  for (const [name, node] of entriesOf(document, get('mcp', 'servers'))) {
    if (
      node.kind !== 'map' ||
      (childOf(node, 'command') === undefined) !== (childOf(node, 'url') === undefined)
    )
      continue
    say(
      'error',
      'mcp-config',
      node,
      pointerTo('/mcp/servers', name),
      `The MCP server '${name}' needs exactly one of 'command' and 'url'`,
      {
        expected: "exactly one of 'command' and 'url'",
      },
    )
  }
  for (const [id, node] of entriesOf(document, get('datasources'))) {
    const folder = childOf(node, 'path')
    const value = readText(folder)
    if (!folder || value === undefined || isInside(value)) continue
    say(
      'error',
      'path-outside',
      folder,
      `${pointerTo('/datasources', id)}/path`,
      `'${value}' leads out of the repository`,
      {
        expected: 'a path relative to the root of the repository',
      },
    )
  }
  for (const [name, node] of entriesOf(document, get('guardrails'))) {
    if (node.kind === 'map' && ['deny', 'mask', 'prompt'].some((key) => isFilled(childOf(node, key))))
      continue
    say(
      'error',
      'guardrail-empty',
      node,
      pointerTo('/guardrails', name),
      `The guardrail '${name}' checks nothing`,
      { expected: "one or more of 'deny', 'mask' and 'prompt'" },
    )
  }
  return found
}

/** Whether a path stays below the folder it is relative to, on every system. */
function isInside(path: string): boolean {
  if (/^(?:[/\\~]|[A-Za-z]:)/.test(path)) return false
  return !path.split(/[/\\]/).includes('..')
}

/** Whether a key holds anything: a list of nothing and an empty text say as much as no key. */
function isFilled(node: YamlNode | undefined): boolean {
  return node?.kind === 'seq' ? node.items.length > 0 : node !== undefined && readText(node)?.trim() !== ''
}
