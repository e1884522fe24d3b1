import { describe, expect, it } from 'vitest'
import { StepOutput } from '../../../../runner/engine/output.ts'
import { type IterationItem, route } from '../../../../runner/engine/route.ts'
import { PyDict, type PyValue } from '../../../../schema/language/index.ts'
import { readWorkflow } from '../../../../schema/read.ts'
import type { State } from '../../../../schema/workflow.ts'

const FINISH = 'finish_iteration: true, next: { state_id: t, iter_key: items }'
const OVERRIDE = 'next: { state_id: t, iter_key: items, override_task: true }'

/** A state that iterates: an agent, a tool, or a custom node of that name. */
function stateOf(kind: string, more = 'next: { state_id: t, iter_key: items }'): State {
  const reference = { agent: 'assistant_id', tool: 'tool_id' }[kind] ?? 'custom_node_id'
  const text = `
assistants: [{ id: w, system_prompt: You are A. }]
tools: [{ id: w, tool: read_file }]
custom_nodes: [{ id: w, custom_node_id: ${kind === 'agent' || kind === 'tool' ? 'transform_node' : kind} }]
states:
  - { id: s, ${reference}: w, ${more} }
  - { id: t, assistant_id: w, next: { state_id: end } }
`
  const { workflow, diagnostics } = readWorkflow({ file: 'test.yaml', text })
  const state = workflow?.states[0]
  if (!state) throw new Error(diagnostics.map((d) => d.message).join('\n'))
  return state
}

const TWO = '{"items": ["x", "y"]}'

describe('where the items of a state go', () => {
  const fresh = (value: string, number: number) => ({ value, number, total: 2, first: true })
  const again = (value: string, number: number) => ({ ...fresh(value, number), first: false })
  const passed = (value: PyValue, number = 2) => ({ value, number, total: 1, first: false })
  const third = (value: PyValue): IterationItem => ({
    value,
    number: 2,
    total: 3,
    ofTotal: 3,
    first: true,
    lineage: [2],
  })

  const table: readonly [string, State, IterationItem | undefined, boolean, object[]][] = [
    ['a state outside splits', stateOf('agent'), undefined, false, [fresh('x', 1), fresh('y', 2)]],
    ['a state inside passes its item on', stateOf('agent'), third('b'), true, [passed('b')]],
    ['a tool inside does so, too', stateOf('tool'), third('b'), true, [passed('b')]],
    ['an output can take the place of the item', stateOf('agent', OVERRIDE), third('b'), true, [passed(TWO)]],
    [
      'finish_iteration splits again',
      stateOf('agent', FINISH),
      third('b'),
      true,
      [again('x', 2), again('y', 2)],
    ],
    [
      'an ordinary edge into an iteration brings an empty item',
      stateOf('agent'),
      undefined,
      true,
      [passed('', 1)],
    ],
    ['or an output', stateOf('agent', OVERRIDE), undefined, true, [passed(TWO, 1)]],
    ['or splits', stateOf('agent', FINISH), undefined, true, [again('x', 1), again('y', 2)]],
    ['a transform passes its item on', stateOf('transform_node'), third('b'), true, [passed('b')]],
    [
      'a transform without an item splits',
      stateOf('transform_node'),
      undefined,
      true,
      [fresh('x', 1), fresh('y', 2)],
    ],
    [
      'so does one with a null item',
      stateOf('transform_node'),
      third(null),
      true,
      [fresh('x', 2), fresh('y', 2)],
    ],
    [
      'another custom node never sees its item and splits; its number stays',
      stateOf('state_processor_node'),
      third('b'),
      true,
      [fresh('x', 2), fresh('y', 2)],
    ],
  ]
  it.each(table)('%s', (_, state, item, isMapTarget, expected) => {
    const { sends } = route({ state, item, isMapTarget }, new StepOutput(TWO), new PyDict(), () => undefined)
    expect(sends.map((send) => send.item)).toMatchObject(expected)
    expect(sends).toHaveLength(expected.length)
  })

  it.each([
    ['a key of the output', 'items', TWO],
    ['a pointer into it', '/items', TWO],
  ])('are no more than the schema allows, whatever gave them: %s', (_, key, output) => {
    const schema = (most: number) =>
      `{"type": "object", "properties": {"items": {"type": "array", "maxItems": ${most}}}}`
    const follow = (most: number) =>
      followFrom(
        stateOf('agent', `output_schema: '${schema(most)}', next: { state_id: t, iter_key: ${key} }`),
        output,
      )
    expect(follow(2).sends).toHaveLength(2)
    expect(() => follow(1)).toThrow("The output of 's' holds 2 items, and its output_schema allows 1")
  })

  it('are no more than the schema of a transform allows, which the one who gave the data can mend', () => {
    const output_schema = { properties: { items: { type: 'array', maxItems: 1n } } }
    const state = stateOf('transform_node')
    const held = { ...state, work: { ...state.work, config: { output_schema } } } as State
    const follow = () => followFrom(held, TWO)
    expect(follow).toThrow(expect.objectContaining({ code: 'too-many-items', blame: 'user' }))
  })
})

function followFrom(state: State, output: string) {
  const step = { state, item: undefined, isMapTarget: false }
  return route(step, new StepOutput(output), new PyDict(), () => undefined)
}
