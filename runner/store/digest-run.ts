import type { RunEvent, RunStatus } from '../events.ts'
import type { FailureInfo } from '../failure.ts'
import type { Usage } from '../models/model.ts'
import { addSpent, type Spent } from '../models/spent.ts'

/** One step of a run, summed up over its attempts and over resumptions. */
export interface StepDigest {
  readonly path: string
  readonly state: string
  readonly kind: string
  readonly status: 'finished' | 'failed' | 'unfinished'
  readonly attempts: readonly AttemptDigest[]
}

/** One try of a step. */
export interface AttemptDigest {
  /** From 1. */
  readonly attempt: number
  readonly output?: string
  readonly failure?: FailureInfo
  readonly durationMs?: number
  readonly usage?: Usage
  readonly costUsd?: number
  readonly costUnknown?: boolean
}

/** A run as its events tell it. */
export interface RunDigest {
  readonly status: RunStatus
  /** In the order in which they first started. */
  readonly steps: readonly StepDigest[]
  /** Sorted. */
  readonly models: readonly string[]
  /** `at` of the last event; `undefined` without events. */
  readonly lastEventAt: string | undefined
  /** Time spent running: pauses and the time between a crash and the resumption do not count. */
  readonly durationMs: number
  readonly usage: Usage | undefined
  readonly costUsd: number | undefined
  readonly costUnknown: boolean
  readonly failure: FailureInfo | undefined
  /** Output of the last step; `undefined`: none. */
  readonly output: string | undefined
  readonly warnings: readonly { readonly code: string; readonly message: string }[]
  /** Paths of the steps that wait for a person. */
  readonly heldBefore: readonly string[]
}

/** Sums the events of a run up. Without an end event the run is `interrupted`; without any, `running`. */
export function digestRun(events: readonly RunEvent[]): RunDigest {
  const steps = new Map<string, OpenStep>()
  const stepAt = (path: string, state: string) => {
    const known = steps.get(path)
    if (known !== undefined) return known
    const fresh: OpenStep = { state, kind: '', attempts: new Map() }
    steps.set(path, fresh)
    return fresh
  }
  const models = new Set<string>()
  const warnings: { code: string; message: string }[] = []
  let status: RunStatus = events.length === 0 ? 'running' : 'interrupted'
  let failure: FailureInfo | undefined
  let output: string | undefined
  let heldBefore: readonly string[] = []
  const spent = new Map<string, Spent>()
  let durationMs = 0
  let sessionStart = Number.NaN
  let lastAt = Number.NaN
  for (const event of events) {
    const at = Date.parse(event.at)
    switch (event.type) {
      case 'run-started':
      case 'run-resumed':
        if (!Number.isNaN(sessionStart)) durationMs += lastAt - sessionStart
        sessionStart = at
        status = 'interrupted'
        failure = undefined
        heldBefore = []
        break
      case 'step-started':
        stepAt(event.path, event.state).kind = event.kind
        break
      case 'effect-finished':
        if (event.kind === 'model') {
          models.add(event.name)
          spent.set(spender(event), plus(spent.get(spender(event)), event))
        }
        break
      case 'step-finished': {
        const step = stepAt(event.path, event.state)
        step.end = 'finished'
        // The step's own sum holds its effects, also those whose replies came from an earlier try.
        if (event.usage !== undefined || event.costUsd !== undefined) spent.set(spender(event), event)
        output = event.output
        step.attempts.set(event.attempt, {
          attempt: event.attempt,
          output: event.output,
          durationMs: event.durationMs,
          ...(event.usage === undefined ? {} : { usage: event.usage }),
          ...(event.costUsd === undefined ? {} : { costUsd: event.costUsd }),
          ...(event.costUnknown === undefined ? {} : { costUnknown: event.costUnknown }),
        })
        break
      }
      case 'attempt-failed': {
        const step = stepAt(event.path, event.state)
        if (event.retryInMs === undefined) step.end = 'failed'
        step.attempts.set(event.attempt, {
          attempt: event.attempt,
          failure: event.failure,
          durationMs: event.durationMs,
        })
        break
      }
      case 'warning':
        warnings.push({ code: event.code, message: event.message })
        break
      case 'run-paused':
        status = 'paused'
        heldBefore = event.before
        break
      case 'run-finished':
        status = event.status
        failure = event.failure
        output = event.output ?? output
        break
      default:
        break
    }
    lastAt = at
  }
  if (!Number.isNaN(sessionStart)) durationMs += lastAt - sessionStart
  const total = [...spent.values()].reduce<Spent>(addSpent, {})
  return {
    status,
    steps: [...steps].map(([path, step]) => ({
      path,
      state: step.state,
      kind: step.kind,
      status: step.end ?? 'unfinished',
      attempts: [...step.attempts.values()].sort((a, b) => a.attempt - b.attempt),
    })),
    models: [...models].sort(),
    lastEventAt: events.at(-1)?.at,
    durationMs,
    usage: total.usage,
    costUsd: total.costUsd,
    costUnknown: total.costUnknown ?? false,
    failure,
    output,
    warnings,
    heldBefore,
  }
}

interface OpenStep {
  readonly state: string
  kind: string
  readonly attempts: Map<number, AttemptDigest>
  end?: 'finished' | 'failed'
}

function spender(event: { readonly path: string; readonly attempt: number }): string {
  return `${event.attempt} ${event.path}`
}

/** Adds a model call; one without a price makes the sum a lower bound. */
function plus(sum: Spent | undefined, call: Pick<Spent, 'usage' | 'costUsd'>): Spent {
  return addSpent(sum ?? {}, call.costUsd === undefined ? { ...call, costUnknown: true } : call)
}
