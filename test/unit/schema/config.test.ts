import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultConfig, readAssistantFile, readConfig, renderDiagnostic } from '../../../schema/index.ts'

const FILE = '.codemie/config.yaml'

function report(text: string): readonly string[] {
  return readConfig({ file: FILE, text }).diagnostics.map(
    (one) => `${one.severity} ${one.code} ${one.line}:${one.column}`,
  )
}

describe('the config of a repository', () => {
  it('has no number that JSON cannot write, of which a record would hold nothing', () => {
    const text = 'prices: { m: { input: .inf, output: .nan } }\nbudgets: { usd: .inf, steps: .inf }\n'
    const { diagnostics } = readConfig({ file: FILE, text })
    expect(diagnostics.map(({ code, expected, found }) => [code, expected, found])).toEqual([
      ['wrong-type', 'a number', '.inf, which is no finite number'],
      ['wrong-type', 'a number', '.nan, which is no finite number'],
      ['wrong-type', 'a number', '.inf, which is no finite number'],
      ['wrong-type', 'a whole number', '.inf, which is no finite number'],
    ])
  })

  it('has a default for everything', () => {
    const { at: _at, ...config } = { ...defaultConfig(), at: undefined }
    expect(config).toEqual({
      file: FILE,
      models: {
        defaultProvider: 'openai',
        fallback: [],
        aliases: {},
        limits: new Map(),
        providers: new Map(),
      },
      prices: new Map(),
      integrations: new Map(),
      tools: new Map(),
      mcp: {
        allowedCommands: [],
        allowedHosts: [],
        startTimeoutMs: 60_000,
        callTimeoutMs: 120_000,
        servers: new Map(),
      },
      datasources: new Map(),
      guardrails: new Map(),
      budgets: {},
      policy: {
        network: 'allow-list',
        httpAllowHosts: [],
        linkHosts: [],
        commands: [],
        writePaths: [],
        approvers: [],
        agents: new Map(),
      },
      results: { branch: 'codemie/runs', remote: 'origin', push: 'never', prefix: '' },
    })
    expect(readConfig({ file: FILE, text: '# nothing yet\n' }).config).toEqual(defaultConfig())
  })

  it('is read with places', () => {
    const text = `models:
  default: azure:gpt
  default_provider: local
  providers:
    azure: {base_url: "https://example.test", api_key_env: AZURE_KEY, api_version: "1", timeout_seconds: 5}
    local: {kind: ollama}
  limits: {big: {context_tokens: 2000, output_tokens: 100}, small: {output_tokens: 10}}
prices:
  azure:gpt: {input: 2.5, output: 10}
  big: {input: 1, output: 2, long: {above_input_tokens: 1000, input: 3, output: 4, cached_input: 0.5}}
integrations:
  jira: {type: jira, url: "https://example.test", token_env: JIRA_TOKEN, env: {user: JIRA_USER}}
tools:
  search_docs: {mcp: docs, tool: search}
mcp:
  allowed_commands: [npx]
  servers:
    docs: {command: npx, args: [-y, docs], env: {KEY: DOCS_KEY}}
datasources:
  handbook: {path: docs, glob: "**/*.md"}
guardrails:
  people: {deny: [a], mask: [b, c], prompt: Names of people, model: m}
policy:
  agents:
    goose acp: {permissions: {read: allow, search: allow, edit: deny}, env: [GOOSE_MODEL], timeout_seconds: 60, reports_cost: true}
budgets: {usd: 2}
results: {push: never, keep_days: 90}
`
    const { config, diagnostics } = readConfig({ file: FILE, text })
    expect(diagnostics).toEqual([])
    expect(config?.models.providers.get('azure')).toEqual({
      name: 'azure',
      kind: 'azure',
      baseUrl: 'https://example.test',
      apiKeyEnv: 'AZURE_KEY',
      apiVersion: '1',
      headers: {},
      headersEnv: {},
      timeoutMs: 5000,
      at: { file: FILE, line: 5, column: 5, endLine: 5, endColumn: 10 },
    })
    expect(config?.models.providers.get('local')?.kind).toBe('ollama')
    expect(config?.prices.get('azure:gpt')).toEqual({ input: 2.5, output: 10 })
    expect(config?.prices.get('big')).toEqual({
      input: 1,
      output: 2,
      long: { aboveInputTokens: 1000, input: 3, output: 4, cachedInput: 0.5 },
    })
    expect(config?.models.limits).toEqual(
      new Map([
        ['big', { contextTokens: 2000, outputTokens: 100 }],
        ['small', { outputTokens: 10 }],
      ]),
    )
    expect(config?.integrations.get('jira')?.env).toEqual({ token: 'JIRA_TOKEN', user: 'JIRA_USER' })
    expect(config?.tools.get('search_docs')).toMatchObject({ mcp: 'docs', tool: 'search' })
    expect(config?.mcp.servers.get('docs')).toMatchObject({
      command: 'npx',
      args: ['-y', 'docs'],
      env: { KEY: 'DOCS_KEY' },
    })
    expect(config?.datasources.get('handbook')).toMatchObject({
      path: 'docs',
      globs: ['**/*.md'],
      kind: 'documents',
    })
    expect(config?.policy.agents.get('goose acp')).toMatchObject({
      words: ['goose', 'acp'],
      allowed: ['read', 'search'],
      env: ['GOOSE_MODEL'],
      timeoutMs: 60_000,
      reportsCost: true,
    })
    expect(config?.guardrails.get('people')).toMatchObject({
      deny: ['a'],
      mask: ['b', 'c'],
      prompt: 'Names of people',
      model: 'm',
    })
    expect([config?.budgets, config?.results.push, config?.results.keepDays]).toEqual([
      { usd: 2 },
      'never',
      90,
    ])
  })

  it.each<[situation: string, text: string, expected: readonly string[]]>([
    ['a list', '- a', ['error wrong-type 1:1']],
    ['a mistyped key', 'modls: {}', ['warning unknown-key 1:1']],
    ['a wrong type', 'budgets: {usd: lots}', ['error wrong-type 1:16']],
    ['an unknown kind of provider', 'models: {providers: {x: {kind: azur}}}', ['error unknown-value 1:32']],
    ['an unknown default provider', 'models: {default_provider: openia}', ['error unknown-provider 1:28']],
    [
      'a key instead of the name of a variable',
      `models: {providers: {openai: {api_key_env: sk-${'a1'.repeat(12)}}}}`,
      ['error secret-in-file 1:44'],
    ],
    [
      'a token in a header',
      `models: {providers: {x: {headers: {Authorization: Bearer ghp_${'0'.repeat(36)}}}}}`,
      ['error secret-in-file 1:51'],
    ],
    [
      'a password in an address',
      'integrations: {db: {url: "postgres://me:hunter2@example.test/x"}}',
      ['error secret-in-file 1:26'],
    ],
    ['a guardrail that checks nothing', 'guardrails: {x: {model: m}}', ['error guardrail-empty 1:17']],
    [
      'a guardrail of empty keys',
      'guardrails: {x: {deny: [], mask: [], prompt: " "}}',
      ['error guardrail-empty 1:17'],
    ],
    ['a variable with a dollar sign', 'integrations: {x: {token_env: $TOKEN}}', ['error bad-env-name 1:31']],
    [
      'an env that is no name',
      'mcp: {servers: {x: {command: c, env: {A: "b c"}}}}',
      ['error bad-env-name 1:42'],
    ],
    ['a mapping to nothing', 'tools: {x: {}}', ['error tool-mapping 1:12']],
    ['a mapping to an unknown server', 'tools: {x: {mcp: docs}}', ['error unknown-server 1:18']],
    ['a server without a command', 'mcp: {servers: {x: {}}}', ['error mcp-config 1:20']],
    [
      'a kind of call that no agent tells',
      'policy: {agents: {a: {permissions: {write: allow}}}}',
      ['error agent-permission 1:37'],
    ],
    [
      'another word than allow',
      'policy: {agents: {a: {permissions: yes please}}}',
      ['error unknown-value 1:36'],
    ],
    ['an agent that needs a shell', 'policy: {agents: {"a | b": {}}}', ['error agent-command 1:19']],
    ['a value for an agent', 'policy: {agents: {a: {env: [A B]}}}', ['error bad-env-name 1:29']],
    ['a datasource outside', 'datasources: {x: {path: ../up}}', ['error path-outside 1:25']],
    ['a datasource on another drive', 'datasources: {x: {path: "C:/x"}}', ['error path-outside 1:25']],
  ])('reports %s', (_situation, text, expected) => {
    expect(report(text)).toEqual(expected)
  })

  it('says what is wrong as everywhere', () => {
    const text = 'models:\n  default_provider: openia\n'
    const [diagnostic] = readConfig({ file: FILE, text }).diagnostics
    expect(
      diagnostic && renderDiagnostic(diagnostic, text),
    ).toBe(`error unknown-provider: There is no provider 'openia'
 --> .codemie/config.yaml:2:21
  |
2 |   default_provider: openia
  |                     ^^^^^^
  = expected: one of openai, azure, anthropic, gemini, ollama, openrouter, custom
  = did you mean 'openai'?
  = help: Add it under 'models.providers'`)
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const wrapped = {
          models: value,
          mcp: { servers: value },
          tools: value,
          datasources: { a: value },
          integrations: value,
        }
        const { config, diagnostics } = readConfig({ file: FILE, text: JSON.stringify(wrapped) })
        expect(config !== undefined).toBe(!diagnostics.some((one) => one.severity === 'error'))
      }),
    )
  })
})

describe('an assistant file', () => {
  const read = (text: string) => readAssistantFile({ file: '.codemie/assistants/reviewer.yaml', text })

  it('takes its id from its name', () => {
    const { assistant, diagnostics } = read(
      'system_prompt: You review.\ntemperature: 0\ntools: [{name: read_file}]\n',
    )
    expect(diagnostics).toEqual([])
    expect(assistant).toMatchObject({
      id: 'reviewer',
      systemPrompt: 'You review.',
      temperature: 0,
    })
    expect(assistant?.tools.map((tool) => tool.name)).toEqual(['read_file'])
  })

  it.each<[situation: string, text: string, expected: readonly string[]]>([
    ['nothing', '', ['wrong-type 1:1']],
    ['no prompt', 'model: m', ['missing-key 1:1']],
    ['another id', 'id: other\nsystem_prompt: x', ['assistant-file-id 1:5']],
    ['a reference to another assistant', 'assistant_id: x\nsystem_prompt: x', ['nested-assistant 1:1']],
    ['a mistyped key', 'system_prompt: x\nmodle: m', ['unknown-key 2:1']],
    [
      'an MCP server that cannot be reached',
      'system_prompt: x\nmcp_servers: [{name: m}]',
      ['mcp-config 2:22'],
    ],
  ])('reports %s', (_situation, text, expected) => {
    expect(read(text).diagnostics.map((one) => `${one.code} ${one.line}:${one.column}`)).toEqual(expected)
  })
})
