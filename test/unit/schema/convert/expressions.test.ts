import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testExpression } from '../../../../schema/convert/expressions.ts'
import type { Located, Position } from '../../../../schema/index.ts'
import { evaluateTransformScript, PyDict } from '../../../../schema/language/index.ts'
import { compileRustPattern } from '../../../../schema/pattern.ts'

const at: Position = { file: 'w.toml', line: 1, column: 1 }
const located = (value: string): Located<string> => ({ value, at })

const holds = (expression: string, text: string) =>
  evaluateTransformScript(expression, new PyDict([['out', text]]))

describe('a test as an expression', () => {
  it.each<[pattern: string, expression: string | undefined]>([
    ['DONE', "'DONE' in out"],
    ['(?m)^DONE', '"\\nDONE" in \'\\n\' + out'],
    ['(?m)DONE$', '"DONE\\n" in out + \'\\n\''],
    ['(?m)^DONE$', "\"\\nDONE\\n\" in '\\n' + out + '\\n'"],
    ['^DONE', "out.startswith('DONE')"],
    ['DONE\\z', "out.endswith('DONE')"],
    ["^it's$", 'out == "it\'s"'],
    ['^(?m)DONE$', '(out + \'\\n\').startswith("DONE\\n")'],
    ['(?m)^DONE\\z', '(\'\\n\' + out).endswith("\\nDONE")'],
    ['(?i)done', "'done' in out.lower()"],
    ['YES|NO', "('YES' in out or 'NO' in out)"],
    ['[Dd]one!?', "('Done' in out or 'Done!' in out or 'done' in out or 'done!' in out)"],
    ['\\bDONE\\b', undefined],
    ['DO.E', undefined],
    ['(?m)^$', undefined],
    ['a+', undefined],
    ['(?i)ab[cd]e', undefined],
    ['[ab][ab][ab][ab][ab]', undefined],
  ])('%s', (pattern, expression) => {
    expect(testExpression({ matches: located(pattern) }, 'out')).toBe(expression)
  })

  it('holds for either of two ways to say it', () => {
    const expression = testExpression({ contains: located('a\\b'), matches: located('^c') }, 'out')
    expect(expression).toBe('"a\\\\b" in out or out.startswith(\'c\')')
    expect(['a\\b', 'cd', 'ac'].map((text) => holds(expression ?? '', text))).toEqual([true, true, false])
  })

  it('holds where the pattern matches, for any text', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '\\n',
      'é',
      "'",
      '[aA]',
      '(?:a|b)',
      '^',
      '$',
      '(?m)',
      '(?i)',
      'b?',
      'a{2}',
      '\\A',
      '\\z',
      '|',
    )
    const text = fc
      .array(fc.constantFrom('a', 'b', 'A', 'B', '\n', 'é', "'", 'aa'), { maxLength: 6 })
      .map((all) => all.join(''))
    let said = 0
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 5 }),
        fc.array(text, { minLength: 5, maxLength: 5 }),
        (pieces, texts) => {
          const pattern = pieces.join('')
          const compiled = compileRustPattern(pattern)
          const expression = testExpression({ matches: located(pattern) }, 'out')
          if (!compiled.ok || expression === undefined) return
          said += 1
          for (const one of texts)
            expect({ pattern, one, holds: holds(expression, one) }).toEqual({
              pattern,
              one,
              holds: compiled.pattern.occursIn(one),
            })
        },
      ),
      { numRuns: 2000 },
    )
    expect(said).toBeGreaterThan(200)
  })
})
