import { expect, test } from 'vitest'
import type { RunEvent } from '../../../../runner/events.ts'
import { allowanceOf } from '../../../../runner/shards/allowance.ts'
import { itemOfPath, itemsOf, ownStepOf } from '../../../../runner/shards/shared-map.ts'

const map = { step: 'plan', items: 10, of: 4 }

test.each([
  [10, 4, ['1-2', '3-5', '6-7', '8-10']],
  [4, 4, ['1-1', '2-2', '3-3', '4-4']],
  [10_000, 3, ['1-3333', '3334-6666', '6667-10000']],
])('%d items in %d shards', (items, of, expected) => {
  const ranges = Array.from({ length: of }, (_, index) => itemsOf({ step: 'plan', items, of }, index + 1))
  expect(ranges.map(({ first, last }) => `${first}-${last}`)).toEqual(expected)
})

test.each([
  ['review[3]', 'review[3]', 3],
  ['review[3][1]#2', 'review[3][1]#2', 3],
  ['review[12]/look[4]', 'review[12]', 12],
  ['plan', 'plan', undefined],
  ['odd[x]', 'odd[x]', undefined],
  ['call/look[4]', 'call', undefined],
])('the path %s', (path, own, item) => {
  expect(ownStepOf(path)).toBe(own)
  expect(itemOfPath(path)).toBe(item)
})

const AT = '2026-01-02T03:04:05.000Z'
/** A step that asked a model. */
const spent = (path: string, usd: number): readonly RunEvent[] => [
  {
    at: AT,
    type: 'effect-finished',
    path,
    attempt: 1,
    ordinal: 1,
    kind: 'model',
    name: 'm',
    request: '',
    reply: {},
    durationMs: 0,
    costUsd: usd,
    usage: { inputTokens: usd * 100, outputTokens: 0, cachedInputTokens: 0 },
  },
  { at: AT, type: 'step-finished', path, state: 's', attempt: 1, output: '', durationMs: 0 },
]
const shard = (isFinished: boolean, ...events: (readonly RunEvent[])[]) => ({
  events: events.flat(),
  isFinished,
})

test('at the start each shard has as much of what is left as it has of the items', () => {
  const known = { map, journal: spent('plan', 2), shards: new Map() }
  const parts = [1, 2, 3, 4].map((number) => allowanceOf({ usd: 12, tokens: 1200, steps: 12 }, known, number))
  expect(parts.map(({ budget }) => budget)).toEqual([
    { usd: 2, tokens: 200 },
    { usd: 3, tokens: 300 },
    { usd: 2, tokens: 200 },
    { usd: 3, tokens: 300 },
  ])
  // One step for each item, and the one before them that is taken from the journal.
  expect(parts.map(({ maxSteps }) => maxSteps)).toEqual([3, 4, 3, 4])
})

test('run again alone a shard has what the finished ones did not need, and what it spent counts', () => {
  const shards = new Map([
    [1, shard(true, spent('s[1]', 1), spent('s[2]', 1))],
    [2, shard(true, spent('s[3]', 1))],
    [3, shard(true, spent('s[6]', 1))],
    [4, shard(false, spent('s[8]', 3))],
  ])
  const { budget, spending } = allowanceOf({ usd: 12 }, { map, journal: spent('plan', 2), shards }, 4)
  expect(budget).toEqual({ usd: 6 })
  expect(spending).toMatchObject({ usd: 3, withoutUsd: 0 })
})

test('shards that are run again at the same time do not have it twice', () => {
  const shards = new Map([
    [1, shard(true, spent('s[1]', 1))],
    [2, shard(true, spent('s[3]', 1))],
    [3, shard(false)],
  ])
  const known = { map, journal: [], shards }
  const [third, fourth] = [3, 4].map((number) => allowanceOf({ usd: 12 }, known, number).budget.usd ?? 0)
  expect([third, fourth]).toEqual([4, 6])
})

test('after an answer whose cost nobody told no shard may ask where money is limited', () => {
  const journal: readonly RunEvent[] = spent('plan', 1).map((event) => {
    const { costUsd, ...rest } = event as RunEvent & { readonly costUsd?: number }
    return rest as RunEvent
  })
  expect(allowanceOf({ usd: 12 }, { map, journal, shards: new Map() }, 1).spending).toMatchObject({
    withoutUsd: 1,
  })
})

test('what is overspent is not owed', () => {
  const known = { map, journal: spent('plan', 20), shards: new Map() }
  expect(allowanceOf({ usd: 12, tokens: 5, steps: 0 }, known, 1)).toMatchObject({
    budget: { usd: 0, tokens: 0 },
    maxSteps: 1,
  })
})
