import type { UntimedEvent } from './engine/attempts.ts'
import { wasPaid } from './engine/budget.ts'
import type { RunEvent, RunFinished } from './events.ts'
import { Refusal } from './failure.ts'
import { addUsage, type Usage } from './models/model.ts'
import type { RunWriter } from './store/writer.ts'
import type { World } from './world.ts'

/** Events that a resumption or a reader of the record needs on the disc before the run goes on. */
const DURABLE: ReadonlySet<RunEvent['type']> = new Set([
  'run-started',
  'run-resumed',
  'step-finished',
  'run-paused',
  'output-revised',
  'run-aborted',
  'run-finished',
])

/** Events that are only worth seeing while they happen. */
const PASSING: ReadonlySet<RunEvent['type']> = new Set(['step-progress', 'step-reused', 'superstep-started'])

/** A sign of life of a run whose records are pushed, in milliseconds; well below the lease's time. */
const HEARTBEAT_MS = 3 * 60_000

/** Gives events their time, shows them to viewers, writes them to the journal and adds up what they cost. */
export class Reporter {
  readonly #world: World
  readonly #onEvent: (event: RunEvent) => void
  readonly #writer: RunWriter | undefined
  readonly #started: number
  readonly #checkpoints: boolean
  readonly #finished = new Set<string>()
  #checkpointing: Promise<number> | undefined
  /** The next checkpoint that does not wait for a step: a sign of life, or what was too early to be pushed. */
  #next: NodeJS.Timeout | undefined
  /** A step finished while a checkpoint was being pushed. */
  #isBehind = false
  /** Found out between two events: somebody else has the run now. */
  #overtaken: unknown
  #usage: Usage | undefined
  #costUsd: number | undefined
  #isCostUnknown = false

  /**
   * `known`: the events of earlier tries, which count as well. `checkpoints`: what is finished also goes to the remote
   * while the run goes on, at the pace of the writer, so that another machine can take over.
   */
  constructor(
    world: World,
    onEvent: (event: RunEvent) => void,
    writer: RunWriter | undefined,
    known: readonly RunEvent[],
    checkpoints: boolean,
  ) {
    this.#world = world
    this.#onEvent = onEvent
    this.#writer = writer
    this.#checkpoints = checkpoints
    this.#started = world.now()
    for (const event of known) this.#count(event)
    if (checkpoints && writer) this.#renewIn(HEARTBEAT_MS, writer)
  }

  /** No sign of life is pushed any more. Call it before the record is finished. */
  async close(): Promise<void> {
    await this.#checkpointing?.catch(() => {})
    // Not before: the end of a checkpoint plans the next one.
    clearTimeout(this.#next)
  }

  /** Resolves when the event is as durable as it has to be. Rejects when the journal cannot be written any more. */
  async emit(event: UntimedEvent): Promise<void> {
    if (this.#overtaken !== undefined) throw this.#overtaken
    const timed = { at: new Date(this.#world.now()).toISOString(), ...event } as RunEvent
    this.#count(timed)
    this.#onEvent(timed)
    if (!this.#writer || PASSING.has(timed.type)) return
    if (DURABLE.has(timed.type)) await this.#writer.append(timed)
    else this.#writer.appendSoon(timed)
    if (timed.type === 'step-finished') await this.#checkpoint(this.#writer)
  }

  /** Puts events into the journal that another machine keeps, with the time that they have. Viewers do not hear of them. */
  takeOver(events: readonly RunEvent[]): void {
    for (const event of events) {
      this.#count(event)
      this.#writer?.appendSoon(event)
    }
  }

  /** A step can take longer than a lease without a sign of life is good for. */
  async #renew(writer: RunWriter): Promise<void> {
    try {
      await this.#checkpoint(writer)
    } catch (error) {
      this.#overtaken = error
    }
  }

  /** A remote that does not answer is told and tried again later; a run that somebody else took over must stop. */
  async #checkpoint(writer: RunWriter): Promise<void> {
    if (!this.#checkpoints) return
    if (this.#checkpointing !== undefined) {
      this.#isBehind = true
      return
    }
    this.#isBehind = false
    this.#checkpointing = writer.checkpoint()
    try {
      const dueInMs = await this.#checkpointing
      // A step that finished meanwhile is not in it; the writer says when the next one may be.
      this.#renewIn(dueInMs || (this.#isBehind ? 1 : HEARTBEAT_MS), writer)
    } catch (error) {
      if (!(error instanceof Refusal) || error.code === 'run-taken-over') throw error
      this.#renewIn(HEARTBEAT_MS, writer)
      void this.emit({
        type: 'warning',
        code: error.code,
        message: `Checkpoint not pushed: ${error.message}`,
      })
    } finally {
      this.#checkpointing = undefined
    }
  }

  #renewIn(waitMs: number, writer: RunWriter): void {
    clearTimeout(this.#next)
    this.#next = setTimeout(() => void this.#renew(writer), waitMs)
    this.#next.unref()
  }

  /** What the whole run used so far, earlier tries included; the time is that of this try. */
  totals(): Pick<RunFinished, 'durationMs' | 'steps' | 'usage' | 'costUsd' | 'costUnknown'> {
    return {
      durationMs: this.#world.now() - this.#started,
      steps: this.#finished.size,
      ...(this.#usage ? { usage: this.#usage } : {}),
      ...(this.#costUsd === undefined ? {} : { costUsd: this.#costUsd }),
      ...(this.#isCostUnknown ? { costUnknown: true } : {}),
    }
  }

  #count(event: RunEvent): void {
    if (event.type === 'step-finished' && !event.failure) this.#finished.add(event.path)
    const isCall = event.type === 'effect-finished' && event.kind !== 'tool'
    const isPaidFailure = event.type === 'attempt-failed' && wasPaid(event)
    if (!isCall && !isPaidFailure) return
    this.#usage = addUsage(this.#usage, event.usage)
    if (event.costUsd === undefined) this.#isCostUnknown = true
    else this.#costUsd = (this.#costUsd ?? 0) + event.costUsd
  }
}
