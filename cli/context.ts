import type { World } from '../runner/world.ts'
import type { Palette } from './ui/palette.ts'

/** Somewhere to write text to; a terminal, a pipe or a string in tests. Writing never throws. */
export interface Output {
  write(text: string): void
  /** Writes a command for the CI system: the only text that may be one. */
  writeCommand(text: string): void
  /** Whether a person looks at it as it is written. */
  readonly isTerminal: boolean
  /** Width in columns; `undefined` when it is not a terminal or does not say. */
  readonly columns: number | undefined
}

/** Everything that a command may touch. Made in `main.ts` from the process, in tests from strings. */
export interface Cli {
  /** Of this program, e.g. `1.2.0`. */
  readonly version: string
  /** The words that start this program again from anywhere: Node, what it was told, and the script. */
  readonly program: readonly string[]
  readonly world: World
  /** What programs read: the thing asked for. */
  readonly stdout: Output
  /** What people read while it happens. */
  readonly stderr: Output
  /** All of standard input as text. */
  readonly readStdin: () => Promise<string>
  /** Whether questions can be asked: standard input and standard error are a terminal, and this is not CI. */
  readonly canAsk: boolean
  /** Whether standard error can show a view that is redrawn. */
  readonly canRedraw: boolean
  /** Colours and symbols for each stream. */
  readonly look: { readonly stdout: Palette; readonly stderr: Palette }
  /** Calls `listener` for every Ctrl-C (and a request to end) until the returned function is called. */
  readonly onInterrupt: (listener: () => void) => () => void
  /** Ends the process at once, without saving anything. */
  readonly exitNow: (status: number) => void
  /** The real streams, for Ink and readline. Absent in tests. */
  readonly terminal?: { readonly stdin: NodeJS.ReadStream; readonly stderr: NodeJS.WriteStream }
}
