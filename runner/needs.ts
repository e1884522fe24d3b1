import type { Diagnostic, Position, RepositoryConfig, Work, Workflow } from '../schema/index.ts'
import { didYouMean } from '../schema/nearest.ts'
import { namedTools, namesTools, toolUsersOf, withSubAssistants } from '../schema/needs.ts'
import { agentSettings } from './agents/policy.ts'
import { refusedAgents, startableAgents } from './agents/programs.ts'
import type { AssistantFiles } from './assistant-files.ts'
import { type AssistantProblem, resolveAssistants } from './assistants.ts'
import { type CallProblem, resolveCalls } from './calls.ts'
import { readGuardrails } from './policy/guardrails.ts'
import type { Project } from './project.ts'
import { dearRefiners } from './refiners.ts'
import { refusedPrograms } from './script-programs.ts'
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
 * is not known, and MCP servers, agents and programs of scripts that nothing here allows, which another config may name.
 * `run` and `plan` refuse all of them. Beside these, models that cost more than what they are for.
 */
export async function checkNeeds(
  definition: Workflow,
  project: Pick<Project, 'root' | 'config' | 'configFiles' | 'find' | keyof AssistantFiles>,
  world: World,
): Promise<readonly Diagnostic[]> {
  const { workflow, problems } = await resolveAssistants(definition, project, startableAgents(project, world))
  const calls = await resolveCalls(definition, project.find)
  const { problems: guardrails } = await readGuardrails([workflow], project.config)
  const missing: readonly Diagnostic[] = [
    ...problems.map((problem) => assistantDiagnostic(problem, project.config)),
    ...calls.problems.map((problem) => callDiagnostic(problem, definition)),
    ...guardrails.map((problem) => diagnosticOf(problem, 'error')),
    ...unknownDatasources(workflow, project.config).map((problem) => diagnosticOf(problem, 'warning')),
    ...refusedAgents(workflow, project.config).map((problem) =>
      diagnosticOf({ ...problem, code: 'agent-not-allowed' }, 'warning'),
    ),
    ...(await refusedPrograms(workflow, project)).map((problem) =>
      diagnosticOf({ ...problem, code: 'program-not-allowed' }, 'warning'),
    ),
    ...dearRefiners(workflow, project.config),
  ]
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

type Placed = Pick<Diagnostic, 'code' | 'message' | 'help' | 'stateId'> & { readonly at: Position }

function diagnosticOf({ at, ...problem }: Placed, severity: Diagnostic['severity']): Diagnostic {
  return { ...at, severity, ...problem }
}

/** Where the workflow runs there may be a program that is not here. */
function assistantDiagnostic(
  { command, ...problem }: AssistantProblem,
  config: Pick<RepositoryConfig, 'policy'>,
): Diagnostic {
  if (command === undefined || !agentSettings(command, config)) return diagnosticOf(problem, 'error')
  const [program = ''] = command
  const message = `${problem.message}; the program '${program}' has to be there when it runs, and is not here`
  return diagnosticOf({ ...problem, message }, 'warning')
}

/** A datasource that an assistant or a state names and the config does not. */
export interface DatasourceProblem {
  readonly code: 'datasource-missing'
  readonly at: Position
  readonly stateId: string
  readonly message: string
  readonly help: string
}

/** Every place of a workflow that names a datasource which the config does not know. */
export function unknownDatasources(
  { states }: Workflow,
  { datasources }: Pick<RepositoryConfig, 'datasources'>,
): readonly DatasourceProblem[] {
  return states.flatMap(({ id: stateId, work }) =>
    datasourcesOf(work)
      .filter(({ id }) => !datasources.has(id))
      .map(
        ({ id, at, who }): DatasourceProblem => ({
          code: 'datasource-missing',
          at,
          stateId,
          message: `${who} datasource '${id}', which the config does not know`,
          help: `${didYouMean(id, datasources.keys())}Say where it is: datasources: { ${id}: { path: docs } } in .codemie/config.yaml.`,
        }),
      ),
  )
}

function datasourcesOf(
  work: Work,
): readonly { readonly id: string; readonly at: Position; readonly who: string }[] {
  if (work.kind === 'agent')
    return withSubAssistants(work.assistant).flatMap(({ id: assistant, datasourceIds, at }) =>
      datasourceIds.map((id) => ({ id, at, who: `Assistant '${assistant}' searches` })),
    )
  const id = work.kind === 'documents-tree' ? work.config['datasource_id'] : undefined
  // What is a template is known when the state runs.
  if (work.kind !== 'documents-tree' || typeof id !== 'string' || id === '' || id.includes('{{')) return []
  return [{ id, at: work.at, who: 'The state lists' }]
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
