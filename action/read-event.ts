import { RUNS_BRANCH } from '../runner/store/refs.ts'
import type { Occurrence } from '../schema/index.ts'
import type { CiEvent } from './event.ts'
import { at, isBot, textAt } from './payload.ts'

/** An event, read: what triggers look at, and what else decides whether and with what workflows run. */
export interface ReadEvent {
  readonly occurrence: Occurrence
  /** Number of the pull request or issue that it is about. */
  readonly number: number | undefined
  /** The pull request that it is about, with what is compared. */
  readonly pull: PullRequest | undefined
  /** What was pushed: the commit before, which is `undefined` where there was none, and the commit after. */
  readonly pushed: { readonly before: string | undefined; readonly after: string } | undefined
  /** Commit that definitions and the config are taken from; `undefined`: the checkout. */
  readonly trusted: string | undefined
  /** Why no workflow gets a key, for a sentence that begins with `no keys: `; `undefined`: keys are there. */
  readonly withoutKeys: string | undefined
  /** The one workflow that a person chose. */
  readonly chosen: string | undefined
  /** Inputs that a person with the right to start workflows gave. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** The line of a comment with a command to us; see `readCommand`. */
  readonly command: string | undefined
  /** Why nothing is to be run, as a sentence; `undefined`: something may. */
  readonly ignored: string | undefined
}

/** The commits of a pull request. */
export interface PullRequest {
  readonly number: number
  /** Commit of the branch that it is to be merged into. */
  readonly base: string
  readonly head: string
  /** What the job is about: usually the head merged into the base. */
  readonly merge: string
}

type Payload = CiEvent['payload']

/** Events in which somebody who may not write brings text or commits along, also where these were checked out. */
const FROM_ANYBODY =
  /^(pull_request|pull_request_target|pull_request_review|issues|issue_comment|discussion|workflow_run)$/

/**
 * Reads what GitHub hands a job. Total: what a payload lacks is `undefined`, and then filters of it let nothing through.
 * Source: "Webhook events and payloads", "Events that trigger workflows".
 */
export function readEvent({ name, payload, ref, sha }: CiEvent): ReadEvent {
  const pull = pullOf(payload, sha)
  const tag = name === 'push' ? afterPrefix(ref, 'refs/tags/') : undefined
  return {
    occurrence: {
      event: name,
      type: textAt(payload, 'action'),
      branch: branchOf(name, payload, ref),
      tag,
      labels: labelsOf(payload),
      draft: at(payload, 'pull_request.draft') === true,
      cron: textAt(payload, 'schedule'),
      workflow: name === 'workflow_run' ? textAt(payload, 'workflow_run.name') : undefined,
    },
    number: numberOf(payload),
    pull,
    pushed: name === 'push' ? pushOf(payload, sha) : undefined,
    trusted: trustedCommit(name, payload, pull, sha),
    withoutKeys: whyKeyless(payload),
    chosen: name === 'workflow_dispatch' ? textAt(payload, 'inputs.workflow') || undefined : undefined,
    inputs: name === 'workflow_dispatch' || name === 'workflow_call' ? objectAt(payload, 'inputs') : {},
    command: name === 'issue_comment' ? commandIn(payload) : undefined,
    ignored: ignored(name, payload, ref),
  }
}

/** A command is the first line of a comment: quotes and code blocks begin with another sign. */
function commandIn(payload: Payload): string | undefined {
  const [first = ''] = textAt(payload, 'comment.body')?.split(/\r?\n/) ?? []
  return /^\/codemie(?:\s|$)/.test(first) ? first : undefined
}

/** Names of the labels that a pull request or an issue has. */
export function labelsOf(payload: Payload): readonly string[] | undefined {
  const labels = at(payload, 'pull_request.labels') ?? at(payload, 'issue.labels')
  if (!Array.isArray(labels)) return undefined
  return labels.flatMap((label: unknown) => textAt(label, 'name') ?? [])
}

function numberOf(payload: Payload): number | undefined {
  const number = at(payload, 'pull_request.number') ?? at(payload, 'issue.number')
  return typeof number === 'number' ? number : undefined
}

function pullOf(payload: Payload, sha: string): PullRequest | undefined {
  const number = at(payload, 'pull_request.number')
  const [base, head] = [
    commitAt(payload, 'pull_request.base.sha'),
    commitAt(payload, 'pull_request.head.sha'),
  ]
  if (typeof number !== 'number' || base === undefined || head === undefined) return undefined
  // Of `pull_request_target` the commit is that of the base.
  const merge = commitAt(payload, 'pull_request.merge_commit_sha')
  return { number, base, head, merge: sha === base ? (merge ?? sha) : sha }
}

function branchOf(name: string, payload: Payload, ref: string): string | undefined {
  const named =
    textAt(payload, 'pull_request.base.ref') ??
    (name === 'merge_group' ? textAt(payload, 'merge_group.base_ref') : undefined) ??
    (name === 'workflow_run' ? textAt(payload, 'workflow_run.head_branch') : undefined)
  if (named !== undefined) return afterPrefix(named, 'refs/heads/') ?? named
  return afterPrefix(ref, 'refs/heads/')
}

function pushOf(payload: Payload, sha: string): ReadEvent['pushed'] {
  const before = commitAt(payload, 'before')
  // Of a new branch: what is before the oldest commit that nobody had pushed yet.
  const oldest = commitAt(payload, 'commits.0.id')
  return { before: before ?? (oldest === undefined ? undefined : `${oldest}^`), after: sha }
}

/** What judges a change must not be part of it. */
function trustedCommit(
  name: string,
  payload: Payload,
  pull: PullRequest | undefined,
  sha: string,
): string | undefined {
  if (pull !== undefined) return pull.base
  if (name === 'merge_group') return commitAt(payload, 'merge_group.base_sha')
  // The last commit of the default branch, whatever was checked out.
  return FROM_ANYBODY.test(name) ? sha : undefined
}

/**
 * Why what an event is about gets no key, for a sentence that begins with `no keys: `; `undefined`: it may have them. Forks get
 * no secrets: what GitHub hands out on `pull_request_target` and `workflow_run` all the same is not for them.
 */
export function whyKeyless(payload: Payload): string | undefined {
  const origin = ORIGINS.find(({ of }) => at(payload, of) !== undefined)
  if (origin === undefined) return undefined
  const head = textAt(payload, origin.head)
  if (head === undefined || head !== textAt(payload, origin.base)) return origin.why
  if (textAt(payload, 'sender.login') === 'dependabot[bot]') return 'Dependabot gets no secrets'
  return undefined
}

/** Where payloads name the repository that something comes from, and the one that it came to. */
const ORIGINS = [
  {
    of: 'pull_request',
    head: 'pull_request.head.repo.full_name',
    base: 'pull_request.base.repo.full_name',
    why: 'the pull request comes from a fork',
  },
  {
    of: 'workflow_run',
    head: 'workflow_run.head_repository.full_name',
    base: 'repository.full_name',
    why: 'the run that it follows is of a fork',
  },
] as const

function ignored(name: string, payload: Payload, ref: string): string | undefined {
  if (name === 'push' && ref === RUNS_BRANCH) return 'What was pushed are records of runs.'
  if (name === 'push' && at(payload, 'deleted') === true)
    return 'What was pushed is that a branch or tag is gone.'
  if (isBot(at(payload, 'comment.user') ?? at(payload, 'review.user'))) {
    return 'The comment is by a bot, and bots that answer each other find no end.'
  }
  if (textAt(payload, 'comment.body')?.startsWith('<!-- codemie-ci:')) return 'The comment is our own.'
  return undefined
}

/** Digits of a commit, if there is one: of what is not there GitHub says so many zeros. */
function commitAt(payload: unknown, path: string): string | undefined {
  const text = textAt(payload, path)
  return text !== undefined && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text) && !/^0+$/.test(text)
    ? text
    : undefined
}

function objectAt(payload: unknown, path: string): Readonly<Record<string, unknown>> {
  const value = at(payload, path)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function afterPrefix(text: string, prefix: string): string | undefined {
  return text.startsWith(prefix) ? text.slice(prefix.length) : undefined
}
