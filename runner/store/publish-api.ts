import type { PushRejected, RemoteProblem } from '../git/push.ts'
import { BRANCH_README } from './branch-readme.ts'
import { type GraftPlan, graftCommit } from './graft.ts'
import { RUNS_BRANCH } from './refs.ts'

/** The REST API of the forge that a remote lies on. Source: GitHub's "Git database" endpoints, version 2022-11-28. */
export interface ForgeApi {
  /** Without a slash at the end, e.g. `https://api.github.com`. */
  readonly baseUrl: string
  /** `owner/name`. */
  readonly repository: string
  readonly token: string
}

/** Limit of one request in milliseconds. */
const TIMEOUT_MS = 60_000

/**
 * The API of a remote on GitHub or a GitHub of one's own; `undefined` where the remote is not reached over the web, or
 * there is no token. Where GitHub Actions names its API, that one is used for remotes on its own server, and no other
 * gets the token of the environment.
 *
 * @param url of the remote. @param token that pushes were given; default: `GITHUB_TOKEN` or `GH_TOKEN`, for GitHub only.
 */
export function forgeApiOf(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
  token: string | undefined,
): ForgeApi | undefined {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined
  const { protocol, host, pathname } = new URL(url)
  const repository = /^\/([^/]+\/[^/]+?)(?:\.git)?\/?$/.exec(pathname)?.[1]
  const server = env['GITHUB_SERVER_URL'] ?? 'https://github.com'
  const isServer = URL.canParse(server) && new URL(server).host === host
  const known = token ?? (isServer ? (env['GITHUB_TOKEN'] ?? env['GH_TOKEN']) : undefined)
  if (repository === undefined || known === undefined) return undefined
  const own = isServer ? env['GITHUB_API_URL'] : undefined
  const baseUrl = own ?? (host === 'github.com' ? 'https://api.github.com' : `${protocol}//${host}/api/v3`)
  return { baseUrl: baseUrl.replace(/\/+$/, ''), repository, token: known }
}

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
