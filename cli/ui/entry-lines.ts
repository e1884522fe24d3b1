import type { Spent } from '../../runner/models/spent.ts'
import { describeShards } from '../../runner/report/shard-words.ts'
import { formatCost, formatDuration, formatTokens } from './numbers.ts'
import type { Palette } from './palette.ts'
import { count, grouped, oneLine, padEnd, stripControls } from './plain-text.ts'
import type { Entry, GroupResult } from './progress.ts'

/** How entries become lines. */
export interface EntryLayout {
  readonly palette: Palette
  /** Columns of the names of steps, so that what follows is aligned. */
  readonly labelWidth: number
  /** The view that is redrawn shows what is going on by itself: only what is over becomes a line. */
  readonly onlyWhatIsOver: boolean
}

/** The text of an entry, without the last line feed; `undefined` when this layout does not show it. */
export function renderEntry(entry: Entry, layout: EntryLayout): string | undefined {
  const { palette, labelWidth, onlyWhatIsOver } = layout
  const { bold, cyan, dim, green, red, yellow, symbols } = palette
  const name = (label: string) => padEnd(stripControls(label), labelWidth)
  switch (entry.kind) {
    case 'run-started':
      return `${bold(oneLine(entry.name))} ${dim(`${symbols.dot} run ${entry.runId}`)}`
    case 'run-resumed':
      return dim(`  going on with run ${entry.runId}: ${count(entry.finishedSteps, 'step')} finished before`)
    case 'group-started':
      if (onlyWhatIsOver) return undefined
      return `  ${cyan(symbols.started)} ${entry.total === 1 ? stripControls(entry.label) : `${name(entry.label)}  ${count(entry.total, 'step')}`}`
    case 'group-progress':
      if (onlyWhatIsOver) return undefined
      return dim(`  ${symbols.dot} ${name(entry.label)}  ${grouped(entry.done)} of ${grouped(entry.total)}`)
    case 'group-done': {
      const { group } = entry
      const sign =
        group.failed > 0
          ? red(symbols.failed)
          : group.done < group.total
            ? yellow(symbols.paused)
            : group.reused === group.total
              ? dim(symbols.reused)
              : green(symbols.done)
      return `  ${sign} ${name(entry.label)}  ${describeGroup(group, palette)}`.trimEnd()
    }
    case 'attempt-failed': {
      const { path, attempt, failure, retryInMs } = entry
      const message = oneLine(failure.message)
      return retryInMs === undefined
        ? `  ${red(symbols.failed)} ${stripControls(path)}: attempt ${attempt} failed: ${message}`
        : `  ${yellow(symbols.warning)} ${stripControls(path)}: attempt ${attempt} failed, next in ${formatDuration(retryInMs)}: ${message}`
    }
    case 'warning': {
      const place = entry.place ? `${stripControls(entry.place)}: ` : ''
      return `  ${yellow(symbols.warning)} ${place}${oneLine(entry.message)} ${dim(`[${entry.code}]`)}`
    }
    case 'timing':
      return onlyWhatIsOver ? undefined : dim(`  ${oneLine(entry.line)}`)
    case 'paused':
      if (entry.shards)
        return `  ${yellow(symbols.paused)} waits for ${oneLine(describeShards(entry.shards))}`
      return `  ${yellow(symbols.paused)} ${PAUSES[entry.reason] ?? 'waits'} before ${entry.before.map(stripControls).join(', ')}`
  }
}

const PAUSES: Readonly<Record<string, string>> = {
  'interrupt-before': 'waits for you',
  approval: 'waits for an approval',
}

function describeGroup(group: GroupResult, { dim }: Palette): string {
  if (group.reused === group.total)
    return dim(group.total === 1 ? 'done before' : `${grouped(group.total)} done before`)
  const parts: string[] = []
  if (group.total > 1) parts.push(`${grouped(group.done)} of ${grouped(group.total)}`)
  if (group.failed > 0 && group.total > 1) parts.push(`${grouped(group.failed)} failed`)
  if (group.reused > 0) parts.push(`${grouped(group.reused)} done before`)
  parts.push(formatDuration(group.durationMs), ...describeSpent(group))
  return dim(parts.join('  '))
}

/** Tokens and cost; nothing for work that no model did. */
export function describeSpent({ usage, costUsd, costUnknown }: Spent): string[] {
  const parts: string[] = []
  if (usage) parts.push(formatTokens(usage))
  if (usage || costUsd !== undefined || costUnknown) {
    parts.push(formatCost(costUsd, costUnknown === true || costUsd === undefined))
  }
  return parts
}
