import { foldCase, setOf } from '../pattern/code-points.ts'
import type { Assertion, PatternNode } from '../pattern/node.ts'
import { compileRustPattern } from '../pattern.ts'
import type { TextTest } from '../workflow.ts'

/** A text as expressions and templates write it. */
export function textLiteral(text: string): string {
  return /^[^'\\\p{C}\u2028\u2029]*$/u.test(text) ? `'${text}'` : JSON.stringify(text)
}

/**
 * A test of a text as an expression; `undefined` where its pattern is more than a few fixed texts, at the ends of lines or of the
 * text or anywhere.
 *
 * @param subject an expression for the text that is tested.
 */
export function testExpression({ contains, matches }: TextTest, subject: string): string | undefined {
  const parts = contains ? [`${textLiteral(contains.value)} in ${subject}`] : []
  if (matches) {
    const found = patternExpression(matches.value, subject)
    if (found === undefined) return undefined
    parts.push(found)
  }
  return parts.length === 0 ? 'False' : parts.join(' or ')
}

function patternExpression(pattern: string, subject: string): string | undefined {
  const compiled = compileRustPattern(pattern)
  if (!compiled.ok) return undefined
  const isFolded = foldsCase(compiled.pattern.node)
  const ways = waysOf(compiled.pattern.node, isFolded)
  const tests = ways?.map((way) => wayExpression(way, isFolded ? `${subject}.lower()` : subject))
  if (!tests || tests.includes(undefined)) return undefined
  return tests.length === 1 ? tests[0] : `(${tests.join(' or ')})`
}

/** One text that a pattern stands for, with edges among its letters. */
type Way = readonly (string | Assertion)[]

/** So many texts are still easy to read in an expression. */
const MOST_WAYS = 16

/** `undefined`: too many, or not to be listed. */
function waysOf(node: PatternNode, isFolded: boolean): readonly Way[] | undefined {
  switch (node.kind) {
    case 'assertion':
      return [[node.at]]
    case 'set': {
      const letters = lettersOf(node, isFolded)
      return letters?.map((letter) => [letter])
    }
    case 'group':
      return waysOf(node.item, isFolded)
    case 'choice': {
      const all = node.branches.map((branch) => waysOf(branch, isFolded))
      return capped(all.some((ways) => ways === undefined) ? undefined : all.flatMap((ways) => ways ?? []))
    }
    case 'sequence':
      return productOf(node.items.map((item) => waysOf(item, isFolded)))
    case 'repeat': {
      const { item, min, max } = node
      if (max > MOST_WAYS) return undefined
      const counts = Array.from({ length: max - min + 1 }, (_, i) => min + i)
      const all = counts.map((count) =>
        productOf(Array.from({ length: count }, () => waysOf(item, isFolded))),
      )
      return capped(all.some((ways) => ways === undefined) ? undefined : all.flatMap((ways) => ways ?? []))
    }
  }
}

function productOf(parts: readonly (readonly Way[] | undefined)[]): readonly Way[] | undefined {
  let ways: readonly Way[] | undefined = [[]]
  for (const part of parts) {
    if (!part) return undefined
    ways = capped(ways?.flatMap((way) => part.map((more) => [...way, ...more])))
  }
  return ways
}

function capped(ways: readonly Way[] | undefined): readonly Way[] | undefined {
  return ways && ways.length <= MOST_WAYS ? ways : undefined
}

function lettersOf(
  { set }: Extract<PatternNode, { kind: 'set' }>,
  isFolded: boolean,
): readonly string[] | undefined {
  const size = set.reduce((sum, [from, to]) => sum + to - from + 1, 0)
  if (size === 0 || size > MOST_WAYS) return undefined
  const letters = set.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i)),
  )
  return isFolded
    ? [...new Set(letters.map((letter) => letter.toLowerCase()).filter((one) => one <= '\u007f'))]
    : letters
}

/** Whether a pattern has letters of the English alphabet, and takes each in either case. */
function foldsCase(node: PatternNode): boolean {
  const sets = setsOf(node)
  const isLetter = (set: PatternNode & { kind: 'set' }) =>
    set.set.some(([from]) => /[A-Za-z]/.test(String.fromCodePoint(from)))
  const lettered = sets.filter(isLetter)
  const folded = lettered.filter(
    ({ set }) => JSON.stringify(foldCase(setOf(set[0]?.[0] ?? 0))) === JSON.stringify(set),
  )
  return (
    lettered.length > 0 &&
    folded.length === lettered.length &&
    sets.every(({ set }) => isLetter({ kind: 'set', set }) || (set[0]?.[0] ?? 0x80) < 0x80)
  )
}

function setsOf(node: PatternNode): readonly Extract<PatternNode, { kind: 'set' }>[] {
  switch (node.kind) {
    case 'set':
      return [node]
    case 'assertion':
      return []
    case 'sequence':
      return node.items.flatMap(setsOf)
    case 'choice':
      return node.branches.flatMap(setsOf)
    default:
      return setsOf(node.item)
  }
}

type Edge = 'text' | 'line' | 'none'

/** Where a text has to stand, by what stands before it and behind it. */
const PLACES: Readonly<Record<`${Edge} ${Edge}`, (subject: string, text: string) => string>> = {
  'none none': (subject, text) => `${textLiteral(text)} in ${subject}`,
  'line none': (subject, text) => `${textLiteral(`\n${text}`)} in '\\n' + ${subject}`,
  'none line': (subject, text) => `${textLiteral(`${text}\n`)} in ${subject} + '\\n'`,
  'line line': (subject, text) => `${textLiteral(`\n${text}\n`)} in '\\n' + ${subject} + '\\n'`,
  'text none': (subject, text) => `${subject}.startswith(${textLiteral(text)})`,
  'none text': (subject, text) => `${subject}.endswith(${textLiteral(text)})`,
  'text text': (subject, text) => `${subject} == ${textLiteral(text)}`,
  'text line': (subject, text) => `(${subject} + '\\n').startswith(${textLiteral(`${text}\n`)})`,
  'line text': (subject, text) => `('\\n' + ${subject}).endswith(${textLiteral(`\n${text}`)})`,
}

function wayExpression(way: Way, subject: string): string | undefined {
  const isLetter = (one: Way[number]) => [...one].length === 1
  const first = way.findIndex(isLetter)
  const last = way.findLastIndex(isLetter)
  // A place without a letter, such as an empty line, is not looked for.
  if (first < 0) return undefined
  const letters = way.slice(first, last + 1)
  const before = edgeOf(way.slice(0, first), 'start')
  const behind = edgeOf(way.slice(last + 1), 'end')
  if (!before || !behind || !letters.every(isLetter)) return undefined
  return PLACES[`${before} ${behind}`](subject, letters.join(''))
}

function edgeOf(marks: Way, side: 'start' | 'end'): Edge | undefined {
  if (
    marks.includes(`text-${side}`) &&
    marks.every((mark) => mark === `text-${side}` || mark === `line-${side}`)
  )
    return 'text'
  if (marks.every((mark) => mark === `line-${side}`)) return marks.length === 0 ? 'none' : 'line'
  return undefined
}
