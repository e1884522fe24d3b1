import { describe, expect, test } from 'vitest'
import {
  Budget,
  compileExpression,
  evaluate,
  fromJson,
  LanguageError,
  type PyDict,
  renderDynamic,
  repr,
} from '../../../../schema/language/index.ts'

const NAMES = fromJson({ l: [3, 1, 2], d: { a: 1 }, s: 'text', z: 0 }) as PyDict

function failure(run: () => unknown): LanguageError {
  try {
    run()
  } catch (error) {
    if (error instanceof LanguageError) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('where a compiled expression failed', () => {
  test.each([
    ['an operand', '1 + (l + 1 / z)', '1 / z'],
    ['the operator after its operands', '1 + (2 * 3 + s)', '(2 * 3 + s)'],
    ['the second of a chain of comparisons', '1 < 2 < s', '1 < 2 < s'],
    ['an argument', 'len(l) + max(l, missing)', 'missing'],
    ['a method', "l + s.replace('t')", "s.replace('t')"],
    ['an item of an item', "d['a']['b'] == 1", "d['a']['b']"],
    ['a key that cannot be one', '[{l: 1}]', '{l: 1}'],
    ['a field of an f-string', "s + f'{s:d}'", "f'{s:d}'"],
    ['what is not allowed', 's if z else (lambda: 1)()', '(lambda: 1)()'],
  ])('%s', (_name, text, place) => {
    expect(failure(() => evaluate(compileExpression(text), NAMES)).offset).toBe(text.indexOf(place))
  })

  test('the same text fails again in the same place', () => {
    const places = [1, 2, 3].map(() => failure(() => evaluate(compileExpression('s < z'), NAMES)).offset)
    expect(places).toEqual([0, 0, 0])
  })
})

test('of two arguments with one name the last counts in an expression, and a template refuses them', () => {
  expect(repr(evaluate(compileExpression('dict(a=1, a=2)'), NAMES))).toBe("{'a': 2}")
  expect(renderDynamic('{{ dict(a=1, a=2) }}', NAMES).problems[0]?.message).toContain('repeated: a')
})

test('a single item is the smallest, also when it has no order', () => {
  expect(repr(evaluate(compileExpression('min([d])'), NAMES))).toBe("{'a': 1}")
})

describe('slices without a step', () => {
  test.each([
    ['both ends counted from the end', 'l[-2:-1]', '[1]'],
    ['a start before the first item', 'l[-9:2]', '[3, 1]'],
    ['an end before the first item', 's[1:-9]', "''"],
    ['an end before the start', 'l[2:1]', '[]'],
    ['ends that no list reaches', 's[-10**30:10**30]', "'text'"],
    ['ends that are booleans', 'l[False:True]', '[3]'],
    ['no ends', 'l[:]', '[3, 1, 2]'],
    ['a step of None', 's[1:3:None]', "'ex'"],
  ])('%s', (_name, text, expected) => {
    expect(repr(evaluate(compileExpression(text), NAMES))).toBe(expected)
  })
})

describe('arguments that do not fit', () => {
  test.each([
    ['too many', 'round(1, 2, 3)', 'round() takes at most 2 arguments (3 given)'],
    ['too few', "s.replace('a')", 'replace() takes at least 2 arguments (1 given)'],
    [
      'by position and by name',
      'round(1, number=2)',
      "argument for round() given by name ('number') and position",
    ],
    ['a name that is none', 'sorted(l, revers=True)', "'revers' is an invalid keyword argument for sort()"],
    ['a name where none is taken', 's.upper(x=1)', 'upper() takes no keyword arguments'],
    [
      'a name of what goes by position',
      'sum(iterable=l)',
      "'iterable' is an invalid keyword argument for sum()",
    ],
    [
      'one wrong name among right ones',
      'sorted(l, key=None, x=1)',
      "'x' is an invalid keyword argument for sort()",
    ],
  ])('%s', (_name, text, message) => {
    expect(failure(() => evaluate(compileExpression(text), NAMES)).message).toContain(message)
  })
})

test('what is done to a value made of constant arguments does not show in the next evaluation', () => {
  const expression = compileExpression("dict(a=1).pop('a') + len(dict(a=1))")
  expect([1, 2].map(() => repr(evaluate(expression, NAMES)))).toEqual(['2', '2'])
})

describe('names in the turns of a loop', () => {
  test.each([
    ['what a turn sets is gone in the next', '{% for i in l %}{{ x }}{% set x = i %}{% endfor %}{{ x }}', ''],
    [
      'also when only a branch sets it',
      '{% for i in l %}{% if loop.first %}{% set x = i %}{% endif %}{{ x }}{% endfor %}',
      '3',
    ],
    [
      'a macro keeps the turn it was made in',
      '{% for i in l %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}',
      '312',
    ],
    [
      'a loop inside has a loop of its own',
      '{% for i in l %}{% for j in l[:2] %}{{ i }}{{ j }}{{ loop.index }} {% endfor %}{{ loop.index }};{% endfor %}',
      '331 312 1;131 112 2;231 212 3;',
    ],
    [
      'a namespace keeps what is set in it',
      '{% set n = namespace(c=0) %}{% for i in l %}{% set n.c = n.c + i %}{% endfor %}{{ n.c }}',
      '6',
    ],
    [
      'a filter block sees the names around it',
      '{% for i in l %}{% filter replace("t", i) %}t{{ s }}{% endfilter %}{% endfor %}',
      '33ex311ex122ex2',
    ],
    [
      'a caller sees the turn it stands in',
      '{% macro m() %}<{{ caller() }}>{% endmacro %}{% for i in l %}{% call m() %}{{ i }}{% endcall %}{% endfor %}',
      '<3><1><2>',
    ],
  ])('%s', (_name, text, expected) => {
    expect(renderDynamic(text, NAMES)).toEqual({ value: expected, problems: [] })
  })
})

test.each([
  [
    'nodes of an expression',
    () => evaluate(compileExpression('1 + 2 + 3 + 4'), NAMES, new Budget({ steps: 6 })),
  ],
  [
    'items that are looked through',
    () => evaluate(compileExpression('9 in l'), NAMES, new Budget({ steps: 5 })),
  ],
])('steps are counted for %s', (_name, run) => {
  expect(failure(run).message).toContain('limit "steps"')
})
