import { describe, expect, test } from 'vitest'
import {
  checkExpression,
  checkTemplate,
  compileExpression,
  dumpsJson,
  ExpressionError,
  evaluate,
  evaluateCondition,
  evaluateConditionOn,
  evaluateTransformCondition,
  evaluateTransformFilter,
  evaluateTransformScript,
  expressionNames,
  fromJson,
  loadExpression,
  type PyDict,
  type PyValue,
  parseJson,
  parseLiteral,
  parseOutput,
  renderBatch,
  renderDynamic,
  renderDynamicArgs,
  renderSecure,
  repr,
  TemplateError,
  templateVariables,
  toJson,
} from '../../../../schema/language/index.ts'

const dict = (value: Record<string, unknown>): PyDict => fromJson(value) as PyDict
const fenced = (body: string, tag = 'json', mark = '```'): string => `text ${mark}${tag} ${body} ${mark} tail`

describe('values in an output (cases 1 to 21)', () => {
  test.each([
    [1, '{"name":"John","age":30}', "{'name': 'John', 'age': 30}"],
    [2, "{'key': 'value', 'number': 42}", "{'key': 'value', 'number': 42}"],
    [3, 'This is just a plain string', "'This is just a plain string'"],
    [4, fenced('{"status":"success","data":{"count":5}}'), "{'status': 'success', 'data': {'count': 5}}"],
    [5, '[1, 2, 3, "four"]', "[1, 2, 3, 'four']"],
    [7, '42', '42'],
    [7, '-3.5', '-3.5'],
    [7, '1e3', '1000.0'],
    [7, '0x10', '16'],
    [7, '1_000', '1000'],
    [7, '007', "'007'"],
    [8, '"quoted"', "'quoted'"],
    [8, 'hello', "'hello'"],
    [8, '', "''"],
    [10, 'text {"a": 1} tail', "{'a': 1}"],
    [11, 'text {"a": {"b": 1}} tail', `'text {"a": {"b": 1}} tail'`],
    [12, 'two {"a":1} and {"b":2}', "{'a': 1}"],
    [12, '{"a":1}\n{"b":2}', "{'a': 1}"],
    [14, fenced('{"a": 1}', ''), "{'a': 1}"],
    [14, fenced('{"a": 1}', 'JSON'), "{'a': 1}"],
    [15, '```json not json ``` then {"z": 1}', "{'z': 1}"],
    [16, fenced('{"a":1}', 'json', '~~~'), "{'a': 1}"],
    [18, "{'a': true}", `"{'a': true}"`],
    [19, '{"text":"line1\nline2"}', `'{"text":"line1\\nline2"}'`],
    [21, '2024-01-01', "'2024-01-01'"],
    [21, '1+2', "'1+2'"],
    [21, 'a, b', "'a, b'"],
  ])('%i: %s', (_number, text, printed) => {
    expect(repr(parseOutput(text))).toBe(printed)
  })

  test('values that are not text stay what they are', () => {
    const list = [1n]
    expect(parseOutput(list)).toBe(list)
    expect(parseOutput(null)).toBeNull()
  })
})

describe('conditions (cases 22 to 47)', () => {
  test.each([
    [22, { status: 'success', value: 100 }, "status == 'success' and value > 50", true],
    [23, { status: 'failed', value: 10 }, "status == 'success' and value > 50", false],
    [24, { priority: 'high', count: 10 }, "priority == 'high' and count > 5", true],
    [25, { priority: 'low', count: 1 }, "priority == 'high' and count > 5", false],
    [26, { n: '10' }, 'n > 5', true],
    [26, { n: '10' }, "n == '10'", false],
    [27, { v: 'false' }, 'v', false],
    [27, { v: 'no' }, 'v', true],
    [29, { a: { b: 1 } }, 'a.b == 1', false],
    [29, { a: { b: 1 } }, "a['b'] == 1", true],
    [29, { a: { b: 1 } }, "a.get('b') == 1", true],
    [31, { a: 1 }, "'a' in keys", true],
    [31, { a: 1 }, "'b' in keys", false],
    [31, { a: 1 }, 'len(keys) == 1', true],
    [32, { keys: ['z'] }, "'z' in keys", false],
    [33, { a: 1 }, 'b == 1', false],
    [34, { m: 'Hello ERROR' }, "'error' in m.lower()", true],
    [35, { m: 'abc' }, "m.contains('a')", false],
    [37, { x: null }, 'x is None', true],
    [37, { x: 'None' }, 'x is None', true],
    [37, { x: 'null' }, 'x is None', false],
    [38, { x: null }, 'x == null', false],
    [39, { x: 5 }, '1 < x < 10', true],
    [39, { x: 5 }, 'x / 0', false],
    [40, { len: 3 }, 'len > 2', true],
    [40, { len: 3 }, 'len([1]) == 1', true],
    [43, { a: 2 }, 'a ** 2 == 4', true],
    [43, { a: 2 }, 'a & 1', false],
    [43, { a: 2 }, '~a', false],
    [43, { a: 2 }, '{1,2}', false],
    [43, { a: 2 }, '(lambda: 1)()', false],
  ])('%i: %j with %s', (_number, output, expression, expected) => {
    expect(evaluateCondition(JSON.stringify(output), expression).value).toBe(expected)
  })

  test('45: a value in prose', () => {
    expect(evaluateCondition('text {"ok": true} more', 'ok')).toEqual({ value: true })
  })

  test('46: true and false are rewritten when a workflow is loaded, texts are not', () => {
    expect(loadExpression('valid == true')).toBe('valid == True')
    expect(loadExpression("status == 'true' or x.true")).toBe("status == 'true' or x.true")
  })

  test.each(['valid ==', 'a && b', ' a', 'a\nb', 'if a: b'])('47: %j is a load error', (text) => {
    expect(checkExpression(text)).toMatchObject([{ code: 'syntax-error', severity: 'error' }])
    expect(() => compileExpression(text)).toThrow(ExpressionError)
  })

  test.each(["'yes' if active else 'no'", 'items[1:3]', '-1', 'isinstance(v, int)', 'sum(items)'])(
    '49: %s',
    (text) => {
      expect(() =>
        evaluate(compileExpression(text), dict({ active: true, items: [1, 2, 3], v: 1 })),
      ).not.toThrow()
    },
  )

  test.each([
    "__import__('os')",
    'x.__class__',
    'type(x)',
    "getattr(x, 'y')",
    'list(*a)',
    'dict(**d)',
    '(n := 10)',
    'list.clear(x)',
    '',
  ])('50: %j is refused', (text) => {
    expect(() => evaluate(compileExpression(text), dict({ x: [1], a: [[1]], d: {} }))).toThrow(
      ExpressionError,
    )
  })
})

describe('what a failed condition tells', () => {
  test.each([
    ['b == 1', { code: 'unknown-name', offset: 0, line: 1, column: 1 }],
    ['a == 1 and x.y', { code: 'unknown-name', offset: 11 }],
    ['a == null', { code: 'unknown-name', hint: 'write None' }],
    ['a == true', { code: 'unknown-name', hint: 'write True' }],
    ['a && a', { code: 'syntax-error', offset: 3, hint: "write 'and' instead of '&&'" }],
    ['a = 1', { code: 'syntax-error', offset: 2 }],
    ["s.contains('a')", { code: 'unknown-attribute', hint: "write 'x' in value" }],
    [
      'd.x',
      { code: 'unknown-attribute', hint: "read a field of a dictionary with a['name'] or a.get('name')" },
    ],
    ['[x for x in a]', { code: 'not-allowed' }],
    ['a / 0', { code: 'division-by-zero' }],
    ["d['zz']", { code: 'missing-key' }],
    ['s + 1', { code: 'type-error' }],
    ["int('x')", { code: 'value-error' }],
  ])('%s', (expression, expected) => {
    const { value, problem } = evaluateConditionOn(dict({ a: 1, s: 'abc', d: { k: 1 } }), expression)
    expect(value).toBe(false)
    expect(problem).toMatchObject({ severity: 'warning', ...expected })
  })

  test('an output without fields', () => {
    expect(evaluateCondition('plain', 'True').problem?.code).toBe('output-not-a-dict')
  })

  test('a field whose text is a literal with an impossible key', () => {
    expect(evaluateCondition('{"a": 1, "b": "{[1]: 2}"}', 'a == 1').problem?.code).toBe('type-error')
  })

  test.each([
    '[x for x in l]',
    'lambda: 1',
    'a & b',
    '{1, 2}',
    'len(*a)',
    'f(1)',
    'a.__class__',
    '(a := 1)',
    'a[0]()',
  ])('a warning before it runs: %s', (text) => {
    expect(checkExpression(text).map((problem) => problem.severity)).toEqual(['warning'])
  })

  test('sound expressions have no problems', () => {
    expect(checkExpression("a.get('b', [])[0].lower() in ('x', f'{y}')")).toEqual([])
  })

  test('the names of an expression', () => {
    expect(expressionNames("a.b[c] + len(d) if e else f'{g}' and [x for x in h]")).toEqual([
      'a',
      'c',
      'd',
      'e',
      'g',
      'x',
      'h',
    ])
  })
})

describe('transforms', () => {
  const source = dict({ d: { a: { b: 7 }, get2: 1 }, l: [{ x: 1 }], n: 5, item: 'shadow' })

  test.each([
    ['d.a.b + n', '12'],
    ['d.missing', 'None'],
    ["d['a'].b", '7'],
    ["d.get('zz', 1)", '1'],
    ["l[0]['x']", '1'],
    ['', 'None'],
  ])('script %j', (script, printed) => {
    expect(repr(evaluateTransformScript(script, source))).toBe(printed)
  })

  test.each(['d.missing.x', "d['zz']", "'a' in d", 'len(d)', 'l[0].x'])('script %j fails', (script) => {
    expect(() => evaluateTransformScript(script, source)).toThrow(ExpressionError)
  })

  test('a script that returns a dictionary of the source gives nothing that JSON can hold', () => {
    expect(() => dumpsJson(evaluateTransformScript('d', source))).toThrow('DotDict is not JSON serializable')
  })

  test('conditions and filters fail quietly, with a reason', () => {
    expect(evaluateTransformCondition('d.a.b == 7', source)).toEqual({ value: true })
    expect(evaluateTransformCondition('', source)).toEqual({ value: false })
    expect(evaluateTransformCondition('nope', source).problem?.code).toBe('unknown-name')
    expect(evaluateTransformFilter("item['x'] == 1", dict({ x: 1 }), dict({ n: 1 }))).toEqual({ value: true })
    expect(evaluateTransformFilter("item == 'shadow'", dict({ x: 1 }), source)).toEqual({ value: true })
    expect(evaluateTransformFilter("item['y']", dict({ x: 1 }), dict({})).problem?.code).toBe('missing-key')
  })
})

describe('templates of engine A (cases 51 to 62)', () => {
  const context = dict({
    name: 'Al',
    n: 5,
    l: [1, 2],
    user: { profile: { name: 'Bo' } },
    t: '{{name}}',
    tt: '{{t}}',
    html: 'a & b',
  })

  test.each([
    [51, '{{user.profile.name}}', 'Bo'],
    [51, '{{user}}', "{'profile': {'name': 'Bo'}}"],
    [52, '{{missing}}', ''],
    [52, 'x{{missing.y}}x', 'x{{missing.y}}x'],
    [52, '{{missing|default("d")}}', 'd'],
    [54, '{{t}}', 'Al'],
    [54, '{{tt}}!', 'Al!'],
    [56, '{{html}}', 'a & b'],
    [58, 'trail {{name}}\n', 'trail Al'],
    [58, 'trail {{name}}\n\n', 'trail Al\n'],
  ])('%i: %j', (_number, text, expected) => {
    expect(renderDynamic(text, context).value).toBe(expected)
  })

  test('55: values that mention each other are empty', () => {
    expect(renderDynamic('{{a}}|{{b}}', dict({ a: '{{b}}', b: '{{a}}' })).value).toBe('|')
  })

  test.each<[PyValue]>([[dict({})], [null], [[]]])(
    '59: nothing is touched with an empty context %j',
    (empty) => {
      expect(renderDynamic('{{a}}\n', empty)).toEqual({ value: '{{a}}\n', problems: [] })
    },
  )

  test('60: a context key string_value replaces every text', () => {
    expect(renderDynamic('x', dict({ string_value: 'HA' })).value).toBe('HA')
    expect(renderDynamic('x', dict({ string_value: [1] })).value).toEqual([1n])
  })

  test('62: in a list context the later value wins', () => {
    expect(renderDynamic('{{name}}', fromJson([{ name: 'a' }, { name: 'b' }])).value).toBe('b')
  })

  test('a text that stays as written says where and why', () => {
    expect(renderDynamic('one\r\ntwo {{ missing.y }}', context).problems).toMatchObject([
      {
        code: 'undefined-value',
        severity: 'warning',
        line: 2,
        column: 8,
        offset: 12,
        message: "'missing' is undefined",
      },
    ])
    expect(renderDynamicArgs(dict({ q: '{{ a b }}', r: '{{n}}' }), context).problems).toMatchObject([
      { argument: 'q', code: 'syntax-error' },
    ])
  })

  test('arguments are copied, not shared', () => {
    const args = dict({ nested: { a: ['{{n}}'] } })
    const { value } = renderDynamicArgs(args, dict({}))
    expect(repr(value)).toBe(repr(args))
    expect(value.get('nested')).not.toBe(args.get('nested'))
  })
})

describe('templates of engine B (cases 67 to 73)', () => {
  const context = dict({ a: 7, l: [1, 2], _p: 1, 'x-y': 2 })

  test.each([
    [67, '{% for i in l %}\n{{ i }}\n{% endfor %}\nX', '1\n2\nX'],
    [68, '{{"k": 1}} {{ a }}', '{{"k": 1}} 7'],
    [69, 'plain text\n', 'plain text\n'],
    [71, 'A & B', 'A & B'],
  ])('%i: %j', (_number, text, expected) => {
    expect(renderSecure(text, context)).toBe(expected)
  })

  test.each([
    ['{{ a + 1 }}', 'blanks-in-variable'],
    ['{{ l|length > 1 }}', 'blanks-in-variable'],
    ['{{ "y" if a else "n" }}', 'blanks-in-variable'],
    ['{{ os.path }}', 'forbidden-word'],
    ['{{ -a }}', 'variable-name'],
    ['{{- a -}}', 'blanks-in-variable'],
    ['{{ profile(1) }}', 'forbidden-word'],
    ['{% if "subprocess" %}{% endif %}', 'forbidden-word'],
  ])('70: %j breaks the rule %s', (text, rule) => {
    expect(() => renderSecure(text, context)).toThrow(TemplateError)
    try {
      renderSecure(text, context)
    } catch (error) {
      expect(error).toMatchObject({ code: 'template-rule', rule, offset: expect.any(Number) })
    }
    expect(checkTemplate(text, 'secure')).toMatchObject([{ code: 'template-rule', severity: 'error' }])
  })

  test('context keys that are no plain names are hidden', () => {
    expect(renderSecure('[{{ _p }}]', context)).toBe('[]')
  })

  test('72 and 73: batches', () => {
    expect(renderBatch([dict({ a: 1, b: 2 }), dict({ a: 3 })], undefined)).toBe('# Summary\na: 1b: 2a: 3')
    expect(renderBatch(['x', '[1]', [1n]], undefined)).toBe('')
  })
})

describe('looking at templates without rendering', () => {
  test.each([
    ['{{ a.b }} {% for i in l %}{{ i }}{{ loop.index }}{{ x }}{% endfor %}', ['a', 'l', 'x']],
    ['{% set a = b %}{{ a }}{% if c %}{% set d = 1 %}{% endif %}{{ d }}', ['b', 'c']],
    ['{% macro m(p, q=r) %}{{ p }}{{ s }}{% endmacro %}{{ m(t) }}', ['r', 's', 't']],
    ['{% with v = w %}{{ v }}{% endwith %}{{ v }}{{ range(3) }}', ['w', 'v']],
    ['{{ broken', []],
  ])('the names of %s', (text, names) => {
    expect(templateVariables(text)).toEqual(names)
  })

  test('problems of a dynamic template are warnings, because it stays as written', () => {
    expect(checkTemplate('{{ a b }}', 'dynamic')).toMatchObject([
      { severity: 'warning', code: 'syntax-error', offset: 5 },
    ])
    expect(checkTemplate('{{ a|nofilter }}', 'dynamic')).toHaveLength(1)
    expect(checkTemplate('{{ a }}', 'dynamic')).toEqual([])
  })
})

describe('JSON and printing', () => {
  test.each([
    ['{"a": [1, 1.0, 1e400, true, null]}', '{"a": [1, 1.0, Infinity, true, null]}'],
    ['"\\ud83d\\ude00é"', '"\\ud83d\\ude00\\u00e9"'],
    ['[NaN, -Infinity, 12345678901234567890]', '[NaN, -Infinity, 12345678901234567890]'],
    ['{"a": 1, "a": 2}', '{"a": 2}'],
  ])('%s comes back as %s', (text, expected) => {
    expect(dumpsJson(parseJson(text))).toBe(expected)
  })

  test.each(['', '{', '[1,]', '{"a" 1}', "{'a': 1}", '01', '1 2', '"\n"', '"\\x"', 'nul', '\ufeff1'])(
    '%j is no JSON',
    (text) => {
      expect(() => parseJson(text)).toThrow('JSON')
    },
  )

  test('styles', () => {
    const value = dict({ b: [1, {}], a: 'é' })
    expect(dumpsJson(value, { indent: 2, ensureAscii: false })).toBe(
      '{\n  "b": [\n    1,\n    {}\n  ],\n  "a": "é"\n}',
    )
    expect(dumpsJson(value, { separators: [',', ':'], sortKeys: true })).toBe('{"a":"\\u00e9","b":[1,{}]}')
  })

  test('to plain JavaScript and back', () => {
    const plain = { a: [1, 2.5, 'x', null, true], b: { c: 1 } }
    expect(toJson(fromJson(plain))).toEqual(plain)
    expect(toJson(parseLiteral('(1, {2: 3}, 12345678901234567890)'))).toEqual([
      1,
      { 2: 3 },
      '12345678901234567890',
    ])
    expect(Object.getPrototypeOf(toJson(dict({ __proto__: 1 })))).toBeNull()
  })
})
