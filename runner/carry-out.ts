import { kindOfTool } from '../schema/effects.ts'
import { sessionDoor } from './agents/sessions.ts'
import type { Perform } from './effect.ts'
import type { PauseAnswer } from './engine/answers.ts'
import type { AskedRun } from './engine/ask.ts'
import { budgetDoor, budgetOfRun, spendingCheck, spendingOf } from './engine/budget.ts'
import type { EngineOutcome } from './engine/engine.ts'
import { memoryOf, NO_MEMORY } from './engine/memory.ts'
import type { HeldStep, RunInput } from './engine/step.ts'
import type { Ask, RunEvent, RunStatus, SharedMap } from './events.ts'
import { exitStatusOf, statusOfFailure } from './exit-status.ts'
import { type FailureInfo, Refusal, StepFailure } from './failure.ts'
import { interpret } from './interpret.ts'
import type { Project } from './project.ts'
import type { ReadyWorkflow } from './ready.ts'
import { projectRedactor } from './records.ts'
import { Reporter } from './reporter.ts'
import type { HandOut } from './shards/hand-out.ts'
import type { JoinedShards, TakenOver } from './shards/join.ts'
import type { RecordPlace, RunWriter } from './store/writer.ts'
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
  /** Run the workflow although it is retired. Default: no. */
  readonly force?: boolean
  /** Ask models to answer piece by piece, for a person who watches. Default: no. */
  readonly streaming?: boolean
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
  /** What the yes is asked for. */
  readonly asks?: readonly Ask[]
  /** The run waits for other machines, which share this map. */
  readonly shards?: SharedMap
  /** Absent when nothing was committed. */
  readonly record?: RecordPlace
  /** Why the record could not be committed, and how to go on; the journal of the run is kept. */
  readonly notKept?: FailureInfo
}

/** A run that is about to be interpreted, new or resumed. */
export interface Execution {
  readonly runId: string
  readonly ready: ReadyWorkflow
  readonly input: RunInput
  readonly writer: RunWriter | undefined
  /** The journal of earlier tries. */
  readonly known: readonly RunEvent[]
  readonly answers: readonly PauseAnswer[]
  readonly opening: Parameters<Reporter['emit']>[0]
  /** Puts the definition of now into the record; called once the opening has told of it. Default: nothing to do. */
  readonly changeDefinition?: () => Promise<void>
  /** Stop before a map that several machines may share, and keep what they need. Default: do it here. */
  readonly untilShards?: boolean
  /** What other machines did of a map. Default: nothing. */
  readonly joined?: JoinedShards
}

/** Interprets a run to its end or a pause, tells what happens, and keeps its record. */
export async function carryOut(options: RunOptions, execution: Execution): Promise<RunResult> {
  const { world, signal, maxConcurrency } = options
  const { runId, ready, known, writer } = execution
  const { workflow, setup, called } = ready
  const reporter = new Reporter(world, options.onEvent, writer, known, options.push)
  await reporter.emit(execution.opening)
  await execution.changeDefinition?.()
  const budget = budgetOfRun(options.project.config.budgets, workflow)
  const { handOut, theirs } = await sharing(execution, reporter)
  const before = theirs ? [...known, ...theirs.events] : known
  const spending = spendingOf(before)
  const outcome = await interpret({
    workflow,
    input: execution.input,
    kit: setup.kit,
    findCalled: (name) => called.get(name),
    perform: sessionDoor(
      budgetDoor(
        withProposals(setup.perform, options, { ...execution, known: before }),
        budget,
        spending,
        setup,
      ),
      before,
    ),
    checkSpending: spendingCheck(budget, spending),
    memory:
      known.length === 0 ? NO_MEMORY : memoryOf([...before, { at: '', ...execution.opening } as RunEvent]),
    answers: execution.answers,
    world,
    signal,
    emit: theirs?.emit ?? ((event) => reporter.emit(event)),
    ...(handOut ? { select: handOut.select } : {}),
    streaming: options.streaming ?? false,
    strict: options.strict ?? false,
    ...(writer ? { askedRun: describeRun(writer, projectRedactor(options.project.config, world)) } : {}),
    ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
    ...(budget.steps === undefined ? {} : { maxSteps: budget.steps - (theirs?.uncountedSteps ?? 0) }),
  }).catch((failure: unknown): EngineOutcome => ({ status: 'failed', failure, path: undefined }))
  await setup.close()
  await reporter.close()
  const end = endOf(outcome)
  const shards = outcome.status === 'handed-on' ? handOut?.map() : undefined
  if (shards && writer) await handOut?.keep(writer, shards)
  if (shards) await reporter.emit({ type: 'run-paused', before: [], reason: 'shards', shards })
  const asks = outcome.status === 'paused' ? outcome.before.flatMap(({ ask }) => ask ?? []) : []
  if (outcome.status === 'paused') {
    await reporter.emit({
      type: 'run-paused',
      before: outcome.before.map((step) => step.path),
      reason: outcome.before.some(needsApproval) ? 'approval' : 'interrupt-before',
      ...(asks.length === 0 ? {} : { asks }),
      ...(outcome.last === undefined ? {} : { last: outcome.last }),
    })
  }
  await reporter.emit({ type: 'run-finished', runId, ...end, ...reporter.totals() })
  const { record, refused } = await keepRecord(writer, end.status, execution.joined?.refs)
  if (outcome.status === 'failed' && !isExpected(outcome.failure)) throw outcome.failure
  return {
    runId,
    ...end,
    exitStatus: refused?.exitStatus ?? exitStatusOf(end.status, end.failure),
    ...(outcome.status === 'paused'
      ? {
          heldBefore: outcome.before.map((step) => step.path),
          needsApproval: outcome.before.some(needsApproval),
          ...(asks.length === 0 ? {} : { asks }),
        }
      : {}),
    ...(shards ? { shards } : {}),
    ...(record ? { record } : {}),
    ...(refused ? { notKept: describeFailure(refused) } : {}),
  }
}

/** Proposals of what is to be written to GitHub are judged; what judges them is loaded for the first one. */
function withProposals(
  perform: Perform,
  { project }: RunOptions,
  { runId, ready, known }: Execution,
): Perform {
  let judging: Promise<Perform> | undefined
  const open = async () => {
    const { effectRules, proposingDoor } = await import('./effects/door.ts')
    return proposingDoor(perform, { runId, known, rules: effectRules(ready.workflow, project.config) })
  }
  return async (effect) => {
    if (effect.kind !== 'tool' || kindOfTool(effect.request.tool) === undefined) return await perform(effect)
    judging ??= open()
    return await (await judging)(effect)
  }
}

/** Loaded only where several machines share the work. */
async function sharing(
  { untilShards, joined, ready, known }: Execution,
  reporter: Reporter,
): Promise<{ readonly handOut?: HandOut; readonly theirs?: TakenOver }> {
  if (untilShards) {
    const { handOut } = await import('./shards/hand-out.ts')
    const warn = (warning: Parameters<Parameters<typeof handOut>[1]>[0]) =>
      void reporter.emit({ type: 'warning', ...warning })
    return { handOut: handOut(ready.workflow, warn) }
  }
  if (!joined) return {}
  const { takingOver } = await import('./shards/join.ts')
  return { theirs: takingOver(joined, known, reporter) }
}

/** What a yes of a run is bound to; found out once, when the first step needs one. */
function describeRun(writer: RunWriter, redact: AskedRun['redact']): () => AskedRun {
  let known: AskedRun | undefined
  return () => {
    known ??= { ...writer.executed(), redact }
    return known
  }
}

function needsApproval(step: HeldStep): boolean {
  return step.needsApproval
}

/** A record that git does not take is no reason to lose what the run found: its journal stays, and so does the result. */
async function keepRecord(
  writer: RunWriter | undefined,
  status: RunStatus,
  shards: JoinedShards['refs'] = [],
): Promise<{ readonly record?: RecordPlace; readonly refused?: Refusal }> {
  if (!writer) return {}
  try {
    return { record: await writer.finish({ status, shards }) }
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
    case 'handed-on':
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

/** A failure, a refusal or a bug as records and viewers tell it. */
export function describeFailure(failure: unknown): FailureInfo {
  if (failure instanceof StepFailure) return failure.toInfo()
  const message = failure instanceof Error ? failure.message : String(failure)
  if (failure instanceof Refusal) {
    const help = failure.help === undefined ? {} : { help: failure.help }
    return { code: failure.code, blame: 'infrastructure', message, ...help }
  }
  return { code: 'internal-error', blame: 'infrastructure', message }
}
