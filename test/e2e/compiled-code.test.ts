import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { buildIfStale, CLI } from '../helpers/built-cli.ts'

let home: string

beforeAll(buildIfStale)
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'compiled-'))
})
afterEach(() => {
  rmSync(home, { recursive: true, force: true })
})

const help = (env: Record<string, string> = {}) =>
  execFileSync(process.execPath, [CLI, 'help', 'run'], { env: { HOME: home, ...env }, encoding: 'utf8' })

/** The kept files by their paths in the cache. */
const kept = () =>
  readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

it('what is kept of one start is taken by the next, which says the same', () => {
  const first = help()
  const files = kept()
  expect(files.length).toBeGreaterThan(1)
  expect(files.every((file) => file.endsWith('.cjs'))).toBe(true)
  expect(help()).toBe(first)
  expect(kept()).toEqual(files)
})

it.each([
  ['damaged', () => Buffer.from('no compiled code')],
  ['empty', () => Buffer.alloc(0)],
])('what is %s is made again', (_situation, content) => {
  const first = help()
  const [file = ''] = kept()
  writeFileSync(file, content())
  expect(help()).toBe(first)
  expect(readFileSync(file).length).toBeGreaterThan(content().length)
})

it('an option that there is not is refused, for which a package is loaded that asks where it lies', () => {
  const { status, stderr } = spawnSync(process.execPath, [CLI, 'run', '--fooo'], {
    env: { HOME: home },
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringMatching(/^error usage: .*--fooo/),
  })
})

it('nothing is kept where nobody wants it nor in CI, and --version keeps nothing', () => {
  help({ NODE_DISABLE_COMPILE_CACHE: '1' })
  help({ CI: 'true' })
  execFileSync(process.execPath, [CLI, '--version'], { env: { HOME: home } })
  expect(existsSync(join(home, '.cache'))).toBe(false)
})

it.skipIf(process.getuid?.() === 0)('a home that cannot be written is no reason to fail', () => {
  chmodSync(home, 0o500)
  expect(help()).toContain('codemie-ci run')
})

const hasScript = spawnSync('script', ['--version']).status === 0

it.skipIf(!hasScript)('a list that is drawn at a later start is drawn as at the first', async () => {
  execFileSync('git', ['init', '-q', home])
  const line = `stty cols 80 rows 24; '${process.execPath}' '${CLI}' -C '${home}' init`
  const ask = () =>
    new Promise<{ status: number | null; seen: string }>((resolve) => {
      const child = spawn('script', ['-qec', line, '/dev/null'], {
        env: { HOME: home, PATH: process.env['PATH'] ?? '', TERM: 'xterm' },
      })
      let seen = ''
      child.stdout.on('data', (piece: Buffer) => {
        // Escape leaves the list once it is there.
        if (!seen.includes('to leave') && `${seen}${piece}`.includes('to leave')) child.stdin.write('\u001b')
        seen += piece
      })
      child.on('close', (status) => resolve({ status, seen }))
    })
  for (const { status, seen } of [await ask(), await ask()]) {
    expect(seen).toContain('Nothing was chosen, and nothing was written')
    expect(status).toBe(130)
  }
})
