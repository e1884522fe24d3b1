import { describe, expect, it } from 'vitest'
import {
  type Bound,
  type Ceiling,
  type CeilingOptions,
  ceilingOf,
  type ModelBounds,
} from '../../../schema/ceiling.ts'
import { readWorkflow } from '../../../schema/read.ts'
import type { Workflow } from '../../../schema/workflow.ts'
import { type ShortState, workflowOf } from '../../helpers/scripted-engine.ts'

const MODEL: ModelBounds = {
  id: 'openai:m',
  contextTokens: 1000,
  outputTokens: 100,
  rates: { input: 1000, output: 10_000 },
}

const ceiling = (workflow: Workflow, more: Partial<CeilingOptions> = {}): Ceiling =>
  ceilingOf(
    { workflow, defaultModel: 'm', fallbackModels: [] },
    { describeModel: () => MODEL, inputCharacters: 0, ...more },
  )

/** `4`, `9 (workflow, else 20)`, or what stands in the way of a number. */
function said({ most, cappedBy, worst, because = [] }: Bound): string {
  const number = most === undefined ? [] : [`${most}`]
  const capped =
    cappedBy === undefined ? [] : [`(${cappedBy}${worst === undefined ? '' : `, else ${worst}`})`]
  const gaps = because.map(
    ({ kind, state, sentence }) => `${kind}: ${state === undefined ? '' : `${state}: `}${sentence}`,
  )
  return [...number, ...capped, ...gaps].join(' ')
}

/** One attempt each, and no conversation gets too long: what is left is the graph. */
const PLAIN = 'retry_policy: { max_attempts: 1 }'
/** Steps of agents, without the summaries of long conversations. */
function authored({ states }: Ceiling): string {
  return states
    .filter(({ state }) => state !== 'summarize_memory_node')
    .map(({ state, steps }) => `${state} ${steps ?? '∞'}`)
    .join(', ')
}

const MANY =
  'output_schema: \'{"type": "object", "properties": {"items": {"type": "array", "maxItems": 4}}}\','

describe('how often states run at most', () => {
  it.each<[situation: string, states: readonly ShortState[], expected: string, root?: string]>([
    [
      'one after the other',
      [
        ['a', '{ state_id: b }'],
        ['b', '{ state_id: end }'],
      ],
      'a 1, b 1',
    ],
    [
      'a state that nothing leads to',
      [
        ['a', '{ state_id: end }'],
        ['b', '{ state_id: end }'],
      ],
      'a 1',
    ],
    [
      'a choice that comes together again',
      [
        ['a', "{ condition: { expression: 'x', then: b, otherwise: c } }"],
        ['b', '{ state_id: d }'],
        ['c', '{ state_id: d }'],
        ['d', '{ state_id: end }'],
      ],
      'a 1, b 1, c 1, d 1',
    ],
    [
      'side by side, and one that waits for both',
      [
        ['a', '{ state_ids: [b, c] }'],
        ['b', '{ state_id: d }'],
        ['c', '{ state_id: d }'],
        ['d', '{ state_id: end }'],
      ],
      'a 1, b 1, c 1, d 1',
    ],
    [
      'a loop takes all supersteps that are left, and what follows it runs once',
      [
        ['a', '{ state_id: b }'],
        ['b', '{ state_id: c }'],
        ['c', "{ condition: { expression: 'x', then: b, otherwise: d } }"],
        ['d', '{ state_id: end }'],
      ],
      'a 1, b 19, c 19, d 1',
      'recursion_limit: 20',
    ],
    [
      'a map whose schema limits the items, a chain of it, and what gathers them',
      [
        ['a', '{ state_id: b, iter_key: items }', MANY],
        ['b', '{ state_id: c, iter_key: x }'],
        ['c', '{ state_id: d }'],
        ['d', '{ state_id: end }'],
      ],
      'a 1, b 4, c 4, d 1',
    ],
    [
      'a map of a map',
      [
        ['a', '{ state_id: b, iter_key: items }', MANY],
        ['b', '{ state_id: c, iter_key: items }', `finish_iteration: true, ${MANY}`],
        ['c', '{ state_id: end }'],
      ],
      'a 1, b 4, c 16',
    ],
    [
      'a map without a limit',
      [
        ['a', '{ state_id: b, iter_key: items }'],
        ['b', '{ state_id: c }'],
        ['c', '{ state_id: end }'],
      ],
      'a 1, b ∞, c 1',
    ],
    [
      'a map on a loop',
      [
        ['a', '{ state_id: b, iter_key: items }', MANY],
        ['b', '{ state_id: c }'],
        ['c', "{ condition: { expression: 'x', then: a, otherwise: end } }"],
      ],
      'a 10, b 40, c 8',
      'recursion_limit: 10',
    ],
    [
      'a fan-out that leads back to itself',
      [
        ['a', '{ state_ids: [a, b] }'],
        ['b', '{ state_id: end }'],
      ],
      'a ∞, b ∞',
    ],
    [
      'a handler that branches come to at different times',
      [
        ['a', '{ state_ids: [b, c] }'],
        ['b', '{ state_id: d }'],
        ['c', '{ state_id: end }', 'on_error: e,'],
        ['d', '{ state_id: end }', 'on_error: e,'],
        ['e', '{ state_id: end }'],
      ],
      'a 1, b 1, c 1, d 1, e 2',
    ],
    [
      'a handler of failures',
      [
        ['a', '{ state_id: b }', 'on_error: c,'],
        ['b', '{ state_id: end }', 'on_error: c,'],
        ['c', '{ state_id: end }'],
      ],
      'a 1, b 1, c 1',
    ],
  ])('%s', (_situation, states, expected, root = '') => {
    expect(authored(ceiling(workflowOf(states, `${PLAIN}\n${root}`)))).toBe(expected)
  })
})

const read = (text: string, file = 'w.yaml'): Workflow => {
  const { workflow, diagnostics } = readWorkflow({ file, text })
  if (!workflow) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  return workflow
}

/** One agent that is tried once. `more`: keys of its assistant. */
const one = (more = '', root = '', state = '') =>
  read(`enable_summarization_node: false
retry_policy: { max_attempts: 1 }
${root}
assistants: [{ id: a, system_prompt: You help, ${more} }]
states: [{ id: ask, assistant_id: a, task: Help, ${state} next: { state_id: end } }]
`)

describe('what a run costs at most', () => {
  // 1,000 tokens of input at $1,000 and 100 of output at $10,000 for a million of them.
  it.each<[situation: string, Workflow, Partial<CeilingOptions>, Record<string, string>]>([
    ['one call', one(), {}, { steps: '1', modelCalls: '1', tokens: '1100', usd: '2' }],
    [
      'attempts, asking again, and fallbacks that cannot answer',
      one(
        'fallback_models: [x, y]',
        '',
        `retry_policy: { max_attempts: 3 }, output_schema: '{"type": "object", "properties": {}}',`,
      ),
      {},
      { steps: '1', modelCalls: '27', tokens: '9900', usd: '18' },
    ],
    ['tools', one('tools: [{ name: read_file }]'), {}, { modelCalls: '150', usd: '300' }],
    [
      'a schema that may be another one by then',
      one('', '', `output_schema: '{{ wanted }}',`),
      {},
      { modelCalls: '3' },
    ],
    [
      'answers that the assistant keeps short',
      one('parameters: { max_tokens: 10 }'),
      {},
      { tokens: '1010', usd: '1.1' },
    ],
    [
      'a model instead of all others',
      one('fallback_models: [x, y]'),
      { modelOverride: 'z' },
      { modelCalls: '1' },
    ],
    [
      'the summary at the end, and an input that may be too long',
      read(
        'states: [{ id: ask, assistant_id: a, task: Help, next: { state_id: end } }]\nassistants: [{ id: a, system_prompt: x }]\nretry_policy: { max_attempts: 2 }',
      ),
      { inputCharacters: undefined },
      { steps: '3', modelCalls: '6' },
    ],
    [
      'a model of which nothing is known',
      one(),
      { describeModel: (id) => ({ id }) },
      {
        modelCalls: '1',
        tokens:
          "unknown: how much input 'm' takes is not known unknown: how long an answer of 'm' gets is not known",
        usd: "unknown: how much input 'm' takes is not known unknown: what 'm' costs at most is not known unknown: how long an answer of 'm' gets is not known",
      },
    ],
    [
      'a fallback of which no price is known',
      one('fallback_models: [x]'),
      { describeModel: (id) => (id === 'x' ? { ...MODEL, id, rates: undefined } : MODEL) },
      { tokens: '1100', usd: "unknown: what 'x' costs at most is not known" },
    ],
    [
      'a program instead of a model',
      one('command: coder'),
      {},
      { modelCalls: "unknown: ask: what the program 'coder' takes is not known" },
    ],
    [
      'a budget that is lower, and one that is higher',
      one('', 'budget: { usd: 1, tokens: 5000 }'),
      {},
      { tokens: '1100', usd: '1 (workflow, else 2)' },
    ],
    [
      'the lower of two budgets',
      one('', 'budget: { usd: 1 }'),
      { budgets: { usd: 0.5, steps: 3 } },
      { steps: '1', usd: '0.5 (configuration, else 2)' },
    ],
    [
      'a budget where nothing else is known',
      one('', 'budget: { usd: 1 }'),
      { describeModel: (id) => ({ ...MODEL, id, rates: undefined }) },
      { usd: "1 (workflow) unknown: what 'm' costs at most is not known" },
    ],
  ])('%s', (_situation, workflow, more, expected) => {
    const found = ceiling(workflow, more)
    for (const [key, words] of Object.entries(expected))
      expect([key, said(found[key as 'steps'])]).toEqual([key, words])
  })

  it('counts a called workflow with its own limits, and names its states as paths do', () => {
    const inner = read(
      `enable_summarization_node: false
retry_policy: { max_attempts: 2 }
assistants: [{ id: a, system_prompt: You help }]
states: [{ id: look, assistant_id: a, task: Look, next: { state_id: end } }]
`,
      'inner.yaml',
    )
    const outer = read(`enable_summarization_node: false
retry_policy: { max_attempts: 1 }
assistants: [{ id: a, system_prompt: You plan }]
states:
  - id: plan
    assistant_id: a
    task: Plan
    output_schema: '{"type": "object", "properties": {"items": {"type": "array", "maxItems": 3}}}'
    next: { state_id: check, iter_key: items }
  - { id: check, workflow_id: inner, next: { state_id: end } }
`)
    const called = { workflow: inner, defaultModel: 'm', fallbackModels: ['x'] }
    const found = ceiling(outer, { findCalled: () => called })
    // One that plans, three that call, and in each of these one that looks and maybe one that sums up before it.
    expect(said(found.steps)).toBe('10')
    expect(said(found.modelCalls)).toBe('27')
    expect(found.states.map(({ state, steps, modelCalls }) => [state, steps, modelCalls])).toEqual([
      ['plan', 1, 3],
      ['check/look', 3, 12],
      ['check/summarize_memory_node', 3, 12],
    ])
    expect(said(ceiling(outer).modelCalls)).toBe(
      "unknown: check: the workflow 'inner' that it calls is not known",
    )
    expect(said(ceiling(outer, { findCalled: () => ({ ...called, workflow: outer }) }).usd)).toMatch(
      /^unknown/,
    )
  })

  it('knows how many items the schema of a transform allows', () => {
    const { steps } = ceiling(
      read(`enable_summarization_node: false
custom_nodes:
  - { id: n, custom_node_id: transform_node, config: { output_schema: { properties: { items: { type: array, maxItems: 4 } } } } }
states:
  - { id: a, custom_node_id: n, next: { state_id: b, iter_key: items } }
  - { id: b, custom_node_id: n, next: { state_id: end } }
`),
    )
    expect(said(steps)).toBe('5')
  })

  it('tells where the number of items has no limit, and that a budget of steps sets one', () => {
    const map = (root = '') =>
      workflowOf(
        [
          ['plan', '{ state_id: work, iter_key: files }'],
          ['work', '{ state_id: end }'],
        ],
        `retry_policy: { max_attempts: 1 }\n${root}`,
      )
    const why =
      "unbounded: plan: its output says how many items of 'files' there are (an `output_schema` with `maxItems` sets a limit)"
    expect(said(ceiling(map()).modelCalls)).toBe(why)
    expect(said(ceiling(map()).usd)).toBe(why)
    const { steps, modelCalls, usd } = ceiling(map('budget: { steps: 5 }'))
    expect([steps, modelCalls, usd].map(said)).toEqual([`5 (workflow) ${why}`, '50', '100'])
  })
})
