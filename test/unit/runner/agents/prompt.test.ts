import { expect, it } from 'vitest'
import { promptOf } from '../../../../runner/agents/ask-program.ts'
import { NOTHING_TOLD, sumsSince } from '../../../../runner/agents/sums.ts'
import type { ChatMessage } from '../../../../runner/models/model.ts'

const SYSTEM: ChatMessage = { role: 'system', content: 'Be brief.' }
const TASK: ChatMessage = { role: 'user', content: 'Go.' }

it.each<[situation: string, messages: readonly ChatMessage[], prompt: string]>([
  ['a task alone', [TASK], 'Go.'],
  ['instructions and a task', [SYSTEM, TASK], '# Instructions\n\nBe brief.\n\n# Your task\n\nGo.'],
  [
    'what was said before',
    [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hello' }, TASK],
    '# Said before\n\n## User\n\nHi\n\n## Assistant\n\nHello\n\n# Your task\n\nGo.',
  ],
  ['nothing', [], ''],
])('%s becomes one text', (_situation, messages, prompt) => {
  expect(promptOf(messages)).toBe(prompt)
})

const tokens = (inputTokens: number) => ({ inputTokens, outputTokens: 1, cachedInputTokens: 0 })

it('what a prompt took is what the session took since, and never less than nothing', () => {
  const before = { usage: tokens(10), costUsd: 0.5 }
  expect(sumsSince(before, { usage: tokens(15), costUsd: 0.75 })).toEqual({
    usage: { inputTokens: 5, outputTokens: 0, cachedInputTokens: 0 },
    costUsd: 0.25,
  })
  expect(sumsSince(before, { usage: tokens(3), costUsd: 0.25 })).toMatchObject({ costUsd: 0 })
  expect(sumsSince(before, NOTHING_TOLD)).toEqual({ usage: undefined, costUsd: undefined })
})
