import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** The Python to compare with: `REFERENCE_PYTHON`, or the one of the system. `REFERENCE_PYTHONPATH` may add packages to it. */
const PYTHON = process.env['REFERENCE_PYTHON'] ?? '/usr/bin/python3'
const PACKAGES = process.env['REFERENCE_PYTHONPATH']
const PROGRAM = new URL('language.py', import.meta.url).pathname
/** Processes at the same time. */
const WORKERS = 2

/** One call of a function of `language.py`. */
export type Call = { readonly fn: string; readonly input: Readonly<Record<string, unknown>> }

/** What came of it: a value as the recordings write it, the name of an exception, or neither in the time given. */
export type Outcome = { readonly output?: unknown; readonly error?: string; readonly slow?: true }

/** Ask the reference; one outcome for each call, in order. Throws when Python or Jinja2 is not there. */
export async function askReference(calls: readonly Call[]): Promise<readonly Outcome[]> {
  const share = Math.ceil(calls.length / WORKERS)
  const parts = Array.from({ length: WORKERS }, (_, index) => calls.slice(index * share, (index + 1) * share))
  const answers = await Promise.all(parts.filter((part) => part.length > 0).map(askOne))
  return answers.flat()
}

async function askOne(calls: readonly Call[]): Promise<readonly Outcome[]> {
  const child = spawn(PYTHON, ['-W', 'ignore', PROGRAM], {
    // With one seed for hashes, texts in sets come in the same order in every run.
    env: {
      PYTHONHASHSEED: '0',
      PYTHONIOENCODING: 'utf-8',
      ...(PACKAGES === undefined ? {} : { PYTHONPATH: PACKAGES }),
    },
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  // A Python that stops early closes its input; its status and words tell more than that.
  child.stdin.on('error', () => undefined)
  child.stdin.end(calls.map((call) => `${JSON.stringify(call)}\n`).join(''))
  const [output, complaint, status] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (status !== 0) throw new Error(`the reference ${PYTHON} stopped with ${status}: ${complaint}`)
  return output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Outcome)
}

/** The versions of Python and Jinja2 that the reference runs on, as one text; nothing when there are none. */
export async function referenceVersions(): Promise<string | undefined> {
  try {
    const [answer] = await askReference([{ fn: 'versions', input: {} }])
    return String(answer?.output)
  } catch {
    return undefined
  }
}
