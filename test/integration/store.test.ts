import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findRepository } from '../../runner/git/repository.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

let repository: TestRepository

beforeEach(() => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
})
afterEach(() => repository.remove())

const ID = '20261120T104455Z-00000001'
const FOLDER = `runs/review/2026/11/20/${ID}`
const branchLog = () => repository.git('log', '--format=%s', 'codemie/runs').split('\n')

describe('a run in a repository without a remote', () => {
  test('ends as one commit on the branch, with all its files', async () => {
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    const place = await play(writer, eventsOf(ID, { plan: '{"items":["x"]}', report: 'Fine.' }))

    expect(place).toEqual({
      runId: ID,
      status: 'succeeded',
      ref: 'refs/heads/codemie/runs',
      commit: repository.git('rev-parse', 'codemie/runs'),
      path: FOLDER,
      isPublished: true,
      pushedTo: undefined,
      look: [`git show codemie/runs:${FOLDER}/README.md`],
    })
    expect(repository.git('ls-tree', '-r', '--name-only', 'codemie/runs').split('\n')).toEqual([
      'README.md',
      `${FOLDER}/README.md`,
      `${FOLDER}/inputs.json`,
      `${FOLDER}/journal/000001.ndjson`,
      `${FOLDER}/run.json`,
      `${FOLDER}/steps/plan/1/meta.json`,
      `${FOLDER}/steps/plan/1/output.json`,
      `${FOLDER}/steps/report/1/meta.json`,
      `${FOLDER}/steps/report/1/output.md`,
      `${FOLDER}/workflow.yaml`,
    ])
    const tree = repository.git('rev-parse', `codemie/runs:${FOLDER}`)
    expect(repository.git('log', '--format=%B%an <%ae> %at', 'codemie/runs')).toBe(
      `review ${ID} succeeded\n\n[skip ci]\n\nRun: ${ID} review succeeded ${tree} {"branch":"main","event":"manual","durationMs":2000,"steps":2,"inputTokens":2400,"outputTokens":60,"costUsd":0.005}\ncodemie-ci <codemie-ci@users.noreply.github.com> 1795171495`,
    )
    expect(repository.git('show', `codemie/runs:${FOLDER}/inputs.json`)).toBe('{\n  "a": "one",\n  "b": 2\n}')
    expect(repository.git('show', `codemie/runs:${FOLDER}/steps/report/1/output.md`)).toBe('Fine.')
  })

  test('leaves nothing else behind: no directory, no ref, no file in the working tree, a sound repository', async () => {
    const store = await openTestStore(repository)
    await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }))
    expect(readdirSync(join(repository.root, '.git/codemie/runs'))).toEqual([])
    expect(repository.git('for-each-ref', '--format=%(refname)')).toBe(
      'refs/heads/codemie/runs\nrefs/heads/main',
    )
    expect(repository.git('status', '--porcelain')).toBe('')
    expect(repository.git('fsck', '--full', '--strict', '--no-dangling')).toBe('')
  })

  test('says on the manifest what ran, on what, for whom', async () => {
    repository.git('config', 'user.name', 'Ann')
    repository.git('config', 'user.email', 'ann@example.test')
    repository.git('remote', 'add', 'origin', 'https://bot:hush@example.test/acme/app.git')
    repository.write('b.txt', 'new')
    const store = await openTestStore(repository)
    await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }))
    const manifest = JSON.parse(repository.git('show', `codemie/runs:${FOLDER}/run.json`))
    const { files, ...rest } = manifest
    expect(rest).toEqual({
      schema: 1,
      id: ID,
      status: 'succeeded',
      workflow: {
        id: 'review',
        name: 'Review',
        file: '.codemie/workflows/review.yaml',
        blob: repository.git('rev-parse', `codemie/runs:${FOLDER}/workflow.yaml`),
      },
      trigger: { event: 'manual' },
      actor: { name: 'Ann', email: 'ann@example.test', source: 'git' },
      repository: {
        url: 'https://example.test/acme/app.git',
        commit: repository.git('rev-parse', 'HEAD'),
        branch: 'main',
        changedFiles: 1,
      },
      inputs: { sha256: files['inputs.json'].sha256 },
      engine: '0.1.0',
      models: ['openai:gpt-4.1'],
      startedAt: '2026-11-20T10:44:55.000Z',
      finishedAt: '2026-11-20T10:44:56.000Z',
      durationMs: 1000,
      steps: 1,
      usage: { inputTokens: 1200, outputTokens: 30, cachedInputTokens: 0 },
      costUsd: 0.0025,
      fence: 1,
    })
    expect(Object.keys(files)).not.toContain('run.json')
  })

  test('two runs end at the same moment: both are on the branch', async () => {
    const stores = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => openTestStore(repository, { seed })))
    const writers = await Promise.all(stores.map((store) => store.claim(newRun())))
    const places = await Promise.all(
      writers.map((writer) => play(writer, eventsOf(writer.id, { a: writer.id }))),
    )
    expect(places.every((place) => place.isPublished)).toBe(true)
    expect(branchLog().sort()).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => `review 20261120T104455Z-0000000${n} succeeded`),
    )
    for (const place of places) {
      expect(repository.git('show', `codemie/runs:${place.path}/steps/a/1/output.md`)).toBe(place.runId)
    }
    expect(repository.git('for-each-ref', 'refs/codemie')).toBe('')
  })

  test('a workflow with a name that is not ASCII gets a folder of its own', async () => {
    const store = await openTestStore(repository)
    const workflow = {
      id: 'レビュー',
      name: 'レビュー',
      file: '.codemie/workflows/レビュー.yaml',
      text: 'a: 1\n',
    }
    const place = await play(await store.claim(newRun({ workflow })), eventsOf(ID, { 'größe#2': 'x' }))
    expect(place.path).toMatch(/^runs\/x-[0-9a-f]{8}\/2026\/11\/20\//)
    expect(await store.list({ workflow: 'レビュー' })).toHaveLength(1)
    expect((await store.read(ID)).manifest.workflow.name).toBe('レビュー')
  })
})

describe('where it is run', () => {
  test('no commit yet', async () => {
    const empty = makeRepository()
    try {
      const place = await play(await (await openTestStore(empty)).claim(newRun()), eventsOf(ID, { a: 'x' }))
      expect(place.isPublished).toBe(true)
      expect(JSON.parse(empty.git('show', `codemie/runs:${FOLDER}/run.json`)).repository).toEqual({
        branch: 'main',
        changedFiles: 0,
      })
    } finally {
      empty.remove()
    }
  })

  test('detached head', async () => {
    repository.git('checkout', '-q', '--detach')
    await play(await (await openTestStore(repository)).claim(newRun()), eventsOf(ID, { a: 'x' }))
    expect(JSON.parse(repository.git('show', `codemie/runs:${FOLDER}/run.json`)).repository).toEqual({
      commit: repository.git('rev-parse', 'HEAD'),
      changedFiles: 0,
    })
  })

  test('a linked worktree shares the branch and the runs', async () => {
    const path = repository.beside('linked')
    repository.git('worktree', 'add', '-q', path)
    const store = await openTestStore(repository, { root: path })
    const writer = await store.claim(newRun())
    expect(writer.directory).toBe(join(repository.root, '.git/codemie/runs', ID))
    expect((await play(writer, eventsOf(ID, { a: 'x' }))).isPublished).toBe(true)
    expect(branchLog()).toEqual([`review ${ID} succeeded`])
  })

  test('a shallow clone stays as shallow as it was', async () => {
    const source = makeRepository({ files: { a: '1' }, commits: [{ a: '2' }, { a: '3' }] })
    const clone = repository.beside('clone')
    try {
      source.git('clone', '-q', '--depth', '1', `file://${source.root}`, clone)
      const store = await openTestStore(repository, { root: clone })
      expect((await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }))).isPublished).toBe(true)
      expect(source.git('-C', clone, 'rev-list', '--count', 'HEAD')).toBe('1')
      expect(source.git('-C', clone, 'log', '--format=%s', 'codemie/runs')).toBe(`review ${ID} succeeded`)
    } finally {
      source.remove()
    }
  })

  test('the branch itself is checked out: it is not moved under the person’s feet', async () => {
    const store = await openTestStore(repository)
    await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }))
    repository.git('checkout', '-q', 'codemie/runs')
    const second = await openTestStore(repository, { seed: 2 })
    const place = await play(await second.claim(newRun()), eventsOf('20261120T104455Z-00000002', { a: 'x' }))
    expect(place).toMatchObject({
      isPublished: false,
      ref: 'refs/codemie/done/20261120T104455Z-00000002',
      path: '',
    })
    expect(repository.git('status', '--porcelain')).toBe('')

    repository.git('checkout', '-q', 'main')
    const third = await openTestStore(repository, { seed: 3 })
    await play(await third.claim(newRun()), eventsOf('20261120T104455Z-00000003', { a: 'x' }))
    expect((await third.list()).map((run) => [run.id.slice(-1), run.where])).toEqual([
      ['3', 'branch'],
      ['2', 'branch'],
      ['1', 'branch'],
    ])
    expect(repository.git('for-each-ref', 'refs/codemie')).toBe('')
  })

  test('GIT_DIR of a hook that started us is not followed', async () => {
    const other = makeRepository({ files: { x: 'x' } })
    try {
      const env = {
        ...repository.env,
        GIT_DIR: join(other.root, '.git'),
        GIT_INDEX_FILE: '/nowhere',
        EDITOR: 'vi',
      }
      const store = await openTestStore({ ...repository, env })
      await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }))
      expect(branchLog()).toHaveLength(1)
      expect(other.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
    } finally {
      other.remove()
    }
  })

  test.each([
    ['a bare repository', 'bare-repository', () => makeRepository({ bare: true }).root],
    ['the inside of .git', 'bare-repository', () => join(repository.root, '.git')],
    ['no repository', 'no-repository', () => join(repository.root, '..')],
  ])('%s is refused', (_name, code, directory) => {
    expect(() => findRepository(directory(), repository.env)).toThrow(expect.objectContaining({ code }))
  })
})

describe('the id of an event', () => {
  const id = '20261120T104455Z-0badcafe'
  const trigger = { event: 'schedule', eventId: '7', attempt: 1 }

  test('is started once on a machine', async () => {
    const [first, second] = [await openTestStore(repository), await openTestStore(repository)]
    const results = await Promise.allSettled([
      first.claim(newRun({ id, trigger })),
      second.claim(newRun({ id, trigger })),
    ])
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
    const refused = results.find((result) => result.status === 'rejected')
    expect(refused?.reason).toMatchObject({ code: 'run-exists', exitStatus: 6 })
  })

  test('is not started again when its record is on the branch', async () => {
    const store = await openTestStore(repository)
    await play(await store.claim(newRun({ id, trigger })), eventsOf(id, { a: 'x' }))
    await expect(store.claim(newRun({ id, trigger }))).rejects.toMatchObject({ code: 'run-exists' })
    expect(existsSync(join(repository.root, '.git/codemie/runs', id))).toBe(false)
  })
})
