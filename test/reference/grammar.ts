/** A source of choices that a seed repeats (mulberry32). */
export class Choices {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0 up to, but not including, `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }

  /** One of a list, which must not be empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

/**
 * What a kind of text can be: `ends` hold no other kinds, `forms` may. A form is plain text in which `<kind>` stands for a text of
 * that kind.
 */
export type Grammar = Readonly<
  Record<string, { readonly ends: readonly string[]; readonly forms?: readonly string[] }>
>

/** Make a text of a kind; below `depth` levels only `ends` are taken, so that every text ends. */
export function generate(grammar: Grammar, kind: string, choices: Choices, depth: number): string {
  const rule = grammar[kind]
  if (rule === undefined) throw new Error(`the grammar has no <${kind}>`)
  const { ends, forms = [] } = rule
  const isEnd = forms.length === 0 || (ends.length > 0 && (depth <= 0 || choices.below(5) === 0))
  return choices
    .pick(isEnd ? ends : forms)
    .replace(/<([a-z]+)>/g, (whole, inner: string) =>
      inner in grammar ? generate(grammar, inner, choices, depth - 1) : whole,
    )
}
