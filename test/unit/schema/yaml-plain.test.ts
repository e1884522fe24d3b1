import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { positionsOf } from '../../../schema/yaml.ts'
import { readFullYaml } from '../../../schema/yaml-full.ts'
import { readPlainYaml } from '../../../schema/yaml-plain.ts'

/** What the plain reading gives must be what the full one does, to the last offset, and leave nothing to report. */
function expectSameAsFull(text: string): boolean {
  const plain = readPlainYaml(text)
  if (plain === undefined) return false
  expect({ text, ...readFullYaml(text, positionsOf('f.yaml', text)) }).toEqual({
    text,
    root: plain,
    diagnostics: [],
  })
  return true
}

describe('what the plain reading reads as the full one does', () => {
  it.each<[situation: string, text: string]>([
    ['maps in maps', 'a:\n  b:\n    c: 1\n  d: 2\ne: 3\n'],
    ['a list as far left as its key', 'a:\n- b\n- c: 1\n  d: 2\ne: f\n'],
    ['a list further right', 'a:\n    - b\n    -\n        c\u003a d\n'],
    ['a list at the root', '- a\n- b: c\n  d: e\n-\n- f\n'],
    ['keys and items without values', 'a:\nb: # nothing\nc:   \n- \n'.replace('- \n', 'd:\n- \n-\n')],
    ['comments everywhere', '# top\n\na: b # end\n  # deep\n# left\nc:\n  # above\n  d: e\n# last'],
    ['words with a meaning', 'a: yes\nb: ~\nc: 010\nd: 1.5\ne: 2024-01-01\non: push\n12: x\n1.0: y'],
    ['quotes', `a: 'it''s: # fine'\nb: "a\\n\\"b\\" \\\\ c"\n"k: e": 'v'\n'q' : ""\n`],
    ['text with marks inside', 'a: http://x#y, [z] {w}\nb-c: -d\ne: 1 - 2: 3'.replace(': 3', ':3')],
    [
      'lists and maps on one line',
      'a: [b, "c", [1, -2], {d: e}]\nf: { g: h, i: [] }\nj: {}\n- k'.replace('\n- k', ''),
    ],
    ['text in lines', 'a: |\n  b\n\n    c # no comment\n  d\n\n\ne: |-\n  f\n# g\nh: |\n  i'],
    ['text that folds', 'a: >\n  b\n  c\n\n  d\n\n\n  e\nf: >-\n\n  g\n  h\n'],
    ['text that ends with the file, without a line end', 'a: |\n  b\n  c'],
    ['folded text that ends with the file, without a line end', 'a: >\n  b\n  c'],
    ['text in a list', '- |\n  a\n- b: >\n    c\n  d: e'],
    ['an empty file', ''],
    ['the start of a document', '---\na: b\n'],
    ['no line end at the end', 'a:\n  b: c'],
  ])('%s', (_situation, text) => {
    expect(expectSameAsFull(text)).toBe(true)
  })

  it('the examples', () => {
    const folder = 'examples'
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.ya?ml$/.test(name),
    )
    const read = files.filter((name) => expectSameAsFull(readFileSync(join(folder, name), 'utf8')))
    expect(read.length).toBeGreaterThan(files.length / 2)
  })
})

describe('what is left to the full reading', () => {
  it.each<[situation: string, text: string]>([
    ['an anchor', 'a: &b c'],
    ['an alias', 'a: *b'],
    ['a tag', 'a: !!str b'],
    ['a merge', '<<: {}'],
    ['a tab', 'a: "\t"'],
    ['line ends of Windows', 'a: b\r\n'],
    ['a byte order mark', '\ufeffa: b'],
    ['a second document', 'a: b\n---\nc: d'],
    ['a directive', '%YAML 1.1\n---\na: b'],
    ['a key that stands twice', 'a: 1\na: 2'],
    ['text over several lines', 'a: b\n  c'],
    ['quotes over several lines', 'a: "b\n  c"'],
    ['brackets over several lines', 'a: [b,\n  c]'],
    ['a second colon', 'a: b: c'],
    ['a date that does not exist', 'a: 2024-02-30'],
    ['nothing', '# only a comment\n'],
    ['a lone word', 'a'],
    ['wrong indentation', 'a:\n  b: c\n d: e'],
    ['a quote that stays open', "a: 'b"],
    ['a comment without a blank', 'a: "b"#c'],
    ['lists deeper than the limit', `a: ${'['.repeat(101)}${']'.repeat(101)}`],
  ])('%s', (_situation, text) => {
    expect(readPlainYaml(text)).toBeUndefined()
  })
})

const word = fc.constantFrom(
  'a',
  'b',
  'c d',
  'on',
  '1',
  '0x1f',
  '1.5',
  '~',
  "'q'",
  '"q\\n"',
  '-x',
  'a#b',
  'x:y',
  '=',
  '<<',
)
const inline = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    word,
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc
      .array(tie('value'), { maxLength: 3 })
      .map((items) => `{${items.map((v, i) => `k${i}: ${v}`).join(', ')}}`),
  ),
})).value
const ending = fc.constantFrom('', '', '', ' # c', '  ', '\n', '\n  # c', '\n# c')
const lines = fc.array(fc.constantFrom('t', 'u v', '# w', ': x', '- y', '', ' ', '  z', '    '), {
  minLength: 1,
  maxLength: 4,
})
const indented = (text: string, by: number) => text.replace(/^(?=.)/gm, ' '.repeat(by))

/** Texts that mostly are YAML, in all shapes that the plain reading knows and some that it does not. */
const block = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.tuple(inline, ending).map(([value, end]) => ` ${value}${end}`),
    fc
      .tuple(fc.constantFrom('|', '>', '|-', '>-', '|+', '>2'), lines, fc.constantFrom(1, 2, 4))
      .map(([mark, text, by]) => ` ${mark}\n${indented(text.join('\n'), by)}`),
    fc.constant(''),
    fc
      .tuple(
        fc.array(fc.tuple(word, tie('node')), { minLength: 1, maxLength: 3 }),
        fc.constantFrom(0, 1, 2),
        ending,
      )
      .map(
        ([pairs, by, end]) => `${end}\n${indented(pairs.map(([k, v], i) => `${k}${i}:${v}`).join('\n'), by)}`,
      ),
    fc
      .tuple(fc.array(tie('node'), { minLength: 1, maxLength: 3 }), fc.constantFrom(0, 1, 2))
      .map(([items, by]) => `\n${indented(items.map((v) => `-${v}`).join('\n'), by)}`),
    fc
      .tuple(word, tie('node'), word, tie('node'))
      .map(
        ([k, v, k2, v2]) =>
          `\n- ${k}:${indented(v, 2).trimStart() === v.trimStart() ? v : indented(v, 2)}\n  ${k2}2:${v2}`,
      ),
  ),
})).node

describe('any text', () => {
  it('of lines that fit together is read as the full reading reads it', () => {
    let read = 0
    fc.assert(
      fc.property(fc.array(fc.tuple(word, block), { minLength: 1, maxLength: 4 }), (pairs) => {
        if (expectSameAsFull(pairs.map(([key, value], i) => `${key}${i}:${value}`).join('\n'))) read += 1
      }),
      { numRuns: 1500 },
    )
    expect(read).toBeGreaterThan(200)
  })

  it('of pieces is read as the full reading reads it, or not at all', () => {
    const piece = fc.constantFrom(
      ...['a', 'b', ':', ': ', '- ', '-', '\n', '\n', '\n  ', ' ', '"', "'", '{', '}', '[', ']', ',', ', '],
      ...[
        '|',
        '>',
        '#',
        ' #',
        '?',
        '? ',
        '!',
        '&',
        '*',
        '%',
        '@',
        '0',
        '~',
        '---',
        '...',
        '\\',
        '\\n',
        '<<',
        '=',
      ],
      ...['a: ', 'b: ', '\na: ', '\n- ', '\n  - ', '\n  b: ', 'a: |\n', 'a: >-\n  x'],
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (parts) => {
        expectSameAsFull(parts.join(''))
      }),
      { numRuns: 3000 },
    )
  })
})
