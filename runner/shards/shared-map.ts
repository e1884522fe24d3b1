import type { Workflow } from '../../schema/workflow.ts'
import type { Memory } from '../engine/memory.ts'
import { placeName, type Step, stateOfPath } from '../engine/step.ts'
import type { RunEvent, SharedMap } from '../events.ts'
import { Refusal } from '../failure.ts'

/** Whether several machines may share the items of one of its lists. */
export function mayBeShared({ states }: Workflow): boolean {
  return states.some(({ next }) => next.kind === 'map' && next.shards !== undefined)
}

/**
 * The map that a run was handed out for, as long as the run has not come to an end of its own. Other machines keep what they
 * found of it until then.
 */
export function sharedMapOf(events: readonly RunEvent[]): SharedMap | undefined {
  let map: SharedMap | undefined
  for (const event of events) {
    if (event.type === 'run-paused') map = event.shards ?? map
    if (event.type === 'run-finished' && event.status !== 'paused') map = undefined
  }
  return map
}

/** In how many shards the list is whose items a step is the first to work on; `undefined`: one machine does them all. */
export function shardsOf({ states }: Workflow, { item, after }: Step): number | undefined {
  if (item?.first !== true || item.lineage.length !== 1) return undefined
  const from = stateOfPath(after[0] ?? '')
  const next = states.find(({ id }) => placeName(id) === from)?.next
  return next?.kind === 'map' ? next.shards : undefined
}

/** The items of a shard, from 1, the last one included. Shards differ by one item at most. */
export interface ItemRange {
  readonly first: number
  readonly last: number
}

/** Which items of a map a shard has; `number` from 1. */
export function itemsOf({ items, of }: SharedMap, number: number): ItemRange {
  return { first: Math.floor(((number - 1) * items) / of) + 1, last: Math.floor((number * items) / of) }
}

/** How many items a shard has. */
export function countItems(map: SharedMap, number: number): number {
  const { first, last } = itemsOf(map, number)
  return last - first + 1
}

/**
 * Runs the items of one shard, through all states that they go through, and nothing else. What comes before them must be
 * known: refuses with `run-differs` where it is not.
 */
export function selectShard(
  map: SharedMap,
  number: number,
  memory: Memory,
): (steps: readonly Step[]) => readonly Step[] {
  const { first, last } = itemsOf(map, number)
  let isBegun = false
  return (steps) => {
    isBegun ||= steps.some(
      ({ item, after }) => item?.first && item.lineage.length === 1 && after[0] === map.step,
    )
    if (isBegun) {
      return steps.filter(({ item }) => {
        const [at = 0] = item?.lineage ?? []
        return at >= first && at <= last
      })
    }
    const unknown = steps.find(({ path }) => memory.finished(path) === undefined)
    if (unknown === undefined) return steps
    throw new Refusal(
      'run-differs',
      `The run would come to '${unknown.path}' before its list, and its journal does not know that step`,
      { exitStatus: 6, help: 'Use the version of codemie-ci that began the run.' },
    )
  }
}

/** The step of the run's own workflow that a path belongs to: `review[3]` for `review[3]/look`. */
export function ownStepOf(path: string): string {
  const end = path.indexOf('/')
  return end < 0 ? path : path.slice(0, end)
}

/** The number of the outermost item that a path belongs to, from 1; `undefined`: to none. */
export function itemOfPath(path: string): number | undefined {
  const number = /\[(\d+)\](?:\[\d+\])*(?:#\d+)?$/.exec(ownStepOf(path))?.[1]
  return number === undefined ? undefined : Number(number)
}
