import { Refusal } from '../runner/failure.ts'
import { oneLine } from '../runner/report/plain-text.ts'
import type { Forge } from './github.ts'
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
 * commit, or the label that the event of this job put on while the commit was the head. It counts when an account of a
 * person gave it who may write to the repository at this moment, and who is not the author unless that is allowed. What
 * cannot be found out counts as no.
 *
 * @param labels of the pull request now.
 */
export async function findApproval(
  forge: Forge,
  pull: ReviewedPull,
  now: { readonly head: string; readonly labels: readonly string[] },
  rule: ApprovalRule,
): Promise<ApprovalFinding> {
  const notes: string[] = []
  try {
    const mayApprove = async (who: Account, what: string): Promise<boolean> => {
      const why = await whyNot(forge, who, pull, rule)
      notes.push(
        `${what} of ${oneLine(who.login)} ${why === undefined ? 'counts' : `does not count: ${why}`}.`,
      )
      return why === undefined
    }
    const isApproved =
      (await isLabelled(forge, pull, now.labels, rule, mayApprove, notes)) ||
      (await isReviewed(forge, pull, now.head, mayApprove, notes))
    return { isApproved, notes }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { isApproved: false, notes: [...notes, `${error.message}. ${error.help ?? ''}`.trim()] }
  }
}

type MayApprove = (who: Account, what: string) => Promise<boolean>

async function isReviewed(
  forge: Forge,
  { number }: ReviewedPull,
  head: string,
  mayApprove: MayApprove,
  notes: string[],
): Promise<boolean> {
  const { owner, repo } = forge
  const reviews = await forge.ask(`list the reviews of #${number}`, READ, (octokit) =>
    octokit.paginate(octokit.rest.pulls.listReviews, { owner, repo, pull_number: number, per_page: 100 }),
  )
  // They come in the order in which they were given.
  const last = new Map(
    reviews.flatMap((one) => (one.user && DECISIVE.has(one.state) ? [[one.user.id, one] as const] : [])),
  )
  for (const { user, state, commit_id } of last.values()) {
    if (!user || state !== 'APPROVED') continue
    if (commit_id !== head) {
      notes.push(`The approval of ${oneLine(user.login)} does not count: it is for an earlier commit.`)
    } else if (await mayApprove(user, 'The approval')) return true
  }
  return false
}

/** A label names no commit, so it counts only in the job that its own event starts. */
async function isLabelled(
  forge: Forge,
  { number, labelled, isPushed }: ReviewedPull,
  labels: readonly string[],
  { label }: ApprovalRule,
  mayApprove: MayApprove,
  notes: string[],
): Promise<boolean> {
  if (label === '' || !labels.some((one) => isSameLabel(one, label))) return false
  if (labelled !== undefined && isSameLabel(labelled.name, label)) {
    return await mayApprove(labelled.by, `The label '${oneLine(label)}'`)
  }
  if (!isPushed) {
    notes.push(
      `The label '${oneLine(label)}' counts only in the job that putting it on started. Run that job again, or take the label off and put it on again.`,
    )
    return false
  }
  const { owner, repo } = forge
  notes.push(`The label '${oneLine(label)}' was for an earlier commit.`)
  try {
    await forge.ask(`take the label off #${number}`, 'pull-requests: write', (octokit) =>
      octokit.rest.issues.removeLabel({ owner, repo, issue_number: number, name: label }),
    )
    notes.push('It was taken off.')
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    notes.push('Take it off, and put it on again when the new commit is right.')
  }
  return false
}

/** GitHub takes labels that differ in case for the same. */
function isSameLabel(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** Why an account cannot approve; `undefined`: it can. */
async function whyNot(
  forge: Forge,
  { id, login, type }: Account,
  { author }: ReviewedPull,
  { authorMayApprove }: ApprovalRule,
): Promise<string | undefined> {
  if (type !== 'User' || login.endsWith('[bot]')) return 'it is no account of a person'
  if (id === author.id && !authorMayApprove) return 'nobody approves a pull request of their own'
  const { owner, repo } = forge
  const { data } = await forge.ask(
    `ask what ${oneLine(login)} may do in the repository`,
    'contents: read',
    (octokit) => octokit.rest.repos.getCollaboratorPermissionLevel({ owner, repo, username: login }),
  )
  // The name may belong to somebody else by now. `maintain` is `write` here.
  if (data.user?.id !== id) return 'the name belongs to another account by now'
  return ['admin', 'write'].includes(data.permission) ? undefined : 'it may not write to the repository'
}
