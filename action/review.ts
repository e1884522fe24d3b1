import { Refusal } from '../runner/failure.ts'
import { parentsOf } from '../runner/git/ancestry.ts'
import type { Git } from '../runner/git/git.ts'
import type { Project } from '../runner/project.ts'
import { MOST_COMMENT_CHARACTERS } from '../runner/report/diff-markdown.ts'
import type { World } from '../runner/world.ts'
import { CHANGE_CLASSES, type ChangeClass } from '../schema/diff/change.ts'
import type { ComparedDefinition } from '../schema/diff/definitions.ts'
import { type CheckedFile, hasErrors, reportProblems } from './check.ts'
import { cutText } from './cut.ts'
import { type Forge, openForge } from './github.ts'
import type { ActionEnvironment, Job } from './job.ts'
import type { Standing } from './pull-history.ts'
import { findApproval } from './review-approval.ts'
import { compareChanges } from './review-changes.ts'
import { type ReviewedPull, type ReviewSubject, readSubject } from './review-subject.ts'
import {
  askForApproval,
  type ReviewPage,
  type ReviewVerdict,
  renderReview,
  renderSettled,
  reviewLines,
  saysAnything,
} from './review-text.ts'
import type { Settings } from './settings.ts'
import { upsertComment } from './sticky-comment.ts'
import { whyReadOnly } from './strangers.ts'
import { MOST_SUMMARY_BYTES, renderCheckSummary } from './summary.ts'

/** Characters of the review in the summary of the job, where the check of the files follows it. */
const MOST_IN_SUMMARY = 300_000

/**
 * Reviews what a pull request, a merge or a push does to the definitions: problems as annotations, the change by its
 * meaning in one comment and in the summary, and for a pull request a yes for what widens or breaks. Refuses like
 * `readSubject` and `compareChanges`; what goes wrong with the comment is only said.
 */
export async function reviewDefinitions(
  { event: findEvent, signal }: Pick<ActionEnvironment, 'event' | 'signal'>,
  {
    settings,
    project,
    world,
    job,
    redact,
    files,
  }: {
    readonly settings: Settings
    readonly project: Project
    readonly world: World
    readonly job: Job
    /** Takes secrets out of what is said elsewhere than through `job`. */
    readonly redact: (text: string) => string
    readonly files: readonly CheckedFile[]
  },
): Promise<{ readonly status: 'valid' | 'invalid' | 'needs-approval'; readonly exitStatus: number }> {
  reportProblems(files, job)
  const event = await findEvent()
  if (event === undefined) {
    throw new Refusal('event-refused', '`mode: review` reviews what an event tells of, and there is none', {
      help: 'Outside of GitHub Actions `codemie-ci diff` shows the same.',
    })
  }
  const subject = readSubject(event)
  const { token } = settings
  const forge =
    token === undefined ? undefined : await openForge({ world, token, repository: event.repository, signal })
  await lookAtWorkspace(project.repository.git, subject, job)
  const tmp = world.env['RUNNER_TEMP'] || undefined
  const changes = await compareChanges(project, subject, { forge, token, tmp }).catch(async (error) => {
    // What is known of the files stays.
    await job.summarise(renderCheckSummary(files))
    throw error
  })
  const counts = countClasses(changes.diffs)
  const isUnclear =
    changes.uncomparable.length > 0 || changes.diffs.some(({ invalid }) => Object.keys(invalid).length > 0)
  const standing = subject.pull && forge && (await lookAtPull(forge, subject.pull, job))
  const verdict: ReviewVerdict = hasErrors(files)
    ? 'errors'
    : subject.pull === undefined
      ? 'merged'
      : counts.breaking + counts.widening === 0 && !isUnclear
        ? 'fine'
        : (await isApproved(forge, subject, standing, settings, job))
          ? 'approved'
          : 'needs-approval'
  const page: ReviewPage = {
    verdict,
    changes,
    head: subject.head,
    rule: settings.approval,
    site: `${event.serverUrl}/${event.repository}`,
  }
  const readOnly = whyReadOnly(event)
  if (readOnly !== undefined) {
    if (saysAnything(changes)) job.say('info', 'No comment', `${READ_ONLY} The summary has it all.`)
  } else if (subject.pull && forge && standing)
    await comment(forge, subject.pull, standing, page, { job, redact })
  job.setOutput('widening', String(counts.widening > 0 || isUnclear))
  job.setOutput('changes', JSON.stringify(counts))
  const said = saysAnything(changes) ? `${renderReview(page, MOST_IN_SUMMARY)}\n\n` : ''
  await job.summarise(cutText(`${said}${renderCheckSummary(files)}`, MOST_SUMMARY_BYTES))
  const { status, exitStatus } = OUTCOMES[verdict]
  if (readOnly !== undefined) {
    const { writeHandover } = await import('./handover.ts')
    const report = { mode: 'review', head: subject.head, status, text: reviewLines(page).join('\n') } as const
    await writeHandover({ world, job, redact, project }, report)
  }
  return { status, exitStatus }
}

const READ_ONLY = 'The token of a job about a pull request of a fork or of Dependabot may only read.'

const OUTCOMES = {
  errors: { status: 'invalid', exitStatus: 2 },
  'needs-approval': { status: 'needs-approval', exitStatus: 1 },
  approved: { status: 'valid', exitStatus: 0 },
  fine: { status: 'valid', exitStatus: 0 },
  merged: { status: 'valid', exitStatus: 0 },
} as const satisfies Record<ReviewVerdict, unknown>

function countClasses(diffs: readonly ComparedDefinition[]): Readonly<Record<ChangeClass, number>> {
  const all = diffs.flatMap(({ changes }) => changes)
  const of = (kind: ChangeClass) => all.filter((one) => one.class === kind).length
  return Object.fromEntries(CHANGE_CLASSES.map((kind) => [kind, of(kind)])) as Record<ChangeClass, number>
}

/** What is checked are the files of the workspace: the head, or what GitHub would make of merging it. */
async function lookAtWorkspace(git: Git, { head }: ReviewSubject, job: Job): Promise<void> {
  const [own, parents] = await Promise.all([
    git.run({ args: ['rev-parse', '--verify', '--quiet', 'HEAD'], okCodes: [0, 1] }),
    parentsOf(git, 'HEAD'),
  ])
  const commit = own.stdout.toString().trim()
  if (commit === head || parents.includes(head)) return
  job.say(
    'warning',
    'Other files were checked',
    `The workspace is at ${commit.slice(0, 10) || 'no commit'} and the commit under review is ${head.slice(0, 10)}. Problems are those of the workspace; what changed is that of the commit.`,
  )
}

/** `undefined`: it could not be found out, which is said. */
async function lookAtPull(forge: Forge, { number }: ReviewedPull, job: Job): Promise<Standing | undefined> {
  const { owner, repo } = forge
  try {
    const { data } = await forge.ask(`look at #${number}`, 'pull-requests: read', (octokit) =>
      octokit.rest.pulls.get({ owner, repo, pull_number: number }),
    )
    const { sha, ref, repo: from } = data.head
    return {
      head: sha,
      labels: data.labels.map(({ name }) => name),
      branch: from ? { owner: from.owner.login, repo: from.name, name: ref } : undefined,
    }
  } catch (error) {
    sayRefusal('No comment, no approval', error, job)
    return undefined
  }
}

/** Whether there is a yes to the head; what is missing is said. */
async function isApproved(
  forge: Forge | undefined,
  { pull, head }: ReviewSubject,
  standing: Standing | undefined,
  { approval: rule }: Settings,
  job: Job,
): Promise<boolean> {
  const { isApproved, notes } =
    forge === undefined || pull === undefined
      ? { isApproved: false, notes: ['Without `token` nobody can be asked whether somebody has approved.'] }
      : standing === undefined
        ? { isApproved: false, notes: [] }
        : standing.head !== head
          ? {
              isApproved: false,
              notes: ['There is a later commit by now, whose own job looks for approval.'],
            }
          : await findApproval(forge, pull, standing, rule)
  for (const note of notes) job.log(note)
  if (!isApproved) job.say('error', 'Needs approval', [askForApproval(head, rule), ...notes].join('\n'))
  return isApproved
}

async function comment(
  forge: Forge,
  pull: ReviewedPull,
  standing: Standing,
  page: ReviewPage,
  { job, redact }: { readonly job: Job; readonly redact: (text: string) => string },
): Promise<void> {
  if (standing.head !== page.head) {
    job.log('There is a later commit by now: the comment is left to its job.')
    return
  }
  try {
    const fate = await upsertComment(forge, {
      issue: pull.number,
      name: 'review',
      // Room for the mark at its beginning.
      markdown: saysAnything(page.changes)
        ? redact(renderReview(page, MOST_COMMENT_CHARACTERS - 100))
        : undefined,
      settled: renderSettled(page.head),
    })
    job.log(`Comment on #${pull.number}: ${FATES[fate]}`)
  } catch (error) {
    sayRefusal('No comment', error, job)
  }
}

const FATES = {
  created: 'written',
  edited: 'brought up to date',
  unchanged: 'says the same already',
  none: 'nothing to say',
} as const

/** What the forge did not let us do as a warning: the review itself is there. */
function sayRefusal(title: string, error: unknown, job: Job): void {
  if (!(error instanceof Refusal)) throw error
  job.say('warning', title, [error.message, error.help].filter(Boolean).join('\n'))
}
