import type { Diagnostic, Position, Workflow } from '../schema/index.ts'
import { namedTools, namesTools } from '../schema/needs.ts'
import { resolveAssistants } from './assistants.ts'
import { type CallProblem, resolveCalls } from './calls.ts'
import type { Project } from './project.ts'
import { positionText } from './steps/render-text.ts'
import type { ToolProblem } from './tools/project-tools.ts'
import type { World } from './world.ts'

/** A place that names a tool which cannot be used here. */
export interface UnprovidedTool extends ToolProblem {
  readonly at: Position
  readonly stateId: string
}

/**
 * Checks a valid workflow against the files of its project: stored assistants and called workflows that are not there or
 * have errors, and calls in a circle, which cannot run; and tools that nothing here provides, or whose integration is not
 * known, which another config may name. `run` and `plan` refuse all of them.
 */
export async function checkNeeds(
  definition: Workflow,
  project: Pick<Project, 'root' | 'config' | 'assistant' | 'find'>,
  world: World,
): Promise<readonly Diagnostic[]> {
  const { workflow, problems } = await resolveAssistants(definition, (id) => project.assistant(id))
  const calls = await resolveCalls(definition, project.find)
  const missing = [
    ...problems.map(
      ({ at, message, help }): Diagnostic => ({
        ...at,
        code: 'stored-assistant-missing',
        severity: 'error',
        message,
        help,
      }),
    ),
    ...calls.problems.map((problem) => callDiagnostic(problem, definition)),
  ]
  if (!namesTools(workflow)) return missing
  const { openProjectTools } = await import('./tools/project-tools.ts')
  const named = namedTools(workflow).map(({ name }) => name)
  const tools = await openProjectTools(project, world, named)
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
  // An assistant of several states names its tools once.
  const byPlace = new Map(unprovided.map((one) => [`${one.file}:${one.line}:${one.column}`, one]))
  return [...missing, ...byPlace.values()]
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
