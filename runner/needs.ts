import type { Diagnostic, Position, Workflow } from '../schema/index.ts'
import { namesTools, toolUsersOf, withSubAssistants } from '../schema/needs.ts'
import type { AssistantFiles } from './assistant-files.ts'
import { resolveAssistants } from './assistants.ts'
import { type CallProblem, resolveCalls } from './calls.ts'
import { readGuardrails } from './policy/guardrails.ts'
import type { Project } from './project.ts'
import { positionText } from './steps/render-text.ts'
import type { ProjectServers } from './tools/project-tools.ts'
import type { ToolLookup } from './tools/registry.ts'
import type { World } from './world.ts'

/** A place that names a tool which nothing here provides. */
export interface UnprovidedTool {
  readonly at: Position
  readonly stateId: string
  readonly message: string
  /** How to map the name to a tool. */
  readonly help: string
}

/**
 * Checks a valid workflow against the files of its project: stored assistants, skills and called workflows that are not
 * there or have errors, and calls in a circle, which cannot run; and names of tools that nothing here provides and MCP servers
 * that nothing here allows, which another machine may map or allow. `run` and `plan` refuse all of them.
 */
export async function checkNeeds(
  definition: Workflow,
  project: Pick<Project, 'root' | 'config' | 'find' | keyof AssistantFiles>,
  world: World,
): Promise<readonly Diagnostic[]> {
  const { workflow, problems } = await resolveAssistants(definition, project)
  const calls = await resolveCalls(definition, project.find)
  const missing: Diagnostic[] = [
    ...problems.map(({ at, ...problem }): Diagnostic => ({ ...at, severity: 'error', ...problem })),
    ...calls.problems.map((problem) => callDiagnostic(problem, definition)),
  ]
  const { problems: guardrails } = await readGuardrails([workflow], project.config)
  missing.push(
    ...guardrails.map(({ at, ...problem }): Diagnostic => ({ ...at, severity: 'error', ...problem })),
  )
  if (!namesTools(workflow)) return missing
  const { openProjectTools } = await import('./tools/project-tools.ts')
  const tools = openProjectTools(project, world)
  const unprovided = unprovidedTools(workflow, tools.find).map(
    (tool): Diagnostic => ({
      ...tool.at,
      code: 'tool-not-provided',
      severity: 'warning',
      message: tool.message,
      help: tool.help,
      stateId: tool.stateId,
    }),
  )
  const servers = unusableServers(workflow, tools.servers)
  // An assistant of several states names its tools once.
  const byPlace = new Map(
    [...unprovided, ...servers].map((one) => [`${one.file}:${one.line}:${one.column} ${one.message}`, one]),
  )
  return [...missing, ...byPlace.values()]
}

/** MCP servers that this project could not use, as far as that is known without starting them. */
function unusableServers({ states }: Workflow, servers: ProjectServers): readonly Diagnostic[] {
  return states.flatMap((state) =>
    toolUsersOf(state)
      .flatMap(servers.usedBy)
      .flatMap((server) =>
        servers.problemsOf(server).map(
          ({ message, help }): Diagnostic => ({
            ...server.at,
            code: 'mcp-server-not-usable',
            severity: 'warning',
            message,
            help,
            stateId: state.id,
          }),
        ),
      ),
  )
}

/** A problem of a called workflow is told where this one calls it. */
function callDiagnostic({ code, at, message, help, from }: CallProblem, { file }: Workflow): Diagnostic {
  const isHere = at.file === file
  return {
    ...(isHere ? at : from.at),
    code,
    severity: 'error',
    message: isHere ? message : `The workflow called here cannot run: ${message} (${positionText(at)})`,
    help,
    stateId: from.state,
  }
}

/** Every place of a workflow that names a tool which `find` does not find; tools of MCP servers are theirs to know. */
export function unprovidedTools(
  { states }: Workflow,
  find: (name: string) => ToolLookup,
): readonly UnprovidedTool[] {
  return states.flatMap((state): readonly UnprovidedTool[] => {
    const { id: stateId, at, work, onError } = state
    const called = [work, ...onError.flatMap(({ notify }) => notify ?? [])]
    const names = [
      ...called.flatMap((one) => (one.kind === 'tool' && !one.mcpServer ? [{ name: one.tool, at }] : [])),
      ...(work.kind === 'agent' ? withSubAssistants(work.assistant).flatMap(({ tools }) => tools) : []),
    ]
    return names.flatMap(({ name, at: place }) => {
      const lookup = find(name)
      if (lookup.found) return []
      return [{ at: place, stateId, message: sentence(lookup.problem), help: lookup.help }]
    })
  })
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
