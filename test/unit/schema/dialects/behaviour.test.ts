import { expect, test } from 'vitest'
import { normaliseCodemie } from '../../../../schema/dialects/codemie/draft.ts'
import { openEnvelope } from '../../../../schema/dialects/codemie/envelope.ts'
import { readWorkflow, readYaml } from '../../../../schema/index.ts'
import { workflowOf } from '../../../helpers/scripted-engine.ts'

// Numbers are those of the behaviour notes, section 8.

test.each([
  [93, 'keep_history: false', false],
  [93, 'keep_history: false, include_in_llm_history: true', true],
])('%i: %s: in the history is %s', (_number, flags, expected) => {
  const { states } = workflowOf([['s', `{ state_id: end, ${flags} }`]])
  expect(states[0]?.output.includeInHistory).toBe(expected)
})

test('94: wait_for_user_confirmation holds a state, and does not go with interrupt_before', () => {
  const { states } = workflowOf([['s', '{ state_id: end }', 'wait_for_user_confirmation: true,']])
  expect(states[0]?.pauseBefore).toBe(true)
  const both = 'wait_for_user_confirmation: true, interrupt_before: true'
  const text = `assistants: [{ id: a, system_prompt: P }]\nstates: [{ id: s, assistant_id: a, ${both}, next: { state_id: end } }]\n`
  expect(readWorkflow({ file: 'w.yaml', text }).workflow).toBeUndefined()
})

test('119: a retry policy takes each key from the state, else the workflow, else the default', () => {
  const plain = { initialIntervalMs: 500, backoffFactor: 2, maxIntervalMs: 128_000, maxAttempts: 10 }
  expect(workflowOf([['s', '{ state_id: end }']]).states[0]?.retry).toEqual(plain)
  const { states } = workflowOf(
    [['s', '{ state_id: end }', 'retry_policy: { max_attempts: 3 },']],
    'retry_policy: { max_attempts: 5, backoff_factor: 4 }',
  )
  expect(states[0]?.retry).toEqual({ ...plain, maxAttempts: 3, backoffFactor: 4 })
})

test.each([
  [121, '', 2],
  [121, 'max_concurrency: 0', 1],
  [121, 'max_concurrency: 5', 5],
  [121, 'max_concurrency: 6', 5],
])('%i: %s runs at most %i at once', (_number, root, expected) => {
  // Reading refuses 0; what is in force with it is decided all the same.
  const source = openEnvelope(readYaml('w.yaml', `states: []\n${root}\n`))
  if (!source.config) throw new Error('there is no config')
  expect(normaliseCodemie(source, source.config).maxConcurrency).toBe(expected)
})
