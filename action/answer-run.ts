import { openPauseOf } from '../runner/engine/answers.ts'
import { Refusal } from '../runner/failure.ts'
import { digestsOf, type PersonsAnswer, refuseUnfit } from '../runner/pause.ts'
import { readRecorded } from '../runner/recorded.ts'
import { openRecords } from '../runner/records.ts'
import { definitionTexts } from '../runner/store/definition.ts'
import type { RunActor, RunManifest } from '../runner/store/manifest.ts'
import type { StoredRun } from '../runner/store/read-run.ts'
import { readChange } from './change.ts'
import type { PullNow } from './commented.ts'
import { type Outcome, outcomeOf } from './event-outcome.ts'
import { watchRun } from './execute.ts'
import type { Forge } from './github.ts'
import type { ActionEnvironment } from './job.ts'
import type { ReadEvent } from './read-event.ts'
import { type EventStep, type Judge, withoutSecrets } from './run-events.ts'
import { refuseForeignDefinition } from './vouched.ts'
import { writeCommand } from './write-command.ts'

/** Where somebody steers a run from. */
export interface Place extends Judge {
  readonly forge: Forge
  readonly read: ReadEvent
  /** Commit that the project was taken from. */
  readonly base: string
  /** Number of the pull request or issue; `undefined`: a job that is about neither. */
  readonly number: number | undefined
  /** The pull request, where it is one. */
  readonly pull: PullNow | undefined
}

/** What somebody says to a run. */
export interface Said {
  readonly run: string
  /** `undefined`: nothing; a run that failed or was interrupted goes on. */
  readonly answer: PersonsAnswer | undefined
  /** The first digits of what a yes is for. */
  readonly digest: string | undefined
  readonly by: RunActor | undefined
  /** When they said it, in milliseconds since 1970; `undefined`: not known. */
  readonly at: number | undefined
  /**
   * Asks once more, as the last thing before the run goes on, whether it still counts.
   *
   * @returns the head of the pull request at that moment.
   */
  readonly confirm: (manifest: RunManifest) => Promise<string | undefined>
}

/**
 * Reads a run that lies here or on the remote. Refuses with `no-such-run`, and with `run-elsewhere` when it is about another
 * pull request or issue than the one it is steered from.
 */
export async function findRun(
  { settings, world, job }: EventStep,
  { project, number, pull }: Pick<Place, 'project' | 'number' | 'pull'>,
  runId: string,
): Promise<StoredRun> {
  if (!settings.push || settings.token === undefined) {
    throw new Refusal('action-inputs-invalid', 'A run is steered on the remote: `push` is not `true`', {
      help: 'Set `push: true` and `token` in the workflow file, and give the job `contents: write`.',
    })
  }
  const records = await openRecords(
    { project, world, push: true, pushToken: settings.token },
    ({ message }) => job.log(message),
  )
  const stored = await records.read(runId)
  const { about, event } = stored.manifest.trigger
  if (about !== undefined && number !== undefined && about.number !== number) {
    throw new Refusal('run-elsewhere', `Run ${runId} is about #${about.number}, and this is #${number}`, {
      help: `Say it in #${about.number}.`,
    })
  }
  // A run that is about nothing is steered from an issue, whose config is that of the default branch.
  if (about === undefined && (pull !== undefined || /^(pull_request|issue)/.test(event))) {
    throw new Refusal('run-elsewhere', `Run ${runId} is not about this pull request`, {
      help: 'A run that is about none is steered from an issue, or in a clone.',
    })
  }
  return stored
}

/**
 * Says something to a run and goes on with it, redoing nothing. Refuses what does not fit (see `refuseUnfit`), a yes that
 * does not say to what (`digest-missing`), that is older than what the run asks (`answer-outdated`) or for a commit that is
 * not the head any more (`head-moved`), and a run whose definition nobody vouches for (`definition-foreign`).
 */
export async function answerRun(
  environment: ActionEnvironment,
  step: EventStep,
  place: Place,
  said: Said,
): Promise<Outcome> {
  const { project, read, open } = place
  const { run: runId, answer, digest, by } = said
  const stored = await findRun(step, place, runId)
  const { manifest, events, files } = stored
  const { about } = manifest.trigger
  if (place.pull) refuseOtherHead(manifest, place.pull.head)
  refuseUnsaid(stored, said)
  const voucher = { ...place, world: step.world }
  await refuseForeignDefinition(stored, voucher)
  const { workflowText } = definitionTexts(manifest, files)
  const workflow = readRecorded(runId, manifest.workflow.file, workflowText)
  const world = read.withoutKeys === undefined ? step.world : withoutSecrets(step.world, project, step.redact)
  const watched = { ...step, project, workflow, world, known: events, ...(about ? { about } : {}) }
  const { resumeRun } = await import('../runner/run.ts')
  refuseOtherHead(manifest, await said.confirm(manifest))
  const run = await watchRun(environment, watched, (options) =>
    resumeRun({
      ...options,
      runId,
      ...(answer ? { answer } : {}),
      ...(digest === undefined ? {} : { digest }),
      ...(by ? { actor: by } : {}),
    }).catch(explainChange),
  )
  const changed = read.pull && (await readChange(read, open))?.files
  return outcomeOf(run, changed)
}

/** Nobody can add an option to a comment. */
function explainChange(error: unknown): never {
  if (!(error instanceof Refusal) || error.code !== 'definition-changed') throw error
  throw new Refusal(error.code, error.message, {
    exitStatus: error.exitStatus,
    help: '`/codemie rerun` does it again with the definition of now; in a clone, --accept-changes or --as-recorded goes on with one of them.',
    cause: error,
  })
}

function refuseOtherHead({ id, trigger: { about } }: RunManifest, head: string | undefined): void {
  if (about?.head === undefined || head === about.head) return
  throw new Refusal(
    'head-moved',
    `Run ${id} worked on commit ${about.head.slice(0, 10)}, and the head of #${about.number} is ${head?.slice(0, 10) ?? 'not known'} now`,
    { exitStatus: 5, help: 'What is said to it counts for nothing any more. Start a new run.' },
  )
}

function wholeSecond(ms: number): number {
  return ms - (ms % 1000)
}

/** What can be told before anybody is asked again. */
function refuseUnsaid({ manifest: { id }, events }: StoredRun, { answer, digest, at }: Said): void {
  const pause = refuseUnfit({ runId: id, ...(answer ? { answer } : {}) }, events)
  if (pause === undefined) return
  if (answer === undefined) {
    throw new Refusal('approval-needed', `Run ${id} waits for a person before ${pause.before.join(', ')}`, {
      exitStatus: 3,
      help: 'Name the `environment` whose reviewers say yes.',
    })
  }
  const { step, decision } = answer
  const wanted = Object.entries(digestsOf(pause, events, step))
  if (decision === 'approved' && digest === undefined && wanted.length > 0) {
    const lines = wanted.map(([path, whole]) => writeCommand('approve', id, path, whole.slice(0, 12)))
    throw new Refusal('digest-missing', 'A yes has to say what it is for, by the digest of what was shown', {
      help: `What the run asks for now is answered by ${lines.slice(0, 5).join(' or ')}`,
    })
  }
  const asked = openPauseOf(events)?.at
  // GitHub tells whole seconds, so an answer of the same second may look older than what it answers.
  if (at !== undefined && asked !== undefined && at < wholeSecond(Date.parse(asked))) {
    throw new Refusal('answer-outdated', `What run ${id} asks for is younger than the answer`, {
      exitStatus: 5,
      help: 'Look at what it asks for now, and answer that.',
    })
  }
}
