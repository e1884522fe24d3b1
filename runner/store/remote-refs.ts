import { type Git, GitError } from '../git/git.ts'
import { NETWORK_TIMEOUT_MS, type PushRejected, type PushUpdate, pushRefs } from '../git/push.ts'
import { DONE } from './refs.ts'
import type { RecordRemote } from './remote.ts'
import { rejectionOf } from './remote-refusal.ts'
import type { Warn } from './run-home.ts'

/** Where {@link fetchTips} puts the branch. */
export const TIP = 'refs/tip/runs'
/** Fetches the branch there; a glob, because naming a ref that the remote lacks is an error. */
export const TIP_REFSPEC = '+refs/heads/codemie/run*:refs/tip/run*'
/** Where {@link fetchTips} puts finished runs, by id. */
export const TIP_DONE = 'refs/done/'

/**
 * Fetches the branch's tip and all finished runs: their trees, no file contents, no history.
 *
 * @returns the problem, or `undefined` when it worked.
 */
export async function fetchTips(scratch: Git, remote: RecordRemote): Promise<PushRejected | undefined> {
  try {
    await fetchRefs(
      scratch,
      remote,
      [TIP_REFSPEC, `+${DONE}*:${TIP_DONE}*`],
      ['--depth=1', '--filter=blob:none', '--prune'],
    )
    return undefined
  } catch (error) {
    return rejectionOf(error)
  }
}

/**
 * Fetches refs of a remote, and nothing that was not asked for. Fails with a `GitError`.
 *
 * @param refspecs with the names that refs have here.
 * @param partial options that leave objects out, for a scratch repository. Default: everything comes.
 */
export async function fetchRefs(
  git: Git,
  remote: RecordRemote,
  refspecs: readonly string[],
  partial: readonly string[] = [],
): Promise<void> {
  const settings = partial.length === 0 ? [] : PARTIAL_SETTINGS
  const options = ['--quiet', '--no-tags', '--no-write-fetch-head', ...partial]
  try {
    await git.run({
      args: [
        ...settings,
        'fetch',
        ...options,
        remote.url,
        ...refspecs.map((one) => refspecThere(remote, one)),
      ],
      timeoutMs: NETWORK_TIMEOUT_MS,
    })
  } catch (error) {
    // With a depth, a fetch that finds no ref to fetch ends so.
    if (error instanceof GitError && error.exitCode === 1 && error.stderr === '') return
    throw error
  }
}

const PARTIAL_SETTINGS: readonly string[] = [
  // Else the server assumes that we have what our partial copy points at.
  ...['-c', 'fetch.negotiationAlgorithm=noop'],
  // Else git misses the parents of what a shallow repository points at whose objects are borrowed.
  ...['-c', 'core.alternateRefsPrefixes=refs/none/'],
]

/**
 * Commits that refs of a remote point to, by the names that the refs have here.
 *
 * @param patterns names, or beginnings of names with `*` at the end. Fails with a `GitError`.
 */
export async function listRemoteRefs(
  remote: RecordRemote,
  patterns: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const asked = patterns.flatMap((pattern) =>
    pattern.startsWith(CUSTOM) ? [pattern, asBranch(pattern)] : [pattern],
  )
  const { stdout } = await remote.git.run({
    args: ['ls-remote', remote.url, ...asked],
    timeoutMs: NETWORK_TIMEOUT_MS,
  })
  const refs = new Map<string, string>()
  for (const line of stdout.toString().split('\n')) {
    const [commit, ref] = line.split('\t')
    if (commit === undefined || ref === undefined) continue
    const isBranch = ref.startsWith(AS_BRANCHES)
    if (isBranch) remote.names.usesBranches = true
    refs.set(isBranch ? CUSTOM + ref.slice(AS_BRANCHES.length) : ref, commit)
  }
  return refs
}

/** Whether the remote has any branch of people. A first branch may become the default one, so ours must not be the first. */
export async function hasBranches(git: Git, remote: RecordRemote): Promise<boolean> {
  const { stdout } = await git.run({
    args: ['ls-remote', '--heads', remote.url],
    timeoutMs: NETWORK_TIMEOUT_MS,
  })
  const names = stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '')
  return names.some((line) => !(line.split('\t')[1] ?? '').startsWith(AS_BRANCHES))
}

/**
 * Pushes as `pushRefs` does, with the names that refs have here. A host that takes no refs but branches and tags gets
 * them as branches from then on, which is said once: people see them.
 */
export async function pushTo(
  git: Git,
  remote: RecordRemote,
  updates: readonly PushUpdate[],
  warn: Warn,
  options: { readonly isAtomic?: boolean } = {},
): Promise<PushRejected | undefined> {
  const push = () =>
    pushRefs(
      git,
      remote.url,
      updates.map((update) => ({ ...update, ref: refThere(remote, update.ref) })),
      options,
    )
  const rejected = await push()
  const isOfRuns = updates.every(({ ref }) => ref.startsWith(CUSTOM))
  if (rejected?.problem !== 'protected' || !isOfRuns || remote.names.usesBranches) return rejected
  remote.names.usesBranches = true
  if ((await push()) === undefined) {
    warn({
      code: 'custom-refs-refused',
      message: `The remote ${remote.name} takes no refs below ${CUSTOM} (${rejected.words}). Runs that are not finished are branches there, below ${AS_BRANCHES.slice('refs/heads/'.length)}.`,
    })
    return undefined
  }
  remote.names.usesBranches = false
  return rejected
}

/** Refs of runs here, and their names on a host that knows branches and tags only. */
const CUSTOM = 'refs/codemie/'
const AS_BRANCHES = 'refs/heads/codemie-refs/'

function asBranch(ref: string): string {
  return AS_BRANCHES + ref.slice(CUSTOM.length)
}

function refThere({ names }: RecordRemote, ref: string): string {
  return names.usesBranches && ref.startsWith(CUSTOM) ? asBranch(ref) : ref
}

function refspecThere(remote: RecordRemote, refspec: string): string {
  const [, force = '', from = '', to = ''] = /^(\+?)([^:]+):(.*)$/.exec(refspec) ?? []
  return `${force}${refThere(remote, from)}:${to}`
}
