import { type EffectDigest, effectsOf } from '../effects/digest.ts'
import { revisedOf } from '../engine/answers.ts'
import { withYes } from '../engine/ask.ts'
import { isAmong } from '../engine/standing.ts'
import type { Ask, PauseAnswered, RunEvent, RunStatus, ServerTools, SharedMap } from '../events.ts'
import type { FailureInfo } from '../failure.ts'
import type { Usage } from '../models/model.ts'
import { addSpent, type Spent } from '../models/spent.ts'
import type { RunActor } from './manifest.ts'

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
  /** Models that answered in it, in the order in which each first did. Absent: none. */
  readonly models?: readonly string[]
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
  /** MCP servers that told their tools, each list once, in order. */
  readonly servers: readonly ServerTools[]
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
  readonly warnings: readonly WarningDigest[]
  /** Paths of the steps that wait for a person. */
  readonly heldBefore: readonly string[]
  /** Only a yes or a no lets the run go on. */
  readonly needsApproval: boolean
  /** Other machines share this map, and the run waits for them. */
  readonly shards?: SharedMap
  /** What a yes is asked for, with the digest that it names; see `digestOfYes`. Empty: for nothing. */
  readonly asks: readonly Ask[]
  /** The yes and no that people said, with what they said it to. */
  readonly approvals: readonly ApprovalDigest[]
  /** What people said to the run while it waited, in order. */
  readonly said: readonly SaidDigest[]
  /** What it asked to have written to GitHub, in order, and what became of that. */
  readonly effects: readonly EffectDigest[]
}

/** How many steps of a run are finished. */
export function countFinished({ steps }: Pick<RunDigest, 'steps'>): number {
  return steps.filter(({ status }) => status === 'finished').length
}

/** What a step put out in its last attempt, or how that failed; `''`: neither. */
export function outcomeOf({ attempts }: StepDigest): string {
  const last = attempts.at(-1)
  return last?.output ?? last?.failure?.message ?? ''
}

/** A yes or a no to one step. */
export interface ApprovalDigest extends Ask {
  readonly decision: 'approved' | 'rejected'
  readonly at: string
  readonly by?: RunActor
  readonly reason?: string
}

export interface WarningDigest {
  readonly code: string
  readonly message: string
  /** The step that it is about. */
  readonly path?: string
  /** `file:line:column` in the definition. */
  readonly position?: string
}

/** One thing that a person said to a run. */
export interface SaidDigest {
  readonly at: string
  readonly what: 'went-on' | 'approved' | 'rejected' | 'asked-for-changes' | 'accepted-changes' | 'aborted'
  /** Steps that waited, or the one whose output was reworked. */
  readonly about: readonly string[]
  /** The message, the reason, what was to be changed, or what had changed. */
  readonly text?: string
  /** The output that the person wrote in place of a step's. */
  readonly edit?: string
  readonly by?: RunActor
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
  const servers = new Map<string, ServerTools>()
  const answered = new Map<string, Set<string>>()
  const warnings: WarningDigest[] = []
  const said: SaidDigest[] = []
  const approvals: ApprovalDigest[] = []
  let needsApproval = false
  let lastAsks: readonly Ask[] = []
  /** Of the last pause; a no leaves it open for a later yes. */
  let lastHeld: readonly string[] = []
  let status: RunStatus = events.length === 0 ? 'running' : 'interrupted'
  let failure: FailureInfo | undefined
  let output: string | undefined
  let heldBefore: readonly string[] = []
  let shards: SharedMap | undefined
  const spent = new Map<string, Spent>()
  let durationMs = 0
  let sessionStart = Number.NaN
  let lastAt = Number.NaN
  for (const event of events) {
    // After the end; it takes no time of the run.
    if (event.type === 'effects-carried-out') continue
    const at = Date.parse(event.at)
    if (SESSION_STARTS.has(event.type)) {
      if (!Number.isNaN(sessionStart)) durationMs += lastAt - sessionStart
      sessionStart = at
    }
    switch (event.type) {
      case 'run-started':
      case 'run-resumed':
        if (event.type === 'run-resumed' && event.definition) {
          const { changes, redo, askAgain, by } = event.definition
          const text = changes.join('; ')
          said.push({ at: event.at, what: 'accepted-changes', about: [], text, ...(by ? { by } : {}) })
          for (const [path, step] of steps) if (isAmong(redo, path)) delete step.end
          // What is done again is paid again.
          for (const [key, value] of [...spent]) {
            if (!isAmong(redo, key.slice(key.indexOf(' ') + 1))) continue
            spent.delete(key)
            spent.set(`${event.at} ${key}`, value)
          }
          // An answer to what is asked again did not count.
          lastHeld = lastHeld.filter((path) => !isAmong(askAgain, path))
          lastAsks = lastAsks.filter(({ path }) => !isAmong(askAgain, path))
        }
        if (event.type === 'run-resumed' && event.answer && lastHeld.length > 0) {
          said.push(saidIn(event.answer, event.at, lastHeld))
          approvals.push(...approvalsIn(event.answer, event.at, lastAsks))
        }
        status = 'interrupted'
        failure = undefined
        heldBefore = []
        shards = undefined
        break
      case 'step-started':
        stepAt(event.path, event.state).kind = event.kind
        break
      case 'effect-finished':
        if (event.listed) servers.set(`${event.listed.server} ${event.listed.sha256}`, event.listed)
        if (event.kind === 'model') {
          models.add(event.name)
          answered.set(spender(event), (answered.get(spender(event)) ?? new Set()).add(event.name))
        }
        if (event.kind !== 'tool') spent.set(spender(event), plus(spent.get(spender(event)), event))
        break
      case 'step-finished': {
        const step = stepAt(event.path, event.state)
        // One whose failure an error handler caught has an output for those after it, and failed all the same.
        step.end = event.failure ? 'failed' : 'finished'
        // The step's own sum holds its effects, also those whose replies came from an earlier try.
        if (event.usage !== undefined || event.costUsd !== undefined) spent.set(spender(event), event)
        output = event.output
        step.attempts.set(event.attempt, {
          attempt: event.attempt,
          output: event.output,
          ...(event.failure === undefined ? {} : { failure: event.failure }),
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
        warnings.push({
          code: event.code,
          message: event.message,
          ...(event.path === undefined ? {} : { path: event.path }),
          ...(event.position === undefined ? {} : { position: event.position }),
        })
        break
      case 'run-paused':
        status = 'paused'
        heldBefore = event.before
        shards = event.shards
        lastHeld = event.before
        lastAsks = event.asks ?? []
        needsApproval = event.reason === 'approval'
        break
      case 'output-revised':
        said.push({
          at: event.at,
          what: 'asked-for-changes',
          about: [event.path],
          text: event.request,
          ...(event.by ? { by: event.by } : {}),
        })
        break
      case 'run-aborted':
        said.push({
          at: event.at,
          what: 'aborted',
          about: heldBefore,
          ...(event.reason === undefined ? {} : { text: event.reason }),
          ...(event.by ? { by: event.by } : {}),
        })
        heldBefore = []
        shards = undefined
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
      attempts: [...step.attempts.values()]
        .sort((a, b) => a.attempt - b.attempt)
        .map((attempt) => {
          const those = answered.get(spender({ path, attempt: attempt.attempt }))
          return those ? { ...attempt, models: [...those] } : attempt
        }),
    })),
    models: [...models].sort(),
    servers: [...servers.values()],
    lastEventAt: events.findLast(({ type }) => type !== 'effects-carried-out')?.at,
    durationMs,
    usage: total.usage,
    costUsd: total.costUsd,
    costUnknown: total.costUnknown ?? false,
    failure,
    output,
    warnings,
    heldBefore,
    needsApproval,
    ...(shards ? { shards } : {}),
    asks: heldBefore.length === 0 ? [] : withYes(lastAsks, revisedOf(events)),
    approvals,
    said,
    effects: effectsOf(events),
  }
}

/** Events with which somebody begins to work on the run; between them it waits, which is no time spent. */
const SESSION_STARTS: ReadonlySet<RunEvent['type']> = new Set([
  'run-started',
  'run-resumed',
  'output-revised',
  'run-aborted',
])

function saidIn(answer: PauseAnswered, at: string, about: readonly string[]): SaidDigest {
  const { step, decision, reason, userInput, edit, by } = answer
  const text = reason ?? userInput
  return {
    at,
    what: decision ?? 'went-on',
    about: step === undefined ? about : [step],
    ...(text === undefined || text === '' ? {} : { text }),
    ...(edit === undefined ? {} : { edit }),
    ...(by ? { by } : {}),
  }
}

function approvalsIn(
  { decision, digests = {}, reason, by }: PauseAnswered,
  at: string,
  asks: readonly Ask[],
): ApprovalDigest[] {
  return asks.flatMap((ask) => {
    const digest = digests[ask.path]
    if (decision === undefined || digest === undefined) return []
    const why = reason === undefined ? {} : { reason }
    return [{ ...ask, digest, decision, at, ...(by ? { by } : {}), ...why }]
  })
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
