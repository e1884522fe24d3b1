/** One message of the conversation that agents get to see. Messages are compared by identity. */
export interface Message {
  /** `system`: the prompt of the role whose session the conversation is. */
  readonly role: 'user' | 'assistant' | 'system'
  readonly text: string
  /** A person said it: the run's input, or the answer to a pause. Outputs of steps never count, whatever their role. */
  readonly isFromOutside?: boolean
  /** An author wrote it, with names of values in it, which are those of this role in the root of the repository. */
  readonly filledFor?: string
}

/** What one step does to the history: first it forgets messages, then it adds its own. */
export interface HistoryUpdate {
  /** The history the step saw, when it wants all of that gone. Removing a message that is gone already is no error. */
  readonly remove: History | undefined
  readonly add: readonly Message[]
}

/**
 * An immutable conversation. Branches of a large map share their common beginning: a history is a base that many
 * histories point to, and a short tail of its own, so ten thousand branches do not hold ten thousand copies.
 */
export class History {
  static readonly empty = History.of([])

  readonly #base: readonly Message[]
  readonly #tail: readonly Message[]
  /** UTF-16 units of all texts together. */
  readonly characters: number

  private constructor(base: readonly Message[], tail: readonly Message[], characters: number) {
    this.#base = base
    this.#tail = tail
    this.characters = characters
  }

  static of(messages: readonly Message[]): History {
    return new History(messages, [], countCharacters(messages))
  }

  get length(): number {
    return this.#base.length + this.#tail.length
  }

  get last(): Message | undefined {
    return this.#tail.at(-1) ?? this.#base.at(-1)
  }

  toArray(): readonly Message[] {
    return this.#tail.length === 0 ? this.#base : [...this.#base, ...this.#tail]
  }

  append(messages: readonly Message[]): History {
    if (messages.length === 0) return this
    return new History(this.#base, [...this.#tail, ...messages], this.characters + countCharacters(messages))
  }

  /** Applies updates one after the other, as if each step had finished in turn. */
  apply(updates: readonly HistoryUpdate[]): History {
    const removed = new Set<Message>()
    for (const update of updates) for (const message of update.remove?.toArray() ?? []) removed.add(message)
    const added = updates.flatMap((update) => update.add)
    if (removed.size > 0) {
      return History.of([...this.toArray().filter((message) => !removed.has(message)), ...added])
    }
    if (added.length === 0) return this
    return new History([...this.toArray(), ...added], [], this.characters + countCharacters(added))
  }
}

function countCharacters(messages: readonly Message[]): number {
  let sum = 0
  for (const message of messages) sum += message.text.length
  return sum
}
