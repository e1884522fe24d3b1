import type { RepositoryConfig } from '../../schema/index.ts'
import { integrationType } from '../../schema/integration-types.ts'
import type { World } from '../world.ts'
import { refusedByPolicy } from './define-tool.ts'
import { hostEntryOf } from './http-policy.ts'
import type { ToolIntegration, ToolPolicy } from './tool.ts'

/** What tools may do by the config. */
export function toolPolicy({ policy }: RepositoryConfig): ToolPolicy {
  const hosts = { none: [], 'allow-list': policy.httpAllowHosts, any: ['*'] }[policy.network]
  return {
    allowedHosts: hosts,
    allowedCommands: policy.commands,
    writeFiles: true,
    writePaths: policy.writePaths,
    timeoutMs: 120_000,
    maxOutputBytes: 1024 * 1024,
  }
}

/** What programs need to run at all. No secret, no CI variable: tools get what a workflow gives them by name. */
const TOOL_VARIABLES = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SystemRoot', 'USERPROFILE', 'TEMP']

/** The variables that tools get. */
export function toolEnvironment(world: World): Readonly<Record<string, string>> {
  const pairs = TOOL_VARIABLES.map((name) => [name, world.env[name]] as const)
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined))
}

/** The address of an integration is one that its own calls may reach, unless nothing may be. Fails with `tool-refused`. */
export function withHostOf(
  integration: ToolIntegration,
  policy: ToolPolicy,
  { policy: { network } }: RepositoryConfig,
): ToolPolicy {
  if (network === 'none' && !integrationType(integration.type).isLocal) {
    throw refusedByPolicy(
      `integration ${integration.alias}`,
      'nothing may connect to a network',
      'Set policy.network in .codemie/config.yaml to allow-list.',
    )
  }
  const entry = integration.url === undefined ? undefined : hostEntryOf(integration.url)
  return entry === undefined ? policy : { ...policy, allowedHosts: [...policy.allowedHosts, entry] }
}
