/** Where a repository lies on a forge. */
export interface ForgePlace {
  readonly hostname: string
  /** Address of its pages, without a slash at the end. */
  readonly base: string
  /** Such as `owner/name`. */
  readonly name: string
}

/**
 * Where a remote lies on a forge, without credentials; `undefined`: it is no forge's (a path, a `file://` address).
 *
 * @param url of the remote: https, ssh, or `git@host:owner/name.git`.
 */
export function forgePlaceOf(url: string): ForgePlace | undefined {
  const [, sshHost, sshPath] = /^(?:[\w.-]+@)?([\w.-]+):(?!\/\/)(.+)$/.exec(url) ?? []
  const isWindowsPath = /^[a-z]:[\\/]/i.test(url)
  const address = sshHost !== undefined && !isWindowsPath ? `ssh://${sshHost}/${sshPath}` : url
  if (!/^(?:https?|ssh|git):\/\//i.test(address) || !URL.canParse(address)) return undefined
  const { protocol, hostname, host, pathname } = new URL(address)
  const path = pathname.replace(/\/+$/, '').replace(/\.git$/, '')
  if (hostname === '' || path === '') return undefined
  // The port of ssh is not that of the pages.
  const isWeb = /^https?:$/.test(protocol)
  const base = `${isWeb ? protocol : 'https:'}//${isWeb ? host : hostname}${path}`
  return { hostname, base, name: path.slice(1) }
}
