import { describe, expect, it } from 'vitest'
import type { Step } from '../../../../runner/engine/step.ts'
import { prepareTransform } from '../../../../runner/steps/transform-step.ts'
import type { TransformWork } from '../../../../schema/workflow.ts'

describe('what a transform is called in the record', () => {
  const at = { file: 'test.yaml', line: 1, column: 1 }
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
