import { innerStates, placeIn, withInner } from '../blocks.ts'
import type { Located } from '../diagnostic.ts'
import type { State, Transition, Work, Workflow } from '../workflow.ts'
import type { Aspect, Whole } from './aspect.ts'
import type { Change } from './change.ts'
import { changesOf } from './changes-of.ts'
import { compareGuards } from './guards.ts'
import { type MatchedStates, matchStates } from './match-states.ts'
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
  const matched = matchStates(before.states, after.states)
  const names = namesIn(matched)
  const changes = changesOf(WORKFLOW_ASPECTS, before, after, whole)
  if ((names.get(before.entry) ?? before.entry) !== after.entry) {
    changes.push(graphChange('entry-changed', `starts with ${fromTo(before.entry, after.entry)}`))
  }
  changes.push(...compareGuards(whole, matched.pairs), ...compareAll(after.states, matched, whole))
  return changes
}

/** What states are called now, by what they were called. */
function namesIn({ pairs }: MatchedStates): ReadonlyMap<string, string> {
  return new Map(pairs.map(([old, now]) => [old.id, now.id]))
}

/** Compares the states of a workflow, or of the body of a block, with what they were. @param within place of the block. */
function compareAll(
  after: readonly State[],
  matched: MatchedStates,
  whole: Whole,
  within?: string,
): Change[] {
  const { pairs, removed } = matched
  const names = namesIn(matched)
  const earlier = new Map(pairs.map(([old, now]) => [now, old]))
  const came = (state: State, place: string): Change[] => {
    const may = powersOf([state])
    return [
      graphChange('state-added', may === '' ? 'is new' : `is new, with ${may}`, place),
      ...changesOf([SECRETS], [], withInner([state]), whole, place),
    ]
  }
  const went = (state: State, place: string): Change[] => [
    graphChange('state-removed', 'is gone', place),
    ...changesOf([SECRETS], withInner([state]), [], whole, place),
  ]
  return [
    ...after.flatMap((state) => {
      const old = earlier.get(state)
      const place = placeIn(within, state)
      return old === undefined ? came(state, place) : compareStates(old, state, names, whole, place)
    }),
    ...removed.flatMap((state) => went(state, placeIn(within, state))),
  ]
}

function compareStates(
  before: State,
  after: State,
  names: ReadonlyMap<string, string>,
  whole: Whole,
  place: string,
): Change[] {
  const called = renamed(before, names)
  const earlier = { ...called, work: withInnerNames(called.work, after.work) }
  // Most states are what they were, and that is told sooner than aspect by aspect.
  if (isSame(earlier, after)) return []
  const isOfOneKind = earlier.work.kind === after.work.kind
  return [
    ...(before.id === after.id ? [] : [graphChange('state-renamed', `was called '${before.id}'`, place)]),
    ...(isOfOneKind
      ? changesOf(WORK_ASPECTS[after.work.kind], earlier.work, after.work, whole, place)
      : changesOf([WORK_KIND], before, after, whole, place)),
    ...changesOf(STATE_ASPECTS, earlier, after, whole, place),
    ...(isOfOneKind ? compareInside(before.work, after.work, whole, place) : []),
  ]
}

function compareInside(before: Work, after: Work, whole: Whole, place: string): Change[] {
  if (after.kind !== 'block') return []
  const states = innerStates(after)
  return compareAll(states, matchStates(innerStates(before), states), whole, place)
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

/** The settings of a block with its states as they are called now. */
function withInnerNames(before: Work, after: Work): Work {
  if (before.kind !== 'block' || after.kind !== 'block') return before
  const names = namesIn(matchStates(before.body, after.body))
  const rename = (id: string) => names.get(id) ?? id
  const { driver } = before
  if (driver.kind === 'all') {
    const copies = Object.entries(driver.copies).map(([id, times]) => [rename(id), times] as const)
    return { ...before, driver: { ...driver, copies: Object.fromEntries(copies) } }
  }
  if (driver.kind !== 'choose') return before
  const { onMatch, onNoMatch } = driver
  return {
    ...before,
    driver: { ...driver, onMatch: onMatch.map(rename), onNoMatch: onNoMatch.map(rename) },
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
      const cases = next.cases.map(({ to, ...one }) => ({ ...one, to: rename(to) }))
      return { ...next, cases, otherwise: rename(next.otherwise) }
    }
  }
}

function graphChange(code: keyof typeof GRAPH_RULES, sentence: string, state?: string): Change {
  const { class: kind, reach } = GRAPH_RULES[code]
  return { code, class: kind, reach, sentence, ...(state === undefined ? {} : { state }) }
}
