import type { RepositoryConfig } from '../../schema/config.ts'
import { badArgument, POLICY_KEYS, refusedByPolicy } from '../tools/define-tool.ts'
import { decideUrl, type HostDecision } from '../tools/http-policy.ts'

/** What MCP servers may be. Source: `mcp` and `policy.network` in `.codemie/config.yaml`. */
export interface McpPolicy {
  /** Programs that may be started, as they are written. */
  readonly allowedCommands: readonly string[]
  /** Patterns of hosts; see `decideUrl`. */
  readonly allowedHosts: readonly string[]
}

/** What a config allows; `policy.network` counts for servers as it does for HTTP tools. */
export function mcpPolicyOf({ mcp, policy }: Pick<RepositoryConfig, 'mcp' | 'policy'>): McpPolicy {
  const allowedHosts = { none: [], 'allow-list': mcp.allowedHosts, any: ['*'] }[policy.network]
  return { allowedCommands: mcp.allowedCommands, allowedHosts }
}

/** A server by its name, as messages begin. */
export function serverTitle(name: string): string {
  return `MCP server '${name}'`
}

/** Fails with a `StepFailure` blamed on policy when a program may not be started. */
export function decideCommand(command: string, { allowedCommands }: McpPolicy, server: string): void {
  if (allowedCommands.includes(command)) return
  throw refusedByPolicy(
    serverTitle(server),
    `the program "${command}" is not allowed (allowed: ${allowedCommands.join(', ') || 'none'})`,
    `Add "${command}" to ${POLICY_KEYS.mcpCommands}.`,
  )
}

/** Decides about the address of a server; fails as `decideUrl` does. */
export function decideAddress(address: string, { allowedHosts }: McpPolicy, server: string): HostDecision {
  if (!URL.canParse(address)) {
    throw badArgument(serverTitle(server), 'url', 'is no address', 'Give an absolute https:// address.')
  }
  return decideUrl(new URL(address), allowedHosts, serverTitle(server), POLICY_KEYS.mcpHosts)
}

/** Variables that decide which program is found, or which code it loads before its own. */
const LOADS_CODE =
  /^(PATH|PATHEXT|HOME|USERPROFILE|SHELL|ENV|BASH_ENV|IFS|NODE_(?!ENV$).*|LD_.*|DYLD_.*|PYTHON.*|PERL5.*|RUBY.*|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|GIT_.*|(npm|pnpm|yarn|bun|deno|uv|pip)_.*)$/i

/**
 * Fails with a `StepFailure` blamed on policy for a variable with which a workflow could make an allowed program run other
 * code than its own. A server of the config may set it.
 */
export function decideVariable(name: string, server: string): void {
  if (!LOADS_CODE.test(name)) return
  throw refusedByPolicy(
    serverTitle(server),
    `a workflow may not set "${name}", which decides what code the program runs`,
    'Describe the server under mcp.servers in .codemie/config.yaml and name it with mcp_config_id.',
  )
}
