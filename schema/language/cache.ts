/** Results by text. Those not asked for lately are dropped, so that a long run cannot fill the memory. */
export class TextCache<T> {
  readonly #half: number
  #recent = new Map<string, T>()
  #older = new Map<string, T>()

  constructor(most = 500) {
    this.#half = Math.ceil(most / 2)
  }

  /** The stored result, or what `make` gives; a failing `make` stores nothing. Texts beyond 20 000 characters are not kept. */
  get(text: string, make: () => T): T {
    const recent = this.#recent.get(text)
    if (recent !== undefined) return recent
    const result = this.#older.get(text) ?? make()
    if (text.length <= 20_000) this.#keep(text, result)
    return result
  }

  // Two generations, of which the older is dropped whole: an order of use would have to be mended at every look-up.
  #keep(text: string, result: T): void {
    if (this.#recent.size >= this.#half) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(text, result)
  }
}
