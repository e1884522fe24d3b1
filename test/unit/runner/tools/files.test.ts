import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createToolWorld } from './tool-world.ts'

describe('read_file', () => {
  const text = 'one\ntwo\nthree\nfour\n'
  const ranges: [args: Record<string, unknown>, expected: string][] = [
    [{}, text],
    [{ start_line: 2 }, 'two\nthree\nfour\n'],
    [{ end_line: 2 }, 'one\ntwo'],
    [{ start_line: 2, end_line: 3 }, 'two\nthree'],
    [{ start_line: '2', end_line: '2' }, 'two'],
    [{ start_line: 4, end_line: 99 }, 'four\n'],
  ]
  for (const [args, expected] of ranges) {
    test(JSON.stringify(args), async () => {
      const world = createToolWorld({ 'a.txt': text })
      expect(await world.call('read_file', { path: 'a.txt', ...args })).toBe(expected)
    })
  }

  test('a range that is turned around', async () => {
    const world = createToolWorld({ 'a.txt': text })
    const failure = await world.fail('read_file', { path: 'a.txt', start_line: 3, end_line: 1 })
    expect(failure.code).toBe('tool-arguments-invalid')
  })

  test('a file longer than the limit, cut inside a character', async () => {
    const world = createToolWorld({ 'a.txt': 'abcé and more' }, { maxOutputBytes: 4 })
    expect(await world.call('read_file', { path: 'a.txt' })).toBe('abc\n[cut here: 4 of 14 bytes shown]')
  })

  test('a binary file', async () => {
    const world = createToolWorld({ 'a.bin': 'PNG\0\0' })
    expect((await world.fail('read_file', { path: 'a.bin' })).message).toContain('not a text file')
  })

  test('the name that a CodeMie workflow uses, with its argument', async () => {
    const world = createToolWorld({ 'a.txt': 'a' })
    expect(await world.call('_read_bootstrap_file', { path: 'a.txt' })).toBe('a')
    expect(await world.call('_read_file_from_file_system', { file_path: 'a.txt' })).toBe('a')
  })
})

test('several files, one of them missing', async () => {
  const world = createToolWorld({ a: '1', b: '2' })
  expect(await world.call('read_multiple_files', { paths: ['a', 'nope', 'b', '../x'] })).toEqual([
    { path: 'a', content: '1' },
    { path: 'nope', error: 'read_multiple_files: "nope" does not exist' },
    { path: 'b', content: '2' },
    { path: '../x', error: 'read_multiple_files: argument "paths": "../x" contains ".."' },
  ])
})

test('folders', async () => {
  const world = createToolWorld({ 'b/c/d.txt': '', 'a.txt': '', '.git/HEAD': '' })
  expect(await world.call('list_directory', {})).toEqual([
    { name: 'b', kind: 'folder' },
    { name: 'a.txt', kind: 'file' },
  ])
  expect(await world.call('directory_tree', { depth: 2 })).toEqual([
    { name: 'b', kind: 'folder', children: [{ name: 'c', kind: 'folder' }] },
    { name: 'a.txt', kind: 'file' },
  ])
  expect(await world.call('get_file_info', { path: 'a.txt' })).toMatchObject({
    path: 'a.txt',
    kind: 'file',
    size: 0,
  })
  expect(await world.call('list_allowed_directories')).toEqual(['.'])
})

describe('writing', () => {
  const read = (world: { root: string }, path: string) => readFileSync(join(world.root, path), 'utf8')

  test('a new file in a new folder, then again', async () => {
    const world = createToolWorld()
    await world.call('write_file', { path: 'x/y.txt', content: 'żółw' })
    expect(await world.call('write_file', { path: 'x/y.txt', content: 'b' })).toBe('Wrote 1 bytes to x/y.txt')
    await world.call('append_file', { path: 'x/y.txt', content: 'c' })
    expect(read(world, 'x/y.txt')).toBe('bc')
  })

  test('edits are all made or none', async () => {
    const world = createToolWorld({ a: 'one two two' })
    const failure = await world.fail('edit_file', {
      path: 'a',
      edits: [
        { old_text: 'one', new_text: '1' },
        { old_text: 'two', new_text: '2' },
      ],
    })
    expect(failure.message).toContain('edits[1].old_text')
    expect(failure.message).toContain('more than once')
    expect(read(world, 'a')).toBe('one two two')
    await world.call('edit_file', { path: 'a', edits: [{ old_text: 'one two', new_text: "$& $'" }] })
    expect(read(world, 'a')).toBe("$& $' two")
  })

  test('a list that grows', async () => {
    const world = createToolWorld()
    await world.call('append_structured_file', { path: 'l.json', content: { a: 1 } })
    await world.call('append_structured_file', { path: 'l.json', content: '{"a": 2}' })
    await world.call('append_structured_file', { path: 'l.json', content: 'text' })
    expect(JSON.parse(read(world, 'l.json'))).toEqual([{ a: 1 }, { a: 2 }, 'text'])
    world.write({ 'o.json': '{}' })
    expect((await world.fail('append_structured_file', { path: 'o.json', content: 1 })).code).toBe(
      'tool-failed',
    )
  })

  test('move and delete', async () => {
    const world = createToolWorld({ a: '1', b: '2', 'd/x': '3' })
    await world.call('move_file', { source: 'a', destination: 'n/a' })
    expect(read(world, 'n/a')).toBe('1')
    expect((await world.fail('move_file', { source: 'b', destination: 'n/a' })).message).toContain(
      'already exists',
    )
    await world.call('delete_file', { path: 'b' })
    expect((await world.fail('delete_file', { path: 'b' })).message).toContain('does not exist')
    expect((await world.fail('delete_file', { path: 'd' })).message).toContain('is a folder')
  })
})

describe('lists of files', () => {
  const files = {
    '.gitignore': 'dist/\n*.log\n',
    'src/a.ts': '',
    'src/deep/b.ts': '',
    'src/deep/b.test.ts': '',
    'dist/a.js': '',
    'x.log': '',
    'test/t.ts': '',
    'README.md': '',
  }
  const rows: [args: Record<string, unknown>, expected: string[]][] = [
    [{ pattern: '*.ts' }, ['src/a.ts', 'src/deep/b.test.ts', 'src/deep/b.ts', 'test/t.ts']],
    [{ pattern: 'src/*.ts' }, ['src/a.ts']],
    [{ pattern: 'src/**/*.ts', exclude: ['*.test.ts'] }, ['src/a.ts', 'src/deep/b.ts']],
    [{ path: 'src/deep' }, ['src/deep/b.test.ts', 'src/deep/b.ts']],
    [{ pattern: ['*.md', 'test/**'] }, ['README.md', 'test/t.ts']],
    [{ path: 'dist' }, []],
  ]
  for (const [args, expected] of rows) {
    test(`list_files ${JSON.stringify(args)}`, async () => {
      const world = createToolWorld(files)
      world.git(['init', '-q'])
      expect(await world.call('list_files', args)).toEqual(expected)
    })
  }

  test('a file that was deleted but is still in the index', async () => {
    const world = createToolWorld({ a: '', b: '' })
    world.git(['init', '-q'])
    world.git(['add', '.'])
    await world.call('delete_file', { path: 'a' })
    expect(await world.call('list_files', {})).toEqual(['b'])
  })

  test('a folder without git', async () => {
    const world = createToolWorld({ 'a/b.txt': '', 'node_modules/x/y.js': '' })
    expect(await world.call('list_files', {})).toEqual(['a/b.txt'])
  })

  test('more files than the limit is a failure, not a shorter list', async () => {
    const world = createToolWorld({ a: '', b: '', c: '' })
    expect((await world.fail('list_files', { limit: 2 })).message).toContain('3 files match')
  })

  test('expressions on paths, as a CodeMie workflow gives them', async () => {
    const world = createToolWorld(files)
    world.git(['init', '-q'])
    expect(
      await world.call('_search_files_by_regex', {
        path: '',
        regex: '[.]ts$',
        excludeRegexes: ['\\Wtest\\W'],
      }),
    ).toEqual(['src/a.ts', 'src/deep/b.ts'])
    expect((await world.fail('search_files_by_regex', { regex: '(?=x)' })).message).toContain('"regex"')
  })

  const globs = ['+(a|b)', '*a*b*c*d*e*f*g*h*i*j*k*l*m*', 'x'.repeat(600)]
  for (const pattern of globs) {
    test(`a glob that could take forever: ${pattern.slice(0, 30)}`, async () => {
      const world = createToolWorld({ a: '' })
      expect((await world.fail('list_files', { pattern })).code).toBe('tool-arguments-invalid')
    })
  }
})

describe('search_files', () => {
  const files = {
    'src/a.ts': 'const total = 1\nlet Total = 2\n',
    'src/b.ts': 'nothing\n',
    'doc.md': 'total cost\n',
    'bin.dat': 'total\0',
  }
  const rows: [args: Record<string, unknown>, expected: unknown][] = [
    [
      { query: 'total' },
      [
        { path: 'doc.md', line: 1, text: 'total cost' },
        { path: 'src/a.ts', line: 1, text: 'const total = 1' },
      ],
    ],
    [
      { query: 'TOTAL', ignore_case: true, include: '*.ts' },
      [
        { path: 'src/a.ts', line: 1, text: 'const total = 1' },
        { path: 'src/a.ts', line: 2, text: 'let Total = 2' },
      ],
    ],
    [{ query: '^let\\s+(\\w+)', regex: true }, [{ path: 'src/a.ts', line: 2, text: 'let Total = 2' }]],
    [{ query: '(', path: 'src' }, []],
    [
      { query: 'Total', context_lines: 1 },
      [{ path: 'src/a.ts', line: 2, text: 'let Total = 2', before: ['const total = 1'], after: [''] }],
    ],
  ]
  for (const [args, matches] of rows) {
    test(JSON.stringify(args), async () => {
      const world = createToolWorld(files)
      expect(await world.call('search_files', args)).toMatchObject({ matches })
    })
  }

  test('more matches than the limit', async () => {
    const world = createToolWorld({ a: 'x\nx\nx\n' })
    expect(await world.call('search_files', { query: 'x', limit: 2 })).toMatchObject({
      matches: [{ line: 1 }, { line: 2 }],
      note: 'There are more matches than the limit of 2.',
    })
  })

  test('a pattern that makes backtracking engines hang', async () => {
    const world = createToolWorld({ a: `${'a'.repeat(1500)}!\n`.repeat(5) })
    expect(await world.call('search_files', { query: '(a+)+$', regex: true })).toMatchObject({ matches: [] })
  })
})

describe('json_query', () => {
  const data = { a: { b: [1, { c: null }] }, 'x/y': 2, 'p.q': 3 }
  const rows: [query: string, expected: unknown][] = [
    ['', data],
    ['/a/b/0', 1],
    ['/a/b/-1/c', null],
    ['/x~1y', 2],
    ['/p.q', 3],
    ['a.b[0]', 1],
    ['$.a.b[-1].c', null],
  ]
  for (const [query, expected] of rows) {
    test(query || '(all)', async () => {
      const world = createToolWorld({ 'd.json': JSON.stringify(data) })
      expect(await world.call('json_query', { path: 'd.json', query })).toEqual(expected)
      expect(await world.call('json_query', { data: JSON.stringify(data), query })).toEqual(expected)
    })
  }

  test('nothing there', async () => {
    const world = createToolWorld()
    const failure = await world.fail('json_query', { data, query: '/a/z' })
    expect(failure.message).toBe('json_query: there is nothing at "/a/z": no "z" in an object with b')
    expect(await world.call('json_query', { data, query: '/a/z', default: 'd' })).toBe('d')
    expect((await world.fail('json_query', { data, query: '/__proto__/x' })).code).toBe('tool-failed')
    expect((await world.fail('json_query', { data, query: 'a..b' })).code).toBe('tool-arguments-invalid')
  })
})
