import type { Diagnostic, Position, Workflow } from '../schema/index.ts'
import { namesTools } from '../schema/needs.ts'
import { resolveAssistants } from './assistants.ts'
import { type CallProblem, resolveCalls } from './calls.ts'
import { readGuardrails } from './policy/guardrails.ts'
import type { Project } from './project.ts'
import { positionText } from './steps/render-text.ts'
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
 * Checks a valid workflow against the files of its project: stored assistants and called workflows that are not there or
 * have errors, and calls in a circle, which cannot run; and names of tools that nothing here provides, which another
 * machine may map. `run` and `plan` refuse all of them.
 */
export async function checkNeeds(
  definition: Workflow,
  project: Pick<Project, 'root' | 'config' | 'assistant' | 'find'>,
  world: World,
): Promise<readonly Diagnostic[]> {
  const { workflow, problems } = await resolveAssistants(definition, (id) => project.assistant(id))
  const calls = await resolveCalls(definition, project.find)
  const missing: Diagnostic[] = [
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
  const { problems: guardrails } = await readGuardrails([workflow], project.config)
  missing.push(
    ...guardrails.map(({ at, ...problem }): Diagnostic => ({ ...at, severity: 'error', ...problem })),
  )
  if (!namesTools(workflow)) return missing
  const { openProjectTools } = await import('./tools/project-tools.ts')
  const tools = openProjectTools(project.config, project.root, world)
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
      ...(work.kind === 'agent' ? work.assistant.tools : []),
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
