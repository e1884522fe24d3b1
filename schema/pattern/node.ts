import type { CodePoints } from './code-points.ts'

/** A part of a pattern. Flags are worked into it: case into the sets, the others into what they change. */
export type PatternNode =
  /** One character of a set: a letter, a class, or the dot. */
  | { readonly kind: 'set'; readonly set: CodePoints }
  | { readonly kind: 'assertion'; readonly at: Assertion }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly branches: readonly PatternNode[] }
  | {
      readonly kind: 'repeat'
      readonly item: PatternNode
      readonly min: number
      /** `Infinity`: without end. */
      readonly max: number
      readonly isGreedy: boolean
    }
  /** A group that captures. */
  | { readonly kind: 'group'; readonly item: PatternNode }

export type Assertion =
  | 'text-start'
  | 'text-end'
  | 'line-start'
  | 'line-end'
  | 'word-edge'
  | 'no-word-edge'
  /** As `word-edge`, with words of English letters, digits and `_` only. */
  | 'ascii-word-edge'
  | 'no-ascii-word-edge'

/** What is not taken in a pattern. */
export class PatternRefusal extends Error {
  constructor(
    /** Continues a sentence that begins with the pattern. */
    readonly problem: string,
    /** Where in the pattern, in UTF-16 units. */
    readonly offset: number,
    /** What to do instead, as an instruction. */
    readonly help?: string,
  ) {
    super(problem)
  }
}
