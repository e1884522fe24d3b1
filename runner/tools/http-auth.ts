import { isHeaderValue } from '../../schema/http-header.ts'
import { refusedByPolicy } from './define-tool.ts'
import type { ToolIntegration } from './tool.ts'

/**
 * What every request to an integration carries: its secrets, and its fixed headers. Nothing of it may reach a message or
 * a record.
 */
export interface HttpAuth {
  /** The only place it may go to, as `URL.origin` writes it, e.g. `https://api.example.com`. */
  readonly origin: string
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>
  /** Parameters of the address. */
  readonly query: Readonly<Record<string, string>>
}

/** How the token travels where it is no bearer token. Source: the REST API pages of the systems. */
const TOKEN_HEADERS: Readonly<Record<string, (token: string) => readonly [header: string, value: string]>> = {
  gitlab: (token) => ['private-token', token],
  // A token stands for the user, and there is no password.
  sonar: (token) => ['authorization', basic(token, '')],
}

/**
 * The secrets of an integration for HTTP requests.
 *
 * A token goes out under the header that `options.header` names or in the parameter that `options.query_key` names;
 * to GitLab and Sonar as these want it; together with a `username` as Basic authentication, as the clouds of Jira and
 * Confluence want it; else as `Authorization: Bearer`. A user name and a password go out as Basic authentication.
 *
 * @returns `undefined` without a `url`, since it says where the secret may go.
 * @throws StepFailure `integration-secret-missing` when a variable is not set.
 */
export function authOf(integration: ToolIntegration): HttpAuth | undefined {
  const { url, username, options } = integration
  if (url === undefined || !URL.canParse(url)) return undefined
  const { origin } = new URL(url)
  const plain = headersOf(options.headers)
  const password = integration.secret('password')
  const token = integration.secret('token')
  const auth = (headers: HttpAuth['headers'], query: HttpAuth['query'] = {}): HttpAuth => {
    for (const value of Object.values(headers)) refuseUnsendable(integration, value)
    return { origin, headers: { ...plain, ...headers }, query }
  }
  if (token !== undefined) {
    if (typeof options.header === 'string') return auth({ [options.header.toLowerCase()]: token })
    if (typeof options.query_key === 'string') return auth({}, { [options.query_key]: token })
    const own = Object.hasOwn(TOKEN_HEADERS, integration.type) ? TOKEN_HEADERS[integration.type] : undefined
    if (own) return auth(Object.fromEntries([own(token)]))
  }
  const secret = password ?? token
  if (username !== undefined && secret !== undefined) return auth({ authorization: basic(username, secret) })
  return auth(token === undefined ? {} : { authorization: `Bearer ${token}` })
}

function headersOf(option: unknown): HttpAuth['headers'] {
  const entries = Object.entries(typeof option === 'object' && option !== null ? option : {})
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]))
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** Node would say so too, and show the value. */
function refuseUnsendable({ alias }: ToolIntegration, value: string): void {
  if (isHeaderValue(value)) return
  throw refusedByPolicy(
    `integration ${alias}`,
    'its secret holds characters that HTTP does not send, such as a line break',
    'Set the variable anew, without quotes and line breaks.',
  )
}
