import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildDocumentsTree, documentPath } from '../../../../runner/steps/documents-tree.ts'
import { compileIgnoreLines } from '../../../../runner/steps/documents-tree-filter.ts'
import { listDatasource } from '../../../../runner/steps/documents-tree-listing.ts'
import { fromJson, PyDict, type PyValue, toJson } from '../../../../schema/language/index.ts'
import { createToolWorld } from '../tools/tool-world.ts'

const silent = () => {}

function dicts(value: PyValue): PyDict[] {
  if (!Array.isArray(value) || !value.every((item) => item instanceof PyDict))
    throw new Error('no dictionaries')
  return value
}

describe('lines of gitignore syntax', () => {
  const rows: [lines: string, matching: string[], other: string[]][] = [
    ['/a.txt', ['a.txt'], ['b/a.txt']],
    ['a.txt', ['a.txt', 'b/a.txt', 'a.txt/inside'], ['ba.txt', 'a.txtx']],
    ['docs/', ['docs/a', 'x/docs/a/b'], ['docs', 'mydocs/a']],
    ['src/**', ['src/a', 'src/a/b'], ['src', 'x/src/a']],
    ['src/**/t.ts', ['src/t.ts', 'src/a/b/t.ts'], ['src/xt.ts']],
    ['**/gen/**', ['gen/a', 'a/gen/b/c'], ['gen']],
    ['a*b', ['ab', 'axxb'], ['a/b']],
    ['*.{ts}', ['x.{ts}'], ['x.ts']],
    ['[!ab].c', ['c.c'], ['a.c', 'b.c']],
    ['[a-c]?.md', ['b1.md'], ['d1.md', 'b.md']],
    ['[', ['[', 'x/['], ['x']],
    ['a.b', ['a.b'], ['axb']],
    ['\\#x', ['#x'], ['x']],
    ['# only a comment', ['anything'], []],
    ['a b  ', ['a b'], ['a b  ']],
    ['*\n!secret/', ['a', 'b/secret'], ['secret/a', 'b/secret/c']],
    ['!x', ['a'], ['x', 'a/x', 'x/a']],
  ]
  for (const [lines, matching, other] of rows) {
    test(JSON.stringify(lines), () => {
      const matches = compileIgnoreLines(lines, silent)
      expect(matching.filter((path) => !matches(path))).toEqual([])
      expect(other.filter((path) => matches(path))).toEqual([])
    })
  }
})

describe('the output of the node', () => {
  const documents = dicts(
    fromJson([
      { file_path: 'b.md', source: 'x', content: 'B' },
      { source: 'ą.md', content: 'A' },
      { file_path: 'a.py', n: 1 },
    ]),
  )
  const rows: [config: Record<string, unknown>, expected: unknown][] = [
    [
      {},
      {
        documents_tree: [{ file_path: 'a.py', n: 1 }, { file_path: 'b.md', source: 'x' }, { source: 'ą.md' }],
      },
    ],
    [
      { documents_filter: '*.md', include_content: true, output_key: 'k' },
      {
        k: [
          { file_path: 'b.md', source: 'x', content: 'B' },
          { source: 'ą.md', content: 'A' },
        ],
      },
    ],
    [{ documents_filtering_pattern: 'py$' }, { documents_tree: [{ file_path: 'a.py', n: 1 }] }],
    [{ documents_filter: 'nothing' }, { documents_tree: [] }],
  ]
  for (const [config, expected] of rows) {
    test(JSON.stringify(config), () => {
      const tree = buildDocumentsTree(
        new PyDict(Object.entries(config).map(([k, v]) => [k, fromJson(v)])),
        documents,
      )
      expect(JSON.parse(tree.output)).toEqual(expected)
      expect(tree.warnings).toEqual([])
    })
  }

  test('is ASCII, with the separators of Python', () => {
    const tree = buildDocumentsTree(new PyDict([['documents_filter', 'ą*']]), documents)
    expect(tree.output).toBe('{"documents_tree": [{"source": "\\u0105.md"}]}')
  })

  test('a broken pattern filters nothing and says so', () => {
    const tree = buildDocumentsTree(new PyDict([['documents_filtering_pattern', '(']]), documents)
    expect(JSON.parse(tree.output).documents_tree).toHaveLength(3)
    expect(tree.warnings).toMatchObject([{ code: 'documents-pattern-ignored' }])
  })

  test('a pattern that only a backtracking engine understands is refused, not ignored', () => {
    expect(() =>
      buildDocumentsTree(new PyDict([['documents_filtering_pattern', '^(?!secret)']]), documents),
    ).toThrow(expect.objectContaining({ code: 'documents-filter-invalid' }))
  })
})

describe('documents of a datasource', () => {
  const files = {
    'docs/a.md': 'A',
    'docs/deep/b.md': 'B',
    'docs/c.txt': 'C',
    'docs/img.png': '\0',
    'src/x.md': 'X',
  }
  const rows: [place: { path?: string; globs?: string[] }, paths: string[]][] = [
    [{}, ['docs/a.md', 'docs/c.txt', 'docs/deep/b.md', 'src/x.md']],
    [{ path: 'docs' }, ['docs/a.md', 'docs/c.txt', 'docs/deep/b.md']],
    [{ path: 'docs', globs: ['*.md'] }, ['docs/a.md', 'docs/deep/b.md']],
    [{ path: 'docs', globs: ['deep/**'] }, ['docs/deep/b.md']],
    [{ globs: ['*.md', '*.txt'] }, ['docs/a.md', 'docs/c.txt', 'docs/deep/b.md', 'src/x.md']],
  ]
  for (const [place, paths] of rows) {
    test(JSON.stringify(place), async () => {
      const world = createToolWorld(files)
      symlinkSync('/etc/passwd', join(world.root, 'docs/passwd.md'))
      expect((await listDatasource(world.context, place, false)).map(documentPath)).toEqual(paths)
    })
  }

  test('with content', async () => {
    const world = createToolWorld(files)
    expect((await listDatasource(world.context, { globs: ['a.md'] }, true)).map(toJson)).toEqual([
      { file_path: 'docs/a.md', source: 'docs/a.md', file_name: 'a.md', content: 'A' },
    ])
  })

  test('outside the repository', async () => {
    const world = createToolWorld(files)
    await expect(listDatasource(world.context, { path: '../other' }, false)).rejects.toMatchObject({
      code: 'tool-refused',
    })
  })
})
