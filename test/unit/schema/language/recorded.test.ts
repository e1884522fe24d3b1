import { describe, expect, test } from 'vitest'
import { checkExpression, checkTemplate } from '../../../../schema/language/index.ts'
import { OWN_RECORDINGS, openRecordings } from '../../../oracle/recorded.ts'

const recordings = openRecordings(OWN_RECORDINGS)

describe('checking without running agrees with what upstream refuses', () => {
  test('an expression is a load error exactly when upstream refuses to load it', () => {
    const wrong = recordings.vectors('expression_load').filter((vector) => {
      const problems = checkExpression(String(vector.input['expression']))
      const refused = problems.some((problem) => problem.severity === 'error')
      return refused !== (vector.error !== undefined)
    })
    expect(wrong.map((vector) => vector.id)).toEqual([])
  })

  test('a template that is refused before rendering is a problem without rendering, too', () => {
    const refused = recordings
      .vectors('render_secure')
      .filter(({ error }) => /Security|Syntax|Assertion/.test(error?.type ?? ''))
    expect(refused.length).toBeGreaterThan(50)
    const silent = refused.filter(
      ({ input }) => checkTemplate(String(input['template']), 'secure').length === 0,
    )
    expect(silent.map((vector) => vector.id)).toEqual([])
  })
})
