import { Refusal } from '../runner/failure.ts'
import type { CiEvent } from './event.ts'

/** An account of the forge. */
export interface Account {
  /** Stays when the account is renamed. */
  readonly id: number
  readonly login: string
  /** `User`, `Bot`, `Organization`. */
  readonly type: string
}

/** The pull request that is reviewed. */
export interface ReviewedPull {
  readonly number: number
  readonly author: Account
  /** From another repository, also from one that is gone: the job's token may only read. */
  readonly isFork: boolean
  /** The label that the event tells of, and who put it on. */
  readonly labelled: { readonly name: string; readonly by: Account } | undefined
}

/** What is reviewed. */
export interface ReviewSubject {
  /** Commit that it is compared with; `undefined`: the branch is new. */
  readonly base: string | undefined
  readonly head: string
  /** `undefined`: it was merged or pushed already, so there is nobody to ask and nothing to comment on. */
  readonly pull: ReviewedPull | undefined
}

type Payload = Readonly<Record<string, unknown>>

/** What each event tells of; others are refused. Source: "Webhook events and payloads". */
const READERS: Readonly<Record<string, (payload: Payload) => ReviewSubject>> = {
  pull_request: ofPull,
  pull_request_review: ofPull,
  merge_group: (payload) => ({
    base: commitAt(payload, 'merge_group', 'base_sha'),
    head: commitAt(payload, 'merge_group', 'head_sha'),
    pull: undefined,
  }),
  push: (payload) => {
    const [base, head] = [commitAt(payload, 'before'), commitAt(payload, 'after')]
    if (isNone(head)) {
      throw new Refusal('event-refused', 'The branch was deleted: there is nothing to review', {
        help: 'Leave out jobs for which `github.event.deleted` is true.',
      })
    }
    return { base: isNone(base) ? undefined : base, head, pull: undefined }
  },
}

/**
 * What an event asks to review. Pure. Refuses with `event-refused` for an event that cannot be reviewed, or not safely,
 * and with `event-incomplete` where the payload lacks something.
 */
export function readSubject({ name, payload }: Pick<CiEvent, 'name' | 'payload'>): ReviewSubject {
  if (name === 'pull_request_target') {
    throw new Refusal(
      'event-refused',
      '`mode: review` does not work on `pull_request_target`, which gives a token that may write, and secrets, to a job about code of strangers',
      { exitStatus: 5, help: 'Use `pull_request`: the review needs no secret, also for forks.' },
    )
  }
  const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined
  if (read === undefined) {
    throw new Refusal('event-refused', `\`mode: review\` does not know what to review on '${name}'`, {
      help: `It works on ${Object.keys(READERS)
        .map((one) => `\`${one}\``)
        .join(', ')}.`,
    })
  }
  return read(payload)
}

function ofPull(payload: Payload): ReviewSubject {
  const action = payload['action']
  const label = valueAt(payload, 'label', 'name')
  const isLabelled = action === 'labeled' && typeof label === 'string'
  return {
    base: commitAt(payload, 'pull_request', 'base', 'sha'),
    head: commitAt(payload, 'pull_request', 'head', 'sha'),
    pull: {
      number: numberAt(payload, 'pull_request', 'number'),
      author: accountAt(payload, 'pull_request', 'user'),
      // The repository of the head is null when it was deleted.
      isFork:
        valueAt(payload, 'pull_request', 'head', 'repo', 'id') !==
        numberAt(payload, 'pull_request', 'base', 'repo', 'id'),
      labelled: isLabelled ? { name: label, by: accountAt(payload, 'sender') } : undefined,
    },
  }
}

function isNone(commit: string): boolean {
  return /^0+$/.test(commit)
}

function valueAt(payload: Payload, ...path: readonly string[]): unknown {
  let value: unknown = payload
  for (const name of path) {
    value = typeof value === 'object' && value !== null ? (value as Payload)[name] : undefined
  }
  return value
}

function commitAt(payload: Payload, ...path: readonly string[]): string {
  const value = valueAt(payload, ...path)
  return typeof value === 'string' && /^[0-9a-f]{40,64}$/.test(value) ? value : lacks(path, 'a commit')
}

function numberAt(payload: Payload, ...path: readonly string[]): number {
  const value = valueAt(payload, ...path)
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : lacks(path, 'a number')
}

function accountAt(payload: Payload, ...path: readonly string[]): Account {
  const login = valueAt(payload, ...path, 'login')
  const type = valueAt(payload, ...path, 'type')
  return {
    id: numberAt(payload, ...path, 'id'),
    login: typeof login === 'string' ? login : lacks([...path, 'login'], 'a name'),
    type: typeof type === 'string' ? type : '',
  }
}

function lacks(path: readonly string[], what: string): never {
  throw new Refusal('event-incomplete', `The event has no \`${path.join('.')}\` that is ${what}`, {
    help: 'Such events are made by hand or by another forge. Compare with "Webhook events and payloads" of GitHub.',
  })
}
