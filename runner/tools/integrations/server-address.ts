import { isIPv4 } from 'node:net'
import { readInRoot, resolveInRoot } from '../root.ts'
import type { ToolContext, ToolIntegration } from '../tool.ts'
import { badSetting } from './bad-setting.ts'

/** Where a server is that is not spoken to over HTTP, and how TLS is to be spoken with it. */
export interface ServerAddress {
  /** Name or IP address; of IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** For messages: host and port. */
  readonly name: string
  /** From the address, else `username` of the integration. */
  readonly username: string | undefined
  /** The host is this machine. */
  readonly isLoopback: boolean
  /** Certificates in PEM that are trusted instead of those of Node. Source: `options.ca`. */
  readonly ca: string | undefined
}

const MAX_CA_BYTES = 1024 * 1024

/**
 * Reads the address of an integration.
 *
 * @throws StepFailure blamed on the user when there is a password in it, or the file of `options.ca` is none.
 */
export async function readServerAddress(
  tool: string,
  integration: ToolIntegration,
  context: ToolContext,
  defaultPort: number,
): Promise<ServerAddress> {
  const { url = '', username, options } = integration
  if (!URL.canParse(url)) throw badSetting(integration, 'url', 'is no address')
  const { hostname, port, username: user, password, search } = new URL(url)
  if (password !== '') {
    throw badSetting(
      integration,
      'url',
      'has a password in it',
      'Name its variable under password_env instead.',
    )
  }
  if (search !== '') throw badSetting(integration, 'url', 'has a "?" in it', 'Write settings under options.')
  if (hostname === '') throw badSetting(integration, 'url', 'names no host')
  const host = hostname.replace(/^\[|\]$/g, '')
  return {
    host,
    port: port === '' ? defaultPort : Number(port),
    name: `${hostname}:${port === '' ? defaultPort : port}`,
    username: user === '' ? username : decodeURIComponent(user),
    isLoopback: host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.')),
    ca: await readCa(tool, integration, context, options['ca']),
  }
}

async function readCa(
  tool: string,
  integration: ToolIntegration,
  context: ToolContext,
  path: unknown,
): Promise<string | undefined> {
  if (path === undefined) return undefined
  const use = { tool, argument: `integrations.${integration.alias}.options.ca` }
  const { bytes } = await readInRoot(await resolveInRoot(context, String(path), use), use, MAX_CA_BYTES)
  const text = bytes.toString('utf8')
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw badSetting(integration, 'options.ca', 'names a file without a certificate in PEM')
}
