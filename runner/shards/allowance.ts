import type { MoneyAndTokens } from '../../schema/workflow.ts'
import { type Spending, spendingOf } from '../engine/budget.ts'
import type { RunEvent, SharedMap } from '../events.ts'
import { countItems, ownStepOf } from './shared-map.ts'

/** What is known of a run when a shard begins. */
export interface KnownShards {
  readonly map: SharedMap
  /** Before the items. */
  readonly journal: readonly RunEvent[]
  /** What happened in each shard that is there, by its number. */
  readonly shards: ReadonlyMap<number, { readonly events: readonly RunEvent[]; readonly isFinished: boolean }>
}

/** What a shard may spend, what it has spent in earlier tries included. */
export interface Allowance {
  readonly budget: MoneyAndTokens
  /** What counts as spent already. */
  readonly spending: Spending
  /** How many steps may run, those included that are only taken from the journal. */
  readonly maxSteps?: number
}

/**
 * The part of a run's budget that a shard has: of what is left after the steps before the items and after the shards that are
 * finished, as much as it has of the items that are not finished. So all of them together never have more than the run has,
 * and a shard that is run again has what the others did not need. Pure.
 */
export function allowanceOf(
  budget: MoneyAndTokens,
  { map, journal, shards }: KnownShards,
  number: number,
): Allowance {
  const own = shards.get(number)?.events ?? []
  const others = [...shards].filter(([other, { isFinished }]) => other !== number && isFinished)
  const done = others.reduce((sum, [other]) => sum + countItems(map, other), 0)
  const share = countItems(map, number) / (map.items - done)
  const before = [...journal, ...others.flatMap(([, { events }]) => events)]
  const spent = spendingOf(before)
  const part = (limit: number, used: number) => Math.max(0, (limit - used) * share)
  const { usd, tokens, steps } = budget
  const spending = spendingOf(own)
  return {
    budget: {
      ...(usd === undefined ? {} : { usd: part(usd, spent.usd) }),
      ...(tokens === undefined ? {} : { tokens: Math.floor(part(tokens, spent.tokens)) }),
    },
    // An answer that did not say what it took leaves nothing that could be shared.
    spending: {
      ...spending,
      withoutUsd: spending.withoutUsd + spent.withoutUsd,
      withoutTokens: spending.withoutTokens + spent.withoutTokens,
    },
    ...(steps === undefined
      ? {}
      : {
          maxSteps: Math.floor(part(steps, finishedSteps(before).size)) + ownSteps(journal) - innerSteps(own),
        }),
  }
}

/** Paths of the steps that are finished. */
function finishedSteps(events: readonly RunEvent[]): ReadonlySet<string> {
  return new Set(events.flatMap((event) => (event.type === 'step-finished' ? [event.path] : [])))
}

/** Steps of the run's own workflow that are finished: those inside of them are not come to again. */
function ownSteps(events: readonly RunEvent[]): number {
  return [...finishedSteps(events)].filter((path) => path === ownStepOf(path)).length
}

/** How many finished steps lie inside of others, which a run that goes on does not come to again. */
export function innerSteps(events: readonly RunEvent[]): number {
  return finishedSteps(events).size - ownSteps(events)
}
