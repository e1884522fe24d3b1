import type { Blame } from '../../failure.ts'

/** Code of the error when a server does not speak TLS. */
export const NO_TLS = 'it does not speak TLS'

/** Who has to act when there is no way to a server, or none that is safe, by the code of Node. */
export function verdictOfNetwork(code = ''): { readonly blame: Blame; readonly help: string } {
  if (/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_/.test(code)) {
    return {
      blame: 'user',
      help: 'Its certificate is not one to trust: name the file of what vouches for it under options.ca of the integration.',
    }
  }
  if (code === NO_TLS) {
    return {
      blame: 'user',
      help: 'Set up TLS on the server, or set options.tls of the integration to false where the network is trusted.',
    }
  }
  if (code === 'ENOTFOUND')
    return { blame: 'user', help: 'Correct the host in the address of the integration.' }
  return { blame: 'infrastructure', help: 'See that the server runs and can be reached from here.' }
}
