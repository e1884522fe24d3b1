import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Refusal } from '../failure.ts'
import { replaceFile, writeNewFile } from './durable-file.ts'
import type { RunManifest } from './manifest.ts'

/** Who runs a run, in `lease/<fence>.json` of its local directory. */
export interface Lease {
  readonly pid: number
  readonly hostname: string
  /** ISO 8601. */
  readonly startedAt: string
  /** Counts the holders of this run, from 1. */
  readonly fence: number
  /** Tells a process from a later one with the same number. Absent where the system does not say. */
  readonly incarnation?: string
  /** Set by the holder when it stopped in order. */
  readonly releasedAt?: string
  /** The run is the holder's everywhere. Absent: it still asks the remote, or died while it did, or was refused there. */
  readonly isClaimed?: boolean
}

/** The process that holds or asks for a lease. */
export interface Holder {
  readonly pid: number
  readonly hostname: string
}

/** Last lease of a run directory; `undefined`: none was ever taken. */
export function currentLease(directory: string): Lease | undefined {
  const last = leasesOf(directory).at(-1)
  return last === undefined ? undefined : readLease(directory, last)
}

/** The last lease under which the run was really executed; `undefined`: none. */
export function claimedLease(directory: string): Lease | undefined {
  for (const name of leasesOf(directory).reverse()) {
    const lease = readLease(directory, name)
    if (lease.isClaimed) return lease
  }
  return undefined
}

/** Names of lease files, the oldest first. */
function leasesOf(directory: string): string[] {
  try {
    return readdirSync(join(directory, 'lease'))
      .filter((name) => /^\d{6}\.json$/.test(name))
      .sort()
  } catch {
    return []
  }
}

function readLease(directory: string, name: string): Lease {
  try {
    return JSON.parse(readFileSync(join(directory, 'lease', name), 'utf8')) as Lease
  } catch {
    // Being written, or torn: its number still counts.
    return { pid: 0, hostname: '', startedAt: '', fence: Number.parseInt(name, 10) }
  }
}

/** Whether somebody still works under a lease. `unknown`: on another machine, where nobody can be asked. */
export function isLeaseAlive(lease: Lease, here: Holder): boolean | 'unknown' {
  if (lease.releasedAt !== undefined || lease.pid === 0) return false
  if (lease.hostname !== here.hostname) return 'unknown'
  try {
    process.kill(lease.pid, 0)
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return lease.incarnation === undefined || lease.incarnation === incarnationOf(lease.pid)
}

/** A run without a sign of life for this long is taken over without asking, in milliseconds. */
export const LEASE_TTL_MS = 10 * 60_000

/**
 * Refuses with `run-is-live` while somebody executes a run that is known from its pushed record only: a process of this
 * machine that lives, or one of another machine whose last sign of life is younger than {@link LEASE_TTL_MS}.
 *
 * @param takeOver go on although that other machine cannot be asked.
 */
export function refuseLive(
  manifest: Pick<RunManifest, 'lease' | 'status' | 'fence'>,
  here: Holder,
  now: number,
  takeOver: boolean,
): void {
  const { lease, status, fence } = manifest
  if (status !== 'running' || lease === undefined) return
  const held = { ...lease, startedAt: lease.renewedAt, fence }
  const alive = isLeaseAlive(held, here)
  if (alive === false) return
  if (alive === true) throw liveRun(held, true)
  // The other clock may be ahead: then its sign of life is taken as of now.
  const silentMs = Math.max(0, now - Date.parse(lease.renewedAt))
  if (takeOver || !(silentMs < LEASE_TTL_MS)) return
  throw new Refusal(
    'run-is-live',
    `This run is being executed by process ${lease.pid} on ${lease.hostname}, whose last sign of life is ${Math.round(silentMs / 1000)} s old`,
    {
      exitStatus: 6,
      help: `After ${LEASE_TTL_MS / 60_000} minutes of silence it is taken over without asking. When that machine is gone, add --take-over.`,
    },
  )
}

/** Asks a live holder on this machine to save and end, as Ctrl-C does. */
export function interruptHolder({ pid }: Lease): void {
  process.kill(pid, 'SIGINT')
}

/**
 * Takes the lease of a run directory: the file `lease/<fence>.json` is created and must not exist, so of any number of
 * takers one wins.
 *
 * @param fenceFloor a fence already used elsewhere (in the published record); the new one is higher.
 * Refuses with `run-is-live` when a live process holds it.
 */
export function takeLease(
  directory: string,
  here: Holder,
  startedAt: string,
  options: { readonly fenceFloor?: number; readonly evenFromOtherHost?: boolean } = {},
): Lease {
  const held = currentLease(directory)
  const alive = held === undefined ? false : isLeaseAlive(held, here)
  if (held !== undefined && (alive === true || (alive === 'unknown' && options.evenFromOtherHost !== true))) {
    throw liveRun(held, alive)
  }
  const fence = Math.max(held?.fence ?? 0, options.fenceFloor ?? 0) + 1
  const incarnation = incarnationOf(here.pid)
  const lease: Lease = { ...here, startedAt, fence, ...(incarnation === undefined ? {} : { incarnation }) }
  try {
    // Whoever held it is gone after a power cut, and so may be the file.
    writeNewFile(leaseFile(directory, fence), JSON.stringify(lease), false)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw liveRun(currentLease(directory) ?? lease, true)
  }
  return lease
}

/** Marks a lease as claimed everywhere, and returns it so. */
export function claimLease(directory: string, lease: Lease): Lease {
  const claimed = { ...lease, isClaimed: true }
  replaceFile(leaseFile(directory, lease.fence), JSON.stringify(claimed), false)
  return claimed
}

/** Marks a lease as given back. */
export function releaseLease(directory: string, lease: Lease, releasedAt: string): void {
  replaceFile(leaseFile(directory, lease.fence), JSON.stringify({ ...lease, releasedAt }), false)
}

/** Refuses with `run-taken-over` when another process took the run since. */
export function assertLeaseHeld(directory: string, lease: Lease): void {
  const now = currentLease(directory)
  if (now === undefined || now.fence === lease.fence) return
  throw new Refusal('run-taken-over', `Process ${now.pid} on ${now.hostname} has taken this run over`, {
    exitStatus: 6,
    help: 'What this process did since then is not recorded. Let the other one finish.',
  })
}

function liveRun(lease: Lease, alive: boolean | 'unknown'): Refusal {
  const where = `process ${lease.pid} on ${lease.hostname}, since ${lease.startedAt}`
  return alive === true
    ? new Refusal('run-is-live', `This run is being executed by ${where}`, {
        exitStatus: 6,
        help: 'Wait until it ends, or stop that process first.',
      })
    : new Refusal('run-is-live', `This run was last executed by ${where}, which cannot be asked from here`, {
        exitStatus: 6,
        help: 'If that process is gone, add --take-over.',
      })
}

function leaseFile(directory: string, fence: number): string {
  return join(directory, 'lease', `${String(fence).padStart(6, '0')}.json`)
}

/** Boot id and start time of a process. Source: proc(5), `stat` field 22. Linux only. */
function incarnationOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // It has ended, and nobody has asked how: in containers whose first process does not, it stays so for ever.
    if (state === 'Z' || state === 'X') return undefined
    const startTime = fields[18]
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}:${startTime}`
  } catch {
    return undefined
  }
}
