import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readWorkflow } from '../../schema/index.ts'
import { CORPUS } from '../helpers/corpus.ts'
import { compareVector, type FunctionTable, type Verdict } from '../oracle/compare.ts'
import { saneTrace } from '../oracle/exceptions.ts'
import { functions } from '../oracle/functions.ts'
import { OWN_RECORDINGS, openRecordings, type Vector } from '../oracle/recorded.ts'
import { sideBySide } from '../oracle/side-by-side.ts'
import { compareTemplate, type RecordedTemplate } from '../oracle/templates.ts'
import type { Trace } from '../oracle/trace.ts'
import { compareTrace } from '../oracle/traces.ts'

const recordings = openRecordings(OWN_RECORDINGS)
const traceOf = (name: string) => recordings.trace(name) as Trace

/** Recordings that differ on purpose, found while comparing all of them. */
const explainedVectors: [name: string, vector: Vector, section: string][] = []
const explainedTraces: [name: string, section: string][] = []

describe('recorded calls of upstream come out the same here', () => {
  it.each(Object.entries(functions))('%s', (name, entry: FunctionTable[string]) => {
    const vectors = recordings.vectors(name)
    expect(vectors.length).toBeGreaterThan(0)
    const different: unknown[] = []
    for (const vector of vectors) {
      const verdict: Verdict = compareVector(name, entry, vector, recordings)
      if (verdict.kind === 'different') different.push({ id: vector.id, ...verdict })
      if (verdict.kind === 'explained') explainedVectors.push([name, vector, verdict.section])
    }
    expect(different).toEqual([])
  })
})

describe('recorded runs of upstream come out the same here', () => {
  it.each(recordings.traces)('%s', async (name) => {
    const verdict = await compareTrace(traceOf(name))
    expect(verdict.kind === 'different' ? verdict : undefined).toBeUndefined()
    if (verdict.kind === 'explained') explainedTraces.push([name, verdict.section])
  })
})

const besideCorpus = openRecordings(join(CORPUS, '../oracle/codemie'))

describe.skipIf(besideCorpus.templates.length === 0)('upstream treats its own templates as we do', () => {
  it.each(besideCorpus.templates)('%s', async (file) => {
    const recorded = besideCorpus.template(file) as RecordedTemplate
    const verdicts = await compareTemplate(recorded, besideCorpus.templateText(file) ?? '')
    expect(verdicts.filter(([, { kind }]) => kind === 'different')).toEqual([])
  })
})

/** Where a call may come out as it likes: a condition on such a text, a circle of values. */
const UNCERTAIN = ['4.1', '9 g']

describe('an exception allows no other difference', () => {
  it('of a recorded call', () => {
    expect(explainedVectors.length).toBeGreaterThan(0)
    const swallowed = explainedVectors.filter(([name, { error: _, ...vector }, section]) => {
      const changed = { ...vector, output: { another: 'output' } }
      const entry = functions[name]
      if (!entry || UNCERTAIN.includes(section)) return false
      return compareVector(name, entry, changed, recordings).kind !== 'different'
    })
    expect(swallowed).toEqual([])
  })

  it('of a recorded run, before the place where the exception begins', { timeout: 60_000 }, async () => {
    expect(explainedTraces.length).toBeGreaterThan(0)
    const swallowed: string[] = []
    for (const [name] of explainedTraces) {
      if (
        isComparedFrom(traceOf(name)) &&
        (await compareTrace(withAnotherStart(traceOf(name)))).kind !== 'different'
      ) {
        swallowed.push(name)
      }
    }
    expect(swallowed).toEqual([])
  })

  it('and leaves most of those runs to be compared', () => {
    const uncompared = explainedTraces.filter(([name]) => !isComparedFrom(traceOf(name)))
    expect(uncompared.length).toBeLessThan(explainedTraces.length / 4)
  })

  it.each<[situation: string, name: string, change: (trace: Trace) => Trace]>([
    [
      '9 a: another value written when the old keys went',
      'flag-keep-current',
      (trace) => withUpdate(trace, 1, { other: 1 }),
    ],
    [
      '9 h: another answer before the abort',
      'abort-parallel',
      (trace) => withRow(trace, 0, { output: 'other' }),
    ],
    [
      '10.1: another last step at the limit',
      'limit-3-states-limit-3',
      (trace) => withRow(trace, 2, { output: 'other' }),
    ],
    [
      '10.8: another prompt of a structured call',
      'schema-real',
      (trace) => withRow(trace, 0, { task: 'other' }),
    ],
    [
      '10.10: another text found by a pointer',
      'tool-pointer-list',
      (trace) => withRow(trace, 0, { output: [1, 3] }),
    ],
  ])('%s', async (_situation, name, change) => {
    expect((await compareTrace(traceOf(name))).kind).toBe('explained')
    expect((await compareTrace(change(traceOf(name)))).kind).toBe('different')
  })
})

/** Whether anything is left to compare in spite of the exceptions. */
function isComparedFrom(trace: Trace): boolean {
  const { workflow } = readWorkflow({ file: 'file.yaml', text: trace.yaml })
  return workflow !== undefined && saneTrace(trace, workflow).until !== 0
}

/** As if the first step had been given another context, and the first model another prompt. */
function withAnotherStart(trace: Trace): Trace {
  const [first, ...rounds] = trace.observed.rounds
  const [superstep, ...supersteps] = first?.supersteps ?? []
  if (!first || !superstep) throw new Error(`${trace.id} has no superstep`)
  const tasks = superstep.tasks.map((task) => ({
    ...task,
    input: { ...task.input, context_store: { another: 1 } },
  }))
  const changed = { ...first, supersteps: [{ ...superstep, tasks }, ...supersteps] }
  const [call, ...calls] = trace.observed.llm_calls
  const llm_calls = call ? [{ ...call, messages: [{ role: 'human', text: 'another' }] }, ...calls] : []
  return { ...trace, observed: { ...trace.observed, llm_calls, rounds: [changed, ...rounds] } }
}

function withUpdate(trace: Trace, superstep: number, update: unknown): Trace {
  const rounds = trace.observed.rounds.map((round) => ({
    ...round,
    supersteps: round.supersteps.map((one, index) =>
      index === superstep
        ? { ...one, tasks: one.tasks.map((task) => ({ ...task, update: { context_store: update } })) }
        : one,
    ),
  }))
  return { ...trace, observed: { ...trace.observed, rounds } }
}

function withRow(trace: Trace, index: number, change: Partial<Trace['observed']['rows'][number]>): Trace {
  const rows = trace.observed.rows.map((row, i) => (i === index ? { ...row, ...change } : row))
  return { ...trace, observed: { ...trace.observed, rows } }
}

describe('two texts beside each other', () => {
  it.each<[situation: string, recorded: string, found: string, lines: readonly string[]]>([
    [
      'differ at the start',
      'abc',
      'xbc',
      [
        '      recorded                  | found',
        '      abc                       | xbc',
        '      ^                         | ^',
      ],
    ],
    [
      'differ far inside',
      `${'a'.repeat(100)}b and more`,
      `${'a'.repeat(100)}c`,
      [
        '      recorded                  | found',
        '      …aaaaaaaaaaaaaaaab and mo | …aaaaaaaaaaaaaaaac',
        '                       ^        |                  ^',
        '      re                        |',
      ],
    ],
    [
      'one is empty, the other holds a line break',
      '',
      'a\nb',
      [
        '      recorded                  | found',
        '      (empty)                   | a⏎b',
        '      ^                         | ^',
      ],
    ],
  ])('%s', (_situation, recorded, found, lines) => {
    expect(sideBySide(recorded, found, 60)).toEqual(lines)
  })
})
