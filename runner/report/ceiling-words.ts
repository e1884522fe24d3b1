import type { Bound, BudgetOwner, Ceiling, Gap } from '../../schema/ceiling.ts'
import { cost } from './figures.ts'
import { count, grouped } from './plain-text.ts'

/** The sums of a ceiling, in the order in which they are told. */
export const CEILING_SUMS = ['steps', 'modelCalls', 'tokens', 'usd'] as const

/** One of the sums of a ceiling. */
export type CeilingSum = (typeof CEILING_SUMS)[number]

/** How a sum is told: its name, and a number of it. */
const SUMS: Readonly<Record<CeilingSum, { readonly name: string; readonly say: (most: number) => string }>> =
  {
    steps: { name: 'steps', say: (most) => count(most, 'step') },
    modelCalls: { name: 'model calls', say: (most) => count(most, 'model call') },
    tokens: { name: 'tokens', say: (most) => count(most, 'token') },
    usd: { name: 'money', say: money },
  }

const OWNERS: Readonly<Record<BudgetOwner, string>> = {
  workflow: 'the budget of the workflow',
  configuration: 'the budget of the configuration',
}

function money(usd: number): string {
  return cost({ costUsd: usd }) ?? ''
}

/** Reasons that people are shown. */
const MOST_REASONS = 4

/**
 * The name of a sum and what it comes to at most, as rows for people, and then why a sum has no number. Holds texts of the
 * definition.
 */
export function ceilingRows(ceiling: Ceiling): readonly (readonly [name: string, words: string])[] {
  const why = reasonsOf(ceiling)
  const more = why.length - MOST_REASONS
  return [
    ...CEILING_SUMS.map(
      (sum) => [SUMS[sum].name, `${boundWords(ceiling[sum], sum)}${mostlyIn(ceiling, sum)}`] as const,
    ),
    ...why.slice(0, MOST_REASONS).map((reason, index) => [index === 0 ? 'because' : '', reason] as const),
    ...(more > 0 ? [['', `and ${count(more, 'more reason')}`] as const] : []),
  ]
}

/** `12 steps, 360 model calls, $12.30`: the sums that are known; `undefined`: none is. */
export function ceilingLine(ceiling: Pick<Ceiling, CeilingSum>): string | undefined {
  const known = CEILING_SUMS.flatMap((sum) => {
    const { most } = ceiling[sum]
    return most === undefined ? [] : [SUMS[sum].say(most)]
  })
  return known.length === 0 ? undefined : known.join(', ')
}

/** `360 model calls`, or `no limit to model calls` and `money not known`. */
export function shortBound({ most, because }: Bound, sum: CeilingSum): string {
  if (most !== undefined) return SUMS[sum].say(most)
  return isUnbounded(because) ? `no limit to ${SUMS[sum].name}` : `${SUMS[sum].name} not known`
}

/** `360`; `$0.50, the budget of the workflow; without it $12.30`; `no limit`; `not known`. */
function boundWords({ most, cappedBy, worst, because }: Bound, sum: CeilingSum): string {
  const number = (one: number) => (sum === 'usd' ? money(one) : grouped(one))
  const without = because === undefined ? '' : isUnbounded(because) ? 'no limit' : 'not known'
  if (most === undefined) return without
  if (cappedBy === undefined) return number(most)
  return `${number(most)}, ${OWNERS[cappedBy]}; without it ${worst === undefined ? without : number(worst)}`
}

function isUnbounded(because: readonly Gap[] | undefined): boolean {
  return because?.some(({ kind }) => kind === 'unbounded') ?? false
}

/** Each reason once; what has no limit at all goes before what is only not known. */
function reasonsOf(ceiling: Ceiling): readonly string[] {
  const all = CEILING_SUMS.flatMap((sum) => ceiling[sum].because ?? [])
  const sorted = (['unbounded', 'unknown'] as const).flatMap((kind) => all.filter((one) => one.kind === kind))
  return [
    ...new Set(
      sorted.map(({ state, sentence }) => `${state === undefined ? '' : `state '${state}': `}${sentence}`),
    ),
  ]
}

/** The state that takes the largest part of a sum, where there are several. */
function mostlyIn({ states, ...sums }: Ceiling, sum: CeilingSum): string {
  const whole = sums[sum].worst ?? sums[sum].most
  const sized = states.flatMap((state) =>
    state[sum] === undefined ? [] : [{ state: state.state, size: state[sum] }],
  )
  const [first, ...others] = sized.sort((a, b) => b.size - a.size)
  if (
    sum === 'steps' ||
    first === undefined ||
    others.length === 0 ||
    whole === undefined ||
    sums[sum].because
  )
    return ''
  // Where each takes as much as the next, none stands out.
  if (first.size <= (others[0]?.size ?? 0)) return ''
  return `, ${sum === 'usd' ? money(first.size) : grouped(first.size)} of it in ${first.state}`
}
