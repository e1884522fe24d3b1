import { withInner } from '../schema/blocks.ts'
import type { Position, RepositoryConfig, State, Workflow } from '../schema/index.ts'
import { guardrailsIn, toolUsersOf, withSubAssistants } from '../schema/needs.ts'
import { refusedAgents } from './agents/programs.ts'
import { unknownDatasources, unprovidedTools } from './needs.ts'
import { refusedPrograms } from './script-programs.ts'
import type { RunSetup } from './setup.ts'
import { positionText } from './steps/render-text.ts'

/** One reason why a workflow cannot run here. */
export interface PreflightProblem {
  readonly message: string
  readonly help: string
  /** A policy forbids it. Absent: it is another reason. */
  readonly isPolicy?: boolean
}

/** A problem that is known with its place. */
export function placed({
  at,
  message,
  help,
}: PreflightProblem & { readonly at: Position }): PreflightProblem {
  return { message: `${positionText(at)}: ${message}`, help }
}

/**
 * Everything that would stop a workflow half-way and can be known before anything is spent: tools that nothing
 * provides, integrations that are not known, models that lead nowhere, keys that are not set, and what this version does
 * not do. Touches nothing.
 *
 * @param options.force a retired workflow may run.
 */
export function preflight(
  workflow: Workflow,
  { kit, tools, models }: Pick<RunSetup, 'kit' | 'tools' | 'models'>,
  config: Pick<RepositoryConfig, 'datasources' | 'guardrails' | 'policy'>,
  { force = false }: { readonly force?: boolean } = {},
): readonly PreflightProblem[] {
  const problems = new Map<string, PreflightProblem>()
  const add = (problem: PreflightProblem | undefined) => {
    if (problem) problems.set(problem.message, problem)
  }
  if (workflow.lifecycle === 'retired' && !force) add(RETIRED)
  for (const state of withInner(workflow.states)) {
    for (const server of toolUsersOf(state).flatMap(tools.servers.usedBy)) {
      for (const problem of tools.servers.problemsOf(server)) {
        add({ ...problem, message: `${positionText(server.at)}: ${problem.message}` })
      }
    }
  }
  for (const problem of refusedAgents(workflow, config)) add({ ...placed(problem), isPolicy: true })
  for (const { message, help } of unknownDatasources(workflow, config)) add({ message, help })
  for (const tool of unprovidedTools(workflow, tools.problemOf)) add(placed(tool))
  for (const model of modelsOf(workflow, kit, config)) {
    const resolved = models.resolve(model)
    if (!resolved.ok) add(resolved.problem)
  }
  return [...problems.values()]
}

/** Programs of scripts that the config does not allow. Looks which scripts are files of the repository. */
export async function refusedScripts(
  workflows: readonly Workflow[],
  project: { readonly root: string; readonly config: Pick<RepositoryConfig, 'policy'> },
): Promise<readonly PreflightProblem[]> {
  const problems = await Promise.all(workflows.map((workflow) => refusedPrograms(workflow, project)))
  return problems.flat().map((problem) => ({ ...placed(problem), isPolicy: true }))
}

type ModelsOfKit = Pick<RunSetup['kit'], 'defaultModel' | 'modelOverride'>

/** Models that a run of the workflow asks, fallbacks left out, each once. */
export function modelsOf(
  workflow: Workflow,
  { modelOverride, defaultModel }: ModelsOfKit,
  { guardrails }: Pick<RepositoryConfig, 'guardrails'>,
): readonly string[] {
  const models = [
    ...withInner(workflow.states).flatMap((state) => modelsNamed(state, defaultModel)),
    ...guardrailsIn(workflow).flatMap(({ value }) => {
      const { prompt, model } = guardrails.get(value) ?? {}
      return prompt === undefined ? [] : [model ?? defaultModel]
    }),
    ...(workflow.finalizer ? [defaultModel] : []),
  ]
  return [...new Set(modelOverride === undefined ? models : models.map(() => modelOverride))]
}

function modelsNamed({ work }: State, defaultModel: string): readonly string[] {
  switch (work.kind) {
    case 'agent':
    case 'prompt':
    case 'layer':
      return withSubAssistants(work.assistant)
        .filter(({ command }) => command === undefined)
        .map(({ model }) => model ?? defaultModel)
    case 'state-processor':
      return [work.model ?? defaultModel]
    case 'summary':
      return [defaultModel]
    case 'tool':
    case 'transform':
    case 'documents-tree':
    case 'bedrock-flow':
    case 'call':
    case 'script':
    case 'block':
      return []
  }
}

/** Variables that the MCP servers of a workflow need and that are not set. A plan shows them; a run does not start. */
export function missingServerVariables(
  workflow: Workflow,
  { tools }: Pick<RunSetup, 'tools'>,
  env: Readonly<Record<string, string | undefined>>,
): readonly PreflightProblem[] {
  return withInner(workflow.states).flatMap((state) =>
    toolUsersOf(state)
      .flatMap(tools.servers.usedBy)
      .flatMap((server) =>
        tools.servers
          .describe(server)
          .variables.filter((variable) => !env[variable])
          .map((variable) => ({
            message: `MCP server '${server.name}' needs ${variable}, which is not set`,
            help: `Set ${variable} in the environment.`,
          })),
      ),
  )
}

const RETIRED: PreflightProblem = {
  message: 'The workflow is retired: it can be read and compared, but not run',
  help: "Change its 'lifecycle' to run it again, or run it once with --force.",
}
