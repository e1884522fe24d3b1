import type { RunEvent } from '../events.ts'
import { createHash } from '../hash.ts'
import { canonicalLine } from './canonical-json.ts'

/** What stands in a record for a text that is too large for it. */
export interface Excerpt {
  readonly head: string
  readonly tail: string
  /** Of the whole text in UTF-8. */
  readonly sha256: string
  /** Bytes of the whole text. */
  readonly size: number
  /** Where the whole text was kept. */
  readonly where: string
  /** The value was not a text; the payload is its JSON. */
  readonly isJson?: true
}

/** Where whole texts are kept, and how many of a record were cut. */
export interface Cuts {
  /** For people: stands in each excerpt. */
  readonly where: string
  count: number
}

/** sha256 in hex. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/**
 * Replaces a text by its two ends.
 *
 * @param keepBytes how much stays, both ends together.
 */
export function excerptOf(text: string, keepBytes: number, cuts: Cuts): Excerpt {
  const bytes = Buffer.from(text)
  const digest = sha256(bytes)
  cuts.count++
  const end = Math.floor(keepBytes / 2)
  // Cut characters turn into replacement characters at the seam; those go.
  const head = bytes
    .subarray(0, end)
    .toString('utf8')
    .replace(/\ufffd+$/, '')
  const tail = bytes
    .subarray(bytes.length - end)
    .toString('utf8')
    .replace(/^\ufffd+/, '')
  return {
    head,
    tail,
    sha256: digest,
    size: bytes.length,
    where: cuts.where,
  }
}

/** Stands in every text that was cut. */
export const EXCERPT_SIGN = 'bytes left out; sha256 '

/** An excerpt as text for people. */
export function excerptText(excerpt: Excerpt): string {
  const left = excerpt.size - Buffer.byteLength(excerpt.head) - Buffer.byteLength(excerpt.tail)
  return `${excerpt.head}\n\n[… ${left} ${EXCERPT_SIGN}${excerpt.sha256}; whole text: ${excerpt.where} …]\n\n${excerpt.tail}`
}

const MARK = '$excerpt'
/** Members of events that hold texts or values of any size. */
const LARGE_MEMBERS = ['output', 'reply', 'task', 'message', 'answer', 'request', 'failure'] as const

/** A line of the journal with every member larger than `maxBytes` replaced by an excerpt. */
export function shrinkEvent(event: RunEvent, maxBytes: number, cuts: Cuts): string {
  const line = JSON.stringify(event)
  if (line.length <= maxBytes && Buffer.byteLength(line) <= maxBytes) return line
  const copy: Record<string, unknown> = { ...event }
  for (const key of LARGE_MEMBERS) {
    const value = copy[key]
    if (value === undefined) continue
    const text = typeof value === 'string' ? value : canonicalLine(value)
    if (Buffer.byteLength(text) <= maxBytes) continue
    const excerpt = excerptOf(text, Math.floor(maxBytes / 2), cuts)
    copy[key] = { [MARK]: typeof value === 'string' ? excerpt : { ...excerpt, isJson: true } }
  }
  return JSON.stringify(copy)
}

/**
 * Puts the whole texts back into an event of a journal.
 *
 * @param payloadOf the whole text by sha256, or `undefined` where it is not at hand.
 * @returns the event, and whether something is missing: then texts are excerpts for people and a run cannot go on
 *   from them.
 */
export function restoreEvent(
  event: RunEvent,
  payloadOf: (sha256: string) => Uint8Array | undefined,
): { readonly event: RunEvent; readonly isWhole: boolean } {
  let isWhole = true
  let copy: Record<string, unknown> | undefined
  for (const key of LARGE_MEMBERS) {
    const excerpt = excerptIn((event as unknown as Record<string, unknown>)[key])
    if (excerpt === undefined) continue
    copy ??= { ...event }
    const bytes = payloadOf(excerpt.sha256)
    if (bytes === undefined || sha256(bytes) !== excerpt.sha256) {
      isWhole = false
      copy[key] = excerptText(excerpt)
    } else {
      const text = Buffer.from(bytes).toString('utf8')
      copy[key] = excerpt.isJson ? JSON.parse(text) : text
    }
  }
  return { event: copy === undefined ? event : (copy as unknown as RunEvent), isWhole }
}

/** All large texts of events by their sha256, to put excerpts back together. */
export function textsByDigest(events: readonly RunEvent[]): Map<string, Uint8Array> {
  const texts = new Map<string, Uint8Array>()
  for (const event of events) {
    for (const key of LARGE_MEMBERS) {
      const value = (event as unknown as Record<string, unknown>)[key]
      if (value === undefined) continue
      const bytes = Buffer.from(typeof value === 'string' ? value : canonicalLine(value))
      texts.set(sha256(bytes), bytes)
    }
  }
  return texts
}

function excerptIn(value: unknown): Excerpt | undefined {
  if (value === null || typeof value !== 'object' || !(MARK in value)) return undefined
  return value[MARK] as Excerpt
}
