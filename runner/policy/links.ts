import { isAllowedHost } from '../tools/http-policy.ts'

/** Whether an address in a text that a model wrote may stay a link. */
export type LinkRule = (address: string) => boolean

const LONGEST = 500

/**
 * Only addresses that everybody reads in the same way: no name or password, no query, nothing that Markdown or HTML
 * gives a meaning, no letters that look like others.
 */
const PLAIN = /^https?:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?(?:\/[\w.%+=:/-]*)?(?:#[\w.-]*)?$/

/** Pages of a repository that show something, below its own: none that fills in a form, downloads, or leads elsewhere. */
const PAGES =
  /^\/?$|^\/(?:(?:blob|tree|blame|commits?)\/.+|(?:pull|issues|discussions)\/\d+(?:\/(?:files|commits|checks))?|actions\/runs\/\d+(?:\/job\/\d+)?|releases\/tag\/[^/]+)$/

/**
 * Allows links to pages of the repository itself, and by https to hosts that the maintainer chose.
 *
 * @param hosts as in `policy.link_hosts` of the config; matched like those of the HTTP tool.
 * @param home page of the repository, such as `https://github.com/acme/app`; `undefined`: not known.
 */
export function linkRule(hosts: readonly string[], home: string | undefined): LinkRule {
  return (address) => {
    if (address.length > LONGEST || !PLAIN.test(address)) return false
    const url = new URL(address)
    // What a browser makes something else of is not what people read: `..`, `%2e`, numbers of hosts.
    if (url.href !== address && url.href !== `${address}/`) return false
    return isOwnPage(url, home) || isAllowedHost(url, hosts)
  }
}

function isOwnPage(url: URL, home: string | undefined): boolean {
  if (home === undefined || !URL.canParse(home)) return false
  const { origin, pathname } = new URL(home)
  const [own, path] = [pathname.replace(/\/$/, ''), url.pathname]
  const isBelow = path.slice(0, own.length).toLowerCase() === own.toLowerCase()
  return url.origin === origin && isBelow && PAGES.test(path.slice(own.length))
}
