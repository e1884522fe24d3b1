import type { PushRejected, RemoteProblem } from '../git/push.ts'
import { BRANCH_README } from './branch-readme.ts'
import type { ForgeApi } from './forge-api.ts'
import { type GraftPlan, graftCommit } from './graft.ts'
import { RUNS_BRANCH } from './refs.ts'

/** Limit of one request in milliseconds. */
const TIMEOUT_MS = 60_000

/**
 * Puts runs on the branch without pushing it: the forge makes the commit, from trees that it has already, and signs it.
 * So records get onto a branch that takes signed commits only. The branch moves forward or not at all.
 *
 * @param tip commit of the branch and its tree; `undefined`: there is no branch yet.
 * @returns the new tip, or why there is none.
 */
export async function publishThroughApi(
  api: ForgeApi,
  tip: { readonly commit: string; readonly tree: string } | undefined,
  place: GraftPlan['place'],
): Promise<string | PushRejected> {
  const runs = place.map(({ path, run }) => ({ path, mode: '040000', type: 'tree', sha: run.tree }))
  const readme = { path: 'README.md', mode: '100644', type: 'blob', content: BRANCH_README }
  const tree = await call(api, 'POST', 'git/trees', {
    ...(tip === undefined ? { tree: [readme, ...runs] } : { base_tree: tip.tree, tree: runs }),
  })
  if ('problem' in tree) return tree
  // No author: the forge puts the token's account there, and signs what it makes for bots.
  const commit = await call(api, 'POST', 'git/commits', {
    message: graftCommit(place).message,
    tree: tree.sha,
    parents: tip === undefined ? [] : [tip.commit],
  })
  if ('problem' in commit) return commit
  const name = RUNS_BRANCH.slice('refs/'.length)
  const moved =
    tip === undefined
      ? await call(api, 'POST', 'git/refs', { ref: RUNS_BRANCH, sha: commit.sha })
      : await call(api, 'PATCH', `git/refs/${name}`, { sha: commit.sha, force: false })
  return 'problem' in moved ? moved : commit.sha
}

/** One request; the `sha` of what it made. */
async function call(
  { baseUrl, repository, token }: ForgeApi,
  method: 'POST' | 'PATCH',
  path: string,
  body: unknown,
): Promise<{ readonly sha: string } | PushRejected> {
  let status: number
  let text: string
  try {
    const response = await fetch(`${baseUrl}/repos/${repository}/${path}`, {
      method,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'x-github-api-version': '2022-11-28',
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // A token must not follow to another host.
      redirect: 'error',
    })
    status = response.status
    text = await response.text()
  } catch (error) {
    return { problem: 'unreachable', words: `the API at ${baseUrl}: ${(error as Error).message}` }
  }
  const reply = readReply(text)
  if (status >= 200 && status < 300) {
    const sha = reply?.sha ?? reply?.object?.sha
    return typeof sha === 'string' && /^[0-9a-f]{40,64}$/.test(sha)
      ? { sha }
      : { problem: 'other', words: `the API at ${baseUrl} answered ${path} without an object id` }
  }
  const words = `${method} ${path}: ${status} ${String(reply?.message ?? '').slice(0, 200)}`.replace(
    /\s+/g,
    ' ',
  )
  return { problem: problemOf(status, words), words: words.trim() }
}

function readReply(text: string) {
  try {
    return JSON.parse(text) as {
      readonly sha?: unknown
      readonly message?: unknown
      readonly object?: { readonly sha?: unknown }
    }
  } catch {
    return undefined
  }
}

function problemOf(status: number, words: string): RemoteProblem {
  if (status === 401) return 'unauthorized'
  if (status === 404) return 'not-found'
  if (status === 409 || (status === 422 && /not a fast forward|already exists/i.test(words)))
    return 'lost-race'
  if (status === 403 || status === 422) return 'protected'
  return status >= 500 || status === 429 ? 'server-trouble' : 'other'
}
