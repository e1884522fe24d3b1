import { readWorkflow, toMermaid, type Workflow } from '../schema/index.ts'
import { resolveAssistants } from './assistants.ts'
import { type FindWorkflow, resolveCalls } from './calls.ts'
import { answersOf, openPauseOf, type PauseAnswer } from './engine/answers.ts'
import { budgetDoor, lowerBudget, spendingOf } from './engine/budget.ts'
import type { EngineOutcome } from './engine/engine.ts'
import { memoryOf, NO_MEMORY } from './engine/memory.ts'
import type { HeldStep, RunInput } from './engine/step.ts'
import type { PauseAnswered, RunEvent, RunStatus } from './events.ts'
import { exitStatusOf, statusOfFailure } from './exit-status.ts'
import { type FailureInfo, Refusal, StepFailure } from './failure.ts'
import { type EquippedWorkflow, interpret } from './interpret.ts'
import { preflight } from './preflight.ts'
import type { Project } from './project.ts'
import { openRecords } from './records.ts'
import { Reporter } from './reporter.ts'
import { type RunSetup, setUpRun } from './setup.ts'
import { positionText } from './steps/render-text.ts'
import type { RunActor, RunTrigger } from './store/manifest.ts'
import { manualRunId } from './store/run-id.ts'
import type { ResumedRun, RunStore } from './store/store.ts'
import type { RecordPlace, RunWriter } from './store/writer.ts'
import { VERSION } from './version.ts'
import type { World } from './world.ts'

/** How to carry a run out. */
export interface RunOptions {
  readonly project: Project
  readonly world: World
  /** Aborted: no step starts any more, what runs is cut off, and the run can be resumed. */
  readonly signal: AbortSignal
  /** Hears everything that happens, at once and in order. Must not throw. */
  readonly onEvent: (event: RunEvent) => void
  /** Keep a record in git. Without it nothing of the run stays. */
  readonly commit: boolean
  /** Push the record to the remote. */
  readonly push: boolean
  /** Token for the push; git's own credentials where absent. */
  readonly pushToken?: string
  /** Steps at once; the workflow's own limit where absent. */
  readonly maxConcurrency?: number
  /** Asks this model instead of those the workflow names. */
  readonly model?: string
  /** A condition that cannot be evaluated fails its step. Default: it counts as false, with a warning. */
  readonly strict?: boolean
  /** Ask models to answer piece by piece, for a person who watches. Default: no. */
  readonly streaming?: boolean
}

export interface StartOptions extends RunOptions {
  /** A workflow that was read and found valid. */
  readonly workflow: Workflow
  /** A JSON object of inputs, or free text; `""` for none. */
  readonly input: string
  readonly fileNames?: readonly string[]
  /** Default: started by hand. */
  readonly trigger?: RunTrigger
  readonly actor?: RunActor
  /** Page of the CI job. */
  readonly ciUrl?: string
  /** Default: a new random id. */
  readonly runId?: string
}

export interface ResumeOptions extends RunOptions {
  readonly runId: string
  /** What a person says to a run that waits. */
  readonly answer?: Omit<PauseAnswered, 'by'>
  /** The step that the answer is meant for; refused when the run waits before others. */
  readonly step?: string
  /** Who gives it. Default: `user.name` of git. */
  readonly actor?: RunActor
  /** Take the run over although another machine may still be running it. */
  readonly takeOver?: boolean
}

export interface RunResult {
  readonly runId: string
  readonly status: RunStatus
  /** See `docs/exit-status.md`. */
  readonly exitStatus: number
  /** Output of the last step. */
  readonly output?: string
  readonly failure?: FailureInfo
  /** Steps that a paused run is held before. */
  readonly heldBefore?: readonly string[]
  /** Only a yes or a no lets the paused run go on. */
  readonly needsApproval?: boolean
  /** Absent when nothing was committed. */
  readonly record?: RecordPlace
  /** Why the record could not be committed, and how to go on; the journal of the run is kept. */
  readonly notKept?: FailureInfo
}

/**
 * Runs a workflow and keeps its record.
 *
 * Refuses before anything is spent when the config is invalid (`config-invalid`), when the workflow needs what is not
 * there (`not-runnable`), and when the record cannot be written.
 */
export async function startRun(given: StartOptions): Promise<RunResult> {
  const options = withConfig(given)
  const ready = await makeReady(options.workflow, options, (called) => options.project.find(called))
  const input: RunInput = { text: options.input, fileNames: options.fileNames ?? [] }
  const { id, name, file } = options.workflow
  const writer = await claim(options, input, ready)
  const runId = writer?.id ?? options.runId ?? manualRunId(options.world.now(), options.world.randomHex)
  try {
    return await carryOut(options, {
      runId,
      ready,
      input,
      writer,
      known: [],
      answers: new Map(),
      opening: {
        type: 'run-started',
        runId,
        workflow: id,
        name,
        file,
        ...(options.model === undefined ? {} : { model: options.model }),
        ...(options.strict ? { strict: true } : {}),
      },
    })
  } catch (error) {
    await writer?.abandon()
    throw error
  }
}

/**
 * Goes on with a run that paused, failed, was interrupted or was killed: with the definition and the inputs it was
 * started with, and without doing again what is finished.
 */
export async function resumeRun(given: ResumeOptions): Promise<RunResult> {
  const options = withConfig(given)
  const { project, world, answer } = options
  refuseInvalidConfig(project)
  const records = await openRecords(options, warnThrough(options))
  // Before the run is claimed: an answer that does not fit must not disturb it.
  refuseUnfit(options, (await records.read(options.runId)).events)
  const resumed = await records.resume(options.runId, { takeOver: options.takeOver ?? false })
  try {
    const { id: runId, workflow } = resumed.manifest
    const pause = refuseUnfit({ ...options, runId }, resumed.events)
    const recorded = readRecorded(runId, workflow.file, resumed.workflowText)
    const asStarted = { ...settingsOf(resumed.events), ...options }
    const ready = await makeReady(recorded, asStarted, findRecorded(resumed))
    const by = options.actor ?? (await gitActor(records))
    const opening = {
      type: 'run-resumed',
      runId,
      finishedSteps: resumed.events.filter((event) => event.type === 'step-finished').length,
      ...(pause ? { answer: { ...answer, ...(by ? { by } : {}) } } : {}),
    } as const
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
      input: readRecordedInput(resumed.inputs),
      writer: resumed.writer,
      known: resumed.events,
      answers: answersOf([...resumed.events, { at, ...opening }]),
      opening,
    })
  } catch (error) {
    await resumed.writer.abandon()
    throw error
  }
}

/** The pause that a run is in; refuses an answer that does not fit it, and none where one is needed. */
function refuseUnfit(
  { runId, answer, step }: Pick<ResumeOptions, 'runId' | 'answer' | 'step'>,
  events: readonly RunEvent[],
): ReturnType<typeof openPauseOf> {
  const pause = openPauseOf(events)
  if (!pause) {
    if (answer?.decision === undefined) return undefined
    throw new Refusal('run-not-waiting', `Run ${runId} does not wait for anybody's yes or no`, {
      help: `\`codemie-ci show ${runId}\` says how it stands.`,
    })
  }
  const held = pause.before.join(', ')
  if (step !== undefined && !pause.before.includes(step)) {
    throw new Refusal('step-not-waiting', `Run ${runId} does not wait before '${step}'`, {
      help: `It waits before ${held}.`,
    })
  }
  if (pause.reason === 'approval' && answer?.decision === undefined) {
    throw new Refusal('approval-needed', `Run ${runId} waits for an approval before ${held}`, {
      exitStatus: 3,
      help: `\`codemie-ci approve ${runId}\` lets it go on, \`codemie-ci reject ${runId}\` does not.`,
    })
  }
  return pause
}

/** Reads a definition as a record holds it. */
function readRecorded(runId: string, file: string, text: string): Workflow {
  const { workflow, diagnostics } = readWorkflow({ file, text })
  if (workflow) return workflow
  throw new Refusal('definition-invalid', `The definition in the record of ${runId} is not valid here`, {
    help: diagnostics[0]?.message ?? 'It was written by another version.',
  })
}

/** Finds called workflows in the record, as they were when the run started. */
function findRecorded({ manifest, calledTexts }: ResumedRun): FindWorkflow {
  return async (name) => {
    const call = manifest.workflow.calls?.find((one) => one.name === name)
    const text = calledTexts.get(name)
    if (!call || text === undefined) {
      throw new Refusal('unknown-workflow', `The record holds no definition of the workflow '${name}'`)
    }
    return { file: call.file, workflow: readRecorded(manifest.id, call.file, text) }
  }
}

async function gitActor(records: RunStore): Promise<RunActor | undefined> {
  const { user } = await records.state()
  return user && { ...user, source: 'git' }
}

/** The config can ask for every record to be pushed. */
function withConfig<O extends RunOptions>(options: O): O {
  return options.project.config.results.push === 'always' ? { ...options, push: true } : options
}

/** What a run was started with and keeps through every resumption. */
function settingsOf(events: readonly RunEvent[]): Pick<RunOptions, 'model' | 'strict'> {
  const started = events.find((event) => event.type === 'run-started')
  return {
    ...(started?.model === undefined ? {} : { model: started.model }),
    ...(started?.strict === undefined ? {} : { strict: started.strict }),
  }
}

/** A run that is about to be interpreted, new or resumed. */
interface Execution {
  readonly runId: string
  readonly ready: ReadyWorkflow
  readonly input: RunInput
  readonly writer: RunWriter | undefined
  /** The journal of earlier tries. */
  readonly known: readonly RunEvent[]
  readonly answers: ReadonlyMap<string, PauseAnswer>
  readonly opening: Parameters<Reporter['emit']>[0]
}

async function carryOut(options: RunOptions, execution: Execution): Promise<RunResult> {
  const { world, signal, maxConcurrency } = options
  const { runId, ready, known, writer } = execution
  const { workflow, setup, called } = ready
  const reporter = new Reporter(world, options.onEvent, writer, known, options.push)
  await reporter.emit(execution.opening)
  const budget = lowerBudget(options.project.config.budgets, workflow.budget)
  const outcome = await interpret({
    workflow,
    input: execution.input,
    kit: setup.kit,
    findCalled: (name) => called.get(name),
    perform: budgetDoor(setup.perform, budget, spendingOf(known), setup.knowsPrice),
    memory: known.length === 0 ? NO_MEMORY : memoryOf(known),
    answers: execution.answers,
    world,
    signal,
    emit: (event) => reporter.emit(event),
    streaming: options.streaming ?? false,
    strict: options.strict ?? false,
    ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
    ...(budget.steps === undefined ? {} : { maxSteps: budget.steps }),
  }).catch((failure: unknown): EngineOutcome => ({ status: 'failed', failure, path: undefined }))
  setup.models.close()
  const end = endOf(outcome)
  if (outcome.status === 'paused') {
    await reporter.emit({
      type: 'run-paused',
      before: outcome.before.map((step) => step.path),
      reason: outcome.before.some(needsApproval) ? 'approval' : 'interrupt-before',
    })
  }
  await reporter.emit({ type: 'run-finished', runId, ...end, ...reporter.totals() })
  const { record, refused } = await keepRecord(writer, end.status)
  if (outcome.status === 'failed' && !isExpected(outcome.failure)) throw outcome.failure
  return {
    runId,
    ...end,
    exitStatus: refused?.exitStatus ?? exitStatusOf(end.status, end.failure),
    ...(outcome.status === 'paused'
      ? {
          heldBefore: outcome.before.map((step) => step.path),
          needsApproval: outcome.before.some(needsApproval),
        }
      : {}),
    ...(record ? { record } : {}),
    ...(refused ? { notKept: describeFailure(refused) } : {}),
  }
}

function needsApproval(step: HeldStep): boolean {
  return step.needsApproval
}

/** A record that git does not take is no reason to lose what the run found: its journal stays, and so does the result. */
async function keepRecord(
  writer: RunWriter | undefined,
  status: RunStatus,
): Promise<{ readonly record?: RecordPlace; readonly refused?: Refusal }> {
  if (!writer) return {}
  try {
    return { record: await writer.finish({ status }) }
  } catch (error) {
    if (error instanceof Refusal) return { refused: error }
    throw error
  }
}

interface RunEnd {
  readonly status: RunStatus
  readonly output?: string
  readonly failure?: FailureInfo
}

function endOf(outcome: EngineOutcome): RunEnd {
  switch (outcome.status) {
    case 'succeeded':
      return { status: 'succeeded', ...(outcome.output === undefined ? {} : { output: outcome.output }) }
    case 'paused':
      return { status: 'paused' }
    case 'interrupted':
      return { status: 'interrupted' }
    case 'failed': {
      const failure = describeFailure(outcome.failure)
      return { status: statusOfFailure(failure), failure }
    }
  }
}

function isExpected(failure: unknown): boolean {
  return failure instanceof StepFailure
}

function describeFailure(failure: unknown): FailureInfo {
  if (failure instanceof StepFailure) return failure.toInfo()
  const message = failure instanceof Error ? failure.message : String(failure)
  if (failure instanceof Refusal) {
    const help = failure.help === undefined ? {} : { help: failure.help }
    return { code: failure.code, blame: 'infrastructure', message, ...help }
  }
  return { code: 'internal-error', blame: 'infrastructure', message }
}

/** A workflow that can run: complete, found to lack nothing, and with all that it calls. */
interface ReadyWorkflow {
  readonly workflow: Workflow
  readonly setup: RunSetup
  /** By the name that states use. */
  readonly called: ReadonlyMap<string, EquippedWorkflow>
}

async function makeReady(
  definition: Workflow,
  options: RunOptions,
  find: FindWorkflow,
): Promise<ReadyWorkflow> {
  const { project, world, model } = options
  refuseInvalidConfig(project)
  const calls = await resolveCalls(definition, find)
  const resolved = await Promise.all(
    [definition, ...calls.called.map(({ workflow }) => workflow)].map((one) =>
      resolveAssistants(one, (id) => project.assistant(id)),
    ),
  )
  const [workflow = definition, ...called] = resolved.map((one) => one.workflow)
  const setup = await setUpRun(project, workflow, world, {
    called,
    ...(model === undefined ? {} : { model }),
  })
  const missing = new Set(resolved.flatMap(({ problems }) => problems))
  const problems = [
    ...calls.problems.map(({ at, message, help }) => ({ message: `${positionText(at)}: ${message}`, help })),
    ...[...missing].map((message) => ({
      message,
      help: 'Write that file, or make the assistant inline.',
    })),
    ...[workflow, ...called].flatMap((one) =>
      preflight(one, { ...setup, kit: setup.kitOf(one) }, project.config),
    ),
  ]
  if (problems.length > 0) {
    const worded = problems.map(({ message, help }) => `${message}\n  ${help}`)
    throw new Refusal('not-runnable', [...new Set(worded)].join('\n'), {
      help: `\`codemie-ci plan ${workflow.id}\` shows what the workflow needs.`,
    })
  }
  return {
    workflow,
    setup,
    called: new Map(
      calls.called.map(({ name }, index) => {
        const one = called[index] ?? workflow
        return [name, { workflow: one, kit: setup.kitOf(one) }]
      }),
    ),
  }
}

function refuseInvalidConfig({ configDiagnostics }: Project): void {
  const [first] = configDiagnostics.filter((diagnostic) => diagnostic.severity === 'error')
  if (!first) return
  throw new Refusal('config-invalid', `${first.file}:${first.line}:${first.column}: ${first.message}`, {
    help: first.help ?? '`codemie-ci doctor` shows all problems of the config.',
  })
}

async function claim(
  options: StartOptions,
  input: RunInput,
  { called }: ReadyWorkflow,
): Promise<RunWriter | undefined> {
  if (!options.commit) return undefined
  const records = await openRecords(options, warnThrough(options))
  const { id, name, file, text } = options.workflow
  const calls = [...called].map(([callName, one]) => ({
    name: callName,
    file: one.workflow.file,
    text: one.workflow.text,
  }))
  return records.claim({
    // An id of our own is new; only one that was given has to be looked for among the runs that are kept.
    ...(options.runId === undefined ? {} : { id: options.runId }),
    workflow: { id, name, file, text, calls },
    inputs: { text: input.text, fileNames: input.fileNames },
    engine: VERSION,
    graph: toMermaid(options.workflow),
    ...(options.trigger ? { trigger: options.trigger } : {}),
    ...(options.actor ? { actor: options.actor } : {}),
    ...(options.ciUrl === undefined ? {} : { ciUrl: options.ciUrl }),
  })
}

function readRecordedInput(inputs: Readonly<Record<string, unknown>>): RunInput {
  const { text, fileNames } = inputs
  return {
    text: typeof text === 'string' ? text : '',
    fileNames: Array.isArray(fileNames) ? fileNames.filter((name) => typeof name === 'string') : [],
  }
}

/** Warnings of the store are events like any other. */
function warnThrough({ world, onEvent }: RunOptions) {
  return (warning: { readonly code: string; readonly message: string }) =>
    onEvent({ type: 'warning', at: new Date(world.now()).toISOString(), ...warning })
}
