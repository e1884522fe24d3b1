import { diffLines, diffWordsWithSpace } from 'diff'

/** A piece of a text: what both have, what only the first has, what only the second has. */
export interface DiffPiece {
  readonly kind: 'same' | 'removed' | 'added'
  readonly text: string
}

/** A text that is longer is compared line by line: words would take too long. In characters, both together. */
const LONGEST_FOR_WORDS = 60_000

/** Texts with more differences have little in common: pieces would not help, and finding them takes ever longer. */
const FEW_EDITS = { maxEditLength: 2000 }

/** What differs between two texts, in order; nothing where they are equal. */
export function diffTexts(before: string, after: string, unit: 'words' | 'lines'): DiffPiece[] {
  if (before === after) return []
  const isLong = before.length + after.length > LONGEST_FOR_WORDS
  const words = unit === 'words' && !isLong ? diffWordsWithSpace(before, after, FEW_EDITS) : undefined
  const parts = words ?? diffLines(before, after, FEW_EDITS)
  if (parts === undefined)
    return [
      { kind: 'removed' as const, text: before },
      { kind: 'added' as const, text: after },
    ].filter(({ text }) => text !== '')
  return parts.map(({ added, removed, value }) => ({
    kind: added ? 'added' : removed ? 'removed' : 'same',
    text: value,
  }))
}
