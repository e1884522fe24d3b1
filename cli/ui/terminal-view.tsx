import { render } from 'ink'
import type { Cli } from '../context.ts'
import { describeSpent, type EntryLayout, renderEntry } from './entry-lines.ts'
import { count } from './plain-text.ts'
import { Progress } from './progress.ts'
import { type RunFrame, RunView } from './RunView.tsx'
import type { Viewer } from './viewer.ts'

/** Often enough for a spinner; events in between only change what the next frame shows, however many they are. */
const FRAME_MS = 90

/** A live view on standard error, drawn by Ink. Only for terminals that can be redrawn (`cli.canRedraw`). */
export function openTerminalView(
  cli: Cli,
  stderr: NodeJS.WriteStream,
  labelWidth: number,
  redact: (text: string) => string,
  clock: { readonly now: () => number } = { now: Date.now },
): Viewer {
  const palette = cli.look.stderr
  const layout: EntryLayout = { palette, labelWidth, onlyWhatIsOver: true }
  const progress = new Progress()
  const lines: { key: number; text: string }[] = []
  let tick = 0
  let isStopping = false
  const frame = (): RunFrame => {
    const { steps, ...spent } = progress.totals
    return {
      lines,
      live: progress.live.map((group) => ({ ...group, activity: redact(group.activity) })),
      totals: [count(steps, 'step'), ...describeSpent(spent)].join(` ${palette.symbols.dot} `),
      nowMs: clock.now(),
      tick,
      stopping: isStopping,
    }
  }
  const view = () => (
    <RunView frame={frame()} palette={palette} columns={stderr.columns || 80} labelWidth={labelWidth} />
  )
  // Without input handling Ink leaves the keyboard alone, so Ctrl-C stays a signal.
  const ink = render(view(), { stdout: stderr, stderr, exitOnCtrlC: false, patchConsole: false })
  const timer = setInterval(() => {
    tick++
    ink.rerender(view())
  }, FRAME_MS)
  return {
    onEvent: (event) => {
      for (const entry of progress.apply(event)) {
        const text = renderEntry(entry, layout)
        if (text !== undefined) lines.push({ key: lines.length, text: redact(text) })
      }
    },
    stopping: () => {
      isStopping = true
    },
    end: async () => {
      clearInterval(timer)
      ink.rerender(view())
      ink.clear()
      ink.unmount()
      await ink.waitUntilExit()
    },
  }
}
