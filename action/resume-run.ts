import { Refusal } from '../runner/failure.ts'
import { oneLine } from '../runner/report/plain-text.ts'
import { answerRun } from './answer-run.ts'
import { askForPull } from './commented.ts'
import type { CiEvent } from './event.ts'
import { answer } from './event-answer.ts'
import { type Forge, openForge } from './github.ts'
import type { ActionEnvironment } from './job.ts'
import type { ActionResult } from './main.ts'
import { type ApproverRule, whyNoApprover, whyNoWriter } from './people.ts'
import { readEvent } from './read-event.ts'
import type { Account } from './review-subject.ts'
import { conclude, type EventStep, withProject } from './run-events.ts'

/**
 * Goes on with the run that the input `run` names. With `environment`, as a yes of somebody who approved this job for that
 * environment: the forge is asked who that was. Refuses with `not-approved` where nobody counts, and like `answerRun`.
 */
export async function resumeOnEvent(environment: ActionEnvironment, step: EventStep): Promise<ActionResult> {
  const { settings, world, job, redact } = step
  const { token, resume } = settings
  const event = await environment.event()
  if (event === undefined || token === undefined || resume === undefined) {
    throw new Refusal('no-event', '`mode: resume` needs the event of a job of GitHub Actions, and `token`', {
      help: 'In a clone, `codemie-ci resume <run>` goes on with a run.',
    })
  }
  const read = readEvent(event)
  const forge = await openForge({
    ...{ world, token, repository: event.repository, signal: environment.signal },
  })
  const pull = read.pull && (await askForPull(forge, read.pull.number))
  // Who may approve is said by the base as it is now, and not as it was when the event happened.
  const now = pull
    ? { ...event, sha: pull.base, payload: { ...event.payload, pull_request: pull.data } }
    : event
  const judged = readEvent(now)
  return await withProject(step, judged, async (judge) => {
    const rule = {
      approvers: judge.project.config.policy.approvers,
      authorMayApprove: settings.approval.authorMayApprove,
    }
    const approver = (author: Account | undefined) =>
      resume.environment === undefined
        ? undefined
        : findApprover({ forge, event, environment: resume.environment, rule: { ...rule, author } })
    const who = await approver(pull?.author)
    const place = { ...judge, forge, read: judged, base: now.sha, number: read.number, pull }
    const outcome = await answerRun(environment, step, place, {
      run: resume.run,
      answer: who && { decision: 'approved' },
      digest: resume.digest,
      by: who && { name: who.login, id: who.id, source: 'ci' },
      at: undefined,
      confirm: async ({ trigger: { about } }) => {
        if (about?.head === undefined) return undefined
        const standing = await askForPull(forge, about.number)
        // Of a job that is about no pull request it is known only now who opened the one of the run.
        await approver(standing.author)
        return standing.head
      },
    })
    const { comment } = settings
    if (!environment.signal.aborted) {
      await answer({ forge, event: now, read: judged, job, redact, comment }, outcome)
    }
    return await conclude(job, { event, outcomes: [outcome], removed: [] })
  })
}

interface Approved {
  readonly forge: Forge
  readonly event: CiEvent
  /** Name of the environment. */
  readonly environment: string
  readonly rule: ApproverRule
}

/** Who approved this workflow run for an environment, and may; asked at this moment. Refuses with `not-approved`. */
async function findApprover({ forge, event, environment, rule }: Approved): Promise<Account> {
  const { owner, repo } = forge
  const { data } = await forge.ask('ask who approved this job', 'actions: read', (octokit) =>
    octokit.rest.actions.getReviewsForRun({ owner, repo, run_id: Number(event.runId) }),
  )
  const given = data.filter(
    ({ state, environments }) =>
      state === 'approved' && environments.some(({ name }) => name === environment),
  )
  const notes: string[] = []
  const people = new Map(given.map(({ user: { id, login, type } }) => [id, { id, login, type }]))
  for (const who of people.values()) {
    const why = (await whyNoWriter(forge, who)) ?? whyNoApprover(who, rule)
    if (why === undefined) return who
    notes.push(`The approval of ${oneLine(who.login)} does not count: ${why}.`)
  }
  const nobody = `Nobody approved this job for the environment '${oneLine(environment)}'.`
  throw new Refusal('not-approved', notes.length === 0 ? nobody : notes.join('\n'), {
    exitStatus: 5,
    help: 'Give the job `environment:` of that name, and the environment required reviewers who may write to the repository.',
  })
}
