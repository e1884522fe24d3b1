import { groupBy } from '../../schema/group-by.ts'
import type { UntimedEvent } from '../engine/attempts.ts'
import type { RunEvent, SharedMap } from '../events.ts'
import type { Reporter } from '../reporter.ts'
import type { StoredRun } from '../store/read-run.ts'
import { type FoundShards, refuseGaps } from '../store/shard.ts'
import type { RunStore } from '../store/store.ts'
import { innerSteps } from './allowance.ts'
import { itemEventsOf, readWork } from './shard-work.ts'
import { ownStepOf } from './shared-map.ts'

/** What other machines did of a map. */
export interface JoinedShards {
  /** Whole, up to the pause. */
  readonly journal: readonly RunEvent[]
  /** What happened to the items, in their order. */
  readonly events: readonly RunEvent[]
  readonly refs: FoundShards['refs']
}

/**
 * Brings the shards of a run together. Refuses with `shard-missing` when one is not there or not finished, and with
 * `shard-damaged` when one does not fit.
 *
 * @param options.restHere what is missing is done on this machine. Default: it is refused.
 */
export async function joinShards(
  records: RunStore,
  { manifest }: Pick<StoredRun, 'manifest'>,
  map: SharedMap,
  { restHere }: { readonly restHere: boolean },
): Promise<JoinedShards> {
  const name = { run: manifest.id, step: map.step, of: map.of }
  const { shards, refs } = await records.findShards(name)
  const { journal } = readWork(manifest, map, shards)
  const found = [...shards.values()].filter(({ number }) => number > 0)
  if (!restHere) refuseGaps(shards, name)
  return { journal, refs, events: found.flatMap((shard) => itemEventsOf(shard, map)) }
}

/** A run that takes over what other machines did. */
export interface TakenOver {
  /** What they did that this run does not know yet. */
  readonly events: readonly RunEvent[]
  readonly emit: (event: UntimedEvent) => Promise<void>
  /** How many of their steps lie inside of others, so that this run does not come to them. */
  readonly uncountedSteps: number
}

/**
 * Tells what happens in a run that takes over what other machines did: each of their steps is put into the journal when the
 * run comes to it, as if it had been done here, and what is only repeated on the way there is not told again.
 */
export function takingOver(
  { events }: JoinedShards,
  known: readonly RunEvent[],
  reporter: Reporter,
): TakenOver {
  const finished = new Set(finishedIn(known))
  const taken = events.filter((event) => !finished.has(ownStepOf(pathOf(event))))
  const waiting = groupBy(taken, (event) => ownStepOf(pathOf(event)))
  for (const path of finishedIn(taken)) finished.add(path)
  return {
    events: taken,
    uncountedSteps: innerSteps(taken),
    emit: async (event) => {
      const path = pathOf(event)
      const theirs = waiting.get(ownStepOf(path))
      if (theirs) {
        waiting.delete(ownStepOf(path))
        reporter.takeOver(theirs)
      }
      if (event.type === 'warning' && finished.has(path)) return
      await reporter.emit(event)
    },
  }
}

function pathOf(event: UntimedEvent | RunEvent): string {
  return 'path' in event ? (event.path ?? '') : ''
}

function finishedIn(events: readonly RunEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'step-finished' ? [event.path] : []))
}
