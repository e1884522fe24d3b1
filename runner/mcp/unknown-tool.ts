import { nearestName } from '../../schema/nearest.ts'
import { StepFailure } from '../failure.ts'
import { oneLine } from '../report/plain-text.ts'
import type { McpEndpoint } from './endpoint.ts'
import { serverTitle } from './policy.ts'
import type { ListedTool } from './tool-list.ts'

/** A workflow names a tool that a server does not have, or may not offer. Says what comes near. */
export function unknownTool(server: McpEndpoint, name: string, tools: readonly ListedTool[]): StepFailure {
  const names = tools.map((tool) => tool.name)
  const near = nearestName(name, names)
  return new StepFailure('tool-unknown', `${serverTitle(server.name)} has no tool '${name}'`, {
    blame: 'workflow',
    help:
      near === undefined ? `Tools: ${oneLine(names.slice(0, 50).join(', '))}.` : `Did you mean "${near}"?`,
  })
}
