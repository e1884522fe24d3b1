import {
  closeSync,
  fdatasync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../events.ts'
import { Refusal } from '../failure.ts'
import { type Redact, redactValue } from './redact.ts'

/** `journal/000001.ndjson`: one segment for each process that wrote. */
const SEGMENT = /^(\d{6})\.ndjson$/

/** Name of a segment's file. `number` counts from 1. */
export function segmentName(number: number): string {
  return `${String(number).padStart(6, '0')}.ndjson`
}

/**
 * Appends events to one segment of a journal, one JSON line each.
 *
 * Durability is bought in groups: while one `fdatasync` is under way everything that arrives is collected, and the next
 * one covers all of it. So the price of a step does not grow with the number of steps or of parallel branches.
 *
 * What nobody waits for is handed to the system at once: it outlives the process, however that ends. A model that was
 * paid for must not be asked again because of a `kill -9` in the middle of a step.
 */
export class JournalWriter {
  readonly #file: number
  readonly #redact: Redact
  readonly #resumeHint: string
  #pending: string[] = []
  #waiting: { resolve: () => void; reject: (error: unknown) => void }[] = []
  #isFlushing = false
  #isWritePlanned = false
  /** Something was written that no `fdatasync` has covered yet. */
  #isUnsafe = false
  #isClosed = false
  #idle: (() => void)[] = []
  /** Bytes of whole lines in the file. */
  #size = 0
  #failure: Refusal | undefined

  /**
   * Creates the segment `<directory>/<number>.ndjson`; it must not exist (two writers never share one).
   *
   * @param resumeHint what to tell people to do when the journal cannot be written any more.
   */
  constructor(options: {
    readonly directory: string
    readonly segment: number
    readonly redact: Redact
    readonly resumeHint: string
  }) {
    mkdirSync(options.directory, { recursive: true })
    this.#file = openSync(join(options.directory, segmentName(options.segment)), 'ax')
    this.#redact = options.redact
    this.#resumeHint = options.resumeHint
  }

  /**
   * Resolves when the event is on the disc. Rejects with a `Refusal` (exit status 6) when it cannot be: the disc is
   * full, the file system went read-only. What was written before stays, and every later call is refused alike.
   */
  append(event: RunEvent): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    this.appendSoon(event)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      if (!this.#isFlushing) this.#flush()
    })
  }

  /**
   * Keeps an event that nobody waits for. A killed process does not lose it; a power cut may, until the next
   * {@link append}, or until the journal is closed.
   */
  appendSoon(event: RunEvent): void {
    this.#pending.push(`${JSON.stringify(redactValue(event, this.#redact))}\n`)
    if (this.#isWritePlanned) return
    this.#isWritePlanned = true
    // Before whatever the writer of the event does next: that may be a request which costs again.
    queueMicrotask(() => this.#writePlanned())
  }

  /** Writes what is left, makes it durable and closes the file. Never fails twice for the same reason. */
  async close(): Promise<void> {
    if (this.#isBehind && !this.#isFlushing) this.#flush()
    while (this.#isFlushing) await new Promise<void>((resolve) => this.#idle.push(resolve))
    this.#isClosed = true
    closeSync(this.#file)
  }

  get #isBehind(): boolean {
    return this.#failure === undefined && (this.#pending.length > 0 || this.#isUnsafe)
  }

  #writePlanned(): void {
    this.#isWritePlanned = false
    if (this.#pending.length === 0 || this.#isClosed || this.#failure !== undefined) return
    try {
      this.#writePending()
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException, [])
    }
  }

  #writePending(): void {
    const lines = Buffer.from(this.#pending.join(''))
    this.#pending = []
    // Into the page cache this takes microseconds; a trip through the thread pool would cost more than the write.
    for (let offset = 0; offset < lines.length; ) offset += writeSync(this.#file, lines, offset)
    this.#size += lines.length
    this.#isUnsafe = true
  }

  #flush(): void {
    this.#isFlushing = true
    const waiting = this.#waiting
    this.#waiting = []
    const finish = (error: NodeJS.ErrnoException | null) => {
      if (error === null) for (const one of waiting) one.resolve()
      else this.#fail(error, waiting)
      if (this.#isBehind && (this.#waiting.length > 0 || this.#idle.length > 0)) return this.#flush()
      this.#isFlushing = false
      for (const wake of this.#idle.splice(0)) wake()
    }
    try {
      this.#writePending()
      this.#isUnsafe = false
    } catch (error) {
      // Not before the caller has its promise.
      setImmediate(finish, error as NodeJS.ErrnoException)
      return
    }
    fdatasync(this.#file, finish)
  }

  #fail(error: NodeJS.ErrnoException, waiting: { reject: (error: unknown) => void }[]): void {
    try {
      // Takes half a line away again, so that what is there reads cleanly.
      ftruncateSync(this.#file, this.#size)
    } catch {
      // Then the reader drops the torn line.
    }
    const why = error.code === 'ENOSPC' ? 'the disc is full' : error.message
    this.#failure = new Refusal('journal-not-writable', `The journal of this run cannot be written: ${why}`, {
      exitStatus: 6,
      help: `Every step finished so far is kept. ${error.code === 'ENOSPC' ? 'Free some space, then' : 'Mend that, then'} ${this.#resumeHint}`,
      cause: error,
    })
    for (const one of [...waiting, ...this.#waiting]) one.reject(this.#failure)
    this.#waiting = []
    this.#pending = []
  }
}

/** What a journal holds. */
export interface JournalContent {
  readonly events: readonly RunEvent[]
  /** Segments whose last line was cut off (kill, power cut) and left out. */
  readonly torn: readonly string[]
  /** Highest segment number; 0: none. */
  readonly lastSegment: number
}

/** Reads all segments of a journal in a directory; a missing directory is an empty journal. */
export function readJournalDirectory(directory: string): JournalContent {
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch {
    names = []
  }
  return readSegments(names, (lines, name) => feedFile(lines, join(directory, name)))
}

/**
 * Reads the segments of a journal, given by file name.
 *
 * A last line without its newline was being written when the process died: it is left out and reported. Anything else
 * that is not JSON is damage: a `Refusal` named `journal-damaged`.
 */
export function readJournal(segments: ReadonlyMap<string, Uint8Array>): JournalContent {
  return readSegments([...segments.keys()], (lines, name) =>
    lines.feed(segments.get(name) ?? new Uint8Array()),
  )
}

function readSegments(found: readonly string[], feed: (lines: Lines, name: string) => void): JournalContent {
  const events: RunEvent[] = []
  const torn: string[] = []
  const names = found.filter((name) => SEGMENT.test(name)).sort()
  for (const name of names) {
    const lines = new Lines((line, number) => events.push(parseLine(line, name, number)))
    feed(lines, name)
    if (lines.isTorn) torn.push(name)
  }
  return { events, torn, lastSegment: Number.parseInt(SEGMENT.exec(names.at(-1) ?? '')?.[1] ?? '0', 10) }
}

/** Bytes that are read from a file at once. */
const BLOCK_BYTES = 256 * 1024

/** Like {@link Lines.feed} for a whole file, of which only a block is in memory at a time. */
function feedFile(lines: Lines, path: string): void {
  const file = openSync(path, 'r')
  try {
    const block = Buffer.allocUnsafe(BLOCK_BYTES)
    for (let size = readSync(file, block); size > 0; size = readSync(file, block))
      lines.feed(block.subarray(0, size))
  } finally {
    closeSync(file)
  }
}

const NEWLINE = 0x0a

/**
 * Hands over each whole line with its number, from 1. The journal of a long run as one text, and again as a list of lines,
 * would be the peak of the memory that the run needs.
 */
class Lines {
  readonly #take: (line: string, number: number) => void
  #rest = Buffer.alloc(0)
  #number = 0

  constructor(take: (line: string, number: number) => void) {
    this.#take = take
  }

  /** Takes the next bytes; they may be overwritten afterwards. */
  feed(block: Uint8Array): void {
    const bytes = Buffer.concat([this.#rest, block])
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.#number += 1
      this.#take(bytes.toString('utf8', start, end), this.#number)
      start = end + 1
    }
    this.#rest = Buffer.from(bytes.subarray(start))
  }

  /** The last line was cut off. */
  get isTorn(): boolean {
    return this.#rest.length > 0
  }
}

function parseLine(line: string, segment: string, number: number): RunEvent {
  try {
    const event: unknown = JSON.parse(line)
    if (event !== null && typeof event === 'object' && 'type' in event && typeof event.type === 'string') {
      return event as RunEvent
    }
  } catch {
    // Said below, with the place.
  }
  throw new Refusal('journal-damaged', `journal/${segment}:${number} is not an event of a run`, {
    exitStatus: 6,
    help: 'The file was changed or the disc is faulty. Start the run again, or take the line out by hand.',
  })
}
