import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createBuiltInTools } from '../../../../runner/tools/built-in.ts'
import {
  describeBuiltInTools,
  describeForeignTools,
  describeFurtherTools,
} from '../../../../runner/tools/describe-tools.ts'
import { loadFamilies, TOOL_FAMILIES } from '../../../../runner/tools/families.ts'
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
test('the tables of docs/tools.md are those of the tools', async () => {
  const further = await loadFamilies(TOOL_FAMILIES.flatMap(({ names }) => names))
  const page = readFileSync(PAGE, 'utf8')
  const tables = fill(page, 'built-in tools', describeBuiltInTools(createBuiltInTools()))
  const more = fill(tables, 'further tools', describeFurtherTools(further))
  const fresh = fill(more, 'tools not provided', describeForeignTools(FOREIGN_TOOLS))
  if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, fresh)
  else expect(page).toBe(fresh)
})

test.each(TOOL_FAMILIES)('a family is found by the names of its tools: $names', async ({ names, load }) => {
  expect((await load()).flatMap((tool) => [tool.name, ...tool.aliases])).toEqual(names)
})
