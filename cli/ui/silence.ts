import { formatDuration, formatTime } from './numbers.ts'

/** `last sign of life 2026-11-21 13:30 UTC, 2h 05m ago`. */
export function describeSilence(at: string, now: number): string {
  return `last sign of life ${formatTime(at)} UTC, ${formatDuration(now - Date.parse(at))} ago`
}
