import { type AttachedFile, describeFiles } from '../runner/attachments/attached-file.ts'
import type { RunOptions, RunResult } from '../runner/carry-out.ts'
import { waitingEffects } from '../runner/effects/digest.ts'
import { digestOfAll } from '../runner/engine/ask.ts'
import type { RunEvent, RunStatus, RunWarning, SharedMap } from '../runner/events.ts'
import type { Spent } from '../runner/models/spent.ts'
import { linkRule } from '../runner/policy/links.ts'
import type { Project } from '../runner/project.ts'
import { tokensOf } from '../runner/report/figures.ts'
import { digestRun } from '../runner/store/digest-run.ts'
import type { RemovedText, RunSubject } from '../runner/store/manifest.ts'
import { redactValue } from '../runner/store/redact.ts'
import type { RecordPlace } from '../runner/store/writer.ts'
import type { World } from '../runner/world.ts'
import type { Diagnostic, Workflow } from '../schema/index.ts'
import { annotateAll } from './check.ts'
import { shorten } from './cut.ts'
import { nameDefinition } from './definition-name.ts'
import { originOf } from './event.ts'
import type { ActionEnvironment, Job } from './job.ts'
import { logLine } from './log-text.ts'
import { openRunLog } from './run-log.ts'
import { type FinishedRun, renderRunSummary, statusOf } from './run-summary.ts'
import type { Settings } from './settings.ts'

/** A workflow that was checked, and what running it needs. */
export interface Execution {
  readonly settings: Settings
  readonly project: Project
  readonly workflow: Workflow
  /** See `readRunInput`. */
  readonly input: string
  /** Files that it is given. Default: none. */
  readonly files?: readonly AttachedFile[]
  /** What was taken out of the input before. */
  readonly removed?: readonly RemovedText[]
  /** The pull request or issue that it is about. Default: none. */
  readonly about?: RunSubject
  /** As the run sees it: in the working directory, without what belongs to the action alone. */
  readonly world: World
  readonly job: Job
  readonly redact: (text: string) => string
}

/** A run that is over, told in the log and at the top of the job's page. */
export interface ExecutedRun extends FinishedRun {
  /** As for the step. */
  readonly exitStatus: number
  /** Warnings that point into the definition. */
  readonly diagnostics: readonly Diagnostic[]
  /** A bug that ended it. */
  readonly thrown: { readonly error: unknown } | undefined
}

/** Characters of the output `output`; a job's outputs together may have 1 MB. */
const LONGEST_OUTPUT = 100_000

/**
 * Runs a workflow, logs it, writes its summary and the outputs of the action. Refuses like `startRun` when nothing was
 * executed; what goes wrong with the record afterwards is part of the summary.
 *
 * @param diagnostics what is known to be wrong with the files, for the annotations; no error among them.
 */
export async function executeWorkflow(
  environment: ActionEnvironment,
  execution: Execution,
  diagnostics: readonly Diagnostic[],
): Promise<{ readonly status: RunStatus; readonly exitStatus: number }> {
  const { job } = execution
  const run = await executeRun(environment, execution)
  annotateAll([...diagnostics, ...run.diagnostics], job)
  setRunOutputs(job, run)
  if (execution.settings.mode === 'plan') job.setOutput('matrix', matrixOf(run.digest.shards))
  await job.summarise(renderRunSummary(run))
  // A bug is told like any failure, and then to us.
  if (run.thrown) throw run.thrown.error
  return { status: run.digest.status, exitStatus: run.exitStatus }
}

/** Runs a workflow and logs it. Refuses like `startRun` when nothing was executed. */
export async function executeRun(environment: ActionEnvironment, execution: Execution): Promise<ExecutedRun> {
  const { workflow, input, files = [], removed = [], about } = execution
  const [event, { startRun }] = await Promise.all([environment.event(), import('../runner/run.ts')])
  const digestible = files.length === 0 ? input : JSON.stringify([input, describeFiles(files)])
  const origin =
    event &&
    originOf(event, { workflow: nameDefinition(workflow.file), input: digestible }, environment.world.now())
  const trigger = origin && {
    ...origin.trigger,
    ...(removed.length > 0 ? { removed } : {}),
    ...(about ? { about } : {}),
  }
  return await watchRun(environment, execution, (options) =>
    startRun({
      ...options,
      workflow,
      input,
      files,
      untilShards: execution.settings.mode === 'plan',
      ...origin,
      ...(trigger ? { trigger } : {}),
    }),
  )
}

/** A run that is to be watched, and where it is told. */
export type Watched = Pick<
  Execution,
  'settings' | 'project' | 'workflow' | 'world' | 'job' | 'redact' | 'about'
> & {
  /** What happened in it before. Default: nothing. */
  readonly known?: readonly RunEvent[]
}

/**
 * Begins a run or goes on with one, and logs it.
 *
 * @param begin what does that. Refuses like it when nothing was executed.
 */
export async function watchRun(
  { event: findEvent, signal }: ActionEnvironment,
  { settings, project, workflow, world, job, redact, about, known = [] }: Watched,
  begin: (options: RunOptions) => Promise<RunResult>,
): Promise<ExecutedRun> {
  const event = await findEvent()
  const events: RunEvent[] = []
  const show = openRunLog(job)
  let result: RunResult | undefined
  let thrown: { readonly error: unknown } | undefined
  try {
    result = await begin({
      project,
      world,
      signal,
      onEvent: (one) => {
        events.push(one)
        show(one)
      },
      commit: settings.commit,
      push: settings.push,
      ...(settings.strict ? { strict: true } : {}),
      ...(settings.token === undefined ? {} : { pushToken: settings.token }),
      ...(settings.maxConcurrency === undefined ? {} : { maxConcurrency: settings.maxConcurrency }),
    })
  } catch (error) {
    if (!events.some(({ type }) => type === 'run-started' || type === 'run-resumed')) throw error
    thrown = { error }
  }
  const recordProblem = result?.notKept
  const all = [...known, ...events]
  const digest = redactValue(digestRun(all), redact)
  const runId = result?.runId ?? all.find((one) => one.type === 'run-started')?.runId ?? ''
  const record = result?.record
  const { words } = statusOf(digest)
  job.log(`${logLine(workflow.name)} ${words}${record ? `; its record is ${placeText(record)}` : ''}`)
  const problem = recordProblem ?? digest.failure
  if (problem) job.say('error', problem.code, [problem.message, problem.help].filter(Boolean).join('\n'))
  else if (digest.status === 'paused') sayPaused(job, runId, workflow, record, words)
  else if (digest.status !== 'succeeded') job.say('error', workflow.name, `Run ${runId} ${words}.`)
  if (digest.effects.length > 0) sayProposals(job, workflow, digest, record)
  // A step that waits has done its part; GitHub knows no third colour.
  const isFine = digest.status === 'succeeded' || digest.status === 'paused'
  const exitStatus = isFine && !recordProblem ? 0 : (result?.exitStatus ?? 1)
  const diagnostics = warningsOf(events, workflow)
  const { policy } = project.config
  const links = linkRule(policy.linkHosts, event && `${event.serverUrl}/${event.repository}`)
  const answering = {
    about,
    approvers: policy.approvers,
    authorMayApprove: settings.approval.authorMayApprove,
  }
  return {
    ...{ runId, workflow, digest, record, recordProblem, event, links, answering },
    ...{ exitStatus, diagnostics, thrown },
  }
}

/** A run that waits where nobody can reach it is worth more than a notice. */
function sayPaused(
  job: Job,
  runId: string,
  { name }: Workflow,
  record: RecordPlace | undefined,
  words: string,
): void {
  const head = `Run ${runId} ${words}`
  if (record === undefined) job.say('warning', name, `${head}, and cannot go on: \`commit\` is \`false\`.`)
  else if (record.pushedTo === undefined) {
    job.say('warning', name, `${head}, in this job's clone only: \`push: true\` lets it go on elsewhere.`)
  } else job.say('info', name, `${head}; the summary says how it goes on.`)
}

/** What it asked to have written to GitHub; another job carries it out, and can only read what was pushed. */
function sayProposals(
  job: Job,
  { name }: Workflow,
  { status, effects }: FinishedRun['digest'],
  record: RecordPlace | undefined,
): void {
  for (const { about, refused } of effects) {
    job.log(
      refused === undefined
        ? `asks for: ${logLine(about)}`
        : `refused: ${logLine(about)}: ${logLine(refused)}`,
    )
  }
  if (status !== 'succeeded' || waitingEffects(effects).length === 0 || record?.pushedTo !== undefined) return
  job.say('warning', name, 'Nobody can carry out what it asks for: the record needs `push: true`.')
}

/** Sets the outputs of the action that tell about one run. */
export function setRunOutputs(job: Job, { runId, digest, record }: FinishedRun): void {
  job.setOutput('run-id', runId)
  job.setOutput('record', record ? placeText(record) : '')
  job.setOutput('report', record ? `${placeText(record)}${record.path === '' ? '' : '/'}README.md` : '')
  job.setOutput('digest', digestOfAll(digest.asks.map((ask) => ask.digest)) ?? '')
  job.setOutput('effects', asksForEffects({ digest, record }) ? runId : '')
  job.setOutput('output', shorten(digest.output ?? '', LONGEST_OUTPUT))
  job.setOutput('tokens', String(tokensOf(digest) ?? 0))
  job.setOutput('cost-usd', costOf(digest))
}

/** Whether a run has proposals that a step with `mode: effects` may carry out. */
export function asksForEffects({ digest, record }: Pick<FinishedRun, 'digest' | 'record'>): boolean {
  return digest.status === 'succeeded' && record !== undefined && waitingEffects(digest.effects).length > 0
}

/** The shards that are to be done, for the `matrix` of a job. */
function matrixOf(shards: SharedMap | undefined): string {
  return JSON.stringify(Array.from({ length: shards?.of ?? 0 }, (_, index) => index + 1))
}

/** US dollars, or `unknown`. */
export function costOf({ costUsd = 0, costUnknown }: Spent): string {
  // Sums of binary fractions have a tail that nobody paid.
  return costUnknown ? 'unknown' : String(Number(costUsd.toFixed(9)))
}

/** A record as git reads it: `git show codemie/runs:runs/…`. */
export function placeText({ ref, path }: RecordPlace): string {
  return `${ref.replace(/^refs\/heads\//, '')}:${path}`
}

/** Warnings of a run that point into its definition, each once however many steps met it. */
function warningsOf(events: readonly RunEvent[], { file }: Workflow): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>()
  for (const event of events) {
    if (event.type !== 'warning') continue
    const { code, message } = event
    const diagnostic: Diagnostic = { code, message, severity: 'warning', ...placeOf(event, file) }
    found.set(JSON.stringify(diagnostic), diagnostic)
  }
  return [...found.values()]
}

function placeOf(
  { position }: RunWarning,
  file: string,
): { readonly file: string; readonly line: number; readonly column: number } {
  const [, named, line, column] = /^(.*):(\d+):(\d+)$/.exec(position ?? '') ?? []
  if (named === undefined) return { file, line: 1, column: 1 }
  return { file: named, line: Number(line), column: Number(column) }
}
