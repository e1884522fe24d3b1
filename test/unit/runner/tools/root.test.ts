import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { resolveInRoot } from '../../../../runner/tools/root.ts'
import { createToolWorld } from './tool-world.ts'

describe('paths that no tool may touch', () => {
  const refused: [situation: string, path: string][] = [
    ['one level up', '../secret.txt'],
    ['up and back in', 'docs/../a.txt'],
    ['up, as Windows reads it', '.. ./secret.txt'],
    ['absolute outside', '/etc/passwd'],
    ['environment of the process', '/proc/self/environ'],
    ['credentials of git', '.git/config'],
    ['git in capitals', '.GIT/config'],
    ['git with a dot at the end', '.git./config'],
    ['git with a blank at the end', '.git /config'],
    ['short name of git on NTFS', 'git~1/config'],
    ['git with an invisible character', '.g\u200cit/config'],
    ['git in full-width letters', '.ｇｉｔ/config'],
    ['git of a folder below', 'vendor/lib/.git/config'],
    ['drive letter', 'C:/Windows/win.ini'],
    ['NTFS stream', 'a.txt::$DATA'],
    ['backslashes', 'docs\\..\\..\\secret.txt'],
    ['NUL', 'a.txt\0.png'],
    ['link to a file outside', 'link-out'],
    ['through a link to a folder outside', 'folder-out/passwd'],
    ['link into git', 'link-git/config'],
    ['link that leads nowhere', 'link-nowhere'],
    ['link to itself', 'link-loop'],
  ]
  for (const [situation, path] of refused) {
    for (const tool of ['read_file', 'write_file']) {
      test(`${situation}: ${tool}`, async () => {
        const world = createToolWorld({ 'a.txt': 'a', 'docs/b.txt': 'b', '.git/config': 'token' })
        symlinkSync('/etc/passwd', join(world.root, 'link-out'))
        symlinkSync('/etc', join(world.root, 'folder-out'))
        symlinkSync('.git', join(world.root, 'link-git'))
        symlinkSync('/nowhere/at/all', join(world.root, 'link-nowhere'))
        symlinkSync('link-loop', join(world.root, 'link-loop'))
        const failure = await world.fail(tool, { path, ...(tool === 'write_file' ? { content: 'x' } : {}) })
        expect(failure).toMatchObject({ code: 'tool-refused', blame: 'policy', retryable: false })
        expect(failure.message).toContain(tool)
        expect(failure.message).toContain('"path"')
      })
    }
  }
})

describe('paths that are fine', () => {
  const allowed: [situation: string, path: (root: string) => string][] = [
    ['plain', () => 'docs/b.txt'],
    ['with ./', () => './docs/./b.txt'],
    ['double slash', () => 'docs//b.txt'],
    ['absolute inside', (root) => `${root}/docs/b.txt`],
    ['link inside the repository', () => 'link-in/b.txt'],
    ['name that only starts with .git', () => '.gitignore'],
    ['dots in a name', () => 'docs/..b.txt'],
    ['non-ascii name', () => 'docs/żółw.txt'],
  ]
  for (const [situation, path] of allowed) {
    test(situation, async () => {
      const world = createToolWorld({
        'docs/b.txt': 'found',
        'docs/..b.txt': 'found',
        'docs/żółw.txt': 'found',
        '.gitignore': 'found',
      })
      symlinkSync('docs', join(world.root, 'link-in'))
      expect(await world.call('read_file', { path: path(world.root) })).toBe('found')
    })
  }
})

describe('folders of the operating system', () => {
  const use = { tool: 'read_file', argument: 'path' }

  test.each(['proc/self/environ', 'sys', 'dev/null'])(
    'are closed where the repository is the root of the disc: %s',
    async (path) => {
      await expect(resolveInRoot({ root: '/' }, path, use)).rejects.toMatchObject({ code: 'tool-refused' })
    },
  )

  test.skipIf(!existsSync('/dev/shm'))('are open where the repository is in one of them', async () => {
    const root = mkdtempSync('/dev/shm/root-')
    try {
      expect(await resolveInRoot({ root }, 'a.txt', use)).toEqual({
        absolute: join(root, 'a.txt'),
        relative: 'a.txt',
      })
    } finally {
      rmSync(root, { recursive: true })
    }
  })
})

describe('places that steer CI', () => {
  const calls: [tool: string, args: Record<string, unknown>][] = [
    ['write_file', { path: '.github/workflows/ci.yml', content: 'x' }],
    ['write_file', { path: '.GitHub/Workflows/ci.yml', content: 'x' }],
    ['write_file', { path: 'link-hub/workflows/ci.yml', content: 'x' }],
    ['append_file', { path: '.codemie/config.yaml', content: 'x' }],
    ['edit_file', { path: '.codemie/config.yaml', edits: [{ old_text: 'a', new_text: 'b' }] }],
    ['delete_file', { path: '.github/workflows/ci.yml' }],
    ['create_directory', { path: '.codemie/new' }],
    ['move_file', { source: '.github', destination: 'old' }],
    ['move_file', { source: 'made-up', destination: '.codemie' }],
    ['write_file', { path: '.gitmodules', content: 'x' }],
  ]
  for (const [tool, args] of calls) {
    test(`${tool} ${JSON.stringify(args)}`, async () => {
      const world = createToolWorld({
        '.github/workflows/ci.yml': 'a',
        '.codemie/config.yaml': 'a',
        'made-up/workflows/x.yaml': 'a',
      })
      symlinkSync('.github', join(world.root, 'link-hub'))
      expect(await world.fail(tool, args)).toMatchObject({ code: 'tool-refused', blame: 'policy' })
      expect(readFileSync(join(world.root, '.github/workflows/ci.yml'), 'utf8')).toBe('a')
      expect(readFileSync(join(world.root, '.codemie/config.yaml'), 'utf8')).toBe('a')
    })
  }

  test('they can be read', async () => {
    const world = createToolWorld({ '.github/workflows/ci.yml': 'on: push' })
    expect(await world.call('read_file', { path: '.github/workflows/ci.yml' })).toBe('on: push')
  })

  test('other files beside them can be written', async () => {
    const world = createToolWorld()
    await world.call('write_file', { path: '.github/labels.yml', content: 'x' })
    expect(existsSync(join(world.root, '.github/labels.yml'))).toBe(true)
  })
})

test('writing is switched off', async () => {
  const world = createToolWorld({}, { writeFiles: false })
  const failure = await world.fail('write_file', { path: 'a.txt', content: 'x' })
  expect(failure).toMatchObject({ code: 'tool-refused', blame: 'policy' })
  expect(failure.help).toContain('policy.write_paths')
})

test('writing is allowed in some places', async () => {
  const world = createToolWorld({}, { writePaths: ['docs/**', '*.md'] })
  await world.call('write_file', { path: 'docs/deep/a.txt', content: 'x' })
  await world.call('write_file', { path: 'README.md', content: 'x' })
  expect(await world.fail('write_file', { path: 'src/a.ts', content: 'x' })).toMatchObject({
    code: 'tool-refused',
  })
})

test('a named pipe is not waited for', async () => {
  const world = createToolWorld()
  execFileSync('mkfifo', [join(world.root, 'pipe')])
  expect((await world.fail('read_file', { path: 'pipe' })).message).toContain('not a regular file')
})

test('a folder where a file is expected', async () => {
  const world = createToolWorld({ 'docs/a.txt': 'a' })
  expect((await world.fail('read_file', { path: 'docs' })).message).toContain('"docs" is a folder')
})

test('a missing file', async () => {
  const world = createToolWorld()
  expect(await world.fail('read_file', { path: 'nope.txt' })).toMatchObject({
    code: 'tool-failed',
    blame: 'tool',
    message: 'read_file: "nope.txt" does not exist',
  })
})

test('a link put in place of the file that is written', async () => {
  const world = createToolWorld({ 'inside.txt': 'kept' })
  symlinkSync('inside.txt', join(world.root, 'alias.txt'))
  expect(await world.fail('write_file', { path: 'alias.txt', content: 'x' })).toMatchObject({
    code: 'tool-refused',
  })
  expect(readFileSync(join(world.root, 'inside.txt'), 'utf8')).toBe('kept')
  mkdirSync(join(world.root, 'real'))
  symlinkSync('real', join(world.root, 'linked'))
  await world.call('write_file', { path: 'linked/a.txt', content: 'x' })
  expect(readFileSync(join(world.root, 'real/a.txt'), 'utf8')).toBe('x')
})
