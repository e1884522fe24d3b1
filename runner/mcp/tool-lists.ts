import type { Perform, ToolRequest } from '../effect.ts'
import { createHash } from '../hash.ts'
import { raced } from '../process/raced.ts'
import type { McpEndpoint } from './endpoint.ts'
import { listRequest } from './requests.ts'
import type { ToolList } from './tool-list.ts'

/** The tools of a server; asked for once in a run, and then the same whatever the server says later. */
export type ToolLists = (server: McpEndpoint, signal: AbortSignal) => Promise<ToolList>

/**
 * Asks servers for their tools through the door of a run. A list has a place of its own in the journal, `mcp:<server>` with
 * a digest, because it belongs to all steps: a resumed run goes by the tools that it had before.
 *
 * @param signal of the run; that of one step only ends its own waiting.
 */
export function createToolLists(perform: Perform, signal: AbortSignal): ToolLists {
  const asked = new Map<string, Promise<ToolList>>()
  const ask = async (request: ToolRequest, path: string): Promise<ToolList> => {
    const { result } = await perform({ kind: 'tool', path, attempt: 1, ordinal: 1, signal, request })
    return result as ToolList
  }
  return async (server, waiting) => {
    const request = listRequest(server)
    const digest = createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 8)
    const path = `mcp:${server.name}:${digest}`
    let list = asked.get(path)
    if (!list) {
      list = ask(request, path)
      asked.set(path, list)
      // A server that could not be asked is asked again by the next attempt.
      list.catch(() => asked.delete(path))
    }
    return await raced(list, waiting)
  }
}
