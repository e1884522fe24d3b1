import { standingEvents } from '../engine/standing.ts'
import type { EffectFinished, RunEvent } from '../events.ts'
import type { EffectResult, Proposed } from './proposal.ts'

/** A proposal of a run, and what became of it. */
export interface EffectDigest extends Proposed {
  /** Path of the step that made it. */
  readonly step: string
  /** Absent: nobody has looked at it since. */
  readonly result?: Omit<EffectResult, 'key'> & { readonly at: string }
}

/** Refused proposals that are kept; a model can go on for long. */
const MOST_REFUSED = 100

/**
 * The proposals of a run, in the order in which they were made. What an attempt proposed that failed afterwards, or a step that
 * was done again, does not count; what was refused does, as long as there are not too many.
 */
export function effectsOf(events: readonly RunEvent[]): readonly EffectDigest[] {
  // Most runs propose nothing.
  if (!events.some((event) => event.type === 'effect-finished' && event.proposed)) return []
  const standing = standingEvents(events)
  const failed = new Set(
    standing.flatMap((event) => (event.type === 'attempt-failed' ? [`${event.attempt} ${event.path}`] : [])),
  )
  const results = resultsIn(standing)
  const found = new Map<string, EffectDigest>()
  let refused = 0
  for (const event of standing) {
    const { proposed } = event as Partial<EffectFinished>
    if (event.type !== 'effect-finished' || !proposed) continue
    const isDropped = proposed.refused === undefined && failed.has(`${event.attempt} ${event.path}`)
    if (isDropped || (proposed.refused !== undefined && ++refused > MOST_REFUSED)) continue
    const result = proposed.refused === undefined ? results.get(proposed.key) : undefined
    const place = proposed.refused === undefined ? proposed.key : `${proposed.key} ${event.attempt}`
    found.set(place, { ...proposed, step: event.path, ...(result ? { result } : {}) })
  }
  return [...found.values()]
}

/** What waits to be carried out: what was taken, and is not done yet. */
export function waitingEffects(effects: readonly EffectDigest[]): readonly EffectDigest[] {
  return effects.filter(({ proposal, result }) => proposal !== undefined && result?.status !== 'done')
}

function resultsIn(events: readonly RunEvent[]): ReadonlyMap<string, EffectDigest['result']> {
  const results = new Map<string, EffectDigest['result']>()
  for (const event of events) {
    if (event.type !== 'effects-carried-out') continue
    for (const { key, ...result } of event.results) results.set(key, { ...result, at: event.at })
  }
  return results
}
