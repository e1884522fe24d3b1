import { describe, expect, it } from 'vitest'
import { askForJson, qualifiesForStrict } from '../../../../runner/models/response-format.ts'

const closed = {
  type: 'object',
  properties: { a: { type: 'string' } },
  required: ['a'],
  additionalProperties: false,
}

describe('strict mode', () => {
  it.each<[situation: string, schema: Record<string, unknown>, strict: boolean]>([
    ['closed, all required', closed, true],
    ['open object', { ...closed, additionalProperties: true }, false],
    ['openness not said', { type: 'object', properties: {}, required: [] }, false],
    ['an optional property', { ...closed, required: [] }, false],
    ['an open object inside', { ...closed, properties: { a: { type: 'object' } } }, false],
    ['a closed object in a list', { ...closed, properties: { a: { type: 'array', items: closed } } }, true],
    ['alternatives inside', { ...closed, properties: { a: { anyOf: [closed, { type: 'null' }] } } }, true],
    ['alternatives at the top', { ...closed, anyOf: [closed] }, false],
    ['a list at the top', { type: 'array', items: closed }, false],
    [
      'a reference inside',
      { ...closed, properties: { a: { $ref: '#/$defs/x' } }, $defs: { x: closed } },
      true,
    ],
    ['a reference outside', { ...closed, properties: { a: { $ref: 'https://example.org/x' } } }, false],
    [
      'a keyword that strict mode does not take',
      { ...closed, properties: { a: { type: 'string', minLength: 1 } } },
      false,
    ],
    ['a keyword named like an inherited one', { ...closed, toString: 1 }, false],
  ])('%s', (_, schema, strict) => {
    expect(qualifiesForStrict(schema)).toBe(strict)
  })
})

describe('asking for JSON', () => {
  it('makes a name that the interface takes', () => {
    const asked = askForJson({ name: 'Gap report / états', schema: closed }, 'json_schema')
    expect(asked).toEqual({
      format: { type: 'json_schema', json_schema: { name: 'Gap_report_tats', strict: true, schema: closed } },
      hint: undefined,
    })
  })
  it.each([
    ['ignored', closed, undefined],
    ['json_object', closed, { type: 'json_object' }],
    ['json_schema', { type: 'array' }, undefined],
  ] as const)('says it in words when the format is not enough: %s', (support, schema, format) => {
    const asked = askForJson({ name: 'x', schema }, support)
    expect(asked.format).toEqual(format)
    expect(asked.hint).toContain(JSON.stringify(schema))
  })
})
