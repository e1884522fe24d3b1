import type { LanguageProblem } from '../schema/language/index.ts'
import type { Workflow } from '../schema/workflow.ts'
import type { Perform } from './effect.ts'
import { createStepRunner, type UntimedEvent } from './engine/attempts.ts'
import { stepCounter } from './engine/budget.ts'
import { rememberingDoor } from './engine/door.ts'
import { type EngineOutcome, type PauseAnswer, runEngine, type SuperstepView } from './engine/engine.ts'
import type { Memory } from './engine/memory.ts'
import type { RunInput } from './engine/step.ts'
import { StepFailure } from './failure.ts'
import type { StepKit } from './steps/kit.ts'
import { prepareStep } from './steps/prepare.ts'
import { positionText } from './steps/render-text.ts'
import type { World } from './world.ts'

export interface InterpretOptions {
  readonly workflow: Workflow
  readonly input: RunInput
  readonly kit: StepKit
  /** The door to the world: the real one, or a script. */
  readonly perform: Perform
  /** What an earlier try of the run already knows. */
  readonly memory: Memory
  /** What people said at the run's pauses so far. */
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
  /** Steps of the whole run; no limit where absent. */
  readonly maxSteps?: number
  readonly observe?: (view: SuperstepView) => void
}

/** Runs a workflow from its input to its end, a pause or a failure. All it does to the world goes through `perform`. */
export function interpret(options: InterpretOptions): Promise<EngineOutcome> {
  const { workflow, input, kit, memory, answers, world, signal, emit, streaming, strict } = options
  const perform = rememberingDoor(options.perform, memory, (event) => void emit(event), world.now)
  const countStep = stepCounter(options.maxSteps)
  const runStep = createStepRunner({
    prepare: (step, warn) => prepareStep(step, kit, warn),
    perform,
    memory,
    world,
    signal,
    emit,
    streaming,
  })
  return runEngine({
    workflow,
    input,
    answers,
    signal,
    ...(options.maxConcurrency === undefined ? {} : { maxConcurrency: options.maxConcurrency }),
    ...(options.observe ? { observe: options.observe } : {}),
    runStep: async (step) => {
      countStep()
      return runStep(step)
    },
    onSuperstep: (number, steps) =>
      void emit({ type: 'superstep-started', number, steps: steps.map((step) => step.path) }),
    onProblem(problem, at, path) {
      const position = positionText(at.at)
      if (strict) throw strictFailure(problem, position)
      void emit({ type: 'warning', code: problem.code, message: problem.message, path, position })
    },
  })
}

function strictFailure({ message, offset }: LanguageProblem, position: string): StepFailure {
  const place = offset === undefined ? '' : ` (at character ${offset + 1} of the expression)`
  return new StepFailure('condition-failed', `${position}: ${message}${place}`, {
    blame: 'workflow',
    help: 'Mend the expression, or run without --strict: the condition then counts as false.',
  })
}
