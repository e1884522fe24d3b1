import { EFFECTS, isEffectKind, VERDICTS } from '../effects.ts'
import type { ClassRule } from './aspect.ts'
import type { ChangeClass } from './change.ts'
import { cameAndWent, isSame, membersOf } from './values.ts'

const numberOf = (value: unknown) => (value === undefined ? Number.POSITIVE_INFINITY : Number(value))

/** A ceiling: none is the highest. */
export const ceiling: ClassRule = {
  words: 'raised or taken away: widening; set or lowered: narrowing',
  of: (before, after) => (numberOf(after) > numberOf(before) ? 'widening' : 'narrowing'),
}

/** A list of what may be used. */
export const powers: ClassRule = {
  words: 'something came: widening; things only went: narrowing',
  of: (before, after) => {
    const { came, went } = cameAndWent(before, after)
    return came.length > 0 ? 'widening' : went.length > 0 ? 'narrowing' : 'neutral'
  },
}

/** One thing that may be used. */
export const power: ClassRule = {
  words: 'came, or is another: widening; went: narrowing',
  of: (_before, after) => (after === undefined ? 'narrowing' : 'widening'),
}

/** A list of what holds back. */
export const guards: ClassRule = {
  words: 'one went: widening; only came: narrowing',
  of: (before, after) => {
    const { came, went } = cameAndWent(before, after)
    return went.length > 0 ? 'widening' : came.length > 0 ? 'narrowing' : 'neutral'
  },
}

/** Something that holds back or saves when it is on. */
export const guard: ClassRule = {
  words: 'on: narrowing; off: widening',
  of: (_before, after) => (after ? 'narrowing' : 'widening'),
}

/** Something that costs when it is on. */
export const expense: ClassRule = {
  words: 'on: widening; off: narrowing',
  of: (_before, after) => (after ? 'widening' : 'narrowing'),
}

/** The text goes to whom a model belongs to; bare names are the default provider's. */
const providerOf = (model: unknown) =>
  typeof model === 'string' ? (/^[^:]*(?=:)/.exec(model)?.[0] ?? '') : undefined

/** Where no model is said the one of the workflow is asked, or else that of the configuration, whoever it belongs to. */
export const model: ClassRule = {
  words: 'of another provider, or it cannot be told whose: widening; else neutral',
  of: (before, after, whole) =>
    providerOf(before ?? whole.before.models.default) === providerOf(after ?? whole.after.models.default)
      ? 'neutral'
      : 'widening',
}

/** Models that are asked when others cannot answer. */
export const models: ClassRule = {
  words: 'one of another provider came: widening; a provider only went: narrowing; else neutral',
  of: (before, after, whole) => {
    const [a, b] = [before, after].map((list) => (Array.isArray(list) ? list.map(providerOf) : []))
    return powers.of(a, b, whole)
  },
}

/** Folds the classes of parts: what widens anywhere widens the whole. */
export function widest(classes: readonly ChangeClass[]): ChangeClass {
  return (['breaking', 'widening', 'narrowing'] as const).find((kind) => classes.includes(kind)) ?? 'neutral'
}

/** Parameters that say how a model answers, and neither what it may use nor how much. */
const MANNERS: ReadonlySet<string> = new Set([
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'seed',
  'stop',
  'frequency_penalty',
  'presence_penalty',
  'repetition_penalty',
  'response_format',
  'verbosity',
])

/** Parameters go to the provider as they are written, so one that is not known may ask for anything, or hold it back. */
export const parameters: ClassRule = {
  words: 'a ceiling in `…_tokens` as other ceilings; manners such as `top_p`: neutral; any other: widening',
  of: (before, after, whole) => {
    const [a, b] = [membersOf(before), membersOf(after)]
    const names = [...new Set([...a.keys(), ...b.keys()])]
    return widest(
      names.map((name) => {
        const [old, now] = [a.get(name), b.get(name)]
        if (MANNERS.has(name) || isSame(old, now)) return 'neutral'
        return name.endsWith('_tokens') ? ceiling.of(old, now, whole) : 'widening'
      }),
    )
  },
}

/** MCP servers by name, each with the tools that are offered; none listed is all of them. */
export const servers: ClassRule = {
  words: 'a server or a tool of one came: widening; only went: narrowing',
  of: (before, after, whole) => {
    const [a, b] = [membersOf(before), membersOf(after)]
    const isAll = (tools: unknown) => Array.isArray(tools) && tools.length === 0
    return widest(
      [...new Set([...a.keys(), ...b.keys()])].map((name) => {
        const [old, now] = [a.get(name), b.get(name)]
        if (old === undefined || now === undefined) return power.of(old, now, whole)
        if (isAll(old) !== isAll(now)) return isAll(now) ? 'widening' : 'narrowing'
        return powers.of(old, now, whole)
      }),
    )
  },
}

const LEVELS = ['none', 'read', 'write']

const rankIn = (order: readonly string[]) => (level: unknown) => Math.max(0, order.indexOf(String(level)))

/** How much of something a permission is: a count, a verdict of a review, or a level. */
const RANKS = {
  count: (value: unknown) => Number(value ?? 0),
  verdict: rankIn(['none', ...VERDICTS]),
  level: rankIn(LEVELS),
}

/** Effects by kind, and levels by name; what is not named is not allowed. */
export const permissions: ClassRule = {
  words: 'one raised, or a name came: widening; only lowered, or names went: narrowing',
  of: (before, after, whole) => {
    const [a, b] = [membersOf(before), membersOf(after)]
    return widest(
      [...new Set([...a.keys(), ...b.keys()])].map((name) => {
        const limit = isEffectKind(name) ? EFFECTS[name].limit : 'level'
        const [old, now] = [a.get(name), b.get(name)]
        if (limit === 'names') return effectNames.of(old, now, whole)
        const step = RANKS[limit](now) - RANKS[limit](old)
        return step > 0 ? 'widening' : step < 0 ? 'narrowing' : 'neutral'
      }),
    )
  },
}

/** Patterns of names; one with `!` takes away from those before it, so there the order counts, too. */
const effectNames: ClassRule = {
  words: 'a pattern came, or one with `!` changed: widening; only went: narrowing',
  of: (before, after, whole) => {
    const [a, b] = [before, after].map((value) => (typeof value === 'string' ? [value] : (value ?? [])))
    const hasNegative = [a, b].some((list) => (list as string[]).some((name) => name.startsWith('!')))
    return hasNegative && !isSame(a, b) && after !== undefined ? 'widening' : powers.of(a, b, whole)
  },
}
