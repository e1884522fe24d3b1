import { stateOfPath } from '../../runner/engine/step.ts'
import type { RunEvent, SharedMap } from '../../runner/events.ts'
import type { FailureInfo } from '../../runner/failure.ts'
import { addSpent, type Spent } from '../../runner/models/spent.ts'
import { isTimed, timingLine } from '../../runner/report/step-timing.ts'
import { groupBy } from '../../schema/group-by.ts'

/** A line that stays: printed once, never changed. The plain log and the terminal view show the same ones. */
export type Entry =
  | { readonly kind: 'run-started'; readonly name: string; readonly runId: string }
  | { readonly kind: 'run-resumed'; readonly runId: string; readonly finishedSteps: number }
  /** Something begins to wait for the outside. `total`: steps of this state started together. */
  | { readonly kind: 'group-started'; readonly label: string; readonly total: number }
  | { readonly kind: 'group-progress'; readonly label: string; readonly done: number; readonly total: number }
  | { readonly kind: 'group-done'; readonly label: string; readonly group: GroupResult }
  | {
      readonly kind: 'attempt-failed'
      readonly path: string
      readonly attempt: number
      readonly failure: FailureInfo
      readonly retryInMs: number | undefined
    }
  | {
      readonly kind: 'warning'
      readonly code: string
      readonly message: string
      readonly place: string | undefined
    }
  /** A step that is in no block is over, in a workflow of Octomind. */
  | { readonly kind: 'timing'; readonly line: string }
  | {
      readonly kind: 'paused'
      readonly before: readonly string[]
      readonly reason: string
      readonly shards?: SharedMap | undefined
    }

export interface GroupResult extends Spent {
  readonly total: number
  readonly done: number
  readonly reused: number
  readonly failed: number
  readonly durationMs: number
}

/** A state at work in the current superstep; a map is one group however many items it has. */
export interface LiveGroup {
  readonly label: string
  readonly total: number
  readonly done: number
  readonly failed: number
  readonly running: number
  /** ISO time of the first start; `undefined`: still waiting for its turn. */
  readonly startedAt: string | undefined
  /** The tool that is being called, or the end of what the model has answered so far; of one of the steps. */
  readonly activity: string
}

interface Group {
  readonly label: string
  readonly paths: Set<string>
  readonly total: number
  done: number
  reused: number
  failed: number
  startedAt: string | undefined
  lastAt: string
  running: number
  activity: string
  /** The step whose activity it is: answers that come at the same time are not mixed. */
  speaker: string | undefined
  spent: Spent
  /** Its start was told: it waits for the outside, so people want to see it move. */
  isAnnounced: boolean
  isOver: boolean
}

const NOTHING: Spent = { usage: undefined, costUsd: undefined, costUnknown: false }
/** Up to this many steps of one state are named one by one in the plain log. */
const FEW = 10
const ACTIVITY_CHARACTERS = 200

/**
 * Turns the events of a run into lines that stay and a small picture of what is going on. Pure but for its own state;
 * keeps nothing per finished step, so a map of many thousand items costs no more than a small one.
 */
export class Progress {
  #groups: Group[] = []
  readonly #groupOf = new Map<string, Group>()
  #spent: Spent = NOTHING
  #steps = 0
  #startedAt: string | undefined
  /** Name of the workflow, where people know the timing that octomind shows. */
  #timed: string | undefined
  readonly #stateIds: readonly string[]

  /** @param stateIds of the workflow, in the order of the definition; empty: they are not known. */
  constructor(stateIds: readonly string[] = []) {
    this.#stateIds = stateIds
  }

  /** Takes one event in and returns the lines that it adds. */
  apply(event: RunEvent): readonly Entry[] {
    switch (event.type) {
      case 'run-started':
        this.#startedAt ??= event.at
        this.#timed = isTimed(event.file) ? event.name : undefined
        return [{ kind: 'run-started', name: event.name, runId: event.runId }]
      case 'run-resumed':
        this.#startedAt ??= event.at
        return [
          { kind: 'run-resumed', runId: event.runId, finishedSteps: event.finishedSteps },
          ...(event.definition?.changes ?? []).map((sentence) => ({
            kind: 'warning' as const,
            code: 'definition-changed',
            message: `changed: ${sentence}`,
            place: undefined,
          })),
        ]
      case 'superstep-started': {
        const entries = this.#endGroups(event.within)
        this.#openGroups(event.steps, event.at, event.within)
        return entries
      }
      case 'step-started':
        return this.#stepStarted(event)
      case 'step-progress':
        this.#stepProgress(event)
        return []
      case 'step-finished': {
        this.#spent = addSpent(this.#spent, event)
        // That it failed was told with its last attempt.
        if (event.failure) return []
        this.#steps++
        return [...this.#settle(event.path, event.at, 'done', event), ...this.#timing(event)]
      }
      case 'step-reused':
        return this.#settle(event.path, event.at, 'reused', NOTHING)
      case 'attempt-failed':
        return this.#attemptFailed(event)
      case 'warning':
        return [
          { kind: 'warning', code: event.code, message: event.message, place: event.position ?? event.path },
        ]
      case 'run-paused':
        return [
          ...this.#endGroups(),
          { kind: 'paused', before: event.before, reason: event.reason, shards: event.shards },
        ]
      case 'run-finished':
        return this.#endGroups()
      case 'output-revised':
      case 'run-aborted':
      case 'effects-carried-out':
      case 'effect-finished':
        return []
    }
  }

  /** The states at work now, in start order. */
  get live(): readonly LiveGroup[] {
    return this.#groups.filter((group) => !group.isOver)
  }

  get totals(): Spent & { readonly steps: number; readonly startedAt: string | undefined } {
    return { ...this.#spent, steps: this.#steps, startedAt: this.#startedAt }
  }

  /** `within`: the step whose own workflow takes them; a superstep of the run itself begins anew. */
  #openGroups(paths: readonly string[], at: string, within: string | undefined): void {
    if (within === undefined) this.#groupOf.clear()
    // Items of different calls are told apart: `check[1]/look`, `check[2]/look`.
    const byState = groupBy(paths, (path) => `${within ?? ''}${stateOfPath(path.slice(within?.length ?? 0))}`)
    const opened = [...byState].map(([state, members]) =>
      newGroup(members.length === 1 ? (members[0] ?? state) : state, members, at),
    )
    const others = within === undefined ? [] : this.#groups.filter((group) => !group.isOver)
    this.#groups = [...others, ...opened]
    for (const group of opened) for (const path of group.paths) this.#groupOf.set(path, group)
  }

  /** The group of a step. The finalizer and memory summaries start outside of the announced ones. */
  #group(path: string, at: string): Group {
    let group = this.#groupOf.get(path)
    if (!group) {
      group = newGroup(path, [path], at)
      this.#groups.push(group)
      this.#groupOf.set(path, group)
    }
    return group
  }

  #stepStarted(event: Extract<RunEvent, { type: 'step-started' }>): readonly Entry[] {
    const group = this.#group(event.path, event.at)
    group.startedAt ??= event.at
    group.lastAt = event.at
    if (event.attempt === 1 || group.running === 0) group.running++
    if (group.isAnnounced || event.kind === 'transform') return []
    group.isAnnounced = true
    return [{ kind: 'group-started', label: group.label, total: group.total }]
  }

  #timing({ path, state, durationMs }: Extract<RunEvent, { type: 'step-finished' }>): readonly Entry[] {
    // The path cannot tell: the second of two states of one name is `plan#2`, and so is the second visit of the first.
    const place = path.includes('/') ? 0 : this.#stateIds.indexOf(state) + 1
    if (this.#timed === undefined || place === 0) return []
    const of = this.#stateIds.length
    return [
      { kind: 'timing', line: timingLine({ workflow: this.#timed, step: path, place, of, durationMs }) },
    ]
  }

  #stepProgress(event: Extract<RunEvent, { type: 'step-progress' }>): void {
    const group = this.#group(event.path, event.at)
    group.speaker ??= event.path
    if (group.speaker !== event.path) return
    if (event.tool !== undefined) group.activity = `calling ${event.tool}`
    else if (event.text !== undefined) {
      const before = group.activity.startsWith('calling ') ? '' : group.activity
      group.activity = (before + event.text).slice(-ACTIVITY_CHARACTERS)
    }
  }

  #attemptFailed(event: Extract<RunEvent, { type: 'attempt-failed' }>): readonly Entry[] {
    const { path, attempt, failure, retryInMs } = event
    const failed: Entry = { kind: 'attempt-failed', path, attempt, failure, retryInMs }
    if (retryInMs !== undefined) return [failed]
    return [failed, ...this.#settle(path, event.at, 'failed', NOTHING)]
  }

  #settle(path: string, at: string, how: 'done' | 'reused' | 'failed', spent: Spent): readonly Entry[] {
    const group = this.#group(path, at)
    group.lastAt = at
    group.running = Math.max(0, group.running - 1)
    if (group.speaker === path) {
      group.speaker = undefined
      group.activity = ''
    }
    if (how === 'failed') group.failed++
    else group.done++
    if (how === 'reused') group.reused++
    group.spent = addSpent(group.spent, spent)
    const settled = group.done + group.failed
    if (settled >= group.total) return this.#endGroup(group)
    const tenth = Math.ceil(group.total / FEW)
    return group.isAnnounced && settled % tenth === 0
      ? [{ kind: 'group-progress', label: group.label, done: settled, total: group.total }]
      : []
  }

  /**
   * Groups that a failure or a pause left unfinished have their line too, unless nothing of them was begun. With `within`
   * only those of the workflow that this step runs.
   */
  #endGroups(within?: string): readonly Entry[] {
    const isInside = (group: Group) => [...group.paths].every((path) => path.startsWith(`${within}/`))
    return this.#groups.flatMap((group) =>
      group.isOver || (within !== undefined && !isInside(group)) ? [] : this.#endGroup(group),
    )
  }

  #endGroup(group: Group): readonly Entry[] {
    group.isOver = true
    const { label, total, done, reused, failed, startedAt, lastAt, spent } = group
    if (done + failed === 0) return []
    const durationMs = startedAt === undefined ? 0 : Date.parse(lastAt) - Date.parse(startedAt)
    return [{ kind: 'group-done', label, group: { total, done, reused, failed, durationMs, ...spent } }]
  }
}

function newGroup(label: string, paths: readonly string[], at: string): Group {
  return {
    label,
    paths: new Set(paths),
    total: paths.length,
    done: 0,
    reused: 0,
    failed: 0,
    startedAt: undefined,
    lastAt: at,
    running: 0,
    activity: '',
    speaker: undefined,
    spent: NOTHING,
    isAnnounced: false,
    isOver: false,
  }
}
