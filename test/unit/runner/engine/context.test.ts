import { describe, expect, it } from 'vitest'
import { runScripted, type ShortState, workflowOf } from '../../../helpers/scripted-engine.ts'

describe('the context', () => {
  const draft = (next: string): readonly ShortState[] => [['draft', `{ state_id: end, ${next} }`]]
  const table: readonly [string, string, string, [string, unknown][]][] = [
    [
      'an output key keeps its place among the keys of the output',
      'output_key: a',
      '{"a": 1, "b": 2}',
      [
        ['a', '{"a": 1, "b": 2}'],
        ['b', 2],
      ],
    ],
    [
      'an output key that is also reset survives, in its place',
      'output_key: a, reset_keys_in_context_store: [a, b]',
      '{"a": 1, "b": 2, "c": 3}',
      [
        ['a', '{"a": 1, "b": 2, "c": 3}'],
        ['c', 3],
      ],
    ],
    ['the marker for deleting is never stored', '', '{"a": "__DELETE_KEY__", "b": 2}', [['b', 2]]],
  ]
  it.each(table)('%s', async (_, next, output, expected) => {
    const { context } = await runScripted(workflowOf(draft(next)), { outputs: { draft: output } })
    expect(Object.entries(context as object)).toEqual(expected)
  })

  it('takes the marker for deleting from people, too', async () => {
    const states: readonly ShortState[] = [
      ['draft', '{ state_id: publish }'],
      ['publish', '{ state_id: end }', 'interrupt_before: true,'],
    ]
    const run = await runScripted(workflowOf(states), {
      input: '{"a": "__DELETE_KEY__", "b": 1, "c": 2}',
      answers: { publish: { userInput: '{"b": "__DELETE_KEY__"}' } },
    })
    expect(run.context).toEqual({ c: 2 })
  })
})
