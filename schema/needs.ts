import { assistantIn, withInner } from './blocks.ts'
import type { Located, Position } from './diagnostic.ts'
import type { Assistant, State, ToolWork, Workflow } from './workflow.ts'

/**
 * Whether a workflow asks for anything that its own file does not hold: stored assistants, skills, datasources, tools, other
 * workflows, guardrails, prices.
 */
export function needsProject(workflow: Workflow): boolean {
  return (
    namesTools(workflow) ||
    assistantsOf(workflow).some(usesProject) ||
    callsOthers(workflow) ||
    workflow.states.some(({ work }) => work.kind === 'documents-tree') ||
    withInner(workflow.states).some(({ work }) => work.kind === 'script') ||
    guardrailsIn(workflow).length > 0 ||
    refinersIn(workflow).length > 0
  )
}

/** Somebody who only makes a text clearer for those that work with it. */
export interface Refiner {
  readonly stateId: string
  /** Of the layer or the step. */
  readonly name: string
  readonly assistant: Assistant
  readonly at: Position
}

/** The layers whose name or description says that they refine, and the steps whose name does. */
export function refinersIn({ states }: Pick<Workflow, 'states'>): readonly Refiner[] {
  return withInner(states).flatMap(({ id, work, at }): readonly Refiner[] => {
    if (work.kind === 'prompt')
      return REFINES.test(id) ? [{ stateId: id, name: id, assistant: work.assistant, at }] : []
    if (work.kind !== 'layer') return []
    const { assistant } = work
    const isRefiner = [id, assistant.id, assistant.description].some((text) => REFINES.test(text))
    return isRefiner ? [{ stateId: id, name: assistant.id, assistant, at: assistant.at }] : []
  })
}

const REFINES = /refin/i

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
  return withInner(states).flatMap((state): readonly NamedTool[] =>
    toolUsersOf(state).flatMap((user) => {
      const stateId = state.id
      if (!('kind' in user))
        return user.tools.map((tool) => ({ stateId, name: tool.name, ...aliasOf(tool), at: tool.at }))
      return user.mcpServer ? [] : [{ stateId, name: user.tool, ...aliasOf(user), at: state.at }]
    }),
  )
}

function aliasOf({ integrationAlias }: { readonly integrationAlias?: string }) {
  return integrationAlias === undefined ? {} : { integrationAlias }
}

/** Whether any state, assistant or handler of a workflow names a tool or an MCP server. */
export function namesTools({ states }: Workflow): boolean {
  return withInner(states).some(
    ({ work, onError }) =>
      work.kind === 'tool' ||
      assistantsIn(work).some(({ tools, mcpServers }) => tools.length + mcpServers.length > 0) ||
      onError.some(({ notify }) => notify?.kind === 'tool'),
  )
}

/** Guardrails that a workflow or one of its assistants names, in the order written; one may be named more than once. */
export function guardrailsIn(workflow: Workflow): readonly Located<string>[] {
  return [...workflow.guardrails, ...withInner(workflow.states).flatMap(guardrailsOf)]
}

/** Guardrails of the assistant of a state, and of those that it can ask: what it is told may reach each of them. */
export function guardrailsOf({ work }: Pick<State, 'work'>): readonly Located<string>[] {
  return assistantsIn(work).flatMap(({ guardrails }) => guardrails)
}

/** Whether any state of a workflow runs another workflow. */
export function callsOthers({ states }: Workflow): boolean {
  return withInner(states).some(({ work }) => work.kind === 'call')
}

/** Every assistant that a state of a workflow can have answer, also those that are asked by others. */
export function assistantsOf({ states }: Pick<Workflow, 'states'>): readonly Assistant[] {
  return withInner(states).flatMap(({ work }) => assistantsIn(work))
}

/** The assistants of one state, without those of states inside of it. */
function assistantsIn(work: State['work']): readonly Assistant[] {
  const assistant = assistantIn(work)
  return assistant ? withSubAssistants(assistant) : []
}

/** All in a state that may call tools: its assistants or its tool, and the tools that its handlers tell. */
export function toolUsersOf({
  work,
  onError,
}: Pick<State, 'work' | 'onError'>): readonly (Assistant | ToolWork)[] {
  const own = work.kind === 'tool' ? [work] : assistantsIn(work)
  return [...own, ...onError.flatMap(({ notify }) => notify ?? [])]
}

/** An assistant and those that it can ask, at any depth. */
export function withSubAssistants(assistant: Assistant): readonly Assistant[] {
  return [assistant, ...assistant.subAssistants.flatMap(withSubAssistants)]
}

/** Whether an assistant has anything that the project has to know: files of its own, datasources, a program. */
function usesProject({ ref, skillIds, datasourceIds, command }: Assistant): boolean {
  return ref !== undefined || command !== undefined || skillIds.length + datasourceIds.length > 0
}
