import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunEvent } from '../../runner/events.ts'
import { Refusal } from '../../runner/failure.ts'
import { createGit, type Git, GitError } from '../../runner/git/git.ts'
import { openStore, type RunStore } from '../../runner/store/store.ts'
import { verifyRecord } from '../../runner/store/verify-record.ts'
import type { RunWriter } from '../../runner/store/writer.ts'
import { type Actor, Interleaving, seededRandom } from '../helpers/interleaving.ts'
import { MemoryWorld } from '../helpers/memory-git.ts'
import { newRun } from '../helpers/test-store.ts'

const SEEDS = Number(process.env['MODEL_SEEDS'] ?? 250)
const FIRST_SEED = Number(process.env['MODEL_FIRST_SEED'] ?? 1)
const STEPS = 3
const BRANCH = 'refs/heads/codemie/runs'
const LIVE = 'refs/codemie/live/'

let base: string
const { TMPDIR } = process.env
beforeAll(() => {
  // Directories of runs are written with care for power cuts, which costs nothing in memory.
  base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'codemie-model-'))
  // What publishers that are killed leave behind goes with the rest.
  process.env['TMPDIR'] = base
})
afterAll(() => {
  if (TMPDIR === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = TMPDIR
  rmSync(base, { recursive: true, force: true })
})

/** Machines with a clone each, one remote, and all that people and schedulers do to runs, in an order that the seed decides. */
async function play(
  seed: number,
  besides: (world: MemoryWorld, folder: string) => void = () => {},
): Promise<void> {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const folder = join(base, String(seed))
  const remotePath = join(folder, 'remote.git')
  const world = new MemoryWorld(remotePath)
  world.refsOf(remotePath).set('refs/heads/main', world.makeCommit({ 'a.txt': 'a\n' }, 'First'))
  besides(world, folder)
  world.onRemoteMove = (ref, from, to) => {
    if (ref === BRANCH) checkMove(world, from, to)
    // A run exists from here on, even when the process that started it never learned so.
    if (ref.startsWith(LIVE) && to !== undefined) started.add(ref.slice(LIVE.length))
  }
  const interleaving = new Interleaving(random, { kill: 0.012, network: 0.02, stall: 0.05 })
  let now = Date.UTC(2026, 10, 20, 10, 44, 55)
  let processes = 0
  const started = new Set<string>()

  const open = async (actor: Actor, machine: number): Promise<RunStore> => {
    processes++
    const root = join(folder, `machine-${machine}`)
    mkdirSync(join(root, '.git'), { recursive: true })
    const git: Git = world.git(root, actor.interrupt)
    let hex = seed * 1000 + processes
    return await openStore({
      repository: { root, gitDir: join(root, '.git'), commonDir: join(root, '.git'), git },
      world: {
        env: {},
        now: () => {
          now += 50
          return now
        },
        random,
        randomHex: (digits) => (hex++).toString(16).padStart(digits, '0').slice(-digits),
        sleep: async (ms) => {
          now += ms
          await actor.sleep()
        },
      },
      redact: (text) => text,
      warn: () => {},
      push: { remote: 'origin', publish: random() < 0.3 ? 'later' : 'now' },
      // A process that does not exist: on its own machine it counts as gone, as one that was killed does.
      holder: { pid: 4_190_000 + processes, hostname: `machine-${machine}` },
    })
  }
  const goOn = async (writer: RunWriter, known: readonly RunEvent[]) => {
    const at = () => new Date(now).toISOString()
    if (known.length === 0)
      await writer.append({
        type: 'run-started',
        at: at(),
        runId: writer.id,
        workflow: 'review',
        name: 'R',
        file: 'r',
      })
    const finished = new Set(known.flatMap((event) => (event.type === 'step-finished' ? [event.path] : [])))
    for (let step = 1; step <= STEPS; step++) {
      const path = `s${step}`
      if (finished.has(path)) continue
      const output = `${writer.id} ${path}`
      await writer.append({
        type: 'step-finished',
        at: at(),
        path,
        state: path,
        attempt: 1,
        output,
        durationMs: 1,
      })
      if (random() < 0.5) await writer.checkpoint({ force: random() < 0.5 })
    }
    if (!known.some(({ type }) => type === 'run-finished')) {
      const end = {
        type: 'run-finished',
        runId: writer.id,
        status: 'succeeded',
        durationMs: 1,
        steps: STEPS,
      } as const
      await writer.append({ ...end, at: at() })
    }
    await writer.finish()
  }
  /** What a process that is refused or out of reach of the remote ends with; the run goes on in another one. */
  const expected = async (body: () => Promise<void>) => {
    try {
      await body()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
  }
  const executor = (machine: number) =>
    interleaving.start(`execute on ${machine}`, (actor) =>
      expected(async () => {
        const writer = await (await open(actor, machine)).claim(newRun())
        await goOn(writer, [])
      }),
    )
  const resumer = (machine: number, id: string) =>
    interleaving.start(`resume on ${machine}`, (actor) =>
      expected(async () => {
        // Nobody takes a run over while its holder still gives signs of life.
        now += random() < 0.8 ? 11 * 60_000 : 0
        const { writer, events } = await (await open(actor, machine)).resume(id)
        await goOn(writer, events)
      }),
    )
  const sweeper = (machine: number) =>
    interleaving.start(`sweep on ${machine}`, (actor) =>
      expected(async () => {
        await (await open(actor, machine)).sweep()
      }),
    )

  const machines = 2 + below(2)
  const rounds = 2 + below(3)
  for (let round = 0; round < rounds; round++) {
    const many = 1 + below(3)
    for (let n = 0; n < many; n++) {
      const known = [...started]
      const choice = random()
      if (choice < 0.5 || known.length === 0) executor(below(machines))
      else if (choice < 0.85) resumer(below(machines), known[below(known.length)] ?? '')
      else sweeper(below(machines))
    }
    await interleaving.run()
  }
  // People and schedulers put it in order: every machine comes back, every run is gone on with, and what is left is swept.
  for (let machine = 0; machine < machines; machine++) {
    for (const id of started) {
      now += 3_600_000
      resumer(machine, id)
      await interleaving.run(false)
    }
  }
  for (let machine = 0; machine < machines; machine++) {
    sweeper(machine)
    await interleaving.run(false)
  }
  try {
    checkEnd(world, started)
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${interleaving.trace.join('\n')}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The branch only grows, and a record that says that its run succeeded is never replaced. */
function checkMove(world: MemoryWorld, from: string | undefined, to: string | undefined): void {
  if (to === undefined) throw new Error('the branch was deleted')
  if (world.commit(to).parents[0] !== from) throw new Error('the branch was not moved forward by one commit')
  if (from === undefined) return
  const [before, after] = [world.filesOf(from), world.filesOf(to)]
  for (const [path, content] of before) {
    if (!path.endsWith('/run.json') || JSON.parse(content.toString()).status !== 'succeeded') continue
    const folder = path.slice(0, -'/run.json'.length)
    if (world.idAt(from, folder) !== world.idAt(to, folder))
      throw new Error(`${folder} was changed after its end`)
  }
  if (after.size < before.size) throw new Error('files were taken from the branch')
}

/** Every run that was started is on the branch once, whole, and as it was written; nothing else is left. */
function checkEnd(world: MemoryWorld, started: ReadonlySet<string>): void {
  const remote = world.refsOf(world.remotePath)
  const left = [...remote.keys()].filter((ref) => ref.startsWith('refs/codemie/'))
  expect(left.join(' '), 'refs that are left').toBe('')
  const tip = remote.get(BRANCH)
  const files = tip === undefined ? new Map<string, Buffer>() : world.filesOf(tip)
  const folders = [...files.keys()].flatMap((path) => (path.endsWith('/run.json') ? [path.slice(0, -9)] : []))
  expect(folders.map((path) => path.slice(path.lastIndexOf('/') + 1)).sort(), 'runs on the branch').toEqual(
    [...started].sort(),
  )
  for (const folder of folders) {
    const id = folder.slice(folder.lastIndexOf('/') + 1)
    const own = new Map(
      [...files].flatMap(([path, content]) =>
        path.startsWith(`${folder}/`) ? [[path.slice(folder.length + 1), content] as const] : [],
      ),
    )
    const entries = [...own.keys()].map((path) => ({ mode: '100644', type: 'blob', object: '', path }))
    const { manifest, problems } = verifyRecord({ id, entries, files: own })
    expect(problems, id).toEqual([])
    expect(manifest?.status, id).toBe('succeeded')
    for (let step = 1; step <= STEPS; step++)
      expect(own.get(`steps/s${step}/1/output.md`)?.toString(), id).toBe(`${id} s${step}\n`)
  }
}

/** Runs every command with real git, too, in repositories beside the model's; ids of objects are the same in both. */
function beside(world: MemoryWorld, folder: string): void {
  const known = new Set<string>()
  const plain = (cwd: string, ...args: string[]) =>
    execFileSync('git', args, { cwd, env: { PATH: process.env['PATH'], HOME: folder }, stdio: 'pipe' })
      .toString()
      .trim()
  mkdirSync(world.remotePath, { recursive: true })
  plain(world.remotePath, 'init', '-q', '--bare', '-b', 'main', '.')
  plain(world.remotePath, 'config', 'uploadpack.allowFilter', 'true')
  const first = world.refsOf(world.remotePath).get('refs/heads/main') ?? ''
  const { tree, message, time } = world.commit(first)
  const blob = execFileSync('git', ['hash-object', '-w', '--stdin'], { cwd: world.remotePath, input: 'a\n' })
    .toString()
    .trim()
  expect(
    execFileSync('git', ['mktree'], { cwd: world.remotePath, input: `100644 blob ${blob}\ta.txt\n` })
      .toString()
      .trim(),
  ).toBe(tree)
  const by = `codemie-ci <codemie-ci@users.noreply.github.com> ${time} +0000`
  const commit = `tree ${tree}\nauthor ${by}\ncommitter ${by}\n\n${message}`
  const made = execFileSync('git', ['hash-object', '-t', 'commit', '-w', '--stdin'], {
    cwd: world.remotePath,
    input: commit,
  })
  expect(made.toString().trim()).toBe(first)
  plain(world.remotePath, 'update-ref', 'refs/heads/main', first)
  world.compare = async (cwd, call, outcome) => {
    if (cwd.startsWith(folder) && !known.has(cwd)) {
      known.add(cwd)
      plain(cwd, 'init', '-q', '-b', 'main', '.')
    }
    const [command = ''] = call.args.filter((one, index) => one !== '-c' && call.args[index - 1] !== '-c')
    if (command === 'status' || command === 'config' || command === 'remote') return
    const real = await createGit(cwd, { PATH: process.env['PATH'], HOME: folder })
      .run(call)
      .catch((error: unknown) => {
        if (error instanceof GitError) return error
        throw error
      })
    const told = (one: typeof outcome) => ({
      exitCode: one.exitCode,
      // Of pushes and fetches only what the store looks at.
      stdout:
        command === 'push' || command === 'fetch' ? one.stdout.includes('stale info') : one.stdout.toString(),
    })
    const order = (text: unknown) => (command === 'ls-remote' ? String(text).split('\n').sort() : text)
    const [here, there] = [told(outcome), told(real)]
    expect(
      { ...here, stdout: order(here.stdout) },
      `${cwd}: git ${call.args.join(' ')} ${real.stderr}`,
    ).toEqual({
      ...there,
      stdout: order(there.stdout),
    })
  }
}

test('the git in memory answers as git does', async () => {
  for (const seed of [3, 5, 98, 436, 822]) await play(seed, beside)
}, 300_000)

test(`${SEEDS} interleavings of start, checkpoint, crash, finish, publish, takeover and sweep end with every run once and whole`, async () => {
  const failures: string[] = []
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS && failures.length < 3; seed++) {
    await play(seed).catch((error: Error) => failures.push(`seed ${seed}: ${error.stack}`))
  }
  expect(failures.join('\n\n')).toBe('')
}, 600_000)
