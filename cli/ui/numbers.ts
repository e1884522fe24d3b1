import type { Usage } from '../../runner/models/model.ts'
import { grouped } from './plain-text.ts'

/** A span of time as people say it: `0.4s`, `12.3s`, `2m 05s`, `1h 02m`. */
export function formatDuration(ms: number): string {
  if (ms < 59_950) return `${(Math.max(0, ms) / 1000).toFixed(1)}s`
  const seconds = Math.round(ms / 1000)
  const two = (n: number) => String(n).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`
}

/** All tokens of a usage: `812 tokens`, `12.3k tokens`. */
export function formatTokens(usage: Usage): string {
  const all = usage.inputTokens + usage.outputTokens
  return `${compact(all)} ${all === 1 ? 'token' : 'tokens'}`
}

function compact(n: number): string {
  if (n < 10_000) return grouped(n)
  if (n < 999_500) return `${(n / 1000).toFixed(n < 99_950 ? 1 : 0)}k`
  return `${(n / 1_000_000).toFixed(1)}M`
}

/**
 * Money in US dollars, with as many digits as say something: `$0.00042`, `$0.0310`, `$12.40`. A price that is not known
 * is never shown as 0: `cost unknown`, or `at least $0.10` when a part of it is known.
 */
export function formatCost(usd: number | undefined, isPartial = false): string {
  if (usd === undefined || (usd === 0 && isPartial)) return 'cost unknown'
  const text =
    usd === 0 || usd >= 1
      ? usd.toFixed(2)
      : usd >= 0.01
        ? usd.toFixed(4)
        : usd.toFixed(Math.min(9, 1 - Math.floor(Math.log10(usd))))
  return `${isPartial ? 'at least ' : ''}$${text}`
}

/** When something happened, for lists: `2026-11-21 13:30`, in UTC, from ISO 8601. */
export function formatTime(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ')
}
