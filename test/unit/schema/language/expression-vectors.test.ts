import { describe, expect, test } from 'vitest'
import {
  checkExpression,
  coerceValue,
  compileExpression,
  ExpressionError,
  evaluate,
  evaluateCondition,
  loadExpression,
  type PyDict,
  PyError,
  type PyValue,
  parseOutput,
} from '../../../../schema/language/index.ts'
import type { Node } from '../../../../schema/language/nodes.ts'
import { exceptions } from './exceptions.ts'
import { canonical, decode, encode, readVectors, type Vector } from './vectors.ts'

type Outcome = { output: unknown } | { error: string }

function outcome(run: () => unknown): Outcome {
  try {
    return { output: run() }
  } catch (error) {
    if (error instanceof ExpressionError || error instanceof PyError) return { error: error.message }
    throw error
  }
}

function agrees(
  vector: Vector,
  run: (vector: Vector) => unknown,
  same: (mine: unknown, theirs: unknown) => boolean,
): string | undefined {
  if (exceptions[vector.id] !== undefined) return undefined
  const mine = outcome(() => run(vector))
  if (vector.error !== undefined)
    return 'error' in mine
      ? undefined
      : `${vector.id}: ${JSON.stringify(vector.input)} gave ${canonical(mine.output)}, recorded ${vector.error.message}`
  if ('error' in mine)
    return `${vector.id}: ${JSON.stringify(vector.input)} failed with ${mine.error}, recorded ${canonical(vector.output)}`
  return same(mine.output, vector.output)
    ? undefined
    : `${vector.id}: ${JSON.stringify(vector.input)} gave ${canonical(mine.output)}, recorded ${canonical(vector.output)}`
}

const sameValue = (mine: unknown, theirs: unknown): boolean => canonical(mine) === canonical(theirs)

function shape(node: Node): unknown {
  return JSON.parse(
    JSON.stringify(node, (key, value: unknown) =>
      key === 'start' || key === 'height'
        ? undefined
        : typeof value === 'bigint'
          ? `${value}n`
          : typeof value === 'number'
            ? encode(value)
            : value,
    ),
  )
}

describe('recorded calls of upstream', () => {
  const table: readonly [string, (vector: Vector) => unknown, (mine: unknown, theirs: unknown) => boolean][] =
    [
      [
        'safe_eval',
        ({ input }) => {
          const text = String(input.expr)
          return encode(evaluate(compileExpression(text), decode(input.vars ?? {}) as PyDict))
        },
        sameValue,
      ],
      [
        'expression_load',
        ({ input }) => loadExpression(String(input.expression)),
        (mine, theirs) =>
          canonical(shape(compileExpression(String(mine)).node)) ===
          canonical(shape(compileExpression(String(theirs)).node)),
      ],
      [
        'condition',
        ({ input }) => evaluateCondition(String(input.output), String(input.expression)).value,
        sameValue,
      ],
      ['convert_value', ({ input }) => encode(coerceValue(decode(input.value))), sameValue],
      ['parse', ({ input }) => encode(parseOutput(decode(input.text) as PyValue)), sameValue],
    ]
  test.each(table)('%s', (name, run, same) => {
    const vectors = readVectors(name)
    const failures = vectors.map((vector) => agrees(vector, run, same)).filter((line) => line !== undefined)
    expect(vectors.length).toBeGreaterThan(0)
    expect(failures).toEqual([])
  })

  test('an expression is a load error exactly when upstream refuses to load it', () => {
    const wrong = readVectors('expression_load').filter((vector) => {
      const refused = checkExpression(String(vector.input.expression)).some(
        (problem) => problem.severity === 'error',
      )
      return refused !== (vector.error !== undefined)
    })
    expect(wrong.map((vector) => vector.id)).toEqual([])
  })
})
