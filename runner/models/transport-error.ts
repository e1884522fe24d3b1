/**
 * A request that got no usable answer for a reason below HTTP. `code` is one of ours, or the system's (`ECONNREFUSED`,
 * `ENOTFOUND`, `CERT_HAS_EXPIRED`).
 */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly code: string

  constructor(
    code:
      | 'connect-timeout'
      | 'answer-timeout'
      | 'idle-timeout'
      | 'body-too-large'
      | 'body-cut-off'
      | 'body-undecodable'
      | 'proxy-invalid'
      | 'proxy-refused'
      | 'proxy-unauthorized'
      | 'proxy-unreachable'
      | 'system',
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code === 'system' ? systemCode(cause) : code
  }
}

function systemCode(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : 'unknown'
}
