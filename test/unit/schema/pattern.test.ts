import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { difference, pointsOfClass } from '../../../schema/pattern/code-points.ts'
import { canMatch, isAnchored } from '../../../schema/pattern/lint.ts'
import { PERL_CLASSES } from '../../../schema/pattern/named-classes.ts'
import {
  compileRustPattern,
  PATTERN_LIMITS,
  PatternLimit,
  type RustPattern,
} from '../../../schema/pattern.ts'

function compiled(source: string): RustPattern {
  const result = compileRustPattern(source)
  if (!result.ok) throw new Error(`${source} ${result.problem}`)
  return result.pattern
}

type Case =
  | { readonly pattern: string; readonly error: string }
  | {
      readonly pattern: string
      readonly groups: number
      readonly texts: readonly [
        text: string,
        matches: readonly [start: number, whole: string, group1: string | null][],
      ][]
    }

/** What Rust's crate itself answered: a program of ten lines printed what `captures_iter` gives for each pattern and text. */
const RUST = JSON.parse(readFileSync(new URL('../../fixtures/rust-regex.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[]
}

/** What Rust takes and we do not. */
const UNSUPPORTED = new Set([
  '(?Rm)^',
  '(?Rm)$',
  '\\<',
  '\\>',
  '\\b{start}',
  '\\b{end}',
  '\\b{start-half}',
  '\\b{end-half}',
  'a{1001}',
])

describe('classes that are written down', () => {
  it.each([
    ['d', '\\p{Nd}'],
    ['s', '\\p{White_Space}'],
  ])('\\%s has what Node finds', (letter, source) => {
    const written = PERL_CLASSES[letter]?.unicode() ?? []
    const found = pointsOfClass(source)
    // Node 20 and 22 may come with an older Unicode, which has no digits that the newer one lacks.
    if (process.versions['unicode'] === '17.0') expect(written).toEqual(found)
    expect(difference(found, written)).toEqual([])
    expect(written.length - found.length).toBeLessThan(5)
  })
})

describe("what Rust's crate answers", () => {
  const wanted = RUST.cases.flatMap((one) => ('error' in one || UNSUPPORTED.has(one.pattern) ? [] : [one]))

  it.each(wanted)('$pattern', ({ pattern, groups, texts }) => {
    const ours = compiled(pattern)
    expect(ours.groups).toBe(groups)
    for (const [text, matches] of texts) {
      const found = ours.matches(text).map(({ start, whole, group1 }) => [start, whole, group1 ?? null])
      expect({ text, found }).toEqual({ text, found: matches })
      expect(ours.occursIn(text)).toBe(matches.length > 0)
    }
  })

  it('is a refusal where it refuses', () => {
    const refused = RUST.cases.filter((one) => 'error' in one)
    expect(refused.length).toBeGreaterThan(100)
    expect(refused.filter(({ pattern }) => compileRustPattern(pattern).ok)).toEqual([])
  })

  it('is more than ours in a few cases only', () => {
    const taken = RUST.cases.filter((one) => 'texts' in one)
    const missing = taken.filter(({ pattern }) => !compileRustPattern(pattern).ok)
    expect(new Set(missing.map(({ pattern }) => pattern))).toEqual(UNSUPPORTED)
  })
})

describe('what is refused, where, and what to do', () => {
  it.each<[pattern: string, problem: string, offset: number, help?: string]>([
    [
      'item (?=\\n)',
      'looks around, which patterns of Octomind cannot do',
      5,
      'Match the text around it too, and put what is wanted in a group: the first group is what counts',
    ],
    [
      '🐢(?<!a)b',
      'looks around, which patterns of Octomind cannot do',
      2,
      'Match the text around it too, and put what is wanted in a group: the first group is what counts',
    ],
    [
      '(a)\\1',
      'refers back to a group, which patterns of Octomind cannot do',
      3,
      'Write out what is to occur again, or \\x{1} for the character',
    ],
    ['a\\Z', "has an escape '\\Z', which is not known", 1, 'Write \\z for the end of the text'],
    ['a\\h', "has an escape '\\h', which is not known", 1],
    ['a\\', 'ends in a backslash', 1, 'Write \\\\ for the character'],
    ['* item', "repeats nothing with '*'", 0, 'Write something before it, or \\* for the character'],
    ['{{name}}', "repeats nothing with '{'", 0, 'Write something before it, or \\{ for the character'],
    ['a{x}', "has a '{' that begins no repetition", 1, 'Write \\{ for the character'],
    ['a{3,2}', 'repeats more often at least than at most', 1],
    ['ab{1001}', 'repeats more than 1000 times', 2, 'Write a smaller number, or * or +'],
    ['(a{1000}){1000}', 'grows too large when its classes and repetitions are written out', 0, 'Repeat less'],
    ['a(b', "has a '(' that nothing closes", 1, 'Close it, or write \\( for the character'],
    ['a)b', "has a ')' that nothing opens", 1, 'Write \\) for the character'],
    ['a[b', "has a '[' that nothing closes", 1, 'Write \\[ for the character'],
    ['[z-a]', 'has a range that runs backwards', 1],
    ['[a-\\d]', 'has a range that begins or ends with a class', 3],
    ['(?z)', "has a flag 'z', which is not known", 2, 'The flags are i, m, s, x, U, u and R'],
    ['(?<1>a)', 'has a group whose name is none', 3, 'Begin the name with a letter and end it with >'],
    ['(?<n>a)(?P<n>b)', 'has two groups of one name', 11, 'Give each group a name of its own'],
    ['\\p{Klingon}', "has a class 'Klingon', which is not known", 0],
    ['\\x{D800}', 'has an escape that stands for no character', 0],
    ['\\u12', 'has an escape without its hexadecimal digits', 0],
    ['(?-u:\\W)', 'would match pieces of characters here', 5, 'Remove (?-u), or negate with Unicode on'],
    ['a\\b{start}', 'asks for one side of a word, which is not supported', 1, 'Write \\b instead'],
    ['(?m)(?R)^', "wants '^' at line ends of Windows, which is not supported", 8, 'Remove the flag R'],
    ['\\b(?-u:\\b)', 'has word edges with Unicode and without', 0, 'Write \\b for all of them'],
    ['('.repeat(251), 'nests too deeply', 250],
    ['a'.repeat(2001), 'is longer than 2000 characters', 2000],
  ])('%s', (pattern, problem, offset, help) => {
    expect(compileRustPattern(pattern)).toEqual({
      ok: false,
      problem,
      offset,
      ...(help === undefined ? {} : { help }),
    })
  })

  it('is never an exception, whatever the pattern and text', () => {
    const piece = fc.constantFrom(
      ...'()[]{}|*+?^$.\\-&~<>=!:#,019abdwspPxuUiR_ é🐢\n',
      '(?',
      '[[:',
      '\\p{',
      '(?x)',
      '\\b',
    )
    const pattern = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(
        fc.oneof(pattern, fc.string({ unit: 'binary' })),
        fc.string({ unit: 'binary' }),
        (source, text) => {
          const result = compileRustPattern(source)
          if (result.ok) return void result.pattern.matches(text)
          expect(result.offset).toBeLessThanOrEqual(source.length)
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('what a text may cost', () => {
  it('is refused beyond the longest text, for either question', () => {
    const pattern = compiled('a')
    const most = 'b'.repeat(PATTERN_LIMITS.text)
    expect(pattern.occursIn(most)).toBe(false)
    const message =
      'The text of 1048577 characters is longer than the 1048576 that patterns are matched against'
    expect(() => pattern.occursIn(`${most}b`)).toThrow(new PatternLimit(message))
    expect(() => pattern.matches(`${most}b`)).toThrow(new PatternLimit(message))
  })

  const lines = (count: number, line: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join('\n')

  it.each<[pattern: string, count: number, text: string]>([
    ['\\d+\\. (.+)', 10_000, lines(10_000, (i) => `${i}. an item of thirty characters`)],
    ['(?m)^- (.+)$', 10_000, lines(10_000, (i) => `- item ${i}\r`)],
    ['(?s)<subgoal>(.+?)</subgoal>', 10_000, lines(10_000, (i) => `<subgoal>\nreach ${i}\n</subgoal>`)],
    ['(?s)<subgoal>(.+?)</subgoal>|<none/>', 1, `<none/>${'<subgoal>'.repeat(50_000)}`],
    ['\\b(\\w+)\\b', 100_000, 'hé '.repeat(100_000)],
    ['', 200_001, 'x'.repeat(200_000)],
    ['.', PATTERN_LIMITS.text / 2, 'a\n'.repeat(PATTERN_LIMITS.text / 2)],
  ])(
    'has no limit to the matches where one is found without a look at the rest: %s',
    (source, count, text) => {
      expect(compiled(source).matches(text)).toHaveLength(count)
    },
  )

  it.each<[pattern: string, text: string]>([
    ['(?s)a.*b|a', 'a'.repeat(20_000)],
    ['(?s)a.+?b|a', 'a'.repeat(20_000)],
    ['a(?s:.*)zebra|(a)', 'a b '.repeat(10_000)],
    ['a[^;]*;|a|\\bé', 'aé '.repeat(20_000)],
  ])('is refused where each match takes a look at all the rest: %s', (source, text) => {
    const message = `To find every match in the text of ${text.length} characters, the pattern would read much of it again and again`
    expect(() => compiled(source).matches(text)).toThrow(new PatternLimit(message))
    expect(compiled(source).matches(text.slice(0, 1000)).length).toBeGreaterThan(200)
  })

  it.each<[pattern: string, occurs: boolean]>([
    ['(a+)+$', false],
    ['(?:a?){500}a{500}b', false],
    ['(a|aa)+c', false],
    ['(.*)(.*)(.*)(.*)b$', false],
    ['(\\w|é)+$', true],
    ['\\b(?:\\w|é)+\\b!', false],
  ])('grows with the text only: %s', (source, occurs) => {
    expect(compiled(source).occursIn('aé'.repeat(20_000))).toBe(occurs)
  })
})

describe('what can be said of a pattern', () => {
  it.each<[pattern: string, isAnchored: boolean]>([
    ['^VALID', true],
    ['(?m)^VALID', true],
    ['\\AVALID', true],
    ['\\b^VALID', true],
    ['^a|^b', true],
    ['(^a|\\Ab)c', true],
    ['(?:^a)+', true],
    ['VALID', false],
    ['^a|b', false],
    ['(?:^a)*', false],
    ['\\bVALID\\b', false],
    ['a^', false],
    ['', false],
  ])('%s is anchored: %s', (pattern, expected) => {
    expect(isAnchored(compiled(pattern).node)).toBe(expected)
  })

  it.each<[pattern: string, canMatch: boolean]>([
    ['a^b', false],
    ['$x', false],
    ['a\\z.', false],
    ['(?:a|b)(?:^c|\\Ad)', false],
    ['[^\\s\\S]', false],
    ['[a&&b]+', false],
    ['a(?:b^)+', false],
    ['a*^b', true],
    ['^$', true],
    ['(?m)a\\n^b', true],
    ['a|b^', true],
    ['[a&&b]*', true],
    ['(?:a|)^b', true],
    ['', true],
  ])('%s can match: %s', (pattern, expected) => {
    expect(canMatch(compiled(pattern).node)).toBe(expected)
  })

  it('is true of what Rust found', () => {
    const found = RUST.cases.filter(
      (one) => 'texts' in one && one.texts.some(([, matches]) => matches.length > 0),
    )
    const wrong = found.filter(
      ({ pattern }) => !UNSUPPORTED.has(pattern) && !canMatch(compiled(pattern).node),
    )
    expect(wrong).toEqual([])
  })
})
