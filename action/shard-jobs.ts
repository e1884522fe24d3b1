import type { RunOptions } from '../runner/carry-out.ts'
import { linkRule } from '../runner/policy/links.ts'
import type { Project } from '../runner/project.ts'
import { openRecords, warnThrough } from '../runner/records.ts'
import { inlineText } from '../runner/report/neutralise.ts'
import { count } from '../runner/report/plain-text.ts'
import { readRepeatable } from '../runner/rerun.ts'
import { resumeRun } from '../runner/run.ts'
import { runShard, type ShardResult } from '../runner/shards/run-shard.ts'
import { digestRun } from '../runner/store/digest-run.ts'
import { redactValue } from '../runner/store/redact.ts'
import type { World } from '../runner/world.ts'
import { setRunOutputs } from './execute.ts'
import type { ActionEnvironment, Job } from './job.ts'
import type { ActionResult } from './main.ts'
import { openRunLog } from './run-log.ts'
import { type FinishedRun, renderRunSummary, STATUS, statusOf } from './run-summary.ts'
import type { Settings } from './settings.ts'
import { code } from './summary.ts'

/** A step that goes on with a run that several jobs share. */
interface SharedStep {
  readonly settings: Settings
  readonly project: Project
  readonly world: World
  readonly job: Job
  readonly redact: (text: string) => string
}

/** Does one shard of a run, or joins them and goes on with it. Refuses like `runShard` and `resumeRun`. */
export async function goOnWithShards(
  environment: ActionEnvironment,
  step: SharedStep,
): Promise<ActionResult> {
  const { run = '', shard } = step.settings
  return shard === undefined ? join(environment, step, run) : workOn(environment, step, run, shard)
}

function optionsOf({ signal }: ActionEnvironment, { settings, project, world, job }: SharedStep): RunOptions {
  const { commit, push, strict, token, maxConcurrency } = settings
  return {
    project,
    world,
    signal,
    onEvent: openRunLog(job),
    commit,
    push,
    ...(strict ? { strict } : {}),
    ...(token === undefined ? {} : { pushToken: token }),
    ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
  }
}

async function workOn(
  environment: ActionEnvironment,
  step: SharedStep,
  runId: string,
  number: number,
): Promise<ActionResult> {
  const { job, redact } = step
  const result = redactValue(await runShard({ ...optionsOf(environment, step), runId, number }), redact)
  job.setOutput('run-id', result.runId)
  const { status, exitStatus, failure } = result
  if (status !== 'succeeded') {
    const why = failure ? [failure.message, failure.help] : [STATUS[status].words]
    job.say('error', failure?.code ?? status, [...why, AGAIN].filter(Boolean).join('\n'))
  }
  await job.summarise(renderShardSummary(result))
  return { status, exitStatus }
}

const AGAIN = 'What is finished is kept: re-run this job alone, and it does the rest.'

function renderShardSummary({ runId, shard, of, items, status, failure, wasDone }: ShardResult): string {
  const { sign, words } = STATUS[status]
  const all = count(items.last - items.first + 1, 'item')
  const lines = [
    `## ${sign} Shard ${shard} of ${of} ${wasDone ? 'was done before' : words}`,
    `${all} (${items.first} to ${items.last}) · run ${code(runId)}`,
  ]
  if (failure) lines.push(`**${code(failure.code)}** ${inlineText(failure.message)}`, AGAIN)
  return `${lines.join('\n\n')}\n`
}

async function join(environment: ActionEnvironment, step: SharedStep, runId: string): Promise<ActionResult> {
  const { project, job, redact } = step
  const options = optionsOf(environment, step)
  const records = await openRecords(options, warnThrough(options))
  const { workflow } = await readRepeatable(await records.read(runId), project, false)
  const result = await resumeRun({ ...options, runId })
  // Not of the events seen here: what the other jobs did was told in theirs.
  const { events, manifest } = await records.read(runId)
  const { status, durationMs, models, usage, costUsd, costUnknown } = manifest
  // A record that had to be cut still knows the sums.
  const sums = { status, durationMs, models, usage, costUsd, costUnknown: costUnknown ?? false }
  const digest = redactValue({ ...digestRun(events), ...sums }, redact)
  const event = await environment.event()
  const run: FinishedRun = {
    runId,
    workflow,
    digest,
    record: result.record,
    recordProblem: result.notKept,
    event,
    links: linkRule(project.config.policy.linkHosts, event && `${event.serverUrl}/${event.repository}`),
  }
  setRunOutputs(job, run)
  await job.summarise(renderRunSummary(run))
  const isFine = (status === 'succeeded' || status === 'paused') && !result.notKept
  const problem = result.notKept ?? digest.failure
  if (problem) job.say('error', problem.code, [problem.message, problem.help].filter(Boolean).join('\n'))
  else if (status !== 'succeeded')
    job.say(isFine ? 'info' : 'error', workflow.name, `Run ${runId} ${statusOf(digest).words}.`)
  return { status, exitStatus: isFine ? 0 : result.exitStatus }
}
