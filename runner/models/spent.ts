import { addUsage, type Usage } from './model.ts'

/** What work of models took. */
export interface Spent {
  readonly usage?: Usage | undefined
  /** US dollars. */
  readonly costUsd?: number | undefined
  /** A model was called whose price is not known: `costUsd` is a lower bound. */
  readonly costUnknown?: boolean | undefined
}

/** The sum of two; what neither of them knows stays `undefined`. */
export function addSpent(a: Spent, b: Spent): Spent {
  return {
    usage: addUsage(a.usage, b.usage),
    costUsd: a.costUsd === undefined ? b.costUsd : a.costUsd + (b.costUsd ?? 0),
    costUnknown: a.costUnknown === true || b.costUnknown === true,
  }
}
