/** Results by text, the least recently used dropped first, so that a long run cannot fill the memory. */
export class TextCache<T> {
  readonly #entries = new Map<string, T>()
  readonly #most: number

  constructor(most = 500) {
    this.#most = most
  }

  /** The stored result, or what `make` gives; a failing `make` stores nothing. Texts beyond 20 000 characters are not kept. */
  get(text: string, make: () => T): T {
    const known = this.#entries.get(text)
    if (known !== undefined) {
      this.#entries.delete(text)
      this.#entries.set(text, known)
      return known
    }
    const made = make()
    if (text.length > 20_000) return made
    if (this.#entries.size >= this.#most) {
      const [oldest] = this.#entries.keys()
      if (oldest !== undefined) this.#entries.delete(oldest)
    }
    this.#entries.set(text, made)
    return made
  }
}
