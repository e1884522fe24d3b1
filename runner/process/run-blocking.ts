import { spawnSync } from 'node:child_process'
import type { CapturedOutput, ProcessOutcome, ProcessRequest } from './run-process.ts'

/**
 * Runs a short program to its end while everything else waits: about half of what it costs Node to watch one. For
 * commands that have nothing else to do, and programs that start none of their own.
 */
export function runBlocking(request: ProcessRequest): ProcessOutcome {
  request.signal.throwIfAborted()
  const { stdin = '' } = request
  const { error, status, signal, stdout, stderr } = spawnSync(request.program, [...request.args], {
    cwd: request.cwd,
    env: { ...request.env },
    windowsHide: true,
    input: typeof stdin === 'string' ? stdin : Buffer.concat(stdin),
    timeout: request.timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: request.maxOutputBytes,
  })
  const { code } = (error ?? {}) as NodeJS.ErrnoException
  const output = { stdout: captured(stdout, code === 'ENOBUFS'), stderr: captured(stderr, false) }
  if (code === 'ETIMEDOUT') return { kind: 'timed-out', ...output }
  if (error !== undefined && code !== 'ENOBUFS')
    return { kind: 'not-started', code: code ?? '', message: error.message }
  return { kind: 'exited', code: code === 'ENOBUFS' ? 0 : status, signal, ...output }
}

function captured(bytes: Buffer | null, isCut: boolean): CapturedOutput {
  const content = bytes ?? Buffer.alloc(0)
  return {
    bytes: content,
    get text() {
      return content.toString('utf8')
    },
    droppedBytes: isCut ? 1 : 0,
  }
}
