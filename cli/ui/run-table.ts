import type { RunSummary } from '../../runner/store/list-runs.ts'
import { formatCost, formatDuration, formatTime } from './numbers.ts'
import type { Palette } from './palette.ts'
import { displayWidth, oneLine, padEnd, shorten } from './plain-text.ts'
import { renderStatus } from './summary.ts'

/** A pipe gets everything. */
const ANY_WIDTH = 100_000
const LONGEST_NAME = 40
const LONGEST_ACTOR = 24
const GAP = 2

/**
 * Runs as a table, one line each, the id last. On a narrow terminal it is first unknown who started them, then what they
 * cost and how long they took.
 */
export function renderRunTable(
  runs: readonly RunSummary[],
  palette: Palette,
  columns: number | undefined,
): string {
  const { dim, symbols } = palette
  const cut = (text: string, longest: number) => shorten(oneLine(text), longest, symbols.ellipsis)
  const all = [
    { rank: 0, cells: runs.map(({ status }) => renderStatus(status, palette)) },
    { rank: 0, cells: runs.map(({ workflow }) => cut(workflow, LONGEST_NAME)) },
    { rank: 0, cells: runs.map(({ startedAt }) => dim(formatTime(startedAt))) },
    { rank: 1, cells: runs.map(({ figures }) => (figures ? formatDuration(figures.durationMs) : '')) },
    { rank: 2, cells: runs.map(costCell) },
    { rank: 3, cells: runs.map(({ figures }) => cut(figures?.actor ?? '', LONGEST_ACTOR)) },
    { rank: 0, cells: runs.map(({ id }) => id) },
  ].map((column) => ({ ...column, width: Math.max(...column.cells.map(displayWidth)) }))
  const isFilled = all.filter(({ width }) => width > 0)
  let shown = isFilled
  for (let rank = 3; rank > 0 && totalWidth(shown) > (columns ?? ANY_WIDTH); rank--)
    shown = isFilled.filter((column) => column.rank < rank)
  return runs
    .map((_, row) => {
      const cells = shown.map(({ cells: texts, width }, place) =>
        place === shown.length - 1 ? (texts[row] ?? '') : padEnd(texts[row] ?? '', width),
      )
      return `${cells.join(' '.repeat(GAP))}\n`
    })
    .join('')
}

function totalWidth(columns: readonly { readonly width: number }[]): number {
  return columns.reduce((sum, { width }) => sum + width + GAP, -GAP)
}

function costCell({ figures }: RunSummary): string {
  if (figures === undefined || (figures.inputTokens === undefined && !figures.costUnknown)) return ''
  return formatCost(figures.costUsd, figures.costUnknown)
}

const CSV_HEAD =
  'id,workflow,status,started_at,duration_ms,steps,input_tokens,output_tokens,cost_usd,cost_is_lower_bound,event,actor,branch,where'

/** Runs as CSV with a head line (RFC 4180, line feeds). A cell that a spreadsheet would take for a formula begins with an apostrophe. */
export function runsAsCsv(runs: readonly RunSummary[]): string {
  const lines = runs.map(({ id, workflow, status, startedAt, where, figures }) =>
    [
      id,
      workflow,
      status,
      startedAt,
      figures?.durationMs,
      figures?.steps,
      figures?.inputTokens,
      figures?.outputTokens,
      figures?.costUsd,
      figures?.costUnknown === true ? 'yes' : figures?.costUsd === undefined ? undefined : 'no',
      figures?.event,
      figures?.actor,
      figures?.branch,
      where,
    ]
      .map(csvCell)
      .join(','),
  )
  return `${[CSV_HEAD, ...lines].join('\n')}\n`
}

function csvCell(value: string | number | undefined): string {
  if (typeof value !== 'string') return value === undefined ? '' : String(value)
  const text = oneLine(value)
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
