import { describe, expect, it } from 'vitest'
import { compareVector, type FunctionTable } from '../oracle/compare.ts'
import { functions } from '../oracle/functions.ts'
import { OWN_RECORDINGS, openRecordings } from '../oracle/recorded.ts'
import { compareTrace, type Trace } from '../oracle/traces.ts'

const recordings = openRecordings(OWN_RECORDINGS)

describe('recorded calls of upstream come out the same here', () => {
  it.each(Object.entries(functions))('%s', (name, entry: FunctionTable[string]) => {
    const vectors = recordings.vectors(name)
    expect(vectors.length).toBeGreaterThan(0)
    const different = vectors
      .map((vector) => ({ id: vector.id, ...compareVector(name, entry, vector, recordings) }))
      .filter(({ kind }) => kind === 'different')
    expect(different).toEqual([])
  })
})

describe('recorded runs of upstream come out the same here', () => {
  it.each(recordings.traces)('%s', async (name) => {
    expect((await compareTrace(recordings.trace(name) as Trace)).kind).not.toBe('different')
  })
})
