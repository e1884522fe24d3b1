import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { COMMANDS } from '../../../cli/commands.ts'
import { describeCommands } from '../../../cli/describe-commands.ts'
import { EXIT } from '../../../cli/exit-status.ts'
import { GLOBAL_OPTIONS } from '../../../cli/invocation.ts'
import { parseLine } from '../../../cli/parse-line.ts'

const PAGE = new URL('../../../docs/cli.md', import.meta.url)
const BEGIN = '<!-- commands: begin -->\n'
const END = '<!-- commands: end -->'

it('docs/cli.md describes every command as the table has it; UPDATE_DOCS=1 writes it anew', () => {
  const page = readFileSync(PAGE, 'utf8')
  const [before = '', rest = ''] = page.split(BEGIN)
  const [, after = ''] = rest.split(END)
  const expected = `${before}${BEGIN}${describeCommands(COMMANDS, GLOBAL_OPTIONS)}\n${END}${after}`
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, expected)
  else expect(page).toBe(expected)
})

it('every command line in docs/cli.md is understood', async () => {
  const page = readFileSync(PAGE, 'utf8').split(BEGIN)[0] ?? ''
  const lines = [...page.matchAll(/^codemie-ci (.*?)(?: {2,}#.*)?$/gm)].map((match) => match[1] ?? '')
  expect(lines.length).toBeGreaterThan(3)
  for (const line of lines) expect((await parseLine(line.split(' '))).command).toBeDefined()
})

it('docs/exit-status.md has a row for each status', () => {
  const page = readFileSync(new URL('../../../docs/exit-status.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]))
  expect(rows).toEqual(Object.values(EXIT))
})
