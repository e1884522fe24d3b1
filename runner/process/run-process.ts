import { type ChildProcess, spawn } from 'node:child_process'

/** What to start and how long and how much to take from it. */
export interface ProcessRequest {
  /** Program name (looked up in `env.PATH`) or path. Never a shell line. */
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  /** The child's whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  /** Written to the child's standard input, one piece after the other, which is then closed. Default: closed at once. */
  readonly stdin?: string | readonly Uint8Array[]
  /** Limit in milliseconds; then the child and everything it started is killed. */
  readonly timeoutMs: number
  /** Bytes kept of each of stdout and stderr; what comes after is read and dropped. */
  readonly maxOutputBytes: number
  readonly signal: AbortSignal
}

/** Bytes that a stream gave, up to the cap. */
export interface CapturedOutput {
  readonly bytes: Buffer
  /** `bytes` as UTF-8; a character cut by the cap is left out. */
  readonly text: string
  /** Bytes that were dropped because of the cap; 0 when everything is here. */
  readonly droppedBytes: number
}

interface Output {
  readonly stdout: CapturedOutput
  readonly stderr: CapturedOutput
}

/** How a process ended. Ending badly is a value here; what it means is for the caller to say. */
export type ProcessOutcome =
  /** `code` is `null` when a signal ended it. */
  | (Output & { readonly kind: 'exited'; readonly code: number | null; readonly signal: string | null })
  | (Output & { readonly kind: 'timed-out' })
  /** Never ran. `code` is the system's, e.g. `ENOENT`, `EACCES`. */
  | { readonly kind: 'not-started'; readonly code: string; readonly message: string }

/** After the first signal, how long a group may take to end by itself; milliseconds. */
export const GRACE_MS = 500

/**
 * Runs a program to its end.
 *
 * The child leads a process group of its own and the group is killed as a whole on a timeout or an abort: killing
 * only the child leaves what it started running, and waiting for its pipes then never ends.
 *
 * Rejects with the reason of `signal` when that was aborted; everything else is an outcome.
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessOutcome> {
  request.signal.throwIfAborted()
  return await new Promise<ProcessOutcome>((resolve, reject) => {
    const child = spawn(request.program, [...request.args], {
      cwd: request.cwd,
      env: { ...request.env },
      shell: false,
      windowsHide: true,
      // A group of its own; Windows has none, there the tree is killed by `taskkill`.
      detached: process.platform !== 'win32',
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const stdout = capture(child.stdout, request.maxOutputBytes)
    const stderr = capture(child.stderr, request.maxOutputBytes)
    let ended: 'timeout' | 'abort' | undefined
    let hardKill: NodeJS.Timeout | undefined
    let leftBehind: NodeJS.Timeout | undefined
    let lastWait: NodeJS.Timeout | undefined

    const stop = (why: 'timeout' | 'abort') => {
      if (ended !== undefined) return
      ended = why
      killGroup(child, 'SIGTERM')
      hardKill = setTimeout(letGo, GRACE_MS)
    }
    const letGo = () => {
      killGroup(child, 'SIGKILL')
      // A descendant that left the group can still hold the pipes. What is in them is read first, then they are let go.
      clearTimeout(lastWait)
      lastWait = setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }, GRACE_MS)
    }
    const onAbort = () => stop('abort')
    const timer = setTimeout(() => stop('timeout'), request.timeoutMs)
    request.signal.addEventListener('abort', onAbort, { once: true })
    const cleanUp = () => {
      clearTimeout(timer)
      clearTimeout(hardKill)
      clearTimeout(leftBehind)
      clearTimeout(lastWait)
      request.signal.removeEventListener('abort', onAbort)
    }

    child.on('error', (error: NodeJS.ErrnoException) => {
      // Also raised when a kill fails; only a child that has no process id never ran.
      if (child.pid !== undefined) return
      cleanUp()
      resolve({ kind: 'not-started', code: error.code ?? 'UNKNOWN', message: error.message })
    })
    child.on('exit', () => {
      // The program is done; what it left running with its pipes open must not keep the step waiting.
      clearTimeout(timer)
      leftBehind = setTimeout(letGo, GRACE_MS)
    })
    child.on('close', (code, signal) => {
      cleanUp()
      // What the leader left behind in its group must not outlive the step.
      killGroup(child, 'SIGKILL')
      if (ended === 'abort') {
        reject(request.signal.reason)
        return
      }
      const output = { stdout: stdout(), stderr: stderr() }
      resolve(
        ended === 'timeout' ? { kind: 'timed-out', ...output } : { kind: 'exited', code, signal, ...output },
      )
    })
    // The child may end without reading its input; that is its right.
    child.stdin.on('error', () => {})
    // Corked: the pieces leave in one go, not with one call of the system each.
    child.stdin.cork()
    for (const piece of typeof request.stdin === 'string' ? [request.stdin] : (request.stdin ?? []))
      child.stdin.write(piece)
    child.stdin.end()
  })
}

/** Sends a signal to a child that was started detached, and to all of its process group. */
export function killGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return
  if (process.platform === 'win32') {
    if (child.exitCode === null) {
      spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true })
    }
    return
  }
  try {
    process.kill(-child.pid, signal)
  } catch {
    // ESRCH: nothing of the group is left.
  }
}

function capture(stream: NodeJS.ReadableStream, maxBytes: number): () => CapturedOutput {
  const chunks: Buffer[] = []
  let kept = 0
  let dropped = 0
  stream.on('data', (chunk: Buffer) => {
    const room = maxBytes - kept
    const take = chunk.length <= room ? chunk : chunk.subarray(0, room)
    if (take.length > 0) chunks.push(take)
    kept += take.length
    dropped += chunk.length - take.length
  })
  return () => {
    const bytes = Buffer.concat(chunks)
    return { bytes, text: decodeUtf8(bytes, dropped > 0), droppedBytes: dropped }
  }
}

/** UTF-8 to text; with `cut`, a character that the cut went through is left out instead of becoming `\ufffd`. */
export function decodeUtf8(bytes: Uint8Array, cut: boolean): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: cut })
}
