import type { PinnedTool, ToolRequest } from '../effect.ts'
import type { McpEndpoint } from './endpoint.ts'

/** Asks a server which tools it has; which of them may be used makes no difference to that. */
export function listRequest({ tools: _, ...server }: McpEndpoint): ToolRequest {
  return { tool: `${server.name}: tools/list`, args: {}, mcp: { server } }
}

/** Calls a tool of a server. */
export function callRequest(server: McpEndpoint, called: PinnedTool, args: ToolRequest['args']): ToolRequest {
  return { tool: `${server.name}/${called.name}`, args, mcp: { server, called } }
}
