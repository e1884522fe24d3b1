import { describe, expect, it } from 'vitest'
import { History } from '../../../../runner/engine/history.ts'
import type { IterationItem } from '../../../../runner/engine/route.ts'
import type { Step } from '../../../../runner/engine/step.ts'
import type { StepEffects } from '../../../../runner/engine/step-effects.ts'
import { prepareTransform } from '../../../../runner/steps/transform-step.ts'
import { PyDict } from '../../../../schema/language/index.ts'
import type { TransformWork } from '../../../../schema/workflow.ts'

const at = { file: 'test.yaml', line: 1, column: 1 }

describe('what a transform is called in the record', () => {
  const table: readonly [string, string, string][] = [
    ['its task', 'Keep the totals', 'Keep the totals'],
    ['what transforms do, when it has none', '', 'Transform data by the mappings'],
  ]
  it.each(table)('%s', (_, value, expected) => {
    const work: TransformWork = { kind: 'transform', at, config: {}, task: { value, at } }
    const { task } = prepareTransform({} as Step, work, () => undefined)
    expect(task).toBe(expected)
  })
})

describe('what a transform can read', () => {
  const mappings = ['q', 'user_input', 'task'].map((path) => ({ output_field: path, source_path: path }))
  const item: IterationItem = { value: 'x', number: 1, total: 2, ofTotal: 2, first: true, lineage: [1] }
  const read = (input_source: string, more: Partial<Step>) => {
    const work: TransformWork = {
      kind: 'transform',
      at,
      config: { input_source, mappings },
      task: { value: '', at },
    }
    const step = {
      state: { id: 's' },
      history: History.empty,
      context: new PyDict(),
      input: { text: '{"q": 1}', fileNames: [] },
      ...more,
    }
    return prepareTransform(step as Step, work, () => undefined).execute({} as StepEffects)
  }
  const table: readonly [string, string, Partial<Step>, object][] = [
    ["the run's input", 'user_input', {}, { q: 1, user_input: null, task: null }],
    ['nothing of it inside an iteration', 'user_input', { item }, { q: null, user_input: null, task: null }],
    ['the input as text', 'state_schema', {}, { q: null, user_input: '{"q": 1}', task: null }],
    ['the item in its place', 'state_schema', { item }, { q: null, user_input: null, task: 'x' }],
  ]
  it.each(table)('%s', async (_, source, more, expected) => {
    expect(JSON.parse(await read(source, more))).toEqual(expected)
  })
})
