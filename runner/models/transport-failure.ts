import { type Blame, StepFailure } from '../failure.ts'
import type { FailureContext } from './model-failure.ts'
import type { ModelEndpoint } from './providers.ts'

interface Row {
  readonly code: string
  readonly blame: Blame
  readonly retryable: boolean
  readonly what: string
  readonly help: (endpoint: ModelEndpoint) => string
}

const checkAddress = (endpoint: ModelEndpoint) =>
  `Check the address of \`${endpoint.provider}\` (${endpoint.baseUrl}) and that it can be reached from here: curl ${endpoint.baseUrl}/models`

const checkServer = (endpoint: ModelEndpoint) =>
  endpoint.provider === 'ollama'
    ? `Start the server (ollama serve), or correct OLLAMA_HOST or \`providers.ollama.base_url\`; then try: curl ${endpoint.baseUrl}/models`
    : `Is the server running? ${checkAddress(endpoint)}`

const checkProxy = () => 'Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.'

const checkCertificates = (endpoint: ModelEndpoint) =>
  `If ${new URL(endpoint.baseUrl).host} has a certificate of your organisation, name its authority's PEM file in NODE_EXTRA_CA_CERTS.`

const wait = () => 'Usually passing; a retry policy on the state covers it.'

function row(
  code: string,
  blame: Blame,
  retryable: boolean,
  what: string,
  help: (endpoint: ModelEndpoint) => string,
): Row {
  return { code, blame, retryable, what, help }
}

const refused = row(
  'provider-connection-refused',
  'infrastructure',
  true,
  'nothing listens there (connection refused)',
  checkServer,
)
const lost = row('provider-connection-lost', 'infrastructure', true, 'the connection was lost', wait)
const unreachable = row(
  'provider-unreachable',
  'infrastructure',
  true,
  'it cannot be reached over the network',
  checkAddress,
)
const tls = row('provider-tls-failed', 'infrastructure', false, 'no safe connection', checkCertificates)

/** By the code of a `TransportError` or of the system. */
const rows: Readonly<Record<string, Row>> = {
  ENOTFOUND: row('provider-host-unknown', 'infrastructure', false, 'no such host is known', checkAddress),
  EAI_AGAIN: row(
    'provider-host-unknown',
    'infrastructure',
    true,
    'the name look-up failed for now',
    checkAddress,
  ),
  ECONNREFUSED: refused,
  ECONNRESET: lost,
  EPIPE: lost,
  ECONNABORTED: lost,
  UND_ERR_SOCKET: lost,
  'body-cut-off': lost,
  HPE_INVALID_CONSTANT: row(
    'provider-not-a-model-api',
    'user',
    false,
    'it does not speak HTTP',
    checkAddress,
  ),
  ETIMEDOUT: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EADDRNOTAVAIL: unreachable,
  'connect-timeout': row(
    'provider-timeout',
    'infrastructure',
    true,
    'no connection was made in time',
    checkAddress,
  ),
  'answer-timeout': row('provider-timeout', 'provider', true, 'no answer came in time', wait),
  'call-timeout': row(
    'provider-timeout',
    'provider',
    true,
    'the call took longer than it may',
    (endpoint) =>
      `The limit is \`timeout_seconds\` of the provider \`${endpoint.provider}\` in the config; a shorter prompt or answer helps too.`,
  ),
  'idle-timeout': row('provider-timeout', 'provider', true, 'the answer stopped in the middle', wait),
  'body-too-large': row(
    'model-reply-too-large',
    'provider',
    false,
    'the answer is too long to be one of a model',
    checkAddress,
  ),
  'body-undecodable': row(
    'model-reply-malformed',
    'provider',
    true,
    'the answer cannot be decompressed',
    wait,
  ),
  'proxy-invalid': row('proxy-invalid', 'user', false, 'the proxy setting cannot be used', checkProxy),
  'proxy-refused': row(
    'proxy-refused',
    'infrastructure',
    false,
    'the proxy does not let the request through',
    checkProxy,
  ),
  'proxy-unauthorized': row(
    'proxy-unauthorized',
    'user',
    false,
    'the proxy wants a user and a password',
    checkProxy,
  ),
  'proxy-unreachable': row(
    'proxy-unreachable',
    'infrastructure',
    true,
    'the proxy cannot be reached',
    checkProxy,
  ),
}

const other = row('provider-connection-failed', 'infrastructure', true, 'the request failed', checkAddress)

const tlsCode =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|CRL_|EPROTO$)/

/** The failure of a request that got no usable answer; `code` is that of a `TransportError` or of the system. */
export function transportFailure(code: string, error: unknown, context: FailureContext): StepFailure {
  const { endpoint } = context
  const found = Object.hasOwn(rows, code) ? (rows[code] as Row) : tlsCode.test(code) ? tls : other
  const host = new URL(endpoint.baseUrl).host
  const detail = error instanceof Error && error.message !== '' ? ` (${error.message.slice(0, 300)})` : ''
  return new StepFailure(
    found.code,
    `Calling ${endpoint.provider} at ${host} failed: ${found.what}${detail}.`,
    {
      blame: found.blame,
      retryable: found.retryable,
      help: found.help(endpoint),
      cause: error,
    },
  )
}
