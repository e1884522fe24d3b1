import { lookup as dnsLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { POLICY_KEYS, refusedByPolicy } from './define-tool.ts'
import { isPrivateAddress } from './http-policy.ts'

/**
 * Name resolution that refuses names which lead into a private network. It is the resolution that the connection uses,
 * so a name that changes its address between a check and the request gains nothing.
 *
 * Fails at once with a `StepFailure` blamed on policy when the URL names such an address itself.
 *
 * @param key of the configuration that would allow it. Default: that of the HTTP tools.
 */
export function publicLookup(url: URL, tool: string, key: string = POLICY_KEYS.hosts): LookupFunction {
  const refused = () =>
    refusedByPolicy(
      tool,
      `"${url.host}" is an address inside a private network`,
      `If that is wanted, write the host without "*" in ${key}.`,
    )
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0 && isPrivateAddress(literal)) throw refused()
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '', 0)
        return
      }
      const first = addresses[0]
      if (first === undefined || addresses.some((found) => isPrivateAddress(found.address))) {
        callback(refused() as unknown as NodeJS.ErrnoException, '', 0)
      } else if (options.all === true) {
        callback(null, addresses)
      } else {
        callback(null, first.address, first.family)
      }
    })
  }
}
