import { Refusal } from '../runner/failure.ts'
import { oneLine } from '../runner/report/plain-text.ts'
import type { CiEvent } from './event.ts'
import type { Forge } from './github.ts'
import { at, textAt } from './payload.ts'
import { isPerson, whyNoWriter } from './people.ts'
import { headSince } from './pull-history.ts'
import type { Account } from './review-subject.ts'

/** A comment that counts: it is as it was written, by a person who may write to the repository at this moment. */
export interface Counting {
  readonly who: Account
  /** When it was written, in milliseconds since 1970. */
  readonly at: number
}

/** Why a comment does not count, as a sentence. */
export interface NotCounting {
  readonly why: string
  /** The person who wrote it may not write to the repository. */
  readonly isDenied: boolean
}

/**
 * Asks the forge for the comment of an event, and whether its author may give commands at this moment. What GitHub handed
 * the job may be hours old. Refuses like `Forge.ask`.
 */
export async function askForComment(forge: Forge, event: CiEvent): Promise<Counting | NotCounting> {
  const id = at(event.payload, 'comment.id')
  const notCounting = (why: string) => ({ why, isDenied: false })
  if (event.payload['action'] !== 'created' || typeof id !== 'number') return notCounting(EDITED)
  const comment = await readComment(forge, id)
  if (comment === undefined) return notCounting('The comment is not there any more.')
  const { user, body, created_at, updated_at, performed_via_github_app: app } = comment
  if (body !== textAt(event.payload, 'comment.body') || created_at !== updated_at) return notCounting(EDITED)
  if (!user || user.id !== at(event.payload, 'comment.user.id')) {
    return notCounting('The comment is by another account than the event says.')
  }
  const who = { id: user.id, login: user.login, type: user.type }
  if (app || !isPerson(who)) {
    return notCounting('The comment is by a bot, and bots that answer each other find no end.')
  }
  const why = await whyNoWriter(forge, who)
  if (why !== undefined) {
    return { why: `The command of ${oneLine(who.login)} does not count: ${why}.`, isDenied: true }
  }
  return { who, at: Date.parse(created_at) }
}

const EDITED = 'The comment was edited, and a command counts only as it was first written: write a new one.'

async function readComment({ ask, owner, repo }: Forge, id: number) {
  try {
    const { data } = await ask('read the comment again', 'issues: read', (octokit) =>
      octokit.rest.issues.getComment({ owner, repo, comment_id: id }),
    )
    return data
  } catch (error) {
    if (error instanceof Refusal && error.code === 'forge-not-found') return undefined
    throw error
  }
}

/** A pull request as it is at this moment. */
export interface PullNow {
  readonly number: number
  readonly head: string
  /** The last commit of the branch that it is to be merged into. */
  readonly base: string
  readonly author: Account | undefined
  /** As the forge tells it, with that base. */
  readonly data: Readonly<Record<string, unknown>>
  /** When the head was pushed, in milliseconds since 1970; `undefined`: the forge does not tell. */
  readonly headSince: () => Promise<number | undefined>
}

/** Asks how a pull request stands. Refuses like `Forge.ask`. */
export async function askForPull(forge: Forge, number: number): Promise<PullNow> {
  const { owner, repo } = forge
  const { data } = await forge.ask(`read #${number}`, 'pull-requests: read', (octokit) =>
    octokit.rest.pulls.get({ owner, repo, pull_number: number }),
  )
  // What the pull request says of its base is from the last time that it changed.
  const branch = await forge.ask(`read the base of #${number}`, 'contents: read', (octokit) =>
    octokit.rest.repos.getBranch({ owner, repo, branch: data.base.ref }),
  )
  const base = branch.data.commit.sha
  const { user, head } = data
  const place = head.repo && { owner: head.repo.owner.login, repo: head.repo.name, name: head.ref }
  return {
    number,
    head: head.sha,
    base,
    author: user ? { id: user.id, login: user.login, type: user.type } : undefined,
    data: { ...data, base: { ...data.base, sha: base } },
    headSince: () => headSince(forge, { head: head.sha, labels: [], branch: place ?? undefined }),
  }
}

type Reaction = 'eyes' | 'rocket' | '-1' | 'confused'

/** Reacts to the comment of an event. Refuses like `Forge.ask`. */
export async function react(forge: Forge, event: CiEvent, content: Reaction): Promise<void> {
  const id = at(event.payload, 'comment.id')
  if (typeof id !== 'number') return
  const { owner, repo } = forge
  await forge.ask('react to the comment', 'issues: write', (octokit) =>
    octokit.rest.reactions.createForIssueComment({ owner, repo, comment_id: id, content }),
  )
}
