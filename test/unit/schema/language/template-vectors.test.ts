import { describe, expect, test } from 'vitest'
import {
  checkTemplate,
  evaluateConditionOn,
  LanguageError,
  loadExpression,
  type PyDict,
  PyError,
  type PyValue,
  parseOutput,
  renderBatch,
  renderDynamic,
  renderDynamicArgs,
  renderSecure,
} from '../../../../schema/language/index.ts'
import { exceptions } from './exceptions.ts'
import { canonical, decode, encode, readVectors, type Vector } from './vectors.ts'

type Case = { readonly condition: string; readonly state_id: string }
type Next = {
  readonly condition?: { expression: string; then: string; otherwise: string }
  readonly switch?: { cases: Case[]; default: string }
}

function route({ input }: Vector): unknown {
  const next = input.next as Next
  const output = parseOutput(decode(input.output))
  const holds = (expression: string): boolean => evaluateConditionOn(output, loadExpression(expression)).value
  const end = input.finalizer === true ? 'result_finalizer_node' : '__end__'
  const target =
    next.condition === undefined
      ? (next.switch?.cases.find((one) => holds(one.condition))?.state_id ?? next.switch?.default)
      : holds(next.condition.expression)
        ? next.condition.then
        : next.condition.otherwise
  return target === 'end' ? end : target
}

/** Targets that are fixed or fan out are the engine's business, not the language's. */
function choosesByCondition(next: Next): boolean {
  return next.condition !== undefined || next.switch !== undefined
}

function mismatch(vector: Vector, run: (vector: Vector) => unknown): string | undefined {
  if (exceptions[vector.id] !== undefined) return undefined
  let mine: string
  try {
    mine = canonical(run(vector))
  } catch (error) {
    if (!(error instanceof LanguageError || error instanceof PyError)) throw error
    if (vector.error !== undefined) return undefined
    mine = `error: ${error.message}`
  }
  const theirs = vector.error === undefined ? canonical(vector.output) : `error: ${vector.error.message}`
  return mine === theirs
    ? undefined
    : `${vector.id}: ${JSON.stringify(vector.input).slice(0, 300)} gave ${mine}, recorded ${theirs}`
}

const table: readonly [string, (vector: Vector) => unknown][] = [
  ['render_dynamic', ({ input }) => encode(renderDynamic(String(input.source), decode(input.context)).value)],
  [
    'render_args',
    ({ input }) => encode(renderDynamicArgs(decode(input.args) as PyDict, decode(input.context)).value),
  ],
  ['render_secure', ({ input }) => renderSecure(String(input.template), decode(input.context) as PyDict)],
  [
    'render_batch',
    ({ input }) =>
      renderBatch(
        decode(input.items) as PyValue[],
        input.template === null ? undefined : String(input.template),
      ),
  ],
  ['route', route],
]

describe('recorded calls of upstream', () => {
  test.each(table)('%s', (name, run) => {
    const vectors = readVectors(name).filter(
      ({ input }) => name !== 'route' || choosesByCondition(input.next as Next),
    )
    expect(vectors.length).toBeGreaterThan(0)
    expect(vectors.map((vector) => mismatch(vector, run)).filter((line) => line !== undefined)).toEqual([])
  })

  test('a template that upstream refuses before rendering is a problem without rendering too', () => {
    const refused = readVectors('render_secure').filter(({ error }) =>
      /Security|Syntax|Assertion/.test(error?.type ?? ''),
    )
    expect(refused.length).toBeGreaterThan(50)
    const silent = refused.filter(({ input }) => checkTemplate(String(input.template), 'secure').length === 0)
    expect(silent.map((vector) => vector.id)).toEqual([])
  })
})
