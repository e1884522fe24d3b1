import { allowsTool } from '../../schema/workflow.ts'
import type { StepEffects } from '../engine/step-effects.ts'
import type { McpEndpoint } from '../mcp/endpoint.ts'
import type { ListedTool } from '../mcp/tool-list.ts'
import { unknownTool } from '../mcp/unknown-tool.ts'
import type { OfferedTool, UsedServer } from './kit.ts'

/** A server that an assistant uses, with the values of the context in it. */
export interface RenderedServer extends UsedServer {
  readonly endpoint: McpEndpoint
}

/**
 * Tools of servers as a model gets them, in the order of the servers. Providers take letters, digits, `_` and `-`, at most
 * 64; a name that is taken already gets that of its server before it.
 *
 * @param taken names of the other tools.
 */
export async function offerServerTools(
  servers: readonly RenderedServer[],
  taken: Iterable<string>,
  effects: StepEffects,
): Promise<readonly OfferedTool[]> {
  const lists = await Promise.all(servers.map(({ endpoint }) => effects.toolsOf(endpoint)))
  const names = new Set(taken)
  return servers.flatMap(({ endpoint, server, names: known }, index) => {
    const listed = lists[index]?.tools ?? []
    if (known) for (const name of known.keys()) findServerTool(endpoint, name, listed)
    const offered = allowedOf(endpoint, listed).filter(({ name }) => known?.has(name) ?? true)
    return offered.map((tool): OfferedTool => {
      const name = freeName(known?.get(tool.name) ?? tool.name, server.name, names)
      names.add(name)
      const { description, parameters, digest } = tool
      return {
        tool: { name, description, parameters },
        mcp: {
          server: endpoint,
          called: { name: tool.name, digest },
          ...(server.tokensLimit === undefined ? {} : { tokensLimit: server.tokensLimit }),
        },
      }
    })
  })
}

/**
 * The tool that a state names: by its exact name, or, after a `_`, the first whose name contains it.
 *
 * Fails with a `StepFailure` `tool-unknown` when there is none, or the server may not offer it.
 */
export function findServerTool(
  endpoint: McpEndpoint,
  name: string,
  listed: readonly ListedTool[],
): ListedTool {
  const allowed = allowedOf(endpoint, listed)
  const found =
    allowed.find((tool) => tool.name === name) ??
    (name.startsWith('_') ? allowed.find((tool) => `_${tool.name}`.includes(name)) : undefined)
  if (found) return found
  throw unknownTool(endpoint, name, allowed)
}

function allowedOf({ tools }: McpEndpoint, listed: readonly ListedTool[]): readonly ListedTool[] {
  return tools ? listed.filter(({ name }) => allowsTool(tools, name)) : listed
}

function freeName(wanted: string, server: string, taken: ReadonlySet<string>): string {
  const plain = spelled(wanted)
  if (!taken.has(plain)) return plain
  const longer = spelled(`${server}_${wanted}`)
  for (let n = 1; ; n++) {
    const name = n === 1 ? longer : `${longer.slice(0, 60)}_${n}`
    if (!taken.has(name)) return name
  }
}

function spelled(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 64) || 'tool'
}
