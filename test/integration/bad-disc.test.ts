import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildIfStale, runBuiltCli } from '../helpers/built-cli.ts'
import { type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { eventsOfType, makeProject, type TestProject } from '../helpers/project.ts'

const isRoot = process.getuid?.() === 0
/** A real full disc is a small mount, and a read-only directory for root as well; both need the right to mount. */
const canMount = isRoot && tryMount()

let server: ModelServer
let project: TestProject
const mounts: string[] = []

beforeEach(async () => {
  server = await startModelServer()
  project = makeProject({
    workflows: { w: TWO },
    env: { OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: server.url },
  })
})
afterEach(async () => {
  while (mounts.length > 0) unmount()
  project.remove()
  await server.close()
})

const TWO = `
enable_summarization_node: false
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: First, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Second, next: { state_id: end } }
`

function tryMount(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'codemie-mount-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory]).status === 0
  if (mounted) spawnSync('umount', [directory])
  rmSync(directory, { recursive: true })
  return mounted
}

function mount(...args: string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' })
  mounts.push(args.at(-1) ?? '')
}

function unmount(): void {
  execFileSync('umount', [mounts.pop() ?? ''], { stdio: 'pipe' })
}

/** Puts a disc of `size` at a folder of the git directory. */
function smallDisc(path: string, size: string): string {
  const directory = join(project.root, '.git', path)
  mkdirSync(directory, { recursive: true })
  mount('-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory)
  return directory
}

/** Runs `work` while the git directory can only be read. */
async function whileReadOnly<T>(work: () => Promise<T>): Promise<T> {
  const directory = join(project.root, '.git')
  if (isRoot) {
    mount('--bind', directory, directory)
    execFileSync('mount', ['-o', 'remount,ro,bind', directory])
  } else execFileSync('chmod', ['-R', 'a-w', directory])
  try {
    return await work()
  } finally {
    if (isRoot) unmount()
    else execFileSync('chmod', ['-R', 'u+w', directory])
  }
}

const turns = () => server.requests.map((request) => request.lastUserMessage)
const refusalOf = (running: Promise<unknown>) =>
  running.then(
    () => {
      throw new Error('it was not refused')
    },
    (error: unknown) => error as { code: string; exitStatus: number; message: string; help: string },
  )

describe.skipIf(!canMount)('a full disc', () => {
  test('under the journal: what was finished is kept, and goes on when there is space', async () => {
    const home = smallDisc('codemie', '160k')
    server.reply('one says', 'x'.repeat(300_000))
    const refusal = await refusalOf(project.run('w'))
    const [runId = ''] = readdirSync(join(home, 'runs'))
    expect(refusal).toMatchObject({
      code: 'journal-not-writable',
      exitStatus: 6,
      message: 'The journal of this run cannot be written: the disc is full',
      help: `Every step finished so far is kept. Free some space, then run \`codemie-ci resume ${runId}\`. The run is kept in ${join(home, 'runs', runId)}.`,
    })

    execFileSync('mount', ['-o', 'remount,size=4m', home])
    server.reply('two says')
    expect(await project.resume('latest')).toMatchObject({ status: 'succeeded', output: 'two says', runId })
    expect(turns()).toEqual(['First', 'Second', 'Second'])
    expect(project.git('log', '--format=%s', 'codemie/runs')).toBe(`w ${runId} succeeded`)
  })

  test('under the objects of git: the run is kept, and resume commits it without running a step', async () => {
    smallDisc('objects/pack', '16k')
    const noise = Array.from({ length: 6000 }, (_, index) => (index * 2_654_435_761).toString(36)).join('')
    server.reply('one says', noise)
    const run = await project.run('w')
    expect(run).toMatchObject({ status: 'succeeded', exitStatus: 6, output: noise })
    expect(run.record).toBeUndefined()
    expect(run.notKept).toMatchObject({ code: 'record-not-committed', blame: 'infrastructure' })
    expect(run.notKept?.message).toMatch(
      /^The run ended, but its record could not be committed: git fast-import ended with status 128: fatal: sha1 file '.git\/objects\/pack\/tmp_pack_\w+' write error\. Out of diskspace$/,
    )
    const [runId = ''] = readdirSync(join(project.root, '.git/codemie/runs'))
    expect(run.notKept?.help).toBe(
      `Nothing is lost: the run is kept in ${join(project.root, '.git/codemie/runs', runId)}. When the cause is gone, \`codemie-ci resume ${runId}\` commits it; no step runs again.`,
    )
    expect(readdirSync(join(project.root, '.git')).filter((name) => name.startsWith('fast_import'))).toEqual(
      [],
    )

    unmount()
    const again = await project.resume('latest')
    expect(again).toMatchObject({ status: 'succeeded', output: noise, runId })
    expect(server.requests).toHaveLength(2)
    expect(again.record?.isPublished).toBe(true)
    expect(project.git('fsck', '--full', '--strict', '--no-dangling')).toBe('')
  })
})

describe.skipIf(isRoot && !canMount)('a git directory that can only be read', () => {
  test('keeps the run in the home, says so, and resume commits it later without running a step', async () => {
    server.reply('one says', 'two says')
    const events: string[] = []
    const run = await whileReadOnly(() =>
      project.run('w', {
        onEvent: (event) => {
          if (event.type === 'warning') events.push(`${event.code}: ${event.message}`)
        },
      }),
    )
    expect(run).toMatchObject({ status: 'succeeded', exitStatus: 6, output: 'two says' })
    expect(run.notKept?.code).toBe('record-not-committed')
    const kept = /the run is kept in (\S+)\. When/.exec(run.notKept?.help ?? '')?.[1] ?? ''
    expect(kept.startsWith(join(project.env['HOME'] ?? '', '.local/state/codemie-ci/'))).toBe(true)
    expect(existsSync(join(kept, 'journal/000001.ndjson'))).toBe(true)
    expect(events).toEqual([
      `run-kept-elsewhere: The git directory cannot be written (${join(project.root, '.git/codemie')}: ${isRoot ? 'EROFS' : 'EACCES'}). This run is kept in ${kept} until it can be committed.`,
    ])

    const again = await project.resume('latest')
    expect(again).toMatchObject({ status: 'succeeded', exitStatus: 0, output: 'two says' })
    expect(eventsOfType(again, 'step-reused').map((event) => event.path)).toEqual(['one', 'two'])
    expect(server.requests).toHaveLength(2)
    expect(existsSync(kept)).toBe(false)
  })

  test('without a record asked for is no trouble at all', async () => {
    server.reply('one says', 'two says')
    const run = await whileReadOnly(() => project.run('w', { commit: false }))
    expect(run).toMatchObject({ status: 'succeeded', output: 'two says' })
    expect(run.record).toBeUndefined()
  })
})

describe('a limit on the size of files', () => {
  beforeAll(buildIfStale, 60_000)

  test('is named as the reason; what was finished is kept, and the command that goes on is said', async () => {
    server.reply('one says', 'x'.repeat(60_000), 'two says')
    const env = { ...project.env, OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: server.url }
    // The limit counts blocks of 512 bytes; the signal that comes with it would end the process.
    const prefix = ['sh', '-c', `trap '' XFSZ; ulimit -f 64; exec "$@"`, 'sh']
    const { status, stdout, stderr } = await runBuiltCli(['run', 'w'], { cwd: project.root, env, prefix })
    const [runId = ''] = readdirSync(join(project.root, '.git/codemie/runs'))
    expect([status, stdout]).toEqual([6, ''])
    expect(stderr).toContain(
      `error journal-not-writable: The journal of this run cannot be written: EFBIG: file too large, write\n  = help: Every step finished so far is kept. Mend that, then run \`codemie-ci resume ${runId}\`. The run is kept in ${project.root}/.git/codemie/runs/${runId}.\n`,
    )
    const again = await runBuiltCli(['resume', 'latest'], { cwd: project.root, env })
    expect(again).toMatchObject({ status: 0, stdout: 'two says\n' })
    expect(turns()).toEqual(['First', 'Second', 'Second'])
  })
})

describe('a hook that forbids everything', () => {
  test('is not asked: a record is no commit of a person', async () => {
    const hooks = join(project.root, '.git/hooks')
    mkdirSync(hooks, { recursive: true })
    for (const name of ['pre-commit', 'reference-transaction', 'commit-msg']) {
      writeFileSync(join(hooks, name), '#!/bin/sh\nexit 1\n')
      chmodSync(join(hooks, name), 0o755)
    }
    server.reply('one says', 'two says')
    expect((await project.run('w')).record?.isPublished).toBe(true)
  })
})
