import { nearestName } from '../../schema/nearest.ts'
import { StepFailure } from '../failure.ts'
import { oneLine } from '../report/plain-text.ts'
import type { McpEndpoint } from './endpoint.ts'
import { serverTitle } from './policy.ts'
import type { ListedTool } from './tool-list.ts'

/** Of the names that are listed: a server may have given them any length. */
const MOST_CHARACTERS = 1000

/** A workflow names a tool that a server does not have, or may not offer. Says what comes near. */
export function unknownTool(server: McpEndpoint, name: string, tools: readonly ListedTool[]): StepFailure {
  const names = tools.map((tool) => tool.name)
  const near = nearestName(name, names)
  return new StepFailure('tool-unknown', `${serverTitle(server.name)} has no tool '${name}'`, {
    blame: 'workflow',
    help:
      near === undefined
        ? `Tools: ${oneLine(names.join(', ').slice(0, MOST_CHARACTERS))}.`
        : `Did you mean "${oneLine(near)}"?`,
  })
}
