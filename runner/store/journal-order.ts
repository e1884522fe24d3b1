import { groupBy } from '../../schema/group-by.ts'
import { stateOfPath } from '../engine/step.ts'
import type { RunEvent } from '../events.ts'
import { compareItems, placeOfStep } from './file-name.ts'

/**
 * What the record of a run tells whose map several machines may share: the same for one machine and for many. Steps come in the
 * order in which they began, the items of a list by their numbers, and what happened in a step stays together. That the run
 * was handed out in between is left out; where it was, its machines count as one. Any other run is told as it happened.
 */
export function tellInOrder(events: readonly RunEvent[]): {
  readonly events: readonly RunEvent[]
  /** How often the run was handed out and taken back. */
  readonly handedOut: number
} {
  const [first] = events
  if (first?.type !== 'run-started' || !first.ordered) return { events, handedOut: 0 }
  const told = withoutHandingOut(events)
  return { events: inOrder(told, ''), handedOut: (events.length - told.length) / HANDING_OUT.length }
}

/** How often a run was handed out to other machines and taken back, in a journal as it was written. */
export function countHandedOut(events: readonly RunEvent[]): number {
  return tellInOrder(events).handedOut
}

/** What a journal says of a run that was handed out and taken back. */
const HANDING_OUT: readonly RunEvent['type'][] = ['run-paused', 'run-finished', 'run-resumed']

function withoutHandingOut(events: readonly RunEvent[]): readonly RunEvent[] {
  const told: RunEvent[] = []
  for (let at = 0; at < events.length; at++) {
    const event = events[at] as RunEvent
    const isHandedOut =
      event.type === 'run-paused' &&
      event.shards !== undefined &&
      HANDING_OUT.every((type, index) => events[at + index]?.type === type)
    if (isHandedOut) at += HANDING_OUT.length - 1
    else told.push(event)
  }
  return told
}

/** Puts what happened in the steps right below a path in order; what belongs to no step stays between them. */
function inOrder(events: readonly RunEvent[], within: string): readonly RunEvent[] {
  const told: RunEvent[] = []
  let together: RunEvent[] = []
  const close = () => {
    told.push(...byStep(together, within))
    together = []
  }
  for (const event of events) {
    if (stepBelow(event, within) !== undefined) together.push(event)
    else {
      close()
      told.push(event)
    }
  }
  close()
  return told
}

function byStep(events: readonly RunEvent[], within: string): readonly RunEvent[] {
  const steps = [...groupBy(events, (event) => stepBelow(event, within) ?? '')].map(([path, own]) => ({
    path,
    own,
    state: stateOfPath(path),
    item: placeOfStep(path.slice(within.length)).item,
  }))
  const sorted: typeof steps = []
  for (let from = 0; from < steps.length; ) {
    let to = from + 1
    // Items of one list start together; those of the next state follow.
    while (steps[to]?.state === steps[from]?.state) to++
    sorted.push(...steps.slice(from, to).sort((a, b) => compareItems(a.item, b.item)))
    from = to
  }
  return sorted.flatMap(({ path, own }) => inOrder(own, `${path}/`))
}

/** Path of the step right below another that an event belongs to; `undefined`: to none. */
function stepBelow(event: RunEvent, within: string): string | undefined {
  const path = 'path' in event ? event.path : undefined
  if (!path?.startsWith(within) || path.length === within.length) return undefined
  const end = path.indexOf('/', within.length)
  return end < 0 ? path : path.slice(0, end)
}
