import type { RunEvent } from '../../runner/events.ts'
import type { Cli } from '../context.ts'
import { oneLine } from './plain-text.ts'

/** Says on standard error what people should know and what did not stop anything. */
export function writeWarning(cli: Pick<Cli, 'stderr' | 'look'>, message: string): void {
  const { yellow, symbols } = cli.look.stderr
  cli.stderr.write(`${yellow(symbols.warning)} ${oneLine(message)}\n`)
}

/** Hears the events of work that has no view of its own, and shows the warnings among them. */
export function tellWarnings(cli: Cli): (event: RunEvent) => void {
  return (event) => {
    if (event.type === 'warning') writeWarning(cli, event.message)
  }
}

/** Says on standard error that a history ends because the clone is shallow. */
export function writeHistoryIsCut(cli: Pick<Cli, 'stderr'>): void {
  cli.stderr.write(
    'This clone is shallow, and the history goes on before it: `git fetch --unshallow` brings the rest.\n',
  )
}
