import type { RunEvent } from '../../runner/events.ts'
import type { Output } from '../context.ts'
import { oneLine, shorten } from './plain-text.ts'

const LONGEST_VALUE = 160

/** Events of a run, one line each: time, type, step, and the rest as it stands; as JSON each is the whole event. */
export function writeJournal(events: readonly RunEvent[], out: Output, isJson: boolean): void {
  for (const event of events) out.write(`${isJson ? JSON.stringify(event) : journalLine(event)}\n`)
}

function journalLine({ at, type, ...rest }: RunEvent): string {
  const { path, state: _state, ...more } = rest as Readonly<Record<string, unknown>>
  const values = Object.entries(more).map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return `${key}=${shorten(oneLine(text), LONGEST_VALUE, '...')}`
  })
  const place = typeof path === 'string' ? [oneLine(path)] : []
  return [at.slice(11, 23), type.padEnd(15), ...place, ...values].join('  ')
}
