import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { BlockList, isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import { TransportError } from './transport-error.ts'
import { TunnelAgent } from './tunnel-agent.ts'

/** The way from here to one address. */
export interface Route {
  readonly agent: HttpAgent
  /** Through a proxy that gets the whole address in the request line; `undefined`: straight, or through a tunnel. */
  readonly forwardProxy: URL | undefined
  readonly proxyAuthorization: string | undefined
}

/** Certificates to trust beside the ones Node brings, in PEM form. */
export type ExtraCertificates = string | Buffer | readonly (string | Buffer)[]

/**
 * The proxy that an address goes through, by the usual variables: `https_proxy`/`HTTPS_PROXY`, `http_proxy`/`HTTP_PROXY`,
 * then `all_proxy`/`ALL_PROXY`; the lower-case spelling wins. `no_proxy`/`NO_PROXY` lists exceptions, separated by commas
 * or spaces: `*`, `example.org` (with everything below it), `.example.org`, `host:port`, addresses and CIDR blocks.
 * Addresses of this machine never go through a proxy.
 *
 * @returns `undefined`: no proxy.
 * @throws TransportError `proxy-invalid` when the variable holds something that is no http(s) address.
 */
export function proxyFor(target: URL, env: Readonly<Record<string, string | undefined>>): URL | undefined {
  const either = (name: string) => env[name] || env[name.toUpperCase()] || undefined
  const variable = target.protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const text = either(variable) ?? either('all_proxy')
  if (text === undefined || isExempt(target, either('no_proxy') ?? '')) return undefined
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`)
    if (url.protocol === 'http:' || url.protocol === 'https:') return url
  } catch {
    // Said below, without the value: it may hold a password.
  }
  throw new TransportError(
    'proxy-invalid',
    `${variable.toUpperCase()} does not hold an http:// or https:// address`,
  )
}

function isExempt(target: URL, list: string): boolean {
  const host = target.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = target.port || (target.protocol === 'https:' ? '443' : '80')
  if (host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))) return true
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true
      const [, name = '', onlyPort] =
        /^(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? '' : entry.toLowerCase()) ?? []
      if (isIP(entry) === 6) return entry.toLowerCase() === host
      if (onlyPort !== undefined && onlyPort !== port) return false
      if (name.includes('/')) return isInBlock(host, name)
      const suffix = name.replace(/^\*?\./, '')
      return host === suffix || host.endsWith(`.${suffix}`)
    })
}

function isInBlock(host: string, block: string): boolean {
  const family = isIP(host)
  const [address = '', bits = ''] = block.split('/')
  if (family === 0 || isIP(address) !== family || !/^\d{1,3}$/.test(bits)) return false
  if (Number(bits) > (family === 4 ? 32 : 128)) return false
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(address, Number(bits), kind)
  return list.check(host, kind)
}

/** Keeps connections open between requests, one pool per way. */
export class AgentPool {
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #tls: { ca?: (string | Buffer)[] }
  readonly #connectTimeoutMs: number
  readonly #keepAlive: boolean
  readonly #agents = new Map<string, HttpAgent>()
  readonly #routes = new Map<string, Route>()

  constructor(options: {
    env: Readonly<Record<string, string | undefined>>
    certificates: ExtraCertificates | undefined
    connectTimeoutMs: number
    keepAlive: boolean
  }) {
    this.#env = options.env
    // Giving `ca` replaces what Node trusts, NODE_EXTRA_CA_CERTS included: only do so when asked.
    this.#tls =
      options.certificates === undefined ? {} : { ca: [...rootCertificates, ...list(options.certificates)] }
    this.#connectTimeoutMs = options.connectTimeoutMs
    this.#keepAlive = options.keepAlive
  }

  /** @throws TransportError `proxy-invalid` */
  route(target: URL): Route {
    const known = this.#routes.get(target.origin)
    if (known) return known
    const proxy = proxyFor(target, this.#env)
    const route = proxy ? this.#throughProxy(target, proxy) : this.#straight(target)
    this.#routes.set(target.origin, route)
    return route
  }

  /** Closes every open connection, used or idle. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy()
    this.#agents.clear()
    this.#routes.clear()
  }

  #straight(target: URL): Route {
    const options = { ...this.#tls, keepAlive: this.#keepAlive }
    const agent = this.#agent(target.protocol, () =>
      target.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options),
    )
    return { agent, forwardProxy: undefined, proxyAuthorization: undefined }
  }

  #throughProxy(target: URL, proxy: URL): Route {
    const proxyAuthorization = authorizationOf(proxy)
    const options = { ...this.#tls, keepAlive: this.#keepAlive }
    if (target.protocol === 'https:') {
      const agent = this.#agent(
        `tunnel ${proxy.href}`,
        () => new TunnelAgent(options, proxy, proxyAuthorization, this.#connectTimeoutMs),
      )
      return { agent, forwardProxy: undefined, proxyAuthorization: undefined }
    }
    const agent = this.#agent(`forward ${proxy.href}`, () =>
      proxy.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options),
    )
    return { agent, forwardProxy: proxy, proxyAuthorization }
  }

  #agent(name: string, create: () => HttpAgent): HttpAgent {
    const known = this.#agents.get(name)
    if (known) return known
    const agent = create()
    this.#agents.set(name, agent)
    return agent
  }
}

function authorizationOf(proxy: URL): string | undefined {
  if (proxy.username === '' && proxy.password === '') return undefined
  return `Basic ${Buffer.from(`${decoded(proxy.username)}:${decoded(proxy.password)}`).toString('base64')}`
}

/** A password with a bare `%` is not encoded; then it is meant as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function list(certificates: ExtraCertificates): readonly (string | Buffer)[] {
  return typeof certificates === 'string' || Buffer.isBuffer(certificates) ? [certificates] : certificates
}
