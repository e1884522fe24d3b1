import type { LanguageProblem } from '../schema/language/index.ts'
import type { State, Workflow } from '../schema/workflow.ts'
import type { Perform } from './effect.ts'
import type { PauseAnswer } from './engine/answers.ts'
import { type AskedRun, askFor, type StepIntent } from './engine/ask.ts'
import { createStepRunner, type UntimedEvent } from './engine/attempts.ts'
import type { Ran } from './engine/block.ts'
import { createBlockRunner } from './engine/block-step.ts'
import { stepCounter } from './engine/budget.ts'
import { rememberingDoor } from './engine/door.ts'
import {
  type EngineOutcome,
  FailedInside,
  PausedInside,
  runEngine,
  type SuperstepView,
} from './engine/engine.ts'
import type { Memory } from './engine/memory.ts'
import type { RunInput, Step, Scope as StepScope } from './engine/step.ts'
import type { EffectWorld } from './engine/step-effects.ts'
import { StepFailure } from './failure.ts'
import { readInputs } from './inputs.ts'
import { createToolLists, type ToolLists } from './mcp/tool-lists.ts'
import { guardOf } from './policy/guardrails.ts'
import { count } from './report/plain-text.ts'
import type { StepKit } from './steps/kit.ts'
import { prepareStep } from './steps/prepare.ts'
import { checkPrompt } from './steps/prompt.ts'
import { positionText } from './steps/render-text.ts'
import { whoAnswersIn } from './who-answers.ts'
import type { World } from './world.ts'

/** A workflow with what its steps are made with. */
export interface EquippedWorkflow {
  readonly workflow: Workflow
  readonly kit: StepKit
}

export interface InterpretOptions extends EquippedWorkflow {
  readonly input: RunInput
  /** Finds a workflow that a state calls, by the name the state uses. Default: none is called. */
  readonly findCalled?: (name: string) => EquippedWorkflow | undefined
  /** The door to the world: the real one, or a script. */
  readonly perform: Perform
  /** What an earlier try of the run already knows. */
  readonly memory: Memory
  /** What people said at the run's pauses so far, in order. */
  readonly answers: readonly PauseAnswer[]
  readonly world: World
  readonly signal: AbortSignal
  /** Tells viewers and journal. Resolves when the event is durable. */
  readonly emit: (event: UntimedEvent) => Promise<void>
  /** Ask models to answer piece by piece. */
  readonly streaming: boolean
  /** A condition that cannot be evaluated fails its step instead of counting as false. */
  readonly strict: boolean
  /** Steps at once; the workflow's own limit where absent. */
  readonly maxConcurrency?: number
  /** Steps of the whole run, those of called workflows included; no limit where absent. */
  readonly maxSteps?: number
  /** Called after each step that has finished while nothing else runs; throws when too much was spent. Default: nothing is checked. */
  readonly checkSpending?: () => void
  /** What a yes of this run is bound to; asked for when a step needs one. Default: any yes will do. */
  readonly askedRun?: () => AskedRun
  /** Which steps of the workflow itself are run here, not of those it calls; see `EngineOptions`. Default: all. */
  readonly select?: (steps: readonly Step[]) => readonly Step[]
  /** Of the workflow itself, not of those it calls. */
  readonly observe?: (view: SuperstepView) => void
}

/** Runs a workflow from its input to its end, a pause or a failure. All it does to the world goes through `perform`. */
export function interpret(options: InterpretOptions): Promise<EngineOutcome> {
  const { memory, emit, signal, world } = options
  const perform = rememberingDoor(options.perform, memory, (event) => void emit(event), world.now)
  return runScope(options, {
    equipped: options,
    input: options.input,
    within: undefined,
    signal,
    perform,
    toolsOf: createToolLists(perform, signal),
    countStep: stepCounter(options.maxSteps),
    checkSpending: options.checkSpending ?? (() => {}),
  })
}

/** A workflow at work: the run's own, or one that a step calls. */
interface Scope {
  readonly equipped: EquippedWorkflow
  readonly input: RunInput
  /** Path of the step that calls it. */
  readonly within: string | undefined
  /** What it goes on from, as the body of a block; `undefined`: it begins with the input. */
  readonly from?: StepScope
  readonly signal: AbortSignal
  /** Fails at the first step that the memory does not know: what came before is only gone through again. */
  readonly isReplay?: boolean
  readonly perform: Perform
  readonly toolsOf: ToolLists
  /** Counts over all scopes; throws when a step would be too many. */
  readonly countStep: () => void
  /** See {@link InterpretOptions.checkSpending}. */
  readonly checkSpending: () => void
}

function runScope(options: InterpretOptions, scope: Scope): Promise<EngineOutcome> {
  const { answers, memory, world, emit, streaming, strict, maxConcurrency, observe, select } = options
  const { equipped, input, within, from, signal, perform, toolsOf, countStep, checkSpending } = scope
  const { workflow, kit } = equipped
  const { askedRun } = options
  const approvals = askedRun && {
    isFinished: (path: string) => memory.finished(path) !== undefined,
    askFor: async (step: Step, words: readonly PauseAnswer[]) =>
      askFor(step, await intentOf(step, kit, options.findCalled), words, askedRun()),
    onVoid: (path: string) =>
      void emit({
        type: 'warning',
        code: 'approval-void',
        message: 'What it would do is not what was approved, so the yes does not count',
        path,
      }),
  }
  const guard = guardOf(workflow, kit.guardrails)
  const effectWorld: EffectWorld = {
    call: async (name, calledInput, path, calledSignal) => {
      const called = options.findCalled?.(name)
      if (!called) throw new Error(`no workflow '${name}': the calls were not resolved`)
      const given = await checkedInput(called.workflow, calledInput)
      const { from: _, ...run } = scope
      const inner = { ...run, equipped: called, input: given, within: path, signal: calledSignal }
      return outputOf(await runScope(options, inner), called.workflow, calledSignal)
    },
    perform,
    toolsOf,
    emit,
    streaming,
  }
  const runStep = createStepRunner({
    ...effectWorld,
    prepare: (step, warn, effects) => prepareStep(step, kit, warn, effects),
    memory,
    world,
    signal,
  })
  const runBlockStep = createBlockRunner({
    ...effectWorld,
    memory,
    world,
    signal,
    maxConcurrency,
    checkSpending,
    check: async ({ work }, { context }, effects) => {
      if (work.kind === 'prompt') await checkPrompt(work, context, effects)
    },
    isReplay: scope.isReplay === true,
    run: async (states, from, path, beside, isReplay) =>
      ranWell(
        await runScope(options, {
          ...scope,
          isReplay,
          // What runs beside others is checked with them, when their block has finished.
          ...(beside ? { checkSpending: () => {} } : {}),
          equipped: { workflow: withStates(workflow, states), kit },
          within: path,
          from,
        }),
        signal,
      ),
  })
  return runEngine({
    workflow,
    input,
    answers,
    signal,
    ...(from ? { from } : {}),
    ...(within === undefined ? {} : { within }),
    ...(approvals ? { approvals } : {}),
    ...(guard ? { guard } : {}),
    ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
    ...(observe && within === undefined ? { observe } : {}),
    ...(select && within === undefined ? { select } : {}),
    runStep: async (step) => {
      const { work } = step.state
      if (scope.isReplay && work.kind !== 'block' && memory.finished(step.path) === undefined) {
        throw new StepFailure('not-reached', 'It failed before', { blame: 'workflow' })
      }
      countStep()
      const result = await (work.kind === 'block' ? runBlockStep(step, work) : runStep(step))
      checkSpending()
      return result
    },
    onSuperstep: (number, steps) =>
      void emit({
        type: 'superstep-started',
        number,
        steps: steps.map((step) => step.path),
        ...(within === undefined ? {} : { within }),
      }),
    onMasked(path, guardrail, places) {
      if (memory.finished(path)) return
      const message = `The guardrail '${guardrail}' masked ${count(places, 'place')} in the last message before the step`
      void emit({ type: 'warning', code: 'guardrail-masked', message, path })
    },
    onProblem(problem, at, path) {
      const position = positionText(at.at)
      if (strict) throw strictFailure(problem, position)
      void emit({ type: 'warning', code: problem.code, message: problem.message, path, position })
    },
  })
}

/** What a step would do. One that cannot even be asked for would fail, and that is what a yes lets it do. */
async function intentOf(
  step: Step,
  kit: StepKit,
  findCalled: InterpretOptions['findCalled'],
): Promise<StepIntent> {
  try {
    const prepared = await prepareStep(step, kit, () => {})
    const intent = (await prepared.intend?.()) ?? { task: prepared.task, request: null }
    const { work } = step.state
    if (work.kind !== 'call') return intent
    return { ...intent, request: await whoAnswersIn(work.workflow.value, findCalled) }
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error
    return { task: `Fail: ${error.message}`, request: null }
  }
}

/** The input of a called workflow with its defaults, as a run of its own would have it. */
async function checkedInput(workflow: Workflow, { text, ...files }: RunInput): Promise<RunInput> {
  const { values, problems } = await readInputs(workflow, {
    pairs: [],
    isCall: true,
    ...(text === '' ? {} : { text }),
  })
  if (problems.length > 0) {
    throw new StepFailure('call-input-invalid', problems.map(({ message }) => message).join('\n'), {
      blame: 'workflow',
      help: `Give the state that calls '${workflow.id}' what it needs under 'inputs'.`,
    })
  }
  return { text: values === undefined ? text : JSON.stringify(values), ...files }
}

/** A workflow of the given states, one after the other: the body of a block. */
function withStates(workflow: Workflow, states: readonly State[]): Workflow {
  const chained = states.map((state, i): State => {
    const next = states[i + 1]
    return { ...state, next: next ? { kind: 'goto', to: { value: next.id, at: next.at } } : { kind: 'stop' } }
  })
  return {
    ...workflow,
    states: chained,
    entry: chained[0]?.id ?? '',
    finalizer: false,
    limits: { ...workflow.limits, recursionLimit: states.length },
  }
}

/** How a body ended, as its block sees it. */
function ranWell(outcome: EngineOutcome, signal: AbortSignal): Ran {
  switch (outcome.status) {
    case 'succeeded':
      return { scope: outcome.scope, ...(outcome.failure ? { failure: outcome.failure } : {}) }
    case 'paused':
      throw new PausedInside(outcome)
    case 'interrupted':
      throw signal.reason
    case 'handed-on':
      throw new Error('the steps of a block cannot be handed on')
    case 'failed':
      throw new FailedInside(outcome)
  }
}

/** How a called workflow ended, as the step that called it sees it. */
function outputOf(outcome: EngineOutcome, { id }: Workflow, signal: AbortSignal): string {
  switch (outcome.status) {
    case 'succeeded':
      return outcome.output ?? ''
    case 'paused':
      throw new PausedInside(outcome)
    case 'interrupted':
      throw signal.reason
    case 'handed-on':
      throw new Error(`the steps of '${id}' cannot be handed on: another workflow calls it`)
    case 'failed': {
      const { failure, path } = outcome
      if (!(failure instanceof StepFailure)) throw failure
      // Its own steps were tried as often as it says; trying all of it again would do finished work twice.
      throw new StepFailure(
        failure.code,
        `Workflow '${id}' failed${path === undefined ? '' : ` at '${path}'`}: ${failure.message}`,
        { blame: failure.blame, help: failure.help, status: failure.status, cause: failure },
      )
    }
  }
}

function strictFailure({ message, offset }: LanguageProblem, position: string): StepFailure {
  const place = offset === undefined ? '' : ` (at character ${offset + 1} of the expression)`
  return new StepFailure('condition-failed', `${position}: ${message}${place}`, {
    blame: 'workflow',
    help: 'Mend the expression, or run without --strict: the condition then counts as false.',
  })
}
