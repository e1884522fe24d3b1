import type { RunEvent } from '../../runner/events.ts'
import type { Cli } from '../context.ts'
import { type EntryLayout, renderEntry } from './entry-lines.ts'
import { Progress } from './progress.ts'

/** Shows a run while it goes on. */
export interface Viewer {
  readonly onEvent: (event: RunEvent) => void
  /** The person asked to stop; what runs is still being finished. */
  readonly stopping: () => void
  /** Takes the live view away. Nothing may be shown after that. */
  readonly end: () => Promise<void>
}

/** Appends lines to standard error: for logs, CI and terminals that cannot move the cursor. */
export function openPlainLog(cli: Cli, stateIds: readonly string[]): Viewer {
  const progress = new Progress(stateIds)
  const layout: EntryLayout = {
    palette: cli.look.stderr,
    labelWidth: labelWidthFor(stateIds),
    onlyWhatIsOver: false,
  }
  return {
    onEvent: (event) => {
      for (const entry of progress.apply(event)) {
        const line = renderEntry(entry, layout)
        if (line !== undefined) cli.stderr.write(`${line}\n`)
      }
    },
    stopping: () =>
      cli.stderr.write(
        `  ${cli.look.stderr.yellow(cli.look.stderr.symbols.paused)} stopping: saving what is finished; Ctrl-C again ends at once\n`,
      ),
    end: async () => {},
  }
}

/** Prints each event as one line of JSON on standard output. */
export function openJsonLines(cli: Cli): Viewer {
  return {
    onEvent: (event) => cli.stdout.write(`${JSON.stringify(event)}\n`),
    stopping: () => {},
    end: async () => {},
  }
}

/** Shows the same events in several ways. */
export function joinViewers(viewers: readonly Viewer[]): Viewer {
  return {
    onEvent: (event) => {
      for (const viewer of viewers) viewer.onEvent(event)
    },
    stopping: () => {
      for (const viewer of viewers) viewer.stopping()
    },
    end: async () => {
      for (const viewer of viewers) await viewer.end()
    },
  }
}

/** Columns for the names of steps: the longest state id with room for `[12]`, at most 32. */
export function labelWidthFor(stateIds: readonly string[]): number {
  return Math.min(32, Math.max(8, ...stateIds.map((id) => id.length)))
}
