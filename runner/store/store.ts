import { hostname } from 'node:os'
import type { RunEvent } from '../events.ts'
import { Refusal } from '../failure.ts'
import { describeRepository, type Repository, type RepositoryState } from '../git/repository.ts'
import type { World } from '../world.ts'
import { canonicalJson } from './canonical-json.ts'
import type { StoreContext } from './context.ts'
import { describeDefinition, type ExecutedDefinition } from './definition.ts'
import { fetchRun, findContinued, type RefsThere } from './fetch-run.ts'
import { forgeApiOf } from './forge-api.ts'
import type { AdoptedRecord } from './import-record.ts'
import type { ImportedRun } from './import-run.ts'
import { currentLease, type Holder, interruptHolder, isLeaseAlive, refuseLive, takeLease } from './lease.ts'
import { branchesOf, type ListFilter, listRuns, type RunSummary } from './list-runs.ts'
import type { ManifestStart, RunActor, RunManifest, RunTrigger } from './manifest.ts'
import { materialise } from './materialise.ts'
import { sha256 } from './payload.ts'
import { dropRefs } from './publish-local.ts'
import { keptTexts, readRun, resolveRunId, type StoredRun, treeOnBranch } from './read-run.ts'
import { RECORD_LIMITS, type RecordLimits } from './record.ts'
import { type Redact, redactValue } from './redact.ts'
import { ARCHIVE, LIVE, listRefs } from './refs.ts'
import { openRemote } from './remote.ts'
import { fetchRefs } from './remote-refs.ts'
import type { Pruned, RetentionPlan } from './retention.ts'
import {
  readRunFacts,
  readRunJournal,
  restoreEvents,
  restoreJournal,
  writeRunFacts,
} from './run-directory.ts'
import { createRunDirectory, findRunDirectory, removeRunDirectory, runHome, type Warn } from './run-home.ts'
import { manualRunId } from './run-id.ts'
import type { CollectedShards, FoundShards, Shard, ShardName } from './shard.ts'
import type { Shared } from './share.ts'
import type { Swept } from './sweep.ts'
import { refuseUntrusted } from './untrusted-record.ts'
import type { Verified } from './verify-branch.ts'
import { RunWriter } from './writer.ts'

/** What a store is made of. */
export interface StoreOptions {
  readonly repository: Repository
  readonly world: Pick<World, 'env' | 'now' | 'random' | 'randomHex' | 'sleep'>
  /** Takes secrets out of a text; applied to everything that is written, the journal included. */
  readonly redact: Redact
  /** Told what people should know and what did not stop anything. */
  readonly warn: Warn
  /** Push records. Default: they stay in this repository. */
  readonly push?: {
    /** Name of the remote, e.g. `origin`. */
    readonly remote: string
    /** Used instead of whatever git is configured with. Never written to a file, a URL or a command line. */
    readonly token?: string
    /** `now` (default): put runs on the remote's branch when they end; `later`: leave that to another publisher. */
    readonly publish?: 'now' | 'later'
  }
  /** Name of a remote where runs are looked for that are not here. Default: that of `push`. */
  readonly elsewhere?: string
  /** Default: this process on this machine. */
  readonly holder?: Holder
  /** Default: {@link RECORD_LIMITS}. */
  readonly limits?: RecordLimits
}

/** A run that is about to start. */
export interface NewRun {
  /** Default: a new id for a run started by hand; see `triggeredRunId` for events. */
  readonly id?: string
  readonly workflow: ExecutedDefinition
  readonly inputs: Readonly<Record<string, unknown>>
  /** Contents of files that the run is given, free of secrets, by path in the record. Default: none. */
  readonly attached?: ReadonlyMap<string, Uint8Array>
  /** Default: by hand. */
  readonly trigger?: RunTrigger
  /** Default: `user.name` of git. */
  readonly actor?: RunActor
  /** Version of codemie-ci. */
  readonly engine: string
  /** What it can come to at most. */
  readonly ceiling?: RunManifest['ceiling']
  readonly ciUrl?: string
  /** The run that it repeats. Default: none. */
  readonly origin?: RunManifest['origin']
  /** The workflow's graph in Mermaid's language. */
  readonly graph?: string
}

/** A run that goes on. */
export interface ResumedRun {
  readonly writer: RunWriter
  /** What the journal knows; events whose texts were too large to be kept are not among them. */
  readonly events: readonly RunEvent[]
  readonly manifest: RunManifest
  readonly workflowText: string
  /** Texts of the called definitions, by the name that the states use. */
  readonly calledTexts: ReadonlyMap<string, string>
  readonly inputs: Readonly<Record<string, unknown>>
  /** Contents of files that the run was given, by path in the record. */
  readonly attached: ReadonlyMap<string, Uint8Array>
}

/** The records of a repository: git is the database. */
export interface RunStore {
  /**
   * Starts a run: makes its directory, which is the claim on this machine, and with `push` its live ref on the remote,
   * which is the claim everywhere. Refuses with `run-exists` or `run-claimed` when the run was started already.
   */
  claim(run: NewRun): Promise<RunWriter>
  /**
   * Takes a run over that is paused, failed or was interrupted, wherever its journal is.
   *
   * @param id a run id, the beginning or end of one, or `latest`.
   * @param options `takeOver`: also from a process on another machine, which cannot be asked whether it lives.
   * Refuses with `run-is-live` while another process executes it, and with `run-succeeded` when there is nothing to do.
   */
  resume(
    id: string,
    options?: {
      readonly takeOver?: boolean
      /** Also a run that came to its end, whose record is only to be committed. */
      readonly evenEnded?: boolean
      /** Also a run that has succeeded, of which its record is to say more. */
      readonly afterEnd?: boolean
      /** All that happened before the run was handed out: the record has limits. Default: what it has of that. */
      readonly before?: readonly RunEvent[]
    },
  ): Promise<ResumedRun>
  /**
   * Finishes what other processes left: runs that ended get onto the branch, here or (with `push`) on the remote. May be
   * repeated at any time by anybody.
   */
  sweep(): Promise<Swept>
  /**
   * Stops the process on this machine that executes a run: it saves and ends, and the run can be taken over. Does nothing
   * when there is none. Refuses with `run-is-live` when it does not end within half a minute.
   */
  interrupt(id: string): Promise<void>
  /** Newest first; each run once. */
  list(filter?: ListFilter): Promise<RunSummary[]>
  /**
   * Reads a run by id, the beginning or end of one, or `latest`. A run that is not in this repository is fetched from
   * the remote, where there is one; that takes its whole id.
   */
  read(id: string): Promise<StoredRun>
  /** The link of a run's record on the remote's forge, and the commit and folder it leads to; or why there is none. Asks the remote. */
  share(id: string): Promise<Shared>
  /** Writes a run to `<directory>/<run id>.bundle`, which {@link RunStore.import} brings into any clone. Returns the file. */
  bundle(id: string, directory: string): Promise<string>
  /** Brings the runs of a bundle in; see `importBundle`. Those that are finished wait for {@link RunStore.sweep}. */
  import(file: string): Promise<ImportedRun[]>
  /** Puts a record on the branch that came from a stranger; see `keepAdopted`. */
  adopt(record: AdoptedRecord): Promise<'kept' | 'already-here'>
  /** Keeps a finished part of a map that several jobs share; see `keepShard`. Returns its ref. */
  keepShard(shard: Shard): Promise<string>
  /** Looks for the parts of a map; see `findShards`. */
  findShards(name: Omit<ShardName, 'number'>): Promise<FoundShards>
  /** Brings the parts of a map together; see `collectShards`. They go when the run's writer finishes with their refs. */
  collectShards(name: Omit<ShardName, 'number'>): Promise<CollectedShards>
  /** Takes old records from the tip of the branch; see `prune` in `retention.ts`. */
  prune(plan: RetentionPlan): Promise<Pruned>
  /** Checks the records on the branch, or those of some runs, against what was written. Offline. */
  verify(ids?: readonly string[]): Promise<Verified>
  /** What is checked out and configured, as records say it. */
  state(): Promise<RepositoryState>
}

/** Opens the store of a repository. Nothing is read, written or contacted before it is used. */
export async function openStore(options: StoreOptions): Promise<RunStore> {
  const { repository, world, push } = options
  let state: Promise<RepositoryState> | undefined
  const never = new AbortController().signal
  const remote = push === undefined ? undefined : await openRemote(repository, push.remote, push.token)
  const context: StoreContext = {
    repository,
    home: runHome(repository, world.env),
    holder: options.holder ?? { pid: process.pid, hostname: hostname() },
    redact: options.redact,
    warn: options.warn,
    limits: options.limits ?? RECORD_LIMITS,
    now: world.now,
    random: world.random,
    randomHex: world.randomHex,
    sleep: (ms) => world.sleep(ms, never),
    state: () => {
      state ??= describeRepository(repository, push?.remote)
      return state
    },
    remote,
    elsewhere: async () =>
      context.remote ??
      (options.elsewhere === undefined
        ? undefined
        : await openRemote(repository, options.elsewhere).catch(() => undefined)),
    publish: push?.publish ?? 'now',
    api: remote && forgeApiOf(remote.url, world.env, push?.token),
  }
  return {
    claim: (run) => claim(context, run),
    resume: async (id, more) => await resume(context, await resolveRunId(context, id), more ?? {}),
    // Loaded when they are asked for: a run needs none of them.
    sweep: async () => await (await import('./sweep.ts')).sweep(context),
    interrupt: async (id) => await interrupt(context, await resolveRunId(context, id)),
    list: (filter) => listRuns(context, filter),
    read: async (id) => await readAnywhere(context, await resolveRunId(context, id)),
    share: async (id) => await (await import('./share.ts')).share(context, await resolveRunId(context, id)),
    bundle: async (id, directory) =>
      await (await import('./bundle.ts')).bundleRun(context, await resolveRunId(context, id), directory),
    import: async (file) => await (await import('./import-run.ts')).importBundle(context, file),
    adopt: async (record) =>
      await (await import('./import-record.ts')).keepAdopted(context, record, (id) =>
        readAnywhere(context, id),
      ),
    verify: async (ids) => {
      const { verifyBranch } = await import('./verify-branch.ts')
      const only = ids && (await Promise.all(ids.map(async (id) => await resolveRunId(context, id))))
      return await verifyBranch(context, only)
    },
    keepShard: async (shard) => await (await import('./shard.ts')).keepShard(context, shard),
    findShards: async (name) => await (await import('./shard.ts')).findShards(context, name),
    collectShards: async (name) => await (await import('./shard.ts')).collectShards(context, name),
    prune: async (plan) => await (await import('./retention.ts')).prune(context, plan),
    state: context.state,
  }
}

async function claim(context: StoreContext, run: NewRun): Promise<RunWriter> {
  const startedAt = context.now()
  const id = run.id ?? manualRunId(startedAt, context.randomHex)
  // A random id is new; the id of an event may have been used by a run that ended long ago.
  if (run.id !== undefined) await refuseKnown(context, id)
  const start = await describeStart(context, id, run, startedAt)
  const directory = createRunDirectory(context.home, id, context.warn)
  try {
    writeRunFacts(directory, {
      start: start.manifest,
      workflowText: start.workflowText,
      calledTexts: start.calledTexts,
      inputsText: start.inputsText,
      attached: run.attached ?? new Map(),
      graph: run.graph === undefined ? undefined : context.redact(run.graph),
    })
    const lease = takeLease(directory, context.holder, start.manifest.startedAt)
    const writer = new RunWriter(context, { id, directory, lease, segment: 1, isNew: run.id === undefined })
    await abandonOnFailure(writer, () => writer.claimOnRemote())
    return writer
  } catch (error) {
    // Nothing was executed: no trace stays, and the id is free again.
    removeRunDirectory(directory)
    await dropLocalLive(context, id)
    throw error
  }
}

async function describeStart(context: StoreContext, id: string, run: NewRun, startedAt: number) {
  const state = await context.state()
  const definition = describeDefinition(run.workflow, context.redact, state.objectFormat)
  const inputsText = canonicalJson(redactValue(run.inputs, context.redact))
  const actor: RunActor | undefined =
    run.actor ?? (state.user === undefined ? undefined : { ...state.user, source: 'git' })
  const manifest: ManifestStart = redactValue(
    {
      id,
      workflow: definition.workflow,
      trigger: run.trigger ?? { event: 'manual' },
      ...(actor === undefined ? {} : { actor }),
      repository: {
        ...(state.remote === undefined ? {} : { url: state.remote.url }),
        ...(state.head.kind === 'unborn' ? {} : { commit: state.head.commit }),
        ...(state.head.kind === 'detached' ? {} : { branch: state.head.branch }),
        changedFiles: state.changedFiles,
      },
      inputs: { sha256: sha256(inputsText) },
      engine: run.engine,
      startedAt: new Date(startedAt).toISOString(),
      ...(run.ceiling === undefined ? {} : { ceiling: run.ceiling }),
      ...(run.ciUrl === undefined ? {} : { ciUrl: run.ciUrl }),
      ...(run.origin === undefined ? {} : { origin: run.origin }),
    },
    context.redact,
  )
  return { ...definition, manifest, inputsText }
}

async function refuseKnown(context: StoreContext, id: string): Promise<void> {
  const { git } = context.repository
  const refs = await listRefs(git, ['refs/codemie', 'refs/heads/codemie', 'refs/remotes'])
  const byRef = refs.some((one) => one.ref.startsWith('refs/codemie/') && one.ref.endsWith(`/${id}`))
  let isKnown = byRef
  for (const commit of isKnown ? [] : branchesOf(refs))
    isKnown ||= (await treeOnBranch(git, commit, id)) !== undefined
  if (isKnown) {
    throw new Refusal('run-exists', `Run ${id} is recorded already`, {
      exitStatus: 6,
      help: `The same event starts one run. \`codemie-ci show ${id}\` shows it; a new attempt has another id.`,
    })
  }
}

async function readAnywhere(context: StoreContext, id: string): Promise<StoredRun> {
  let missing: unknown
  try {
    return await readRun(context, id)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'no-such-run') throw error
    missing = error
  }
  const remote = await context.elsewhere()
  if (remote === undefined) throw missing
  try {
    await fetchRun(remote, id)
  } catch (error) {
    // Nobody asked for the remote: that the run is not here is the answer.
    throw context.remote === undefined ? missing : error
  }
  try {
    return await readRun(context, id)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'no-such-run') throw error
    // Last, because they are large and clones do not have them: the earlier epochs of the branch.
    await fetchRefs(remote.git, remote, [`+${ARCHIVE}*:${ARCHIVE}*`]).catch(() => {})
    return await readRun(context, id)
  }
}

async function resume(
  context: StoreContext,
  id: string,
  {
    takeOver = false,
    evenEnded = false,
    afterEnd = false,
    before,
  }: NonNullable<Parameters<RunStore['resume']>[1]>,
): Promise<ResumedRun> {
  const { remote } = context
  const there = remote && (await fetchRun(remote, id))
  const here = await readRun(context, id)
  const stored = (remote && there && (await takeContinued(context, remote, here, there))) ?? here
  refuseUntrusted(stored.manifest)
  if (stored.manifest.status === 'aborted' && !evenEnded) {
    throw new Refusal('run-aborted', `Run ${id} was aborted and does not go on`, {
      help: `\`codemie-ci show ${id}\` shows how far it came; \`codemie-ci rerun ${id}\` repeats it.`,
    })
  }
  if (stored.manifest.status === 'succeeded' && stored.where !== 'directory' && !afterEnd) {
    throw new Refusal('run-succeeded', `Run ${id} has succeeded; there is nothing to resume`, {
      help: `\`codemie-ci show ${id}\` shows its result; \`codemie-ci rerun ${id}\` repeats it.`,
    })
  }
  if (stored.where === 'live') refuseLive(stored.manifest, context.holder, context.now(), takeOver)
  const made = stored.directory === undefined ? materialise(context, stored) : undefined
  const directory = made?.directory ?? stored.directory ?? ''
  if (made && before) restoreJournal(directory, before)
  // The directory holds more than a record, which has limits.
  const facts = readRunFacts(directory)
  if (facts === undefined) throw new Error(`${directory} holds no run`)
  const journal = readRunJournal(directory)
  const lease = takeLease(directory, context.holder, new Date(context.now()).toISOString(), {
    fenceFloor: stored.manifest.fence,
    evenFromOtherHost: takeOver,
  })
  const segment = journal.lastSegment + 1
  const writer = new RunWriter(context, { id, directory, lease, segment })
  if (stored.torn.length > 0) {
    context.warn({
      code: 'journal-torn',
      message: `The last line of ${stored.torn.map((name) => `journal/${name}`).join(', ')} was cut off when the process ended; what it said happens again.`,
    })
  }
  await abandonOnFailure(writer, () => writer.claimOnRemote(there?.live)).catch(async (error: unknown) => {
    // It holds nothing that is not in git, and must not be taken for a run that is ahead of it.
    if (made !== undefined) {
      made.undo()
      await dropLocalLive(context, id)
    }
    throw error
  })
  return {
    writer,
    events: restoreEvents(journal.events, keptTexts(context, id)).whole,
    manifest: stored.manifest,
    workflowText: facts.workflowText,
    calledTexts: facts.calledTexts,
    inputs: JSON.parse(facts.inputsText),
    attached: facts.attached,
  }
}

/**
 * The run as somebody else went on with it and pushed it since it was here, if so; what is here is then out of date and
 * taken away. A process that is still at it here is not disturbed.
 */
async function takeContinued(
  context: StoreContext,
  remote: NonNullable<StoreContext['remote']>,
  here: StoredRun,
  there: RefsThere,
): Promise<StoredRun | undefined> {
  const { directory } = here
  const lease = directory === undefined ? undefined : currentLease(directory)
  if (lease && isLeaseAlive(lease, context.holder) === true) return undefined
  const continued = await findContinued(context, remote, here, there)
  if (!continued) return undefined
  if (directory !== undefined) removeRunDirectory(directory)
  const { git } = context.repository
  if (there.live === undefined) await dropRefs(git, await listRefs(git, [`${LIVE}${here.manifest.id}`]))
  return continued
}

const LONGEST_WAIT_MS = 30_000
const POLL_MS = 100

async function interrupt(context: StoreContext, id: string): Promise<void> {
  const directory = findRunDirectory(context.home, id)
  const lease = directory === undefined ? undefined : currentLease(directory)
  if (directory === undefined || !lease || isLeaseAlive(lease, context.holder) !== true) return
  interruptHolder(lease)
  for (let waited = 0; waited < LONGEST_WAIT_MS; waited += POLL_MS) {
    const now = currentLease(directory)
    if (!now || isLeaseAlive(now, context.holder) !== true) return
    await context.sleep(POLL_MS)
  }
  throw new Refusal('run-is-live', `Process ${lease.pid} was asked to stop run ${id}, and is still at it`, {
    exitStatus: 6,
    help: 'Try again; when it hangs, end that process first.',
  })
}

async function abandonOnFailure(writer: RunWriter, action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    await writer.abandon()
    throw error
  }
}

async function dropLocalLive(context: StoreContext, id: string): Promise<void> {
  const { git } = context.repository
  const live = await listRefs(git, [`${LIVE}${id}`]).catch(() => [])
  await dropRefs(git, live)
}
