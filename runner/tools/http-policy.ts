import { isIPv4, isIPv6 } from 'node:net'
import { POLICY_KEYS, refusedByPolicy } from './define-tool.ts'

/** Whether a URL may be reached, and whether private addresses are meant. */
export interface HostDecision {
  /** The host was written out in the policy (no `*`), so an address inside a private network is wanted. */
  readonly allowsPrivate: boolean
}

/**
 * Decides about one URL, before the first request and again for every redirect.
 *
 * Entries of `allowedHosts`: `api.example.com` (https only), `*.example.com` (its subdomains), `*` (every public
 * host), `host:8443` (this port only), `http://localhost:3000` (plain http, too).
 *
 * Fails with a `StepFailure` blamed on policy that names the host and the key to change.
 *
 * @param key of the configuration that `allowedHosts` stands under. Default: that of the HTTP tools.
 */
export function decideUrl(
  url: URL,
  allowedHosts: readonly string[],
  tool: string,
  key: string = POLICY_KEYS.hosts,
): HostDecision {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refusedByPolicy(
      tool,
      `argument "url": only https is spoken, not ${url.protocol}`,
      'Give an https:// address.',
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw refusedByPolicy(
      tool,
      'argument "url": must not carry a name or password',
      'Configure an integration, whose secret is read from the environment, in .codemie/config.yaml.',
    )
  }
  const entries = allowedHosts.map(parseEntry).filter((entry) => matchesHost(entry, url))
  if (entries.length === 0) {
    throw refusedByPolicy(
      tool,
      `the host "${url.host}" is not allowed (allowed: ${allowedHosts.join(', ') || 'none'})`,
      `Add "${url.host}" to ${key}.`,
    )
  }
  if (url.protocol === 'http:' && !entries.some((entry) => entry.plainHttp)) {
    throw refusedByPolicy(
      tool,
      `"${url.host}" may be reached by https only`,
      `Use https://, or write "http://${url.host}" in ${key}.`,
    )
  }
  return { allowsPrivate: entries.some((entry) => !entry.host.includes('*')) }
}

/** Whether an entry, as of `decideUrl`, allows the host of a URL by the scheme it has. Pure; refuses nothing. */
export function isAllowedHost(url: URL, allowedHosts: readonly string[]): boolean {
  return allowedHosts
    .map(parseEntry)
    .some((entry) => matchesHost(entry, url) && (url.protocol === 'https:' || entry.plainHttp))
}

/** The entry of `allowedHosts` that lets in an address with its very port, and no other. `undefined`: it is none of HTTP. */
export function hostEntryOf(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined
  const { protocol, hostname, port } = new URL(address)
  if (protocol === 'https:') return `https://${hostname}:${port || '443'}`
  return protocol === 'http:' ? `http://${hostname}:${port || '80'}` : undefined
}

interface HostEntry {
  readonly host: string
  readonly port: string | undefined
  readonly plainHttp: boolean
}

function parseEntry(written: string): HostEntry {
  const scheme = /^(https?):\/\//i.exec(written)
  const rest = written.slice(scheme?.[0].length ?? 0).replace(/\/.*$/, '')
  const port = /:(\d+)$/.exec(rest)
  const host = port === null || /^[^[].*:.*:/.test(rest) ? rest : rest.slice(0, -port[0].length)
  return {
    host: host.toLowerCase(),
    port: host === rest ? undefined : port?.[1],
    plainHttp: scheme?.[1]?.toLowerCase() === 'http',
  }
}

function matchesHost(entry: HostEntry, url: URL): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  if (entry.port !== undefined && entry.port !== port) return false
  // A dot at the end means the same host to DNS.
  const host = url.hostname.toLowerCase().replace(/\.$/, '')
  if (entry.host === '*') return true
  if (entry.host.startsWith('*.'))
    return host.endsWith(entry.host.slice(1)) && host.length > entry.host.length - 1
  return host === entry.host
}

/**
 * Whether an address belongs to this machine, a private network, a cloud's metadata service, or is otherwise no public
 * host. Ranges: IANA special-purpose address registries.
 */
export function isPrivateAddress(address: string): boolean {
  if (isIPv4(address)) return isPrivateV4(address)
  if (!isIPv6(address)) return true
  const groups = expandV6(address)
  if (groups === undefined) return true
  const [a = 0, b = 0] = groups
  const tailV4 = `${(groups[6] ?? 0) >> 8}.${(groups[6] ?? 0) & 255}.${(groups[7] ?? 0) >> 8}.${(groups[7] ?? 0) & 255}`
  const leadingZeros = groups.slice(0, 5).every((group) => group === 0)
  // ::ffff:a.b.c.d, ::a.b.c.d (also :: and ::1) and 64:ff9b::a.b.c.d carry an IPv4 address.
  if (leadingZeros && (groups[5] === 0xffff || groups[5] === 0)) {
    return groups[5] === 0 ? true : isPrivateV4(tailV4)
  }
  if (a === 0x64 && b === 0xff9b) return isPrivateV4(tailV4)
  if (a === 0x2002) return true // 6to4
  if (a === 0x2001 && b < 0x0200) return true // Teredo, benchmarking, ORCHID and other protocol assignments
  if (a === 0x2001 && b === 0x0db8) return true // documentation
  // Only 2000::/3 is handed out to public hosts; the rest is local, multicast or reserved.
  return (a & 0xe000) !== 0x2000
}

function isPrivateV4(address: string): boolean {
  const [a = 0, b = 0, c = 0] = address.split('.').map(Number)
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    (a === 100 && b >= 64 && b <= 127) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168) ||
    (a === 192 && b === 0 && (c === 0 || c === 2)) ||
    (a === 192 && b === 88 && c === 99) ||
    (a === 198 && (b === 18 || b === 19)) ||
    (a === 198 && b === 51 && c === 100) ||
    (a === 203 && b === 0 && c === 113) ||
    a >= 224
  )
}

function expandV6(address: string): number[] | undefined {
  const plain = address.replace(/%.*$/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, a, b, c, d) => {
    const word = (high: string, low: string) => ((Number(high) << 8) | Number(low)).toString(16)
    return `${word(a, b)}:${word(c, d)}`
  })
  const [head = '', tail] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = 8 - left.length - right.length
  if (missing < 0 || (tail === undefined && missing !== 0)) return undefined
  return [...left, ...Array.from({ length: missing }, () => '0'), ...right].map((group) =>
    Number.parseInt(group, 16),
  )
}
