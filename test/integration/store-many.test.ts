import { cpSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findRepository } from '../../runner/git/repository.ts'
import { openStore } from '../../runner/store/store.ts'
import { type GitServer, startRemote } from '../helpers/git-http.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, play } from '../helpers/test-store.ts'

const WRITERS = Number(process.env['STORE_WRITERS'] ?? 30)
let repository: TestRepository
let server: GitServer
let bare: string

beforeEach(async () => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
  ;({ server, bare } = await startRemote(repository))
})
afterEach(async () => {
  await server.close()
  repository.remove()
})

/** A machine of its own, with a clone of its own. */
async function runOn(machine: number): Promise<string> {
  const root = repository.beside(`machine-${machine}`)
  cpSync(repository.root, root, { recursive: true })
  const store = await openStore({
    repository: findRepository(root, repository.env),
    world: {
      env: repository.env,
      now: () => Date.UTC(2026, 10, 20, 10, 44, 55),
      random: Math.random,
      randomHex: (digits) => String(machine).padStart(digits, '0'),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
    redact: (text) => text,
    warn: () => {},
    push: { remote: 'origin', token: 't' },
    holder: { pid: 1, hostname: `machine-${machine}` },
  })
  const writer = await store.claim(newRun())
  const place = await play(writer, eventsOf(writer.id, { a: `answer ${machine}` }))
  expect(place.pushedTo).toBe('origin')
  return writer.id
}

test(`${WRITERS} runs that end at once are on the branch once each, in a handful of commits, whole`, async () => {
  const ids = await Promise.all(Array.from({ length: WRITERS }, (_, index) => runOn(index + 1)))
  const onRemote = (...args: string[]) => repository.git('-C', bare, ...args)
  expect(onRemote('for-each-ref', '--format=%(refname)', 'refs/codemie')).toBe('')
  const folders = onRemote('ls-tree', '--name-only', 'codemie/runs', 'runs/review/2026/11/20/').split('\n')
  expect(folders.map((path) => path.slice(path.lastIndexOf('/') + 1))).toEqual([...ids].sort())
  const trailers = onRemote('log', '--format=%B', 'codemie/runs').match(/^Run: \S+/gm) ?? []
  expect(trailers.map((line) => line.slice('Run: '.length)).sort()).toEqual([...ids].sort())
  expect(Number(onRemote('rev-list', '--count', 'codemie/runs'))).toBeLessThanOrEqual(8)
  expect(onRemote('fsck', '--full', '--strict', '--no-dangling')).toBe('')
  for (const [index, id] of ids.entries()) {
    const path = `runs/review/2026/11/20/${id}/steps/a/1/output.md`
    expect(onRemote('show', `codemie/runs:${path}`)).toBe(`answer ${index + 1}`)
  }
}, 120_000)
