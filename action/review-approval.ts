import { Refusal } from '../runner/failure.ts'
import { oneLine } from '../runner/report/plain-text.ts'
import type { Forge } from './github.ts'
import { whyNoApprover, whyNoWriter } from './people.ts'
import { headSince, type PullHistory, readHistory, type Standing } from './pull-history.ts'
import type { Account, ReviewedPull } from './review-subject.ts'

/** By what a yes may be given. */
export interface ApprovalRule {
  /** Name of the label; `''`: only reviews count. */
  readonly label: string
  readonly authorMayApprove: boolean
}

/** Whether somebody who may has said yes to exactly this commit. */
export interface ApprovalFinding {
  readonly isApproved: boolean
  /** What was looked at and what came of it, one sentence each, for the log. Names of accounts are in them. */
  readonly notes: readonly string[]
}

const READ = 'pull-requests: read'

/** Answers of a review that replace an earlier one of the same person. A comment leaves it standing. */
const DECISIVE: ReadonlySet<string> = new Set(['APPROVED', 'CHANGES_REQUESTED', 'DISMISSED'])

/**
 * Looks for a yes to a commit of a pull request, as it stands now: the last word of somebody in a review of this very
 * commit, or the label, put on after the last push. Neither counts any more when the pull request was given another base
 * since. It counts when an account of a person gave it who may write to the repository at this moment, and who is not the
 * author unless that is allowed. What cannot be found out counts as no.
 *
 * @param now the pull request as it stands.
 */
export async function findApproval(
  forge: Forge,
  pull: ReviewedPull,
  now: Standing,
  rule: ApprovalRule,
): Promise<ApprovalFinding> {
  const notes: string[] = []
  let history: Promise<PullHistory> | undefined
  const look: Look = {
    forge,
    pull,
    now,
    rule,
    notes,
    history: () => {
      history ??= readHistory(forge, pull.number)
      return history
    },
  }
  try {
    const isApproved = (await isLabelled(look)) || (await isReviewed(look))
    return { isApproved, notes }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { isApproved: false, notes: [...notes, `${error.message}. ${error.help ?? ''}`.trim()] }
  }
}

/** What is looked at, and what is said of it. */
interface Look {
  readonly forge: Forge
  readonly pull: ReviewedPull
  readonly now: Standing
  readonly rule: ApprovalRule
  readonly notes: string[]
  /** Asked for once, and only when it decides something. */
  readonly history: () => Promise<PullHistory>
}

async function mayApprove(look: Look, who: Account, what: string): Promise<boolean> {
  const why = await whyNot(look, who)
  look.notes.push(
    `${what} of ${oneLine(who.login)} ${why === undefined ? 'counts' : `does not count: ${why}`}.`,
  )
  return why === undefined
}

async function isReviewed(look: Look): Promise<boolean> {
  const { forge, pull, now, notes, history } = look
  const { owner, repo } = forge
  const reviews = await forge.ask(`list the reviews of #${pull.number}`, READ, (octokit) =>
    octokit.paginate(octokit.rest.pulls.listReviews, {
      owner,
      repo,
      pull_number: pull.number,
      per_page: 100,
    }),
  )
  // They come in the order in which they were given.
  const last = new Map(
    reviews.flatMap((one) => (one.user && DECISIVE.has(one.state) ? [[one.user.id, one] as const] : [])),
  )
  for (const { user, state, commit_id, submitted_at } of last.values()) {
    if (!user || state !== 'APPROVED') continue
    if (commit_id !== now.head) {
      notes.push(`The approval of ${oneLine(user.login)} does not count: it is for an earlier commit.`)
    } else if (!isLater(Date.parse(submitted_at ?? ''), (await history()).baseSince)) {
      notes.push(`The approval of ${oneLine(user.login)} does not count: the base is another one since.`)
    } else if (await mayApprove(look, user, 'The approval')) return true
  }
  return false
}

/** A label names no commit: what it is for is the head at the time when it was put on. */
async function isLabelled(look: Look): Promise<boolean> {
  const { forge, pull, now, rule, notes, history } = look
  const { label } = rule
  if (label === '' || !now.labels.some((one) => isSameLabel(one, label))) return false
  const named = `The label '${oneLine(label)}'`
  const { labellings, baseSince, forcedAt } = await history()
  const labelling = labellings.get(label.toLowerCase())
  if (labelling === undefined) {
    notes.push(`${named} does not count: GitHub does not tell who put it on.`)
    return false
  }
  const { by, isByApp, at } = labelling
  const pushedAt = isOfThisJob(pull, label, by) ? 0 : await headSince(forge, now)
  if (pushedAt === undefined) {
    notes.push(
      `${named} counts only in the job that putting it on started, for GitHub does not tell when the commit was pushed. Run that job again, or take the label off and put it on again.`,
    )
    return false
  }
  if (!isLater(at, Math.max(pushedAt, baseSince, forcedAt))) {
    notes.push(`${named} was for an earlier commit or another base.`)
    await takeOff(look)
    return false
  }
  if (isByApp) {
    notes.push(`${named} of ${oneLine(by.login)} does not count: an app put it on.`)
    return false
  }
  return await mayApprove(look, by, named)
}

/** The event of this job tells of the label, and of the commit that was the head then. */
function isOfThisJob({ labelled }: ReviewedPull, label: string, by: Account): boolean {
  return labelled !== undefined && isSameLabel(labelled.name, label) && labelled.by.id === by.id
}

/** Times have seconds: what happened in the same one may have been before. */
function isLater(at: number, than: number): boolean {
  return at > than
}

const TAKE_IT_OFF = 'Take it off, and put it on again when the new commit is right.'

async function takeOff({
  forge,
  pull: { number, isFork, author },
  rule: { label },
  notes,
}: Look): Promise<void> {
  const { owner, repo } = forge
  const isReadOnly = isFork || author.login === 'dependabot[bot]'
  if (isReadOnly) return void notes.push(TAKE_IT_OFF)
  try {
    await forge.ask(`take the label off #${number}`, 'pull-requests: write', (octokit) =>
      octokit.rest.issues.removeLabel({ owner, repo, issue_number: number, name: label }),
    )
    notes.push('It was taken off.')
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    notes.push(TAKE_IT_OFF)
  }
}

/** GitHub takes labels that differ in case for the same. */
function isSameLabel(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** Why an account cannot approve; `undefined`: it can. */
async function whyNot(
  { forge, pull: { author }, rule: { authorMayApprove } }: Look,
  who: Account,
): Promise<string | undefined> {
  return (await whyNoWriter(forge, who)) ?? whyNoApprover(who, { approvers: [], author, authorMayApprove })
}
