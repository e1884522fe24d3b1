import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { readToml } from '../../../schema/toml.ts'
import { plainOf, sourceOffsetOf, YAML_LIMITS, type YamlNode, YamlTimestamp } from '../../../schema/yaml.ts'

const CORPUS = fileURLToPath(new URL('../../../../shared/corpus/octomind', import.meta.url))

describe('what is no TOML', () => {
  it.each<[situation: string, text: string, line: number, column: number, message: string, found?: string]>([
    ['text without quotes', 'a = 1\nb = yes', 2, 5, 'This is not a value', "'yes'"],
    ['no value', 'a =\nb = 1', 1, 4, 'This is not a value', 'the end of the line'],
    ['nothing after the sign', 'a = ', 1, 5, 'This is not a value', 'the end of the file'],
    ['a key alone', 'a', 1, 1, 'The file ends in a key', "'a'"],
    [
      'a key over two lines',
      'a\n= 1',
      1,
      2,
      'This cannot stand in a key without quotes',
      'the end of the line',
    ],
    ['no key', '= 1', 1, 1, 'A key is missing here', "'='"],
    ['a dot too many', 'a..b = 1', 1, 3, 'A part of the key is empty', "'.'"],
    ['a letter with an accent in a key', 'clé = 1', 1, 3, 'This cannot stand in a key without quotes', "'é'"],
    ['a key between three quotes', '"""a""" = 1', 1, 1, 'A key cannot stand between three quotes', `'"'`],
    ['two pairs on a line', 'a = 1 b = 2', 1, 7, 'Something follows on the line', "'b'"],
    [
      'a quote that is not closed',
      'a = "b\nc = 1',
      1,
      7,
      'A text in quotes is not closed on its line',
      'the end of the line',
    ],
    ['three quotes that are not closed', 'a = """b\nc', 1, 5, 'The text that begins here is not closed'],
    ['a list that is not closed', 'a = [1,\n', 1, 5, 'The list that begins here is not closed'],
    ['a list that ends with the file', 'a = [[1], ', 1, 5, 'The list that begins here is not closed'],
    [
      'an inline table that is not closed',
      'b = [{c = 1}]\na = {b = [1], \n',
      2,
      5,
      'The inline table that begins here is not closed',
    ],
    ['a list without a comma', 'a = [1\n2]', 2, 1, 'A list or an inline table breaks off here', "'2'"],
    [
      'the head of a table that is not closed',
      '[a\nb = 1',
      1,
      3,
      'This cannot stand in a key without quotes',
      'the end of the line',
    ],
    [
      'a list head with one bracket too few',
      '[[a]\n',
      1,
      5,
      "The head of a table begins with '[[' and does not end with ']]'",
      'the end of the line',
    ],
    [
      'a pattern in double quotes',
      'a = "\\d+"',
      1,
      6,
      'There is no such escape between double quotes',
      "'\\d'",
    ],
    [
      'a backslash and a blank inside a line',
      'a = """b\\ c"""',
      1,
      9,
      'There is no such escape between double quotes',
      "'\\'",
    ],
    ['an escape that is too short', 'a = "\\u12"', 1, 10, 'The escape has too few digits', `'"'`],
    ['an escape of half a pair', 'a = "\\ud800"', 1, 6, 'The escape stands for no character', "'\\'"],
    ['a leading zero', 'a = 007', 1, 5, 'A number cannot begin with a zero', "'007'"],
    ['underscores at the end', 'a = 1_', 1, 5, 'This is not a number'],
    ['two underscores', 'a = 1__0', 1, 7, "'_' stands in a number only between two digits", "'_0'"],
    ['a unit', 'a = 10s', 1, 7, 'This is not a number', "'s'"],
    ['a date that does not exist', 'a = 2024-13-01', 1, 5, 'There is no such date or time', "'2024-13-01'"],
    [
      'a number beyond 64 bits',
      'a = 1\nb = 9223372036854775808',
      2,
      5,
      'This whole number does not fit into 64 bits',
    ],
    [
      'a carriage return in a comment',
      '# a\rb',
      1,
      4,
      'A carriage return stands alone in a comment',
      'the end of the line',
    ],
    ['windows lines before it', 'a = 1\r\nb = yes\r\n', 2, 5, 'This is not a value', "'yes'"],
    ['two carriage returns', 'a = 1\r\r\n', 1, 6, 'Something follows on the line', 'the end of the line'],
  ])('%s', (_situation, text, line, column, message, found) => {
    const { root, diagnostics } = readToml('f.toml', text)
    expect(root).toBeUndefined()
    expect(diagnostics).toEqual([
      expect.objectContaining({
        code: 'toml-syntax',
        severity: 'error',
        file: 'f.toml',
        line,
        column,
        message,
      }),
    ])
    expect(diagnostics[0]?.found).toBe(found)
  })

  it.each<[situation: string, text: string, line: number, column: number, message: string, found?: string]>([
    ['a key', 'a = 1\na = 2', 2, 1, "The key 'a' is defined a second time", 'the first one is in line 1'],
    [
      'a table',
      '[a]\nb = 1\n[c]\n[a]\n',
      4,
      2,
      "The key 'a' is defined a second time",
      'the first one is in line 1',
    ],
    [
      'a key of a table',
      'b = 0\n[a]\nb = 1\nb = 2',
      4,
      1,
      "The key 'b' is defined a second time",
      'the first one is in line 3',
    ],
    [
      'a key of a list item',
      '[[a]]\nb = 1\n[[a]]\nb = 2\nb = 3',
      5,
      1,
      "The key 'b' is defined a second time",
      'the first one is in line 4',
    ],
    [
      'a table and a list',
      '[steps]\n[[steps]]',
      2,
      3,
      "The key 'steps' is defined a second time",
      'the first one is in line 1',
    ],
    [
      'a value and a table',
      'a = 1\n[a.b]\n',
      2,
      2,
      "The key 'a' is defined a second time",
      'the first one is in line 1',
    ],
    [
      'a list that is a value and a list head',
      'a = []\n[[a]]',
      2,
      3,
      "The key 'a' is defined a second time",
      'the first one is in line 1',
    ],
    [
      'a key of an inline table',
      'b = 0\na = {\n b = 1,\n b = 2}',
      4,
      2,
      "The key 'b' is defined a second time",
      'the first one is in line 3',
    ],
    [
      'a key in quotes',
      '"a" = 1\na = 2',
      2,
      1,
      "The key 'a' is defined a second time",
      'the first one is in line 1',
    ],
    [
      'the key of every object',
      '__proto__ = 1\n__proto__ = 2',
      2,
      1,
      "The key '__proto__' is defined a second time",
      'the first one is in line 1',
    ],
  ])('defined twice: %s', (_situation, text, line, column, message, found) => {
    const { root, diagnostics } = readToml('f.toml', text)
    expect(root).toBeUndefined()
    expect(diagnostics).toEqual([
      expect.objectContaining({ code: 'toml-redefined', severity: 'error', line, column, message, found }),
    ])
  })

  it.each<[situation: string, input: string | Uint8Array, code: string, line: number, column: number]>([
    ['bytes that are not UTF-8', new Uint8Array([0x61, 0xff]), 'not-utf8', 1, 1],
    ['a file of more than five megabytes', `#${'x'.repeat(YAML_LIMITS.bytes)}`, 'file-too-large', 1, 1],
    ['a control character', 'a = 1\nb = "\u0007"', 'control-character', 2, 6],
    ['a zero byte', 'a = 1\0', 'control-character', 1, 6],
    ['a lone surrogate', 'a = "\ud800"', 'control-character', 1, 6],
    ['lists in lists', `a = ${'['.repeat(200)}`, 'too-deep', 1, 104],
    ['nesting that would end the stack of a parser', `a = ${'['.repeat(200_000)}`, 'too-deep', 1, 104],
    ['tables in tables', `[${'a.'.repeat(100_000)}a]`, 'too-deep', 1, 1],
    ['keys in keys', `${'a.'.repeat(100_000)}a = 1`, 'too-deep', 1, 1],
    ['very many values', `a = [${'1,'.repeat(YAML_LIMITS.nodes)}]`, 'too-many-values', 1, 400_002],
    ['very many tables', '[[a]]\n'.repeat(YAML_LIMITS.nodes), 'too-many-values', 199_999, 1],
  ])('%s', (_situation, input, code, line, column) => {
    const { root, diagnostics } = readToml('f.toml', input)
    expect(root).toBeUndefined()
    expect(diagnostics).toEqual([expect.objectContaining({ code, severity: 'error', line, column })])
  })
})

describe('values', () => {
  it.each<[situation: string, text: string, value: unknown]>([
    ['an empty file', '', {}],
    ['a byte order mark', '\ufeffa = 1', { a: 1 }],
    [
      'numbers',
      'a = [1, -0x0, 0xff, 0b1, 0o17, 1_000, 1.0, 1e3, +5]'.replace('-0x0', '-0'),
      { a: [1, 0, 255, 1, 15, 1000, 1, 1000, 5] },
    ],
    [
      'tables, dotted keys and inline tables',
      '[a.b]\nc.d = 1\n[a]\ne = {f.g = 2}',
      { a: { b: { c: { d: 1 } }, e: { f: { g: 2 } } } },
    ],
    [
      'lists of tables in lists of tables',
      '[[a]]\n[[a.b]]\nc = 1\n[[a.b]]\n[[a]]\n',
      { a: [{ b: [{ c: 1 }, {}] }, {}] },
    ],
    [
      'a table inside an item',
      '[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 2',
      { a: [{ b: { c: 1 } }, { b: { c: 2 } }] },
    ],
    ['keys in quotes', `"a b".'c.d'."\\u0065" = 1`, { 'a b': { 'c.d': { e: 1 } } }],
    ['text in four ways', `a = ["b\\n", 'c\\n', """\nd\n""", '''\ne''']`, { a: ['b\n', 'c\\n', 'd\n', 'e'] }],
    ['quotes inside three quotes', `a = ["""""b""""", '''''c''''']`, { a: ['""b""', "''c''"] }],
    ['a line that goes on', 'a = """b\\\n   c"""', { a: 'bc' }],
    ['windows lines', 'a = """\r\nb\r\nc"""\r\nd = "\\r\\n"\r\n', { a: 'b\nc', d: '\r\n' }],
    ['marks inside text and comments', 'a = "[b] # c" # "d\ne = [ # ]\n1, # ,\n]', { a: '[b] # c', e: [1] }],
    [
      'names that every object has',
      '__proto__.a = 1\nconstructor = 2\n[toString]',
      { ['__proto__']: { a: 1 }, constructor: 2, toString: {} },
    ],
  ])('%s', (_situation, text, value) => {
    const { root, diagnostics } = readToml('f.toml', text)
    expect(diagnostics).toEqual([])
    expect(JSON.stringify(root && plainOf(root))).toBe(JSON.stringify(value))
    expectPlaces(text)
  })

  it('keeps whole numbers and others apart, and dates as they are written', () => {
    const text = 'a = [1, 1.0, 1979-05-27 07:32:00Z, 1979-05-27, 07:32]'
    const { root } = readToml('f.toml', text)
    expect(root && valuesIn(root)).toEqual({
      a: [
        1n,
        1,
        new YamlTimestamp('datetime', '1979-05-27 07:32:00Z'),
        new YamlTimestamp('date', '1979-05-27'),
        new YamlTimestamp('datetime', '07:32'),
      ],
    })
  })
})

describe('places', () => {
  it('gives tables, items and lists the place of what makes them', () => {
    const text = '# top\nx.y = 1\n\n[[steps]]\nname = "a"\n[[steps.run]]\nname = "b"\n[z]\n'
    const { root } = readToml('f.toml', text)
    const places: string[] = []
    const walk = (node: YamlNode, path: string) => {
      places.push(`${path} ${JSON.stringify(text.slice(node.start, node.end))}`)
      if (node.kind === 'seq') for (const [i, item] of node.items.entries()) walk(item, `${path}/${i}`)
      if (node.kind === 'map') for (const [name, entry] of node.entries) walk(entry.value, `${path}/${name}`)
    }
    for (const [name, { value }] of root?.kind === 'map' ? root.entries : []) walk(value, name)
    expect(places).toEqual([
      'x "x.y = 1"',
      'x/y "1"',
      'steps "[[steps]]"',
      'steps/0 "[[steps]]\\nname = \\"a\\""',
      'steps/0/name "\\"a\\""',
      'steps/0/run "[[steps.run]]"',
      'steps/0/run/0 "[[steps.run]]\\nname = \\"b\\""',
      'steps/0/run/0/name "\\"b\\""',
      'z "[z]"',
    ])
  })

  it.each<[situation: string, text: string]>([
    ['double quotes', 'a = "one \\"HERE\\" and on"'],
    ['escapes of each length', 'a = "\\x41\\u0042\\U00000043\\U0001F422\\n\\\\ HERE"'],
    ['single quotes', `a = '\\d HERE'`],
    ['three quotes', 'a = """\n one\n  HERE two"""'],
    ['three single quotes', "a = '''one\n\\HERE'''"],
    ['windows lines', 'a = """\r\none\r\ntwo HERE"""'],
    ['a line that goes on', 'a = """one \\\n\n    HERE"""'],
    ['the first word', 'a = """HERE"""'],
    ['the first word of a line that goes on', 'a = """\\\n  HERE"""'],
  ])('finds a piece of a text: %s', (_situation, text) => {
    const document = readToml('f.toml', text)
    const node = document.root?.kind === 'map' ? document.root.entries.get('a')?.value : undefined
    if (node?.kind !== 'scalar' || typeof node.value !== 'string') throw new Error('no text')
    expect(sourceOffsetOf(document, node, node.value.indexOf('HERE'))).toBe(text.indexOf('HERE'))
  })
})

/** A node's values as the reader of TOML gives them. */
function valuesIn(node: YamlNode): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'seq') return node.items.map(valuesIn)
  return Object.fromEntries([...node.entries].map(([name, { value }]) => [name, valuesIn(value)]))
}

function withTimestamps(value: unknown): unknown {
  if (value instanceof Date) return expect.any(YamlTimestamp)
  if (Array.isArray(value)) return value.map(withTimestamps)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withTimestamps(inner)]))
}

/** The nodes hold exactly what the reader of TOML gives, and each stands where its value and key are written. */
function expectPlaces(text: string) {
  const { root, diagnostics } = readToml('f.toml', text)
  if (!root) throw new Error(`${diagnostics[0]?.message}: ${text}`)
  const read = (source: string) => parse(source.replaceAll('\r\n', '\n'), { integersAsBigInt: true })
  expect(valuesIn(root)).toEqual(withTimestamps(read(text)))
  const walk = (node: YamlNode) => {
    if (node.kind === 'scalar') {
      expect(valuesIn(node)).toEqual(withTimestamps(read(`k = ${text.slice(node.start, node.end)}`)['k']))
    } else if (node.kind === 'seq') for (const item of node.items) walk(item)
    else {
      for (const [name, { key, value }] of node.entries) {
        expect(Object.keys(read(`${text.slice(key.start, key.end)} = 1`))).toEqual([name])
        walk(value)
      }
    }
  }
  walk(root)
}

const key = fc
  .array(fc.constantFrom('a', 'b', 'c-d', '"e f"', "'g.h'", '"\\u0061"', '__proto__', '1'), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => parts.join(' . '.slice(parts.length % 2, 2)))

const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(
      '1',
      '-2',
      '0x1F',
      '1.5',
      'inf',
      'nan',
      'true',
      'false',
      '1979-05-27',
      '1979-05-27 07:32:00',
      '07:32:00.5',
      '1979-05-27T07:32:00-07:00',
    ),
    fc.constantFrom(
      '"a # ] }"',
      `'b"c\\'`,
      '"d\\"\\\\e\\u00e9"',
      '"""\nf "" g\\\n  h"""',
      "'''i\n'' j'''",
      '""',
      "''''''",
      '""""k"""""',
    ),
    fc.string({ maxLength: 6 }).map((text) => JSON.stringify(text).replaceAll('\u007f', '')),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc
      .array(tie('value'), { maxLength: 3 })
      .map((items) => `[ # ]\n  ${items.map((item) => `${item},\n`).join('')}]`),
    fc
      .array(fc.tuple(key, tie('value')), { maxLength: 3 })
      .map((pairs) => `{ ${pairs.map((pair) => pair.join(' = ')).join(', ')} }`),
  ),
}))

const line = fc.oneof(
  fc.constantFrom('', '# [a]', '  \t'),
  key.map((name) => `[${name}]`),
  key.map((name) => `[[ ${name} ]] # b`),
  { arbitrary: fc.tuple(key, value).map(([name, written]) => `${name} = ${written}`), weight: 3 },
)

const documentText = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'))
  .map(([lines, end]) => lines.join('\n').replaceAll('\n', end))

describe('any document', () => {
  it('has the values and places of the text', () => {
    let read = 0
    fc.assert(
      fc.property(documentText, (text) => {
        if (!readToml('f.toml', text).root) return
        read += 1
        expectPlaces(text)
      }),
      { numRuns: 1000 },
    )
    expect(read).toBeGreaterThan(300)
  })

  it('is read or refused with a place, whatever it is', () => {
    const torn = fc
      .tuple(documentText, fc.nat(), fc.nat(), fc.constantFrom('', '"', '[', '}', '\r', '\\', '.'))
      .map(([text, from, length, piece]) => {
        const start = from % (text.length + 1)
        return text.slice(0, start) + piece + text.slice(start + (length % 4))
      })
    fc.assert(
      fc.property(fc.oneof(torn, fc.string({ unit: 'binary' }), fc.uint8Array()), (input) => {
        const { root, diagnostics, text } = readToml('f.toml', input)
        expect(diagnostics.length > 0).toBe(root === undefined)
        for (const { line, column, message } of diagnostics) {
          expect(line).toBeLessThanOrEqual(text.split('\n').length)
          expect(column).toBeGreaterThan(0)
          expect(message).not.toBe('This is not TOML')
        }
      }),
      { numRuns: 2000 },
    )
  })

  it.skipIf(!existsSync(CORPUS))('is read in the collected files too', () => {
    const files = readdirSync(CORPUS).filter((name) => name.endsWith('.toml'))
    for (const name of files) expectPlaces(readFileSync(join(CORPUS, name), 'utf8'))
    expect(files.length).toBeGreaterThan(0)
  })
})
