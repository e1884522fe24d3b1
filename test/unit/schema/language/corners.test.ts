import { describe, expect, test } from 'vitest'
import {
  compileExpression,
  ExpressionError,
  evaluate,
  fromJson,
  type PyDict,
  parseOutput,
  renderDynamic,
  repr,
} from '../../../../schema/language/index.ts'

const names = fromJson({ d: { a: 1, b: [2] }, s: 'ΑΣ ΑΣΑ', words: '  the quick\tfox  ', n: null }) as PyDict

function value(expression: string): string {
  return repr(evaluate(compileExpression(expression), names))
}

describe('corners of Python', () => {
  test.each([
    // Case: a sigma at the end of a word, letters of several cases, Cherokee, Georgian
    ["'ΑΣ ΑΣΑ'.swapcase()", "'ας ασα'"],
    ["'ΑΣ'.capitalize()", "'Ας'"],
    ["'ΑΣ ΑΣΑ'.title()", "'Ας Ασα'"],
    ["'ǆ ᾀ ა'.title()", "'ǅ ᾈ ა'"],
    ["'ꭰᏸ'.casefold()", "'ᎠᏰ'"],
    ["'㐅萬卅'.isnumeric()", 'True'],
    ["'a\\u200d'.isidentifier()", 'False'],
    // Splitting with a limit keeps the blanks of what is left
    ['words.split(None, 1)', "['the', 'quick\\tfox  ']"],
    ['words.rsplit(None, 1)', "['  the quick', 'fox']"],
    ["'ab'.translate({97: True})", "'\\x01b'"],
    // Numbers
    ['(7 % 1e16) ** 33', '7.730993719707444e+27'],
    ['1e-7 ** -2', '100000000000000.02'],
    ['7 / 7 ** -2', '343.0'],
    ['2 ** 0.5', '1.4142135623730951'],
    ['10 ** -324.5', '0.0'],
    ['5e-324 ** 1.0', '5e-324'],
    ['(-0.0) ** 0.5', '0.0'],
    ['abs(1-1.5j)', '1.8027756377319946'],
    ['-1e300 // 1e400', '-1.0'],
    ["int(b'12', 3)", '5'],
    ["'{:-<5n}|{:#x}'.format(3, 255)", "'3----|0xff'"],
    // Sums
    ['sum([], None)', 'None'],
    ['sum([0.1] * 10)', '1.0'],
    // Bytes mean only ASCII
    ["b'a\\xffb'.upper()", "b'A\\xffB'"],
    ["b'\\xe9a b'.title()", "b'\\xe9A B'"],
    ["b'\\xa0a\\x85'.strip()", "b'\\xa0a\\x85'"],
    ["b'a\\x0bb\\nc'.splitlines()", "[b'a\\x0bb', b'c']"],
    ["b'abc'.find(98)", '1'],
    ["b','.join([b'a', b'b'])", "b'a,b'"],
    ["b'%s|%a|%c' % (b'\\xff', 'é', 65)", 'b"\\xff|\'\\\\xe9\'|A"'],
    ["'é😀'.encode('ascii', 'backslashreplace')", "b'\\\\xe9\\\\U0001f600'"],
    ["'é'.encode('ascii', 'xmlcharrefreplace')", "b'&#233;'"],
    ["b'a\\xe2\\x82z'.decode('utf-8', 'backslashreplace')", "'a\\\\xe2\\\\x82z'"],
    ["b'a\\xe2\\x82z'.decode('utf-8', 'replace')", "'a\\ufffdz'".replace('\\ufffd', '\ufffd')],
    // Views and sets
    ["sorted(d.keys() - ['a'])", "['b']"],
    ['d.items() == {}.items()', 'False'],
    ["('a', 1) in d.items()", 'True'],
    ['set([1, 1.0]).intersection([True])', '{True}'],
    ['{}.pop([1], 2)', '2'],
  ])('%s is %s', (expression, printed) => {
    expect(value(expression)).toBe(printed)
  })

  test.each([
    'sum([1], None)',
    'sum([0.5, 10 ** 400])',
    "'%5%' % 1",
    "'{:zd}'.format(0)",
    'f"{n#}"',
    "300 in b'a'",
    "sum([], b'')",
    '[] in d.keys()',
    'd.get(d.items())',
    "'{:-c}'.format(1)",
    "'{:#c}'.format(1)",
    "'{:_n}'.format(1.5)",
    "b'ab' % b'a'",
    "b'%s' % 'a'",
    "'é'.encode('ascii', 'nope')",
    "b'ab'.replace('a', b'b')",
  ])('%s fails', (expression) => {
    expect(() => value(expression)).toThrow(ExpressionError)
  })

  test('members of a set are hashed in the order they are written', () => {
    expect(() => evaluate(compileExpression('{[]: x}'), names)).toThrow(ExpressionError)
    expect(parseOutput('{[], x}')).toBe('{[], x}')
  })

  test('a byte order mark is no white space in a fence', () => {
    expect(parseOutput('```json\ufeff5```')).toBe('```json\ufeff5```')
  })
})

describe('corners of Jinja', () => {
  const context = fromJson({
    rows: [{ age: 30, get: 1 }],
    link: 'see (https://a.io/x_(y)), mailto:a@b.io and @a@b.io',
    html: '<b>x</b>\u00a0&AMP;&notit;&#128;&copy<!-- c -->',
    long: 'The quick brown fox jumps over the lazy dog, and then it has a rest at https://example.com',
  }) as PyDict

  test.each([
    ["{{ rows[0]|attr('age') }}|{{ rows[0].age }}", '|30'],
    ["{{ 0|default(none, true) }}|{{ ''|default('x', true) }}", 'None|x'],
    ["{{ 'x'|items }}", '<generator object do_items at 0x7f0000000000>'],
    ["{{ [1]|map('nosuch') }}", '<generator object sync_do_map at 0x7f0000000000>'],
    ['{{ missing|reverse }}', '<reversed object at 0x7f0000000000>'],
    ["{{ ('<'|e)|list }}", "['&', 'l', 't', ';']"],
    ["{{ ('a'|e) < 'b' }}{{ {'a': 1}['a'|e] }}{{ ','.join(['a'|e]) }}", 'True1a'],
    ["{{ ('<i>'|safe) + '<' }}{{ ('%s'|safe) % ['<'] }}", '<i>&lt;[&#39;&lt;&#39;]'],
    ["{{ ('a-b'|safe).replace('-', '<') }}{{ ('-'|safe).join(['<']) }}", 'a&lt;b&lt;'],
    ['{{ html|striptags }}', 'x &¬it;€©'],
    [
      '{{ link|urlize }}',
      'see (<a href="https://a.io/x_(y)" rel="noopener">https://a.io/x_(y)</a>), <a href="mailto:a@b.io">a@b.io</a> and @a@b.io',
    ],
    ['{{ self.x() }}{% block x %}a{% endblock %}', 'aa'],
    ['{% macro m(caller=3) %}{{ caller }}{% endmacro %}{{ m() }}', '3'],
    ["{{ ('{} {}'|safe).format('<', '<'|safe) }}{{ ('%s'|safe)|format('<') }}", '&lt; <&lt;'],
    [
      "{% autoescape true %}{{ '<'|replace('<', 'a'|safe) }}{{ ('<b>'|safe)|title }}{% endautoescape %}",
      '&lt;&lt;B&gt;',
    ],
    [
      '{{ long|pprint }}',
      "('The quick brown fox jumps over the lazy dog, and then it has a rest at '\n 'https://example.com')",
    ],
    ["{{ ''|wordwrap(0) }}|{{ 'a1-b x--y'|wordwrap(5, wrapstring='/') }}", '|a1-b/x--y'],
  ])('%s', (template, expected) => {
    expect(renderDynamic(template, context)).toEqual({ value: expected, problems: [] })
  })

  test.each([
    '{% filter length %}ab{% endfilter %}',
    '{% call range(2) %}{% endcall %}',
    '{% block x required %}{% endblock %}',
    '{% for loop in rows %}{% endfor %}',
    '{% for row in rows %}{% set loop = 1 %}{% endfor %}',
    '{% macro m(a, a) %}{% endmacro %}',
    '{% macro m(caller) %}{{ caller }}{% endmacro %}',
    '{{ rows[0][:1] }}',
    "{{ {1: 'a'}|xmlattr }}",
    '{{ rows|items|list }}',
    "{{ missing|attr('x') }}",
  ])('%s fails', (template) => {
    expect(renderDynamic(template, context).problems).toHaveLength(1)
  })
})
