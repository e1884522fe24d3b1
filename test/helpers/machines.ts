import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { RunEvent } from '../../runner/events.ts'
import { openProject } from '../../runner/project.ts'
import { type ResumeOptions, resumeRun, type StartOptions, startRun } from '../../runner/run.ts'
import { runShard } from '../../runner/shards/run-shard.ts'
import { canonicalJson } from '../../runner/store/canonical-json.ts'
import type { World } from '../../runner/world.ts'
import { makeRepository, type TestRepository } from './git-repository.ts'

/** Several machines with clones of their own of one remote, each with a clock that stands still. */
export interface Machines {
  /** The bare remote. */
  readonly remote: TestRepository
  /** A machine that has never seen a run. */
  machine(): Machine
  /** Tree of the record that is on the branch of the remote; equal for equal bytes. */
  treeOf(run: string): string
  /** Text of a file of a record on the branch of the remote. */
  textOf(run: string, path: string): string
  /** Names of the refs of runs on the remote. */
  refs(): readonly string[]
  /** Takes every run off the remote. */
  forget(): void
  remove(): void
}

export interface Machine {
  readonly repository: TestRepository
  /** What was told here, in order. */
  readonly events: RunEvent[]
  run(
    workflow: string,
    settings?: Partial<Pick<StartOptions, 'untilShards' | 'input' | 'runId' | 'commit' | 'push'>>,
  ): ReturnType<typeof startRun>
  shard(run: string, number: number, signal?: AbortSignal): ReturnType<typeof runShard>
  resume(
    run: string,
    settings?: Partial<Pick<ResumeOptions, 'restHere' | 'onChange'>>,
  ): ReturnType<typeof resumeRun>
}

/** Id of every run, so that two records of the same work can be compared. */
export const RUN = '20260102T030405Z-0000002a'

/** 2026-01-02 03:04:05 UTC */
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)

export function openMachines(
  files: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>> = {},
): Machines {
  const remote = makeRepository({ bare: true })
  const first = makeRepository({ files })
  first.git('push', '-q', remote.root, 'main')
  const made = [remote, first]
  let random = 0
  const folderOf = (run: string) => {
    const paths = remote.git('ls-tree', '-rd', '--name-only', 'codemie/runs').split('\n')
    return paths.find((path) => path.endsWith(`/${run}`)) ?? run
  }
  return {
    remote,
    machine() {
      const repository = makeRepository({})
      made.push(repository)
      repository.git('remote', 'add', 'origin', remote.root)
      repository.git('pull', '-q', 'origin', 'main')
      const world: World = {
        cwd: repository.root,
        env: { ...repository.env, ...variables },
        now: () => NOW,
        random: () => 0,
        randomHex: (digits) => String(++random).padStart(digits, '0').slice(-digits),
        sleep: async (_, signal) => signal.throwIfAborted(),
      }
      const events: RunEvent[] = []
      const options = async () => ({
        world,
        project: await openProject(world),
        signal: new AbortController().signal,
        commit: true,
        push: true,
        onEvent: (event: RunEvent) => void events.push(event),
      })
      return {
        repository,
        events,
        async run(name, settings = {}) {
          const given = await options()
          const { workflow, diagnostics } = await given.project.find(name)
          if (!workflow) throw new Error(diagnostics.map(({ message }) => message).join('; '))
          return await startRun({ ...given, workflow, input: '', runId: RUN, ...settings })
        },
        shard: async (runId, number, signal) =>
          await runShard({ ...(await options()), runId, number, ...(signal ? { signal } : {}) }),
        resume: async (runId, settings = {}) => await resumeRun({ ...(await options()), runId, ...settings }),
      }
    },
    treeOf: (run) => remote.git('rev-parse', `codemie/runs:${folderOf(run)}`),
    textOf: (run, path) => remote.git('show', `codemie/runs:${folderOf(run)}/${path}`),
    refs: () => remote.git('for-each-ref', '--format=%(refname)', 'refs/codemie').split('\n').filter(Boolean),
    forget: () => {
      for (const ref of remote.git('for-each-ref', '--format=%(refname)').split('\n'))
        if (ref.includes('codemie')) remote.git('update-ref', '-d', ref)
    },
    remove: () => {
      for (const one of made) one.remove()
    },
  }
}

/** Makes shards out of one that is there, with another manifest or another journal and digests that fit: who may push can. */
export function forgeShards({ remote }: Machines, commit: string) {
  const text = (path: string) => remote.git('show', `${commit}:${path}`)
  const write = (content: string) => {
    const file = remote.beside(`forged-${createHash('sha256').update(content).digest('hex')}`)
    writeFileSync(file, content)
    return remote.git('hash-object', '-w', file)
  }
  const JOURNAL = 'journal/000001.ndjson'
  return (
    ofManifest: (manifest: Record<string, unknown>) => object,
    ofJournal: (journal: string) => string = (journal) => journal,
  ) => {
    const journal = ofJournal(`${text(JOURNAL)}\n`)
    const content = Buffer.from(journal)
    const listed = { sha256: createHash('sha256').update(content).digest('hex'), size: content.length }
    const manifest = ofManifest({ ...JSON.parse(text('shard.json')), files: { [JOURNAL]: listed } })
    const index = { GIT_INDEX_FILE: remote.beside(`index-${listed.sha256}`) }
    const git = (...args: string[]) =>
      execFileSync('git', args, {
        cwd: remote.root,
        env: { ...remote.env, ...index },
        encoding: 'utf8',
      }).trim()
    git('read-tree', '--empty')
    git('update-index', '--add', '--cacheinfo', `100644,${write(journal)},${JOURNAL}`)
    git('update-index', '--add', '--cacheinfo', `100644,${write(canonicalJson(manifest))},shard.json`)
    return remote.git('commit-tree', '-m', 'forged', git('write-tree'))
  }
}
