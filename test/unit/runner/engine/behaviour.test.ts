import { describe, expect, test } from 'vitest'
import { History } from '../../../../runner/engine/history.ts'
import { planWrites, StepOutput } from '../../../../runner/engine/output.ts'
import { type IterationItem, route } from '../../../../runner/engine/route.ts'
import type { Step } from '../../../../runner/engine/step.ts'
import { analyseTopology } from '../../../../runner/engine/topology.ts'
import { StepFailure } from '../../../../runner/failure.ts'
import { agentTask } from '../../../../runner/steps/agent-task.ts'
import { fromJson, PyDict, toJson } from '../../../../schema/language/index.ts'
import type { State } from '../../../../schema/workflow.ts'
import { runScripted, type ShortState, workflowOf } from '../../../helpers/scripted-engine.ts'

// Numbers are those of the behaviour notes, section 8.

function stateOf(short: ShortState, others: readonly ShortState[] = [['t', '{ state_id: end }']]): State {
  const [state] = workflowOf([short, ...others]).states
  if (!state) throw new Error('there is no state')
  return state
}

test('48: a fixed target after a loop stays the same, whatever ran before', async () => {
  const run = await runScripted(
    workflowOf([
      ['try', '{ condition: { expression: done, then: report, otherwise: fix } }'],
      ['fix', '{ state_id: try }'],
      ['report', '{ state_id: last }'],
      ['last', '{ state_id: end }'],
    ]),
    { outputs: { try: '{"done": false}', 'try#2': '{"done": true}' } },
  )
  expect(run.supersteps.flat()).toEqual(['try', 'fix', 'try#2', 'report', 'last'])
})

describe('what an agent is asked', () => {
  const at = { file: 'w.yaml', line: 1, column: 1 }
  const ask = (task: string, more: Partial<Pick<Step, 'item' | 'isMapTarget' | 'input'>> = {}) =>
    agentTask(
      {
        item: undefined,
        isMapTarget: false,
        input: { text: '', fileNames: [] },
        context: fromJson({ name: 'Al' }) as PyDict,
        ...more,
      },
      { task: { value: task, at }, renderTask: false },
      () => undefined,
    )

  test('63: placeholders as they are written, when it does not ask for values', () => {
    expect(ask('Greet {{name}}')).toBe('Greet {{name}}')
  })

  test('64: with the item of its iteration', () => {
    expect(ask('Main workflow task', { isMapTarget: true, item: itemOf('Process item #3') })).toBe(
      'Main workflow task\nCurrent task: Process item #3',
    )
  })

  test('65: with the name of an attached file', () => {
    expect(ask('Read it', { input: { text: '', fileNames: ['document.pdf'] } })).toBe(
      'Read it\nFile attached: document.pdf',
    )
  })

  test('66: a dash, when it has no task', () => {
    expect(ask('')).toBe('-')
  })
})

describe('what becomes of an output', () => {
  const INPUT = '{"old": 1}'
  const rows: readonly (readonly [
    number: number,
    flags: string,
    output: string,
    context: unknown,
    history: readonly string[],
  ])[] = [
    [74, '', '{"new": 2}', { old: 1, new: 2 }, [INPUT, '{"new": 2}']],
    [75, 'store_in_context: false', '{"new": 2}', { old: 1 }, [INPUT, '{"new": 2}']],
    [76, 'include_in_llm_history: false', '{"new": 2}', { old: 1, new: 2 }, [INPUT]],
    [77, 'store_in_context: false, include_in_llm_history: false', '{"new": 2}', { old: 1 }, [INPUT]],
    [78, 'clear_prior_messages: true, include_in_llm_history: false', 'text', { old: 1 }, []],
    [79, 'clear_context_store: true', '{"new": 2}', {}, [INPUT, '{"new": 2}']],
    [80, 'clear_context_store: keep_current', '{"new": 2}', { new: 2 }, [INPUT, '{"new": 2}']],
    [81, 'clear_context_store: keep_current', 'text', {}, [INPUT, 'text']],
    [83, 'reset_keys_in_context_store: [gone]', '{"new": 2}', { old: 1, new: 2 }, [INPUT, '{"new": 2}']],
    [84, '', '[{"a":1},{"b":2},{"a":3}]', { old: 1, a: 3, b: 2 }, [INPUT, '[{"a":1},{"b":2},{"a":3}]']],
    [85, '', '["x","y"]', { old: 1 }, [INPUT, '["x","y"]']],
    [85, '', 'plain', { old: 1 }, [INPUT, 'plain']],
    [86, 'output_key: k', 'text', { old: 1, k: 'text' }, [INPUT, 'text']],
    [86, 'output_key: k', '{"new": 2}', { old: 1, new: 2, k: '{"new": 2}' }, [INPUT, '{"new": 2}']],
    [
      89,
      'append_to_context: true, reset_keys_in_context_store: [old]',
      '{"old": 2}',
      {},
      [INPUT, '{"old": 2}'],
    ],
  ]
  test.each(rows)('%i: %s with %s', async (_number, flags, output, context, history) => {
    const states: readonly ShortState[] = [['s', `{ state_id: end${flags === '' ? '' : `, ${flags}`} }`]]
    const run = await runScripted(workflowOf(states), { input: INPUT, outputs: { s: output } })
    expect([run.context, run.history]).toEqual([context, history])
  })

  test('87: branches that append are collected in the order of their items', async () => {
    const run = await runScripted(
      workflowOf([
        ['s', '{ state_id: t, iter_key: items, store_in_context: false }'],
        ['t', '{ state_id: end, output_key: output, append_to_context: true }'],
      ]),
      { outputs: { s: '{"items": ["a", "b", "c"]}', 't[1]': 'r1', 't[2]': 'r2', 't[3]': 'r3' } },
    )
    expect(run.context).toEqual({ output: ['r1', 'r2', 'r3'] })
  })

  test('91: only the first state of a chain stores its item and writes it into the history', async () => {
    const run = await runScripted(
      workflowOf([
        ['s', '{ state_id: t, iter_key: items }'],
        ['t', '{ state_id: u, iter_key: items, reset_keys_in_context_store: [id] }'],
        ['u', '{ state_id: end }'],
      ]),
      { outputs: { s: '{"items": [{"id": 1}]}', t: 'T', u: 'U' } },
    )
    expect(run.history).toEqual(['{"items": [{"id": 1}]}', "{'id': 1}", 'T', 'U'])
    expect(run.context).toEqual({ items: [{ id: 1 }] })
  })

  test('92: as a message of the user', () => {
    const { output } = stateOf(['s', '{ state_id: end }', 'result_as_human_message: true,'])
    const { history } = planWrites(output, new StepOutput('x'), History.empty, itemOf({ id: 1 }).value)
    expect(history.add).toEqual([
      { role: 'user', text: "{'id': 1}" },
      { role: 'user', text: 'x' },
    ])
  })
})

function itemOf(value: unknown, more: Partial<IterationItem> = {}): IterationItem {
  return {
    value: fromJson(value),
    number: 1,
    total: 1,
    ofTotal: 1,
    first: true,
    lineage: [1],
    ...more,
  }
}

/** Items that a state sends, with their number, their total and whether an iteration begins there. */
function sendsOf(state: State, output: string, item?: IterationItem): readonly unknown[] {
  const step = { state, item, isMapTarget: item !== undefined }
  const { sends } = route(step, new StepOutput(output), new PyDict(), () => undefined)
  return sends.map((send) => {
    const { value = null, number, total, first } = send.item ?? {}
    return [toJson(value), number, total, first]
  })
}

describe('iteration', () => {
  const over = (key: string, more = '', own = '') =>
    stateOf(['s', `{ state_id: t, iter_key: ${key}${more} }`, own])

  test.each([
    [95, 'items', '{"items":["apple","banana","cherry"]}', ['apple', 'banana', 'cherry']],
    [96, '/data/items', '{"data":{"items":[1,2,3]}}', [1, 2, 3]],
    [97, '/a/b', '{"a":"{\\"b\\":[1]}"}', [1]],
    [99, 'items', '{"other": 1}', []],
    [99, 'items', 'plain', ['plain']],
  ])('%i: over %s of %s', (_number, key, output, items) => {
    const expected = items.map((item, i) => [item, i + 1, items.length, true])
    expect(sendsOf(over(key), output)).toEqual(expected)
  })

  test('99: over a text is a failure', () => {
    expect(() => sendsOf(over('items'), '{"items":"abc"}')).toThrow(StepFailure)
  })

  test('100: branches see the keys that are listed, and what they do not see stays', async () => {
    const seen: unknown[] = []
    const run = await runScripted(
      workflowOf([
        [
          's',
          '{ state_id: t, iter_key: items, include_in_iterator_context: [a, b], store_in_context: false }',
        ],
        ['t', '{ state_id: end }'],
      ]),
      {
        input: '{"a": 1, "b": 2, "c": 3}',
        outputs: {
          s: '{"items": ["x"]}',
          t: ({ context }) => {
            seen.push(toJson(context))
            return 'done'
          },
        },
      },
    )
    expect(seen).toEqual([{ a: 1, b: 2 }])
    expect(run.context).toEqual({ a: 1, b: 2, c: 3 })
  })

  const inside = itemOf('apple', { number: 2, total: 3, ofTotal: 3 })

  test('102: a target with the same key hands its item on', () => {
    expect(sendsOf(over('items'), '{"items":[1,2]}', inside)).toEqual([['apple', 2, 1, false]])
  })

  test('103: with finish_iteration it splits its own output', () => {
    const state = over('items', '', 'finish_iteration: true,')
    expect(sendsOf(state, '{"items":[1,2,3]}', inside)).toEqual([
      [1, 2, 3, false],
      [2, 2, 3, false],
      [3, 2, 3, false],
    ])
  })

  test('104: with override_task it hands its output on', () => {
    expect(sendsOf(over('items', ', override_task: true'), 'mine', inside)).toEqual([['mine', 2, 1, false]])
  })

  test('105: a transform in a chain hands the item on as an agent does', () => {
    const { at } = over('items')
    const work = { kind: 'transform', config: {}, task: { value: '', at }, at } as const
    expect(sendsOf({ ...over('items'), work }, '{"items":[1,2]}', inside)).toEqual([['apple', 2, 1, false]])
  })
})

describe('states that wait for their other branches', () => {
  const deferredIn = (states: readonly ShortState[]) => [...analyseTopology(workflowOf(states)).deferred]
  const diamond: readonly ShortState[] = [
    ['a', '{ state_ids: [b, c] }'],
    ['b', '{ state_id: d }'],
    ['c', '{ state_id: d }'],
  ]

  test('106: the join of two branches waits, and runs once', async () => {
    const states: readonly ShortState[] = [...diamond, ['d', '{ state_id: end }']]
    expect(deferredIn(states)).toEqual(['d'])
    expect((await runScripted(workflowOf(states))).supersteps).toEqual([['a'], ['b', 'c'], ['d']])
  })

  test('107: so does each of two joins one after the other', () => {
    const states: readonly ShortState[] = [
      ...diamond,
      ['d', '{ state_ids: [e, f] }'],
      ['e', '{ state_id: g }'],
      ['f', '{ state_id: g }'],
      ['g', '{ state_id: end }'],
    ]
    expect(deferredIn(states)).toEqual(['d', 'g'])
  })

  test('108: none does in a chain', () => {
    const states: readonly ShortState[] = [
      ['a', '{ state_id: b }'],
      ['b', '{ state_id: end }'],
    ]
    expect(deferredIn(states)).toEqual([])
  })
})

describe('a run that is resumed', () => {
  const states: readonly ShortState[] = [
    ['s', '{ state_id: held }'],
    ['held', '{ state_id: end }', 'interrupt_before: true,'],
  ]

  test('123: with JSON adds it to the history, and its keys to the context', async () => {
    const answer = { userInput: '{"task": "do this", "extra_key": "v"}' }
    const run = await runScripted(workflowOf(states), { answers: { held: answer } })
    expect(run.history).toEqual(['out of s', answer.userInput, 'out of held'])
    expect(run.context).toEqual({ task: 'do this', extra_key: 'v' })
  })

  test('124: without words adds nothing', async () => {
    const run = await runScripted(workflowOf(states), { answers: { held: {} } })
    expect(run.history).toEqual(['out of s', 'out of held'])
    expect(run.context).toEqual({})
  })
})

test('125: a step that fails ends the run with its reason', async () => {
  const failure = new StepFailure('scripted', 'no such thing', { blame: 'tool' })
  const fail = () => {
    throw failure
  }
  const { outcome } = await runScripted(workflowOf([['s', '{ state_id: end }']]), { outputs: { s: fail } })
  expect(outcome).toMatchObject({ status: 'failed', failure, path: 's' })
})
