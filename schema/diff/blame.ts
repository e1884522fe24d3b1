import { placedStates } from '../blocks.ts'
import type { State, Workflow } from '../workflow.ts'
import type { Aspect } from './aspect.ts'
import type { Change } from './change.ts'
import { compareWorkflows } from './compare.ts'
import { matchPlaces } from './match-states.ts'
import { STATE_ASPECTS } from './state-rules.ts'
import { meaningOf } from './values.ts'
import { WORK_ASPECTS } from './work-rules.ts'

/** A version of a workflow among others. */
export interface BlamedVersion {
  /** `undefined`: it has errors, or the workflow was taken away. */
  readonly workflow: Workflow | undefined
  readonly isRemoved: boolean
  /** Places of those that it was made from, all behind it; several for a merge. */
  readonly parents: readonly number[]
  /** What was before it is not known. */
  readonly isOldestHere: boolean
}

/** Where an aspect of a state got its meaning. */
export interface Attribution {
  /** As in the changes of the aspect, e.g. `prompt-changed`. */
  readonly code: string
  /** What people call it, e.g. `prompt`. */
  readonly aspect: string
  /** The state has nothing of it, such as no tools. */
  readonly isEmpty: boolean
  /** Place of the version. */
  readonly version: number
  /**
   * `changed`: the version changed it; `added`: it came with the state; `not-later`: it was so in the oldest version that
   * is known.
   */
  readonly how: 'changed' | 'added' | 'not-later'
  /** What the version changed; of a merge, against its first side that had the state. */
  readonly change?: Change
  /** Versions with errors lie between this one and the one it was compared with, and may have done it. */
  readonly isUnsure: boolean
}

/** What is open at a version: ids that the state had there, with the aspects that are still looked for. */
type Open = Map<string, Set<string>>

/**
 * Says for each aspect of a state of the newest version which version last gave it its meaning: through renames of the
 * state, and through merges, where an aspect is followed to a side that has the same. Pure.
 *
 * @param versions newest first. The first one must be readable and have the state; otherwise nothing is found.
 * @param id of the state; `refine/tester` inside of a block.
 */
export function blameState(versions: readonly BlamedVersion[], id: string): Attribution[] {
  const state = stateAt(versions[0]?.workflow, id)
  if (state === undefined) return []
  const aspects = aspectsOf(state)
  const found = new Map<string, Omit<Attribution, 'code' | 'aspect' | 'isEmpty'>>()
  const open = new Map<number, Open>([[0, new Map([[id, new Set(aspects.keys())]])]])
  for (const [version, { workflow }] of versions.entries()) {
    const before = readableBefore(versions, version)
    for (const [name, codes] of open.get(version) ?? []) {
      const sides = before.places.map((place) => ({
        place,
        ...compareState(versions[place]?.workflow, workflow, name),
      }))
      const known = sides.filter((side) => side.earlier !== undefined)
      for (const code of codes) {
        const same = known.find(({ changes }) => !changes.has(code))
        if (same?.earlier !== undefined) {
          look(open, same.place, same.earlier, code)
          continue
        }
        const change = known[0]?.changes.get(code)
        const how = change ? 'changed' : before.isOldestHere ? 'not-later' : 'added'
        found.set(code, { version, how, ...(change ? { change } : {}), isUnsure: before.hasErrors })
      }
    }
    if (found.size === aspects.size) break
  }
  return [...aspects].flatMap(([code, { name, isEmpty }]) => {
    const where = found.get(code)
    return where ? [{ code, aspect: name, isEmpty, ...where }] : []
  })
}

/** @param place `refine/tester` inside of a block. */
function stateAt(workflow: Workflow | undefined, place: string): State | undefined {
  return placedStates(workflow?.states ?? []).find((one) => one.place === place)?.state
}

function look(open: Map<number, Open>, place: number, id: string, code: string): void {
  const at = open.get(place) ?? new Map<string, Set<string>>()
  open.set(place, at.set(id, (at.get(id) ?? new Set()).add(code)))
}

/** The aspects of a state by the code of their changes. */
function aspectsOf(state: State): Map<string, { readonly name: string; readonly isEmpty: boolean }> {
  const entry = <T>({ code, name, of }: Aspect<T>, one: T) =>
    [code, { name, isEmpty: EMPTY.has(meaningOf(of(one))) }] as const
  return new Map([
    ['state-renamed', { name: 'id', isEmpty: false }],
    ['work-changed', { name: 'kind of work', isEmpty: false }],
    ...WORK_ASPECTS[state.work.kind].map((aspect) => entry(aspect, state.work)),
    ...STATE_ASPECTS.map((aspect) => entry(aspect, state)),
  ])
}

const EMPTY: ReadonlySet<string> = new Set(['undefined', 'null', 'false', '""', '[]', '{}'])

/** The nearest versions before one that can be read. */
function readableBefore(versions: readonly BlamedVersion[], version: number) {
  const places = new Set<number>()
  const seen = new Set<number>()
  let hasErrors = false
  let isOldestHere = versions[version]?.isOldestHere ?? false
  const queue = [...(versions[version]?.parents ?? [])]
  for (let place = queue.shift(); place !== undefined; place = queue.shift()) {
    const one = versions[place]
    if (one === undefined || seen.has(place)) continue
    seen.add(place)
    if (one.workflow) {
      places.add(place)
      continue
    }
    hasErrors ||= !one.isRemoved
    isOldestHere ||= one.isOldestHere
    queue.push(...one.parents)
  }
  return { places: [...places], hasErrors, isOldestHere }
}

/** What a state was called before, `undefined`: it was not there; and what changed of it, by code. */
function compareState(before: Workflow | undefined, after: Workflow | undefined, id: string) {
  const changes = new Map<string, Change>()
  const state = stateAt(after, id)
  const pairs = matchPlaces(before?.states ?? [], after?.states ?? [])
  const earlier = pairs.find(([, now]) => now.place === id)?.[0].place
  if (before === undefined || after === undefined || state === undefined || earlier === undefined)
    return { earlier: undefined, changes }
  for (const change of compareWorkflows(before, after)) {
    if (change.state !== id) continue
    changes.set(change.code, change)
    // All that the new kind of work has came with it.
    if (change.code === 'work-changed')
      for (const { code } of WORK_ASPECTS[state.work.kind]) changes.set(code, change)
  }
  return { earlier, changes }
}
