import { Refusal } from '../runner/failure.ts'
import { openCommits } from '../runner/fetch-commits.ts'
import { blobId, objectFormatOf } from '../runner/git/object-id.ts'
import type { Project } from '../runner/project.ts'
import { openRecords } from '../runner/records.ts'
import { inlineText } from '../runner/report/neutralise.ts'
import { count } from '../runner/report/plain-text.ts'
import { definitionTexts } from '../runner/store/definition.ts'
import { digestRun } from '../runner/store/digest-run.ts'
import { type AdoptedRecord, adoptRecord, type ForeignRecord } from '../runner/store/import-record.ts'
import type { RunManifest } from '../runner/store/manifest.ts'
import { startOfRun } from '../runner/store/run-id.ts'
import type { World } from '../runner/world.ts'
import { groupBy } from '../schema/group-by.ts'
import { type ArtifactOnForge, downloadArtifact, refusedArtifact } from './download-artifact.ts'
import type { CiEvent } from './event.ts'
import { type Forge, openForge } from './github.ts'
import { HANDOVER_LIMITS } from './handover.ts'
import { type HandoverReport, parseReport, REPORT_FILE } from './handover-report.ts'
import type { ActionEnvironment, Job } from './job.ts'
import type { ActionResult } from './main.ts'
import { renderPublished } from './publish-text.ts'
import { readZip, ZipProblem } from './read-zip.ts'
import type { Settings } from './settings.ts'
import { findSource, isStillHead, listArtifacts, type SourceRun } from './source-run.ts'
import { upsertComment } from './sticky-comment.ts'
import { code, table } from './summary.ts'

/** A step in the mode `publish`. */
export interface PublishStep {
  readonly settings: Settings
  /** Of the default branch, which is checked out. */
  readonly project: Project
  readonly world: World
  readonly job: Job
  readonly redact: (text: string) => string
}

/** What everything here is about. */
interface Scene extends PublishStep {
  readonly event: CiEvent
  readonly token: string
  readonly forge: Forge
  readonly source: SourceRun
  readonly signal: AbortSignal
}

/**
 * Publishes what jobs about pull requests of forks and of Dependabot left behind, which may only read: their reports as
 * comments, and the records of their runs on the branch, marked as not trusted. Nothing of it is executed, written to the
 * workspace or believed: which run and pull request it is about is what the API says. One artifact that is refused does
 * not keep the others from being published.
 */
export async function publishHandovers(
  { event: findEvent, signal }: Pick<ActionEnvironment, 'event' | 'signal'>,
  step: PublishStep,
): Promise<ActionResult> {
  const event = await findEvent()
  const { settings, world, job } = step
  const { token } = settings
  if (event === undefined || token === undefined) {
    throw new Refusal('action-inputs-invalid', '`mode: publish` needs `token` and a job of GitHub Actions', {
      help: '`codemie-ci init` writes the workflow for it, .github/workflows/codemie-publish.yml.',
    })
  }
  const forge = await openForge({ world, token, repository: event.repository, signal })
  const source = await findSource(forge, event)
  if ('why' in source) return await sayNothing(job, source.why)
  const scene: Scene = { ...step, event, token, forge, source, signal }
  const artifacts = await listArtifacts(forge, source)
  if (artifacts.length === 0) return await sayNothing(job, 'The workflow run left nothing of codemie-ci.')
  const fates: Fate[] = []
  for (const artifact of artifacts) fates.push(await publishOne(scene, artifact))
  const rows = fates.map(({ name, what }) => [code(name), inlineText(what)])
  await job.summarise(
    `## Published for #${source.pull.number}\n\n${table(['Artifact', 'What became of it'], rows)}\n`,
  )
  const exitStatus = Math.max(...fates.map((fate) => fate.exitStatus))
  return { status: exitStatus === 0 ? 'published' : 'refused', exitStatus }
}

interface Fate {
  readonly name: string
  readonly what: string
  readonly exitStatus: number
}

async function publishOne(scene: Scene, artifact: ArtifactOnForge): Promise<Fate> {
  const { job } = scene
  const { name } = artifact
  try {
    const { report, records } = await open(scene, artifact)
    // All are looked at before the first is kept.
    const adopted = records.map((record) => adopt(scene, record))
    await refuseUnknownDefinitions(scene, adopted)
    const kept = await keep(scene, adopted)
    const comment = await say(scene, report, adopted)
    const what = `${comment}${adopted.length === 0 ? '' : `, ${count(kept, 'record')} put on codemie/runs`}`
    job.log(`${name}: ${what}`)
    return { name, what, exitStatus: 0 }
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'interrupted') throw error
    job.say('error', error.code, [error.message, error.help].filter(Boolean).join('\n'))
    return { name, what: `${error.code}: ${error.message}`, exitStatus: error.exitStatus }
  }
}

async function open(
  { world, event: { repository }, token, signal, source }: Scene,
  artifact: ArtifactOnForge,
): Promise<{ readonly report: HandoverReport; readonly records: readonly ForeignRecord[] }> {
  const most = HANDOVER_LIMITS.archiveBytes
  const archive = await downloadArtifact(artifact, { world, repository, token, signal, most })
  const files = unpack(artifact, archive)
  const { report, problems } = parseReport(files.get(REPORT_FILE))
  if (problems) throw refusedArtifact(artifact.name, problems)
  if (report.head !== source.head) {
    throw refusedArtifact(artifact.name, [
      `it is about commit ${report.head.slice(0, 10)}, and the run was about ${source.head.slice(0, 10)}`,
    ])
  }
  const others = [...files].filter(([path]) => path !== REPORT_FILE)
  const byRun = groupBy(others, ([path]) => path.split('/', 1)[0] ?? '')
  return {
    report,
    records: [...byRun].map(([id, those]) => ({
      id,
      files: new Map(those.map(([path, content]) => [path.slice(id.length + 1), content])),
    })),
  }
}

function unpack({ name }: ArtifactOnForge, archive: Uint8Array): ReadonlyMap<string, Uint8Array> {
  try {
    return readZip(archive, HANDOVER_LIMITS)
  } catch (error) {
    if (error instanceof ZipProblem) throw refusedArtifact(name, [error.message])
    throw error
  }
}

/** Time by which the id of a run, which says when its event happened, may differ from the times of the workflow run. */
const SLACK_MS = 3_600_000

function adopt({ source, event, redact }: Scene, record: ForeignRecord): AdoptedRecord {
  const { id, attempt, actor, trust, createdAt, updatedAt } = source
  const page = `${event.serverUrl}/${event.repository}/actions/runs/${id}`
  const origin = {
    trust,
    trigger: { event: 'pull_request', eventId: String(id), attempt },
    actor: { name: actor, source: 'ci' },
    ciUrl: attempt > 1 ? `${page}/attempts/${attempt}` : page,
  } as const
  return adoptRecord(record, origin, redact, ({ trigger, workflow }) => {
    const at = Date.parse(startOfRun(record.id))
    const isOfRun =
      trigger.event === 'pull_request' && trigger.eventId === String(id) && trigger.attempt === attempt
    return [
      ...(isOfRun ? [] : [`it is not of attempt ${attempt} of workflow run ${id}`]),
      ...(at >= createdAt - SLACK_MS && at <= updatedAt + SLACK_MS
        ? []
        : ['its id is of another time than the workflow run']),
      ...unexecuted(workflow, record.files),
    ]
  })
}

/** Definitions whose text is not the one that the record names by its object id, whatever was taken out of it. */
function unexecuted(workflow: RunManifest['workflow'], files: ForeignRecord['files']): readonly string[] {
  const { workflowText, calledTexts } = definitionTexts({ workflow } as RunManifest, files)
  const texts = [
    { ...workflow, text: workflowText },
    ...(workflow.calls ?? []).map((call) => ({ ...call, text: calledTexts.get(call.name) ?? '' })),
  ]
  return texts
    .filter(({ blob, text }) => blobId(Buffer.from(text), objectFormatOf(blob)) !== blob)
    .map(({ file }) => `its text of ${file} is another one than it says`)
}

/** What ran has to be what the repository itself has: a pull request brings no definition that runs on it. */
async function refuseUnknownDefinitions(
  { project, event, source, token }: Scene,
  records: readonly AdoptedRecord[],
): Promise<void> {
  if (records.length === 0) return
  const commits = [...new Set([source.pull.base, event.sha])]
  const { git, close } = await openCommits(project.repository, commits, { token })
  try {
    for (const { manifest } of records) {
      const { calls = [], ...own } = manifest.workflow
      for (const { file, blob } of [own, ...calls]) {
        const found = await Promise.all(
          commits.map((commit) =>
            git.run({
              args: ['rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}:${file}`],
              okCodes: [0, 1, 128],
            }),
          ),
        )
        if (found.some(({ stdout }) => stdout.toString().trim() === blob)) continue
        throw new Refusal(
          'record-refused',
          `The record of run ${manifest.id} is not taken: its definition of ${file} is none of this repository`,
          {
            exitStatus: 5,
            help: 'On a pull request the definitions of its base run. Nothing was committed.',
          },
        )
      }
    }
  } finally {
    close()
  }
}

/** @returns how many were not there yet. */
async function keep(
  { project, world, token, job }: Scene,
  records: readonly AdoptedRecord[],
): Promise<number> {
  if (records.length === 0) return 0
  const store = await openRecords(
    { project, world, push: true, pushToken: token },
    ({ code: name, message }) => job.say('warning', name, message),
  )
  let kept = 0
  for (const record of records) if ((await store.adopt(record)) === 'kept') kept++
  return kept
}

async function say(
  { forge, source, settings, event, redact }: Scene,
  report: HandoverReport,
  records: readonly AdoptedRecord[],
): Promise<string> {
  const { number } = source.pull
  if (!settings.comment) return 'no comment is wanted'
  if (!(await isStillHead(forge, source))) return `no comment: #${number} has a later commit by now`
  const page = renderPublished({
    report,
    trust: source.trust,
    job: `${event.serverUrl}/${event.repository}/actions/runs/${source.id}`,
    runs: records.map(({ manifest, events }) => ({
      id: manifest.id,
      name: manifest.workflow.name,
      status: manifest.status,
      output: digestRun(events).output,
    })),
  })
  const fate = await upsertComment(forge, {
    issue: number,
    name: `stranger-${report.mode}`,
    markdown: redact(page),
    settled: '',
  })
  return `comment on #${number} ${fate}`
}

async function sayNothing(job: Job, why: string): Promise<ActionResult> {
  const line = `Nothing to publish: ${why}`
  job.log(line)
  await job.summarise(`${line}\n`)
  return { status: 'skipped', exitStatus: 0 }
}
