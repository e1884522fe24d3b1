import { fstatSync } from 'node:fs'
import { realWorld } from '../runner/world.ts'
import { runCli } from './cli.ts'
import type { Cli, Output } from './context.ts'
import { isCi, makePalette, wantsColor, wantsUnicode } from './ui/palette.ts'
import { defuseCommands } from './ui/workflow-commands.ts'

/**
 * Does the command line of a process, from its arguments to its end. Everything below gets what it needs of the process
 * as a {@link Cli}.
 */
export async function start(process: NodeJS.Process, version: string): Promise<void> {
  const { env } = process
  const isObeyed = env['GITHUB_ACTIONS'] === 'true'
  const stdout = openOutput(process.stdout, isObeyed)
  const stderr = openOutput(process.stderr, isObeyed)
  const unicode = wantsUnicode(env, process.platform)
  const look = (stream: Output) => makePalette({ color: wantsColor(env, stream, false), unicode })
  const isAttended = stderr.isTerminal && !isCi(env) && env['TERM'] !== 'dumb'
  const cli: Cli = {
    version,
    program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
    world: realWorld(process),
    stdout,
    stderr,
    readStdin: () => readAll(process.stdin),
    // Looking at standard input opens it, which takes time that most commands have no use for.
    get canAsk() {
      return isAttended && process.stdin.isTTY === true
    },
    canRedraw: isAttended && (stderr.columns ?? 0) > 0,
    look: { stdout: look(stdout), stderr: look(stderr) },
    onInterrupt: (listener) => listenForInterrupts(process, listener),
    exitNow: (status) => process.exit(status),
    get terminal() {
      return { stdin: process.stdin, stderr: process.stderr }
    },
  }
  // Thrown where nobody waits for it, so no state can be trusted any more.
  process.on('uncaughtException', (error) => {
    void import('./report-error.ts').then(({ reportError }) => process.exit(reportError(error, cli)))
  })
  process.exitCode = await runCli(process.argv.slice(2), cli)
  await Promise.all([drain(process.stdout), drain(process.stderr)])
  // A connection that a provider or a tool keeps open must not keep the process.
  process.exit()
}

/**
 * A reader that went away (`codemie-ci list | head -1`) ends the output, not the work. `isObeyed`: the log belongs to a CI
 * system that obeys commands in it; a file gets the exact text all the same.
 */
function openOutput(stream: NodeJS.WriteStream & { readonly fd: number }, isObeyed: boolean): Output {
  let isOpen = true
  stream.on('error', () => {
    isOpen = false
  })
  const writeCommand = (text: string) => {
    if (isOpen) stream.write(text)
  }
  return {
    write: isObeyed && !isFile(stream.fd) ? (text) => writeCommand(defuseCommands(text)) : writeCommand,
    writeCommand,
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.isTTY ? stream.columns : undefined
    },
  }
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile()
  } catch {
    return false
  }
}

/** Resolves when everything written so far has left, or never will. */
function drain(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve()
    else stream.write('', () => resolve())
  })
}

async function readAll(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

function listenForInterrupts(process: NodeJS.Process, listener: () => void): () => void {
  // CI systems ask with SIGINT or SIGTERM, and a closed terminal with SIGHUP.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}
