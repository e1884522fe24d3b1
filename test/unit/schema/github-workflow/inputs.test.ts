import { describe, expect, it } from 'vitest'
import { callInputs, dispatchInputs } from '../../../../schema/github-workflow/inputs.ts'
import { readWorkflow, type Workflow } from '../../../../schema/index.ts'

const STATES = `
enable_summarization_node: false
tools: [{ id: l, tool: git_log }]
states: [{ id: s, tool_id: l, next: { state_id: end } }]
`

function workflow(file: string, inputs = ''): Workflow {
  const { workflow: found, diagnostics } = readWorkflow({ file, text: `${inputs}${STATES}` })
  if (!found) throw new Error(diagnostics.map(({ message }) => message).join('; '))
  return found
}

const inputsOf = (inputs: string, more: readonly Workflow[] = []) =>
  Object.fromEntries(dispatchInputs([workflow('a.yaml', `inputs: ${inputs}`), ...more]).inputs)

describe('the form of workflow_dispatch', () => {
  it.each<[situation: string, inputs: string, asked: Readonly<Record<string, unknown>>]>([
    [
      'a text',
      '{ x: { type: string, description: What, default: d } }',
      { x: { description: 'What', type: 'string', default: 'd' } },
    ],
    [
      'one that a run needs',
      '{ x: { type: string, required: true } }',
      { x: { required: true, type: 'string' } },
    ],
    ['a whole number', '{ x: { type: integer, default: 3 } }', { x: { type: 'number', default: 3 } }],
    ['yes or no', '{ x: { type: boolean, default: true } }', { x: { type: 'boolean', default: true } }],
    [
      'one of several',
      '{ x: { enum: [low, 2, low], default: low } }',
      { x: { type: 'choice', options: ['low', '2'], default: 'low' } },
    ],
    [
      'a default that is none of them',
      '{ x: { enum: [low], default: high } }',
      { x: { type: 'choice', options: ['low'] } },
    ],
    ['a list', '{ x: { type: array, default: [1] } }', { x: { type: 'string' } }],
    ['anything', '{ x: null }', { x: { type: 'string' } }],
    ['a default of another type', '{ x: { type: boolean, default: maybe } }', { x: { type: 'boolean' } }],
    [
      'a default with an expression',
      '{ x: { type: string, default: "$' + '{{ github.token }}" } }',
      { x: { type: 'string' } },
    ],
    [
      'a description with line breaks and an expression',
      '{ x: { type: string, description: "a\\n\\n$' + '{{ b }}\\u0007 c" } }',
      { x: { description: 'a {{ b }} c', type: 'string' } },
    ],
  ])('%s', (_, inputs, asked) => {
    expect(inputsOf(inputs)).toEqual(asked)
  })

  it('of several workflows asks which, and says whose each input is', () => {
    const b = workflow(
      'b.yaml',
      'inputs: { x: { type: boolean, required: true }, y: { type: string, required: true } }',
    )
    expect(inputsOf('{ x: { type: string, required: true, description: What } }', [b])).toEqual({
      workflow: { description: 'Workflow to run', required: true, type: 'choice', options: ['a', 'b'] },
      x: { description: 'What (a and b)', required: true, type: 'string' },
      y: { description: 'For b', type: 'string' },
    })
  })

  it('names workflows of the same name by their paths, and leaves names out that GitHub would evaluate', () => {
    const odd = '$' + '{{ x }}'
    const { inputs, notes } = dispatchInputs([
      workflow('a.yaml'),
      workflow('b/a.yaml'),
      workflow(`${odd}.yaml`),
    ])
    expect(inputs.get('workflow')?.options).toEqual(['a.yaml', 'b/a.yaml'])
    expect(notes).toEqual(["These files cannot be chosen in GitHub's form, because of their names: {{ x }}."])
  })

  it('says which inputs have a name that GitHub does not take', () => {
    const { inputs, notes } = dispatchInputs([
      workflow('a.yaml', 'inputs: { a b: null, "ü": null, c-d_1: null }'),
    ])
    expect([...inputs.keys()]).toEqual(['c-d_1'])
    expect(notes).toEqual(['These inputs cannot be asked for, because of their names: a b, ü.'])
  })

  it('has at most 25 inputs, those first that a run needs', () => {
    const many = Array.from({ length: 30 }, (_, i) => `i${i}: { type: string, required: ${i === 29} }`).join(
      ', ',
    )
    const { inputs, notes } = dispatchInputs([workflow('a.yaml', `inputs: { ${many} }`)])
    expect([...inputs.keys()]).toEqual([...Array.from({ length: 24 }, (_, i) => `i${i}`), 'i29'])
    expect(notes).toEqual([
      'GitHub takes 25 inputs of workflow_dispatch. Left out, so that their defaults count: i24, i25, i26, i27, i28.',
    ])
  })
})

describe('the inputs of workflow_call', () => {
  it('name the workflow, and know no choice', () => {
    const called = callInputs([
      workflow('a.yaml', 'inputs: { x: { enum: [low, high], default: low }, call: null }'),
    ])
    expect(Object.fromEntries(called.inputs)).toEqual({
      call: { description: 'Workflow to run', required: true, type: 'string' },
      x: { type: 'string', default: 'low' },
    })
    expect(called.notes).toEqual(['These inputs cannot be asked for, because of their names: call.'])
  })
})
