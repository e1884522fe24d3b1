import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dominanceIn, reachableWithout } from '../../../schema/graph.ts'
import {
  ancestorsOf,
  componentsOf,
  graphOf,
  reachableIn,
  readWorkflow,
  toMermaid,
  toText,
  type Workflow,
} from '../../../schema/index.ts'

/** A workflow from lines such as `a -> {state_id: b}`. */
function draw(lines: string, root = 'enable_summarization_node: false'): Workflow {
  const states = lines
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' -> '))
    .map(([id, next]) => `  - {id: ${JSON.stringify(id)}, assistant_id: x, next: ${next}}`)
  const text = `${root}\nassistants: [{id: x, system_prompt: y}]\nstates:\n${states.join('\n')}\n`
  const { workflow, diagnostics } = readWorkflow({ file: 'w.yaml', text })
  if (!workflow) throw new Error(JSON.stringify(diagnostics))
  return workflow
}

const DIAMOND = draw(`
  a -> {state_ids: [b, c]}
  b -> {state_id: d}
  c -> {state_id: c2}
  c2 -> {state_id: d}
  d -> {state_id: end}`)

const LOOP = draw(`
  plan -> {iter_key: files, state_id: review}
  review -> {state_id: judge}
  judge -> {condition: {expression: score > 5, then: end, otherwise: fix}}
  fix -> {state_id: judge}`)

const IDS = ['a', 'b', 'c', 'd', 'e', 'f']

/** Workflows of six states that lead to any of each other, in any way. */
const ANY_GRAPH = (() => {
  const target = fc.constantFrom(...IDS, 'end')
  const next = fc.oneof(
    target.map((to) => `{state_id: ${to}}`),
    fc.uniqueArray(target, { minLength: 1, maxLength: 3 }).map((all) => `{state_ids: [${all.join(', ')}]}`),
    fc
      .tuple(target, target)
      .map(([then, otherwise]) => `{condition: {expression: x, then: ${then}, otherwise: ${otherwise}}}`),
    fc.constantFrom(...IDS).map((to) => `{iter_key: k, state_id: ${to}}`),
    fc.constant('{}'),
  )
  return fc
    .array(next, { minLength: IDS.length, maxLength: IDS.length })
    .map((all) => draw(IDS.map((id, i) => `${id} -> ${all[i]}`).join('\n')))
})()

describe('the graph', () => {
  it('defers states with two mentions, whatever kind', () => {
    expect([...graphOf(DIAMOND).deferred]).toEqual(['d'])
    expect([...graphOf(LOOP).deferred]).toEqual(['judge'])
    expect([
      ...graphOf(draw('a -> {condition: {expression: x, then: end, otherwise: end}}')).deferred,
    ]).toEqual(['end'])
    expect([...graphOf(draw('a -> {state_id: b}\nb -> {state_id: end}')).deferred]).toEqual([])
  })

  it('knows the targets of iterations, one for each', () => {
    const workflow = draw(
      'a -> {iter_key: k, state_id: c}\nb -> {iter_key: k, state_id: c}\nc -> {state_id: end}',
    )
    expect(graphOf(workflow).mapTargets).toEqual(['c', 'c'])
  })

  it('finds ancestors, and a state above itself only on a loop', () => {
    expect([...ancestorsOf(graphOf(DIAMOND), 'd')].sort()).toEqual(['a', 'b', 'c', 'c2'])
    expect([...ancestorsOf(graphOf(LOOP), 'judge')].sort()).toEqual(['fix', 'judge', 'plan', 'review'])
  })

  it('finds loops as components, sources first', () => {
    expect(componentsOf(graphOf(LOOP))).toEqual([['plan'], ['review'], ['judge', 'fix']])
  })

  it('counts on_error as a way on, but not as a reason to wait', () => {
    const text =
      'assistants: [{id: x, system_prompt: y}]\nstates:\n  - {id: a, assistant_id: x, on_error: b, next: {state_id: b}}\n  - {id: b, assistant_id: x, next: {state_id: end}}\n'
    const { workflow } = readWorkflow({ file: 'w.yaml', text })
    const graph = workflow && graphOf(workflow)
    expect(graph?.edges.map((edge) => edge.kind)).toEqual(['goto', 'on-error', 'goto'])
    expect([...(graph?.deferred ?? [])]).toEqual([])
  })

  it('handles thousands of states in a row', () => {
    const lines = Array.from(
      { length: 3000 },
      (_, i) => `s${i} -> {state_id: ${i === 2999 ? 'end' : `s${i + 1}`}}`,
    )
    const workflow = draw(lines.join('\n'))
    expect(componentsOf(graphOf(workflow)).length).toBe(3000)
    expect(reachableIn(graphOf(workflow)).size).toBe(3001)
    expect(toText(workflow).split('\n').length).toBe(6001)
  })

  it('draws any graph without hanging, every state once', () => {
    fc.assert(
      fc.property(ANY_GRAPH, (workflow) => {
        const lines = toText(workflow).split('\n')
        for (const id of IDS)
          expect(lines.filter((line) => new RegExp(`[●◆] ${id}( |$)`).test(line)).length).toBe(1)
      }),
      { numRuns: 500 },
    )
  })

  it('tells in any graph what no path reaches around a state', () => {
    fc.assert(
      fc.property(ANY_GRAPH, (workflow) => {
        const graph = graphOf(workflow)
        const { order, spans } = dominanceIn(graph)
        expect([...order].sort()).toEqual([...reachableIn(graph)].sort())
        const without = reachableWithout(graph)
        for (const [id, [start, end]] of spans) {
          const isReached = without(new Set([id]))
          expect({ id, after: order.slice(start, end) }).toEqual({
            id,
            after: order.filter((one) => one === id || !isReached(one)),
          })
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('the drawing for a terminal', () => {
  it('lets branches come together again', () => {
    expect(toText(DIAMOND)).toBe(`● a   assistant x
├─ at once
│  ● b   assistant x
├─ at once
│  ● c   assistant x
│  │
│  ● c2  assistant x
│
● d   assistant x, waits for all branches
│
◇ end`)
  })

  it('shows iterations, choices and loops', () => {
    expect(toText(LOOP)).toBe(`● plan    assistant x
│ each files
● review  assistant x, once for each item
│
◆ judge   assistant x
├─ when score > 5
│  ◇ end
└─ otherwise
   ● fix     assistant x
   │
   ↺ judge`)
  })

  it('says in how many shards a list may be', () => {
    const text = (shards: number) =>
      toText(draw(`a -> {state_id: b, iter_key: x, shard: ${shards}}\nb -> {state_id: end}`))
    expect(text(4)).toContain('│ each x, in 4 shards\n')
    expect(text(1)).toContain('│ each x, in 1 shard\n')
  })

  it('names what nothing leads to, and where a path stops', () => {
    expect(
      toText(draw('a -> {}\nb -> {state_id: end}', 'enable_summarization_node: true')),
    ).toBe(`● a  assistant x
■ the path stops

no path leads to:
● b  assistant x
│
◇ end, with a summary`)
  })
})

describe('the Mermaid text', () => {
  it('draws nodes, labels and states of a run', () => {
    expect(
      toMermaid(LOOP, {
        status: new Map([
          ['plan', 'done'],
          ['fix', 'failed'],
        ]),
      }),
    ).toBe(`flowchart TD
  start([start])
  n0["plan"]
  n1["review"]
  n2["judge"]
  n3["fix"]
  stop([end])
  start --> n0
  n0 ==>|"each files"| n1
  n1 --> n2
  n2 -->|"score #62; 5"| stop
  n2 -->|"otherwise"| n3
  n3 --> n2
  class n0 done
  class n3 failed
  classDef done fill:#d4f4dd,stroke:#1a7f37,color:#0f3d1f
  classDef failed fill:#ffd7d5,stroke:#cf222e,color:#5c0d12
`)
  })

  it('keeps names of the file from being anything but text', () => {
    const text = toMermaid(draw('a"]; click n0 "javascript alert(1)" <b> `x` & -> {state_id: end}'))
    expect(text.split('\n')[2]).toBe(
      '  n0["a#34;#93;#59; click n0 #34;javascript alert(1)#34; #60;b#62; #96;x#96; #38;"]',
    )
  })
})
