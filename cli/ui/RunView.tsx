import { Box, Static, Text } from 'ink'
import { formatDuration } from './numbers.ts'
import type { Palette } from './palette.ts'
import { grouped, oneLine, padEnd, shorten, stripControls } from './plain-text.ts'
import type { LiveGroup } from './progress.ts'

/** Everything that one frame shows. */
export interface RunFrame {
  /** Lines above the live area; only ever grows. */
  readonly lines: readonly { readonly key: number; readonly text: string }[]
  readonly live: readonly LiveGroup[]
  /** `3 steps · 12.3k tokens · $0.03` */
  readonly totals: string
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** Counts up with each frame: which picture of the spinner. */
  readonly tick: number
  readonly stopping: boolean
}

/** More states than this at once are counted, not shown: the live area must stay smaller than the terminal. */
const MAX_LIVE = 8

/** The terminal view of a run: finished lines scroll away, the states at work are redrawn below them. */
export function RunView({
  frame,
  palette,
  columns,
  labelWidth,
}: {
  readonly frame: RunFrame
  readonly palette: Palette
  readonly columns: number
  readonly labelWidth: number
}) {
  const { cyan, dim, symbols, yellow } = palette
  const spinner = symbols.spinner[frame.tick % symbols.spinner.length] ?? ''
  const shown = frame.live.slice(0, MAX_LIVE)
  const hidden = frame.live.length - shown.length
  const hint = frame.stopping
    ? yellow(`stopping: saving what is finished ${symbols.dot} Ctrl-C again ends at once`)
    : dim('Ctrl-C saves and stops')
  return (
    <>
      <Static items={[...frame.lines]}>{(line) => <Text key={line.key}>{line.text}</Text>}</Static>
      <Box flexDirection="column">
        {shown.map((group) => (
          <Text key={group.label} wrap="truncate">
            {group.startedAt === undefined ? dim(`  ${symbols.waiting} `) : `  ${cyan(spinner)} `}
            {liveLine(group, frame.nowMs, { palette, columns, labelWidth })}
          </Text>
        ))}
        {hidden > 0 ? <Text>{dim(`    and ${hidden} more`)}</Text> : null}
        <Text wrap="truncate">
          {dim(`  ${frame.totals}`)} {dim(symbols.dot)} {hint}
        </Text>
      </Box>
    </>
  )
}

function liveLine(
  group: LiveGroup,
  nowMs: number,
  { palette, columns, labelWidth }: { palette: Palette; columns: number; labelWidth: number },
): string {
  const { dim, symbols } = palette
  const facts: string[] = []
  if (group.total > 1) {
    facts.push(`${grouped(group.done)} of ${grouped(group.total)}`, `${group.running} running`)
    if (group.failed > 0) facts.push(`${grouped(group.failed)} failed`)
  }
  if (group.startedAt !== undefined) facts.push(formatDuration(nowMs - Date.parse(group.startedAt)))
  const head = `${padEnd(stripControls(group.label), labelWidth)}  ${facts.join('  ')}`
  const room = columns - head.length - 8
  const activity = oneLine(group.activity)
  if (activity === '' || room < 12) return head
  // The end of an answer is what is new; the beginning of a tool's name is what tells.
  const text = activity.startsWith('calling ')
    ? shorten(activity, room, symbols.ellipsis)
    : activity.slice(-room)
  return `${head}  ${dim(text)}`
}
