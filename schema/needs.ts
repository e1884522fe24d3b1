import type { Workflow } from './workflow.ts'

/** Whether a workflow asks for anything that its own file does not hold: stored assistants, tools, other workflows. */
export function needsProject(workflow: Workflow): boolean {
  return namesTools(workflow) || refersToAssistants(workflow) || callsOthers(workflow)
}

/** Whether any state, assistant or handler of a workflow names a tool or an MCP server. */
export function namesTools({ states }: Workflow): boolean {
  return states.some(
    ({ work, onError }) =>
      work.kind === 'tool' ||
      (work.kind === 'agent' && work.assistant.tools.length + work.assistant.mcpServers.length > 0) ||
      onError.some(({ notify }) => notify?.kind === 'tool'),
  )
}

/** Whether any state of a workflow runs another workflow. */
export function callsOthers({ states }: Workflow): boolean {
  return states.some(({ work }) => work.kind === 'call')
}

function refersToAssistants({ states }: Workflow): boolean {
  return states.some(({ work }) => work.kind === 'agent' && work.assistant.ref !== undefined)
}
