import {
  type CodePoints,
  classSource,
  complement,
  difference,
  intersection,
  setOf,
  union,
} from './code-points.ts'
import { wordPoints } from './named-classes.ts'
import type { Assertion, PatternNode } from './node.ts'

/**
 * How a text stands before the engine. Its `\b` knows English words only: so where a text has others, each of their letters is
 * put between two underscores, for which it takes them, and an underscore becomes three.
 */
export type TextForm = 'plain' | 'guarded'

const GUARD = 0x5f

const ASSERTIONS: Readonly<Record<Assertion, string>> = {
  'text-start': '\\A',
  'text-end': '\\z',
  'line-start': '(?m:^)',
  'line-end': '(?m:$)',
  'word-edge': '\\b',
  'no-word-edge': '\\B',
  'ascii-word-edge': '\\b',
  'no-ascii-word-edge': '\\B',
}

let guarded: CodePoints | undefined

/** What is put between underscores. */
export function guardedPoints(): CodePoints {
  guarded ??= union(setOf(GUARD), difference(wordPoints(), [[0, 0x7f]]))
  return guarded
}

/** A pattern in the syntax of RE2 without any flags, for texts of a form. */
export function emitPattern(node: PatternNode, form: TextForm): string {
  switch (node.kind) {
    case 'set':
      return emitSet(node.set, form)
    case 'assertion':
      return ASSERTIONS[node.at]
    case 'sequence':
      return node.items.map((item) => emitPattern(item, form)).join('')
    case 'choice':
      return `(?:${node.branches.map((branch) => emitPattern(branch, form)).join('|')})`
    case 'group':
      return `(${emitPattern(node.item, form)})`
    case 'repeat':
      return `(?:(?:${emitPattern(node.item, form)})${countOf(node.min, node.max)}${node.isGreedy ? '' : '?'})`
  }
}

function countOf(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`
  return min === 0 && max === 1 ? '?' : `{${min},${max}}`
}

function emitSet(set: CodePoints, form: TextForm): string {
  if (form === 'plain') return spellSet(set)
  const apart = intersection(set, guardedPoints())
  if (apart.length === 0) return spellSet(set)
  const rest = intersection(set, complement(guardedPoints()))
  const between = `_${spellSet(apart)}_`
  return rest.length === 0 ? between : `(?:${spellSet(rest)}|${between})`
}

function spellSet(set: CodePoints): string {
  if (set.length === 0) return '[^\\x{0}-\\x{10FFFF}]'
  const [first] = set
  if (set.length === 1 && first && first[0] === first[1]) return spell(first[0])
  return classSource(set, spell)
}

function spell(code: number): string {
  const char = String.fromCodePoint(code)
  return /^[A-Za-z0-9_ ]$/.test(char) ? char : `\\x{${code.toString(16)}}`
}
