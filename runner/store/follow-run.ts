import { join } from 'node:path'
import type { RunEvent } from '../events.ts'
import { Refusal } from '../failure.ts'
import { fetchRun } from './fetch-run.ts'
import { JournalTail } from './journal-tail.ts'
import { currentLease, isLeaseAlive } from './lease.ts'
import { type RunAccount, readAccount } from './read-account.ts'
import { type ReadContext, treeOnBranch } from './read-run.ts'
import { DONE, fetchedBranch, LIVE, listRefs, updateRefs } from './refs.ts'
import type { RecordRemote } from './remote.ts'
import { findRunDirectory } from './run-home.ts'

/** How to follow a run. */
export interface FollowOptions {
  /** Ends following, not the run. */
  readonly signal: AbortSignal
  /** Resolves after that many milliseconds, or rejects with the signal's reason. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Told each event once, those of before first. */
  readonly onEvent: (event: RunEvent) => void
  /** Told at each look when a run on another machine last gave a sign of life, ISO 8601. */
  readonly onSeen: (at: string) => void
  /** Told the first time that the remote did not answer; it is asked again. */
  readonly onUnreachable: (error: Refusal) => void
  /** Where to look for a run that another machine executes. Asked only then. */
  readonly openRemote: () => Promise<RecordRemote>
}

/** Milliseconds between looks at a journal on this machine. */
const LOCAL_POLL_MS = 250
/** Between looks at a remote, in milliseconds: the first while something happens, the last when nothing does. */
const REMOTE_POLL_MS = { first: 2000, last: 15_000, growth: 1.5 }

/**
 * Follows a run until it ends or pauses: by its journal while it is executed on this machine, else by its live ref on the
 * remote. A run that is over already is told from its record.
 *
 * @param id a whole run id.
 * @returns the run as it is then. Rejects with the signal's reason, and with `not-going-on` when nobody has the run.
 */
export async function followRun(
  context: ReadContext,
  id: string,
  options: FollowOptions,
): Promise<RunAccount> {
  const tell = onlyNew(options.onEvent)
  const directory = findRunDirectory(context.home, id)
  if (directory !== undefined) await followDirectory(context, directory, tell, options)
  const here = await readIfThere(context, id)
  const account =
    here === undefined || (here.where === 'live' && here.manifest.status === 'running')
      ? await followRemote(context, id, tell, options)
      : here
  account.events.forEach(tell)
  return account
}

/** Until nobody works on it: the directory goes with the end of the run, or its lease is given back. */
async function followDirectory(
  context: ReadContext,
  directory: string,
  tell: (event: RunEvent) => void,
  { sleep, signal }: FollowOptions,
): Promise<void> {
  const tail = new JournalTail(join(directory, 'journal'))
  for (;;) {
    const lease = currentLease(directory)
    // Looked at before the journal is read: what was written until the end is among what is read.
    const isOver = lease === undefined || isLeaseAlive(lease, context.holder) === false
    tail.read().forEach(tell)
    if (isOver) return
    await sleep(LOCAL_POLL_MS, signal)
  }
}

async function followRemote(
  context: ReadContext,
  id: string,
  tell: (event: RunEvent) => void,
  options: FollowOptions,
): Promise<RunAccount> {
  const remote = await options.openRemote()
  let pause = REMOTE_POLL_MS.first
  let tip: string | undefined
  let seenAt: string | undefined
  let isReachable = true
  for (;;) {
    try {
      const { live } = await fetchRun(remote, id)
      if (live === undefined) return await readEnd(context, remote, id)
      if (live !== tip) {
        tip = live
        pause = REMOTE_POLL_MS.first
        const account = await readAccount(context, id)
        account.events.forEach(tell)
        if (account.manifest.status !== 'running') return account
        seenAt = account.seenAt
      }
      if (seenAt !== undefined) options.onSeen(seenAt)
      isReachable = true
    } catch (error) {
      // Before the first answer it is a mistake of who asks; later the network may come back.
      if (tip === undefined || !(error instanceof Refusal) || error.exitStatus !== 6) throw error
      if (isReachable) options.onUnreachable(error)
      isReachable = false
    }
    await options.sleep(pause, options.signal)
    pause = Math.min(REMOTE_POLL_MS.last, pause * REMOTE_POLL_MS.growth)
  }
}

/** The remote has no live ref any more. The copy of it that is here goes as soon as the run's end is found. */
async function readEnd(context: ReadContext, remote: RecordRemote, id: string): Promise<RunAccount> {
  const { git } = context.repository
  const branch = fetchedBranch(remote.name)
  const refs = await listRefs(git, [`${LIVE}${id}`, `${DONE}${id}`, branch])
  const tip = refs.find(({ ref }) => ref === branch)?.commit
  const isThere =
    refs.some(({ ref }) => ref === `${DONE}${id}`) ||
    (tip !== undefined && (await treeOnBranch(git, tip, id)) !== undefined)
  if (!isThere) {
    throw new Refusal('not-going-on', `Run ${id} is neither going on nor finished on ${remote.name}`, {
      help: 'Runs are seen from other machines when they are started with --push.',
    })
  }
  const left = refs.filter(({ ref }) => ref.startsWith(LIVE))
  await updateRefs(
    git,
    left.map(({ ref, commit }) => ({ ref, from: commit })),
  )
  return await readAccount(context, id)
}

async function readIfThere(context: ReadContext, id: string): Promise<RunAccount | undefined> {
  try {
    return await readAccount(context, id)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'no-such-run') return undefined
    throw error
  }
}

/** A record holds the events again that were told from the journal, and can lack some of them: places do not tell. */
function onlyNew(tell: (event: RunEvent) => void): (event: RunEvent) => void {
  const told = new Set<string>()
  return (event) => {
    const { at, type, path, attempt, ordinal, number, code } = event as unknown as Record<string, unknown>
    const key = JSON.stringify([at, type, path, attempt, ordinal, number, code])
    if (told.has(key)) return
    told.add(key)
    tell(event)
  }
}
