import { expect, it } from 'vitest'
import { runScripted, workflowOf } from '../../../helpers/scripted-engine.ts'

it('a condition may spell true and false in small letters', async () => {
  const states = [
    ['ask', '{ condition: { expression: "ok == true", then: good, otherwise: bad } }'],
    ['good', '{ state_id: end }'],
    ['bad', '{ state_id: end }'],
  ] as const
  const run = await runScripted(workflowOf(states), { outputs: { ask: '{"ok": true}' } })
  expect(run.supersteps).toEqual([['ask'], ['good']])
})
