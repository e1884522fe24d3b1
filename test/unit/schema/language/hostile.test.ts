import { describe, expect, test } from 'vitest'
import {
  Budget,
  checkExpression,
  checkTemplate,
  compileExpression,
  evaluate,
  evaluateCondition,
  fromJson,
  LanguageError,
  type PyDict,
  parseOutput,
  renderDynamic,
  renderSecure,
} from '../../../../schema/language/index.ts'

const CONTEXT = fromJson({ s: 'x'.repeat(1000), l: [1, 2, 3], d: { a: 1 }, html: '<b>' }) as PyDict

/** Time that this process has worked, which does not grow while others use the machine. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function code(run: () => unknown): string {
  try {
    run()
    return 'none'
  } catch (error) {
    if (error instanceof LanguageError) return error.code
    throw error
  }
}

describe('expressions that want too much', () => {
  test.each([
    ['a power tower', '2 ** 10 ** 8', 'budget-exceeded'],
    ['a power of a power', '(2 ** 100000) ** 100000', 'budget-exceeded'],
    ['a repeated text', "'a' * 10 ** 9", 'budget-exceeded'],
    ['a repeated list', '[0] * 10 ** 9', 'budget-exceeded'],
    ['a repeated tuple', '(0,) * 10 ** 9', 'budget-exceeded'],
    ['a wide field of %', "'%1000000000d' % 1", 'budget-exceeded'],
    ['a wide field of format', "'{:1000000000}'.format(1)", 'budget-exceeded'],
    ['a wide field of an f-string', "f'{1:>1000000000}'", 'budget-exceeded'],
    ['many digits after the point', "'%.1000000000f' % 1.0", 'budget-exceeded'],
    ['a wide centre', "'a'.center(10 ** 9)", 'budget-exceeded'],
    ['many zeros', "'1'.zfill(10 ** 9)", 'budget-exceeded'],
    ['wide tabs', "('\\t' * 1000).expandtabs(10 ** 6)", 'budget-exceeded'],
    ['replacing nothing by much', "(s * 100).replace('', s * 100)", 'budget-exceeded'],
    ['joining much', 's.join(s)', 'none'],
    ['a text that grows by joining', '(s * 5000).join(s * 1000)', 'budget-exceeded'],
    ['an integer too long to print', 'str(10 ** 5000)', 'value-error'],
    ['a million brackets', `${'('.repeat(1e6)}1${')'.repeat(1e6)}`, 'syntax-error'],
    ['a million nots', `${'not '.repeat(1e6)}1`, 'too-deep'],
    ['a million signs', `${'-'.repeat(1e6)}1`, 'too-deep'],
    ['a million additions', `1${'+1'.repeat(1e6)}`, 'too-deep'],
    ['a million powers', `1${'**1'.repeat(1e6)}`, 'too-deep'],
    ['a million attributes', `l${'.a'.repeat(1e6)}`, 'too-deep'],
    ['a million choices', `${'1 if 1 else '.repeat(1e5)}1`, 'too-deep'],
    ['f-strings inside each other', "f'{f\"{f'{1}'}\"}'", 'none'],
    ['a number of a million digits', '9'.repeat(1e6), 'syntax-error'],
    ['a million words of a text', `'${'a '.repeat(1e5)}'.split()`, 'none'],
  ])('%s', (_name, text, expected) => {
    const started = cpuMs()
    expect(code(() => evaluate(compileExpression(text), CONTEXT))).toBe(expected)
    expect(cpuMs() - started).toBeLessThan(3000)
  })

  test.each([
    'd.__class__',
    'd.constructor',
    'd.__proto__',
    "''.constructor",
    'l.length',
    'l.constructor',
    "'{0.__class__}'.format(l)",
    "'{0.constructor}'.format(l)",
    'len.constructor',
    'len.call(1)',
    'keys.constructor',
    'constructor',
    'toString',
    '__proto__',
    'hasOwnProperty',
    'l.map(len)',
    'str.constructor',
    "d['constructor']",
    "d['__proto__']",
  ])('nothing of JavaScript can be reached: %s', (text) => {
    expect(code(() => evaluate(compileExpression(text), CONTEXT))).not.toBe('none')
  })

  test('a list that contains itself can be printed', () => {
    expect(evaluate(compileExpression('[l.append(l), str(l)][1]'), fromJson({ l: [1] }) as PyDict)).toBe(
      '[1, [...]]',
    )
  })

  test('lists that contain each other do not hang a comparison', () => {
    const scope = fromJson({ a: [1], b: [1] }) as PyDict
    expect(code(() => evaluate(compileExpression('[a.append(b), b.append(a), a == b]'), scope))).toBe(
      'too-deep',
    )
  })

  test('a condition on hostile output is false with a reason', () => {
    const { value, problem } = evaluateCondition(`{"a": ${'['.repeat(1e5)}`, "'a' * 10 ** 10 == a")
    expect(value).toBe(false)
    expect(problem?.code).toBe('output-not-a-dict')
    expect(evaluateCondition('{"a": 1}', "'a' * 10 ** 10").problem?.code).toBe('budget-exceeded')
  })

  test('outputs that nest deeply or never end are text', () => {
    for (const text of [
      '['.repeat(1e6),
      '{"a":'.repeat(1e5),
      `${'['.repeat(1e5)}${']'.repeat(1e5)}`,
      '{'.repeat(1e5),
      '-'.repeat(1e5),
    ])
      expect(parseOutput(text)).toBe(text)
  })

  test('checking hostile text ends with a problem', () => {
    expect(checkExpression('('.repeat(1e6))).toHaveLength(1)
    expect(checkExpression(`${'a.'.repeat(1e5)}a`)[0]?.code).toBe('too-deep')
  })
})

describe('templates that want too much', () => {
  test.each([
    [
      'loops inside each other',
      '{% for a in range(10**9) %}{% for b in range(10**9) %}x{% endfor %}{% endfor %}',
    ],
    [
      'loops of allowed ranges',
      '{% for a in range(30000) %}{% for b in range(30000) %}x{% endfor %}{% endfor %}',
    ],
    ['a macro that calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    [
      'two macros that call each other',
      '{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}',
    ],
    ['a loop that calls itself', '{% for i in l recursive %}{{ loop(l) }}{% endfor %}'],
    [
      'a text that doubles',
      '{% set ns = namespace(s="xxxx") %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}',
    ],
    [
      'a list that doubles',
      '{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}',
    ],
    [
      'a list that grows while it is walked',
      '{% set q = [1] %}{% for i in range(100000) %}{{ q.extend(q) }}{% endfor %}',
    ],
    ['a dictionary that grows', '{% for i in range(10**6) %}{{ d.update({i: s}) }}{% endfor %}'],
    ['a wide filter', '{{ "a"|center(10**9) }}'],
    ['a wide indent', '{{ "a\\nb"|indent(10**9) }}'],
    ['much output', '{% for i in range(100000) %}{{ s }}{% endfor %}'],
    ['a big batch', '{{ l|batch(10**9, 0)|list }}'],
    ['many slices', '{{ l|slice(10**9)|list }}'],
    ['a sum of a long range', '{{ range(10**9)|sum }}'],
    ['the length of much', '{{ range(10**9)|list|length }}'],
  ])('%s stays as written, with a reason', (_name, text) => {
    const started = cpuMs()
    const { value, problems } = renderDynamic(text, CONTEXT.copy())
    expect(value).toBe(text)
    expect(problems[0]?.code).toMatch(/budget-exceeded|too-deep|overflow/)
    expect(cpuMs() - started).toBeLessThan(4000)
    expect(code(() => renderSecure(`{% set _ = 1 %}${text}`, CONTEXT.copy()))).not.toBe('none')
  })

  test.each([
    '{{ d.constructor }}',
    '{{ d.__proto__ }}',
    '{{ "".constructor }}',
    '{{ l.length }}',
    '{{ l.constructor }}',
    '{{ self.constructor }}',
    '{{ range.constructor }}',
    '{{ namespace().constructor }}',
    '{{ constructor }}',
    '{{ __proto__ }}',
    '{{ d.__class__.__mro__ }}',
    '{{ joiner.__init__ }}',
    '{{ l.map }}',
    '{{ cycler(1).items }}',
    '{{ html|attr("constructor") }}',
  ])('nothing of JavaScript or of the host can be reached: %s', (text) => {
    expect(renderDynamic(text, CONTEXT).value).toBe('')
  })

  test.each([
    ['brackets', `{{ ${'('.repeat(1e5)}1${')'.repeat(1e5)} }}`],
    ['blocks', '{% if 1 %}'.repeat(1e4)],
    ['filters', `{{ s${'|upper'.repeat(1e5)} }}`],
    ['signs', `{{ ${'-'.repeat(1e5)}1 }}`],
    ['opened tags', '{{'.repeat(1e5)],
    ['opened comments', '{#'.repeat(1e5)],
    ['opened raw blocks', '{% raw %}'.repeat(1e4)],
  ])('very many %s', (_name, text) => {
    const started = cpuMs()
    expect(checkTemplate(text, 'dynamic')).toHaveLength(1)
    expect(renderDynamic(text, CONTEXT).value).toBe(text)
    checkTemplate(text, 'secure')
    expect(cpuMs() - started).toBeLessThan(4000)
  })

  test('one budget bounds several renderings together', () => {
    const budget = new Budget({ steps: 500 })
    const text = '{% for i in range(50) %}{{ i }}{% endfor %}'
    expect(renderDynamic(text, CONTEXT, budget).problems).toEqual([])
    for (let turn = 0; turn < 10; turn += 1) renderDynamic(text, CONTEXT, budget)
    expect(renderDynamic(text, CONTEXT, budget).problems[0]?.message).toContain('limit "steps"')
  })
})
