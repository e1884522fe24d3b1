import { describe, expect, test } from 'vitest'
import { explainFailure, HttpStatusError } from '../../../../runner/models/model-failure.ts'
import { resolveModel } from '../../../../runner/models/providers.ts'
import { createStructuredOutput } from '../../../../runner/models/structured.ts'
import { normalizeBedrockInput } from '../../../../runner/steps/bedrock-input.ts'
import { resolvePointer } from '../../../../runner/steps/json-pointer.ts'
import { extractSource } from '../../../../runner/steps/path-extract.ts'
import { renderToolArguments } from '../../../../runner/steps/tool-arguments.ts'
import { runTransform } from '../../../../runner/steps/transform.ts'
import { fromJson, type PyDict, type PyValue, toJson } from '../../../../schema/language/index.ts'

// Numbers are those of the behaviour notes, section 8.

const dict = (value: unknown) => fromJson(value) as PyDict

test('110: an object of the context is handed to a tool as it is', () => {
  const args = renderToolArguments({
    args: dict({ arg1: null }),
    parameters: [],
    context: dict({ tool1_args: { arg1: { deep: [1] } } }),
    inputKey: 'tool1_args',
    firstItem: undefined,
  })
  expect(toJson(args)).toEqual({ arg1: { deep: [1] } })
})

test.each([
  [112, { a: [1, 2] }, '/a/-1', 2],
  [112, { 'a~1b': 3 }, '/a~1b', 3],
])('%i: in %j the pointer %s finds %j', (_number, document, pointer, expected) => {
  expect(toJson(resolvePointer(dict(document), pointer))).toEqual(expected)
})

test.each([
  [113, 'rules', { rules: { a: 1 } }, { a: 1 }],
  [113, 'stats.total', { stats: { total: { n: 1 } } }, { total: { n: 1 } }],
  [113, 'arr', { arr: [1, 2] }, { data: [1, 2] }],
  [113, 'num', { num: 7 }, { data: 7 }],
])('%i: the input %s of %j is %j', (_number, key, context, expected) => {
  expect(toJson(extractSource(dict(context), key))).toEqual(expected)
})

describe('a transform', () => {
  const transform = (config: unknown, context: unknown = {}) => {
    const taskState = dict({})
    const source = { context: dict(context), lastOutsideMessage: undefined, userInput: '', taskState }
    return JSON.parse(runTransform(dict(config), source).output)
  }

  test.each([
    [115, {}],
    [115, { a: null }],
  ])('%i: extracts its default from %j', (_number, context) => {
    const mappings = [{ output_field: 'x', source_path: 'a', default: 'd' }]
    expect(transform({ mappings }, context)).toEqual({ x: 'd' })
  })

  test('116: leaves out items whose filter fails', () => {
    const filter = {
      output_field: 'x',
      type: 'array_map',
      source_path: 'l',
      filter_condition: "item['n'] > 1",
    }
    expect(transform({ mappings: [filter] }, { l: [{ n: 2 }, { m: 3 }] })).toEqual({ x: [{ n: 2 }] })
  })

  const failing = { mappings: [{ output_field: 'x', type: 'script', script: 'missing' }] }

  test('117: that fails gives nothing, its default, or a failure, as on_error says', () => {
    expect(transform({ ...failing, on_error: 'skip' })).toEqual({})
    expect(transform({ ...failing, on_error: 'default', default_output: { d: 1 } })).toEqual({ d: 1 })
    expect(() => transform({ ...failing, on_error: 'fail' })).toThrow('The transform failed')
  })
})

describe('which failures are tried again', () => {
  const found = resolveModel('ollama:m', {}, {})
  if (!found.ok) throw new Error(found.problem.message)
  const context = { endpoint: found.endpoint, isStream: false, now: () => 0 }

  test.each([
    [120, 401, false],
    [120, 403, false],
    [120, 404, false],
    [120, 400, false],
    [120, 405, false],
    [120, 409, false],
    [120, 500, true],
    [120, 501, true],
    [120, 502, true],
  ])('%i: status %i: %s', (_number, status, retryable) => {
    const failure = explainFailure(new HttpStatusError(status, new Headers(), '{}'), context)
    expect(failure).toMatchObject({ retryable })
  })

  test('120: an answer that was cut off is not', async () => {
    const reply = {
      text: '{',
      toolCalls: [],
      finishReason: 'length',
      usage: undefined,
      model: 'm',
      costUsd: 0,
    }
    const request = createStructuredOutput().request({
      schema: { type: 'object', properties: {} },
      messages: [],
      ask: () => Promise.resolve(reply),
    })
    await expect(request).rejects.toMatchObject({ code: 'model-output-truncated', retryable: false })
  })
})

describe('the input of a Bedrock flow', () => {
  test.each<[number, string, string, PyValue]>([
    [122, '3', 'NUMBER', 3n],
    [122, '3.5', 'NUMBER', 3.5],
    [122, 'Yes', 'BOOLEAN', true],
    [122, '0', 'BOOLEAN', false],
  ])('%i: %s as %s', (_number, text, type, expected) => {
    expect(normalizeBedrockInput(text, type)).toBe(expected)
  })

  test('122: an object is no list', () => {
    expect(() => normalizeBedrockInput('{}', 'ARRAY')).toThrow()
  })
})
