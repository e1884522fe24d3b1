import { describe, expect, test } from 'vitest'
import { compareDefinition, isDefinition, isNothing } from '../../../schema/diff/definitions.ts'
import { tellMovedStates } from '../../../schema/diff/moved-states.ts'

const lines = (file: string, before: string | undefined, after: string | undefined, was = file) => {
  const side = (path: string, text: string | undefined) =>
    text === undefined ? undefined : { file: path, text }
  const compared = compareDefinition(side(was, before), side(file, after))
  return compared?.changes.map(
    ({ code, class: kind, state, sentence }) =>
      `${code} ${kind}: ${state === undefined ? '' : `${state}: `}${sentence}`,
  )
}

describe('the configuration', () => {
  const CONFIG = '.codemie/config.yaml'
  test.each<readonly [string, string | undefined, string | undefined, readonly string[]]>([
    [
      'comments and order',
      'budgets: { usd: 1 }\npolicy: { network: any }',
      '# a\npolicy:\n  network: "any"\nbudgets: { usd: 1.0 }',
      [],
    ],
    [
      'defaults written down',
      '{}',
      'models: { default_provider: openai }\nresults: { push: never, branch: codemie/runs }',
      [],
    ],
    ['a file that only says defaults', undefined, 'policy: { network: allow-list }', []],
    [
      'a new file',
      undefined,
      'policy: { commands: [git], network: any, link_hosts: [example.org] }',
      [
        'network-changed widening: network of tools: allow-list → any',
        'link-hosts-changed widening: hosts of links in answers of models +example.org',
        'commands-changed widening: programs of the command tool +git',
      ],
    ],
    [
      'a file that is gone',
      'policy: { commands: [git], http_allow_hosts: [example.org] }',
      undefined,
      [
        'hosts-changed narrowing: hosts of the HTTP tool −example.org',
        'commands-changed narrowing: programs of the command tool −git',
      ],
    ],
    [
      'budgets',
      'budgets: { usd: 1, tokens: 1000 }',
      'budgets: { usd: 2, steps: 5 }',
      [
        'budget-usd-changed widening: budget in US dollars: 1 → 2',
        'budget-tokens-changed widening: budget in tokens: 1000 → none',
        'budget-steps-changed narrowing: budget in steps: none → 5',
      ],
    ],
    [
      'models',
      'models: { default: gpt-5, aliases: { small: openai:gpt-5-mini }, fallback: [gpt-5] }',
      'models: { default: gpt-6, aliases: { small: other:m }, fallback: [gpt-5, other:m], default_provider: azure }',
      [
        'model-changed neutral: model: gpt-5 → gpt-6',
        'default-provider-changed widening: provider of bare model names: openai → azure',
        'fallback-models-changed widening: fallback models +other:m',
        'model-aliases-changed widening: other names of models: small: openai:gpt-5-mini → other:m',
      ],
    ],
    [
      'a provider that comes, one whose texts go elsewhere now, and one that goes',
      'models: { providers: { a: { kind: custom, base_url: "https://a.example", api_key_env: A_KEY }, c: { kind: ollama } } }',
      'models: { providers: { a: { kind: custom, base_url: "https://b.example", api_key_env: B_KEY, timeout_seconds: 5 }, b: { kind: custom, base_url: "https://c.example", api_key_env: C_KEY } } }',
      [
        "provider-address-changed widening: provider 'a': address: https://a.example → https://b.example",
        "secrets-changed widening: provider 'a': secrets and variables that it names +B_KEY −A_KEY",
        "provider-timeout-changed narrowing: provider 'a': time limit of a call in ms: 600000 → 5000",
        "provider-added widening: provider 'b' is new: kind: custom; address: https://c.example; secrets and variables that it names: C_KEY",
        "provider-removed widening: provider 'c' is gone",
      ],
    ],
    [
      'an integration',
      'integrations: { j: { type: jira, url: "https://a.example", token_env: T } }',
      'integrations: { j: { type: jira, url: "https://b.example", token_env: T, password_env: P, options: { project: X } } }',
      [
        "integration-address-changed widening: integration 'j': address: https://a.example → https://b.example",
        "secrets-changed widening: integration 'j': secrets and variables that it names +P",
        "integration-options-changed widening: integration 'j': options +project: X, +password: P",
      ],
    ],
    [
      'what stands for a tool',
      'tools: { run: { use: shell }, look: { use: read_file } }',
      'tools: { run: { mcp: box, tool: exec, integration_alias: i } }\nmcp: { servers: { box: { command: box } } }\nintegrations: { i: { type: custom } }',
      [
        "integration-added widening: integration 'i' is new: type: custom",
        "tool-mapping-changed widening: tool 'run': what stands for it: shell → box/exec",
        "tool-integration-changed widening: tool 'run': integration: none → i",
        "tool-mapping-removed widening: tool 'look' is gone",
        "mcp-server-added widening: MCP server 'box' is new: command: box",
      ],
    ],
    [
      'MCP servers',
      'mcp: { allowed_commands: [box], servers: { box: { command: box, args: [a], env: { TOKEN: BOX_TOKEN }, tools: [x], tools_sha256: abababababababababababababababababababababababababababababababab } } }',
      'mcp: { allowed_commands: [box, npx], allowed_hosts: [h], call_timeout_seconds: 9, servers: { box: { command: box, args: [b], cwd: repository, env: { TOKEN: OTHER } } } }',
      [
        'mcp-commands-changed widening: programs of MCP servers +npx',
        'mcp-hosts-changed widening: hosts of MCP servers +h',
        'mcp-timeouts-changed neutral: time limits of MCP servers: call: 120000 ms → 9000 ms',
        "mcp-command-changed widening: MCP server 'box': command: box a → box b",
        "mcp-folder-changed widening: MCP server 'box': folder that it starts in: none → repository",
        "secrets-changed widening: MCP server 'box': secrets and variables that it names +OTHER −BOX_TOKEN",
        "mcp-variables-changed neutral: MCP server 'box': variables and headers: TOKEN: BOX_TOKEN → OTHER",
        "mcp-digest-changed widening: MCP server 'box': digest of its tools: abababababab → none",
        "mcp-tools-changed widening: MCP server 'box': tools: x → all",
      ],
    ],
    [
      'datasources',
      'datasources: { d: { path: docs, glob: "*.md" } }',
      'datasources: { d: { path: ., glob: "*.md", description: All } }',
      [
        "datasource-files-changed widening: datasource 'd': files: folder: docs → .",
        'datasource-description-changed neutral: datasource \'d\': what the model reads of it: description: "" → All',
      ],
    ],
    [
      'guardrails: one that comes, one that goes, and what they look for',
      'guardrails: { a: { deny: [x, y], mask: [m] }, b: { prompt: No names }, c: { deny: [x] } }',
      'guardrails: { a: { deny: [x], mask: [m, n] }, b: { prompt: No people, model: other:m }, d: { deny: [y] } }',
      [
        "guardrail-patterns-changed widening: guardrail 'a': patterns that block −y",
        "guardrail-patterns-changed narrowing: guardrail 'a': patterns that are masked +n",
        "guardrail-prompt-changed widening: guardrail 'b': what a model is asked: No names → No people",
        "guardrail-model-changed widening: guardrail 'b': model: none → other:m",
        "guardrail-added neutral: guardrail 'd' is new: patterns that block: y",
        "guardrail-removed widening: guardrail 'c' is gone",
      ],
    ],
    [
      'patterns in another order, and a question that comes',
      'guardrails: { a: { deny: [x, y] } }',
      'guardrails: { a: { deny: [y, x], prompt: No names } }',
      [
        "guardrail-patterns-changed neutral: guardrail 'a': patterns that block: in another order",
        "guardrail-prompt-changed narrowing: guardrail 'a': what a model is asked: none → No names",
      ],
    ],
    [
      'who may approve: from nobody named, which is everybody, to one and to two',
      'policy: { network: any }',
      'policy: { network: none, approvers: [ada] }',
      [
        'network-changed narrowing: network of tools: any → none',
        'approvers-changed narrowing: who may approve +ada',
      ],
    ],
    [
      'one more who may approve',
      'policy: { approvers: [ada] }',
      'policy: { approvers: [ada, bob] }',
      ['approvers-changed widening: who may approve +bob'],
    ],
    [
      'nobody named any more',
      'policy: { approvers: [ada] }',
      '{}',
      ['approvers-changed widening: who may approve −ada'],
    ],
    [
      'what becomes of records',
      'results: { keep_days: 30 }',
      'results: { keep_days: 90, push: always, remote: elsewhere }',
      [
        'results-place-changed widening: where records are kept: remote: origin → elsewhere',
        'results-push-changed widening: records are pushed: never → always',
        'retention-changed neutral: how long records stay: days: 30 → 90',
      ],
    ],
    [
      'another name of a model that goes: the bare name is the default provider’s',
      'models: { aliases: { gpt-5: own:llama } }',
      '{}',
      ['model-aliases-changed widening: other names of models −gpt-5'],
    ],
    [
      'higher prices, with which a budget lasts for less',
      'prices: { m: { input: 1 } }',
      'prices: { m: { input: 2 } }',
      ['prices-changed narrowing: prices: m (input: 1 → 2)'],
    ],
    [
      'lower prices, with which it lasts for more',
      'prices: { m: { input: 1, output: 1 } }',
      'prices: { m: { input: 2, output: 0 } }',
      ['prices-changed widening: prices: m (input: 1 → 2, output: 1 → 0)'],
    ],
    [
      'a price of a model that could not be asked within a budget, and one that goes',
      'prices: { m: { input: 1 } }',
      'prices: { n: { input: 9 } }',
      ['prices-changed widening: prices +n: {"input":9}, −m'],
    ],
  ])('%s', (_title, before, after, expected) => {
    expect(lines(CONFIG, before, after)).toEqual(expected)
  })
})

describe('an assistant', () => {
  const FILE = '.codemie/assistants/a.yaml'
  test('says what is different as where a state asks it', () => {
    expect(
      lines(
        FILE,
        'system_prompt: You review.\ntools: [{ name: git_log }]',
        'system_prompt: You write.\ntools: [{ name: shell }]\nskill_ids: [s]',
      ),
    ).toEqual([
      'prompt-changed neutral: prompt: You review. → You write.',
      'tools-changed widening: tools +shell −git_log',
      'skills-changed widening: skills +s',
    ])
  })
  test('that is new says what it may use, and one that is gone that it is', () => {
    expect(lines(FILE, undefined, 'system_prompt: P\ntools: [{ name: shell }]\ndatasource_ids: [d]')).toEqual(
      ['assistant-added widening: is new, with tool shell; datasource d'],
    )
    expect(lines(FILE, 'system_prompt: P', undefined)).toEqual(['assistant-removed narrowing: is gone'])
  })
})

describe('a skill', () => {
  const FILE = '.codemie/skills/letters/SKILL.md'
  const SKILL = '---\nname: Letters\ndescription: How we write\nallowed-tools: read_file\n---\nBe kind.\n'
  test('is its front matter and its text', () => {
    expect(
      lines(FILE, SKILL, SKILL.replace('read_file', '[read_file, shell]').replace('kind', 'short')),
    ).toEqual([
      'skill-tools-changed widening: tools +shell',
      'instructions-changed neutral: instructions: Be kind. → Be short.',
    ])
    expect(lines(FILE, SKILL, SKILL.replace('name: Letters', '# Why\nname: "Letters"'))).toEqual([])
    expect(lines(FILE, SKILL, 'Be kind.\n')).toEqual([
      'skill-name-changed neutral: name: Letters → letters',
      'skill-description-changed neutral: description: How we write → ""',
      'skill-tools-changed narrowing: tools −read_file',
    ])
    expect(lines(FILE, undefined, SKILL)).toEqual(['skill-added widening: is new, with tools read_file'])
  })
  test('with front matter that is no YAML is invalid, with the line in the file', () => {
    const compared = compareDefinition(
      { file: FILE, text: SKILL },
      { file: FILE, text: '---\nname: [\n---\nx' },
    )
    expect(compared?.changes).toEqual([])
    expect(compared?.invalid.after).toMatch(/^[23]: /)
  })
  test('comes with files', () => {
    expect(lines('.codemie/skills/letters/tone.md', 'a', 'b')).toEqual(['text-changed neutral: text: a → b'])
  })
})

test('a template is compared as a workflow where it is one, and else as a text', () => {
  const file = '.codemie/templates/t.yaml'
  const states = (task: string) =>
    `assistants: [{ id: a, system_prompt: P }]\nstates: [{ id: s, assistant_id: a, task: ${task}, next: { state_id: end } }]`
  expect(lines(file, states('One'), states('Two'))).toEqual(['task-changed neutral: s: task: One → Two'])
  expect(lines(file, 'states: {{ states }}', 'states: {{ other }}')).toEqual([
    'text-changed neutral: text: states: {{ states }} → states: {{ other }}',
  ])
})

const workflow = (...ids: readonly string[]) =>
  `name: W\nenable_summarization_node: false\nassistants: [{ id: a, system_prompt: P, tools: [{ name: git_log }] }]\nstates:\n${ids
    .map(
      (id, index) =>
        `  - { id: ${id}, assistant_id: a, task: Do ${id}, next: { state_id: ${ids[index + 1] ?? 'end'} } }\n`,
    )
    .join('')}`
const A = '.codemie/workflows/a.yaml'
const B = '.codemie/workflows/b.yaml'

test('a new workflow says how large it is and what it may use', () => {
  expect(lines(A, undefined, workflow('one', 'two'))).toEqual([
    'workflow-added widening: is new: 2 states, with tool git_log',
  ])
  expect(lines(A, workflow('one'), undefined)).toEqual(['workflow-removed narrowing: is gone'])
})

test('a file that is split in two: the new one says where its states were', () => {
  const diffs = tellMovedStates([
    ...[
      compareDefinition(
        { file: A, text: workflow('one', 'two', 'three') },
        { file: A, text: workflow('one') },
      ),
    ].flatMap((one) => one ?? []),
    ...[compareDefinition(undefined, { file: B, text: workflow('two', 'three', 'four') })].flatMap(
      (one) => one ?? [],
    ),
  ])
  expect(diffs[1]?.changes.map(({ sentence }) => sentence)).toEqual([
    `is new: 3 states, with tool git_log; from ${A} come two, three`,
  ])
})

describe('a file that moves', () => {
  test('within its kind is compared with what it was', () => {
    expect(lines(B, workflow('one'), workflow('one'), A)).toEqual([])
    const moved = compareDefinition({ file: A, text: workflow('one') }, { file: B, text: workflow('one') })
    expect(moved).toMatchObject({ status: 'changed', before: A, file: B })
    expect(moved && isNothing(moved)).toBe(false)
  })
  test('to where it runs is new, and from there it is gone', () => {
    const draft = 'drafts/a.yaml'
    expect(lines(A, workflow('one'), workflow('one'), draft)).toEqual([
      'workflow-added widening: is new: 1 state, with tool git_log',
    ])
    expect(lines(draft, workflow('one'), workflow('one'), A)).toEqual(['workflow-removed narrowing: is gone'])
    expect(lines('.codemie/templates/a.yaml', workflow('one'), workflow('one'), A)).toEqual([
      'template-added neutral: is new',
    ])
  })
})

test.each([
  ['.codemie/workflows/a.yaml', true],
  ['.codemie/workflows/deep/a.toml', true],
  ['.codemie/workflows/a.md', false],
  ['.codemie/assistants/a.yml', true],
  ['.codemie/skills/s/SKILL.md', true],
  ['.codemie/config.yaml', true],
  ['.codemie/tests/a.yaml', false],
  ['x/.codemie/config.yaml', false],
])('%s says what may run: %s', (path, expected) => {
  expect(isDefinition(path)).toBe(expected)
})
