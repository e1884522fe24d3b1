import type { SharedMap } from '../events.ts'
import { count } from './plain-text.ts'

/** `4 shards with the 10 items of plan`. The name of the step is as it was written: make it safe for where it goes. */
export function describeShards({ step, items, of }: SharedMap): string {
  return `${count(of, 'shard')} with the ${count(items, 'item')} of ${step}`
}

/** What does a shard of a run, and what joins them. */
export function commandsOfShards(
  runId: string,
  { of }: SharedMap,
): { readonly shard: string; readonly join: string } {
  return { shard: `codemie-ci shard ${runId} <1 to ${of}>`, join: `codemie-ci resume ${runId}` }
}
