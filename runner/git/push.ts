import { type Git, GitError } from './git.ts'

/** One ref to change on a remote, if it still is what was seen. */
export interface PushUpdate {
  /** Full name on the remote. */
  readonly ref: string
  /** Commit to put there; `undefined` deletes the ref. */
  readonly to?: string
  /** What the remote must have now; `undefined`: it must not exist. */
  readonly from?: string
}

/** Why a remote did not take a push or answer a fetch. */
export type RemoteProblem =
  /** No credentials, or the remote does not know them. */
  | 'unauthorized'
  /** The credentials may read and not write. */
  | 'read-only'
  /** Not there, or hidden from these credentials. */
  | 'not-found'
  /** A rule or hook of the remote refuses this ref. */
  | 'protected'
  /** Somebody changed a ref since we looked, or while we pushed. */
  | 'lost-race'
  /** The remote cannot change several refs as one. */
  | 'no-atomic'
  /** The server failed; later it may work. */
  | 'server-trouble'
  | 'unreachable'
  | 'other'

/** A push that was not taken, with git's own words. */
export interface PushRejected {
  readonly problem: RemoteProblem
  readonly words: string
}

/** Whether a lease did not hold: the ref is not what the caller saw, and will not be so again. */
export function isOutdated({ words }: PushRejected): boolean {
  return words.includes('stale info')
}

/** Limit of one network command in milliseconds. */
export const NETWORK_TIMEOUT_MS = 120_000

/**
 * Changes refs of a remote all together or not at all, each only if it is what the caller saw.
 *
 * @returns `undefined` when it happened. Fails with a {@link GitError} only when git could not be started.
 */
export async function pushRefs(
  git: Git,
  remote: string,
  updates: readonly PushUpdate[],
  options: { readonly isAtomic?: boolean } = {},
): Promise<PushRejected | undefined> {
  const leases = updates.map((update) => `--force-with-lease=${update.ref}:${update.from ?? ''}`)
  const refspecs = updates.map((update) => `${update.to ?? ''}:${update.ref}`)
  try {
    await git.run({
      args: [
        'push',
        '--porcelain',
        '--no-verify',
        '--no-follow-tags',
        '--recurse-submodules=no',
        ...(options.isAtomic === false ? [] : ['--atomic']),
        ...leases,
        remote,
        ...refspecs,
      ],
      timeoutMs: NETWORK_TIMEOUT_MS,
    })
    return undefined
  } catch (error) {
    if (!(error instanceof GitError) || error.kind === 'not-started') throw error
    return classifyPush(error)
  }
}

/**
 * Texts of git and of forges, in the C locale, first match wins. Sources: transport.c, send-pack.c, refs.c of git;
 * GitHub's answers.
 */
const PROBLEMS: readonly (readonly [RegExp, RemoteProblem])[] = [
  [/does not support --atomic/, 'no-atomic'],
  [
    /could not read (Username|Password)|Authentication failed|Invalid username or|error: 401\b|Permission denied \(publickey/i,
    'unauthorized',
  ],
  [/Permission to \S+ denied|error: 403\b|Write access to repository not granted/i, 'read-only'],
  [/Repository not found|error: 404\b|does not appear to be a git repository/i, 'not-found'],
  [/denying non-fast-forward/i, 'protected'],
  [
    /stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|reference already exists|incorrect old value|shallow\.lock/i,
    'lost-race',
  ],
  [/GH\d{3}|protected branch|hook declined|deny updating a hidden ref|deletion prohibited/i, 'protected'],
  [/error: 5\d\d\b|unexpected disconnect|early EOF|remote end hung up/i, 'server-trouble'],
  [
    /Could not resolve host|Failed to connect|Connection (refused|reset|timed out)|Network is unreachable|SSL/i,
    'unreachable',
  ],
]

/** Why a network command of git failed, from what it printed. */
export function classifyRemoteError(error: GitError): RemoteProblem {
  if (error.kind === 'timed-out') return 'unreachable'
  const words = `${error.stderr}\n${error.stdout}`
  return PROBLEMS.find(([pattern]) => pattern.test(words))?.[1] ?? 'other'
}

function classifyPush(error: GitError): PushRejected {
  const problem = classifyRemoteError(error)
  // `!<TAB>from:to<TAB>[rejected] (reason)`: the per-ref answers; the refs that only fell with them say nothing.
  const reasons = error.stdout
    .split('\n')
    .filter((line) => line.startsWith('!') && !line.includes('atomic push failed'))
    .map((line) => line.split('\t').slice(1).join(' '))
  const said = error.stderr
    .split('\n')
    .map((line) => line.trim())
    .filter(
      (line) => /^(remote|fatal|error):/.test(line) && !line.startsWith('error: failed to push some refs'),
    )
  return { problem, words: [...said, ...reasons].slice(0, 6).join(' | ') || error.message }
}
