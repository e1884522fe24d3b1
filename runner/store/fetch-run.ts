import { GitError } from '../git/git.ts'
import { classifyRemoteError, NETWORK_TIMEOUT_MS } from '../git/push.ts'
import type { StoreContext } from './context.ts'
import { readRecord, type StoredRun, treeOnBranch } from './read-run.ts'
import { DONE, LIVE, listRefs } from './refs.ts'
import { type RecordRemote, remoteRefusal } from './remote.ts'

/**
 * Brings a run's live and `done` refs from a remote, which is all that resuming it on another machine needs, and the
 * branch when it has neither: the run may have come to its end elsewhere. The local refs move forward only.
 *
 * @returns tip of the live ref on the remote; `undefined`: it has none.
 */
export async function fetchRun(remote: RecordRemote, id: string): Promise<string | undefined> {
  const { git } = remote
  try {
    // Asked for by name, and by globs in the fetch: naming a ref that the remote lacks is an error.
    const { stdout } = await git.run({
      args: ['ls-remote', remote.url, `${LIVE}${id}`, `${DONE}${id}`, 'refs/heads/codemie/runs'],
      timeoutMs: NETWORK_TIMEOUT_MS,
    })
    const there = new Map(
      stdout
        .toString()
        .split('\n')
        .flatMap((line) => {
          const [commit, ref] = line.split('\t')
          return commit === undefined || ref === undefined ? [] : [[ref, commit] as const]
        }),
    )
    const own = [`${LIVE}${id}`, `${DONE}${id}`].filter((ref) => there.has(ref))
    const wanted =
      own.length > 0
        ? own.map((ref) => `${ref}:${ref}`)
        : there.has('refs/heads/codemie/runs')
          ? [`+refs/heads/codemie/runs:${remoteBranch(remote)}`]
          : []
    if (wanted.length > 0) {
      await git.run({
        args: ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', remote.url, ...wanted],
        timeoutMs: NETWORK_TIMEOUT_MS,
      })
    }
    return there.get(`${LIVE}${id}`)
  } catch (error) {
    if (!(error instanceof GitError) || error.kind === 'not-started') throw error
    throw remoteRefusal(
      remote,
      { problem: classifyRemoteError(error), words: error.stderr.trim().split('\n').at(-1) ?? '' },
      'Without --push a run is resumed from what is on this machine.',
    )
  }
}

/**
 * What was fetched of a run that somebody else has gone on with since; `undefined`: nothing newer. Its live ref counts as
 * long as the remote has one; after that what is here of it is left over, and the branch counts.
 */
export async function findContinued(
  context: StoreContext,
  remote: RecordRemote,
  { manifest }: StoredRun,
  isLive: boolean,
): Promise<StoredRun | undefined> {
  const { id, fence } = manifest
  const { git } = context.repository
  const [tip] = await listRefs(git, [isLive ? `${LIVE}${id}` : remoteBranch(remote)])
  if (!tip) return undefined
  const { commit } = tip
  const tree = isLive ? tip.tree : await treeOnBranch(git, commit, id)
  if (tree === undefined) return undefined
  const record = await readRecord(context, git, { id, tree, commit, where: isLive ? 'live' : 'branch' })
  return record.manifest.fence > fence ? record : undefined
}

function remoteBranch({ name }: RecordRemote): string {
  return `refs/remotes/${name}/codemie/runs`
}
