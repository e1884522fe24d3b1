import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GRACE_MS, killGroup } from './run-process.ts'

/** A program that is told and tells JSON messages, one a line, on its standard input and output. */
export interface ProgramOptions {
  /** Program name (looked up in `env.PATH`) or path. Never a shell line. */
  readonly command: string
  readonly args: readonly string[]
  /** Absent: a new empty folder, which is removed afterwards. */
  readonly cwd?: string
  /** The whole environment of the program; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  /** How long it may go on once its input is closed, in milliseconds. Default: {@link GRACE_MS}. */
  readonly lingerMs?: number
}

/** Longest message of a program, in bytes: enough for an answer of tens of megabytes, of which most is cut later. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024

/** Kept of the end of what a program writes to its standard error, in bytes. */
const STDERR_TAIL = 4096

/**
 * Messages of JSON over the standard streams of a program; what it writes beside them is skipped. It is a transport as the
 * package of MCP wants one, too. The packages of MCP and ACP have their own, which start the program in the process group
 * of this one, hand parts of our environment on, or leave the program running.
 *
 * The program leads a process group, which is killed as a whole: on `close()`, when the program ends, and at the latest
 * when this process does.
 */
export class MessageProgram<Message extends object> {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: Message) => void
  readonly #program: ProgramOptions
  #child: ChildProcess | undefined
  #ownFolder: string | undefined
  #stderr = Buffer.alloc(0)
  #lines = new LineBuffer()
  #ended: string | undefined
  #trouble: string | undefined
  #closed: Promise<void> | undefined

  constructor(program: ProgramOptions) {
    this.#program = program
  }

  /** How the program ended, e.g. `ended with exit code 3`; `undefined`: it runs, or was never started. */
  get ended(): string | undefined {
    return this.#ended
  }

  /** The last lines that the program wrote to its standard error, `""` for none. */
  get lastWords(): string {
    return this.#stderr.toString('utf8').trim()
  }

  /** Rejects with the error of the system when the program cannot be started. */
  async start(): Promise<void> {
    const { command, args, env } = this.#program
    const cwd = this.#program.cwd ?? this.#makeFolder()
    const child = spawn(command, [...args], {
      cwd,
      env: { ...env },
      shell: false,
      windowsHide: true,
      detached: process.platform !== 'win32',
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    killAtExit(child)
    this.#closed = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#finish(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`)
        resolve()
      })
    })
    child.once('exit', () => {
      // What it left running may hold the pipes open.
      setTimeout(() => this.#letGo(), GRACE_MS).unref()
    })
    child.stdin.on('error', () => {})
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-STDERR_TAIL)
    })
    child.stdout.on('data', (chunk: Buffer) => this.#read(chunk))
    child.stdout.once('end', () => {
      // It is deaf to us or dumb from now on, and would be waited for.
      setTimeout(() => this.#stop('it closed its output'), GRACE_MS).unref()
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (error) => {
        this.#finish('could not be started')
        reject(error)
      })
    })
  }

  async send(message: Message): Promise<void> {
    const stdin = this.#child?.stdin
    if (!stdin || this.#ended !== undefined) throw new Error('the program has ended')
    if (stdin.write(`${JSON.stringify(message)}\n`)) return
    await new Promise<void>((resolve) => {
      const done = () => {
        stdin.off('drain', done)
        this.#child?.off('close', done)
        resolve()
      }
      stdin.once('drain', done)
      this.#child?.once('close', done)
    })
  }

  /** Asks the program to end by closing its input, then ends it with all that it started. */
  async close(): Promise<void> {
    const child = this.#child
    if (!child || this.#ended !== undefined) return
    child.stdin?.end()
    const { lingerMs = GRACE_MS } = this.#program
    const timers = [
      setTimeout(() => killGroup(child, 'SIGTERM'), lingerMs),
      setTimeout(() => this.#letGo(), lingerMs + GRACE_MS),
    ]
    await this.#closed
    for (const timer of timers) clearTimeout(timer)
  }

  /** Ends the program with all that it started, and gives it no time. */
  async kill(): Promise<void> {
    if (this.#ended !== undefined) return
    this.#letGo()
    await this.#closed
  }

  #read(chunk: Buffer): void {
    try {
      for (const line of this.#lines.take(chunk)) this.#hear(line)
    } catch (error) {
      this.#stop((error as Error).message)
    }
  }

  #stop(why: string): void {
    if (this.#ended !== undefined) return
    this.#trouble ??= `was stopped: ${why}`
    this.#letGo()
  }

  #hear(line: string): void {
    // Programs that greet or log on their standard output are common, and their messages come through all the same.
    if (!line.trimStart().startsWith('{')) return
    let message: Message
    try {
      message = JSON.parse(line)
    } catch {
      return
    }
    this.onmessage?.(message)
  }

  #letGo(): void {
    if (!this.#child) return
    killGroup(this.#child, 'SIGKILL')
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
  }

  #finish(how: string): void {
    if (this.#ended !== undefined) return
    this.#ended = this.#trouble ?? how
    if (this.#child) {
      running.delete(this.#child)
      // What it left behind in its group goes with it.
      killGroup(this.#child, 'SIGKILL')
    }
    if (this.#ownFolder !== undefined) rmSync(this.#ownFolder, { recursive: true, force: true })
    this.onclose?.()
  }

  #makeFolder(): string {
    this.#ownFolder = mkdtempSync(join(tmpdir(), 'codemie-mcp-'))
    return this.#ownFolder
  }
}

const running = new Set<ChildProcess>()

/** However this process ends, the programs it talks with end with it. */
function killAtExit(child: ChildProcess): void {
  process.off('exit', killRunning).once('exit', killRunning)
  running.add(child)
}

function killRunning(): void {
  for (const child of running) killGroup(child, 'SIGKILL')
}

/** Puts chunks together to lines. */
class LineBuffer {
  #chunks: Buffer[] = []
  #bytes = 0

  /** The lines that a chunk completes. Throws when a line grows beyond {@link MAX_MESSAGE_BYTES}. */
  take(chunk: Buffer): string[] {
    const lines: string[] = []
    let rest = chunk
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      lines.push(Buffer.concat([...this.#chunks, rest.subarray(0, end)]).toString('utf8'))
      this.#chunks = []
      this.#bytes = 0
      rest = rest.subarray(end + 1)
    }
    this.#bytes += rest.length
    if (this.#bytes > MAX_MESSAGE_BYTES)
      throw new Error(`it sent a message of more than ${MAX_MESSAGE_BYTES / 1024 / 1024} MiB`)
    if (rest.length > 0) this.#chunks.push(rest)
    return lines
  }
}
