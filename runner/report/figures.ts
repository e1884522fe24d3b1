import type { Spent } from '../models/spent.ts'

/** `40 ms`, `12.3 s`, `2 min 5 s`, `1 h 2 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Tokens in and out together; `undefined` when no model said. */
export function tokensOf({ usage }: Spent): number | undefined {
  return usage === undefined ? undefined : usage.inputTokens + usage.outputTokens
}

/**
 * Money in US dollars; a price that is not known is never 0: `not known`, or `at least $0.10` when a part of it is.
 * `undefined` when no model was asked.
 */
export function cost({ usage, costUsd, costUnknown }: Spent): string | undefined {
  if (costUsd === undefined) return usage || costUnknown ? 'not known' : undefined
  if (costUsd === 0 && costUnknown) return 'not known'
  return `${costUnknown ? 'at least ' : ''}$${costUsd.toFixed(digitsOf(costUsd))}`
}

/** As many digits after the point as say something. */
function digitsOf(usd: number): number {
  if (usd === 0 || usd >= 1) return 2
  return usd >= 0.01 ? 4 : Math.min(9, 1 - Math.floor(Math.log10(usd)))
}
