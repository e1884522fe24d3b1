import type { Located } from '../diagnostic.ts'
import type { State, Transition, Workflow } from '../workflow.ts'
import type { Aspect, Whole } from './aspect.ts'
import type { Change } from './change.ts'
import { changesOf } from './changes-of.ts'
import { compareGuards } from './guards.ts'
import { matchStates } from './match-states.ts'
import { powersOf } from './powers.ts'
import { SECRETS, STATE_ASPECTS } from './state-rules.ts'
import { fromTo, isSame } from './values.ts'
import { WORK_ASPECTS, WORK_KIND } from './work-rules.ts'
import { WORKFLOW_ASPECTS } from './workflow-rules.ts'

/** What happens to states as such; the sentences are made where it is found. */
export const GRAPH_RULES = {
  'entry-changed': { name: 'the first state', class: 'neutral', reach: 'all' },
  'state-added': { name: 'a state that came', class: 'widening', reach: 'state' },
  'state-removed': { name: 'a state that went', class: 'narrowing', reach: 'followers' },
  'state-renamed': { name: 'a state that is called otherwise', class: 'neutral', reach: 'state' },
} as const satisfies Readonly<Record<string, Pick<Aspect<never>, 'name' | 'reach'> & Pick<Change, 'class'>>>

/**
 * What the differences between two versions of a workflow mean, in the order of the definition: first the workflow as a
 * whole, then its states. Comments, formatting and the order of states are no differences. Pure.
 */
export function compareWorkflows(before: Workflow, after: Workflow): Change[] {
  const whole = { before, after }
  const { pairs, removed } = matchStates(before.states, after.states)
  const names = new Map(pairs.map(([old, now]) => [old.id, now.id]))
  const earlier = new Map(pairs.map(([old, now]) => [now, old]))
  const changes = changesOf(WORKFLOW_ASPECTS, before, after, whole)
  if ((names.get(before.entry) ?? before.entry) !== after.entry) {
    changes.push(graphChange('entry-changed', `starts with ${fromTo(before.entry, after.entry)}`))
  }
  changes.push(...compareGuards(whole, pairs))
  for (const state of after.states) {
    const old = earlier.get(state)
    if (old !== undefined) changes.push(...compareStates(old, state, names, whole))
    else {
      const may = powersOf([state])
      changes.push(graphChange('state-added', may === '' ? 'is new' : `is new, with ${may}`, state.id))
      changes.push(...changesOf([SECRETS], undefined, state, whole, state.id))
    }
  }
  for (const state of removed) {
    changes.push(graphChange('state-removed', 'is gone', state.id))
    changes.push(...changesOf([SECRETS], state, undefined, whole, state.id))
  }
  return changes
}

function compareStates(
  before: State,
  after: State,
  names: ReadonlyMap<string, string>,
  whole: Whole,
): Change[] {
  const { id } = after
  const earlier = renamed(before, names)
  // Most states are what they were, and that is told sooner than aspect by aspect.
  if (isSame(earlier, after)) return []
  const isOfOneKind = before.work.kind === after.work.kind
  return [
    ...(before.id === id ? [] : [graphChange('state-renamed', `was called '${before.id}'`, id)]),
    ...(isOfOneKind
      ? changesOf(WORK_ASPECTS[after.work.kind], before.work, after.work, whole, id)
      : changesOf([WORK_KIND], before, after, whole, id)),
    ...changesOf(STATE_ASPECTS, earlier, after, whole, id),
  ]
}

/** A state with the targets it leads to as they are called now: a rename is told once, and not by each who leads there. */
export function renamed(state: State, names: ReadonlyMap<string, string>): State {
  const rename = (to: Located<string>) => ({ ...to, value: names.get(to.value) ?? to.value })
  return {
    ...state,
    next: withTargets(state.next, rename),
    onError: state.onError.map(({ to, ...handler }) =>
      to === undefined ? handler : { ...handler, to: rename(to) },
    ),
  }
}

function withTargets(next: Transition, rename: (to: Located<string>) => Located<string>): Transition {
  switch (next.kind) {
    case 'stop':
      return next
    case 'goto':
    case 'map':
      return { ...next, to: rename(next.to) }
    case 'fan-out':
      return { ...next, to: next.to.map(rename) }
    case 'choose': {
      const cases = next.cases.map(({ when, to }) => ({ when, to: rename(to) }))
      return { ...next, cases, otherwise: rename(next.otherwise) }
    }
  }
}

function graphChange(code: keyof typeof GRAPH_RULES, sentence: string, state?: string): Change {
  const { class: kind, reach } = GRAPH_RULES[code]
  return { code, class: kind, reach, sentence, ...(state === undefined ? {} : { state }) }
}
