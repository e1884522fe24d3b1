import type { Diagnostic, Position, Workflow } from '../schema/index.ts'
import { namedTools, namesTools, toolUsersOf } from '../schema/needs.ts'
import type { AssistantFiles } from './assistant-files.ts'
import { resolveAssistants } from './assistants.ts'
import { type CallProblem, resolveCalls } from './calls.ts'
import { readGuardrails } from './policy/guardrails.ts'
import type { Project } from './project.ts'
import { positionText } from './steps/render-text.ts'
import type { ProjectServers, ToolProblem } from './tools/project-tools.ts'
import type { World } from './world.ts'

/** A place that names a tool which cannot be used here. */
export interface UnprovidedTool extends ToolProblem {
  readonly at: Position
  readonly stateId: string
}

/**
 * Checks a valid workflow against the files of its project: stored assistants, skills and called workflows that are not
 * there or have errors, and calls in a circle, which cannot run; and tools that nothing here provides, or whose integration
 * is not known, and MCP servers that nothing here allows, which another config may name. `run` and `plan` refuse all of them.
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
  const named = namedTools(workflow).map(({ name }) => name)
  const tools = await openProjectTools(project, world, { named })
  const unprovided = unprovidedTools(workflow, tools.problemOf).flatMap(
    ({ code, at, message, help, stateId }): readonly Diagnostic[] => {
      // Where definitions are checked there need be no secrets.
      if (code === 'integration-secret-missing') return []
      const isUnknown = code === 'tool-unknown'
      return [
        {
          ...at,
          code: isUnknown ? 'tool-not-provided' : 'integration-missing',
          severity: 'warning',
          message,
          help,
          stateId,
        },
      ]
    },
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

/** Every place of a workflow that names a tool with a problem; `problemOf` is that of the project's tools. */
export function unprovidedTools(
  workflow: Workflow,
  problemOf: (name: string, integrationAlias?: string) => ToolProblem | undefined,
): readonly UnprovidedTool[] {
  return namedTools(workflow).flatMap(({ stateId, name, integrationAlias, at }) => {
    const problem = problemOf(name, integrationAlias)
    return problem ? [{ ...problem, at, stateId, message: sentence(problem.message) }] : []
  })
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
