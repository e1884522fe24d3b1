import { describe, expect, it } from 'vitest'
import { type PlanOptions, planRun } from '../../../runner/plan.ts'
import { planInput } from '../../../runner/plan-input.ts'
import { contextKeysOf, renderKnown } from '../../../runner/plan-text.ts'
import { readWorkflow } from '../../../schema/index.ts'

function workflowOf(text: string) {
  const { workflow, diagnostics } = readWorkflow({ file: '.codemie/workflows/w.yaml', text })
  if (!workflow) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  return workflow
}

const TOOLS: Readonly<Record<string, 'read' | 'write' | 'outside'>> = {
  read_file: 'read',
  write_file: 'write',
  run_command: 'outside',
}

const NO_CEILING = { steps: {}, modelCalls: {}, tokens: {}, usd: {}, states: [] }

const facts: Omit<PlanOptions, 'input'> = {
  defaultModel: 'base',
  models: ['base'],
  describeModel: (id) => ({ id: `openai:${id}`, keyVariable: 'OPENAI_API_KEY' }),
  agentVariables: () => [],
  findTool: (name) => {
    const reach = TOOLS[name]
    return reach ? { name, reach } : undefined
  },
  serversOf: () => [],
  integrationSecrets: (alias) => (alias === 'forge' ? ['FORGE_TOKEN'] : []),
  ceilingOf: () => NO_CEILING,
  isSet: (variable) => variable === 'FORGE_TOKEN',
  obstacles: [],
}

async function planOf(
  text: string,
  values: Readonly<Record<string, string>> = {},
  more: Partial<PlanOptions> = {},
) {
  const workflow = workflowOf(text)
  return planRun(workflow, {
    ...facts,
    ...more,
    input: await planInput(workflow, { pairs: Object.entries(values) }),
  })
}

const agents = (states: string) => `
enable_summarization_node: false
assistants: [{ id: a, system_prompt: You help }]
states:
${states}`

const agent = (id: string, next: string, more = '') =>
  `  - { id: ${id}, assistant_id: a, task: do ${id}, ${more}next: { ${next} } }\n`

describe('the order of a plan', () => {
  it.each([
    [
      'a chain written backwards',
      agent('one', 'state_id: two') + agent('three', 'state_id: end') + agent('two', 'state_id: three'),
      ['one', 'two', 'three'],
    ],
    [
      'side by side in the order written',
      agent('one', 'state_ids: [c, b]') +
        agent('b', 'state_id: join') +
        agent('c', 'state_id: join') +
        agent('join', 'state_id: end'),
      ['one', 'b', 'c', 'join'],
    ],
    [
      'a state that nothing leads to',
      agent('one', 'state_id: end') + agent('lost', 'state_id: end'),
      ['one'],
    ],
    [
      'a loop in the order written',
      agent('draft', 'state_id: check') +
        agent('check', 'condition: { expression: good == True, then: end, otherwise: draft }'),
      ['draft', 'check'],
    ],
  ])('is right for %s', async (_what, states, expected) => {
    expect((await planOf(agents(states))).states.map(({ id }) => id)).toEqual(expected)
  })

  it('says what repeats, what waits, what holds and what runs for each item', async () => {
    const { states } = await planOf(
      agents(
        agent('split', 'state_id: each, iter_key: items') +
          agent('each', 'state_id: join') +
          agent('join', 'condition: { expression: again == True, then: split, otherwise: last }') +
          agent('last', 'state_id: end', 'interrupt_before: true, '),
      ),
    )
    expect(states.map(({ id, isRepeated, forEach, pauses }) => [id, isRepeated, forEach, pauses])).toEqual([
      ['split', true, undefined, undefined],
      ['each', true, 'items', undefined],
      ['join', true, undefined, undefined],
      ['last', false, undefined, 'interrupt-before'],
    ])
  })

  it('says who is told of a failure', async () => {
    const { states, effects } = await planOf(
      `tools: [{ id: tell, tool: run_command, tool_args: { command: x } }]${agents(
        agent('s', 'state_id: end', 'on_error: { notify: tell }, '),
      )}`,
    )
    expect(states[0]?.notifies).toEqual([{ name: 'run_command', tool: 'run_command', reach: 'outside' }])
    expect(effects).toEqual([{ state: 's', certainty: 'may', reach: 'outside', by: 'run_command' }])
  })
})

describe('a plan of a workflow that calls another', () => {
  const inner = workflowOf(
    `tools: [{ id: write, tool: write_file, integration_alias: forge, tool_args: { path: x } }]\nstates: [{ id: keep, tool_id: write, next: { state_id: end } }]\n`,
  )
  const outer = agents(
    agent('ask', 'state_id: call, output_key: topic') +
      '  - { id: call, workflow_id: keeper, inputs: { what: "{{ topic }}", times: 3 }, next: { state_id: end } }\n',
  )
  const findCalled = (name: string) =>
    name === 'keeper'
      ? { workflow: { ...inner, file: '.codemie/workflows/keeper.yaml' }, defaultModel: 'own' }
      : undefined

  it('shows its states in place, what it is given, and what it reaches', async () => {
    const { states, effects, secrets } = await planOf(outer, {}, { findCalled })
    expect(states.map(({ id }) => id)).toEqual(['ask', 'call'])
    expect(states[1]?.calls).toMatchObject({
      name: 'keeper',
      file: '.codemie/workflows/keeper.yaml',
      inputs: {
        what: { text: '{{ topic }}', unknown: [{ name: 'topic', from: ['ask'] }] },
        times: { text: '3', unknown: [] },
      },
      states: [{ id: 'keep', kind: 'tool' }],
    })
    expect(effects).toEqual([{ state: 'call/keep', certainty: 'will', reach: 'write', by: 'write_file' }])
    expect(secrets.map(({ variable }) => variable)).toContain('FORGE_TOKEN')
  })

  it('ends where a call leads nowhere or back', async () => {
    const self = () => ({ workflow: workflowOf(outer), defaultModel: 'own' })
    for (const find of [() => undefined, self]) {
      const { states } = await planOf(outer, {}, { findCalled: find })
      expect(states[1]?.calls?.states).toEqual([])
    }
  })
})

describe('what a plan knows of prompts', () => {
  const text = `
enable_summarization_node: false
inputs: { base: { type: string, default: main } }
assistants: [{ id: a, system_prompt: You help }]
custom_nodes:
  - { id: t, custom_node_id: transform_node, config: { mappings: [{ output_field: total, type: constant, value: 3 }] } }
states:
  - { id: count, custom_node_id: t, next: { state_id: ask } }
  - id: ask
    assistant_id: a
    resolve_dynamic_values_in_prompt: true
    task: "From {{ base }}: {{ total }} of {{ other | default('x') }}"
    next: { state_id: end }
`
  it('fills in inputs, and leaves what comes later where it stands', async () => {
    const { states } = await planOf(text)
    expect(states[1]?.prompt).toEqual({
      text: "From main: {{ total }} of {{ other | default('x') }}",
      unknown: [
        { name: 'total', from: ['count'] },
        { name: 'other', from: [] },
      ],
    })
  })

  it('leaves a prompt alone that the run would not render', async () => {
    const { states } = await planOf(text.replace('prompt: true', 'prompt: false'))
    expect(states[1]?.prompt).toEqual({
      text: "From {{ base }}: {{ total }} of {{ other | default('x') }}",
      unknown: [],
    })
  })

  const context = contextKeysOf(workflowOf(text), '{"base":"main","list":[1,2]}')
  it.each([
    ['a block with known names', '{% for x in list %}{{ x }},{% endfor %}', '1,2,', []],
    [
      'a block with an unknown name',
      '{% if more %}{{ base }}{% endif %}',
      '{% if more %}{{ base }}{% endif %}',
      ['more'],
    ],
    ['attributes and methods', '{{ base.upper() }}', 'MAIN', []],
    ['a text in quotes', "{{ 'total' ~ base }}", 'totalmain', []],
    ['no placeholder', 'plain', 'plain', []],
  ])('renders %s', (_what, template, expected, unknown) => {
    const rendered = renderKnown(template, context, 'ask', false)
    expect(rendered.text).toBe(expected)
    expect(rendered.unknown.map(({ name }) => name)).toEqual(unknown)
  })

  it('knows nothing for sure where items come in', () => {
    expect(renderKnown('{{ base }}', context, 'ask', true).text).toBe('{{ base }}')
  })
})

describe('what a plan says of the outside', () => {
  const text = `
enable_summarization_node: false
assistants:
  - { id: a, system_prompt: You help, model: big, tools: [{ name: read_file }, { name: write_file }, { name: magic }] }
tools:
  - { id: command, tool: run_command, tool_args: { command: make }, integration_alias: forge }
states:
  - { id: build, tool_id: command, next: { state_id: fix } }
  - { id: fix, assistant_id: a, task: Fix it, next: { state_id: end } }
`
  it('tells what will and what may write', async () => {
    expect((await planOf(text)).effects).toEqual([
      { state: 'build', certainty: 'will', reach: 'outside', by: 'run_command' },
      { state: 'fix', certainty: 'may', reach: 'write', by: 'write_file' },
    ])
  })

  it('tells which secrets are needed, and which are set', async () => {
    expect((await planOf(text, {}, { models: ['big'] })).secrets).toEqual([
      { variable: 'OPENAI_API_KEY', isSet: false, for: ['model openai:big'] },
      { variable: 'FORGE_TOKEN', isSet: true, for: ['integration forge'] },
    ])
  })

  it('lets another model take the place of every one', async () => {
    const { states } = await planOf(text, {}, { modelOverride: 'mine', models: ['mine'] })
    expect(states[1]?.assistant?.model).toBe('openai:mine')
  })

  it('marks tools that nothing stands for', async () => {
    const { states } = await planOf(text)
    expect(states[1]?.assistant?.tools.at(-1)).toEqual({ name: 'magic' })
  })
})

describe('the input of a plan', () => {
  const text = `
enable_summarization_node: false
inputs:
  base: { type: string, required: true, description: Where from }
  depth: { type: integer, default: 3 }
assistants: [{ id: a, system_prompt: You help }]
states: [{ id: ask, assistant_id: a, task: Hi, next: { state_id: end } }]
`
  it('says where each value comes from', async () => {
    const plan = await planOf(text, { base: 'main' })
    expect(plan.input).toBe('{"base":"main","depth":3}')
    expect(plan.inputs).toEqual([
      { name: 'base', value: 'main', from: 'given', required: true, description: 'Where from' },
      { name: 'depth', value: 3, from: 'default', required: false, description: '' },
    ])
    expect(plan.problems).toEqual([])
  })

  it('keeps every problem, with what else stops the run', async () => {
    const plan = await planOf(
      text,
      { depth: 'deep' },
      { obstacles: [{ message: 'No tool', help: 'Map it' }] },
    )
    expect(plan.problems.map(({ code }) => code)).toEqual(['input-missing', 'input-invalid', 'not-runnable'])
    expect(plan.inputs[0]).toMatchObject({ name: 'base', from: 'nowhere' })
  })
})
