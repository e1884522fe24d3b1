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

/** What started the job; `undefined` outside of GitHub Actions. Octokit comes with it, so it is loaded when asked for. */
export async function findEvent(): Promise<CiEvent | undefined> {
  const { env } = process
  if (env['GITHUB_ACTIONS'] !== 'true' || !env['GITHUB_RUN_ID'] || !env['GITHUB_REPOSITORY']) return undefined
  const { context } = await import('@actions/github')
  return {
    name: context.eventName,
    payload: context.payload,
    ref: context.ref,
    sha: context.sha,
    repository: `${context.repo.owner}/${context.repo.repo}`,
    serverUrl: context.serverUrl,
    // The person who asked for a re-run; not set by every runner.
    actor: env['GITHUB_TRIGGERING_ACTOR'] || context.actor,
    runId: String(context.runId),
    attempt: Number.isNaN(context.runAttempt) ? 1 : context.runAttempt,
    job: context.job,
    step: context.action,
  }
}
