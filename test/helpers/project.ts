import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunResult } from '../../runner/carry-out.ts'
import type { RunEvent } from '../../runner/events.ts'
import { openProject } from '../../runner/project.ts'
import { openRecords } from '../../runner/records.ts'
import { type ResumeOptions, resumeRun, type StartOptions, startRun } from '../../runner/run.ts'
import type { StoredRun } from '../../runner/store/read-run.ts'
import type { World } from '../../runner/world.ts'
import { makeRepository, type RepositoryPlan, type TestRepository } from './git-repository.ts'

/** What a user's repository is to hold. */
export interface ProjectPlan extends RepositoryPlan {
  /** Text of definitions by file stem; they go to `.codemie/workflows/<stem>.yaml`. */
  readonly workflows?: Readonly<Record<string, string>>
  /** Text of `.codemie/config.yaml`. */
  readonly config?: string
  /** Make no commit at all. Default: everything is committed. */
  readonly unborn?: boolean
  /** Variables beside the path and an empty home. */
  readonly env?: Readonly<Record<string, string>>
}

/** How a run under test differs from an ordinary one. */
export type RunSettings = Partial<
  Pick<
    StartOptions,
    | 'input'
    | 'fileNames'
    | 'signal'
    | 'commit'
    | 'push'
    | 'maxConcurrency'
    | 'model'
    | 'strict'
    | 'force'
    | 'streaming'
  >
> & {
  /** Over the project's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Hears the events while they happen. */
  readonly onEvent?: (event: RunEvent) => void
}

/** What a person says to a run that waits; `userInput` in short for an answer that is nothing else. */
type Answer = Pick<ResumeOptions, 'answer' | 'onChange'> & { readonly userInput?: string }

/** A run that came to an end, and what was seen of it. */
export interface SeenRun extends RunResult {
  readonly events: readonly RunEvent[]
}

/** A repository with workflows, in a world that the test controls. */
export interface TestProject extends TestRepository {
  /** Milliseconds of every wait that a run asked for; none of them took any time. */
  readonly sleeps: readonly number[]
  /** Starts a workflow by its name. Rejects with the refusal when it cannot start or cannot be kept. */
  run(workflow: string, settings?: RunSettings): Promise<SeenRun>
  /** Goes on with a run by its id or `latest`. */
  resume(run: string, settings?: RunSettings & Answer): Promise<SeenRun>
  /** What is kept of a run. */
  read(run?: string): Promise<StoredRun>
  /** Outputs of the finished steps in a run's record, by path. */
  outputsOf(run?: string): Promise<Readonly<Record<string, string>>>
  /** Everything that a run left anywhere in the git directory or the home, objects unpacked: to look for secrets. */
  everythingWritten(): string
}

/** 2026-01-02 03:04:05 UTC: the time of every run under test. */
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)

/**
 * Builds a user's repository and runs its workflows in this process, as the command line does: real git, real tools,
 * the real model client; but the clock stands still, waits take no time and are noted, chance is always the same, and
 * the environment is empty but for what the test puts there.
 */
export function makeProject(plan: ProjectPlan = {}): TestProject {
  const files: Record<string, string> = { ...plan.files }
  for (const [stem, text] of Object.entries(plan.workflows ?? {}))
    files[`.codemie/workflows/${stem}.yaml`] = text
  if (plan.config !== undefined) files['.codemie/config.yaml'] = plan.config
  const repository = makeRepository(
    plan.unborn ? {} : { files, ...(plan.commits ? { commits: plan.commits } : {}) },
  )
  if (plan.unborn) for (const [path, text] of Object.entries(files)) repository.write(path, text)
  const sleeps: number[] = []
  let random = 0
  const worldWith = (env: Readonly<Record<string, string>> = {}): World => ({
    cwd: repository.root,
    env: { ...repository.env, ...plan.env, ...env },
    now: () => NOW,
    random: () => 0,
    randomHex: (digits) => String(++random).padStart(digits, '0').slice(-digits),
    sleep: async (ms, signal) => {
      signal.throwIfAborted()
      sleeps.push(ms)
    },
  })
  const optionsOf = async (settings: RunSettings, events: RunEvent[]) => {
    const { env, onEvent, input: _input, fileNames: _fileNames, ...rest } = settings
    const world = worldWith(env)
    return {
      world,
      project: await openProject(world),
      signal: new AbortController().signal,
      commit: true,
      push: false,
      ...rest,
      onEvent: (event: RunEvent) => {
        events.push(event)
        onEvent?.(event)
      },
    }
  }
  const read = async (run = 'latest') => {
    const world = worldWith()
    const project = await openProject(world)
    return await (await openRecords({ project, world }, () => {})).read(run)
  }
  return {
    ...repository,
    sleeps,
    async run(name, settings = {}) {
      const events: RunEvent[] = []
      const options = await optionsOf(settings, events)
      const { workflow, diagnostics, file } = await options.project.find(name)
      if (!workflow) throw new Error(`${file} is not valid: ${diagnostics.map((d) => d.message).join('; ')}`)
      const { input = '', fileNames = [] } = settings
      return { ...(await startRun({ ...options, workflow, input, fileNames })), events }
    },
    async resume(run, { userInput, answer, onChange, ...settings } = {}) {
      const events: RunEvent[] = []
      const options = await optionsOf(settings, events)
      const runId = run === 'latest' ? (await read()).manifest.id : run
      const said = userInput === undefined ? answer : { ...answer, userInput }
      const result = await resumeRun({
        ...options,
        runId,
        ...(said === undefined ? {} : { answer: said }),
        ...(onChange === undefined ? {} : { onChange }),
      })
      return { ...result, events }
    },
    read,
    outputsOf: async (run) => outputsIn((await read(run)).events),
    everythingWritten: () => {
      const objects = repository.git('cat-file', '--batch-all-objects', '--batch', '--unordered')
      const home = repository.env['HOME'] ?? ''
      mkdirSync(home, { recursive: true })
      return [objects, ...filesBelow(join(repository.root, '.git', 'codemie')), ...filesBelow(home)].join(
        '\n',
      )
    },
  }
}

/** Outputs of the finished steps among events, by path. */
export function outputsIn(events: Iterable<RunEvent>): Readonly<Record<string, string>> {
  const outputs: Record<string, string> = {}
  for (const event of events) if (event.type === 'step-finished') outputs[event.path] = event.output
  return outputs
}

/** Events of one type, typed. */
export function eventsOfType<T extends RunEvent['type']>(
  run: { readonly events: readonly RunEvent[] },
  type: T,
): Extract<RunEvent, { type: T }>[] {
  return run.events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type)
}

function filesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  } catch {
    return []
  }
}
