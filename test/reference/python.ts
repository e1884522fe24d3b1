import { spawnSync } from 'node:child_process'

/** The Python to compare with: `REFERENCE_PYTHON`, or the one of the system. `REFERENCE_PYTHONPATH` may add packages to it. */
const PYTHON = process.env['REFERENCE_PYTHON'] ?? '/usr/bin/python3'
const PROGRAM = new URL('language.py', import.meta.url).pathname

/** One call of a function of `language.py`. */
export type Call = { readonly fn: string; readonly input: unknown }

/** What came of it: a value as the recordings write it, the name of an exception, or neither in the time given. */
export type Outcome = { readonly output?: unknown; readonly error?: string; readonly slow?: true }

/** Ask the reference; one outcome for each call. Nothing when there is no Python with Jinja2. */
export function askReference(calls: readonly Call[]): readonly Outcome[] | undefined {
  const extra = process.env['REFERENCE_PYTHONPATH']
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-W', 'ignore', PROGRAM], {
    input: calls.map((call) => JSON.stringify(call)).join('\n'),
    // Texts in sets come in the same order in every run.
    env: {
      PYTHONHASHSEED: '0',
      PYTHONIOENCODING: 'utf-8',
      ...(extra === undefined ? {} : { PYTHONPATH: extra }),
    },
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
  })
  if (status !== 0) {
    if (calls.length > 1) throw new Error(`the reference stopped with ${status}: ${stderr}`)
    return undefined
  }
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Outcome)
}

/** The versions of the reference, or nothing when it cannot run here. */
export type Versions = { readonly python: readonly number[]; readonly jinja: string }

/** Which Python and Jinja2 the reference runs on; nothing when there are none. */
export function referenceVersions(): Versions | undefined {
  return askReference([{ fn: 'versions', input: {} }])?.[0]?.output as Versions | undefined
}
