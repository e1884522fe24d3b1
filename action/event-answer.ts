import { Refusal } from '../runner/failure.ts'
import { MOST_COMMENT_CHARACTERS } from '../runner/report/diff-markdown.ts'
import { slugOf } from '../runner/store/file-name.ts'
import type { CiEvent } from './event.ts'
import { pageOf } from './event.ts'
import type { Outcome } from './event-outcome.ts'
import { renderOutcome, resultWords } from './event-summary.ts'
import type { Forge } from './github.ts'
import type { Job } from './job.ts'
import type { ReadEvent } from './read-event.ts'
import { renderRunComment } from './run-summary.ts'
import { upsertComment } from './sticky-comment.ts'
import { code } from './summary.ts'

/** Where answers go. */
export interface AnswerPlace {
  readonly forge: Forge
  readonly event: CiEvent
  readonly read: ReadEvent
  readonly job: Job
  readonly redact: (text: string) => string
  /** Whether comments are wanted. */
  readonly comment: boolean
}

/** Characters that the summary of a check run may have. Source: "REST API endpoints for check runs". */
const MOST_CHECK_CHARACTERS = 65_535

/**
 * Tells what became of a workflow where the event came from: in one comment on the pull request or issue, and as a check
 * run of the commit. What keeps it from being told is said, and fails nothing.
 */
export async function answer(place: AnswerPlace, outcome: Outcome): Promise<void> {
  if (place.comment && (outcome.run ?? outcome.refusal)) await comment(place, outcome)
  await addCheck(place, outcome)
}

async function comment({ forge, event, read, job, redact }: AnswerPlace, outcome: Outcome): Promise<void> {
  const { number, pull } = read
  if (number === undefined) return
  const about = pull === undefined ? code(event.name) : `Commit ${code(pull.head.slice(0, 10))}`
  // Room for the mark at its beginning; no character takes less than a byte.
  const room = MOST_COMMENT_CHARACTERS - 300
  const markdown = redact(
    outcome.run ? renderRunComment(outcome.run, room, about) : renderOutcome(outcome, room),
  )
  try {
    const fate = await upsertComment(forge, {
      issue: number,
      name: `run-${slugOf(outcome.id)}`,
      markdown,
      settled: '',
    })
    job.log(`Comment on #${number}: ${fate}`)
  } catch (error) {
    sayRefusal(job, error)
  }
}

type Conclusion = 'success' | 'failure' | 'neutral' | 'cancelled'

const CONCLUSIONS: Readonly<Record<Outcome['status'], Conclusion>> = {
  running: 'failure',
  succeeded: 'success',
  failed: 'failure',
  paused: 'neutral',
  interrupted: 'cancelled',
  aborted: 'cancelled',
  'budget-exceeded': 'failure',
  invalid: 'failure',
  skipped: 'neutral',
  refused: 'failure',
}

async function addCheck({ forge, event, read, job, redact }: AnswerPlace, outcome: Outcome): Promise<void> {
  const commit = read.pull?.head ?? read.pushed?.after
  if (commit === undefined) return
  const { owner, repo } = forge
  const summary = redact(renderOutcome(outcome, MOST_CHECK_CHARACTERS - 1000))
  try {
    await forge.ask('add a check run', 'checks: write', (octokit) =>
      octokit.rest.checks.create({
        owner,
        repo,
        name: `codemie-ci / ${outcome.id}`.slice(0, 200),
        head_sha: commit,
        status: 'completed',
        conclusion: CONCLUSIONS[outcome.status],
        details_url: pageOf(event),
        output: {
          title: resultWords(outcome),
          summary: summary.length > MOST_CHECK_CHARACTERS ? resultWords(outcome) : summary,
        },
      }),
    )
  } catch (error) {
    if (lacksPermission(error)) {
      // Nobody who does not give the permission expects one.
      job.log('No check run: the job has no `checks: write`.')
    } else sayRefusal(job, error)
  }
}

function lacksPermission(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'forge-permission-missing'
}

function sayRefusal(job: Job, error: unknown): void {
  if (!(error instanceof Refusal)) throw error
  job.say('warning', 'No answer', [error.message, error.help].filter(Boolean).join('\n'))
}
