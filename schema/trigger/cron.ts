const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

/** Range of each of the five fields, with the words that stand for numbers. */
const FIELDS: readonly {
  readonly name: string
  readonly least: number
  readonly most: number
  readonly words?: readonly string[]
}[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of the month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, words: MONTHS },
  { name: 'day of the week', least: 0, most: 6, words: DAYS },
]

/** GitHub starts nothing more often. */
const SHORTEST_MINUTES = 5

/**
 * What GitHub would refuse of a time such as `0 6 * * 1` (minute, hour, day, month, day of the week, in UTC);
 * `undefined`: nothing.
 */
export function problemOfCron(cron: string): string | undefined {
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== FIELDS.length) return `it has ${fields.length} of the five fields`
  for (const [i, form] of FIELDS.entries()) {
    const text = fields[i] ?? ''
    if (!text.split(',').every((part) => valuesOf(part, form) !== undefined)) {
      return `its ${form.name} is '${text}'`
    }
  }
  const minutes = new Set((fields[0] ?? '').split(',').flatMap((part) => valuesOf(part, FIELDS[0]) ?? []))
  const sorted = [...minutes].sort((a, b) => a - b)
  // From one hour into the next, too.
  const gaps = sorted.map((minute, i) => (sorted[i + 1] ?? (sorted[0] ?? 0) + 60) - minute)
  return gaps.every((gap) => gap >= SHORTEST_MINUTES)
    ? undefined
    : `it is due more often than every ${SHORTEST_MINUTES} minutes`
}

/** What `*`, `3`, `1-5`, `MON`, `0/15` and `10-40/5` stand for. `undefined`: it is none of these, or out of range. */
function valuesOf(part: string, form: (typeof FIELDS)[number] | undefined): readonly number[] | undefined {
  const found = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part)
  if (!found || !form) return undefined
  const [, first, last, step = '1'] = found
  const from = first === undefined ? form.least : numberOf(first, form)
  const to = last !== undefined ? numberOf(last, form) : first === undefined || found[3] ? form.most : from
  const by = Number(step)
  if (from === undefined || to === undefined || from > to || by < 1) return undefined
  return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, i) => from + i * by)
}

function numberOf(text: string, { least, most, words = [] }: (typeof FIELDS)[number]): number | undefined {
  const word = words.indexOf(text.toUpperCase())
  const value = word >= 0 ? word + least : /^\d+$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= most ? value : undefined
}
