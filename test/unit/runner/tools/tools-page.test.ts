import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createBuiltInTools } from '../../../../runner/tools/built-in.ts'
import { describeBuiltInTools, describeForeignTools } from '../../../../runner/tools/describe-tools.ts'
import { FOREIGN_TOOLS } from '../../../../runner/tools/foreign-names.ts'

const PAGE = new URL('../../../../docs/tools.md', import.meta.url)

/** Replaces what stands between the markers of a generated part. */
function fill(page: string, part: string, content: string): string {
  const begin = `<!-- ${part}: begin -->`
  const end = `<!-- ${part}: end -->`
  const [before, rest] = page.split(begin) as [string, string]
  return `${before}${begin}\n${content}\n${end}${rest.split(end)[1]}`
}

// UPDATE_DOCS=1 writes the page instead of comparing it.
test('the tables of docs/tools.md are those of the tools', () => {
  const page = readFileSync(PAGE, 'utf8')
  const tables = fill(page, 'built-in tools', describeBuiltInTools(createBuiltInTools()))
  const fresh = fill(tables, 'tools not provided', describeForeignTools(FOREIGN_TOOLS))
  if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, fresh)
  else expect(page).toBe(fresh)
})
