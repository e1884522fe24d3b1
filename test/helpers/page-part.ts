import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'

/** Compares the part of a page between its markers with what it should be; UPDATE_DOCS=1 writes it instead. */
export function expectPart(page: URL, part: string, content: string): void {
  const text = readFileSync(page, 'utf8')
  const begin = `<!-- ${part}: begin -->`
  const end = `<!-- ${part}: end -->`
  expect(text).toContain(begin)
  expect(text).toContain(end)
  const fresh = `${text.split(begin)[0]}${begin}\n${content}\n${end}${text.split(end)[1]}`
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(page, fresh)
  else expect(text).toBe(fresh)
}
