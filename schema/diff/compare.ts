import type { State, Workflow } from '../workflow.ts'
import type { Change, ChangeClass, ChangeReach } from './change.ts'
import { matchStates } from './match-states.ts'
import { type Aspect, STATE_ASPECTS, WORK_ASPECTS, WORKFLOW_ASPECTS } from './rules.ts'
import { fromTo, isLong, meaningOf, textOf } from './values.ts'

/**
 * What the differences between two versions of a workflow mean, in the order of the definition: first the workflow as a
 * whole, then its states. Comments, formatting and the order of states are no differences. Pure.
 */
export function compareWorkflows(before: Workflow, after: Workflow): Change[] {
  const { pairs, removed } = matchStates(before.states, after.states)
  const names = new Map(pairs.map(([old, now]) => [old.id, now.id]))
  const earlier = new Map(pairs.map(([old, now]) => [now, old]))
  const changes = changesOf(WORKFLOW_ASPECTS, before, after)
  if ((names.get(before.entry) ?? before.entry) !== after.entry) {
    changes.push(
      change('entry-changed', 'neutral', 'all', `starts with ${fromTo(before.entry, after.entry)}`),
    )
  }
  for (const state of after.states) {
    const old = earlier.get(state)
    if (old === undefined) changes.push(change('state-added', 'widening', 'state', 'is new', state.id))
    else changes.push(...compareStates(old, state, names))
  }
  for (const { id } of removed) changes.push(change('state-removed', 'narrowing', 'followers', 'is gone', id))
  return changes
}

function compareStates(before: State, after: State, names: ReadonlyMap<string, string>): Change[] {
  const { id } = after
  const changes: Change[] = []
  if (before.id !== id)
    changes.push(change('state-renamed', 'neutral', 'state', `was called '${before.id}'`, id))
  if (before.work.kind !== after.work.kind) {
    const kinds = `does something else: ${before.work.kind} → ${after.work.kind}`
    changes.push(change('work-changed', 'widening', 'state', kinds, id))
  } else changes.push(...changesOf(WORK_ASPECTS[after.work.kind] ?? [], before.work, after.work, id))
  return [...changes, ...changesOf(STATE_ASPECTS, renamed(before, names), after, id)]
}

/** A state with the targets of its transition as they are called now: a rename is told once, and not by each who leads there. */
function renamed(state: State, names: ReadonlyMap<string, string>): State {
  const rename = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rename)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        const isTarget = key === 'to' || key === 'otherwise'
        if (isTarget && typeof member?.value === 'string')
          return [key, { ...member, value: names.get(member.value) ?? member.value }]
        if (isTarget && Array.isArray(member))
          return [key, member.map((one) => ({ ...one, value: names.get(one.value) ?? one.value }))]
        return [key, rename(member)]
      }),
    )
  }
  return {
    ...state,
    next: rename(state.next) as State['next'],
    onError: rename(state.onError) as State['onError'],
  }
}

function changesOf<T>(aspects: readonly Aspect<T>[], before: T, after: T, state?: string): Change[] {
  return aspects.flatMap((aspect): Change[] => {
    const [a, b] = [aspect.of(before), aspect.of(after)]
    if (meaningOf(a) === meaningOf(b)) return []
    const kind = typeof aspect.class === 'function' ? aspect.class(a, b) : aspect.class
    const sentence = aspect.isStructure
      ? `${aspect.name} changed`
      : `${aspect.name}${aspect.list ? '' : ':'} ${aspect.list ? listed(a, b) : fromTo(a, b)}`
    const texts = { before: textOf(aspect.shown?.(before) ?? a), after: textOf(aspect.shown?.(after) ?? b) }
    return [
      {
        ...change(aspect.code, kind, aspect.reach, sentence, state),
        ...(!aspect.isStructure && !aspect.list && (isLong(a) || isLong(b)) ? { isLong: true } : {}),
        ...(texts.before === undefined ? {} : { before: texts.before }),
        ...(texts.after === undefined ? {} : { after: texts.after }),
      },
    ]
  })
}

/** `+git_log −shell` for two lists of names. */
function listed(before: unknown, after: unknown): string {
  const [a, b] = [before, after].map((list) =>
    Array.isArray(list) ? list.map((one) => textOf(one) ?? '') : [],
  )
  const added = b?.filter((one) => !a?.includes(one)).map((one) => `+${one}`) ?? []
  const gone = a?.filter((one) => !b?.includes(one)).map((one) => `−${one}`) ?? []
  return [...added, ...gone].join(' ') || 'in another order'
}

function change(
  code: string,
  kind: ChangeClass,
  reach: ChangeReach,
  sentence: string,
  state?: string,
): Change {
  return { code, class: kind, reach, sentence, ...(state === undefined ? {} : { state }) }
}
