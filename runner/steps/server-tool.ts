import type { ToolWork } from '../../schema/workflow.ts'
import type { Step } from '../engine/step.ts'
import type { PreparedStep, StepWarning } from '../engine/step-effects.ts'
import { StepFailure } from '../failure.ts'
import { callRequest } from '../mcp/requests.ts'
import type { ServerTool } from '../tools/tool.ts'
import type { StepKit } from './kit.ts'
import { findServerTool } from './server-tools.ts'
import { argumentsOf, outputOf } from './tool.ts'

/**
 * A tool state whose tool an MCP server has: as every tool state, but which parameters the tool has is known when the
 * server has told its tools.
 */
export function prepareServerTool(
  step: Step,
  work: ToolWork,
  { server, tool: name }: ServerTool,
  kit: Pick<StepKit, 'endpointOf'>,
  warn: (warning: StepWarning) => void,
): PreparedStep {
  if (!server.enabled) {
    throw new StepFailure('mcp-server-disabled', `MCP server '${server.name}' is switched off`, {
      blame: 'workflow',
      help: "Remove its 'enabled: false'.",
    })
  }
  const endpoint = kit.endpointOf(server, step.context, warn)
  return {
    task: `Call ${work.tool}`,
    intend() {
      const args = argumentsOf(step, work, {}, () => {})
      return {
        task: `Call ${name} of MCP server ${server.name} with ${JSON.stringify(args)}`,
        request: { tool: name, args, server: endpoint },
      }
    },
    async execute(effects) {
      const tool = findServerTool(endpoint, name, (await effects.toolsOf(endpoint)).tools)
      const args = argumentsOf(step, work, tool.parameters, warn)
      const result = await effects.tool(callRequest(endpoint, { name: tool.name, digest: tool.digest }, args))
      return outputOf(result, step, work, server.tokensLimit ?? work.tokensLimit, warn)
    },
  }
}
