import type { Integration } from '../../schema/config.ts'
import type { HttpCredential } from './tool.ts'

/** What is known of an integration; its option `header` names the header that takes the token as it is, e.g. `X-Api-Key`. */
export type IntegrationInfo = Omit<Integration, 'at'>

/** Header that takes the bare token, by type of integration. Source: the systems' REST API pages. */
const TOKEN_HEADERS: Readonly<Record<string, string>> = { gitlab: 'PRIVATE-TOKEN' }

/**
 * The secrets that HTTP tools add when a call names an integration.
 *
 * A token goes out as `Authorization: Bearer`, together with a `username` as Basic authentication (as Jira and Confluence want
 * it), to a GitLab as `PRIVATE-TOKEN`, or under the header that `options.header` names. A user name and password go out
 * as Basic authentication. Nothing without a `url`, since it says where the secret may go, and nothing while the variable
 * is not set.
 */
export function credentialsOf(
  integration: IntegrationInfo,
  env: Readonly<Record<string, string | undefined>>,
): readonly HttpCredential[] {
  const { url, username } = integration
  if (url === undefined || !URL.canParse(url)) return []
  const { origin } = new URL(url)
  const token = secretOf(integration, 'token', env)
  const password = secretOf(integration, 'password', env)
  const header = integration.options.header
  if (token !== undefined && typeof header === 'string') return [{ origin, header, value: token }]
  const tokenHeader = Object.hasOwn(TOKEN_HEADERS, integration.type ?? '')
    ? TOKEN_HEADERS[integration.type ?? '']
    : undefined
  if (token !== undefined && tokenHeader !== undefined) return [{ origin, header: tokenHeader, value: token }]
  const secret = password ?? token
  if (username !== undefined && secret !== undefined) {
    const pair = Buffer.from(`${username}:${secret}`).toString('base64')
    return [{ origin, header: 'Authorization', value: `Basic ${pair}` }]
  }
  return token === undefined ? [] : [{ origin, header: 'Authorization', value: `Bearer ${token}` }]
}

function secretOf(
  integration: IntegrationInfo,
  purpose: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const variable = Object.hasOwn(integration.env, purpose) ? integration.env[purpose] : undefined
  return variable === undefined ? undefined : env[variable] || undefined
}
