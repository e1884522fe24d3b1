import { existsSync, readFileSync } from 'node:fs'
import * as core from '@actions/core'
import { renderAnnotation, type Severity } from '../schema/index.ts'
import type { CiEvent } from './event.ts'
import type { Job } from './job.ts'
import { logLine, logText } from './log-text.ts'

/** The text of an input of `action.yml`. Source: the variable `INPUT_<NAME>`. */
export function readInput(name: string): string {
  return core.getInput(name)
}

/** The job that this process is a step of. Source: "Workflow commands for GitHub Actions". */
export function openJob(): Job {
  return {
    log: (text) => core.info(logText(text)),
    group: (title, text) => {
      core.startGroup(logLine(title))
      core.info(logText(text))
      core.endGroup()
    },
    annotate: (diagnostic) => core.info(renderAnnotation(diagnostic)),
    say: (severity, title, message) => SAY[severity](message, { title: logLine(title) }),
    setOutput: (name, value) => core.setOutput(name, value),
    summarise: async (markdown) => {
      if (!process.env['GITHUB_STEP_SUMMARY']) return
      await core.summary.addRaw(markdown).write()
    },
    mask: (secret) => core.setSecret(secret),
  }
}

const SAY: Readonly<Record<Severity, (message: string, properties: { title: string }) => void>> = {
  error: core.error,
  warning: core.warning,
  info: core.notice,
}

/**
 * What started the job; `undefined` outside of GitHub Actions. Source: "Variables reference", default environment variables,
 * and the file that `GITHUB_EVENT_PATH` names. The toolkit reads the same, but its Octokit takes longer to load than all
 * that is done before a model is asked.
 */
export async function findEvent(): Promise<CiEvent | undefined> {
  const { env } = process
  const { GITHUB_RUN_ID: runId, GITHUB_REPOSITORY: repository } = env
  if (env['GITHUB_ACTIONS'] !== 'true' || !runId || !repository) return undefined
  return {
    name: env['GITHUB_EVENT_NAME'] ?? '',
    payload: readPayload(env['GITHUB_EVENT_PATH']),
    ref: env['GITHUB_REF'] ?? '',
    sha: env['GITHUB_SHA'] ?? '',
    repository,
    serverUrl: env['GITHUB_SERVER_URL'] || 'https://github.com',
    // The person who asked for a re-run; not set by every runner.
    actor: env['GITHUB_TRIGGERING_ACTOR'] || env['GITHUB_ACTOR'] || '',
    runId,
    attempt: Number.parseInt(env['GITHUB_RUN_ATTEMPT'] ?? '', 10) || 1,
    job: env['GITHUB_JOB'] ?? '',
    step: env['GITHUB_ACTION'] ?? '',
  }
}

/** The runner has written it, so that what cannot be read is a bug. */
function readPayload(path: string | undefined): CiEvent['payload'] {
  return path && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}
