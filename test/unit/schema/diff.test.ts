import { describe, expect, test } from 'vitest'
import { compareWorkflows } from '../../../schema/diff/compare.ts'
import { readWorkflow } from '../../../schema/read.ts'

const BASE = `name: W
assistants:
  - { id: a, system_prompt: You write., model: gpt-4.1, tools: [{ name: read_file }] }
  - { id: b, system_prompt: You check. }
states:
  - { id: write, assistant_id: a, task: Write a page about the release of today, next: { state_id: check } }
  - { id: check, assistant_id: b, task: Check it, next: { state_id: end } }
`

function read(text: string) {
  const { workflow, diagnostics } = readWorkflow({ file: '.codemie/workflows/w.yaml', text })
  if (workflow === undefined) throw new Error(diagnostics.map(({ message }) => message).join('; '))
  return workflow
}
/** `code class reach state: sentence` of each change. */
const changes = (before: string, after: string) =>
  compareWorkflows(read(before), read(after)).map(
    ({ code, class: kind, reach, state, sentence }) =>
      `${code} ${kind} ${reach} ${state ?? '-'}: ${sentence}`,
  )
const edited = (...replacements: [string, string][]) => {
  const after = replacements.reduce((text, [from, to]) => {
    expect(text).toContain(from)
    return text.replace(from, to)
  }, BASE)
  return changes(BASE, after)
}

describe('what a change of a definition means', () => {
  test('comments, formatting, the order of states and names nobody reads are no changes', () => {
    const [head = '', states = ''] = BASE.split('states:\n')
    const lines = states.trimEnd().split('\n')
    const sameEntry = `${head}# Why\nstates:\n${lines.join('\n\n')}\n`
    expect(changes(BASE, sameEntry)).toEqual([])
    expect(
      changes(
        BASE,
        BASE.replace('{ id: b, system_prompt: You check. }', '\n    id: b\n    system_prompt: "You check."'),
      ),
    ).toEqual([])
  })

  test.each<[string, [string, string][], string[]]>([
    [
      'a prompt',
      [['You write.', 'You write well.']],
      ['prompt-changed neutral state write: prompt: You write. → You write well.'],
    ],
    [
      'a long task',
      [
        [
          'Write a page about the release of today',
          `Write ${'a very long page '.repeat(5)}about the release`,
        ],
      ],
      ['task-changed neutral state write: task: changed, 2 words out and 18 in'],
    ],
    [
      'the model of a step',
      [['gpt-4.1', 'gpt-5']],
      ['model-changed neutral state write: model: gpt-4.1 → gpt-5'],
    ],
    [
      'a tool that comes',
      [['{ name: read_file }', '{ name: read_file }, { name: git_log }']],
      ['tools-changed widening state write: tools +git_log'],
    ],
    [
      'a tool that goes',
      [['{ name: read_file }', '']],
      ['tools-changed narrowing state write: tools −read_file'],
    ],
    [
      'a tool for another',
      [['read_file', 'git_log']],
      ['tools-changed widening state write: tools +git_log −read_file'],
    ],
    [
      'an approval that comes',
      [['Check it,', 'Check it, approval: true,']],
      ['approval-changed narrowing nothing check: approval: false → true'],
    ],
    [
      'what follows',
      [['next: { state_id: check }', 'next: { state_ids: [check, end] }']],
      ["transition-changed neutral followers write: goes to 'check' → goes to 'check' and 'end' at once"],
    ],
    [
      'shards of a list',
      [['next: { state_id: check }', 'next: { state_id: check, iter_key: x, shard: 4 }']],
      ["transition-changed neutral followers write: goes to 'check' → goes to 'check' for each of x"],
    ],
    [
      'a state that comes',
      [
        ['{ state_id: end }', '{ state_id: more }'],
        [
          '\n  - { id: check',
          '\n  - { id: more, assistant_id: b, task: More, next: { state_id: end } }\n  - { id: check',
        ],
      ],
      [
        'state-added widening state more: is new',
        "transition-changed neutral followers check: goes to 'end' → goes to 'more'",
      ],
    ],
    [
      'a state that is called otherwise is told once',
      [
        ['state_id: check', 'state_id: review'],
        ['id: check', 'id: review'],
      ],
      ["state-renamed neutral state review: was called 'check'"],
    ],
    [
      'the budget',
      [['name: W', 'name: W\nbudget: { usd: 1 }']],
      ['budget-usd-changed narrowing nothing -: budget in US dollars: none → 1'],
    ],
    [
      'the limit of supersteps',
      [['name: W', 'name: W\nrecursion_limit: 80']],
      ['recursion-limit-changed widening nothing -: recursion limit: 50 → 80'],
    ],
    [
      'the summary at the end',
      [['name: W', 'name: W\nenable_summarization_node: false']],
      ['finalizer-changed narrowing nothing -: summary at the end: true → false'],
    ],
    [
      'a required input',
      [['name: W', 'name: W\ninputs: { topic: { type: string, required: true } }']],
      ['inputs-changed breaking nothing -: inputs +topic (required)'],
    ],
    ['the name', [['name: W', 'name: V']], ['name-changed neutral nothing -: name: W → V']],
  ])('%s', (_name, replacements, expected) => {
    expect(edited(...replacements)).toEqual(expected)
  })

  test('a state that goes, and the entry with it', () => {
    const [head = ''] = BASE.split('  - { id: write')
    const after = `${head}  - { id: check, assistant_id: b, task: Check it, next: { state_id: end } }\n`
    expect(changes(BASE, after)).toEqual([
      'entry-changed neutral all -: starts with write → check',
      'state-removed narrowing followers write: is gone',
    ])
  })

  test.each([
    ['the same work', (i: number) => `Do number ${i}`],
    ['work that is a little different', (i: number) => `Do number ${i} again`],
    ['all the same work, a little different', () => 'Do it again'],
  ])('1,000 states that all have other names, with %s, are compared in a moment', (_name, task) => {
    const many = (name: string, taskOf: (i: number) => string) => {
      const states = Array.from({ length: 1000 }, (_, i) => {
        const next = i < 999 ? `${name}-${i + 1}` : 'end'
        return `  - { id: ${name}-${i}, assistant_id: a, task: ${taskOf(i)}, approval: ${i % 10 === 0}, next: { state_id: ${next} } }`
      })
      return read(`assistants: [{ id: a, system_prompt: You write. }]\nstates:\n${states.join('\n')}\n`)
    }
    const [before, after] = [many('old', (i) => `Do number ${i}`), many('new', task)]
    const start = performance.now()
    const found = compareWorkflows(before, after)
    // Some 200 ms; were all pairs weighed, it would be ten times as much.
    expect(performance.now() - start).toBeLessThan(2000)
    expect(found.filter(({ code }) => code === 'state-renamed')).toHaveLength(1000)
  })
})
