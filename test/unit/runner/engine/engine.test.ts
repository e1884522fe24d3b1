import { describe, expect, it } from 'vitest'
import type { Step } from '../../../../runner/engine/step.ts'
import { runScripted, type ShortState, workflowOf } from '../../../helpers/scripted-engine.ts'

describe('the order of supersteps', () => {
  const table: readonly [string, readonly ShortState[], Record<string, string>, string[][]][] = [
    [
      'a sequence',
      [
        ['a1', '{ state_id: b1 }'],
        ['b1', '{ state_id: end }'],
      ],
      {},
      [['a1'], ['b1']],
    ],
    [
      'a diamond joins once',
      [
        ['s', '{ state_ids: [b, c] }'],
        ['b', '{ state_id: d }'],
        ['c', '{ state_id: d }'],
        ['d', '{ state_id: end }'],
      ],
      {},
      [['s'], ['b', 'c'], ['d']],
    ],
    [
      'a join waits for the longer branch',
      [
        ['s', '{ state_ids: [b, c] }'],
        ['b', '{ state_id: d }'],
        ['c', '{ state_id: c2 }'],
        ['c2', '{ state_id: d }'],
        ['d', '{ state_id: end }'],
      ],
      {},
      [['s'], ['b', 'c'], ['c2'], ['d']],
    ],
    [
      'a join waits for a branch that iterates (spec 10.2)',
      [
        ['s', '{ state_ids: [plan, c] }'],
        ['plan', '{ state_id: work, iter_key: items }'],
        ['work', '{ state_id: j }'],
        ['c', '{ state_id: j }'],
        ['j', '{ state_id: end }'],
      ],
      { plan: '{"items": ["x", "y"]}' },
      [['s'], ['plan', 'c'], ['work[1]', 'work[2]'], ['j']],
    ],
    [
      'a chain of joins runs each once (spec 9 j)',
      [
        ['s', '{ state_ids: [b, c, x] }'],
        ['b', '{ state_id: d }'],
        ['c', '{ state_id: d }'],
        ['x', '{ state_id: e }'],
        ['d', '{ state_id: e }'],
        ['e', '{ state_id: end }'],
      ],
      {},
      [['s'], ['b', 'c', 'x'], ['d'], ['e']],
    ],
    [
      'states of one loop do not wait for each other',
      [
        ['s', '{ state_id: work }'],
        ['work', '{ condition: { expression: again, then: fix, otherwise: end } }'],
        ['fix', '{ state_id: work }'],
      ],
      { work: '{"again": true}', 'work#2': '{"again": false}' },
      [['s'], ['work'], ['fix'], ['work#2']],
    ],
    [
      'a split inside a split gets paths of its own',
      [
        ['outer', '{ state_id: inner, iter_key: items }'],
        ['inner', '{ state_id: leaf, iter_key: items }', 'finish_iteration: true,'],
        ['leaf', '{ state_id: end }'],
      ],
      { outer: '{"items": [1, 2]}', inner: '{"items": ["p", "q"]}' },
      [['outer'], ['inner[1]', 'inner[2]'], ['leaf[1][1]', 'leaf[1][2]', 'leaf[2][1]', 'leaf[2][2]']],
    ],
    [
      'no items: the path ends in silence',
      [
        ['plan', '{ state_id: work, iter_key: items }'],
        ['work', '{ state_id: end }'],
      ],
      { plan: '{"items": []}' },
      [['plan']],
    ],
    [
      'end among the targets of a fan-out is a branch that does nothing (spec 9 k)',
      [
        ['s', '{ state_ids: [b, end] }'],
        ['b', '{ state_id: end }'],
      ],
      {},
      [['s'], ['b']],
    ],
  ]
  it.each(table)('%s', async (_, states, outputs, expected) => {
    const run = await runScripted(workflowOf(states), { outputs })
    expect(run.supersteps).toEqual(expected)
    expect(run.outcome.status).toBe('succeeded')
  })
})

describe('what steps share', () => {
  const fan: readonly ShortState[] = [
    ['s', '{ state_ids: [b, c] }'],
    ['b', '{ state_id: d, append_to_context: true }'],
    ['c', '{ state_id: d, append_to_context: true }'],
    ['d', '{ state_id: end }'],
  ]

  it('is merged in a fixed order, however fast the steps are', async () => {
    let letGo: () => void = () => undefined
    const slow = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const run = await runScripted(workflowOf(fan), {
      outputs: {
        b: () => slow.then(() => '{"v": "from b"}'),
        c: () => {
          letGo()
          return '{"v": "from c"}'
        },
        d: '{}',
      },
    })
    expect(run.context).toEqual({ v: ['from b', 'from c'] })
    expect(run.history).toEqual(['out of s', '{"v": "from b"}', '{"v": "from c"}', '{}'])
  })

  it('runs no more steps at once than allowed', async () => {
    const states: readonly ShortState[] = [
      ['plan', '{ state_id: work, iter_key: items }'],
      ['work', '{ state_id: end }'],
    ]
    const outputs = { plan: JSON.stringify({ items: Array.from({ length: 20 }, (_, i) => i) }) }
    expect((await runScripted(workflowOf(states), { outputs })).peak).toBe(2)
    expect((await runScripted(workflowOf(states, 'max_concurrency: 5'), { outputs })).peak).toBe(5)
    expect((await runScripted(workflowOf(states), { outputs, maxConcurrency: 12 })).peak).toBe(12)
  })

  it('keeps the item of each branch to itself', async () => {
    const seen: unknown[] = []
    const states: readonly ShortState[] = [
      ['plan', '{ state_id: work, iter_key: items, include_in_iterator_context: [kept] }'],
      ['work', '{ state_id: end }'],
    ]
    const outputs = {
      plan: '{"items": [{"id": 1}, {"id": 2}], "kept": "k", "dropped": "d"}',
      work: (step: { context: { entries(): Iterable<readonly [unknown, unknown]> } }) => {
        seen.push([...step.context.entries()])
        return '{}'
      },
    }
    const run = await runScripted(workflowOf(states), { outputs })
    expect(seen).toEqual([[['kept', 'k']], [['kept', 'k']]])
    expect(run.context).toMatchObject({ dropped: 'd', id: 2 })
  })

  it('is hidden by the outermost split alone, whichever state that is', async () => {
    const seen: Record<string, unknown> = {}
    const note = (step: Step) => {
      seen[step.path] = [...step.context.keys()]
      return '{}'
    }
    const states: readonly ShortState[] = [
      ['plan', '{ state_id: work }'],
      [
        'work',
        '{ state_id: part, iter_key: items, include_in_iterator_context: [kept] }',
        'finish_iteration: true,',
      ],
      ['part', '{ condition: { expression: again, then: split, otherwise: end } }'],
      ['split', '{ state_id: work, iter_key: items }'],
    ]
    const outputs = { plan: '{"dropped": 1}', work: '{"items": ["x"], "kept": 1}', part: note }
    await runScripted(workflowOf(states), { outputs })
    expect(seen).toEqual({ 'part[1]': ['kept'] })
  })
})

describe('how a run ends', () => {
  const two: readonly ShortState[] = [
    ['s', '{ state_id: t }'],
    ['t', '{ state_id: end }'],
  ]

  it('with the output of its last step', async () => {
    const { outcome } = await runScripted(workflowOf(two), { outputs: { t: 'the answer' } })
    expect(outcome).toMatchObject({ status: 'succeeded', output: 'the answer' })
  })

  it('at the first failure; siblings that run are awaited, the others never start', async () => {
    const started: string[] = []
    const note = (output: string | Error) => (step: { path: string }) => {
      started.push(step.path)
      if (output instanceof Error) throw output
      return output
    }
    const states: readonly ShortState[] = [
      ['plan', '{ state_id: work, iter_key: items }'],
      ['work', '{ state_id: end }'],
    ]
    const { outcome } = await runScripted(workflowOf(states), {
      outputs: {
        plan: '{"items": [1, 2, 3, 4]}',
        'work[1]': note(new Error('no')),
        'work[2]': note('fine'),
        work: note('late'),
      },
    })
    expect(outcome).toMatchObject({ status: 'failed', path: 'work[1]' })
    expect(started).toEqual(['work[1]', 'work[2]'])
  })

  it('at the recursion limit, which counts supersteps (spec 10.1)', async () => {
    expect((await runScripted(workflowOf(two, 'recursion_limit: 2'))).outcome.status).toBe('succeeded')
    const { outcome } = await runScripted(workflowOf(two, 'recursion_limit: 1'))
    expect(outcome).toMatchObject({ status: 'failed', failure: { code: 'recursion-limit' } })
  })

  it('when it is interrupted, before the next superstep', async () => {
    const controller = new AbortController()
    const run = await runScripted(workflowOf(two), {
      signal: controller.signal,
      outputs: {
        s: () => {
          controller.abort()
          return 'done'
        },
      },
    })
    expect(run.outcome).toEqual({ status: 'interrupted' })
    expect(run.supersteps).toEqual([['s']])
  })
})

describe('a fan-out that leads back to itself', () => {
  it('is stopped before it fills the memory, with what it would have started', async () => {
    const states: readonly ShortState[] = [
      ['split', '{ iter_key: items, state_id: split }', 'finish_iteration: true,'],
    ]
    const items = JSON.stringify({ items: Array.from({ length: 500 }, (_, i) => i) })
    const { outcome, supersteps } = await runScripted(workflowOf(states), { outputs: { split: items } })
    expect(outcome).toMatchObject({
      status: 'failed',
      failure: { code: 'too-many-steps', message: '250000 steps would start at once; at most 100000 can' },
    })
    expect(supersteps.map(({ length }) => length)).toEqual([1, 500])
  })
})

describe('a pause before a state', () => {
  const states: readonly ShortState[] = [
    ['draft', '{ state_id: publish, output_key: text }'],
    ['publish', '{ state_id: end }', 'interrupt_before: true,'],
  ]

  it('holds the run until somebody answers', async () => {
    const { outcome, supersteps } = await runScripted(workflowOf(states))
    expect(outcome.status).toBe('paused')
    expect(outcome.status === 'paused' && outcome.before.map((step) => step.path)).toEqual(['publish'])
    expect(supersteps).toEqual([['draft']])
  })

  it('goes on with what the person said', async () => {
    const run = await runScripted(workflowOf(states), {
      answers: { publish: { userInput: '{"tone": "kind"}' } },
    })
    expect(run.history).toEqual(['out of draft', '{"tone": "kind"}', 'out of publish'])
    expect(run.context).toEqual({ text: 'out of draft', tone: 'kind' })
  })

  it('goes on with an output that the person edited', async () => {
    const run = await runScripted(workflowOf(states), {
      answers: { publish: { edit: { output: 'better' } } },
    })
    expect(run.history).toEqual(['better', 'out of publish'])
    expect(run.context).toEqual({ text: 'better' })
  })

  it('holds a first state that has no input (spec 10.4)', async () => {
    const first: readonly ShortState[] = [['only', '{ state_id: end }', 'interrupt_before: true,']]
    expect((await runScripted(workflowOf(first))).outcome.status).toBe('paused')
  })

  it('lets a branch that clears the history clear what the person said or edited, too', async () => {
    const branches: readonly ShortState[] = [
      ['draft', '{ state_ids: [b, c] }'],
      ['b', '{ state_id: end, clear_prior_messages: true }', 'interrupt_before: true,'],
      ['c', '{ state_id: end, include_in_llm_history: false }'],
    ]
    const answers = { b: { edit: { output: 'better' }, userInput: 'go' } }
    const run = await runScripted(workflowOf(branches), { answers })
    expect(run.history).toEqual(['out of b'])
  })

  it('keeps the items of an iteration when somebody answers (spec 10.3)', async () => {
    const iterating: readonly ShortState[] = [
      ['plan', '{ state_id: work, iter_key: items }'],
      ['work', '{ state_id: end }', 'interrupt_before: true,'],
    ]
    const run = await runScripted(workflowOf(iterating), {
      outputs: { plan: '{"items": ["x", "y"]}' },
      answers: { 'work[1]': { userInput: 'go' } },
    })
    expect(run.supersteps).toEqual([['plan'], ['work[1]', 'work[2]']])
  })
})

describe('the paths of steps', () => {
  it.each<[what: string, states: readonly ShortState[], paths: readonly string[]]>([
    [
      'a state that is called like the second visit of another',
      [
        ['a', "{ condition: { expression: 'again', then: a, otherwise: 'a#2' } }"],
        ['a#2', '{ state_id: end }'],
      ],
      ['a', 'a#2', 'a#2#2'],
    ],
    [
      'a state that is called like an item of another',
      [
        ['p', '{ state_id: a, iter_key: items }'],
        ['a', "{ state_id: 'a[1]' }"],
        ['a[1]', '{ state_id: end }'],
      ],
      ['p', 'a[1]', 'a[1]#2'],
    ],
    [
      'a state that is called like a step of a called workflow',
      [
        ['a', "{ state_id: 'a/b' }"],
        ['a/b', '{ state_id: end }'],
      ],
      ['a', 'a%2Fb'],
    ],
  ])('are unique: %s', async (_what, states, paths) => {
    let visits = 0
    const run = await runScripted(workflowOf(states), {
      outputs: { a: () => `{"again": ${++visits === 1 ? 'true' : 'false'}}`, p: '{"items": ["x"]}' },
    })
    expect(run.supersteps.flat()).toEqual(paths)
  })
})

describe('a history that grew too long', () => {
  it('is summed up once before the next agent sees it, and no state is skipped (spec 9 i)', async () => {
    const states: readonly ShortState[] = [
      ['a1', '{ state_id: b1 }'],
      ['b1', '{ state_id: c1 }'],
      ['c1', '{ state_id: end }'],
    ]
    const run = await runScripted(workflowOf(states, 'messages_limit_before_summarization: 2'), {
      input: 'hello',
      outputs: { summarize_memory_node: 'MEMO' },
    })
    expect(run.supersteps).toEqual([['a1'], ['b1'], ['summarize_memory_node'], ['c1']])
    expect(run.history).toEqual(['hello', 'MEMO', 'out of c1'])
  })
})
