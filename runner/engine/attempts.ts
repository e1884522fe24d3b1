import { assistantIn } from '../../schema/blocks.ts'
import { PyDict, parseOutput } from '../../schema/language/index.ts'
import type { RetryPolicy, ToolWork, Work } from '../../schema/workflow.ts'
import type { AttemptFailed, RunEvent } from '../events.ts'
import { BLOCKED, REJECTED, StepFailure } from '../failure.ts'
import { AnswerFailure } from '../models/model-failure.ts'
import type { World } from '../world.ts'
import { failureOutput, handlerOf } from './handlers.ts'
import type { Memory } from './memory.ts'
import { type Step, type StepResult, stateIdOf } from './step.ts'
import {
  Account,
  EffectCounter,
  type EffectWorld,
  type PreparedStep,
  type StepEffects,
  type StepWarning,
} from './step-effects.ts'

/** An event without its time, which the receiver adds. */
export type UntimedEvent<E extends RunEvent = RunEvent> = E extends RunEvent ? Omit<E, 'at'> : never

export interface StepRunnerOptions extends EffectWorld {
  /** Fails with a `StepFailure` when the step cannot even be asked for. `effects`: those of the attempt. */
  readonly prepare: (
    step: Step,
    warn: (warning: StepWarning) => void,
    effects: StepEffects,
  ) => PreparedStep | Promise<PreparedStep>
  readonly memory: Memory
  readonly world: World
  readonly signal: AbortSignal
}

/**
 * Makes the function that runs one step to its end: what the memory knows is not run again; anything else is tried
 * until it works, the retry policy is used up, or the failure is one that no retry mends.
 */
export function createStepRunner(options: StepRunnerOptions): (step: Step) => Promise<StepResult> {
  const { memory, world, emit, signal } = options
  return async (step) => {
    const { path, state } = step
    const stateId = stateIdOf(step)
    const known = memory.finished(path)
    if (known) {
      await emit({ type: 'step-reused', path, state: stateId, output: known.output })
      return known
    }
    const firstAttempt = memory.attempt(path)
    for (let attempt = firstAttempt; ; attempt++) {
      const triesLeft = state.retry.maxAttempts - (attempt - firstAttempt + 1)
      const effects = new EffectCounter({ path, attempt, isLastAttempt: triesLeft <= 0 }, options)
      const outcome = forbidden(step) ?? (await runAttempt(step, effects, options))
      if (!('failed' in outcome)) return outcome
      const { task, failed: failure, durationMs } = outcome
      const info = failure.toInfo()
      const failed = {
        type: 'attempt-failed',
        path,
        state: stateId,
        attempt,
        failure: info,
        durationMs,
        ...paidFor(failure),
      } as const
      if (mayMend(failure, state.retry) && triesLeft > 0) {
        const retryInMs = delayBefore(state.retry, attempt - firstAttempt + 1, failure, world.random())
        await emit({ ...failed, retryInMs })
        await world.sleep(retryInMs, signal)
        continue
      }
      await emit(failed)
      const handler = handlerOf(state.onError, info)
      const output = failureOutput(info, { path, state: stateId })
      if (handler?.notify) await notify(handler.notify, step, output, effects, options)
      if (!handler?.to) throw failure
      await emit({ type: 'step-finished', path, state: stateId, attempt, output, durationMs, failure: info })
      return { task, output, failure: info }
    }
  }
}

type FailedAttempt = { readonly task: string; readonly failed: StepFailure; readonly durationMs: number }

/** One try. Aborts, pauses and bugs are thrown; everything else that goes wrong is a `StepFailure` value. */
async function runAttempt(
  step: Step,
  effects: EffectCounter,
  options: StepRunnerOptions,
): Promise<StepResult | FailedAttempt> {
  const { world, emit } = options
  const { path, state, after } = step
  const { attempt } = effects.attempt
  const started = world.now()
  const account = new Account()
  const warn = warnFor(step, options)
  const timer = state.timeoutMs === undefined ? undefined : AbortSignal.timeout(state.timeoutMs)
  const signal = timer ? AbortSignal.any([options.signal, timer]) : options.signal
  let task = ''
  try {
    const reach = effects.with(signal, warn, account)
    const prepared = await options.prepare(step, warn, reach)
    task = prepared.task
    const stateId = stateIdOf(step)
    const kind = step.checks ? 'guardrails' : state.work.kind
    await emit({ type: 'step-started', path, state: stateId, kind, attempt, task, after })
    const output = await prepared.execute(reach)
    const durationMs = world.now() - started
    const finished = { path, state: stateId, attempt, output, durationMs, ...account.totals() }
    await emit({ type: 'step-finished', ...finished })
    return { task, output, attempt }
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason
    const failure = timer?.aborted ? timeoutFailure(step, state.timeoutMs ?? 0, error) : error
    if (!(failure instanceof StepFailure)) throw failure
    return { task, failed: failure, durationMs: world.now() - started }
  }
}

function warnFor({ path }: Step, { emit }: StepRunnerOptions): (warning: StepWarning) => void {
  return (warning) => void emit({ type: 'warning', path, ...warning })
}

/** Tells a tool of a failure that no attempt mended. That it cannot be told must not hide the failure itself. */
async function notify(
  work: ToolWork,
  step: Step,
  output: string,
  effects: EffectCounter,
  options: StepRunnerOptions,
): Promise<void> {
  const warn = warnFor(step, options)
  const context = step.context.copy()
  const failure = parseOutput(output)
  if (failure instanceof PyDict) for (const [key, value] of failure.entries()) context.set(key, value)
  try {
    const reach = effects.with(options.signal, warn, new Account())
    const prepared = await options.prepare({ ...step, context, state: { ...step.state, work } }, warn, reach)
    await prepared.execute(reach)
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason
    if (!(error instanceof StepFailure)) throw error
    warn({
      code: 'notification-failed',
      message: `'${work.toolId}' was not told of the failure: ${error.message}`,
    })
  }
}

/** No try changes what a definition says, or what a policy forbids. */
function mayMend({ retryable, blame }: StepFailure, { always = false }: RetryPolicy): boolean {
  return retryable || (always && blame !== 'policy' && blame !== 'workflow')
}

/** A person said no to the step, or guardrails did, which no further attempt changes. `undefined`: it may run. */
function forbidden({ path, rejection, blocked }: Step): FailedAttempt | undefined {
  if (rejection === undefined && blocked === undefined) return undefined
  const why = rejection === '' ? '' : `: ${rejection}`
  const failure =
    blocked === undefined
      ? new StepFailure(REJECTED, `A person rejected the step '${path}'${why}`, { blame: 'user' })
      : new StepFailure(BLOCKED, `Node input blocked by guardrails: ${blocked}`, {
          blame: 'policy',
          help: "Look at what the message holds that came before the step. The guardrails stand in .codemie/config.yaml under 'guardrails'.",
        })
  return { task: '', failed: failure, durationMs: 0 }
}

/**
 * Milliseconds to wait after the n-th try failed (n from 1): exponential up to the policy's maximum, and never less
 * than the other side asked for; `random` in [0, 1) adds up to a second so that branches do not knock in step.
 */
export function delayBefore(policy: RetryPolicy, n: number, failure: StepFailure, random: number): number {
  if (policy.always) return failure.retryAfterMs ?? 0
  const backoff = Math.min(policy.maxIntervalMs, policy.initialIntervalMs * policy.backoffFactor ** (n - 1))
  return Math.round(Math.max(backoff, failure.retryAfterMs ?? 0) + random * 1000)
}

/** An answer that came but cannot be used has no event of its own, and yet it costs. */
function paidFor(failure: StepFailure): Pick<AttemptFailed, 'usage' | 'costUsd'> {
  if (!(failure instanceof AnswerFailure)) return {}
  const { usage, costUsd } = failure
  return { ...(usage ? { usage } : {}), ...(costUsd === undefined ? {} : { costUsd }) }
}

/** Whether no model provider is asked: a tool is, or a program that answers as an agent. */
function isAnsweredHere(work: Work): boolean {
  return work.kind === 'tool' || work.kind === 'script' || assistantIn(work)?.command !== undefined
}

function timeoutFailure({ path, state }: Step, timeoutMs: number, cause: unknown): StepFailure {
  return new StepFailure('step-timeout', `Step '${path}' did not finish within ${timeoutMs} ms`, {
    blame: isAnsweredHere(state.work) ? 'tool' : 'provider',
    // What a called workflow has finished would be done again; a resumption keeps it.
    retryable: state.work.kind !== 'call',
    help: "Raise the state's 'timeout', or make the step smaller.",
    cause,
  })
}
