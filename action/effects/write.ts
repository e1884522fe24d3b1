import type { Proposal } from '../../runner/effects/proposal.ts'
import type { EffectKind } from '../../schema/effects.ts'
import { findTrailer, tipOf, whyNotBranch, writeCommit } from './commit.ts'
import { markOf } from './depth.ts'
import { done, type EffectPlace, findMarked, type Outcome, orMissing, refused } from './place.ts'
import { markedBody, plainDescription, plainTitle } from './texts.ts'

type Of<K extends EffectKind> = Extract<Proposal, { kind: K }>
type Writer<K extends EffectKind> = (proposal: Of<K>, key: string, place: EffectPlace) => Promise<Outcome>

const TOO_LONG = refused('Its text is longer than GitHub takes.')
const NO_SUBJECT = refused('The run was about no issue or pull request.')
const NO_COMMIT = refused('It is not known which commit the run looked at.')

/**
 * Writes one proposal, or finds that an earlier try wrote it. What is written names the proposal, so that it is found again
 * whatever became of that try. Refuses like `Forge.ask`.
 */
export async function writeEffect(proposal: Proposal, key: string, place: EffectPlace): Promise<Outcome> {
  // Each kind has its own writer.
  const write = WRITERS[proposal.kind] as Writer<EffectKind>
  return await write(proposal, key, place)
}

const writeComment: Writer<'comment'> = async ({ body: text }, key, place) => {
  const { forge, subject } = place
  const { owner, repo } = forge
  const { number } = subject
  if (number === undefined) return NO_SUBJECT
  const { mark, body } = bodyOf(text, key, place)
  if (body === undefined) return TOO_LONG
  const all = await forge.ask(`list the comments of #${number}`, 'issues: read', (octokit) =>
    octokit.paginate(octokit.rest.issues.listComments, { owner, repo, issue_number: number, per_page: 100 }),
  )
  const there = await findMarked(place, mark, all)
  if (there) return done(there.html_url)
  const made = await forge.ask(`comment on #${number}`, 'issues: write', (octokit) =>
    octokit.rest.issues.createComment({ owner, repo, issue_number: number, body }),
  )
  return done(made.data.html_url)
}

const writeLabels: Writer<'label'> = async ({ add, remove }, _key, { forge, subject, home }) => {
  const { owner, repo } = forge
  const { number, isPull } = subject
  if (number === undefined) return NO_SUBJECT
  const all = await forge.ask(`list the labels of #${number}`, 'issues: read', (octokit) =>
    octokit.paginate(octokit.rest.issues.listLabelsOnIssue, {
      owner,
      repo,
      issue_number: number,
      per_page: 100,
    }),
  )
  // GitHub takes labels that differ in case for the same.
  const there = new Set(all.map(({ name }) => name.toLowerCase()))
  const missing = add.filter((name) => !there.has(name.toLowerCase()))
  if (missing.length > 0) {
    await forge.ask(`label #${number}`, 'issues: write', (octokit) =>
      octokit.rest.issues.addLabels({ owner, repo, issue_number: number, labels: missing }),
    )
  }
  for (const name of remove.filter((one) => there.has(one.toLowerCase()))) {
    await orMissing(
      forge.ask(`take a label off #${number}`, 'issues: write', (octokit) =>
        octokit.rest.issues.removeLabel({ owner, repo, issue_number: number, name }),
      ),
    )
  }
  return done(`${home}/${isPull ? 'pull' : 'issues'}/${number}`)
}

const writeIssue: Writer<'issue'> = async ({ title, body: text }, key, place) => {
  const { forge, rules, run } = place
  const { owner, repo } = forge
  const { mark, body } = bodyOf(text, key, place)
  if (body === undefined) return TOO_LONG
  const all = await forge.ask('list the issues', 'issues: read', (octokit) =>
    octokit.paginate(octokit.rest.issues.listForRepo, {
      owner,
      repo,
      state: 'all',
      since: run.startedAt,
      per_page: 100,
    }),
  )
  const there = await findMarked(place, mark, all)
  if (there) return done(there.html_url)
  const made = await forge.ask('open an issue', 'issues: write', (octokit) =>
    octokit.rest.issues.create({ owner, repo, title: plainTitle(title, rules), body }),
  )
  return done(made.data.html_url)
}

/** What a verdict is for GitHub; none approves. */
const EVENTS: Readonly<Record<string, 'COMMENT' | 'REQUEST_CHANGES'>> = {
  comment: 'COMMENT',
  'request-changes': 'REQUEST_CHANGES',
}

const writeReview: Writer<'review'> = async ({ verdict, body: text }, key, place) => {
  const { forge, subject } = place
  const { owner, repo } = forge
  const { number, commit, isPull } = subject
  if (number === undefined || !isPull) return refused('The run was about no pull request.')
  if (commit === undefined) return NO_COMMIT
  const event = EVENTS[verdict]
  const { mark, body } = bodyOf(text, key, place)
  if (body === undefined || event === undefined) return TOO_LONG
  const all = await forge.ask(`list the reviews of #${number}`, 'pull-requests: read', (octokit) =>
    octokit.paginate(octokit.rest.pulls.listReviews, { owner, repo, pull_number: number, per_page: 100 }),
  )
  const there = await findMarked(place, mark, all)
  if (there) return done(there.html_url)
  const made = await forge.ask(`review #${number}`, 'pull-requests: write', (octokit) =>
    octokit.rest.pulls.createReview({ owner, repo, pull_number: number, commit_id: commit, event, body }),
  )
  return done(made.data.html_url)
}

const writeStatus: Writer<'status'> = async ({ context, state, description: text }, _key, place) => {
  const { forge, subject, rules, page } = place
  const { owner, repo } = forge
  const { commit } = subject
  if (commit === undefined) return NO_COMMIT
  const description = plainDescription(text, rules)
  const { data } = await forge.ask('read the statuses of the commit', 'statuses: read', (octokit) =>
    octokit.rest.repos.getCombinedStatusForRef({ owner, repo, ref: commit, per_page: 100 }),
  )
  const isThere = data.statuses.some(
    (one) => one.context === context && one.state === state && (one.description ?? '') === description,
  )
  if (isThere) return done(page)
  await forge.ask(`set the status ${context}`, 'statuses: write', (octokit) =>
    octokit.rest.repos.createCommitStatus({
      owner,
      repo,
      sha: commit,
      context,
      state,
      description,
      target_url: page,
    }),
  )
  return done(page)
}

const writePullRequest: Writer<'pull-request'> = async ({ branch, title, body: text }, key, place) => {
  const { forge, subject, rules, run } = place
  const { owner, repo } = forge
  const why = whyNotBranch(branch, place)
  if (why !== undefined) return refused(why)
  const { mark, body } = bodyOf(text, key, place)
  if (body === undefined) return TOO_LONG
  const all = await forge.ask(`list the pull requests from ${branch}`, 'pull-requests: read', (octokit) =>
    octokit.paginate(octokit.rest.pulls.list, {
      owner,
      repo,
      head: `${owner}:${branch}`,
      state: 'all',
      per_page: 100,
    }),
  )
  // The branch of a workflow that runs every week may wait in a pull request already.
  const there = (await findMarked(place, mark, all)) ?? all.find(({ state }) => state === 'open')
  if (there) return done(there.html_url)
  const tip = await tipOf(branch, place)
  if (tip === undefined || (await findTrailer(tip, `${run.id}/`, place)) === undefined)
    return refused(`The branch '${branch}' has no commit of this run.`)
  const made = await forge.ask(`open a pull request from ${branch}`, 'pull-requests: write', (octokit) =>
    octokit.rest.pulls.create({
      owner,
      repo,
      head: branch,
      base: subject.base,
      title: plainTitle(title, rules),
      body,
    }),
  )
  return done(made.data.html_url)
}

function bodyOf(text: string, key: string, { run, depth, source, rules }: EffectPlace) {
  const mark = markOf(run.id, key, depth)
  return { mark, body: markedBody(mark, text, source, rules) }
}

const WRITERS: { readonly [K in EffectKind]: Writer<K> } = {
  comment: writeComment,
  label: writeLabels,
  issue: writeIssue,
  review: writeReview,
  status: writeStatus,
  branch: writeCommit,
  'pull-request': writePullRequest,
}
