import { GitError } from '../../runner/git/git.ts'
import type { Interrupt } from './memory-git.ts'

/** Numbers in [0, 1) that are the same for the same seed. Source: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** What may happen to an actor at one of its calls, as chances. */
export interface Faults {
  readonly kill: number
  /** The network fails: half of the times before the other side heard of it, half after it did what was asked. */
  readonly network: number
  /** It is held up for a while, as a process that swaps or a machine that sleeps. */
  readonly stall: number
}

/** A process: code that stops at each call of git and each wait, until it is let go on, and may never be. */
export interface Actor {
  readonly name: string
  readonly interrupt: Interrupt
  readonly sleep: () => Promise<void>
  isOver: boolean
  isKilled: boolean
}

interface Waiting {
  readonly isNetwork: boolean
  readonly label: string
  readonly go: (how: 'go' | 'fail-before' | 'fail-after' | 'never' | 'no-answer') => void
}

/** Lets actors go on one at a time, in an order that a seed decides. */
export class Interleaving {
  readonly #random: () => number
  readonly #faults: Faults
  readonly #actors = new Map<Actor, Waiting[]>()
  readonly #stalled = new Map<Actor, number>()
  readonly trace: string[] = []
  #wake: () => void = () => {}

  constructor(random: () => number, faults: Faults) {
    this.#random = random
    this.#faults = faults
  }

  /** Starts an actor. It fails loudly: what it expects to go wrong it has to catch. */
  start(name: string, body: (actor: Actor) => Promise<void>): Actor {
    const waiting: Waiting[] = []
    const stop = (label: string, isNetwork: boolean) => {
      let how: Parameters<Waiting['go']>[0] = 'go'
      const before = new Promise<void>((resolve, reject) => {
        waiting.push({
          isNetwork,
          label,
          go: (chosen) => {
            how = chosen
            if (how === 'fail-before') reject(unreachable())
            else if (how !== 'never') resolve()
          },
        })
      })
      this.#wake()
      const after = (): Promise<void> => {
        if (how === 'fail-after') return Promise.reject(unreachable())
        return how === 'no-answer' ? new Promise(() => {}) : Promise.resolve()
      }
      return { before, after }
    }
    const actor: Actor = {
      name,
      isOver: false,
      isKilled: false,
      interrupt: ({ args, isNetwork }) => stop(labelOf(args), isNetwork),
      sleep: () => stop('sleep', false).before,
    }
    this.#actors.set(actor, waiting)
    const end = (error?: unknown) => {
      actor.isOver = true
      if (error !== undefined) this.#failure ??= error
      this.#wake()
    }
    body(actor).then(() => end(), end)
    return actor
  }

  #failure: unknown

  /** Goes on until every actor is over or killed. `faults: false`: nothing goes wrong any more. */
  async run(hasFaults = true): Promise<void> {
    for (;;) {
      await this.#settle()
      if (this.#failure !== undefined) throw this.#failure
      const open = [...this.#actors].filter(([actor]) => !actor.isOver && !actor.isKilled)
      if (open.length === 0) return
      const awake = open.filter(([actor]) => (this.#stalled.get(actor) ?? 0) <= 0)
      for (const [actor, left] of this.#stalled) this.#stalled.set(actor, left - 1)
      const [actor, waiting] = this.#pick(awake.length > 0 ? awake : open)
      const at = Math.floor(this.#random() * waiting.length)
      const [call] = waiting.splice(at, 1)
      if (call === undefined) throw new Error(`${actor.name} waits for nothing`)
      const how = hasFaults ? this.#fate(actor, call) : 'go'
      this.trace.push(`${actor.name}: ${call.label}${how === 'go' ? '' : ` (${how})`}`)
      if (how === 'never' || how === 'no-answer') actor.isKilled = true
      call.go(how)
    }
  }

  #fate(actor: Actor, call: Waiting): Parameters<Waiting['go']>[0] {
    const { kill, network, stall } = this.#faults
    const chance = this.#random()
    if (chance < kill) return this.#random() < 0.5 ? 'never' : 'no-answer'
    if (call.isNetwork && chance < kill + network) return this.#random() < 0.5 ? 'fail-before' : 'fail-after'
    if (chance > 1 - stall) this.#stalled.set(actor, 5 + Math.floor(this.#random() * 60))
    return 'go'
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.#random() * items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  /** Until each actor waits, is over, or is dead: between their calls they use the disc, which takes its time. */
  async #settle(): Promise<void> {
    for (;;) {
      const isBusy = [...this.#actors].some(
        ([actor, waiting]) => !actor.isOver && !actor.isKilled && waiting.length === 0,
      )
      if (!isBusy) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

function unreachable(): GitError {
  return new GitError('git', {
    kind: 'exited',
    exitCode: 128,
    stderr: 'fatal: unable to access the remote: Failed to connect',
  })
}

/** What matters of a call of git to who reads a trace. */
function labelOf(args: readonly string[]): string {
  const [command = '', ...rest] = args.filter((one, index) => one !== '-c' && args[index - 1] !== '-c')
  const isShort = command !== 'push' && command !== 'fetch'
  return [
    command,
    ...(isShort ? rest.slice(0, 2) : rest.filter((one) => one.includes('refs/') && !one.startsWith('--'))),
  ].join(' ')
}
