import { describe, expect, it } from 'vitest'
import { fillPlaceholders } from '../../../schema/template/placeholder.ts'
import { readTemplate } from '../../../schema/template/template.ts'
import { readYaml } from '../../../schema/yaml.ts'
import { plainOf } from '../../../schema/yaml-node.ts'

const dataIn = (text: string | undefined) => {
  const { root, diagnostics } = readYaml('', text ?? '')
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  return root && JSON.parse(JSON.stringify(plainOf(root)))
}

/** What somebody could type to become more than a value. */
const HOSTILE = [
  'plain words',
  '',
  ' ',
  'a: b',
  '# no comment',
  "it's",
  'say "so"',
  '- item',
  '{ a: 1 }',
  '[a, b]',
  '&anchor *alias !!tag',
  '{{ context }} {% if x %}',
  '<<v>>',
  'yes',
  '~',
  '010',
  '2020-01-01',
  '---',
  '...',
  '\\n',
  'tab\there',
  'ä 中 😀',
  'next\u0085line',
  'two\nlines',
  'two\nlines\n',
  '\nkey: value',
  "'\nkey: value",
  'x\r\ny',
  '  indented\nless',
  'trailing\n\n\n',
]

/** Where a placeholder can stand: the text, and what it says of a value. */
const PLACES: readonly [situation: string, text: string, data: (value: string) => unknown][] = [
  ['a plain value', 'a: <<v>>\nb: 1\n', (v) => ({ a: v, b: 1 })],
  ['plain text', 'a: x <<v>> y\nb: 1\n', (v) => ({ a: `x ${v} y`, b: 1 })],
  ['single quotes', "a: 'x <<v>>'\nb: 1\n", (v) => ({ a: `x ${v}`, b: 1 })],
  ['double quotes', 'a: "<<v>>" # c\nb: 1\n', (v) => ({ a: v, b: 1 })],
  ['a list', 'a:\n  - <<v>>\n  - k: <<v>>\n    l: 1\n', (v) => ({ a: [v, { k: v, l: 1 }] })],
  ['brackets', 'a: [1, <<v>>, { k: <<v>> }]\n', (v) => ({ a: [1, v, { k: v }] })],
]

describe('a text that is filled in', () => {
  it.each(
    PLACES.flatMap(([place, text, data]) => HOSTILE.map((value) => [place, value, text, data] as const)),
  )('as %s stays a value: %j', (_place, value, text, data) => {
    const filled = fillPlaceholders(text, { v: value })
    expect(dataIn(filled)).toEqual(data(value))
  })

  it.each(HOSTILE)('in a block stays a value or is refused: %j', (value) => {
    for (const sign of ['|', '|-', '>', '>-']) {
      const filled = fillPlaceholders(`a:\n  b: ${sign}\n    x <<v>> y\n    z\nc: 1\n`, { v: value })
      if (filled === undefined) continue
      const end = sign.endsWith('-') ? '' : '\n'
      const text = sign.startsWith('>') ? `x ${value} y z` : `x ${value} y\nz`
      expect(dataIn(filled)).toEqual({ a: { b: `${text}${end}` }, c: 1 })
    }
    const isOneLine = !/[\n\r\u0085]/.test(value)
    if (isOneLine) expect(fillPlaceholders('a: |\n  x <<v>>.\n', { v: value })).toBe(`a: |\n  x ${value}.\n`)
  })

  it.each<[situation: string, text: string, value: unknown, expected: string]>([
    ['a number', 'a: <<v>> # c\n', 3, 'a: 3 # c\n'],
    ['a truth value', 'a: { b: <<v>> }\n', false, 'a: { b: false }\n'],
    ['a list of texts', 'a: <<v>>\n', ['x', 'y: z'], "a: [x, 'y: z']\n"],
    ['a map', 'a: <<v>>\n', { k: [1, null] }, 'a: {"k":[1,null]}\n'],
    ['a number in quotes, which is text', 'a: "<<v>>"\n', 3, "a: '3'\n"],
    ['a list in a text, as JSON', 'a: |\n  { "enum": << v >> }\n', ['x'], 'a: |\n  { "enum": ["x"] }\n'],
    ['lines below their key', 'a:\n  - b: <<v>>\n', 'x\ny\n', 'a:\n  - b: |\n      x\n      y\n'],
    ['lines without a last break', 'b: <<v>>\n', 'x\n\ny', 'b: |-\n  x\n\n  y\n'],
    ['lines in a block, at its column', 'a: |\n    x\n    <<v>>\n', 'y\nz', 'a: |\n    x\n    y\n    z\n'],
    ['what is no parameter', 'a: "<<other>>"  # <<v>>\n', 'x', 'a: "<<other>>"  # <<v>>\n'],
    ['what only looks like it', 'a: 1 << v, <<v\nb: "{{ v }}"\n', 'x', 'a: 1 << v, <<v\nb: "{{ v }}"\n'],
    ['a key, which stays', '<<v>>: "<<v>>"\n', 'x', '<<v>>: x\n'],
    ['an anchor, which is filled once', 'a: &x "<<v>>"\nb: *x\n', 'y', 'a: &x y\nb: *x\n'],
  ])('writes %s', (_situation, text, value, expected) => {
    expect(fillPlaceholders(text, { v: value })).toBe(expected)
  })
})

describe('a template', () => {
  const read = (text: string, file = '.codemie/templates/a_template.yaml') => readTemplate({ file, text })

  it.each<[situation: string, text: string, expected: string]>([
    [
      'bare, with its keys in between',
      '# head\nname: A\n\ncategory: c\nparameters:\n  v: { type: string }\n  # last\n\n# of states\nstates: [<<v>>]\n',
      '# head\nname: A\n\n# of states\nstates: [<<v>>]\n',
    ],
    [
      'bare, with its keys first and last',
      'parameters:\n  v:\n    type: string\n\nname: <<v>>\nstates: []\ncategory: c\n',
      'name: <<v>>\nstates: []\n',
    ],
    [
      'in the form of CodeMie',
      'name: A\nslug: a\nmode: Sequential\ncategory: c\nexecution_config:\n    # who\n    states:\n      - id: x   # y\n\n        task: |\n            deep\n\n    tags: [t]\ntags: [other]\nparameters: { v: { default: 1 } }\ndescription: D <<v>>\n',
      'name: A\ndescription: D <<v>>\n# who\nstates:\n  - id: x   # y\n\n    task: |\n        deep\n\ntags: [t]\n',
    ],
    [
      'a record of the API',
      'name: A\nyaml_config: |\n  states: []\n  # end\n',
      'name: A\nstates: []\n# end\n',
    ],
  ])('%s is taken out of its file', (_situation, text, expected) => {
    const { template, diagnostics } = read(text)
    expect(diagnostics).toEqual([])
    expect(template).toMatchObject({ id: 'a', text: expected })
  })

  it.each<[situation: string, text: string, codes: readonly string[]]>([
    ['written in one piece', '{ name: A, execution_config: { states: [] } }\n', ['template-form']],
    [
      'with an anchor that is used elsewhere',
      'x: &s []\nexecution_config:\n  states: *s\n',
      ['template-form'],
    ],
    [
      'with a typo in a placeholder',
      'parameters: { base: {} }\nstates: [<<bsae>>, <<base>>]\n',
      ['template-placeholder'],
    ],
    ['with a placeholder in a key', 'parameters: { k: {} }\nstates: [{ <<k>>: 1 }]\n', ['template-key']],
    ['with parameters that are a list', 'parameters: [a]\nstates: []\n', ['template-parameters']],
    ['with a parameter that says nothing', 'parameters: { a: }\nstates: [<<a>>]\n', ['template-parameters']],
    ['that is no YAML', 'a: [\n', ['yaml-syntax']],
    ['that is empty', '', ['no-states']],
    ['that is a list', '- a\n', ['wrong-type']],
  ])('%s is refused with its place', (_situation, text, codes) => {
    const { template, diagnostics } = read(text)
    expect(template).toBeUndefined()
    expect(diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code)).toEqual(codes)
  })

  it('asks for what has no default', () => {
    const { template } = read(
      'parameters: { a: { type: integer, default: 2 }, b: { description: B } }\nstates: [<<a>>, <<b>>]\n',
    )
    expect(template?.parameters.map(({ name, required }) => [name, required])).toEqual([
      ['a', false],
      ['b', true],
    ])
  })
})
