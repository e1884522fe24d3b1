import { createHash } from '../runner/hash.ts'
import type { RunActor, RunTrigger } from '../runner/store/manifest.ts'
import { triggeredRunId } from '../runner/store/run-id.ts'
import { at, textAt } from './payload.ts'

/** What started the job that the action is a step of. Source: the `github` context. */
export interface CiEvent {
  /** `push`, `pull_request`, `schedule`, … */
  readonly name: string
  /** The event as GitHub delivers it to webhooks. */
  readonly payload: Readonly<Record<string, unknown>>
  /** What the job is about: `refs/heads/main`, `refs/tags/v1`, `refs/pull/7/merge`. */
  readonly ref: string
  /** Commit that the job is about. */
  readonly sha: string
  /** `owner/name` */
  readonly repository: string
  /** `https://github.com`, or the address of an Enterprise Server. */
  readonly serverUrl: string
  /** Who started this attempt. */
  readonly actor: string
  /** Id of the workflow run; the same in each of its attempts. */
  readonly runId: string
  /** From 1; a re-run counts up. */
  readonly attempt: number
  /** Id of the job in its workflow file; the same for all jobs of a matrix. */
  readonly job: string
  /** Name of this step within the job: its `id`, or what GitHub makes up. */
  readonly step: string
}

/** What a record says about where its run comes from. */
export interface Origin {
  readonly runId: string
  readonly trigger: RunTrigger
  readonly actor: RunActor
  /** Page of this attempt of the workflow run. */
  readonly ciUrl: string
}

/**
 * Where a run comes from, as its record says it. The run's id follows from the event, so that the same step of the same
 * attempt can start one run only, on whatever machine. Jobs of a matrix differ in their input.
 *
 * @param receivedAt milliseconds since 1970; used where the event does not say when it happened.
 */
export function originOf(
  event: CiEvent,
  run: {
    /** What the definition is called, and no other: see `nameDefinition`. */
    readonly workflow: string
    readonly input: string
  },
  receivedAt: number,
): Origin {
  const { repository, attempt, job, step } = event
  const input = createHash('sha256').update(run.input).digest('hex').slice(0, 16)
  return {
    runId: triggeredRunId({
      happenedAt: happenedAt(event.payload) ?? receivedAt,
      repository,
      workflow: run.workflow,
      eventId: [event.runId, job, step, input].join('/'),
      attempt,
    }),
    trigger: { event: event.name, eventId: event.runId, attempt, ...aboutOf(event) },
    actor: { name: event.actor, source: 'ci' },
    ciUrl: pageOf(event),
  }
}

/** What an event is about: the number of the pull request or issue, and the head of the pull request or what was pushed. */
export function aboutOf({ name, payload, sha }: CiEvent): Pick<RunTrigger, 'number' | 'commit'> {
  const number = at(payload, 'pull_request.number') ?? at(payload, 'issue.number')
  const commit = textAt(payload, 'pull_request.head.sha') ?? (name === 'push' ? sha : undefined)
  return {
    ...(typeof number === 'number' ? { number } : {}),
    ...(commit === undefined ? {} : { commit }),
  }
}

/** Page of this attempt of the workflow run. */
export function pageOf({ serverUrl, repository, runId, attempt }: CiEvent): string {
  const page = `${serverUrl}/${repository}/actions/runs/${runId}`
  return attempt > 1 ? `${page}/attempts/${attempt}` : page
}

/**
 * Where payloads say when their event happened, the most particular first. Only times that GitHub sets: the dates of a
 * commit are its author's to choose. Source: "Webhook events and payloads".
 */
const MOMENTS: readonly (readonly [member: string, key: string])[] = [
  ['comment', 'updated_at'],
  ['review', 'submitted_at'],
  ['pull_request', 'updated_at'],
  ['issue', 'updated_at'],
  ['release', 'published_at'],
  ['workflow_run', 'updated_at'],
]

/** Milliseconds since 1970; `undefined` for events that do not say, such as a schedule. */
function happenedAt(payload: Readonly<Record<string, unknown>>): number | undefined {
  const read = (member: string, key: string) =>
    (payload[member] as Readonly<Record<string, unknown>> | null | undefined)?.[key]
  for (const [member, key] of MOMENTS) {
    const value = read(member, key)
    const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
    if (!Number.isNaN(at)) return at
  }
  // In seconds in the payload of a push; in others it is text, and the time of an earlier push.
  const pushedAt = read('repository', 'pushed_at')
  return typeof pushedAt === 'number' ? pushedAt * 1000 : undefined
}
