import type { Position } from './diagnostic.ts'
import type { Workflow } from './workflow.ts'

/** Whether a workflow asks for anything that its own file does not hold: stored assistants, tools, other workflows. */
export function needsProject(workflow: Workflow): boolean {
  return namesTools(workflow) || refersToAssistants(workflow) || callsOthers(workflow)
}

/** A place of a workflow that names a tool. */
export interface NamedTool {
  readonly stateId: string
  /** As written. */
  readonly name: string
  readonly integrationAlias?: string
  readonly at: Position
}

/** Every place of a workflow that names a tool: states, assistants and handlers. Tools of MCP servers are theirs to know. */
export function namedTools({ states }: Workflow): readonly NamedTool[] {
  return states.flatMap(({ id: stateId, at, work, onError }): readonly NamedTool[] => [
    ...[work, ...onError.flatMap(({ notify }) => notify ?? [])].flatMap((one) =>
      one.kind === 'tool' && !one.mcpServer ? [{ stateId, name: one.tool, ...aliasOf(one), at }] : [],
    ),
    ...(work.kind === 'agent'
      ? work.assistant.tools.map((tool) => ({ stateId, name: tool.name, ...aliasOf(tool), at: tool.at }))
      : []),
  ])
}

function aliasOf({ integrationAlias }: { readonly integrationAlias?: string }) {
  return integrationAlias === undefined ? {} : { integrationAlias }
}

/** Whether any state, assistant or handler of a workflow names a tool. */
export function namesTools({ states }: Workflow): boolean {
  return states.some(
    ({ work, onError }) =>
      work.kind === 'tool' ||
      (work.kind === 'agent' && work.assistant.tools.length > 0) ||
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
