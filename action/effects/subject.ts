import { Refusal } from '../../runner/failure.ts'
import type { RunTrigger } from '../../runner/store/manifest.ts'
import type { CiEvent } from '../event.ts'
import { aboutOf } from '../event.ts'
import type { Forge } from '../github.ts'
import { at, textAt } from '../payload.ts'
import { whyNoWriter } from '../people.ts'

/** What a run was about, as GitHub tells it now. */
export interface Subject {
  /** Number of the issue or pull request. `undefined`: it was about none. */
  readonly number: number | undefined
  readonly isPull: boolean
  /** Commit that statuses and reviews are for. `undefined`: it is not known which one was looked at. */
  readonly commit: string | undefined
  /** Commit that new branches start at. */
  readonly start: string
  /** Branch that pull requests are to be merged into. */
  readonly base: string
  readonly defaultBranch: string
}

const READ = 'pull-requests: read'

/**
 * Finds out what effects of a run are about. The job is of the event that started the run, or of somebody who may write; what
 * the record says counts only in the second case. Refuses with `effects-not-for-this-job`, and with `head-moved` when the
 * pull request has another head than the one that the run looked at.
 */
export async function findSubject(forge: Forge, event: CiEvent, trigger: RunTrigger): Promise<Subject> {
  const isOwn = trigger.eventId === event.runId && trigger.event === event.name
  if (!isOwn) {
    const why = await whyNoSender(forge, event)
    if (why !== undefined) {
      throw new Refusal(
        'effects-not-for-this-job',
        `The run was started by another event, and who started this job does not count: ${why}`,
        {
          exitStatus: 5,
          help: 'Carry effects out in a job of the same workflow run, or let somebody who may write start it.',
        },
      )
    }
  }
  const { number, commit } = isOwn ? aboutOf(event) : trigger
  const { owner, repo } = forge
  const { data } = await forge.ask('look at the repository', 'contents: read', (octokit) =>
    octokit.rest.repos.get({ owner, repo }),
  )
  const { default_branch: defaultBranch } = data
  const branch = /^refs\/heads\/(.+)$/.exec(event.ref)?.[1]
  const plain = { start: commit ?? event.sha, base: isOwn && branch ? branch : defaultBranch, defaultBranch }
  const isPull = number !== undefined && (await isPullRequest(forge, number))
  if (!isPull)
    return { number, isPull, commit: commit ?? (number === undefined ? event.sha : undefined), ...plain }
  const pull = await forge.ask(`look at #${number}`, READ, (octokit) =>
    octokit.rest.pulls.get({ owner, repo, pull_number: number }),
  )
  const { head } = pull.data
  if (head.repo?.full_name !== `${owner}/${repo}`) {
    throw new Refusal('effects-of-a-fork', `#${number} comes from a fork, so nothing is written for it`, {
      exitStatus: 5,
      help: 'Take the change over into a branch of the repository.',
    })
  }
  if (commit !== undefined && head.sha !== commit) {
    throw new Refusal(
      'head-moved',
      `#${number} has another head by now: the run looked at ${commit.slice(0, 12)}, and it is ${head.sha.slice(0, 12)}`,
      {
        exitStatus: 5,
        help: 'The push has started a run of its own, which says what holds for the new head.',
      },
    )
  }
  return { number, isPull, commit, ...plain, base: commit === undefined ? defaultBranch : head.ref }
}

/** Why the account that made an event happen may not write to the repository at this moment; `undefined`: it may. */
async function whyNoSender(forge: Forge, { payload }: CiEvent): Promise<string | undefined> {
  const [id, login] = [at(payload, 'sender.id'), textAt(payload, 'sender.login')]
  if (typeof id !== 'number' || login === undefined) return 'it is not known who it is'
  return await whyNoWriter(forge, { id, login, type: textAt(payload, 'sender.type') ?? '' })
}

async function isPullRequest(forge: Forge, number: number): Promise<boolean> {
  const { owner, repo } = forge
  const { data } = await forge.ask(`look at #${number}`, READ, (octokit) =>
    octokit.rest.issues.get({ owner, repo, issue_number: number }),
  )
  return data.pull_request !== undefined && data.pull_request !== null
}
