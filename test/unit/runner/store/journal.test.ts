import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RunEvent } from '../../../../runner/events.ts'
import { JournalWriter, readJournal, readJournalDirectory } from '../../../../runner/store/journal.ts'
import { redactValue } from '../../../../runner/store/redact.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'codemie-journal-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const event = (number: number): RunEvent => ({
  type: 'superstep-started',
  at: '2026-11-20T10:44:55.000Z',
  number,
  steps: [],
})
const open = (segment = 1) =>
  new JournalWriter({ directory, segment, redact: (text) => text, resumeHint: 'resume it.' })

describe('a journal', () => {
  test('keeps many events that arrive at once, in their order', async () => {
    const journal = open()
    await Promise.all(Array.from({ length: 500 }, (_, index) => journal.append(event(index))))
    await journal.close()
    const { events } = readJournalDirectory(directory)
    expect(events).toEqual(Array.from({ length: 500 }, (_, index) => event(index)))
  })

  test('an event that was appended is in the file when the promise resolves', async () => {
    const journal = open()
    for (const number of [1, 2, 3]) {
      await journal.append(event(number))
      expect(readFileSync(join(directory, '000001.ndjson'), 'utf8').trim().split('\n')).toHaveLength(number)
    }
    await journal.close()
  })

  test('events that nobody waits for are written in their place, at the latest when it is closed', async () => {
    const journal = open()
    journal.appendSoon(event(1))
    await journal.append(event(2))
    journal.appendSoon(event(3))
    await journal.close()
    expect(readJournalDirectory(directory).events).toEqual([event(1), event(2), event(3)])
  })

  test('closing while an event is being written waits for it and for those after it', async () => {
    const journal = open()
    const first = journal.append(event(1))
    journal.appendSoon(event(2))
    await journal.close()
    await first
    expect(readJournalDirectory(directory).events).toHaveLength(2)
  })

  test('two writers never share a segment', async () => {
    const journal = open()
    expect(() => open()).toThrow(expect.objectContaining({ code: 'EEXIST' }))
    const second = open(2)
    await second.append(event(2))
    await journal.append(event(1))
    await Promise.all([journal.close(), second.close()])
    expect(readJournalDirectory(directory)).toEqual({
      events: [event(1), event(2)],
      torn: [],
      lastSegment: 2,
    })
  })

  test.runIf(process.platform === 'linux')(
    'a full disc: what was waited for is refused, and so is all after it',
    async () => {
      // The next descriptor that is opened gets the lowest free number: the journal's. /dev/full then takes its place.
      const probe = openSync(directory, 'r')
      closeSync(probe)
      const journal = open()
      closeSync(probe)
      expect(openSync('/dev/full', 'a')).toBe(probe)
      const refused = {
        code: 'journal-not-writable',
        exitStatus: 6,
        message: 'The journal of this run cannot be written: the disc is full',
        help: 'Every step finished so far is kept. Free some space, then resume it.',
      }
      const results = await Promise.allSettled([journal.append(event(1)), journal.append(event(2))])
      expect(results).toMatchObject([
        { status: 'rejected', reason: refused },
        { status: 'rejected', reason: refused },
      ])
      await expect(journal.append(event(3))).rejects.toMatchObject(refused)
      await journal.close()
    },
  )
})

describe('reading', () => {
  const lines = (...texts: string[]) => Buffer.from(texts.join('\n'))

  test('half a line at the end of any segment is left out and told', () => {
    const journal = readJournal(
      new Map([
        ['000002.ndjson', lines(JSON.stringify(event(2)), '')],
        ['000001.ndjson', lines(JSON.stringify(event(1)), '{"type":"st')],
      ]),
    )
    expect(journal).toEqual({ events: [event(1), event(2)], torn: ['000001.ndjson'], lastSegment: 2 })
  })

  test.each([['{"type":'], ['[]'], ['{"kind":"x"}'], ['']])('damage in the middle is refused: %s', (line) => {
    expect(() =>
      readJournal(new Map([['000001.ndjson', lines(line, JSON.stringify(event(1)), '')]])),
    ).toThrow(
      expect.objectContaining({
        code: 'journal-damaged',
        message: expect.stringContaining('000001.ndjson:1'),
      }),
    )
  })

  test('no journal at all', () => {
    expect(readJournalDirectory(join(directory, 'none'))).toEqual({ events: [], torn: [], lastSegment: 0 })
  })
})

describe('secrets', () => {
  const redact = (text: string) => text.replaceAll('hush', '***')

  test.each([
    [{ a: ['hush', { hush: 'a hush' }] }, { a: ['***', { '***': 'a ***' }] }],
    ['hush', '***'],
    [
      [1, null, true],
      [1, null, true],
    ],
  ])('%j', (value, expected) => {
    expect(redactValue(value, redact)).toEqual(expected)
  })

  test('a value without any is not copied', () => {
    const value = { a: [{ b: 'c' }] }
    expect(redactValue(value, redact)).toBe(value)
  })
})
