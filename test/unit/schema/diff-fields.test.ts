import { describe, expect, test } from 'vitest'
import { compareWorkflows } from '../../../schema/diff/compare.ts'
import type {
  Assistant,
  Driver,
  ErrorHandler,
  McpServer,
  State,
  TextTest,
  ToolWork,
  Transition,
  Work,
  Workflow,
} from '../../../schema/workflow.ts'

/** With no optional member left out: a new field of the model does not compile until it stands here. */
type Full<T> = T extends (infer I)[] | readonly (infer I)[]
  ? readonly Full<I>[]
  : T extends object
    ? { readonly [K in keyof T]-?: Full<T[K]> }
    : T

const at = { file: 'w.yaml', line: 1, column: 1, endLine: 1, endColumn: 2 }
const located = <T>(value: T) => ({ value, at })
const data = { key: ['text', 1n, { at: 2n }] }

const server: Full<McpServer> = {
  name: 'server',
  enabled: true,
  tools: ['offered'],
  config: data,
  resolveDynamicArguments: false,
  tokensLimit: 100,
  integrationAlias: 'alias',
  at,
}

const asked: Full<Assistant> = {
  id: 'asked',
  ref: '',
  name: 'Helper',
  systemPrompt: 'You help.',
  model: 'model',
  temperature: 0.5,
  parameters: data,
  fallbackModels: ['other'],
  tools: [{ name: 'shell', integrationAlias: 'alias', at }],
  datasourceIds: ['docs'],
  skillIds: ['skill'],
  guardrails: [located('secrets')],
  mcpServers: [server],
  toolOutputTokens: 100,
  description: 'Reviews',
  subAssistants: [],
  excludeExtraContextTools: false,
  greeting: 'Hello',
  command: ['agent'],
  commandIsOptional: false,
  at,
}

const assistant = { ...asked, id: 'helper', subAssistants: [asked] }

const tool: Full<ToolWork> = {
  kind: 'tool',
  toolId: 'call',
  tool: 'git_log',
  args: located(data),
  integrationAlias: 'alias',
  inputKey: 'input',
  resultPointer: located('/0'),
  renderResult: false,
  tokensLimit: 100,
  mcpServer: server,
}

const onError: Full<ErrorHandler> = {
  catches: ['tool'],
  to: located('agent'),
  notify: tool,
  at,
}

const works: { readonly [K in Work['kind']]: Full<Extract<Work, { kind: K }>> } = {
  agent: {
    kind: 'agent',
    assistant: assistant,
    task: located('Do it'),
    renderTask: false,
    outputSchema: located('{}'),
  },
  tool,
  transform: { kind: 'transform', config: data, task: located('Do it'), at },
  'state-processor': { kind: 'state-processor', config: data, task: located('Do it'), model: 'm', at },
  'documents-tree': { kind: 'documents-tree', config: { ...data, datasource_id: 'docs' }, at },
  'bedrock-flow': { kind: 'bedrock-flow', config: data, at },
  summary: { kind: 'summary', of: 'run' },
  call: {
    kind: 'call',
    workflow: located('other'),
    inputs: located(data),
    task: located('Do it'),
    renderTask: false,
  },
  prompt: {
    kind: 'prompt',
    assistant,
    prompt: located('Look at {{input}}'),
    session: 'fresh',
    declared: ['agent'],
    needsNames: false,
    folder: located('docs'),
    env: { OCTOMIND_SKILLS: 'a,b' },
  },
  layer: { kind: 'layer', assistant, sees: 'last', folder: located('docs') },
  script: { kind: 'script', command: located('./check.sh'), env: { STEP: '1' }, keepsText: false },
  block: { kind: 'block', driver: { kind: 'once', orElse: 'incoming' }, body: [] },
}

const textTest: Full<TextTest> = {
  of: located('agent'),
  contains: located('done'),
  matches: located('^DONE'),
}

const transitions: { readonly [K in Transition['kind']]: Full<Extract<Transition, { kind: K }>> } = {
  stop: { kind: 'stop' },
  goto: { kind: 'goto', to: located('agent') },
  'fan-out': { kind: 'fan-out', to: [located('agent'), located('tool')] },
  choose: {
    kind: 'choose',
    form: 'switch',
    cases: [{ when: located('True'), test: textTest, to: located('agent') }],
    otherwise: located('tool'),
  },
  map: {
    kind: 'map',
    items: located('items'),
    to: located('agent'),
    resplit: false,
    passOutput: false,
    shards: 4,
  },
}

function state(id: string, work: Full<Work>, next: Full<Transition>): Full<State> {
  return {
    id,
    at,
    work,
    output: {
      storeInContext: true,
      includeInHistory: true,
      clearHistory: false,
      context: 'merge',
      resetKeys: ['old'],
      outputKey: 'key',
      append: false,
      asUserMessage: false,
      branchKeys: ['a'],
    },
    next,
    retry: { initialIntervalMs: 1, backoffFactor: 2, maxIntervalMs: 3, maxAttempts: 4, always: false },
    pauseBefore: false,
    onError: [onError],
    timeoutMs: 1000,
    approval: false,
    cache: false,
  }
}

const drivers: { readonly [K in Driver['kind']]: Full<Extract<Driver, { kind: K }>> } = {
  once: { kind: 'once', orElse: 'incoming' },
  until: { kind: 'until', exit: textTest, maxIterations: 3, whenNone: 'keep' },
  'for-each': {
    kind: 'for-each',
    of: located('agent'),
    pattern: located('x(.)'),
    takes: 'whole',
    as: 'item',
    atOnce: 2,
    minSuccess: 1,
    join: { kind: 'separator', text: ',' },
  },
  all: {
    kind: 'all',
    copies: { in: 2 },
    aggregator: state('sum', works.agent, transitions.stop),
    atOnce: 2,
    minSuccess: 1,
    join: { kind: 'labels' },
  },
  choose: {
    kind: 'choose',
    first: state('first', works.layer, transitions.stop),
    when: textTest,
    onMatch: ['in'],
    onNoMatch: ['in'],
    whenNone: 'keep',
  },
}

const FULL: Full<Workflow> = {
  id: 'w',
  name: 'W',
  description: 'What it does',
  dialect: 'codemie',
  file: '.codemie/workflows/w.yaml',
  text: '',
  opening: { kind: 'text', system: 'You lead.', greeting: 'Hello' },
  tags: ['tag'],
  lifecycle: 'testing',
  triggers: [{ event: 'push', options: data, at }],
  inputs: [{ name: 'topic', schema: data, required: false, default: 'a', description: 'About', at }],
  budget: { usd: 1, tokens: 2, steps: 3 },
  models: { default: 'model', fallback: ['other'] },
  permissions: { issues: 'read' },
  guardrails: [located('secrets')],
  limits: { recursionLimit: 50, maxConcurrency: 2, memory: { messages: 25, tokens: 100 } },
  finalizer: true,
  assistants: [assistant],
  entry: 'agent',
  states: [
    ...Object.entries(works).map(([id, work]) => state(id, work, transitions.goto)),
    ...Object.entries(transitions).map(([id, next]) => state(`next-${id}`, works.agent, next)),
    ...Object.entries(drivers).map(([id, driver]) =>
      state(
        `block-${id}`,
        { kind: 'block', driver, body: [state('in', tool, transitions.stop)] },
        transitions.stop,
      ),
    ),
  ],
}

/** Fields that mean nothing for what runs, each with the reason. */
const SILENT: readonly (readonly [path: RegExp, why: string])[] = [
  [/\.at\.(file|line|column|endLine|endColumn)$/, 'where it stands in the file'],
  [/^\.(id|file|text|dialect)$/, 'names the file, which those who compare know'],
  [/^\.assistants\./, 'compared in the states that use them'],
  [/\.(work|onError\.\d+\.notify)\.toolId$/, 'what the file calls a tool'],
  [/\.work\.assistant\.(id|name)$/, 'what the file calls an assistant'],
  [/\.work\.assistant\.subAssistants\.\d+\.name$/, 'for people; a model knows it by its id'],
  [/\.declared\.\d+$/, 'told where states come and go'],
  [/\.next\.form$/, 'both forms mean the same'],
]

type Path = readonly (string | number)[]

/** The path of every leaf of a value. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, member]) => leaves(member, [...path, key]))
}

const pathText = (path: Path) => path.map((part) => `.${part}`).join('')

function mutated(value: unknown, [key, ...rest]: Path, change: (leaf: unknown) => unknown): unknown {
  if (key === undefined) return change(value)
  const copy: Record<string | number, unknown> = Array.isArray(value)
    ? ([...value] as never)
    : { ...(value as object) }
  copy[key] = mutated(copy[key], rest, change)
  return copy
}

const other = (leaf: unknown) =>
  typeof leaf === 'boolean'
    ? !leaf
    : typeof leaf === 'number'
      ? leaf + 1
      : typeof leaf === 'bigint'
        ? leaf + 1n
        : `${leaf}x`

const changesAfter = (path: Path, change: (leaf: unknown) => unknown) =>
  compareWorkflows(FULL as Workflow, mutated(FULL, path, change) as Workflow)

describe('every field of the model is compared', () => {
  // What kind something is cannot change alone.
  const paths = leaves(FULL).filter((path) => path.at(-1) !== 'kind')
  const isSilent = (path: Path) => SILENT.some(([pattern]) => pattern.test(pathText(path)))

  test('and the model is full', () => {
    expect(paths.length).toBeGreaterThan(500)
    for (const [pattern] of SILENT) expect(paths.some((path) => pattern.test(pathText(path)))).toBe(true)
  })

  test('each that is another now is a change, unless it means nothing', () => {
    const wrong = paths.filter((path) => changesAfter(path, other).length > 0 === isSilent(path))
    expect(wrong.map(pathText)).toEqual([])
  })

  test('each that is gone is a change', () => {
    const optional =
      /\.(usd|tokens|steps|default|description|integrationAlias|tokensLimit|inputKey|model|temperature|command|outputKey|timeoutMs)$/
    const kept = paths.filter((path) => optional.test(pathText(path)) && !isSilent(path))
    const wrong = kept.filter((path) => changesAfter(path, () => undefined).length === 0)
    expect(kept.length).toBeGreaterThan(30)
    expect(wrong.map(pathText)).toEqual([])
  })
})
