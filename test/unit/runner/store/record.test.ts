import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../../../../runner/events.ts'
import { treeId } from '../../../../runner/git/object-id.ts'
import { digestRun } from '../../../../runner/store/digest-run.ts'
import { readJournal } from '../../../../runner/store/journal.ts'
import type { ManifestStart } from '../../../../runner/store/manifest.ts'
import { sha256, textsByDigest } from '../../../../runner/store/payload.ts'
import { buildRecord, RECORD_LIMITS, type RunRecord } from '../../../../runner/store/record.ts'
import { restoreEvents } from '../../../../runner/store/run-directory.ts'
import { makeRepository } from '../../../helpers/git-repository.ts'
import { at, eventsOf } from '../../../helpers/run-of-events.ts'

const ID = '20261120T104455Z-3f9a1c2e'
const START: ManifestStart = {
  id: ID,
  workflow: { id: 'review', name: 'Review', file: 'review.toml', blob: 'a'.repeat(40) },
  trigger: { event: 'manual' },
  repository: { changedFiles: 0 },
  inputs: { sha256: 'x' },
  engine: '0.1.0',
  startedAt: at(0),
}

function recordOf(events: readonly RunEvent[]): RunRecord {
  return buildRecord({
    start: START,
    fence: 1,
    events,
    calledTexts: new Map(),
    workflowText: 'a = 1\n',
    inputsText: '{}\n',
  })
}

const text = (record: RunRecord, path: string) =>
  Buffer.from(record.files.get(path) ?? 'missing').toString('utf8')
const sizeOf = (record: RunRecord) =>
  [...record.files.values()].reduce((sum, content) => sum + content.length, 0)
const segmentsOf = (record: RunRecord) =>
  new Map(
    [...record.files].flatMap(([path, content]) =>
      path.startsWith('journal/') ? [[path.slice(8), content]] : [],
    ),
  )

function expectWithinLimits(record: RunRecord): void {
  expect(record.files.size).toBeLessThanOrEqual(RECORD_LIMITS.files)
  expect(sizeOf(record)).toBeLessThanOrEqual(RECORD_LIMITS.runBytes)
  for (const content of record.files.values())
    expect(content.length).toBeLessThanOrEqual(RECORD_LIMITS.fileBytes)
}

describe('the files of a record', () => {
  test('are named after the steps; the manifest lists the digest of each', () => {
    const record = recordOf(
      eventsOf(ID, { plan: '{"b":1,"a":[]}', 'review[2]': 'two', 'review[10]': 'ten', 'fix#2': 'done' }),
    )
    expect([...record.files.keys()].sort()).toEqual([
      'README.md',
      'inputs.json',
      'journal/000001.ndjson',
      'map/review/0001.ndjson',
      'run.json',
      'steps/fix@2/1/meta.json',
      'steps/fix@2/1/output.md',
      'steps/plan/1/meta.json',
      'steps/plan/1/output.json',
      'workflow.toml',
    ])
    expect(text(record, 'steps/plan/1/output.json')).toBe('{\n  "a": [],\n  "b": 1\n}\n')
    expect(text(record, 'map/review/0001.ndjson')).toBe(
      '{"attempt":1,"item":[2],"output":"two","path":"review[2]","state":"review","status":"finished"}\n' +
        '{"attempt":1,"item":[10],"output":"ten","path":"review[10]","state":"review","status":"finished"}\n',
    )
    for (const [path, content] of record.files) {
      if (path === 'run.json') continue
      expect(record.manifest.files[path]).toEqual({ sha256: sha256(content), size: content.length })
    }
  })

  test('are the same bytes for the same run; outputs hold no times', () => {
    const later = eventsOf(ID, { a: 'x' }).map((event) => ({ ...event, at: at(500) }))
    const [first, second] = [recordOf(eventsOf(ID, { a: 'x' })), recordOf(later)]
    expect(recordOf(eventsOf(ID, { a: 'x' })).files).toEqual(first.files)
    expect(text(second, 'steps/a/1/output.md')).toBe(text(first, 'steps/a/1/output.md'))
    expect(text(second, 'steps/a/1/meta.json')).toBe(text(first, 'steps/a/1/meta.json'))
  })

  test('every attempt that failed is kept', () => {
    const failure = { code: 'provider-overloaded', blame: 'provider', message: 'Busy.' } as const
    const events = eventsOf(ID, { a: 'x' })
    const retried: RunEvent = {
      type: 'attempt-failed',
      at: at(0),
      path: 'a',
      state: 'a',
      attempt: 1,
      failure,
      durationMs: 5,
      retryInMs: 10,
    }
    const second = events.map((event) => ('attempt' in event ? { ...event, attempt: 2 } : event))
    const record = recordOf([...second.slice(0, 1), retried, ...second.slice(1)])
    expect(JSON.parse(text(record, 'steps/a/1/meta.json'))).toMatchObject({ status: 'failed', failure })
    expect(text(record, 'steps/a/2/output.md')).toBe('x\n')
  })
})

describe('limits', () => {
  test('a large output becomes its two ends, and the whole is kept beside', () => {
    const large = `head${'ä'.repeat(1024 * 1024)}tail`
    const record = recordOf(eventsOf(ID, { a: large }))
    expectWithinLimits(record)
    const page = text(record, 'steps/a/1/output.md')
    expect(page).toMatch(
      /^headä+\n\n\[… \d+ bytes left out; sha256 [0-9a-f]{64}; whole text: codemie\/kept\/2026/,
    )
    expect(page).toMatch(/ä+tail\n$/)
    const pointer = JSON.parse(text(record, 'steps/a/1/meta.json')).outputExcerpt
    expect(pointer).toEqual({
      sha256: sha256(large),
      size: Buffer.byteLength(large),
      where: `codemie/kept/${ID} in the git directory`,
    })
    expect(record.isCut).toBe(true)
  })

  test('its journal is whole again where the texts are, and without that step where they are not', () => {
    const events = eventsOf(ID, { a: 'x', b: 'y'.repeat(600_000) })
    const record = recordOf(events)
    const journal = readJournal(segmentsOf(record))
    expect(restoreEvents(journal.events, (digest) => textsByDigest(events).get(digest)).whole).toEqual(events)
    const elsewhere = restoreEvents(journal.events, () => undefined)
    expect(elsewhere.whole.filter((event) => event.type === 'step-finished')).toHaveLength(1)
    expect(elsewhere.all).toHaveLength(events.length)
  })

  test('many steps', () => {
    const outputs = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [`s${index}`, `out ${index}`]),
    )
    const record = recordOf(eventsOf(ID, outputs))
    expectWithinLimits(record)
    const more = text(record, 'steps/+more/0001.ndjson').trim().split('\n')
    const own = [...record.files.keys()].filter((path) => path.endsWith('output.md')).length
    expect(own + more.length).toBe(400)
  })

  test('many items, each of some size', () => {
    const outputs = Object.fromEntries(
      Array.from({ length: 3000 }, (_, index) => [`s[${index}]`, 'z'.repeat(2000)]),
    )
    const record = recordOf(eventsOf(ID, outputs))
    expectWithinLimits(record)
    expect(record.manifest.steps).toBe(3000)
    const left = record.manifest.journal?.leftOutEvents ?? 0
    expect(left).toBeGreaterThanOrEqual(6000)
    expect(
      readJournal(segmentsOf(record)).events.filter((event) => event.type === 'step-finished'),
    ).toHaveLength(3000)
  })

  test('many maps of many items', () => {
    const outputs = Object.fromEntries(
      Array.from({ length: 4000 }, (_, index) => [`m${index % 200}[${index}]`, 'z'.repeat(3000)]),
    )
    expectWithinLimits(recordOf(eventsOf(ID, outputs)))
  })

  test('more items than lines have room for', () => {
    const outputs = Object.fromEntries(
      Array.from({ length: 30_000 }, (_, index) => [`s[${index}]`, 'z'.repeat(200)]),
    )
    const record = recordOf(eventsOf(ID, outputs))
    expectWithinLimits(record)
    const last = JSON.parse(text(record, 'map/+more/0001.ndjson').trim())
    expect(last.leftOutLines).toBeGreaterThan(0)
  })

  test('everything is large: definition, inputs, failures', () => {
    const huge = 'x'.repeat(2_000_000)
    const failure = { code: 'tool-failed', blame: 'tool', message: huge } as const
    const events = eventsOf(ID, { a: huge, b: huge }, 'failed').map((event) =>
      event.type === 'run-finished' ? { ...event, failure } : event,
    )
    const record = buildRecord({
      start: START,
      fence: 1,
      events,
      calledTexts: new Map(),
      workflowText: huge,
      inputsText: `"${huge}"\n`,
    })
    expectWithinLimits(record)
    expect(() => JSON.parse(text(record, 'inputs.json'))).not.toThrow()
  })
})

describe('a run summed up', () => {
  test('time between a crash and the resumption does not count', () => {
    const events: RunEvent[] = [
      ...eventsOf(ID, { a: 'x' }).slice(0, -1),
      { type: 'run-resumed', at: at(1000), runId: ID, finishedSteps: 1 },
      { type: 'run-finished', at: at(1004), runId: ID, status: 'succeeded', durationMs: 4000, steps: 1 },
    ]
    expect(digestRun(events)).toMatchObject({
      status: 'succeeded',
      durationMs: 5000,
      output: 'x',
      costUsd: 0.0025,
    })
  })

  test('a step whose replies came from an earlier try is paid once', () => {
    const [started, step, effect, finished] = eventsOf(ID, { a: 'x' })
    if (!started || !step || !effect || !finished) throw new Error('four events')
    const events = [
      started,
      step,
      effect,
      { ...started, type: 'run-resumed', finishedSteps: 0 } as RunEvent,
      step,
      finished,
    ]
    expect(digestRun(events)).toMatchObject({
      costUsd: 0.0025,
      usage: { inputTokens: 1200 },
      costUnknown: false,
    })
  })

  test('a model without a price makes the cost a lower bound', () => {
    const events = eventsOf(ID, { a: 'x' }).filter((event) => event.type !== 'step-finished')
    const unknown = events.map(({ ...event }) => {
      if (event.type === 'effect-finished') delete (event as { costUsd?: number }).costUsd
      return event
    })
    expect(digestRun([...events, ...unknown])).toMatchObject({ costUsd: 0.0025, costUnknown: true })
  })

  test.each([
    ['nothing happened', [], 'running'],
    ['it just stops', eventsOf(ID, { a: 'x' }).slice(0, -1), 'interrupted'],
    ['it says its end', eventsOf(ID, { a: 'x' }, 'aborted'), 'aborted'],
  ])('%s', (_name, events, status) => {
    expect(digestRun(events).status).toBe(status)
  })
})

test.each(['sha1', 'sha256'] as const)('ids of trees are those of git (%s)', (format) => {
  const repository = makeRepository()
  try {
    const files = new Map(
      ['a.txt', 'a/b', 'a-b/c', 'a0', 'steps/x/1/output.md', 'ä'].map((path) => [
        path,
        Buffer.from(`of ${path}`),
      ]),
    )
    const root = repository.beside(format)
    execFileSync('git', ['init', '-q', `--object-format=${format}`, root], { env: repository.env })
    const written = makeWriter(repository.env, root, files)
    expect(treeId(files, format)).toBe(written)
  } finally {
    repository.remove()
  }
})

function makeWriter(
  env: Readonly<Record<string, string>>,
  root: string,
  files: ReadonlyMap<string, Buffer>,
): string {
  const git = (args: string[], input = '') =>
    execFileSync('git', args, { cwd: root, env, input, encoding: 'utf8' }).trim()
  for (const [path, content] of files) {
    const id = git(['hash-object', '-w', '--stdin'], content.toString())
    git(['update-index', '--add', '--cacheinfo', `100644,${id},${path}`])
  }
  return git(['write-tree'])
}
