import { parseJsonObject } from '../../schema/json-object.ts'
import type { State } from '../../schema/workflow.ts'
import { History, type Message } from './history.ts'

/** A question to a model about a message. */
export interface ModelCheck {
  /** Of the guardrail. */
  readonly name: string
  /** What blocks, in the words of the author. */
  readonly prompt: string
  /** Default: the model of assistants that name none. */
  readonly model?: string
}

/** The guardrails of a workflow. Pure: models are asked by a step of their own. */
export interface Guard {
  /** Guardrails before a state, by name, each once. */
  readonly namesFor: (state: State) => readonly string[]
  /** Why a text is blocked, without anything of the text. `undefined`: no pattern blocks it. */
  readonly blocks: (name: string, text: string) => string | undefined
  /** The text without what is masked, and how many places that were. */
  readonly mask: (name: string, text: string) => { readonly text: string; readonly places: number }
  /** `undefined`: the guardrail asks no model. */
  readonly checkOf: (name: string) => ModelCheck | undefined
}

/** What became of a message. */
export interface Looked {
  /** The message as it stands in the conversation from now on; itself where nothing is different. */
  readonly message: Message
  /** Places that a guardrail masked. Absent: none. */
  readonly masked?: readonly { readonly name: string; readonly places: number }[]
  /** Questions to ask before it may pass. */
  readonly asks: readonly ModelCheck[]
}

/**
 * Messages that were looked at, each once by each guardrail. Branches share their messages, so what one of them found
 * counts for all.
 */
export class CheckedMessages {
  readonly #guard: Guard
  /** By message: each guardrail that looked at it, and why it blocks. */
  readonly #verdicts = new WeakMap<Message, Map<string, string | undefined>>()

  constructor(guard: Guard) {
    this.#guard = guard
  }

  /**
   * Looks at a message before a state: patterns that block see it as it is, then all masks apply, and a model would get it
   * masked.
   */
  look(message: Message, state: State): Looked {
    const known = this.#verdicts.get(message) ?? new Map<string, string | undefined>()
    const fresh = this.#guard.namesFor(state).filter((name) => !known.has(name))
    if (fresh.length === 0) return { message, asks: [] }
    const verdicts = new Map(known)
    const masked: { name: string; places: number }[] = []
    let { text } = message
    for (const name of fresh) {
      verdicts.set(name, this.#guard.blocks(name, message.text))
      const { text: rest, places } = this.#guard.mask(name, text)
      if (places > 0) masked.push({ name, places })
      text = rest
    }
    const looked = text === message.text ? message : { ...message, text }
    this.#verdicts.set(looked, verdicts)
    // A message that is blocked anyway is shown to no model.
    const isBlocked = [...verdicts.values()].some((verdict) => verdict !== undefined)
    const asks = isBlocked ? [] : fresh.flatMap((name) => this.#guard.checkOf(name) ?? [])
    return { message: looked, asks, ...(masked.length > 0 ? { masked } : {}) }
  }

  /** A model blocks a message. */
  block(message: Message, name: string, why: string): void {
    this.#verdicts.get(message)?.set(name, why)
  }

  /** Why a state must not see a message; `undefined`: it may. */
  whyBlocked(message: Message, state: State): string | undefined {
    const verdicts = this.#verdicts.get(message)
    return this.#guard
      .namesFor(state)
      .map((name) => verdicts?.get(name))
      .find((why) => why !== undefined)
  }

  /** What stands in the conversation for a message that was blocked; nobody looks at it again. */
  standIn(message: Message, state: State): Message {
    const standIn = { ...message, text: '[blocked by guardrails]' }
    this.#verdicts.set(standIn, new Map(this.#guard.namesFor(state).map((name) => [name, undefined])))
    return standIn
  }
}

/** A history with other messages in the place of some; itself where it has none of them. */
export function withMessages(history: History, others: ReadonlyMap<Message, Message>): History {
  const messages = history.toArray()
  if (!messages.some((message) => others.has(message))) return history
  return History.of(messages.map((message) => others.get(message) ?? message))
}

/** What the step that asks models found: the first guardrail that blocks, and why. */
export interface Verdict {
  readonly guardrail: string
  readonly why: string
}

/** The output of the step that asks models; `undefined`: the message may pass. */
export function writeVerdict(blocked: Verdict | undefined): string {
  return JSON.stringify(blocked ? { blocked } : { blocked: null })
}

/** Reads {@link writeVerdict}. Anything else does not let a message pass. */
export function readVerdict(output: string): Verdict | undefined {
  const { blocked } = parseJsonObject(output) ?? {}
  if (blocked === null) return undefined
  const { guardrail, why } = (blocked ?? {}) as Partial<Record<keyof Verdict, unknown>>
  return {
    guardrail: typeof guardrail === 'string' ? guardrail : '',
    why: typeof why === 'string' ? why : 'the answer of the check cannot be read',
  }
}
