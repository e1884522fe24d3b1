import { join } from 'node:path'
import type { RunEvent, RunStatus } from '../events.ts'
import { Refusal } from '../failure.ts'
import { writeCommits } from '../git/fast-import.ts'
import { GitError } from '../git/git.ts'
import { objectFormatOf, treeId } from '../git/object-id.ts'
import { isOutdated } from '../git/push.ts'
import { localBranch, type StoreContext } from './context.ts'
import { definitionIds, describeDefinition, type ExecutedDefinition } from './definition.ts'
import { entryOf } from './figures.ts'
import { finishOnRemote } from './finish-remote.ts'
import { JournalWriter } from './journal.ts'
import { assertLeaseHeld, claimLease, type Lease, releaseLease } from './lease.ts'
import type { RunManifest } from './manifest.ts'
import { dropRefs, type FinishedRun, publishLocally } from './publish-local.ts'
import { pushPatiently } from './publish-remote.ts'
import { buildRecord, type RunRecord } from './record.ts'
import { redactValue } from './redact.ts'
import { LIVE, listRefs, runMessage } from './refs.ts'
import type { RecordRemote } from './remote.ts'
import { remoteRefusal } from './remote-refusal.ts'
import { readRunFacts, readRunJournal, replaceRunFacts } from './run-directory.ts'
import { keepRunDirectory, removeRunDirectory } from './run-home.ts'
import type { CollectedShards, Shard } from './shard.ts'

/** Where the record of a run is and how to look at it. */
export interface RecordPlace {
  readonly runId: string
  readonly status: RunStatus
  /** Ref that holds it: the branch, or one below `refs/codemie/`. */
  readonly ref: string
  readonly commit: string
  /** Folder on the branch; `''` where the ref holds nothing else. */
  readonly path: string
  /** It is on the branch; else a later publication puts it there, or the run is paused. */
  readonly isPublished: boolean
  /** Name of the remote it was pushed to; `undefined`: it is only in this repository. */
  readonly pushedTo: string | undefined
  /** Commands that show it. */
  readonly look: readonly string[]
}

/**
 * Pushed checkpoints of a long run are this far apart, in milliseconds: forges advise few pushes a minute. The first
 * ones come sooner, after {@link FIRST_INTERVAL_MS} and then twice as long each time, because most runs are short.
 */
export const CHECKPOINT_INTERVAL_MS = 60_000
const FIRST_INTERVAL_MS = 2_000

/**
 * The one writer of a run. Events go to the journal on this machine; git gets a checkpoint when one is asked for, and the
 * record at the end.
 */
export class RunWriter {
  readonly id: string
  /** The run's directory on this machine. */
  readonly directory: string
  /** Which holder of this run this is, from 1. */
  readonly fence: number
  readonly #context: StoreContext
  #lease: Lease
  readonly #journal: JournalWriter
  /** Two claims of one event in the same second would else be the same commit, and both would seem to have won. */
  readonly #nonce: string
  readonly #isNew: boolean
  #liveCommit: string | undefined
  #pushedLive: string | undefined
  #lastPushAt = Number.NEGATIVE_INFINITY
  #intervalMs = FIRST_INTERVAL_MS
  #isClosed = false
  /** The directory is gone; giving the lease back would make it again. */
  #isGone = false

  /**
   * @param segment number of the journal segment that this writer makes.
   */
  constructor(
    context: StoreContext,
    options: {
      readonly id: string
      readonly directory: string
      readonly lease: Lease
      readonly segment: number
      /** Nobody else can know its id: there is no ref of it yet. Default: there may be one. */
      readonly isNew?: boolean
    },
  ) {
    this.#context = context
    this.#lease = options.lease
    this.id = options.id
    this.directory = options.directory
    this.fence = options.lease.fence
    this.#isNew = options.isNew ?? false
    this.#nonce = context.randomHex(16)
    this.#journal = new JournalWriter({
      directory: join(options.directory, 'journal'),
      segment: options.segment,
      redact: context.redact,
      resumeHint: `run \`codemie-ci resume ${options.id}\`. The run is kept in ${options.directory}.`,
    })
  }

  /** Resolves when the event is on the disc. Rejects with a `Refusal` (exit status 6) when it cannot be. */
  append(event: RunEvent): Promise<void> {
    return this.#journal.append(event)
  }

  /** Keeps an event that nobody has to wait for; it reaches the disc with the next {@link append}. */
  appendSoon(event: RunEvent): void {
    this.#journal.appendSoon(event)
  }

  /** All that the journal holds so far. */
  events(): readonly RunEvent[] {
    return readRunJournal(this.directory).events
  }

  /** Keeps a part of the run that others need or made; see `keepShard`. */
  async keepShard(shard: Shard): Promise<void> {
    const { keepShard } = await import('./shard.ts')
    await keepShard(this.#context, shard)
  }

  /**
   * Puts another definition in place of the one that the run was executed with so far: the record holds it from now on,
   * and names the earlier one. Append the event that says so first.
   */
  async changeDefinition(definition: ExecutedDefinition, graph: string): Promise<void> {
    const facts = readRunFacts(this.directory)
    if (facts === undefined) throw new Error(`${this.directory} holds no run`)
    const { redact, state } = this.#context
    const { workflow, ...texts } = describeDefinition(definition, redact, (await state()).objectFormat)
    const { blob, revision, earlier = [] } = facts.start.workflow
    // A change of a called definition alone leaves this one as it was.
    const before = workflow.blob === blob ? earlier : [...earlier, blob]
    const named = {
      ...workflow,
      // Where the first one came from.
      ...(revision === undefined ? {} : { revision }),
      ...(before.length === 0 ? {} : { earlier: before }),
    }
    const start = { ...facts.start, workflow: redactValue(named, redact) }
    replaceRunFacts(this.directory, { ...facts, ...texts, start, graph: redact(graph) })
  }

  /** What is executed, by its digests: the definition and those that it calls, and the inputs. */
  executed(): { readonly runId: string; readonly definition: readonly string[]; readonly inputs: string } {
    const facts = readRunFacts(this.directory)
    if (facts === undefined) throw new Error(`${this.directory} holds no run`)
    const { workflow, inputs } = facts.start
    return { runId: this.id, definition: definitionIds(workflow), inputs: inputs.sha256 }
  }

  /**
   * Commits what the journal holds to the run's live ref, and pushes it when records are pushed, unless the last one was
   * made a moment ago (see {@link CHECKPOINT_INTERVAL_MS}). With `force` (before a pause, before an effect that must not happen twice, on a
   * signal) it is pushed in any case.
   *
   * @returns 0 when it was made; else in how many milliseconds it is due. Refuses with `run-taken-over` when another
   *   process has the run now: then stop, and do not finish.
   */
  async checkpoint(options: { readonly force?: boolean } = {}): Promise<number> {
    assertLeaseHeld(this.directory, this.#lease)
    const now = this.#context.now()
    const waitMs = this.#lastPushAt + this.#intervalMs - now
    if (options.force !== true && waitMs > 0) return waitMs
    this.#lastPushAt = now
    this.#intervalMs = Math.min(CHECKPOINT_INTERVAL_MS, 2 * this.#intervalMs)
    await this.#writeLive(this.#buildRecord('running'))
    await this.#pushLive()
    return 0
  }

  /**
   * Makes the record and commits it. A run that is `paused` stays under its live ref and in its directory; any other
   * end is put on the branch, and the directory goes. Nothing can be appended after this.
   *
   * @param end `status` where the events do not tell it; `shards`: refs of parts that the record holds now, which go with
   *   the same push.
   * @returns where the record is. Refuses (exit status 6, or 5 for `secret-in-record`) when it cannot be kept in git:
   *   the run directory stays then, and the refusal says how to go on.
   */
  async finish(
    end: { readonly status?: RunStatus; readonly shards?: CollectedShards['refs'] } = {},
  ): Promise<RecordPlace> {
    await this.#close()
    assertLeaseHeld(this.directory, this.#lease)
    try {
      const record = this.#buildRecord(end.status)
      const place =
        record.manifest.status === 'paused'
          ? await this.#pause(record)
          : await this.#publish(record, end.shards ?? [])
      // A paused run keeps its directory, so that resuming here needs nothing else; any other is safe in git.
      if (place.status === 'paused') this.#release()
      else this.#leaveDirectory(record.isCut)
      return place
    } catch (error) {
      this.#release()
      throw this.#kept(error)
    }
  }

  /** Stops writing without an end: the run stays as it is and can be resumed. */
  async abandon(): Promise<void> {
    await this.#close()
    this.#release()
  }

  /**
   * Makes the claim on the remote before anything is spent: creates the live ref there, or moves it from the tip that
   * was taken over. Refuses with `run-claimed` when somebody else has it, and when the remote cannot be written.
   */
  async claimOnRemote(takenOver?: string): Promise<void> {
    const { remote } = this.#context
    if (remote !== undefined) await this.#claimOn(remote, takenOver)
    this.#lease = claimLease(this.directory, this.#lease)
  }

  async #claimOn(remote: RecordRemote, takenOver: string | undefined): Promise<void> {
    this.#liveCommit = takenOver
    this.#pushedLive = takenOver
    await this.#writeLive(this.#buildRecord('running'))
    this.#lastPushAt = this.#context.now()
    const rejected = await this.#push()
    if (rejected === undefined) return
    if (rejected.problem === 'lost-race') {
      throw new Refusal(
        'run-claimed',
        `Run ${this.id} was started or resumed by somebody else: ${rejected.words}`,
        {
          exitStatus: 6,
          help: 'Nothing was executed here.',
        },
      )
    }
    throw remoteRefusal(remote, rejected, 'Nothing was executed yet.')
  }

  #buildRecord(status?: RunStatus): RunRecord {
    const facts = readRunFacts(this.directory)
    if (facts === undefined) throw new Error(`${this.directory} holds no run`)
    const { graph, ...rest } = facts
    const record = buildRecord(
      {
        ...rest,
        ...(graph === undefined ? {} : { graph }),
        fence: this.fence,
        events: readRunJournal(this.directory).events,
        ...(status === undefined ? {} : { status }),
        ...(status === 'running' ? { lease: this.#signOfLife() } : {}),
      },
      this.#context.limits,
    )
    this.#refuseSecrets(record)
    return record
  }

  #signOfLife(): RunManifest['lease'] {
    const { hostname, pid, incarnation } = this.#lease
    const renewedAt = new Date(this.#context.now()).toISOString()
    return { hostname, pid, renewedAt, ...(incarnation === undefined ? {} : { incarnation }) }
  }

  /** Everything was cleaned piece by piece; a secret that shows only in the whole stops the commit. */
  #refuseSecrets(record: RunRecord): void {
    const hits = [...record.files].flatMap(([path, content]) => {
      // Not a copy: the files of a long run are megabytes, and this is where its memory has its peak.
      const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('utf8')
      const clean = this.#context.redact(text)
      return clean === text ? [] : [`${path}:${firstChangedLine(text, clean)}`]
    })
    if (hits.length === 0) return
    throw new Refusal(
      'secret-in-record',
      `A secret was found in the record of run ${this.id}: ${hits.join(', ')}`,
      {
        exitStatus: 5,
        help: 'Nothing was committed. Find out which step printed it, change the secret, and delete the run directory.',
      },
    )
  }

  async #publish(record: RunRecord, shards: CollectedShards['refs']): Promise<RecordPlace> {
    const run = this.#finishedRun(record)
    const { remote } = this.#context
    if (remote !== undefined) {
      const live = { there: this.#pushedLive, here: this.#liveCommit }
      return await finishOnRemote(this.#context, remote, run, live, shards)
    }
    const { git } = this.#context.repository
    const done = await publishLocally(git, run, this.#context, await localBranch(this.#context))
    await dropRefs(git, shards)
    return {
      runId: this.id,
      status: run.status,
      ref: done.ref,
      commit: done.commit,
      path: done.path,
      isPublished: done.onBranch,
      pushedTo: undefined,
      look: [lookAt(done.ref, done.path)],
    }
  }

  #finishedRun(record: RunRecord): FinishedRun {
    const { manifest } = record
    const isFirst = manifest.fence === 1 && manifest.trigger.event === 'manual'
    return {
      ...entryOf(manifest),
      tree: treeId(record.files, objectFormatOf(manifest.workflow.blob)),
      previousTree: manifest.previousTree,
      files: record.files,
      mayExist: !isFirst,
    }
  }

  async #pause(record: RunRecord): Promise<RecordPlace> {
    await this.#writeLive(record)
    const rejected = await this.#push()
    const { remote } = this.#context
    if (remote !== undefined && rejected !== undefined) {
      throw remoteRefusal(remote, rejected, `The run waits in this repository, under ${LIVE}${this.id}.`)
    }
    return {
      runId: this.id,
      status: record.manifest.status,
      ref: `${LIVE}${this.id}`,
      commit: this.#liveCommit ?? '',
      path: '',
      isPublished: false,
      pushedTo: remote?.name,
      look: [lookAt(`${LIVE}${this.id}`, '')],
    }
  }

  async #writeLive({ manifest, files }: RunRecord): Promise<void> {
    const { git } = this.#context.repository
    const ref = `${LIVE}${this.id}`
    if (!this.#isNew) this.#liveCommit ??= (await listRefs(git, [ref]))[0]?.commit
    const commits = await writeCommits(git, [
      {
        ref,
        parent: this.#liveCommit,
        startsEmpty: this.#liveCommit !== undefined,
        message: runMessage(entryOf(manifest), [`Claim: ${this.#nonce}`]),
        committedAt: Math.floor(this.#context.now() / 1000),
        files,
      },
    ])
    if (commits === undefined) {
      throw new Refusal('run-taken-over', `${ref} was moved by another process`, {
        exitStatus: 6,
        help: 'What this process did since its last checkpoint is not recorded. Let the other one finish.',
      })
    }
    this.#liveCommit = commits[0]
  }

  async #pushLive(): Promise<void> {
    const rejected = await this.#push()
    if (rejected === undefined) return
    if (isOutdated(rejected)) {
      throw overtaken(this.id, rejected.words)
    }
    // A checkpoint is a precaution: the journal has everything, and the end of the run pushes again.
    this.#context.warn({
      code: 'checkpoint-not-pushed',
      message: `A checkpoint was not pushed: ${rejected.words}`,
    })
  }

  async #push() {
    const { remote } = this.#context
    if (remote === undefined || this.#liveCommit === undefined || this.#liveCommit === this.#pushedLive)
      return undefined
    const from = this.#pushedLive
    const update = { ref: `${LIVE}${this.id}`, to: this.#liveCommit, ...(from === undefined ? {} : { from }) }
    const rejected = await pushPatiently(remote, [update], [], this.#context)
    if (rejected === undefined) this.#pushedLive = this.#liveCommit
    return rejected
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#journal.close()
  }

  #leaveDirectory(isCut: boolean): void {
    if (isCut) this.#release()
    this.#isGone = true
    if (isCut) keepRunDirectory(this.directory)
    else removeRunDirectory(this.directory)
  }

  #release(): void {
    if (this.#isGone) return
    try {
      releaseLease(this.directory, this.#lease, new Date(this.#context.now()).toISOString())
    } catch {
      // A lease of a process that is gone counts as given back anyway.
    }
  }

  #kept(error: unknown): unknown {
    if (!(error instanceof GitError) && (error as NodeJS.ErrnoException).syscall === undefined) return error
    return new Refusal(
      'record-not-committed',
      `The run ended, but its record could not be committed: ${(error as Error).message}`,
      {
        exitStatus: 6,
        help: `Nothing is lost: the run is kept in ${this.directory}. When the cause is gone, \`codemie-ci resume ${this.id}\` commits it; no step runs again.`,
        cause: error,
      },
    )
  }
}

/** Line, from 1, in which a text stops being equal to its cleaned copy. */
function firstChangedLine(text: string, clean: string): number {
  let line = 1
  for (let at = 0; at < text.length && text[at] === clean[at]; at++) if (text[at] === '\n') line++
  return line
}

/** Somebody else went on with a run that this process thought it had. */
export function overtaken(id: string, words: string): Refusal {
  return new Refusal('run-taken-over', `The live ref of run ${id} was moved on the remote: ${words}`, {
    exitStatus: 6,
    help: 'What this process did since its last checkpoint is not recorded. Let the other one finish.',
  })
}

/** The command that shows the page of a record. */
export function lookAt(ref: string, path: string): string {
  const name = ref.replace(/^refs\/heads\//, '')
  return `git show ${name}:${path === '' ? '' : `${path}/`}README.md`
}
