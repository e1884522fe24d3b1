import * as core from '@actions/core'
import { VERSION } from '../runner/version.ts'
import { realWorld } from '../runner/world.ts'
import { logText } from './log-text.ts'
import { runAction } from './main.ts'
import { findEvent, openJob, readInput } from './toolkit.ts'

const BUGS_URL = 'https://github.com/codemie/codemie-ci/issues'

/** Cancelling a job sends SIGINT, SIGTERM 7.5 s later, and kills 2.5 s after that: the second one changes nothing. */
const cancelled = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => cancelled.abort(new Error('interrupted')))
}
// A log that nobody reads any more must not stop the run from being saved.
process.stdout.on('error', () => {})
// Thrown where nobody waits for it, so no state can be trusted any more.
process.on('uncaughtException', (error) => void reportBug(error).then(end))

void run().catch(reportBug).then(end)

async function run(): Promise<void> {
  const result = await runAction({
    // The step's own directory is not said to be the workspace everywhere.
    world: realWorld({ cwd: () => process.env['GITHUB_WORKSPACE'] || process.cwd(), env: process.env }),
    input: readInput,
    event: findEvent,
    job: openJob(),
    signal: cancelled.signal,
  })
  process.exitCode = result.exitStatus
}

async function reportBug(error: unknown): Promise<void> {
  process.exitCode = 1
  const { sourceStack } = await import('./source-stack.ts')
  core.error(`This is a bug in codemie-ci ${VERSION}. Please report it: ${BUGS_URL}`, { title: 'Bug' })
  core.info(logText(error instanceof Error ? sourceStack(error.stack ?? String(error)) : String(error)))
}

async function end(): Promise<void> {
  await new Promise<void>((done) => process.stdout.write('', () => done()))
  // A connection that a provider or a tool keeps open must not keep the job.
  process.exit()
}
