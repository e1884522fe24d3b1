import { ceiling } from './classes.ts'

/** What becomes of the worst case of a run; see `ceiling.ts`. It is told where models and prices are known. */
export const CEILING_RULE = {
  code: 'ceiling-changed',
  name: 'model calls, and money or else tokens, that a run can come to',
  class: {
    words: 'one rises, or has no number any more: widening; else narrowing',
    /** @param before numbers, `undefined` where there is none; `after` in the same order. */
    of: (before: readonly (number | undefined)[], after: readonly (number | undefined)[]) =>
      before.some((old, at) => old !== after[at] && ceiling.of(old, after[at], NOWHERE) === 'widening')
        ? ('widening' as const)
        : ('narrowing' as const),
  },
  reach: 'nothing',
} as const

const NOWHERE = { before: { models: { fallback: [] } }, after: { models: { fallback: [] } } }
