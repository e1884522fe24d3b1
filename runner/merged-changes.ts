import type { Change } from '../schema/diff/change.ts'
import { compareWorkflows, renamed } from '../schema/diff/compare.ts'
import { matchStates } from '../schema/diff/match-states.ts'
import { meaningOf } from '../schema/diff/values.ts'
import type { State, Workflow } from '../schema/workflow.ts'
import { changedValue } from './changed-value.ts'

/** A side of a merge: what was checked out, and what was merged into it. */
export type MergeSide = 'ours' | 'theirs'

/** What a merge did to a change of its sides. */
export type MergedChangeCode =
  /** A side had made it, and the merge does not have it. */
  | 'lost'
  /** The merge has it, and no side had made it. */
  | 'made-by-neither'
  /** Both sides changed the same thing, each differently, so that the merge cannot have both. */
  | 'both-changed'

/** One of them. */
export interface MergedChange {
  readonly code: MergedChangeCode
  /** Whose change was lost; absent: that of both, who had made the same. */
  readonly side?: MergeSide
  readonly state?: string
  /** One line without a full stop. Holds texts of the definitions. */
  readonly sentence: string
  /** Texts that are too long for the sentence, by whom they were changed. */
  readonly texts?: readonly ChangedText[]
}

/** A long text that a side, or the merge, changed. */
export interface ChangedText {
  readonly by: MergeSide | 'merge'
  readonly before: string
  readonly after: string
}

/** Versions of a workflow around a merge; `merged` is `undefined` where git could not make one. */
export interface MergeOf {
  readonly base: Workflow
  readonly ours: Workflow
  readonly theirs: Workflow
  readonly merged: Workflow | undefined
}

/** A change with what it is told apart by. */
interface Made {
  readonly change: Change
  /** What it is about: code and state. */
  readonly about: string
  /** What it made of it, as text that is equal for equal meaning. */
  readonly made: string
}

/**
 * What a merge lost of the changes of its sides, what it made that no side had made, and what both sides changed differently.
 * Lists and structures of which each side changed another part, and of which the merge has both parts, are as they should be.
 * Empty: the merge means what its sides meant together. Pure.
 */
export function mergedChanges(versions: MergeOf): MergedChange[] {
  const { base, ours, theirs, merged, found } = inTheSameWords(versions)
  return [
    ...found,
    ...weigh(changesMade(base, ours), changesMade(base, theirs), merged && changesMade(base, merged)),
  ]
}

/** The same for definitions without states, from what each side and the merge changed. */
export function mergedPlainChanges(
  ours: readonly Change[],
  theirs: readonly Change[],
  merged: readonly Change[] | undefined,
): MergedChange[] {
  const made = (changes: readonly Change[]) => changes.map((change) => madeBy(change))
  return weigh(made(ours), made(theirs), merged && made(merged))
}

function weigh(
  ours: readonly Made[],
  theirs: readonly Made[],
  merged: readonly Made[] | undefined,
): MergedChange[] {
  const abouts = new Set([...ours, ...theirs, ...(merged ?? [])].map(({ about }) => about))
  const of = (list: readonly Made[], about: string) => list.filter((one) => one.about === about)
  return [...abouts].flatMap((about) =>
    compareMade(of(ours, about), of(theirs, about), merged && of(merged, about)),
  )
}

/** The changes of one thing: by each side, and by the merge. */
function compareMade(
  ours: readonly Made[],
  theirs: readonly Made[],
  merged: readonly Made[] | undefined,
): MergedChange[] {
  const has = (list: readonly Made[], { made }: Made) => list.some((one) => one.made === made)
  const isContested =
    ours.length > 0 &&
    theirs.length > 0 &&
    !(ours.every((one) => has(theirs, one)) && theirs.every((one) => has(ours, one)))
  if (isContested && !(merged && [...ours, ...theirs].every((one) => has(merged, one))))
    return hasBothParts(ours, theirs, merged) ? [] : [contested(ours, theirs, merged)]
  if (merged === undefined) return []
  const lost = (side: MergeSide, list: readonly Made[], other: readonly Made[]) =>
    list
      .filter((one) => !has(merged, one))
      .map((one): MergedChange => told('lost', one.change, has(other, one) ? undefined : side))
  return [
    ...lost('ours', ours, theirs),
    ...lost(
      'theirs',
      theirs.filter((one) => !has(ours, one)),
      ours,
    ),
    ...merged
      .filter((one) => !has(ours, one) && !has(theirs, one))
      .map(({ change }) => told('made-by-neither', change)),
  ]
}

function told(code: MergedChangeCode, change: Change, side?: MergeSide): MergedChange {
  const { state, sentence } = change
  return {
    code,
    ...(side === undefined ? {} : { side }),
    ...(state === undefined ? {} : { state }),
    sentence,
    ...longTexts([[code === 'lost' ? (side ?? 'ours') : 'merge', [change]]]),
  }
}

function contested(
  ours: readonly Made[],
  theirs: readonly Made[],
  merged: readonly Made[] | undefined,
): MergedChange {
  const words = (list: readonly Made[]) => list.map(({ change }) => change.sentence).join(', ')
  const outcome = merged === undefined ? '' : `; the merge: ${words(merged) || 'as it was'}`
  const state = ours[0]?.change.state
  const changes = (list: readonly Made[] = []) => list.map(({ change }) => change)
  return {
    code: 'both-changed',
    ...(state === undefined ? {} : { state }),
    sentence: `ours: ${words(ours)}; theirs: ${words(theirs)}${outcome}`,
    ...longTexts([
      ['ours', changes(ours)],
      ['theirs', changes(theirs)],
      ['merge', changes(merged)],
    ]),
  }
}

function longTexts(
  list: readonly (readonly [by: ChangedText['by'], changes: readonly Change[]])[],
): Pick<MergedChange, 'texts'> {
  const texts = list.flatMap(([by, changes]) =>
    changes.flatMap(({ isLong, before = '', after = '' }) => (isLong ? [{ by, before, after }] : [])),
  )
  return texts.length === 0 ? {} : { texts }
}

/** Whether each side changed another part of the same value, and the merge, where there is one, has both parts. */
function hasBothParts(
  [ours, ...more]: readonly Made[],
  [theirs, ...others]: readonly Made[],
  merged: readonly Made[] | undefined,
): boolean {
  if (ours === undefined || theirs === undefined || more.length + others.length > 0) return false
  const before = changedValue(ours.change.before)
  const both = mergeValues(before, changedValue(ours.change.after), changedValue(theirs.change.after))
  if (both === CONTESTED) return false
  if (merged === undefined) return true
  const outcome = merged.length === 0 ? before : changedValue(merged[0]?.change.after)
  return merged.length <= 1 && unordered(outcome) === unordered(both)
}

const CONTESTED = Symbol('contested')

/** A value with the changes of both; lists are sets of what they hold. */
function mergeValues(base: unknown, ours: unknown, theirs: unknown): unknown {
  if (meaningOf(ours) === meaningOf(theirs) || meaningOf(theirs) === meaningOf(base)) return ours
  if (meaningOf(ours) === meaningOf(base)) return theirs
  if (Array.isArray(base) && Array.isArray(ours) && Array.isArray(theirs)) {
    const [was, mine, yours] = [base, ours, theirs].map(
      (list) => new Map(list.map((one) => [meaningOf(one), one] as const)),
    )
    const isIn = (key: string) => (was?.has(key) ? mine?.has(key) && yours?.has(key) : true)
    return [...new Map([...(was ?? []), ...(mine ?? []), ...(yours ?? [])])].flatMap(([key, one]) =>
      isIn(key) ? [one] : [],
    )
  }
  if (!isObject(base) || !isObject(ours) || !isObject(theirs)) return CONTESTED
  const keys = new Set([base, ours, theirs].flatMap(Object.keys))
  const members = [...keys].map((key) => [key, mergeValues(base[key], ours[key], theirs[key])] as const)
  return members.some(([, value]) => value === CONTESTED) ? CONTESTED : Object.fromEntries(members)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The meaning of a value in which the order of lists does not count. */
function unordered(value: unknown): string {
  const sorted = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.map(unordered).sort()
    return isObject(one) ? Object.fromEntries(Object.entries(one).map(([key, it]) => [key, sorted(it)])) : one
  }
  return meaningOf(sorted(value))
}

function changesMade(base: Workflow, side: Workflow): Made[] {
  const states = new Map(side.states.map((state) => [state.id, state]))
  return compareWorkflows(base, side).map((change) =>
    madeBy(change, change.code === 'state-added' ? states.get(change.state ?? '') : undefined),
  )
}

function madeBy(change: Change, added?: State): Made {
  const { code, state, before, after, sentence } = change
  const hasValue = before !== undefined || after !== undefined
  const made = added ? ownOf(added) : hasValue ? changedValue(after) : sentence
  return { change, about: meaningOf([code, state]), made: meaningOf(made) }
}

/** What a new state says itself: its assistant and its retries may be shared, and changed by the other side. */
function ownOf({ at: _at, retry: _retry, work, ...rest }: State): unknown {
  return { ...rest, work: work.kind === 'agent' ? { ...work, assistant: work.assistant.id } : work }
}

/**
 * All versions with states called as a merge of both should call them, so that what one side renamed is found under one name
 * in all; and the renames that were lost.
 */
function inTheSameWords({
  base,
  ours,
  theirs,
  merged,
}: MergeOf): MergeOf & { readonly found: MergedChange[] } {
  const found: MergedChange[] = []
  const names = new Map<string, string>()
  const sides = (
    [
      ['ours', ours],
      ['theirs', theirs],
    ] as const
  ).map(([side, workflow]) => ({
    side,
    workflow,
    pairs: matchStates(base.states, workflow.states).pairs,
  }))
  const ids = new Set(merged?.states.map(({ id }) => id))
  for (const { side, pairs } of sides)
    for (const [{ id }, now] of pairs) {
      if (id === now.id) continue
      const sentence = `is called '${now.id}'`
      const other = names.get(id)
      if (other !== undefined && other !== now.id)
        found.push({
          code: 'both-changed',
          state: id,
          sentence: `ours: is called '${other}'; theirs: ${sentence}`,
        })
      else if (ids.has(id) && !ids.has(now.id)) found.push({ code: 'lost', side, state: id, sentence })
      else names.set(id, now.id)
    }
  const calledNow = (workflow: Workflow, own: ReadonlyMap<string, string>): Workflow => ({
    ...workflow,
    entry: own.get(workflow.entry) ?? workflow.entry,
    states: workflow.states.map((state) => ({ ...renamed(state, own), id: own.get(state.id) ?? state.id })),
  })
  const [mine, yours] = sides.map(({ workflow, pairs }) =>
    calledNow(workflow, new Map(pairs.map(([{ id }, now]) => [now.id, names.get(id) ?? id]))),
  )
  return { base: calledNow(base, names), ours: mine ?? ours, theirs: yours ?? theirs, merged, found }
}
