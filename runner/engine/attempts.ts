import type { RetryPolicy } from '../../schema/workflow.ts'
import type { Perform, ToolRequest } from '../effect.ts'
import type { AttemptFailed, RunEvent, StepFinished } from '../events.ts'
import { StepFailure } from '../failure.ts'
import { addUsage, type ModelReply, type ModelRequest, type Usage } from '../models/model.ts'
import { AnswerFailure } from '../models/model-failure.ts'
import type { World } from '../world.ts'
import type { Memory } from './memory.ts'
import type { Step, StepResult } from './step.ts'

/** A step made ready: what it will ask for is known, nothing has been asked yet. */
export interface PreparedStep {
  /** The prompt of an agent, the call of a tool; for people and for the record. */
  readonly task: string
  /** Does the work and gives the output text. Fails with a `StepFailure`. */
  execute(effects: StepEffects): Promise<string>
}

/** How one attempt of a step reaches the world. */
export interface StepEffects {
  readonly signal: AbortSignal
  /** The retry policy has no further attempt. */
  readonly isLastAttempt: boolean
  model(request: ModelRequest): Promise<ModelReply>
  /** Gives the tool's result: text, or a JSON value. */
  tool(request: ToolRequest): Promise<unknown>
  warn(warning: StepWarning): void
}

export interface StepWarning {
  readonly code: string
  readonly message: string
  /** `file:line:column` in the definition. */
  readonly position?: string
}

/** An event without its time, which the receiver adds. */
export type UntimedEvent<E extends RunEvent = RunEvent> = E extends RunEvent ? Omit<E, 'at'> : never

export interface StepRunnerOptions {
  /** Fails with a `StepFailure` when the step cannot even be asked for. */
  readonly prepare: (step: Step, warn: (warning: StepWarning) => void) => PreparedStep | Promise<PreparedStep>
  readonly perform: Perform
  readonly memory: Memory
  readonly world: World
  readonly signal: AbortSignal
  /** Tells viewers and journal. Resolves when the event is durable. */
  readonly emit: (event: UntimedEvent) => Promise<void>
  /** Ask models to answer piece by piece, for a person who watches. */
  readonly streaming: boolean
}

/**
 * Makes the function that runs one step to its end: what the memory knows is not run again; anything else is tried
 * until it works, the retry policy is used up, or the failure is one that no retry mends.
 */
export function createStepRunner(options: StepRunnerOptions): (step: Step) => Promise<StepResult> {
  const { memory, world, emit, signal } = options
  return async (step) => {
    const { path, state } = step
    const known = memory.finished(path)
    if (known) {
      await emit({ type: 'step-reused', path, state: state.id, output: known.output })
      return known
    }
    const firstAttempt = memory.attempt(path)
    for (let attempt = firstAttempt; ; attempt++) {
      const triesLeft = state.retry.maxAttempts - (attempt - firstAttempt + 1)
      const outcome = await runAttempt(step, { attempt, isLastAttempt: triesLeft <= 0 }, options)
      if (!('failure' in outcome)) return outcome
      const { failure, durationMs } = outcome
      const info = failure.toInfo()
      const failed = {
        type: 'attempt-failed',
        path,
        state: state.id,
        attempt,
        failure: info,
        durationMs,
        ...paidFor(failure),
      } as const
      if (failure.retryable && triesLeft > 0) {
        const retryInMs = delayBefore(state.retry, attempt - firstAttempt + 1, failure, world.random())
        await emit({ ...failed, retryInMs })
        await world.sleep(retryInMs, signal)
        continue
      }
      await emit(failed)
      if (!state.onError) throw failure
      const output = JSON.stringify({ error: { code: failure.code, message: failure.message } })
      const finished = { path, state: state.id, attempt, output, durationMs, failure: info }
      await emit({ type: 'step-finished', ...finished })
      return { task: outcome.task, output, failed: true }
    }
  }
}

interface Attempt {
  /** From 1. */
  readonly attempt: number
  readonly isLastAttempt: boolean
}

type AttemptFailure = { readonly task: string; readonly failure: StepFailure; readonly durationMs: number }

/** One try. Aborts and bugs are thrown; everything else that goes wrong is a `StepFailure` value. */
async function runAttempt(
  step: Step,
  attempt: Attempt,
  options: StepRunnerOptions,
): Promise<StepResult | AttemptFailure> {
  const { world, emit } = options
  const { path, state } = step
  const started = world.now()
  const account = new Account()
  const warn = (warning: StepWarning) => void emit({ type: 'warning', path, ...warning })
  const timer = state.timeoutMs === undefined ? undefined : AbortSignal.timeout(state.timeoutMs)
  const signal = timer ? AbortSignal.any([options.signal, timer]) : options.signal
  let task = ''
  try {
    const prepared = await options.prepare(step, warn)
    task = prepared.task
    const after = step.after
    const { kind } = state.work
    await emit({
      type: 'step-started',
      path,
      state: state.id,
      kind,
      attempt: attempt.attempt,
      task,
      after,
    })
    const output = await prepared.execute(createEffects(step, attempt, signal, account, warn, options))
    const durationMs = world.now() - started
    await emit({
      type: 'step-finished',
      path,
      state: state.id,
      attempt: attempt.attempt,
      output,
      durationMs,
      ...account.totals(),
    })
    return { task, output }
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason
    const failure = timer?.aborted ? timeoutFailure(step, state.timeoutMs ?? 0, error) : error
    if (!(failure instanceof StepFailure)) throw failure
    return { task, failure, durationMs: world.now() - started }
  }
}

function createEffects(
  step: Step,
  { attempt, isLastAttempt }: Attempt,
  signal: AbortSignal,
  account: Account,
  warn: (warning: StepWarning) => void,
  { perform, emit, streaming }: StepRunnerOptions,
): StepEffects {
  const { path } = step
  let asked = 0
  return {
    signal,
    isLastAttempt,
    warn,
    async model(request) {
      const ordinal = ++asked
      const onText = streaming
        ? { onText: (text: string) => void emit({ type: 'step-progress', path, text }) }
        : {}
      const reply = await perform({ kind: 'model', path, attempt, ordinal, signal, request, ...onText })
      account.add(reply)
      return reply
    },
    async tool(request) {
      const ordinal = ++asked
      if (streaming) void emit({ type: 'step-progress', path, tool: request.tool })
      return (await perform({ kind: 'tool', path, attempt, ordinal, signal, request })).result
    },
  }
}

/** What the model calls of one attempt used and cost. */
class Account {
  #usage: Usage | undefined
  #costUsd: number | undefined
  #unknown = false

  add(reply: ModelReply): void {
    this.#usage = addUsage(this.#usage, reply.usage)
    if (reply.costUsd === undefined) this.#unknown = true
    else this.#costUsd = (this.#costUsd ?? 0) + reply.costUsd
  }

  totals(): Pick<StepFinished, 'usage' | 'costUsd' | 'costUnknown'> {
    return {
      ...(this.#usage ? { usage: this.#usage } : {}),
      ...(this.#costUsd === undefined ? {} : { costUsd: this.#costUsd }),
      ...(this.#unknown ? { costUnknown: true } : {}),
    }
  }
}

/**
 * Milliseconds to wait after the n-th try failed (n from 1): exponential up to the policy's maximum, and never less
 * than the other side asked for; `random` in [0, 1) adds up to a second so that branches do not knock in step.
 */
export function delayBefore(policy: RetryPolicy, n: number, failure: StepFailure, random: number): number {
  const backoff = Math.min(policy.maxIntervalMs, policy.initialIntervalMs * policy.backoffFactor ** (n - 1))
  return Math.round(Math.max(backoff, failure.retryAfterMs ?? 0) + random * 1000)
}

/** An answer that came but cannot be used has no event of its own, and yet it costs. */
function paidFor(failure: StepFailure): Pick<AttemptFailed, 'usage' | 'costUsd'> {
  if (!(failure instanceof AnswerFailure)) return {}
  const { usage, costUsd } = failure
  return { ...(usage ? { usage } : {}), ...(costUsd === undefined ? {} : { costUsd }) }
}

function timeoutFailure({ path, state }: Step, timeoutMs: number, cause: unknown): StepFailure {
  return new StepFailure('step-timeout', `Step '${path}' did not finish within ${timeoutMs} ms`, {
    blame: state.work.kind === 'tool' ? 'tool' : 'provider',
    retryable: true,
    help: "Raise the state's 'timeout', or make the step smaller.",
    cause,
  })
}
