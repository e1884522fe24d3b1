import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createToolWorld, type ToolWorld } from './tool-world.ts'

interface Log {
  range: string
  note?: string
  commits: { sha: string; short: string; subject: string; files?: unknown[] }[]
}

function commit(world: ToolWorld, message: string, files: Record<string, string>, date?: string): void {
  world.write(files)
  world.git(['add', '-A'])
  world.git(['commit', '-q', '--allow-empty', '-m', message], date)
}

function history(): ToolWorld {
  const world = createToolWorld()
  world.git(['init', '-q', '-b', 'main'])
  commit(
    world,
    'Start\n\nWith a body.\n\nTwo paragraphs.',
    { 'a.txt': '1\n2\n', 'ż ó.txt': 'x\n' },
    '2026-01-01T10:00:00+02:00',
  )
  world.git(['tag', 'v1'])
  commit(world, 'Second', { 'a.txt': '1\n2\n3\n', 'b/c.bin': 'x\0y' }, '2026-02-01T10:00:00Z')
  world.git(['mv', 'a.txt', 'moved.txt'])
  commit(world, 'Move', {}, '2026-03-01T10:00:00Z')
  return world
}

const log = async (world: ToolWorld, args: Record<string, unknown> = {}) =>
  (await world.call('git_log', args)) as Log
const subjects = (found: Log) => found.commits.map((entry) => entry.subject)

describe('git_log', () => {
  test('every field of a commit', async () => {
    const world = history()
    const found = await log(world, { to: 'v1', files: true })
    const sha = world.git(['rev-parse', 'v1']).trim()
    expect(found).toEqual({
      range: 'v1',
      commits: [
        {
          sha,
          short: sha.slice(0, 10),
          author: 'Ann Author',
          date: '2026-01-01T10:00:00+02:00',
          subject: 'Start',
          body: 'With a body.\n\nTwo paragraphs.',
          parents: [],
          files: [
            { path: 'a.txt', status: 'added', additions: 2, deletions: 0 },
            { path: 'ż ó.txt', status: 'added', additions: 1, deletions: 0 },
          ],
        },
      ],
    })
  })

  test('renamed and binary files', async () => {
    const found = await log(history(), { files: true, limit: 2 })
    expect(found.commits.map((entry) => entry.files)).toEqual([
      [{ path: 'moved.txt', status: 'renamed', additions: 0, deletions: 0, from: 'a.txt' }],
      [
        { path: 'a.txt', status: 'modified', additions: 1, deletions: 0 },
        { path: 'b/c.bin', status: 'added', additions: null, deletions: null },
      ],
    ])
    expect(found.note).toBe('There are more commits than the limit of 2.')
  })

  const selections: [args: Record<string, unknown>, expected: string[]][] = [
    [{}, ['Move', 'Second', 'Start']],
    [{ from: 'v1' }, ['Move', 'Second']],
    [{ since_last_tag: true }, ['Move', 'Second']],
    [{ from: 'v1', to: 'HEAD~1' }, ['Second']],
    [{ since: '2026-01-15' }, ['Move', 'Second']],
    [{ until: '2026-01-15' }, ['Start']],
    [{ paths: ['ż ó.txt'] }, ['Start']],
    [{ paths: ['b'] }, ['Second']],
    [{ limit: 1 }, ['Move']],
    [{ max_count: '1' }, ['Move']],
    [{ from: 'HEAD' }, []],
  ]
  for (const [args, expected] of selections) {
    test(JSON.stringify(args), async () => {
      expect(subjects(await log(history(), args))).toEqual(expected)
    })
  }

  test('merges', async () => {
    const world = history()
    world.git(['checkout', '-q', '-b', 'side'])
    commit(world, 'Side', { 'side.txt': 's\n' }, '2026-03-02T10:00:00Z')
    world.git(['checkout', '-q', 'main'])
    commit(world, 'Main', { 'main.txt': 'm\n' }, '2026-03-03T10:00:00Z')
    world.git(['merge', '-q', '--no-ff', '-m', 'Merge side', 'side'], '2026-03-04T10:00:00Z')
    expect(subjects(await log(world, { limit: 3 }))).toEqual(['Merge side', 'Main', 'Side'])
    expect(subjects(await log(world, { limit: 2, first_parent: true }))).toEqual(['Merge side', 'Main'])
    expect(subjects(await log(world, { limit: 2, merges: 'exclude' }))).toEqual(['Main', 'Side'])
    const only = await log(world, { merges: 'only', files: true })
    expect(only.commits).toMatchObject([
      { subject: 'Merge side', files: [{ path: 'side.txt', status: 'added', additions: 1, deletions: 0 }] },
    ])
  })

  test('one commit and no tag', async () => {
    const world = createToolWorld()
    world.git(['init', '-q'])
    commit(world, 'Only', { a: '1' })
    const found = await log(world, { since_last_tag: true })
    expect(subjects(found)).toEqual(['Only'])
    expect(found.note).toBe('There is no earlier tag: this is the whole history.')
  })

  test('no commit at all', async () => {
    const world = createToolWorld()
    world.git(['init', '-q'])
    expect((await world.fail('git_log')).message).toBe(
      'git_log: there is no commit yet on the current branch',
    )
  })

  test('no repository', async () => {
    expect((await createToolWorld().fail('git_log')).code).toBe('tool-failed')
  })

  test('a shallow clone says that history is cut', async () => {
    const origin = history()
    const world = createToolWorld()
    execFileSync('git', ['clone', '-q', '--depth=1', `file://${origin.root}`, join(world.root, 'clone')], {
      env: { PATH: process.env.PATH ?? '', HOME: world.root },
    })
    const clone = { ...world.context, root: join(world.root, 'clone') }
    const { createBuiltInTools } = await import('../../../../runner/tools/built-in.ts')
    const { createToolRegistry, runTool } = await import('../../../../runner/tools/registry.ts')
    const registry = createToolRegistry(createBuiltInTools())
    const found = (await runTool(registry, { tool: 'git_log', args: {} }, clone)).result as Log
    expect(subjects(found)).toEqual(['Move'])
    expect(found.note).toContain('The clone is shallow')
    await expect(runTool(registry, { tool: 'git_log', args: { from: 'v1' } }, clone)).rejects.toMatchObject({
      code: 'tool-failed',
      help: expect.stringContaining('fetch-depth: 0'),
    })
  })

  const badArguments: [args: Record<string, unknown>, inMessage: string][] = [
    [{ to: '--output=/tmp/x' }, '"to"'],
    [{ to: 'a..b' }, '"to"'],
    [{ from: 'HEAD:a.txt' }, '"from"'],
    [{ since: '--all' }, '"since"'],
    [{ from: 'v1', since_last_tag: true }, '"since_last_tag"'],
    [{ limit: 0 }, '"limit"'],
  ]
  for (const [args, inMessage] of badArguments) {
    test(`refuses ${JSON.stringify(args)}`, async () => {
      const failure = await history().fail('git_log', args)
      expect(failure.code).toBe('tool-arguments-invalid')
      expect(failure.message).toContain(inMessage)
    })
  }

  test('a path that looks like an option or a pattern is only a path', async () => {
    const world = history()
    expect(subjects(await log(world, { paths: ['--all'] }))).toEqual([])
    expect(subjects(await log(world, { paths: ['*.txt'] }))).toEqual([])
  })
})

test('git_diff', async () => {
  const world = history()
  expect(await world.call('git_diff')).toBe('No changes.')
  world.write({ 'moved.txt': '1\n2\n3\n4\n' })
  expect(await world.call('git_diff', { context_lines: 0 })).toContain('@@ -3,0 +4 @@\n+4\n')
  expect(await world.call('git_diff', { from: 'v1', to: 'HEAD', stat: true })).toContain('a.txt => moved.txt')
  expect(await world.call('git_diff', { from: 'v1', paths: ['b'] })).toContain('Binary files')
})

test('git_show', async () => {
  const world = history()
  expect(await world.call('git_show', { revision: 'v1', path: 'a.txt' })).toBe('1\n2\n')
  expect(await world.call('git_show', { revision: 'HEAD~1' })).toMatch(
    /^commit [0-9a-f]{40}\nAuthor: Ann Author\n/,
  )
  expect((await world.fail('git_show', { revision: 'v1', path: 'nope' })).code).toBe('tool-failed')
})

test('git_status', async () => {
  const world = history()
  world.write({ 'new file.txt': 'x', 'moved.txt': 'y' })
  expect(await world.call('git_status')).toEqual({
    branch: 'main',
    commit: world.git(['rev-parse', 'HEAD']).trim(),
    files: [
      { path: 'moved.txt', change: 'modified' },
      { path: 'new file.txt', change: 'untracked' },
    ],
  })
})

test('nothing that the repository configures is started', async () => {
  const world = history()
  const trap = join(world.root, 'trap.sh')
  const sprung = join(world.root, 'sprung')
  world.write({ 'trap.sh': `#!/bin/sh\ntouch ${sprung}\ncat\n`, '.gitattributes': '*.txt diff=trap\n' })
  chmodSync(trap, 0o755)
  for (const key of [
    'diff.external',
    'diff.trap.textconv',
    'diff.trap.command',
    'core.pager',
    'core.fsmonitor',
    'gpg.program',
  ]) {
    world.git(['config', key, trap])
  }
  world.git(['config', 'log.showSignature', 'true'])
  world.write({ 'moved.txt': 'changed\n' })
  await world.call('git_diff')
  await world.call('git_show')
  await world.call('git_status')
  await world.call('git_log', { files: true })
  await world.call('list_files')
  expect(existsSync(sprung)).toBe(false)
})
