import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A JSON-RPC request as the server got it. */
export interface McpCall {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they please
  readonly params: any
}

export interface McpHttpServer {
  readonly host: string
  readonly calls: readonly McpCall[]
  close(): Promise<void>
}

/**
 * Starts an MCP server on the loopback with one tool, `say`, that answers every request with JSON. `answer` may take a
 * request over: then it has answered it and gives `true`.
 */
export async function startMcpHttpServer(
  answer: (call: McpCall, response: ServerResponse) => boolean = () => false,
): Promise<McpHttpServer> {
  const calls: McpCall[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const chunk of request) body += chunk
    if (request.method !== 'POST') {
      response.writeHead(405).end()
      return
    }
    const { id, method, params } = JSON.parse(body)
    const call = { method, headers: request.headers, params }
    calls.push(call)
    if (answer(call, response)) return
    if (id === undefined) {
      response.writeHead(202).end()
      return
    }
    const session = calls.filter((one) => one.method === 'initialize').length
    const headers = { 'content-type': 'application/json', 'mcp-session-id': `session-${session}` }
    response.writeHead(200, headers).end(JSON.stringify({ jsonrpc: '2.0', id, result: resultOf(call) }))
  }
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function resultOf({ method, params }: McpCall): object {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'far', version: '1.0.0' },
      }
    case 'tools/list': {
      const inputSchema = { type: 'object', properties: { words: { type: 'string' } } }
      return { tools: [{ name: 'say', description: 'Says words', inputSchema }] }
    }
    default:
      return { content: [{ type: 'text', text: String(params.arguments.words) }] }
  }
}
