import type { ToolMapping } from '../../schema/config.ts'
import type { Assistant, McpServer, RepositoryConfig, ToolWork } from '../../schema/index.ts'
import type { UsedServer } from '../steps/kit.ts'
import type { ToolRegistry } from './registry.ts'
import type { ServerTool, Tool } from './tool.ts'

/** What the config lets names of tools stand for: names of other tools, or tools of MCP servers. */
export function toolMapping({ tools }: RepositoryConfig): Readonly<Record<string, string | Tool>> {
  const pairs = [...tools.values()].map((mapping): readonly [string, string | Tool | undefined] => {
    const { name, use, mcp } = mapping
    return [name, mcp === undefined ? use : mappedServerTool({ ...mapping, mcp })]
  })
  return Object.fromEntries(pairs.filter((pair): pair is [string, string | Tool] => pair[1] !== undefined))
}

/** The tool of an MCP server that a state calls, by its own server or by the config. `undefined`: it calls another tool. */
export function serverToolOf(work: ToolWork, tools: ToolRegistry): ServerTool | undefined {
  const { mcpServer, tool, integrationAlias } = work
  if (!mcpServer) return mappedTool(tool, integrationAlias, tools)
  return { server: withIntegration(mcpServer, mcpServer.integrationAlias ?? integrationAlias), tool }
}

/** The tool of a server that the config maps a name to. What the workflow says of the integration counts more. */
function mappedTool(name: string, alias: string | undefined, tools: ToolRegistry): ServerTool | undefined {
  const lookup = tools.find(name)
  const mcp = lookup.found ? lookup.tool.mcp : undefined
  return mcp && { ...mcp, server: withIntegration(mcp.server, alias ?? mcp.server.integrationAlias) }
}

function withIntegration(server: McpServer, integrationAlias: string | undefined): McpServer {
  return integrationAlias === undefined ? server : { ...server, integrationAlias }
}

/** Those that it names, and for each tool that is mapped to a server the server with that tool. */
export function serversOf(assistant: Assistant, tools: ToolRegistry): readonly UsedServer[] {
  const mapped = new Map<string, { server: McpServer; names: Map<string, string> }>()
  for (const { name, integrationAlias } of assistant.tools) {
    const mcp = mappedTool(name, integrationAlias, tools)
    if (!mcp) continue
    const { server, tool } = mcp
    const key = `${server.name} ${server.integrationAlias ?? ''}`
    const known = mapped.get(key)
    if (known) known.names.set(tool, name)
    else mapped.set(key, { server, names: new Map([[tool, name]]) })
  }
  const own = assistant.mcpServers.filter(({ enabled }) => enabled).map((server) => ({ server }))
  return [...own, ...mapped.values()]
}

/** What stands for a name that is mapped to a tool of an MCP server. */
function mappedServerTool({ mcp, tool, at, integrationAlias }: ToolMapping & { readonly mcp: string }): Tool {
  const name = `${mcp}/${tool}`
  const server: McpServer = {
    name: mcp,
    enabled: true,
    tools: [],
    config: { mcp_config_id: mcp },
    resolveDynamicArguments: false,
    ...(integrationAlias === undefined ? {} : { integrationAlias }),
    at,
  }
  return {
    name,
    description: `Tool '${tool}' of MCP server '${mcp}'`,
    parameters: {},
    reach: 'outside',
    aliases: [],
    mcp: { server, tool },
    run: () => Promise.reject(new Error(`${name} is called through its server`)),
  }
}
