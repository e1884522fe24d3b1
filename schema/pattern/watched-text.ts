/** A text that counts how often the engine reads a character of it, which is what matching costs. */
export class WatchedText extends String {
  readonly #text: string
  reads = 0

  constructor(text: string) {
    super(text)
    this.#text = text
  }

  override charCodeAt(index: number): number {
    this.reads += 1
    return this.#text.charCodeAt(index)
  }

  override indexOf(wanted: string, from = 0): number {
    const found = this.#text.indexOf(wanted, from)
    const passed = (found < 0 ? this.#text.length : found) - from
    this.reads += 1 + Math.ceil(passed / CHARACTERS_PER_READ)
    return found
  }

  override toString(): string {
    return this.#text
  }
}

/** A search for a fixed text passes that many characters in the time of one read. */
const CHARACTERS_PER_READ = 16
