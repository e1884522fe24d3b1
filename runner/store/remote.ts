import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Refusal } from '../failure.ts'
import { type Git, GitError, type GitSetting } from '../git/git.ts'
import type { ObjectFormat } from '../git/object-id.ts'
import {
  classifyRemoteError,
  NETWORK_TIMEOUT_MS,
  type PushRejected,
  type RemoteProblem,
} from '../git/push.ts'
import { type Repository, withoutCredentials } from '../git/repository.ts'

/** A remote that records are pushed to. */
export interface RecordRemote {
  /** As configured in the repository, e.g. `origin`. */
  readonly name: string
  /** Where pushes go. May hold credentials: never show it. */
  readonly url: string
  /** For people. */
  readonly shownUrl: string
  /** git in the user's repository, with the credentials for this remote. */
  readonly git: Git
  /** Settings that reach this remote from any other repository. */
  readonly settings: readonly GitSetting[]
}

/**
 * Finds a configured remote and what is needed to reach it: whatever the repository's own configuration says (a
 * credential helper, an extra header that CI put there), or a token. Nothing is written to any configuration.
 *
 * Refuses with `no-such-remote`.
 */
export async function openRemote(
  repository: Repository,
  name: string,
  token?: string,
): Promise<RecordRemote> {
  const [found, configured] = await Promise.all([
    repository.git.run({ args: ['remote', 'get-url', '--push', name], okCodes: [0, 2, 128] }),
    repository.git.run({
      args: ['config', '-z', '--get-regexp', '^(http|credential|ssh)\\.|^core\\.(sshcommand|askpass)$'],
      okCodes: [0, 1],
    }),
  ])
  if (found.exitCode !== 0) {
    throw new Refusal('no-such-remote', `This repository has no remote named "${name}"`, {
      help: `Add it with \`git remote add ${name} <address>\`, or run without --push.`,
    })
  }
  const raw = found.stdout.toString().trim()
  const isAddress =
    /^[a-z][a-z0-9+.-]*:\/\//i.test(raw) || (/^[^/]+:/.test(raw) && !/^[a-z]:[\\/]/i.test(raw))
  const url = isAddress ? raw : resolve(repository.root, raw)
  const settings: GitSetting[] = configured.stdout
    .toString()
    .split('\0')
    .flatMap((entry): GitSetting[] => {
      const end = entry.indexOf('\n')
      return end < 0 ? [] : [[entry.slice(0, end), entry.slice(end + 1)]]
    })
  const ownSettings = token === undefined ? [] : tokenSettings(url, token)
  return {
    name,
    url,
    shownUrl: withoutCredentials(url),
    git: repository.git.at(repository.root, ownSettings),
    settings: [...settings, ...ownSettings],
  }
}

/** A token as git's HTTP header for one host. The empty first value drops headers set elsewhere for that host. */
function tokenSettings(url: string, token: string): GitSetting[] {
  if (!/^https?:\/\//i.test(url)) return []
  const key = `http.${new URL(url).origin}/.extraheader`
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64')
  return [
    [key, ''],
    [key, `AUTHORIZATION: basic ${basic}`],
  ]
}

/** A bare repository to fetch into and push from, gone after use. */
export interface Scratch {
  readonly git: Git
  remove(): void
}

/**
 * Makes a bare repository that borrows the objects of the user's one. Shallow and partial fetches happen here, so that
 * the user's repository keeps its configuration, its shallow file and its refs. No process is started.
 *
 * @param remote whose settings it is to have, if any.
 */
export function openScratch(
  repository: Repository,
  remote: RecordRemote | undefined,
  format: ObjectFormat,
  tmp = tmpdir(),
): Scratch {
  const directory = mkdtempSync(join(tmp, 'codemie-publish-'))
  mkdirSync(join(directory, 'objects/info'), { recursive: true })
  mkdirSync(join(directory, 'refs'))
  writeFileSync(join(directory, 'HEAD'), 'ref: refs/heads/none\n')
  writeFileSync(
    join(directory, 'config'),
    format === 'sha256'
      ? '[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n'
      : '[core]\n\trepositoryformatversion = 0\n\tbare = true\n',
  )
  const objects = join(repository.commonDir, 'objects')
  if (existsSync(objects)) writeFileSync(join(directory, 'objects/info/alternates'), `${objects}\n`)
  return {
    git: repository.git.at(directory, remote?.settings),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** Where {@link fetchTips} puts the branch. */
export const TIP = 'refs/tip/runs'
/** Where {@link fetchTips} puts finished runs, by id. */
export const TIP_DONE = 'refs/done/'

/**
 * Fetches the branch's tip and all finished runs: their trees, no file contents, no history. Globs, because naming a
 * ref that the remote lacks is an error.
 *
 * @returns the problem, or `undefined` when it worked.
 */
export async function fetchTips(scratch: Git, remote: RecordRemote): Promise<PushRejected | undefined> {
  try {
    await fetchRefs(
      scratch,
      remote,
      ['+refs/heads/codemie/run*:refs/tip/run*', '+refs/codemie/done/*:refs/done/*'],
      ['--depth=1', '--filter=blob:none', '--prune'],
    )
    return undefined
  } catch (error) {
    if (!(error instanceof GitError) || error.kind === 'not-started') throw error
    return rejectionOf(error)
  }
}

/**
 * Fetches refs of a remote, and nothing that was not asked for. Fails with a `GitError`.
 *
 * @param partial options that leave objects out, for a scratch repository. Default: everything comes.
 */
export async function fetchRefs(
  git: Git,
  remote: RecordRemote,
  refspecs: readonly string[],
  partial: readonly string[] = [],
): Promise<void> {
  // Else the server assumes that we have what our partial copy points at.
  const settings = partial.length === 0 ? [] : ['-c', 'fetch.negotiationAlgorithm=noop']
  const options = ['--quiet', '--no-tags', '--no-write-fetch-head', ...partial]
  try {
    await git.run({
      args: [...settings, 'fetch', ...options, remote.url, ...refspecs],
      timeoutMs: NETWORK_TIMEOUT_MS,
    })
  } catch (error) {
    // With a depth, a fetch that finds no ref to fetch ends so.
    if (error instanceof GitError && error.exitCode === 1 && error.stderr === '') return
    throw error
  }
}

/**
 * Commits that refs of a remote point to, by the refs' names.
 *
 * @param patterns names, or beginnings of names with `*` at the end. Fails with a `GitError`.
 */
export async function listRemoteRefs(
  remote: RecordRemote,
  patterns: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await remote.git.run({
    args: ['ls-remote', remote.url, ...patterns],
    timeoutMs: NETWORK_TIMEOUT_MS,
  })
  const refs = new Map<string, string>()
  for (const line of stdout.toString().split('\n')) {
    const [commit, ref] = line.split('\t')
    if (commit !== undefined && ref !== undefined) refs.set(ref, commit)
  }
  return refs
}

/** Why a network command of git failed, as {@link remoteRefusal} takes it. */
export function rejectionOf(error: GitError): PushRejected {
  return { problem: classifyRemoteError(error), words: lastLine(error.stderr) }
}

/** Whether the remote has any branch. A first branch may become the default one, so ours must not be the first. */
export async function hasBranches(git: Git, remote: RecordRemote): Promise<boolean> {
  const { stdout } = await git.run({
    args: ['ls-remote', '--heads', remote.url],
    timeoutMs: NETWORK_TIMEOUT_MS,
  })
  return stdout.length > 0
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

/** What each problem means and what to do about it. */
const ADVICE: Readonly<Record<RemoteProblem, readonly [code: string, meaning: string, help: string]>> = {
  unauthorized: [
    'push-unauthorized',
    'does not accept the credentials, or there are none',
    'Give a token with write access to contents (in GitHub Actions: `permissions: contents: write`).',
  ],
  'read-only': [
    'push-read-only',
    'was asked with credentials that may only read',
    'Give a token with write access to contents. On a fork’s pull request there is none: record without --push.',
  ],
  'not-found': [
    'push-not-found',
    'was not found with these credentials',
    'Check the address and the token’s repositories.',
  ],
  protected: [
    'push-protected',
    'refuses this ref by a rule or a hook',
    'Let the runner create and update `codemie/runs` and `refs/codemie/*`, or push records to another repository.',
  ],
  'lost-race': [
    'push-lost-race',
    'was changed by others each time',
    'Nothing is wrong: the next run publishes it.',
  ],
  'no-atomic': [
    'push-no-atomic',
    'cannot change several refs as one',
    'The refs are pushed one by one instead.',
  ],
  'server-trouble': ['push-server-trouble', 'answered with an error of its own', 'Try again later.'],
  unreachable: ['push-unreachable', 'cannot be reached', 'Check the network, the proxy and the address.'],
  other: ['push-failed', 'did not take the record', 'The words of git say why.'],
}

/** A rejected push or fetch as a refusal (exit status 6). */
export function remoteRefusal(remote: RecordRemote, rejected: PushRejected, kept: string): Refusal {
  const [code, meaning, help] = ADVICE[rejected.problem]
  return new Refusal(code, `The remote ${remote.name} (${remote.shownUrl}) ${meaning}: ${rejected.words}`, {
    exitStatus: 6,
    help: `${help} ${kept}`.trim(),
  })
}

/** Whether the same request may work a moment later. */
export function isTransient(problem: RemoteProblem): boolean {
  return problem === 'lost-race' || problem === 'server-trouble' || problem === 'unreachable'
}
