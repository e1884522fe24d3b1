import { describe, expect, it } from 'vitest'
import { compareWorkflows } from '../../../schema/diff/compare.ts'
import { toMermaidDiff } from '../../../schema/graph-mermaid-diff.ts'
import { readWorkflow, type Workflow } from '../../../schema/index.ts'

/** A workflow from states as `[id, task, next]`. */
function made(...states: readonly (readonly [id: string, task: string, next: string])[]): Workflow {
  const lines = states.map(
    ([id, task, next]) => `  - {id: ${JSON.stringify(id)}, assistant_id: x, task: ${task}, next: ${next}}`,
  )
  const text = `assistants: [{id: x, system_prompt: y}]\nstates:\n${lines.join('\n')}\n`
  const { workflow, diagnostics } = readWorkflow({ file: 'w.yaml', text })
  if (!workflow) throw new Error(JSON.stringify(diagnostics))
  return workflow
}

const picture = (before: Workflow | undefined, after: Workflow | undefined) =>
  toMermaidDiff(before, after, before && after ? compareWorkflows(before, after) : [])

const BEFORE = made(
  ['plan', 'Plan the work of today', '{state_id: write}'],
  ['write', 'Write it all down', '{state_id: check}'],
  ['check', 'Look whether all of it holds', '{state_id: end}'],
  ['old', 'Nobody knows any more for what purpose this one was once added by somebody', '{state_id: end}'],
)

describe('a workflow before and after as one picture', () => {
  it('colours what came, went, changed and was renamed', () => {
    const after = made(
      ['prepare', 'Plan the work of today', '{state_id: write}'],
      ['write', 'Write it all down', '{condition: {expression: "ok", then: check, otherwise: ask}}'],
      ['check', 'Look whether none of it holds', '{state_id: end}'],
      ['ask', 'Put three short questions to whoever reads these lines before they go out', '{state_id: end}'],
    )
    expect(picture(BEFORE, after)).toMatchInlineSnapshot(`
      "flowchart TD
        start([start])
        n0["prepare (was plan)"]
        n1["write"]
        n2["check"]
        n3["ask"]
        r0["old"]
        stop(["summary, end"])
        start --> n0
        n0 --> n1
        n1 -->|"ok"| n2
        n1 -->|"otherwise"| n3
        n2 --> stop
        n3 --> stop
        n1 --> n2
        r0 --> stop
        classDef added fill:#d4f4dd,stroke:#1a7f37,color:#0f3d1f
        class n3 added
        classDef removed fill:#ffd7d5,stroke:#cf222e,color:#5c0d12,stroke-dasharray:5 5
        class r0 removed
        classDef changed fill:#fff8c5,stroke:#9a6700,color:#4d3800
        class n1,n2 changed
        classDef renamed fill:#ddf4ff,stroke:#0969da,color:#0a3069
        class n0 renamed
        linkStyle 2,3,5 stroke:#2da44e,stroke-width:2px
        linkStyle 6,7 stroke:#e5534b,stroke-width:2px,stroke-dasharray:5 5
      "
    `)
  })

  it('colours nothing where nothing is different', () => {
    expect(picture(BEFORE, BEFORE)).not.toMatch(/class|linkStyle/)
  })

  it.each([
    ['a new workflow', undefined, BEFORE, 'class n0,n1,n2,n3 added', 'linkStyle 0,1,2,3,4 stroke:#2da44e'],
    [
      'one that is gone',
      BEFORE,
      undefined,
      'class r0,r1,r2,r3 removed',
      'linkStyle 0,1,2,3,4 stroke:#e5534b',
    ],
  ])('%s has one colour', (_name, before, after, classes, links) => {
    const text = picture(before, after)
    expect(text).toContain(classes)
    expect(text).toContain(links)
  })

  it('another first state and a repeated line', () => {
    const before = made(['a', 'One', '{state_ids: [b, b]}'], ['b', 'Two', '{state_id: end}'])
    const after = made(['b', 'Two', '{state_id: end}'], ['a', 'One', '{state_id: b}'])
    const text = picture(before, after)
    expect(text.split('\n').filter((line) => / --> |linkStyle/.test(line))).toEqual([
      '  start --> n0',
      '  n0 --> stop',
      '  n1 --> n0',
      '  start --> n1',
      '  n1 --> n0',
      '  linkStyle 0 stroke:#2da44e,stroke-width:2px',
      '  linkStyle 3,4 stroke:#e5534b,stroke-width:2px,stroke-dasharray:5 5',
    ])
  })

  it('names are text, whatever they hold', () => {
    const evil = 'x"]; click r0 "javascript alert(1)" <b>'
    const text = picture(made([evil, 'One', '{state_id: end}']), made(['y', 'One', '{state_id: end}']))
    expect(text).toContain('n0["y (was x#34;#93;#59; click r0 #34;javascript alert(1)#34; #60;b#62;)"]')
  })

  it.each([
    ['hundreds of states', 300, (i: number) => `s${i}`, /more\["297 more, not shown"\]/],
    [
      'names of many escaped signs',
      300,
      (i: number) => `${'🧨'.repeat(60)}${i}`,
      /more\["\d+ more, not shown"\]/,
    ],
  ])('%s: what changed and its neighbours', (_name, count, nameOf, more) => {
    const chain = (task: string) =>
      made(
        ...Array.from({ length: count }, (_, i): [string, string, string] => [
          nameOf(i),
          i === 150 ? task : 'Same',
          i + 1 < count ? `{state_id: ${JSON.stringify(nameOf(i + 1))}}` : '{state_id: end}',
        ]),
      )
    const text = picture(chain('Before'), chain('After'))
    expect(text).toMatch(more)
    expect(text).toContain('class n150 changed')
    expect(text).toContain('n149 --> n150')
    expect(text.length).toBeLessThan(50_000)
  })

  it('everything is new and too much: as much as a forge draws', () => {
    const many = made(
      ...Array.from({ length: 200 }, (_, i): [string, string, string] => [
        `${i}${'"'.repeat(59)}`,
        'Same',
        i === 199
          ? '{state_id: end}'
          : `{state_ids: ${JSON.stringify(Array.from({ length: 20 }, () => `199${'"'.repeat(59)}`))}}`,
      ]),
    )
    const text = picture(undefined, many)
    expect(text.length).toBeLessThanOrEqual(50_000)
    expect(text.match(/ --> /g)?.length).toBeLessThanOrEqual(500)
    expect(text).toMatch(/more\["1\d\d more, not shown"\]/)
  })
})
