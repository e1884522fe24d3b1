import { describe, expect, it } from 'vitest'
import { StepFailure } from '../../../../runner/failure.ts'
import type { ChatMessage, ModelReply } from '../../../../runner/models/model.ts'
import { createStructuredOutput, type StructuredRequest } from '../../../../runner/models/structured.ts'

const schema = {
  type: 'object',
  properties: { severity: { enum: ['low', 'high'] }, count: { type: 'integer' } },
  required: ['severity'],
  additionalProperties: false,
}
const question: readonly ChatMessage[] = [{ role: 'user', content: 'How bad is it?' }]

/** A model that gives these answers in turn and keeps what it was asked. */
function model(...answers: (string | Partial<ModelReply>)[]) {
  const asked: (readonly ChatMessage[])[] = []
  const ask = async (messages: readonly ChatMessage[]): Promise<ModelReply> => {
    const next = answers[asked.length]
    asked.push(messages)
    if (next === undefined) throw new Error('asked too often')
    const reply = typeof next === 'string' ? { text: next } : next
    return {
      text: '',
      toolCalls: [],
      finishReason: 'stop',
      usage: undefined,
      model: 'x:y',
      costUsd: undefined,
      ...reply,
    }
  }
  return { ask, asked }
}

const structured = createStructuredOutput()

function askStructured(
  given: StructuredRequest['schema'],
  messages: readonly ChatMessage[],
  ask: StructuredRequest['ask'],
  options: { maxReasks?: number } = {},
) {
  return structured.request({ schema: given, messages, ask, ...options })
}

async function failureOf(work: Promise<unknown>): Promise<StepFailure> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StepFailure)
  return error as StepFailure
}

describe('an answer that fits', () => {
  it.each([
    ['bare', '{"severity":"low"}'],
    ['white space around', '\n  {"severity":"low"}\n'],
    ['byte order mark', '\uFEFF{"severity":"low"}'],
    ['fenced', '```json\n{"severity":"low"}\n```'],
    ['fenced without a language', '```\n{"severity":"low"}\n```'],
    ['fenced with words around', 'Here it is:\n```json\r\n{"severity":"low"}\r\n```\nAnything else?'],
  ])('%s', async (_, text) => {
    const { ask, asked } = model(text)
    expect(await askStructured(schema, question, ask)).toEqual({ severity: 'low' })
    expect(asked).toEqual([question])
  })

  it('is a string that holds a fence', async () => {
    const { ask } = model('"```json\\n1\\n```"')
    expect(await askStructured({ type: 'string' }, question, ask)).toBe('```json\n1\n```')
  })

  it('is null', async () => {
    expect(await askStructured({ type: ['object', 'null'] }, question, model('null').ask)).toBeNull()
  })
})

describe('an answer that does not fit', () => {
  it('is asked for again with the errors listed', async () => {
    const { ask, asked } = model('{"severity":"medium","extra":1}', '{"severity":"high"}')
    expect(await askStructured(schema, question, ask)).toEqual({ severity: 'high' })
    expect(asked[1]).toEqual([
      ...question,
      { role: 'assistant', content: '{"severity":"medium","extra":1}' },
      {
        role: 'user',
        content: [
          'This answer does not fit the required JSON Schema:',
          '- the document must NOT have additional properties ("extra")',
          '- /severity must be equal to one of the allowed values (["low","high"])',
          'Answer again with the corrected JSON document only, without explanation.',
        ].join('\n'),
      },
    ])
  })

  it('shows only the last answer again', async () => {
    const { ask, asked } = model('first', '', '{"severity":"low"}')
    await askStructured(schema, question, ask)
    expect(asked[2]?.map((message) => message.content)).toEqual([
      'How bad is it?',
      '',
      expect.stringContaining('the answer is empty'),
    ])
  })

  it('fails after two more tries, and may be retried', async () => {
    const { ask, asked } = model('no', 'no', '{}')
    const failure = await failureOf(askStructured(schema, question, ask))
    expect(asked).toHaveLength(3)
    expect(failure).toMatchObject({ code: 'model-output-invalid', blame: 'model', retryable: true })
    expect(failure.message).toContain("must have required property 'severity'")
  })

  it('can be given no second chance', async () => {
    const { ask, asked } = model('no')
    expect((await failureOf(askStructured(schema, question, ask, { maxReasks: 0 }))).code).toBe(
      'model-output-invalid',
    )
    expect(asked).toHaveLength(1)
  })

  it('is final when it was cut off', async () => {
    const { ask, asked } = model({ text: '{"sev', finishReason: 'length' })
    expect(await failureOf(askStructured(schema, question, ask))).toMatchObject({
      code: 'model-output-truncated',
      retryable: false,
    })
    expect(asked).toHaveLength(1)
  })

  it('lists no more errors than a model reads', async () => {
    const { ask, asked } = model(
      JSON.stringify(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, 1]))),
      '{"severity":"low"}',
    )
    await askStructured(schema, question, ask)
    const again = asked[1]?.at(-1)?.content ?? ''
    expect(again.split('\n')).toHaveLength(2 + 20 + 1)
    expect(again).toContain('and 31 more')
  })
})

describe('schemas', () => {
  it.each<[string, Record<string, unknown>, string, boolean]>([
    [
      'draft 7 by name',
      { $schema: 'http://json-schema.org/draft-07/schema#', type: 'array', items: [{ type: 'string' }] },
      '["a"]',
      true,
    ],
    ['a list under items, draft not named', { type: 'array', items: [{ type: 'string' }] }, '[1]', false],
    [
      '2020 by name',
      { $schema: 'https://json-schema.org/draft/2020-12/schema', prefixItems: [{ type: 'string' }] },
      '[1]',
      false,
    ],
    ['references inside', { $ref: '#/$defs/x', $defs: { x: { type: 'number' } } }, '1', true],
    ['unknown keywords', { type: 'number', 'x-note': 'hi', example: 3 }, '1', true],
    ['an unknown format', { type: 'string', format: 'colour' }, '"red"', true],
  ])('%s', async (_, given, answer, fits) => {
    const work = askStructured(given, question, model(answer).ask, { maxReasks: 0 })
    if (fits) expect(await work).toEqual(JSON.parse(answer))
    else expect((await failureOf(work)).code).toBe('model-output-invalid')
  })

  it('with the same $id in two states', async () => {
    const first = { $id: 'urn:example:x', type: 'number' }
    expect(await askStructured(first, question, model('1').ask)).toBe(1)
    expect(await askStructured({ ...first, type: 'string' }, question, model('"a"').ask)).toBe('a')
  })

  it('never fetches a reference', async () => {
    const remote = { $ref: 'https://example.org/schema.json' }
    const { ask, asked } = model('1')
    expect(await failureOf(askStructured(remote, question, ask))).toMatchObject({
      code: 'output-schema-unusable',
      blame: 'workflow',
      retryable: false,
    })
    expect(asked).toHaveLength(0)
  })

  it('that would be checked asynchronously is refused', async () => {
    const work = askStructured({ $async: true, type: 'number' }, question, model('1').ask)
    expect((await failureOf(work)).code).toBe('output-schema-unusable')
  })
})
