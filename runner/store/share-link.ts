import { forgePlaceOf } from '../git/forge-place.ts'

/** Where a folder of a commit is shown on a forge. */
export interface SharedFolder {
  readonly commit: string
  readonly path: string
}

type Link = (base: string, folder: SharedFolder) => string

/** Forges by their host, first match wins; any other is taken for a GitHub of its own (GitHub Enterprise Server). */
const FORGES: readonly (readonly [host: RegExp, link: Link])[] = [
  [/(^|\.)gitlab\./, (base, { commit, path }) => `${base}/-/tree/${commit}/${path}`],
  [/(^|\.)bitbucket\.org$/, (base, { commit, path }) => `${base}/src/${commit}/${path}`],
  [
    /(^|\.)(codeberg\.org|gitea\.|forgejo\.)/,
    (base, { commit, path }) => `${base}/src/commit/${commit}/${path}`,
  ],
  [
    /(^|\.)(dev\.azure\.com|visualstudio\.com)$/,
    (base, { commit, path }) => `${base}?path=/${path}&version=GC${commit}`,
  ],
  [/./, (base, { commit, path }) => `${base}/tree/${commit}/${path}`],
]

/**
 * The address of a folder on the forge that a remote lies on, without credentials; `undefined`: the remote is no
 * forge's (a path, a `file://` address).
 *
 * @param url of the remote: https, ssh, or `git@host:owner/name.git`.
 */
export function shareLink(url: string, folder: SharedFolder): string | undefined {
  const place = forgePlaceOf(url)
  const link = place && FORGES.find(([pattern]) => pattern.test(place.hostname))?.[1]
  return place && link?.(place.base, folder)
}
