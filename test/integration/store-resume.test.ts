import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { at, eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

const ID = '20261120T104455Z-00000001'
const FOLDER = `runs/review/2026/11/20/${ID}`
const HERE = dirname(fileURLToPath(import.meta.url))

let repository: TestRepository

beforeEach(() => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
})
afterEach(() => repository.remove())

const resumedEvent = { type: 'run-resumed', at: at(10), runId: ID, finishedSteps: 1 } as const
const stepsOf = (events: readonly { readonly type: string }[]) =>
  events.filter((event) => event.type === 'step-finished').length

/** Starts a process that begins a run, and kills it once its first step is durable. Resolves with the run's id. */
async function killedRun(): Promise<string> {
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), join(HERE, '../helpers/write-and-wait.ts')],
    { cwd: repository.root, env: repository.env, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const id = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  return id
}

describe('a process that was killed', () => {
  test('loses nothing that was durable; its run goes on with a higher fence', async () => {
    const id = await killedRun()
    const store = await openTestStore(repository)
    expect(await store.list()).toMatchObject([{ id, status: 'interrupted', where: 'directory' }])
    const resumed = await store.resume(id)
    expect(resumed.writer.fence).toBe(2)
    expect(stepsOf(resumed.events)).toBe(1)
    const place = await play(resumed.writer, [
      { ...resumedEvent, runId: id },
      ...eventsOf(id, { b: 'y' }).slice(1),
    ])
    expect(place.status).toBe('succeeded')
    const { manifest, files } = await store.read(id)
    expect(manifest).toMatchObject({ fence: 2, steps: 2 })
    expect([...files.keys()]).toContain('steps/a/1/output.md')
  })

  test('cut its last line off: the line is left out and told', async () => {
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    for (const event of eventsOf(ID, { a: 'x' }).slice(0, 4)) await writer.append(event)
    await writer.abandon()
    const segment = join(writer.directory, 'journal/000001.ndjson')
    appendFileSync(segment, '{"type":"step-fini')
    const resumed = await store.resume(ID)
    expect(stepsOf(resumed.events)).toBe(1)
    expect(store.warnings).toMatchObject([{ code: 'journal-torn' }])
    expect(readdirSync(join(writer.directory, 'journal')).sort()).toEqual(['000001.ndjson', '000002.ndjson'])
    expect((await play(resumed.writer, [resumedEvent])).status).toBe('interrupted')
    expect(repository.git('show', `codemie/runs:${FOLDER}/journal/000001.ndjson`)).not.toContain('step-fini"')
  })

  test('damage in the middle of a journal is refused with its place', async () => {
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    for (const event of eventsOf(ID, { a: 'x' }).slice(0, 3)) await writer.append(event)
    await writer.abandon()
    const segment = join(writer.directory, 'journal/000001.ndjson')
    const lines = readFileSync(segment, 'utf8').split('\n')
    lines[1] = '{"type":'
    writeFileSync(segment, lines.join('\n'))
    await expect(store.resume(ID)).rejects.toMatchObject({
      code: 'journal-damaged',
      message: expect.stringContaining('journal/000001.ndjson:2'),
    })
  })
})

describe('one writer at a time', () => {
  test('a run that is being executed is not taken over', async () => {
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    await expect(store.resume(ID)).rejects.toMatchObject({ code: 'run-is-live', exitStatus: 6 })
    await writer.abandon()
    expect((await store.resume(ID)).writer.fence).toBe(2)
  })

  test('of many who resume at once, one does', async () => {
    const first = await openTestStore(repository)
    await (await first.claim(newRun())).abandon()
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, async () => await (await openTestStore(repository)).resume(ID)),
    )
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
  })

  test('a run of another machine is taken over only when that is asked for', async () => {
    const elsewhere = await openTestStore(repository, { holder: { pid: 7, hostname: 'elsewhere' } })
    await elsewhere.claim(newRun())
    const here = await openTestStore(repository)
    await expect(here.resume(ID)).rejects.toMatchObject({ code: 'run-is-live' })
    expect((await here.resume(ID, { takeOver: true })).writer.fence).toBe(2)
  })

  test('whoever lost the run cannot finish it', async () => {
    const elsewhere = await openTestStore(repository, { holder: { pid: 7, hostname: 'elsewhere' } })
    const lost = await elsewhere.claim(newRun())
    await (await openTestStore(repository)).resume(ID, { takeOver: true })
    await expect(lost.finish()).rejects.toMatchObject({ code: 'run-taken-over' })
    expect(repository.git('for-each-ref', 'refs/heads/codemie')).toBe('')
  })
})

describe('a run that is in git', () => {
  test('failed and published: resumed from the branch, its folder is replaced by a new commit', async () => {
    const store = await openTestStore(repository)
    const failed = await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }, 'failed'))
    expect(failed).toMatchObject({ status: 'failed', isPublished: true })
    const before = repository.git('rev-parse', `codemie/runs:${FOLDER}`)

    const resumed = await store.resume('latest')
    expect(resumed.workflowText).toBe('states: []\n')
    expect(resumed.inputs).toEqual({ a: 'one', b: 2 })
    expect(stepsOf(resumed.events)).toBe(1)
    const place = await play(resumed.writer, [resumedEvent, ...eventsOf(ID, { b: 'y' }).slice(1)])
    expect(place).toMatchObject({ status: 'succeeded', path: FOLDER, isPublished: true })
    const { manifest } = await store.read(ID)
    expect(manifest).toMatchObject({ fence: 2, previousTree: before, status: 'succeeded' })
    expect(repository.git('log', '--format=%s', 'codemie/runs').split('\n')).toEqual([
      `review ${ID} succeeded`,
      `review ${ID} failed`,
    ])
    expect(await store.list()).toMatchObject([{ id: ID, status: 'succeeded' }])
    await expect(store.resume(ID)).rejects.toMatchObject({ code: 'run-succeeded' })
  })

  test('two copies of the repository continue the same failed run: neither record is lost', async () => {
    const store = await openTestStore(repository)
    await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }, 'failed'))
    const resumed = await store.resume(ID)
    const path = repository.beside('copy')
    repository.git('clone', '-q', repository.root, path)
    repository.git('-C', path, 'branch', '-q', 'codemie/runs', 'origin/codemie/runs')
    const copy = await openTestStore(repository, { root: path })
    await play((await copy.resume(ID)).writer, [resumedEvent, ...eventsOf(ID, { b: 'theirs' }).slice(1)])
    repository.git('fetch', '-q', path, 'codemie/runs:codemie/runs')

    const place = await play(resumed.writer, [resumedEvent, ...eventsOf(ID, { b: 'ours' }).slice(1)])
    expect(place.path).toMatch(new RegExp(`^${FOLDER}\\.conflict-[0-9a-f]{8}$`))
    expect(store.warnings).toMatchObject([{ code: 'record-conflict' }])
    expect(repository.git('show', `codemie/runs:${FOLDER}/steps/b/1/output.md`)).toBe('theirs')
    expect(repository.git('show', `codemie/runs:${place.path}/steps/b/1/output.md`)).toBe('ours')
  })

  test('too large for its record: goes on from what was put aside, and is not put aside twice', async () => {
    const large = 'y'.repeat(3_000_000)
    const store = await openTestStore(repository)
    await play(await store.claim(newRun({ inputs: { large } })), eventsOf(ID, { a: large }, 'failed'))
    const kept = join(repository.root, '.git/codemie/kept')
    expect(readdirSync(kept)).toEqual([ID])
    const events = JSON.stringify(eventsOf(ID, { a: large }, 'failed'))
    expect(JSON.stringify((await store.read(ID)).wholeEvents) === events).toBe(true)
    const resumed = await store.resume(ID)
    expect(resumed.inputs['large'] === large).toBe(true)
    expect(JSON.stringify(resumed.events) === events).toBe(true)
    expect(readdirSync(kept)).toEqual([])
    const place = await play(resumed.writer, [resumedEvent, ...eventsOf(ID, { b: 'y' }).slice(1)])
    expect(place).toMatchObject({ status: 'succeeded', path: FOLDER })
    expect(readdirSync(kept)).toEqual([ID])
  })

  test('paused: stays under its live ref and goes on here', async () => {
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    const [started, ...steps] = eventsOf(ID, { a: 'x' }).slice(0, 4)
    if (started === undefined) throw new Error('no event')
    const paused = await play(writer, [
      started,
      ...steps,
      { type: 'run-paused', at: at(1), before: ['b'], reason: 'approval' },
    ])
    expect(paused).toMatchObject({ status: 'paused', ref: `refs/codemie/live/${ID}`, isPublished: false })
    expect(await store.list()).toMatchObject([{ id: ID, status: 'paused' }])
    expect(repository.git('show', `refs/codemie/live/${ID}:README.md`)).toContain(
      'The run waits for an approval of `b`: `codemie-ci approve',
    )
    const resumed = await store.resume(ID)
    const place = await play(resumed.writer, [resumedEvent, ...eventsOf(ID, { b: 'y' }).slice(1)])
    expect(place.isPublished).toBe(true)
    expect(repository.git('for-each-ref', 'refs/codemie')).toBe('')
  })
})

describe('a git that does not work', () => {
  test('at the end: the run is kept, and resuming commits it without running anything again', async () => {
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    const objects = join(repository.root, '.git/objects')
    renameSync(objects, `${objects}.away`)
    await expect(play(writer, eventsOf(ID, { a: 'x' }))).rejects.toMatchObject({
      code: 'record-not-committed',
      exitStatus: 6,
      help: expect.stringContaining(writer.directory),
    })
    renameSync(`${objects}.away`, objects)
    expect(await store.list()).toMatchObject([{ id: ID, status: 'succeeded', where: 'directory' }])
    const resumed = await store.resume(ID)
    expect(resumed.events).toEqual(eventsOf(ID, { a: 'x' }))
    expect(await resumed.writer.finish()).toMatchObject({ status: 'succeeded', isPublished: true })
    expect(existsSync(writer.directory)).toBe(false)
  })

  test('and a git directory that cannot be written: the journal goes to the state directory', async () => {
    // A file where the folder would be refuses also a superuser, whom permissions do not stop.
    writeFileSync(join(repository.root, '.git/codemie'), '')
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    expect(writer.directory.startsWith(join(repository.env['HOME'] ?? '', '.local/state/codemie-ci'))).toBe(
      true,
    )
    expect(store.warnings).toMatchObject([{ code: 'run-kept-elsewhere' }])
    expect(await play(writer, eventsOf(ID, { a: 'x' }))).toMatchObject({ isPublished: true })
  })
})

describe('secrets', () => {
  const secret = 's3cr"et\nline'
  const redact = (text: string) => text.replaceAll(secret, '***')

  test('are in nothing that is written: inputs, definition, journal, outputs, page', async () => {
    const store = await openTestStore(repository, { redact })
    const workflow = { id: 'review', name: 'Review', file: 'review.yaml', text: `key: ${secret}\n` }
    const writer = await store.claim(newRun({ workflow, inputs: { [secret]: secret } }))
    await writer.append(
      eventsOf(ID, { a: `it is ${secret}!` })[3] ?? (await Promise.reject(new Error('no event'))),
    )
    for (const folder of ['', 'journal']) {
      for (const name of readdirSync(join(writer.directory, folder), { withFileTypes: true })) {
        if (name.isFile()) {
          expect(readFileSync(join(writer.directory, folder, name.name), 'utf8')).not.toContain('s3cr')
        }
      }
    }
    await writer.finish({ status: 'succeeded' })
    expect(
      repository.git('grep', '-c', '-F', '***', 'codemie/runs').split('\n').length,
    ).toBeGreaterThanOrEqual(5)
    expect(() => repository.git('grep', '-F', 's3cr', 'codemie/runs')).toThrow()
  })

  test('one that shows only in the whole file stops the commit, and nothing is lost', async () => {
    const store = await openTestStore(repository, { redact: (text) => text.replaceAll('"path": "a"', '***') })
    const writer = await store.claim(newRun())
    await expect(play(writer, eventsOf(ID, { a: 'x' }))).rejects.toMatchObject({
      code: 'secret-in-record',
      exitStatus: 5,
      message: expect.stringContaining('steps/a/1/meta.json:9'),
    })
    expect(repository.git('for-each-ref', 'refs/heads/codemie')).toBe('')
    expect(existsSync(writer.directory)).toBe(true)
  })
})

describe('finding runs', () => {
  test('newest first, by workflow, status and limit; by the beginning or the end of an id', async () => {
    const store = await openTestStore(repository)
    for (const [id, status] of [
      ['review', 'succeeded'],
      ['triage', 'failed'],
      ['review', 'failed'],
    ] as const) {
      const workflow = { id, name: id, file: `${id}.yaml`, text: 'a: 1\n' }
      const writer = await store.claim(newRun({ workflow }))
      await play(writer, eventsOf(writer.id, { a: 'x' }, status))
      store.wait(60_000)
    }
    const ids = async (filter?: Parameters<typeof store.list>[0]) =>
      (await store.list(filter)).map((run) => run.id.slice(9, 15))
    expect(await ids()).toEqual(['104655', '104555', '104455'])
    expect(await ids({ limit: 2 })).toEqual(['104655', '104555'])
    expect(await ids({ workflow: 'review' })).toEqual(['104655', '104455'])
    expect(await ids({ workflow: 'review', limit: 1 })).toEqual(['104655'])
    expect(await ids({ statuses: ['failed'] })).toEqual(['104655', '104555'])
    expect((await store.read('latest')).manifest.id).toMatch(/^20261120T104655Z/)
    const [, second] = await store.list()
    expect((await store.read(second?.id.slice(0, 15) ?? '')).manifest.workflow.id).toBe('triage')
    expect((await store.read(second?.id.slice(-8) ?? '')).manifest.workflow.id).toBe('triage')
    await expect(store.read('2026')).rejects.toMatchObject({ code: 'ambiguous-run' })
    await expect(store.read('ffffffff')).rejects.toMatchObject({ code: 'no-such-run' })
    await expect(store.read('20200101T000000Z-ffffffff')).rejects.toMatchObject({ code: 'no-such-run' })
  })

  test('no run yet', async () => {
    const store = await openTestStore(repository)
    expect(await store.list()).toEqual([])
    await expect(store.read('latest')).rejects.toMatchObject({ code: 'no-such-run' })
  })

  test('a run whose folder was removed from the tip is found in the history', async () => {
    const store = await openTestStore(repository)
    await play(await store.claim(newRun()), eventsOf(ID, { a: 'x' }))
    repository.git('worktree', 'add', '-q', repository.beside('runs'), 'codemie/runs')
    repository.git('-C', repository.beside('runs'), 'rm', '-rq', 'runs')
    repository.git('-C', repository.beside('runs'), 'commit', '-qm', 'Remove old runs')
    expect((await store.read(ID)).manifest.id).toBe(ID)
  })
})
