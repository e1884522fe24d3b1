import type { Workflow } from '../../schema/workflow.ts'
import type { Step } from '../engine/step.ts'
import type { SharedMap } from '../events.ts'
import type { RunWriter } from '../store/writer.ts'
import { describeWork, workAsShard } from './shard-work.ts'
import { shardsOf } from './shared-map.ts'

/** Stops a run before the first map that several machines may share. */
export interface HandOut {
  /** See `EngineOptions.select`. */
  readonly select: (steps: readonly Step[]) => readonly Step[]
  /** The map that it was stopped before. */
  readonly map: () => SharedMap | undefined
  /** Keeps what the shards begin with; called before the run says that it waits for them. */
  readonly keep: (writer: RunWriter, map: SharedMap) => Promise<void>
}

/** @param warn told of a list that could be shared and is not. */
export function handOut(
  workflow: Workflow,
  warn: (warning: { readonly code: string; readonly message: string; readonly path: string }) => void,
): HandOut {
  let map: SharedMap | undefined
  return {
    select(steps) {
      const items = steps.filter((step) => shardsOf(workflow, step) !== undefined)
      const [first] = items
      const from = first?.after[0]
      const shards = first && shardsOf(workflow, first)
      if (items.length < 2 || from === undefined || shards === undefined) return steps
      if (steps.some((step) => shardsOf(workflow, step) === undefined || step.after[0] !== from)) {
        warn({
          code: 'not-shared',
          message: 'Other states run beside the items of the list, so this machine does all of them',
          path: from,
        })
        return steps
      }
      map = { step: from, items: items.length, of: Math.min(shards, items.length) }
      return []
    },
    map: () => map,
    keep: async (writer, shared) =>
      await writer.keepShard(workAsShard(describeWork(writer.executed(), shared, writer.events()))),
  }
}
