import { existsSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findRepository } from '../../runner/git/repository.ts'
import { writeBundle } from '../../runner/store/bundle.ts'
import { startRemote } from '../helpers/git-http.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

const ID = '20261120T104455Z-00000001'
const FOLDER = `runs/review/2026/11/20/${ID}`
let one: TestRepository
let other: TestRepository

beforeEach(() => {
  one = makeRepository({ files: { 'a.txt': 'a\n' } })
  other = makeRepository({ files: { 'b.txt': 'b\n' } })
})
afterEach(() => {
  one.remove()
  other.remove()
})

const bring = (file: string, ...args: string[]) =>
  runInProcess(['import', file, ...args], { cwd: other.root, env: other.env })

/** A bundle of a finished run. */
async function bundleOf(status: 'succeeded' | 'failed' = 'succeeded'): Promise<string> {
  one.git('checkout', '-q', '--orphan', 'codemie/runs')
  const store = await openTestStore(one)
  await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }, status))
  return await writeBundle(findRepository(one.root, one.env).git, `refs/codemie/done/${ID}`, one.beside('.'))
}

/** A bundle whose run was changed by hand. */
async function forged(change: (root: string) => void, message?: string): Promise<string> {
  await bundleOf()
  const path = one.beside('checkout')
  one.git('worktree', 'add', '-q', '--detach', path, `refs/codemie/done/${ID}`)
  change(path)
  one.git('-C', path, 'add', '-A', '-f')
  const tree = one.git('-C', path, 'write-tree')
  const said = message ?? one.git('log', '-1', '--format=%B', `refs/codemie/done/${ID}`)
  one.git('update-ref', `refs/codemie/done/${ID}`, one.git('commit-tree', tree, '-m', said))
  return await writeBundle(findRepository(one.root, one.env).git, `refs/codemie/done/${ID}`, one.beside('.'))
}

describe('import', () => {
  test('puts a finished run on the branch, once', async () => {
    const file = await bundleOf()
    expect(await bring(file)).toEqual({
      status: 0,
      stdout: `${ID} was brought in and put on codemie/runs\n`,
      stderr: '',
    })
    expect(other.git('show', `codemie/runs:${FOLDER}/steps/a/1/output.md`)).toBe('x')
    expect(other.git('show', 'codemie/runs:README.md')).toContain('# Runs of AI workflows')
    expect(other.git('for-each-ref', 'refs/codemie')).toBe('')
    expect((await bring(file)).stdout).toBe(`${ID} is here already\n`)
    expect((await runInProcess(['verify'], { cwd: other.root, env: other.env })).status).toBe(0)
  })

  test('puts it on the remote’s branch with --push', async () => {
    const bare = other.beside('bare.git')
    other.git('init', '-q', '--bare', bare)
    other.git('remote', 'add', 'origin', bare)
    other.git('push', '-q', 'origin', 'main')
    expect(await bring(await bundleOf(), '--push')).toMatchObject({ status: 0 })
    expect(other.git('-C', bare, 'for-each-ref', '--format=%(refname)')).toBe(
      'refs/heads/codemie/runs\nrefs/heads/main',
    )
  })

  test('a run that waits can go on where it was brought to', async () => {
    const store = await openTestStore(one)
    const writer = await store.claim(newRun())
    const events = eventsOf(ID, { a: 'x', b: 'y' })
    for (const event of events.slice(0, 4)) await writer.append(event)
    await writer.append({ type: 'run-paused', at: events[3]?.at ?? '', before: ['b'], reason: 'approval' })
    await writer.finish()
    const file = await writeBundle(
      findRepository(one.root, one.env).git,
      `refs/codemie/live/${ID}`,
      one.beside('.'),
    )
    expect((await bring(file)).stdout).toBe(`${ID} was brought in and can go on: codemie-ci resume ${ID}\n`)
    const there = await openTestStore(other)
    expect((await there.resume(ID)).events.map(({ type }) => type)).toContain('step-finished')
  })

  test('a run that could not be pushed names its bundle, which brings it into a clone', async () => {
    const { server } = await startRemote(one)
    try {
      const store = await openTestStore(one, { push: { remote: 'origin', token: 't' } })
      const writer = await store.claim(newRun())
      server.failNext(503, 100)
      const error = await play(writer, eventsOf(ID, { a: 'x' })).catch((reason: { help: string }) => reason)
      const file = /and in (\S+\.bundle), which/.exec((error as { help: string }).help)?.[1] ?? ''
      expect(existsSync(file)).toBe(true)
      expect((await bring(file)).stdout).toBe(`${ID} was brought in and put on codemie/runs\n`)
    } finally {
      await server.close()
    }
  })

  test.each<[string, (root: string) => void, RegExp, string?]>([
    [
      'a changed file',
      (root) => writeFileSync(join(root, 'inputs.json'), '{}'),
      /inputs\.json: is not what run\.json lists/,
    ],
    ['one more file', (root) => writeFileSync(join(root, 'x'), 'x'), /x: is not listed in run\.json/],
    ['no manifest', (root) => rmSync(join(root, 'run.json')), /run\.json: is not there/],
    [
      'a link',
      (root) => {
        rmSync(join(root, 'inputs.json'))
        symlinkSync('/etc/passwd', join(root, 'inputs.json'))
      },
      /inputs\.json: is no plain file/,
    ],
    [
      'hundreds of files',
      (root) => {
        for (let n = 0; n < 500; n++) writeFileSync(join(root, `f${n}`), 'x')
      },
      /it has 5\d\d files/,
    ],
    ['files of many megabytes', (root) => writeFileSync(join(root, 'x'), 'x'.repeat(20_000_000)), /bytes/],
    [
      'a message that says something else',
      () => {},
      /says something else/,
      'review 20261120T104455Z-00000001 failed',
    ],
  ])('%s is refused, and nothing is brought in', async (_name, change, words, message) => {
    const result = await bring(await forged(change, message))
    expect(result).toMatchObject({ status: 5, stdout: '', stderr: expect.stringMatching(words) })
    expect(result.stderr).toMatch(/^error bundle-refused: /)
    expect(other.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
  })

  test('refs that belong to no run are refused', async () => {
    const file = one.beside('main.bundle')
    one.git('bundle', 'create', '-q', file, 'main')
    expect(await bring(file)).toMatchObject({
      status: 5,
      stderr: expect.stringContaining('refs/heads/main is not the ref of a run'),
    })
  })

  test('another record of the same run is not overwritten', async () => {
    const store = await openTestStore(other)
    await play(await store.claim(newRun()), eventsOf(ID, { a: 'another' }))
    const before = other.git('rev-parse', 'codemie/runs')
    expect(await bring(await bundleOf())).toMatchObject({
      status: 6,
      stderr: expect.stringMatching(/^error run-exists: /),
    })
    expect(other.git('rev-parse', 'codemie/runs')).toBe(before)
  })

  test.each([
    ['no file', () => {}, 'there is no such file'],
    [
      'a text',
      () => writeFileSync(other.beside('x.bundle'), 'hello'),
      'does not look like a v2 or v3 bundle file',
    ],
    [
      'half of a bundle',
      () => {
        one.git('update-ref', `refs/codemie/done/${ID}`, 'main')
        one.git('bundle', 'create', '-q', other.beside('x.bundle'), `refs/codemie/done/${ID}`)
        truncateSync(other.beside('x.bundle'), statSync(other.beside('x.bundle')).size - 20)
      },
      'index-pack',
    ],
  ])('%s', async (_name, make, words) => {
    make()
    const result = await bring(other.beside('x.bundle'))
    expect(result.status).not.toBe(0)
    expect(result.stderr).toContain(words)
  })
})
