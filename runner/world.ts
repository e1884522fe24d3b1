/**
 * The world as a run sees it, passed in from the entry point: nothing below `cli/main.ts` and `action/index.ts` reads
 * the process, the clock or chance by itself.
 */
export interface World {
  /** Absolute path of the directory the person is in. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since 1970. `SOURCE_DATE_EPOCH` fixes it. */
  readonly now: () => number
  /** In [0, 1): jitter of retries. */
  readonly random: () => number
  /** Random lower-case hex digits: ids of runs. */
  readonly randomHex: (digits: number) => string
  /** Resolves after `ms`, or rejects with the signal's reason. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** The real world of this process. */
export function realWorld(process: {
  readonly cwd: () => string
  readonly env: Readonly<Record<string, string | undefined>>
}): World {
  const { env } = process
  const fixed = Number.parseInt(env['SOURCE_DATE_EPOCH'] ?? '', 10)
  return {
    cwd: process.cwd(),
    env,
    now: Number.isNaN(fixed) ? Date.now : () => fixed * 1000,
    random: Math.random,
    randomHex,
    sleep,
  }
}

/** From the module that digests need anyway; the global `crypto` would load a second one. */
function randomHex(digits: number): string {
  const { randomBytes } = process.getBuiltinModule('node:crypto')
  return randomBytes(Math.ceil(digits / 2))
    .toString('hex')
    .slice(0, digits)
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
