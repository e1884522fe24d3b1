import type { BlockWork, Driver, State } from '../../schema/workflow.ts'
import { StepFailure } from '../failure.ts'
import type { World } from '../world.ts'
import { type BlockWorld, type Ran, runBlock } from './block.ts'
import { FailedInside } from './engine.ts'
import type { Memory } from './memory.ts'
import { type Scope, type Step, type StepResult, stateIdOf } from './step.ts'
import { Account, EffectCounter, type EffectWorld, type StepEffects } from './step-effects.ts'

export interface BlockRunnerOptions
  extends Pick<BlockWorld, 'maxConcurrency' | 'checkSpending'>,
    EffectWorld {
  /** See {@link BlockWorld.run}. `replay`: fails at the first step that the memory does not know. */
  readonly run: (...args: [...Parameters<BlockWorld['run']>, replay: boolean]) => Promise<Ran>
  /** Whether what is run here is only to come to where it was. */
  readonly isReplay: boolean
  /** Fails with a `StepFailure` when a state could not even be asked for. `effects`: those of the block. */
  readonly check: (state: State, from: Scope, effects: StepEffects) => Promise<void>
  readonly memory: Memory
  readonly world: Pick<World, 'now'>
  readonly signal: AbortSignal
}

/**
 * Makes the function that runs one block to its end. What its body finished in an earlier try is taken from the memory there,
 * so a block is always gone through again: what it leaves behind is more than its output.
 */
export function createBlockRunner(
  options: BlockRunnerOptions,
): (step: Step, work: BlockWork) => Promise<StepResult> {
  const { memory, world, signal, emit, run, isReplay, check, checkSpending, maxConcurrency } = options
  return async (step, work) => {
    const { path, after, incoming } = step
    const state = stateIdOf(step)
    const known = memory.finished(path)
    const task = DRIVERS[work.driver.kind](work.driver as never)
    const isTold = known !== undefined || isReplay
    const started = world.now()
    if (!isTold) await emit({ type: 'step-started', path, state, kind: 'block', attempt: 1, task, after })
    const warn: BlockWorld['warn'] = (warning) => {
      if (!isTold) void emit({ type: 'warning', path, ...warning })
    }
    const finish = async (ended: Pick<StepResult, 'output' | 'failure'>) => {
      const durationMs = world.now() - started
      if (known) await emit({ type: 'step-reused', path, state, output: ended.output })
      else if (!isTold) await emit({ type: 'step-finished', path, state, attempt: 1, ...ended, durationMs })
    }
    try {
      const effects = new EffectCounter({ path, attempt: 1, isLastAttempt: true }, options)
      const reach = effects.with(signal, warn, new Account())
      const scope = await runBlock(step, work, {
        run: (states, from, within, beside) =>
          run(states, from, within, beside, isReplay || known?.failure !== undefined),
        check: (inner, from) => check(inner, from, reach),
        checkSpending,
        maxConcurrency,
        warn,
      })
      const output = scope.text ?? ''
      await finish({ output })
      return { task, output, scope }
    } catch (error) {
      const failed = goesOn(work.driver, error)
      if (!failed) throw error
      const output = incoming ?? ''
      // The conversation keeps what its layers had left there by then.
      const { context, history, finished } = failed.scope ?? { ...step, finished: [...step.finished] }
      const scope = { context, history, finished, text: incoming }
      if (known?.failure) return { ...known, output, scope }
      const info = failed.failure.toInfo()
      warn({
        code: 'block-failed',
        message: `It failed, so the run goes on with what it was given: ${info.message}`,
      })
      await finish({ output, failure: info })
      return { task, output, failure: info, scope }
    }
  }
}

/** The failure of a body that its block goes on after. Policies and budgets hold for the whole run. */
function goesOn(
  driver: Driver,
  error: unknown,
): { readonly failure: StepFailure; readonly scope: Scope | undefined } | undefined {
  if (driver.kind !== 'once' || driver.orElse === undefined || !(error instanceof FailedInside))
    return undefined
  const { failure, scope } = error
  return failure instanceof StepFailure && failure.blame !== 'policy' ? { failure, scope } : undefined
}

const DRIVERS: { readonly [K in Driver['kind']]: (driver: Extract<Driver, { kind: K }>) => string } = {
  once: () => 'Run its steps once',
  until: ({ maxIterations }) => `Repeat its steps until the test holds, at most ${maxIterations} times`,
  'for-each': ({ of }) => `Run its steps for each item${of ? ` of '${of.value}'` : ''}`,
  all: () => 'Run its steps at once',
  choose: () => 'Run the steps that a test chooses',
}
