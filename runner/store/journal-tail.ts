import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../events.ts'

/** Reads a journal that another process is writing: each call returns what was added since the last one. */
export class JournalTail {
  readonly #directory: string
  /** Bytes of each segment that were taken. */
  readonly #taken = new Map<string, number>()

  /** @param directory of the journal; it need not be there yet. */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** Events in order. A line that is still being written, or is no event, is left for whoever reads the whole journal. */
  read(): RunEvent[] {
    return namesIn(this.#directory).flatMap((name) => {
      const taken = this.#taken.get(name) ?? 0
      const text = readFrom(join(this.#directory, name), taken)
      const whole = text.subarray(0, text.lastIndexOf(0x0a) + 1)
      this.#taken.set(name, taken + whole.length)
      return whole.toString('utf8').split('\n').flatMap(eventIn)
    })
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.ndjson'))
      .sort()
  } catch {
    return []
  }
}

function readFrom(path: string, start: number): Buffer {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    // The run has ended, and its directory went.
    return Buffer.alloc(0)
  }
  try {
    const added = Buffer.alloc(Math.max(0, fstatSync(file).size - start))
    return added.subarray(0, readSync(file, added, 0, added.length, start))
  } finally {
    closeSync(file)
  }
}

function eventIn(line: string): RunEvent[] {
  try {
    const event = JSON.parse(line) as Partial<RunEvent> | null
    return typeof event?.type === 'string' ? [event as RunEvent] : []
  } catch {
    return []
  }
}
