import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  childOf,
  dataOf,
  plainOf,
  readYaml,
  warnOfYaml12,
  YAML_LIMITS,
  type YamlNode,
} from '../../../schema/yaml.ts'

const bomb = [
  'a0: &a0 [x, x]',
  ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`),
].join('\n')

describe('what cannot be read', () => {
  it.each<[situation: string, input: string | Uint8Array, code: string, line: number, column: number]>([
    ['bytes that are not UTF-8', new Uint8Array([0x61, 0xff]), 'not-utf8', 1, 1],
    ['a file of more than five megabytes', `a: ${'x'.repeat(YAML_LIMITS.bytes)}`, 'file-too-large', 1, 1],
    [
      'many short characters beyond the limit',
      `a: ${'é'.repeat(YAML_LIMITS.bytes / 2)}`,
      'file-too-large',
      1,
      1,
    ],
    ['a control character', 'a: b\nc: \u0007d', 'control-character', 2, 4],
    ['a lone surrogate', 'a: \ud800', 'control-character', 1, 4],
    ['a tab as indentation', 'a:\n\tb: c', 'yaml-syntax', 2, 1],
    ['a tab after a colon', 'a:\tb', 'yaml-tab', 1, 3],
    ['a tab at the end of a line', 'a: b\t', 'yaml-tab', 1, 5],
    ['two colons in one line', 'a: b\nc: d: e', 'yaml-syntax', 2, 4],
    ['a placeholder without quotes', 'a: {{b}}', 'yaml-syntax', 1, 5],
    ['an unclosed quote', 'a: "b', 'yaml-syntax', 1, 6],
    ['quotes that end in an escaped one', "a: 'b''", 'yaml-syntax', 1, 4],
    ['quotes that end in a backslash', 'a: "b\\"', 'yaml-syntax', 1, 4],
    ['a colon without a key', 'a: 1\n: 2', 'yaml-syntax', 2, 1],
    ['a colon without a key in brackets', 'a: [: 2]', 'yaml-syntax', 1, 5],
    ['a text in brackets that begins with a colon', 'a: [b, :c]', 'yaml-syntax', 1, 8],
    ['an unknown tag', 'a: !b c', 'yaml-tag', 1, 7],
    ['a tag with the name of a method', 'a: !!constructor c', 'yaml-tag', 1, 18],
    ['a date that does not exist', 'a: 2024-02-30', 'yaml-value', 1, 4],
    ['an alias of nothing', 'a: *b', 'yaml-syntax', 1, 4],
    ['an alias inside its own anchor', 'a: &b [*b]', 'yaml-syntax', 1, 8],
    ['an anchor defined twice', 'a: &b 1\nc: &b 2', 'yaml-syntax', 2, 7],
    ['two documents', 'a: 1\n---\nb: 2', 'yaml-syntax', 2, 1],
    ['aliases that grow without end', bomb, 'too-many-values', 17, 11],
    ['deep nesting', `${'['.repeat(200)}${']'.repeat(200)}`, 'too-deep', 1, 102],
    ['nesting that would end the stack of a parser', '['.repeat(200_000), 'too-deep', 1, 102],
    ['lists in lists on one line', `${'- '.repeat(50_000)}a`, 'too-deep', 1, 203],
    [
      'lines indented further and further',
      Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'too-deep',
      102,
      1,
    ],
  ])('%s', (_situation, input, code, line, column) => {
    const { diagnostics, root } = readYaml('file.yaml', input)
    const first = diagnostics.find((one) => one.severity === 'error')
    expect(first && { code: first.code, line: first.line, column: first.column }).toEqual({
      code,
      line,
      column,
    })
    expect(root).toBeUndefined()
  })

  it('warns of a key that stands twice and takes the last', () => {
    const { diagnostics, root } = readYaml('file.yaml', 'a: 1\na: 2')
    expect(diagnostics.map((one) => [one.code, one.severity, one.line, one.found])).toEqual([
      ['duplicate-key', 'warning', 2, 'the first one is in line 1'],
    ])
    expect(root && plainOf(root)).toEqual({ a: 2 })
  })
})

describe('what goes on in the next line at any indentation, as PyYAML takes it', () => {
  it.each<[situation: string, text: string, value: unknown]>([
    ['text in double quotes', 'a: "b\nc"\nd: e', { a: 'b c', d: 'e' }],
    [
      'text in single quotes, less indented than its key',
      "x:\n  a: 'b\n c''s'\n  d: e",
      { x: { a: "b c's", d: 'e' } },
    ],
    ['an escaped line break', 'x:\n  a: "b\\\n c"\n', { x: { a: 'bc' } }],
    ['an empty line in quotes', 'x:\n  a: "b\n\n c"\n', { x: { a: 'b\nc' } }],
    ['a list in brackets', 'x:\n- a: [b, # one\nc]\n  d: e', { x: [{ a: ['b', 'c'], d: 'e' }] }],
    ['a map in braces', "x:\n  a: {b: 'c\nd', e: f\n}\n  g: h", { x: { a: { b: 'c d', e: 'f' }, g: 'h' } }],
    ['beside blocks that look like quotes', 'a: |\n  "b\nc: "d\ne"', { a: '"b\n', c: 'd e' }],
    [
      'beside words with apostrophes',
      "a: it's # don't\nb: [it's, 'c\nd']",
      { a: "it's", b: ["it's", 'c d'] },
    ],
    ['a comment at once behind quotes', "a: 'b'#c\nd: [e]#f", { a: 'b', d: ['e'] }],
  ])('%s', (_situation, text, value) => {
    const { root, diagnostics } = readYaml('file.yaml', text)
    expect(diagnostics).toEqual([])
    expect(root && plainOf(root)).toEqual(value)
  })

  it('keeps every place in the text as it is written', () => {
    const text = 'x:\n  a: "b\nc"\n  d: [e,\nf]\n  g: h\n'
    const { root, at } = readYaml('file.yaml', text)
    const x = childOf(root, 'x')
    const place = (node: YamlNode | undefined) => node && [at(node.start).line, at(node.start).column]
    expect(place(childOf(x, 'a'))).toEqual([2, 6])
    const list = childOf(x, 'd')
    expect(list?.kind === 'seq' && list.items.map(place)).toEqual([
      [4, 7],
      [5, 1],
    ])
    expect(list && text.slice(list.start, list.end)).toBe('[e,\nf]')
    expect(place(childOf(x, 'g'))).toEqual([6, 6])
  })
})

describe('what is fine', () => {
  it.each([
    [
      'tabs in quotes, blocks and comments',
      'a: "b\tc"\nd: |\n  e\tf\ng: h # i\tj\n',
      { a: 'b\tc', d: 'e\tf\n', g: 'h' },
    ],
    ['a byte order mark', '\ufeffa: b', { a: 'b' }],
    ['a block at the end of a file without a last line break', 'a: |\n  b\n  c', { a: 'b\nc' }],
    ['a folded block there, indented further', 'a: >\n  b\n   c', { a: 'b\n c' }],
    ['a block that keeps its line breaks there', 'a: |+\n  b', { a: 'b' }],
    ['a last line of spaces that belong to the block', 'a: |\n  b\n   ', { a: 'b\n ' }],
    ['a last line of nothing but indentation', 'a: |\n  b\n   \n  ', { a: 'b\n \n' }],
    ['Windows line ends', 'a: b\r\nc: d\r\n', { a: 'b', c: 'd' }],
    [
      'names of the prototype',
      '__proto__: 1\nconstructor: 2\ntoString: 3',
      JSON.parse('{"__proto__":1,"constructor":2,"toString":3}'),
    ],
  ])('%s', (_situation, text, expected) => {
    const { root, diagnostics } = readYaml('file.yaml', text)
    expect(diagnostics).toEqual([])
    expect(JSON.parse(JSON.stringify(root && plainOf(root)))).toEqual(expected)
  })

  it('keeps integers and floats apart for the engine', () => {
    const { root } = readYaml('file.yaml', 'a: 1\nb: 1.0\nc: 123456789012345678901234567890\nd: 2024-01-01')
    expect(root && { ...(dataOf(root) as object) }).toEqual({
      a: 1n,
      b: 1,
      c: 123456789012345678901234567890n,
      d: '2024-01-01',
    })
  })
})

describe('where YAML 1.2 reads something else', () => {
  it.each([
    ['a: yes', '\'yes\' is true in YAML 1.1, which counts here, and the text "yes" in YAML 1.2'],
    ['a: 010', "'010' is the int 8 in YAML 1.1, which counts here, and the number 10 in YAML 1.2"],
    ['a: 12:30', '\'12:30\' is the int 750 in YAML 1.1, which counts here, and the text "12:30" in YAML 1.2'],
    ['a: 1e3', '\'1e3\' is the text "1e3" in YAML 1.1, which counts here, and the number 1000 in YAML 1.2'],
    [
      'a: 1_000',
      '\'1_000\' is the int 1000 in YAML 1.1, which counts here, and the text "1_000" in YAML 1.2',
    ],
    [
      'a: 2024-01-01',
      '\'2024-01-01\' is the timestamp 2024-01-01 in YAML 1.1, which counts here, and the text "2024-01-01" in YAML 1.2',
    ],
  ])('%s', (text, message) => {
    expect(warnOfYaml12(readYaml('file.yaml', text)).map((one) => one.message)).toEqual([message])
  })

  it.each(['a: true', 'a: 10', 'a: 1.5', 'a: -0', "a: 'yes'", 'a: null', 'on: push', 'a: v1.2'])(
    'says nothing of %s',
    (text) => {
      expect(warnOfYaml12(readYaml('file.yaml', text))).toEqual([])
    },
  )
})

describe('any text', () => {
  it('never throws', () => {
    const pieces = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '"',
      "'",
      '{',
      '}',
      '[',
      ']',
      ',',
      '&a ',
      '*a',
      '!t ',
      '|',
      '>',
      '#',
      '\t',
      '? ',
      '<<',
      '%',
      '0',
      '~',
      '---',
      '\u0000',
      '😀',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const { diagnostics, root } = readYaml('file.yaml', parts.join(''))
        expect(root !== undefined).toBe(!diagnostics.some((one) => one.severity === 'error'))
      }),
      { numRuns: 1500 },
    )
  })
})
