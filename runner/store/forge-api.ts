/** The REST API of the forge that a remote lies on. Source: GitHub's "Git database" endpoints, version 2022-11-28. */
export interface ForgeApi {
  /** Without a slash at the end, e.g. `https://api.github.com`. */
  readonly baseUrl: string
  /** `owner/name`. */
  readonly repository: string
  readonly token: string
}

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
