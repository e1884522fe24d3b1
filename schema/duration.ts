const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads a span of time: a number of seconds, or a text such as `90s`, `5m`, `1.5h`, `250ms`.
 *
 * @returns milliseconds, more than 0; `undefined` when it is no span of time.
 */
export function parseDurationMs(value: string | number): number | undefined {
  const match =
    typeof value === 'number' ? undefined : /^([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?$/.exec(value.trim())
  if (typeof value === 'string' && !match) return undefined
  const amount = typeof value === 'number' ? value : Number(match?.[1])
  const ms = amount * (UNITS_MS[match?.[2] ?? 's'] ?? 1000)
  return Number.isFinite(ms) && ms > 0 ? ms : undefined
}
