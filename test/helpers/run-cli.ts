import { PassThrough } from 'node:stream'
import { runCli } from '../../cli/cli.ts'
import type { Cli, Output } from '../../cli/context.ts'
import { makePalette } from '../../cli/ui/palette.ts'
import { realWorld } from '../../runner/world.ts'

/** What a command line wrote and how it ended. */
export interface CliResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunCliOptions {
  readonly cwd: string
  /** The whole environment; nothing of the person who runs the tests is added. */
  readonly env: Readonly<Record<string, string>>
  readonly stdin?: string
  /** What starts the program again. Default: something that is not there. */
  readonly program?: readonly string[]
  /** Pretend that both outputs are a terminal of this width, without colours. */
  readonly columns?: number
  /** What a person types where questions are asked, line by line; the input ends after them. Default: nothing can be asked. */
  readonly typed?: readonly string[]
  /** Hands out the function that sends a Ctrl-C. */
  readonly onInterruptible?: (interrupt: () => void) => void
}

/** 2026-01-02 03:04:05 UTC, the time of every command line under test. */
const FIXED_TIME = '1767323045'

/** Runs a command line in this process, with captured streams, an own environment and a clock that stands still. */
export async function runInProcess(argv: readonly string[], options: RunCliOptions): Promise<CliResult> {
  const written: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] }
  let status: number | undefined
  // Where no release can be looked up: a test asks no network.
  const env = { SOURCE_DATE_EPOCH: FIXED_TIME, CODEMIE_CI_RELEASES: '/nowhere', ...options.env }
  const palette = makePalette({ color: false, unicode: true })
  const isTerminal = options.columns !== undefined
  const listeners = new Set<() => void>()
  options.onInterruptible?.(() => {
    for (const listener of listeners) listener()
  })
  const openOutput = (name: 'stdout' | 'stderr'): Output => ({
    write: (text) => written[name].push(text),
    writeCommand: (text) => written[name].push(text),
    isTerminal,
    columns: options.columns,
  })
  const cli: Cli = {
    version: '9.9.9',
    program: options.program ?? ['/usr/bin/node', '/opt/cli.cjs'],
    world: realWorld({ cwd: () => options.cwd, env }),
    stdout: openOutput('stdout'),
    stderr: openOutput('stderr'),
    readStdin: async () => options.stdin ?? '',
    canAsk: options.typed !== undefined,
    canRedraw: false,
    ...(options.typed === undefined ? {} : { terminal: terminalOf(options.typed, written.stderr) }),
    look: { stdout: palette, stderr: palette },
    onInterrupt: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    exitNow: (code) => {
      status ??= code
    },
  }
  const returned = await runCli(argv, cli)
  return { status: status ?? returned, stdout: written.stdout.join(''), stderr: written.stderr.join('') }
}

/** Streams of a person who has typed all lines already; what is drawn for them goes to standard error. */
function terminalOf(lines: readonly string[], stderr: string[]): NonNullable<Cli['terminal']> {
  const [stdin, drawn] = [new PassThrough(), new PassThrough()]
  drawn.on('data', (piece: Buffer) => stderr.push(piece.toString()))
  stdin.end(lines.map((line) => `${line}\n`).join(''))
  return { stdin, stderr: drawn } as unknown as NonNullable<Cli['terminal']>
}
