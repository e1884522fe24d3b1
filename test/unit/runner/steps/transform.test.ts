import { describe, expect, test } from 'vitest'
import { StepFailure } from '../../../../runner/failure.ts'
import { runTransform, type TransformSource } from '../../../../runner/steps/transform.ts'
import { PyDict, type PyValue } from '../../../../schema/language/index.ts'
import { decode } from '../../../oracle/recorded.ts'

function dict(value: unknown): PyDict {
  const decoded = decode(value)
  if (!(decoded instanceof PyDict)) throw new Error('no dictionary')
  return decoded
}

/** A recorded input as what the engine hands over. Only plain texts come from outside; outputs are lists of blocks. */
function sourceOf(input: Record<string, unknown>): TransformSource {
  const messages = (input.messages ?? []) as [role: string, content: unknown][]
  const last = messages.at(-1)?.[1]
  const userInput = (input.user_input ?? '') as string
  return {
    context: dict(input.context ?? {}),
    lastOutsideMessage: typeof last === 'string' ? last : undefined,
    userInput,
    taskState: dict({ ...((input.task_state ?? {}) as object), user_input: userInput }),
  }
}

function run(config: unknown, context: unknown = {}) {
  return runTransform(dict(config), sourceOf({ context: context as Record<string, unknown> }))
}

function failure(config: unknown, context: unknown = {}): StepFailure {
  try {
    run(config, context)
  } catch (error) {
    if (error instanceof StepFailure) return error
    throw error
  }
  throw new Error('the transform should have failed')
}

describe('failures', () => {
  const rows: [situation: string, config: unknown, message: string][] = [
    ['no output field', { mappings: [{ type: 'constant' }] }, 'mapping 1: "output_field" is missing'],
    [
      'unknown kind',
      {
        mappings: [
          { output_field: 'a', value: 1 },
          { output_field: 'b', type: 'copy' },
        ],
      },
      'mapping 2 ("b"): "type" is "copy", which is none of extract, condition, template, constant, script, array_map',
    ],
    ['mappings that are no list', { mappings: 5 }, '"mappings" must be a list, not int'],
    ['unknown source', { input_source: 'file' }, '"input_source" must be one of context_store, messages'],
    [
      'unknown strategy',
      { mappings: [{}], on_error: 'ignore' },
      'on_error is "ignore", which is no strategy',
    ],
    ['missing key', { output_schema: { required: ['x'] } }, 'the output lacks the required key "x"'],
    [
      'a value that is no number',
      {
        mappings: [{ output_field: 'n', type: 'constant', value: 'x' }],
        output_schema: { properties: { n: { type: 'integer' } } },
      },
      'invalid literal for int()',
    ],
    [
      'a script that gives back a view of the data',
      { mappings: [{ output_field: 'o', type: 'script', script: 'd' }], on_error: 'skip' },
      'the output cannot be written as JSON',
    ],
    [
      'a broken script',
      { mappings: [{ output_field: 'o', type: 'script', script: 'nope + 1' }] },
      'mapping 1 ("o")',
    ],
  ]
  for (const [situation, config, message] of rows) {
    test(situation, () => {
      const failed = failure(config, { d: { a: 1 } })
      expect(failed).toMatchObject({ code: 'transform-failed', blame: 'workflow', retryable: false })
      expect(failed.message).toContain(message)
    })
  }
})

describe('warnings', () => {
  const rows: [situation: string, config: unknown, output: string, warnings: unknown[]][] = [
    [
      'a condition that fails counts as false',
      {
        mappings: [
          { output_field: 'x', type: 'constant', value: 1 },
          { output_field: 'o', type: 'condition', condition: 'nope', else_value: 'E' },
        ],
      },
      '{"x": 1, "o": "E"}',
      [{ mapping: 1, code: 'condition-failed' }],
    ],
    [
      'a condition that is false is no reason to warn',
      { mappings: [{ output_field: 'o', type: 'condition', condition: 'n > 9', else_value: 'E' }] },
      '{"o": "E"}',
      [],
    ],
    [
      'a filter that fails for some items is told once',
      {
        mappings: [{ output_field: 'o', type: 'array_map', source_path: 'l', filter_condition: 'item > 1' }],
      },
      '{"o": [2]}',
      [{ mapping: 0, code: 'filter-failed', message: expect.stringContaining('2 of 4 items') }],
    ],
    [
      'a condition that is no text is one that fails',
      {
        mappings: [{ output_field: 'o', type: 'condition', condition: 5, then_value: 'T', else_value: 'E' }],
      },
      '{"o": "E"}',
      [{ mapping: 0, code: 'condition-failed' }],
    ],
    [
      'partial leaves out what fails',
      {
        on_error: 'partial',
        mappings: [
          'text',
          { output_field: 'a', type: 'script', script: 'nope' },
          { output_field: 'b', source_path: 'n' },
        ],
      },
      '{"b": 5}',
      [
        { mapping: 0, code: 'mapping-failed' },
        { mapping: 1, code: 'mapping-failed', message: expect.stringContaining('("a")') },
      ],
    ],
    [
      'another strategy takes over',
      { on_error: 'default', default_output: { d: 1 }, mappings: [{}] },
      '{"d": 1}',
      [{ mapping: undefined, code: 'transform-replaced' }],
    ],
  ]
  for (const [situation, config, output, warnings] of rows) {
    test(situation, () => {
      const result = run(config, { n: 5, l: [1, 2, 'x', null] })
      expect(result.output).toBe(output)
      expect(result.warnings).toHaveLength(warnings.length)
      expect(result.warnings).toMatchObject(warnings)
    })
  }
})

test('neither context nor config is changed', () => {
  const config = dict({
    mappings: [{ output_field: 'l', type: 'constant', value: 5 }],
    output_schema: { properties: { l: { type: 'string' } } },
  })
  const context = dict({ l: [1] })
  const source = { ...sourceOf({}), context }
  expect(runTransform(config, source).output).toBe('{"l": "5"}')
  expect(runTransform(config, source).output).toBe('{"l": "5"}')
  expect(context.get('l') as PyValue).toEqual([1n])
})

test('a script that would run for ever is stopped', () => {
  expect(failure({ mappings: [{ output_field: 'o', type: 'script', script: '9 ** 9 ** 9' }] }).code).toBe(
    'transform-failed',
  )
})
