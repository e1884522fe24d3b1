import { toMermaid, type Workflow } from '../schema/index.ts'
import { type AttachedFile, contentsOf, describeFiles } from './attachments/attached-file.ts'
import type { FindWorkflow } from './calls.ts'
import { carryOut, type RunOptions, type RunResult } from './carry-out.ts'
import { ceilingOfRun, recordedCeiling } from './ceiling.ts'
import { type ChangedDefinition, findChange, type OnChange } from './changed-definition.ts'
import { answersOf } from './engine/answers.ts'
import { isAmong, standingEvents } from './engine/standing.ts'
import { type RunInput, stateOfPath } from './engine/step.ts'
import type { AcceptedDefinition, RunEvent, RunPaused, SharedMap } from './events.ts'
import { Refusal } from './failure.ts'
import { blobId } from './git/object-id.ts'
import type { RepositoryState } from './git/repository.ts'
import { digestsOf, type PersonsAnswer, refuseUnfit } from './pause.ts'
import { addressOf } from './project.ts'
import { makeReady, type ReadyWorkflow, refuseInvalidConfig } from './ready.ts'
import {
  findRecorded,
  gitActor,
  projectOfRun,
  readRecorded,
  readRecordedInput,
  settingsOf,
} from './recorded.ts'
import { openRecords, openRecordsOf, projectRedactor, warnThrough, withConfiguredPush } from './records.ts'
import type { JoinedShards } from './shards/join.ts'
import { mayBeShared, sharedMapOf } from './shards/shared-map.ts'
import { definitionTexts, type ExecutedDefinition } from './store/definition.ts'
import type { RunActor, RunManifest, RunTrigger } from './store/manifest.ts'
import type { StoredRun } from './store/read-run.ts'
import { manualRunId } from './store/run-id.ts'
import type { RunStore } from './store/store.ts'
import type { RunWriter } from './store/writer.ts'
import { VERSION } from './version.ts'

export interface StartOptions extends RunOptions {
  /** A workflow that was read and found valid. */
  readonly workflow: Workflow
  /** A JSON object of inputs, or free text; `""` for none. */
  readonly input: string
  /** Default: the names of {@link StartOptions.files}. */
  readonly fileNames?: readonly string[]
  /** Files that states get to see. Default: none. */
  readonly files?: readonly AttachedFile[]
  /** Default: started by hand. */
  readonly trigger?: RunTrigger
  readonly actor?: RunActor
  /** Page of the CI job. */
  readonly ciUrl?: string
  /** Default: a new random id. */
  readonly runId?: string
  /** The run that this one repeats. Default: none. */
  readonly origin?: RunManifest['origin']
  /** Steps that count as finished. Default: none. */
  readonly known?: readonly RunEvent[]
  /** Where definitions that are called are found. Default: in the project. */
  readonly find?: FindWorkflow
  /** Commit that the definition comes from. Default: that of the project. */
  readonly revision?: string
  /** Stop before a map that several machines may share, so that they can. Default: do it here. */
  readonly untilShards?: boolean
}

export interface ResumeOptions extends RunOptions {
  readonly runId: string
  /** What a person says to a run that waits. */
  readonly answer?: PersonsAnswer
  /** The first digits of the digest that their yes or no is for. Default: what the run asks for when it is claimed. */
  readonly digest?: string
  /** Who gives it. Default: `user.name` of git. */
  readonly actor?: RunActor
  /** Take the run over although another machine may still be running it. */
  readonly takeOver?: boolean
  /** What to do when the definition has changed since. Default: refuse. */
  readonly onChange?: OnChange
  /** Do here what other machines have not done of a map. Default: refuse with `shard-missing`. */
  readonly restHere?: boolean
}

/**
 * Runs a workflow and keeps its record.
 *
 * Refuses before anything is spent when the config is invalid (`config-invalid`), when the workflow needs what is not
 * there (`not-runnable`), and when the record cannot be written.
 */
export async function startRun(given: StartOptions): Promise<RunResult> {
  const options = withConfiguredPush(given)
  if (options.untilShards && !options.commit) {
    throw new Refusal('shards-need-record', 'Other machines find a run by its record, and none is kept', {
      help: 'Run it with a record, or on this machine alone.',
    })
  }
  const ready = await makeReady(options.workflow, options, options.find ?? options.project.find)
  const known = options.known ?? []
  const input = inputOf(options, ready)
  const { id, name, file } = options.workflow
  const writer = await claim(options, input, ready)
  const runId = writer?.id ?? options.runId ?? manualRunId(options.world.now(), options.world.randomHex)
  try {
    for (const event of known) writer?.appendSoon(event)
    return await carryOut(options, {
      runId,
      ready,
      input,
      writer,
      known,
      answers: [],
      ...(options.untilShards ? { untilShards: true } : {}),
      opening: {
        type: 'run-started',
        runId,
        workflow: id,
        name,
        file,
        ...(options.model === undefined ? {} : { model: options.model }),
        ...(options.strict ? { strict: true } : {}),
        ...(options.force && options.workflow.lifecycle === 'retired' ? { force: true } : {}),
        ...(options.push ? { push: true } : {}),
        ...(mayBeShared(options.workflow) ? { ordered: true } : {}),
      },
    })
  } catch (error) {
    await writer?.abandon()
    throw error
  }
}

/**
 * Goes on with a run that paused, failed, was interrupted or was killed: with the inputs it was started with, and
 * without doing again what is finished. Refuses with `definition-changed` when its definition is another one by now and
 * {@link ResumeOptions.onChange} does not say what to do.
 */
export async function resumeRun(given: ResumeOptions): Promise<RunResult> {
  refuseInvalidConfig(given.project)
  const { options, records, stored } = await openRecordsOf(given, warnThrough(given))
  const { project, world, answer, onChange = 'refuse' } = options
  // Before the run is claimed: an answer that does not fit must not disturb it, and neither must a look at what changed.
  const runId = stored.manifest.id
  refuseUnfit({ ...options, runId }, stored.events)
  const how = { project, onChange, redact: projectRedactor(project.config, world), warn: warnThrough(given) }
  const seen = { manifest: stored.manifest, ...definitionTexts(stored.manifest, stored.files) }
  let changed = await findChange(seen, how)
  const map = sharedMapOf(stored.events)
  const joined = map && (await joinOf(records, stored, map, options))
  const resumed = await records.resume(runId, {
    takeOver: options.takeOver ?? false,
    ...(joined ? { before: joined.journal } : {}),
  })
  try {
    // Somebody else may have gone on with it in the meantime, with a definition of their own.
    if (resumed.workflowText !== seen.workflowText) changed = await findChange(resumed, how)
    const pause = refuseUnfit({ ...options, runId }, resumed.events)
    if (joined && changed) throw otherDefinition(runId)
    const recorded =
      changed?.workflow ??
      readRecorded(runId, resumed.manifest.workflow.file, resumed.workflowText, resumed.manifest.workflow.id)
    const asStarted = {
      ...settingsOf(resumed.events),
      ...options,
      project: changed ? project : await projectOfRun(project, resumed.manifest, warnThrough(options)),
    }
    const ready = await makeReady(recorded, asStarted, changed?.find ?? findRecorded(resumed))
    const by = options.actor ?? (await gitActor(records))
    const byWhom = by ? { by } : {}
    const definition = changed && acceptedDefinition(changed, await records.state(), pause)
    const toWhat = pause && answer?.decision ? { digests: digestsOf(pause, resumed.events, answer.step) } : {}
    const finished = standingEvents(resumed.events).flatMap((event) =>
      event.type === 'step-finished' && !isAmong(definition?.redo ?? [], event.path) ? [event.path] : [],
    )
    const opening = {
      type: 'run-resumed',
      runId,
      finishedSteps: new Set(finished).size,
      ...(pause ? { answer: { ...answer, ...toWhat, ...byWhom } } : {}),
      ...(definition ? { definition: { ...definition, ...byWhom } } : {}),
    } as const
    const askedAgain = pause?.before.filter((path) => isAmong(definition?.askAgain ?? [], path)) ?? []
    if (answer !== undefined && askedAgain.length > 0) {
      warnThrough(options)({
        code: 'asked-again',
        message: `The definition is another one than ${askedAgain.join(', ')} waited with, so the answer does not count and the run asks again`,
      })
    }
    if (!pause && answer !== undefined) {
      warnThrough(options)({
        code: 'message-unused',
        message: 'The run was not waiting for an answer, so nobody gets to see the message',
      })
    }
    const at = new Date(world.now()).toISOString()
    return await carryOut(asStarted, {
      runId,
      ready,
      input: readRecordedInput(resumed.inputs, resumed.attached),
      writer: resumed.writer,
      known: resumed.events,
      answers: answersOf([...resumed.events, { at, ...opening }]),
      opening,
      ...(joined ? { joined } : {}),
      ...(changed ? { changeDefinition: () => recordDefinition(resumed.writer, ready) } : {}),
    })
  } catch (error) {
    await resumed.writer.abandon()
    throw error
  }
}

/** What other machines did of the map that a run was handed out for. */
async function joinOf(
  records: RunStore,
  stored: StoredRun,
  map: SharedMap,
  { restHere = false }: ResumeOptions,
): Promise<JoinedShards> {
  const { joinShards } = await import('./shards/join.ts')
  return joinShards(records, stored, map, { restHere })
}

function otherDefinition(runId: string): Refusal {
  return new Refusal(
    'shards-of-other-definition',
    `Other machines worked on run ${runId} with the definition it began with`,
    { help: 'Go on with --as-recorded, or start the workflow again.' },
  )
}

/** A yes is for the definition that was shown, so that what needs one is asked for again. */
function acceptedDefinition(
  { workflow, changes, redo, askAgain: before }: ChangedDefinition,
  { objectFormat }: RepositoryState,
  pause: RunPaused | undefined,
): AcceptedDefinition {
  const askAgain = [...new Set([...before, ...(pause?.asks ?? []).map(({ path }) => stateOfPath(path))])]
  return { blob: blobId(Buffer.from(workflow.text), objectFormat), changes, redo, askAgain }
}

async function recordDefinition(writer: RunWriter, ready: ReadyWorkflow): Promise<void> {
  await writer.changeDefinition(executedDefinition(ready), toMermaid(ready.workflow))
}

/** A workflow and all that it calls, as records keep them. */
function executedDefinition({
  workflow: { id, name, file, text },
  called,
}: ReadyWorkflow): ExecutedDefinition {
  const calls = [...called].map(([callName, { workflow }]) => ({
    name: callName,
    file: workflow.file,
    ...(addressOf(workflow) === workflow.file ? {} : { id: workflow.id }),
    text: workflow.text,
  }))
  return { id, name, file, text, calls }
}

/** What the run works on. Refuses with `files-not-taken` where a state could do nothing with files, as CodeMie does. */
function inputOf(
  { input: text, files = [], fileNames = files.map(({ name }) => name) }: StartOptions,
  { workflow, called }: ReadyWorkflow,
): RunInput {
  const all = [workflow, ...[...called.values()].map((one) => one.workflow)]
  const flow = all.flatMap(({ states }) => states).find(({ work }) => work.kind === 'bedrock-flow')
  if (fileNames.length > 0 && flow) {
    throw new Refusal('files-not-taken', `A run with the Bedrock flow '${flow.id}' takes no files`, {
      help: 'Put what the flow needs into the input of the run.',
    })
  }
  return { text, fileNames, ...(files.length > 0 ? { files } : {}) }
}

async function claim(
  options: StartOptions,
  input: RunInput,
  ready: ReadyWorkflow,
): Promise<RunWriter | undefined> {
  if (!options.commit) return undefined
  const { revision = options.project.revision } = options
  const { files = [] } = input
  const records = await openRecords(options, warnThrough(options))
  return records.claim({
    // An id of our own is new; only one that was given has to be looked for among the runs that are kept.
    ...(options.runId === undefined ? {} : { id: options.runId }),
    workflow: { ...executedDefinition(ready), ...(revision === undefined ? {} : { revision }) },
    inputs: {
      text: input.text,
      fileNames: input.fileNames,
      ...(files.length > 0 ? { files: describeFiles(files) } : {}),
    },
    attached: contentsOf(files),
    engine: VERSION,
    ceiling: recordedCeiling(
      ceilingOfRun(
        {
          own: { workflow: ready.workflow, kit: ready.setup.kit },
          findCalled: (name) => ready.called.get(name),
          models: ready.setup.models,
          budgets: options.project.config.budgets,
        },
        input.text,
      ),
    ),
    graph: toMermaid(options.workflow),
    ...(options.trigger ? { trigger: options.trigger } : {}),
    ...(options.actor ? { actor: options.actor } : {}),
    ...(options.origin ? { origin: options.origin } : {}),
    ...(options.ciUrl === undefined ? {} : { ciUrl: options.ciUrl }),
  })
}
