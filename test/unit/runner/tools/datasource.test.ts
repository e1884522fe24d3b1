import { describe, expect, test } from 'vitest'
import { createDatasourceTools, type DatasourceInfo } from '../../../../runner/tools/datasource.ts'
import { rankPassages } from '../../../../runner/tools/rank-passages.ts'
import { createToolRegistry, runTool } from '../../../../runner/tools/registry.ts'
import { createToolWorld } from './tool-world.ts'

describe('ranking passages', () => {
  const documents = [
    { path: 'docs/deploy.md', text: 'How to deploy the service.\nUse the release pipeline.' },
    { path: 'docs/cats.md', text: 'Cats sleep. The cat and the other cat sleep.' },
    { path: 'src/retryPolicy.ts', text: 'export function delayBefore(attempt_number) {}' },
    { path: 'src/empty.ts', text: '\n\n' },
  ]
  const rows: [query: string, paths: string[]][] = [
    ['deploy pipeline', ['docs/deploy.md']],
    ['Where is the RETRY policy?', ['src/retryPolicy.ts', 'docs/cats.md', 'docs/deploy.md']],
    ['delay before attempt', ['src/retryPolicy.ts']],
    ['attemptNumber', ['src/retryPolicy.ts']],
    ['docs', ['docs/cats.md', 'docs/deploy.md']],
    ['unknown words', []],
    ['?!', []],
  ]
  for (const [query, paths] of rows) {
    test(query, () => expect(rankPassages(documents, query, 10).map(({ path }) => path)).toEqual(paths))
  }

  test('a long file is cut into passages with their lines', () => {
    const text = Array.from({ length: 100 }, (_, index) =>
      index === 70 ? 'needle' : `line ${index + 1}`,
    ).join('\n')
    expect(rankPassages([{ path: 'a', text }], 'needle', 5)).toMatchObject([{ startLine: 41, endLine: 80 }])
  })

  test('one endless line', () => {
    const [passage] = rankPassages([{ path: 'a', text: `needle ${'x '.repeat(10_000)}` }], 'needle', 5)
    expect(passage).toMatchObject({ startLine: 1, endLine: 1 })
    expect(passage?.text).toHaveLength(3000)
  })
})

describe('tools of datasources', () => {
  const handbook: DatasourceInfo = {
    id: 'team handbook',
    name: 'Handbook',
    description: 'rules of the team',
    path: 'docs',
    globs: ['*.md'],
    kind: 'documents',
  }
  const code: DatasourceInfo = { id: 'code', name: 'Code', description: '', path: 'src', kind: 'code' }

  test('what is offered', () => {
    const names = (tools: readonly { name: string }[]) => tools.map(({ name }) => name)
    expect(names(createDatasourceTools([handbook, code]))).toEqual([
      'search_team_handbook',
      'search_code',
      'list_code',
    ])
    expect(names(createDatasourceTools([code], { listing: false }))).toEqual(['search_code'])
    expect(createDatasourceTools([handbook])[0]?.description).toContain('Handbook: rules of the team')
  })

  test('only files of the datasource are found', async () => {
    const { context } = createToolWorld({
      'docs/holidays.md': 'Holidays are in July.',
      'docs/holidays.txt': 'Holidays are secret.',
      'src/holidays.ts': 'export const holidays = 1',
    })
    const registry = createToolRegistry(createDatasourceTools([handbook, code]))
    const search = await runTool(
      registry,
      { tool: 'search_team_handbook', args: { query: 'holidays?' } },
      context,
    )
    expect(search.result).toEqual({
      passages: [{ path: 'docs/holidays.md', start_line: 1, end_line: 1, text: 'Holidays are in July.' }],
      files_searched: 1,
    })
    expect((await runTool(registry, { tool: 'list_code', args: {} }, context)).result).toEqual([
      'src/holidays.ts',
    ])
  })
})
