import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

interface Port {
  readonly description: string
  readonly default?: string
}

interface ActionFile {
  readonly inputs: Readonly<Record<string, Port>>
  readonly outputs: Readonly<Record<string, Port>>
  readonly runs: { readonly using: string; readonly main: string }
}

const PAGE = new URL('../../../docs/action.md', import.meta.url)
const ACTION: ActionFile = parse(readFileSync(new URL('../../../action/action.yml', import.meta.url), 'utf8'))

/** `| name | description | default |` for each input or output. */
function tableOf(ports: ActionFile['inputs'], withDefaults: boolean): string {
  const cell = (text: string) => text.replace(/\s+/g, ' ').trim().replaceAll('|', '\\|')
  const rows = Object.entries(ports).map(([name, port]) => {
    const cells = [`\`${name}\``, cell(port.description)]
    if (withDefaults) cells.push(port.default ? `\`${port.default}\`` : '')
    return `| ${cells.join(' | ')} |`
  })
  const head = withDefaults ? '| input | what | default |\n|---|---|---|' : '| output | what |\n|---|---|'
  return `${head}\n${rows.join('\n')}\n`
}

function fill(page: string, part: string, table: string): string {
  const begin = `<!-- ${part}: begin -->\n`
  const end = `<!-- ${part}: end -->`
  const [before = '', rest = ''] = page.split(begin)
  const [, after = ''] = rest.split(end)
  return `${before}${begin}${table}${end}${after}`
}

describe('docs/action.md', () => {
  test('has the inputs and outputs as action.yml has them; UPDATE_DOCS=1 writes them anew', () => {
    const page = readFileSync(PAGE, 'utf8')
    const expected = fill(
      fill(page, 'inputs', tableOf(ACTION.inputs, true)),
      'outputs',
      tableOf(ACTION.outputs, false),
    )
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, expected)
    else expect(page).toBe(expected)
  })

  test('its examples use only inputs and outputs that there are', () => {
    const page = readFileSync(PAGE, 'utf8')
    const given = [...page.matchAll(/uses: codemie\/codemie-ci\/action@.*\n((?: {8,}.*\n)*)/g)].flatMap(
      ([, block = '']) =>
        [...(block.split(/^ {8}with:\n/m)[1] ?? '').matchAll(/^ {10}([\w-]+):/gm)].map((one) => one[1]),
    )
    expect(given.join(' ')).toBe(
      'strict mode token workflow inputs push token mode push token mode token workflow push token mode run digest environment push token mode push comment token mode run token',
    )
    expect(Object.keys(ACTION.inputs)).toEqual(expect.arrayContaining(given))
    const read = [...page.matchAll(/\.outputs\.([\w-]+)/g)].map((one) => one[1])
    expect(Object.keys(ACTION.outputs)).toEqual(expect.arrayContaining(read))
  })
})

test('action.yml names what the build makes, for the Node that GitHub has', () => {
  expect(ACTION.runs).toEqual({ using: 'node24', main: '../dist/action/index.cjs' })
})
